// SPDX-License-Identifier: MIT OR Apache-2.0

// A small peer on go-libp2p: TCP, Noise, yamux; or WebRTC-Direct, which it listens
// on in versions 1 and 2 and dials in either. It has the command line and the output
// of our own program, so that one harness can drive both.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/event"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/core/sec"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	libp2pwebrtc "github.com/libp2p/go-libp2p/p2p/transport/webrtc"
	"github.com/libp2p/go-libp2p/p2p/transport/websocket"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
	"github.com/redis/go-redis/v9"
)

const (
	agent      = "interop-go/0.51.0"
	echoID     = protocol.ID("/echo/1.0.0")
	perfID     = protocol.ID("/perf/1.0.0")
	resetID    = protocol.ID("/interop/reset/1.0.0")
	bufferSize = 256 * 1024
	echoSize   = 64 * 1024
)

var (
	buffers     = sync.Pool{New: func() any { b := make([]byte, bufferSize); return &b }}
	echoBuffers = sync.Pool{New: func() any { b := make([]byte, echoSize); return &b }}
	stdoutLock  sync.Mutex

	webrtcVersion = 1 // of the dials
)

// failure is an error with one of the program's error codes.
type failure struct{ code, message string }

func (f *failure) Error() string { return f.code + ": " + f.message }

func emit(v map[string]any) {
	line, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	stdoutLock.Lock()
	defer stdoutLock.Unlock()
	os.Stdout.Write(append(line, '\n'))
}

func codeOf(err error) string {
	var f *failure
	if errors.As(err, &f) {
		return f.code
	}
	var mismatch sec.ErrPeerIDMismatch
	text := err.Error()
	switch {
	case errors.As(err, &mismatch), strings.Contains(text, "peer id mismatch"):
		return "peer_mismatch"
	case errors.Is(err, syscall.ECONNREFUSED), strings.Contains(text, "connection refused"):
		return "connection_refused"
	case errors.Is(err, syscall.EADDRINUSE), strings.Contains(text, "address already in use"):
		return "address_in_use"
	case strings.Contains(text, "no route to host"), strings.Contains(text, "network is unreachable"):
		return "unreachable"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		strings.Contains(text, "timeout"):
		return "timed_out"
	case errors.Is(err, network.ErrReset):
		return "stream_reset"
	case strings.Contains(text, "protocols not supported"):
		return "no_common_protocol"
	case errors.Is(err, net.ErrClosed), strings.Contains(text, "connection closed"),
		strings.Contains(text, "session shutdown"):
		return "connection_closed"
	}
	return "io_error"
}

func newHost(listen ...string) (host.Host, error) {
	options := []libp2p.Option{
		libp2p.NoTransports,
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Transport(websocket.New),
		libp2p.Transport(libp2pwebrtc.New, libp2pwebrtc.WithDialerVersion(webrtcVersion)),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.UserAgent(agent),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
		libp2p.ResourceManager(&network.NullResourceManager{}),
	}
	if len(listen) == 0 {
		options = append(options, libp2p.NoListenAddrs)
	} else {
		options = append(options, libp2p.ListenAddrStrings(listen...))
	}
	return libp2p.New(options...)
}

// pattern repeats every 251 bytes, so a long table serves every offset.
var pattern = func() []byte {
	table := make([]byte, bufferSize+251)
	for i := range table {
		table[i] = byte((i*31 + 7) % 251)
	}
	return table
}()

func patternAt(offset int64, n int) []byte {
	start := int(offset % 251)
	return pattern[start : start+n]
}

// ---- Serving ----------------------------------------------------------------

func serve(h host.Host, events bool) {
	h.SetStreamHandler(echoID, func(s network.Stream) {
		ended := func(reason string) {
			if events {
				emit(map[string]any{"event": "echo_ended", "reason": reason})
			}
		}
		buffer := echoBuffers.Get().(*[]byte)
		defer echoBuffers.Put(buffer)
		for {
			n, err := s.Read(*buffer)
			if n > 0 {
				if _, werr := s.Write((*buffer)[:n]); werr != nil {
					s.Reset()
					ended("reset")
					return
				}
			}
			if err == io.EOF {
				s.Close()
				ended("eof")
				return
			}
			if err != nil {
				s.Reset()
				ended("reset")
				return
			}
		}
	})
	h.SetStreamHandler(perfID, func(s network.Stream) {
		buffer := buffers.Get().(*[]byte)
		defer buffers.Put(buffer)
		var head [8]byte
		if _, err := io.ReadFull(s, head[:]); err != nil {
			s.Reset()
			return
		}
		for {
			if _, err := s.Read(*buffer); err == io.EOF {
				break
			} else if err != nil {
				s.Reset()
				return
			}
		}
		if err := writeZeros(s, int64(binary.BigEndian.Uint64(head[:])), *buffer); err != nil {
			s.Reset()
			return
		}
		s.Close()
	})
	h.SetStreamHandler(resetID, func(s network.Stream) {
		var one [1]byte
		io.ReadFull(s, one[:])
		s.Reset()
	})
}

func writeZeros(w io.Writer, n int64, buffer []byte) error {
	for n > 0 {
		part := buffer[:min(n, int64(len(buffer)))]
		if _, err := w.Write(part); err != nil {
			return err
		}
		n -= int64(len(part))
	}
	return nil
}

func withPeer(h host.Host) []string {
	addresses := []string{}
	for _, a := range h.Network().ListenAddresses() {
		resolved, err := h.Network().InterfaceListenAddresses()
		if err == nil && manet.IsIPUnspecified(a) {
			for _, r := range resolved {
				text := r.String() + "/p2p/" + h.ID().String()
				if !slices.Contains(addresses, text) {
					addresses = append(addresses, text)
				}
			}
			continue
		}
		addresses = append(addresses, a.String()+"/p2p/"+h.ID().String())
	}
	return addresses
}

func listen(args []string) error {
	var wanted []string
	flags := flag.NewFlagSet("listen", flag.ExitOnError)
	flags.Func("listen", "address to listen on", func(s string) error { wanted = append(wanted, s); return nil })
	flags.Bool("json", true, "always on")
	events := flags.Bool("events", false, "print an event when an echo stream ends")
	flags.Parse(args)
	if len(wanted) == 0 {
		wanted = []string{"/ip4/127.0.0.1/tcp/0"}
	}
	for _, w := range wanted {
		if _, err := ma.NewMultiaddr(w); err != nil {
			return &failure{"invalid_address", err.Error()}
		}
	}
	h, err := newHost(wanted...)
	if err != nil {
		return err
	}
	defer h.Close()
	serve(h, *events)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	protocols := []string{}
	for _, p := range h.Mux().Protocols() {
		protocols = append(protocols, string(p))
	}
	emit(map[string]any{"event": "listening", "peer": h.ID().String(), "addresses": withPeer(h),
		"agent": agent, "protocols": protocols})
	<-stop
	return nil
}

// ---- Clients ----------------------------------------------------------------

func target(text string) (*peer.AddrInfo, error) {
	address, err := ma.NewMultiaddr(text)
	if err != nil {
		return nil, &failure{"invalid_address", err.Error()}
	}
	info, err := peer.AddrInfoFromP2pAddr(address)
	if err != nil {
		return nil, &failure{"invalid_address", err.Error()}
	}
	return info, nil
}

// dial gives a host that is connected to the peer of the address.
func dial(text string) (host.Host, peer.ID, error) {
	info, err := target(text)
	if err != nil {
		return nil, "", err
	}
	h, err := newHost()
	if err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := h.Connect(ctx, *info); err != nil {
		h.Close()
		return nil, "", err
	}
	return h, info.ID, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }

func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return milliseconds(sorted[min(int(q*float64(len(sorted))), len(sorted)-1)])
}

func pingCommand(address string, count int) error {
	h, id, err := dial(address)
	if err != nil {
		return err
	}
	defer h.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	results := ping.Ping(ctx, h, id)
	times := make([]time.Duration, 0, count)
	for i := 0; i < count; i++ {
		r, ok := <-results
		if !ok {
			return &failure{"connection_closed", "the ping stream ended"}
		}
		if r.Error != nil {
			return r.Error
		}
		times = append(times, r.RTT)
		emit(map[string]any{"event": "ping", "rtt_ms": milliseconds(r.RTT)})
	}
	slices.Sort(times)
	emit(map[string]any{"event": "summary", "sent": count, "received": len(times), "min_ms": quantile(times, 0),
		"median_ms": quantile(times, 0.5), "max_ms": quantile(times, 1)})
	return nil
}

func identify(address string) error {
	info, err := target(address)
	if err != nil {
		return err
	}
	h, err := newHost()
	if err != nil {
		return err
	}
	defer h.Close()
	done, err := h.EventBus().Subscribe(new(event.EvtPeerIdentificationCompleted))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := h.Connect(ctx, *info); err != nil {
		return err
	}
	select {
	case e := <-done.Out():
		known := e.(event.EvtPeerIdentificationCompleted)
		state := known.Conn.ConnState()
		protocols, addresses := []string{}, []string{}
		for _, p := range known.Protocols {
			protocols = append(protocols, string(p))
		}
		for _, a := range known.ListenAddrs {
			addresses = append(addresses, a.String())
		}
		observed := ""
		if known.ObservedAddr != nil {
			observed = known.ObservedAddr.String()
		}
		emit(map[string]any{"peer": known.Peer.String(), "agent": known.AgentVersion, "protocols": protocols,
			"addresses": addresses, "observed": observed, "local": known.Conn.LocalMultiaddr().String(),
			"signed_record": known.SignedPeerRecord != nil, "transport": state.Transport,
			"security": string(state.Security), "muxer": string(state.StreamMultiplexer)})
		return nil
	case <-time.After(10 * time.Second):
		return &failure{"timed_out", "identify did not complete"}
	}
}

func perf(address string, upload, download int64) error {
	h, id, err := dial(address)
	if err != nil {
		return err
	}
	defer h.Close()
	buffer := make([]byte, bufferSize)
	start := time.Now()
	s, err := h.NewStream(context.Background(), id, perfID)
	if err != nil {
		return err
	}
	var head [8]byte
	binary.BigEndian.PutUint64(head[:], uint64(download))
	if _, err := s.Write(head[:]); err != nil {
		return err
	}
	if err := writeZeros(s, upload, buffer); err != nil {
		return err
	}
	if err := s.CloseWrite(); err != nil {
		return err
	}
	var got int64
	var uploaded time.Time
	for {
		n, err := s.Read(buffer)
		if uploaded.IsZero() {
			uploaded = time.Now()
		}
		got += int64(n)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	end := time.Now()
	if got != download {
		return &failure{"protocol_violation", fmt.Sprintf("asked for %d bytes, got %d", download, got)}
	}
	emit(map[string]any{"upload_bytes": upload, "upload_seconds": uploaded.Sub(start).Seconds(),
		"download_bytes": got, "download_seconds": end.Sub(uploaded).Seconds()})
	return nil
}

func echo(address string) error {
	h, id, err := dial(address)
	if err != nil {
		return err
	}
	defer h.Close()
	s, err := h.NewStream(context.Background(), id, echoID)
	if err != nil {
		return err
	}
	go func() {
		if _, err := io.CopyBuffer(struct{ io.Writer }{s}, struct{ io.Reader }{os.Stdin}, make([]byte, bufferSize)); err != nil {
			s.Reset()
			return
		}
		s.CloseWrite()
	}()
	_, err = io.CopyBuffer(struct{ io.Writer }{os.Stdout}, struct{ io.Reader }{s}, make([]byte, bufferSize))
	return err
}

func connect(address string, count, parallel int) error {
	info, err := target(address)
	if err != nil {
		return err
	}
	hosts := make([]host.Host, parallel)
	for i := range hosts {
		if hosts[i], err = newHost(); err != nil {
			return err
		}
		defer hosts[i].Close()
		hosts[i].Peerstore().AddAddrs(info.ID, info.Addrs, time.Hour)
	}
	return timed("connections", count, parallel, func(worker int) error {
		h := hosts[worker]
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		_, err := h.Network().DialPeer(ctx, info.ID)
		return err
	}, func(worker int) { hosts[worker].Network().ClosePeer(info.ID) })
}

func streams(address string, count, parallel int) error {
	h, id, err := dial(address)
	if err != nil {
		return err
	}
	defer h.Close()
	return timed("streams", count, parallel, func(worker int) error { return oneStream(h, id) }, func(int) {})
}

func oneStream(h host.Host, id peer.ID) error {
	s, err := h.NewStream(context.Background(), id, echoID)
	if err != nil {
		return err
	}
	defer s.Reset() // nothing after a clean close
	s.SetDeadline(time.Now().Add(60 * time.Second))
	if _, err := s.Write(pattern[:1024]); err != nil {
		return err
	}
	if err := s.CloseWrite(); err != nil {
		return err
	}
	var back [1025]byte
	n, err := io.ReadFull(s, back[:])
	if err != io.ErrUnexpectedEOF {
		if err == nil {
			err = &failure{"protocol_violation", "more bytes than were sent"}
		}
		return err
	}
	if !bytes.Equal(back[:n], pattern[:1024]) {
		return &failure{"protocol_violation", "other bytes than were sent"}
	}
	return s.Close()
}

// timed runs work count times, parallel at once, and prints the summary.
func timed(name string, count, parallel int, work func(worker int) error, after func(worker int)) error {
	times := make([]time.Duration, 0, count)
	var lock sync.Mutex
	var next, failed atomic.Int64
	var first atomic.Value
	var wait sync.WaitGroup
	begin := time.Now()
	for w := 0; w < parallel; w++ {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for next.Add(1) <= int64(count) {
				start := time.Now()
				err := work(w)
				took := time.Since(start)
				after(w)
				if err != nil {
					failed.Add(1)
					first.CompareAndSwap(nil, &failure{codeOf(err), err.Error()})
					continue
				}
				lock.Lock()
				times = append(times, took)
				lock.Unlock()
			}
		}()
	}
	wait.Wait()
	seconds := time.Since(begin).Seconds()
	if len(times) == 0 && count > 0 {
		return first.Load().(*failure)
	}
	sort.Slice(times, func(i, j int) bool { return times[i] < times[j] })
	summary := map[string]any{"event": "summary", name: len(times), "failed": failed.Load(),
		"median_ms": quantile(times, 0.5), "p99_ms": quantile(times, 0.99), "per_second": float64(len(times)) / seconds}
	if f := first.Load(); f != nil {
		summary["first_failure"] = f.(*failure).Error()
	}
	emit(summary)
	if failed.Load() > 0 {
		os.Exit(1)
	}
	return nil
}

func perfEcho(address string, total int64) error {
	h, id, err := dial(address)
	if err != nil {
		return err
	}
	defer h.Close()
	start := time.Now()
	s, err := h.NewStream(context.Background(), id, echoID)
	if err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() {
		for at := int64(0); at < total; {
			part := patternAt(at, int(min(total-at, bufferSize)))
			if _, err := s.Write(part); err != nil {
				sent <- err
				return
			}
			at += int64(len(part))
		}
		sent <- s.CloseWrite()
	}()
	buffer := make([]byte, bufferSize)
	var got int64
	for {
		n, err := s.Read(buffer)
		if got+int64(n) > total || !bytes.Equal(buffer[:n], patternAt(got, n)) {
			return &failure{"protocol_violation", fmt.Sprintf("wrong bytes after %d", got)}
		}
		got += int64(n)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if err := <-sent; err != nil {
		return err
	}
	if got != total {
		return &failure{"protocol_violation", fmt.Sprintf("sent %d bytes, got %d", total, got)}
	}
	emit(map[string]any{"event": "perf_echo", "bytes": got, "ok": true, "seconds": time.Since(start).Seconds()})
	return nil
}

func reset(address string) error {
	h, id, err := dial(address)
	if err != nil {
		return err
	}
	defer h.Close()
	s, err := h.NewStream(context.Background(), id, resetID)
	if err != nil {
		return err
	}
	if _, err := s.Write([]byte{1}); err != nil {
		return err
	}
	s.SetReadDeadline(time.Now().Add(10 * time.Second))
	var one [1]byte
	_, err = s.Read(one[:])
	emit(map[string]any{"event": "reset", "seen": errors.Is(err, network.ErrReset), "how": fmt.Sprint(err)})

	s, err = h.NewStream(context.Background(), id, echoID)
	if err != nil {
		return err
	}
	text, back := []byte("to be reset"), make([]byte, 11)
	if _, err := s.Write(text); err != nil {
		return err
	}
	if _, err := io.ReadFull(s, back); err != nil {
		return err
	}
	if !bytes.Equal(text, back) {
		return &failure{"protocol_violation", "other bytes than were sent"}
	}
	if err := s.Reset(); err != nil {
		return err
	}
	time.Sleep(300 * time.Millisecond) // the reset shall arrive before the connection ends
	return nil
}

func halfClose(address string) error {
	h, id, err := dial(address)
	if err != nil {
		return err
	}
	defer h.Close()
	s, err := h.NewStream(context.Background(), id, echoID)
	if err != nil {
		return err
	}
	if _, err := s.Write(pattern[:100000]); err != nil {
		return err
	}
	if err := s.CloseWrite(); err != nil {
		return err
	}
	s.SetReadDeadline(time.Now().Add(15 * time.Second))
	back, err := io.ReadAll(s)
	if err != nil {
		return err
	}
	emit(map[string]any{"event": "half_close", "ok": bytes.Equal(back, pattern[:100000])})
	return nil
}

// ---- unified-testing ----------------------------------------------------------

func unified() error {
	ctx, cancel := context.WithTimeout(context.Background(), 180*time.Second)
	defer cancel()
	var listenOn string
	switch t, s, m := os.Getenv("TRANSPORT"), os.Getenv("SECURE_CHANNEL"), os.Getenv("MUXER"); {
	case t == "tcp" && s == "noise" && m == "yamux":
		listenOn = "/tcp/0"
	case t == "ws" && s == "noise" && m == "yamux":
		listenOn = "/tcp/0/ws"
	case t == "webrtc-direct": // brings its own security and streams
		listenOn = "/udp/0/webrtc-direct"
	default:
		return &failure{"unsupported", fmt.Sprintf("%s %s %s", t, s, m)}
	}
	store := redis.NewClient(&redis.Options{Addr: os.Getenv("REDIS_ADDR")})
	defer store.Close()
	key := os.Getenv("TEST_KEY") + "_listener_multiaddr"

	if os.Getenv("IS_DIALER") != "true" {
		ip := os.Getenv("LISTENER_IP")
		if ip == "" {
			ip = "0.0.0.0"
		}
		h, err := newHost("/ip4/" + ip + listenOn)
		if err != nil {
			return err
		}
		defer h.Close()
		addresses := withPeer(h)
		slices.SortStableFunc(addresses, func(a, b string) int {
			loop := func(s string) int {
				if strings.HasPrefix(s, "/ip4/127.") {
					return 1
				}
				return 0
			}
			return loop(a) - loop(b)
		})
		if err := store.Del(ctx, key).Err(); err != nil {
			return err
		}
		if err := store.RPush(ctx, key, addresses[0]).Err(); err != nil {
			return err
		}
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
		<-stop
		return nil
	}

	var text string
	if popped, err := store.BLPop(ctx, 60*time.Second, key).Result(); err == nil {
		text = popped[1]
	} else if strings.Contains(err.Error(), "WRONGTYPE") {
		if text, err = store.Get(ctx, key).Result(); err != nil {
			return err
		}
	} else {
		return err
	}
	info, err := target(text)
	if err != nil {
		return err
	}
	h, err := newHost()
	if err != nil {
		return err
	}
	defer h.Close()
	start := time.Now()
	if err := h.Connect(ctx, *info); err != nil {
		return err
	}
	first := <-ping.Ping(ctx, h, info.ID)
	if first.Error != nil {
		return first.Error
	}
	fmt.Printf("latency:\n  handshake_plus_one_rtt: %.2f\n  ping_rtt: %.2f\n  unit: ms\n",
		milliseconds(time.Since(start)), milliseconds(first.RTT))
	return nil
}

// ---- Command line ---------------------------------------------------------------

const usage = `usage: go-peer COMMAND
  listen [--listen MULTIADDR]... [--events]
  ping|connect|streams ADDR [--count N] [--parallel M]
  identify|echo|reset|half-close ADDR
  perf ADDR [--upload BYTES] [--download BYTES]
  perf-echo ADDR --bytes N
each also --webrtc-version 1|2
`

func client(command string, args []string) error {
	var address string
	options := map[string]int64{"count": 10, "parallel": 1, "upload": 0, "download": 0, "bytes": 1 << 20,
		"webrtc-version": 1}
	for i := 0; i < len(args); i++ {
		if name, ok := strings.CutPrefix(args[i], "--"); ok {
			if name == "json" {
				continue
			}
			if _, known := options[name]; !known || i+1 == len(args) {
				return &failure{"usage", args[i]}
			}
			i++
			n, err := strconv.ParseInt(args[i], 10, 64)
			if err != nil || n < 0 {
				return &failure{"usage", args[i]}
			}
			options[name] = n
		} else if address == "" {
			address = args[i]
		} else {
			return &failure{"usage", args[i]}
		}
	}
	if address == "" {
		return &failure{"usage", "an address is missing"}
	}
	webrtcVersion = int(options["webrtc-version"])
	count, parallel := int(options["count"]), max(int(options["parallel"]), 1)
	switch command {
	case "ping":
		return pingCommand(address, count)
	case "identify":
		return identify(address)
	case "perf":
		return perf(address, options["upload"], options["download"])
	case "echo":
		return echo(address)
	case "connect":
		return connect(address, count, parallel)
	case "streams":
		return streams(address, count, parallel)
	case "perf-echo":
		return perfEcho(address, options["bytes"])
	case "reset":
		return reset(address)
	case "half-close":
		return halfClose(address)
	}
	return &failure{"usage", command}
}

func main() {
	var err error
	switch {
	case os.Getenv("IS_DIALER") != "":
		if err = unified(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	case len(os.Args) < 2:
		err = &failure{"usage", "a command is missing"}
	case os.Args[1] == "listen":
		err = listen(os.Args[2:])
	default:
		err = client(os.Args[1], os.Args[2:])
	}
	if err == nil {
		return
	}
	if codeOf(err) == "usage" {
		fmt.Fprint(os.Stderr, err, "\n", usage)
		os.Exit(2)
	}
	emit(map[string]any{"event": "error", "code": codeOf(err), "message": err.Error()})
	os.Exit(1)
}
