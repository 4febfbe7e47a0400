// SPDX-License-Identifier: MIT OR Apache-2.0

// A relay on go-libp2p, and its two kinds of clients, over TCP, WebSocket and WebRTC-Direct:
//
//	go-relay relay [--limited]          relays until it is ended
//	go-relay listen RELAY               reserves there, and serves ping and echo until it is ended
//	go-relay ping MULTIADDR [--silent]  dials through a relay, pings, and unless silent echoes 40,000 octets
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/client"
	"github.com/libp2p/go-libp2p/p2p/protocol/circuitv2/relay"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	libp2pwebrtc "github.com/libp2p/go-libp2p/p2p/transport/webrtc"
	"github.com/libp2p/go-libp2p/p2p/transport/websocket"
	ma "github.com/multiformats/go-multiaddr"
)

const (
	echoID   = protocol.ID("/echo/1.0.0")
	patience = 30 * time.Second
)

func emit(v map[string]any) {
	line, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	os.Stdout.Write(append(line, '\n'))
}

func newHost(listen ...string) (host.Host, error) {
	options := []libp2p.Option{
		libp2p.NoTransports,
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Transport(websocket.New),
		libp2p.Transport(libp2pwebrtc.New),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.UserAgent("interop-go-relay"),
		libp2p.EnableRelay(),
		libp2p.DisableMetrics(),
		libp2p.ResourceManager(&network.NullResourceManager{}),
	}
	if len(listen) == 0 {
		options = append(options, libp2p.NoListenAddrs, libp2p.EnableRelay())
	} else {
		options = append(options, libp2p.ListenAddrStrings(listen...))
	}
	return libp2p.New(options...)
}

func untilEnded() {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGINT, syscall.SIGTERM)
	<-ended
}

func serve(limited bool) error {
	h, err := newHost("/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/0/ws", "/ip4/127.0.0.1/udp/0/webrtc-direct")
	if err != nil {
		return err
	}
	defer h.Close()
	resources := relay.DefaultResources()
	resources.MaxReservationsPerIP = 1024
	resources.MaxCircuits = 1024
	if !limited {
		resources.Limit = nil
	}
	service, err := relay.New(h, relay.WithResources(resources))
	if err != nil {
		return err
	}
	defer service.Close()
	addresses := make([]string, 0, 3)
	for _, address := range h.Addrs() {
		addresses = append(addresses, fmt.Sprintf("%s/p2p/%s", address, h.ID()))
	}
	emit(map[string]any{"event": "listening", "peer": h.ID().String(), "addresses": addresses})
	untilEnded()
	return nil
}

func listen(relayAddress string) error {
	info, err := peer.AddrInfoFromString(relayAddress)
	if err != nil {
		return err
	}
	h, err := newHost()
	if err != nil {
		return err
	}
	defer h.Close()
	h.SetStreamHandler(echoID, func(s network.Stream) {
		io.Copy(s, s)
		s.CloseWrite()
	})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.Connect(ctx, *info); err != nil {
		return err
	}
	reservation, err := client.Reserve(ctx, h, *info)
	if err != nil {
		return err
	}
	emit(map[string]any{"event": "listening", "peer": h.ID().String(),
		"voucher": reservation.Voucher != nil, "expires": reservation.Expiration.Unix(),
		"addresses": []string{fmt.Sprintf("%s/p2p-circuit/p2p/%s", relayAddress, h.ID())}})
	untilEnded()
	return nil
}

func dial(address string, silent bool) error {
	addr, err := ma.NewMultiaddr(address)
	if err != nil {
		return err
	}
	info, err := peer.AddrInfoFromP2pAddr(addr)
	if err != nil {
		return err
	}
	h, err := newHost()
	if err != nil {
		return err
	}
	defer h.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := h.Connect(ctx, *info); err != nil {
		return err
	}
	limited := network.WithAllowLimitedConn(ctx, "interop")
	result := <-ping.Ping(limited, h, info.ID)
	if result.Error != nil {
		return result.Error
	}
	summary := map[string]any{"event": "summary", "rtt_ms": float64(result.RTT.Microseconds()) / 1000,
		"limited": h.Network().ConnsToPeer(info.ID)[0].Stat().Limited}
	if !silent {
		echoed, err := echo(limited, h, info.ID)
		if err != nil {
			return err
		}
		summary["echoed"] = echoed
	}
	emit(summary)
	return nil
}

func echo(ctx context.Context, h host.Host, peer peer.ID) (int, error) {
	s, err := h.NewStream(ctx, peer, echoID)
	if err != nil {
		return 0, err
	}
	sent := bytes.Repeat([]byte("relayed "), 5000)
	if _, err := s.Write(sent); err != nil {
		return 0, err
	}
	// The end comes later: js-libp2p loses one that arrives together with all the data.
	received := make([]byte, len(sent))
	if _, err := io.ReadFull(s, received); err != nil {
		return 0, err
	}
	if err := s.CloseWrite(); err != nil {
		return 0, err
	}
	rest, err := io.ReadAll(s)
	if err != nil {
		return 0, err
	}
	received = append(received, rest...)
	if !bytes.Equal(sent, received) {
		return 0, fmt.Errorf("echo differs: %d octets", len(received))
	}
	return len(received), nil
}

func main() {
	err := fmt.Errorf("usage: go-relay relay [--limited] | listen RELAY | ping MULTIADDR [--silent]")
	switch {
	case len(os.Args) >= 2 && os.Args[1] == "relay":
		err = serve(slices.Contains(os.Args, "--limited"))
	case len(os.Args) == 3 && os.Args[1] == "listen":
		err = listen(os.Args[2])
	case len(os.Args) >= 3 && os.Args[1] == "ping":
		err = dial(os.Args[2], slices.Contains(os.Args, "--silent"))
	}
	if err != nil {
		emit(map[string]any{"event": "error", "code": "io_error", "message": err.Error()})
		os.Exit(1)
	}
}
