# SPDX-License-Identifier: MIT OR Apache-2.0

"""A small peer on py-libp2p: TCP, Noise, yamux; or WebRTC-Direct, versions 1 and 2.

It has the command line and the output of our own program, so that one harness
can drive both.
"""

import json
import logging
import os
import secrets
import signal
import socket
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager

import multiaddr
import redis
import trio

from libp2p import new_host
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.crypto.x25519 import create_new_key_pair as create_new_x25519_key_pair
from libp2p.host.exceptions import StreamFailure
from libp2p.identity.identify.identify import AGENT_VERSION, ID as IDENTIFY
from libp2p.identity.identify.pb.identify_pb2 import Identify
from libp2p.network.config import ConnectionConfig
from libp2p.network.stream.exceptions import StreamEOF, StreamError, StreamReset
from libp2p.peer.peerinfo import info_from_p2p_addr
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE, Transport as NoiseTransport
from libp2p.stream_muxer.yamux.yamux import PROTOCOL_ID as YAMUX, Yamux
from libp2p.tools.anyio_service import background_trio_service
from libp2p.transport.tcp.tcp import TCP
from libp2p.transport.upgrader import TransportUpgrader
from libp2p.transport.webrtc.config import WebRTCTransportConfig
from libp2p.transport.webrtc.exceptions import WebRTCStreamError
from libp2p.transport.webrtc.stream import StreamState as WebRTCStreamState, WebRTCStream
from libp2p.transport.webrtc.transport import WebRTCDirectTransport
from libp2p.transport.websocket.transport import WebsocketTransport

PING = "/ipfs/ping/1.0.0"
ECHO = "/echo/1.0.0"
PERF = "/perf/1.0.0"
RESET = "/interop/reset/1.0.0"
BLOCK = 64 * 1024
BUFFER = 256 * 1024
MANY = 1_000_000

# The test pattern repeats every 251 bytes, so one table serves every offset.
PATTERN = bytes((i * 31 + 7) % 251 for i in range(251)) * (BUFFER // 251 + 2)


def pattern_at(offset: int, n: int) -> bytes:
    start = offset % 251
    return PATTERN[start : start + n]


class Failure(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def emit(value: dict) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def all_errors(error: BaseException | None) -> list[BaseException]:
    if error is None:
        return []
    found = [error]
    for inner in (*getattr(error, "exceptions", ()), *getattr(error, "errors", ())):
        found += all_errors(inner)
    return found + all_errors(error.__cause__ or error.__context__)


def code_of(error: BaseException) -> str:
    everything = all_errors(error)
    for one in everything:
        if isinstance(one, Failure):
            return one.code
    text = "\n".join(f"{type(one).__name__} {one}" for one in everything).lower()
    for needles, code in (
        (("peeridmismatch", "peer id mismatch", "mismatch", "does not match /p2p/"), "peer_mismatch"),
        (("connection refused", "connectionrefused", "errno 111"), "connection_refused"),
        (("address already in use", "errno 98"), "address_in_use"),
        (("unreachable",), "unreachable"),
        (("streamreset",), "stream_reset"),
        (("toooslow", "tooslow", "timed out", "timeout"), "timed_out"),
        (("protocol not supported", "protocols not supported", "multiselect"), "no_common_protocol"),
        (("streameof", "streamclosed", "connection closed", "incompleteread"), "connection_closed"),
    ):
        if any(needle in text for needle in needles):
            return code
    return "io_error"


webrtc_version = 1  # of the dials


def new_peer():
    key = create_new_key_pair(secrets.token_bytes(32))
    webrtc = WebRTCTransportConfig(webrtc_direct_dial_version=webrtc_version)
    security = {NOISE: NoiseTransport(key, noise_privkey=create_new_x25519_key_pair().private_key)}
    muxers = {YAMUX: Yamux}
    websocket = WebsocketTransport(TransportUpgrader(security, muxers))
    return new_host(
        key_pair=key,
        sec_opt=security,
        muxer_opt=muxers,
        transports=[TCP(), websocket, WebRTCDirectTransport(key.private_key, webrtc)],
        connection_config=ConnectionConfig(max_connections=MANY, high_watermark=MANY, low_watermark=0, min_connections=0),
    )


async def read_exactly(stream, n: int) -> bytes:
    out = bytearray()
    while len(out) < n:
        part = await read_some(stream, n - len(out))
        if not part:
            raise Failure("connection_closed", f"the stream ended after {len(out)} of {n} bytes")
        out += part
    return bytes(out)


async def read_some(stream, n: int = BUFFER) -> bytes:
    """Gives b"" at the end of the stream."""
    muxed = stream.muxed_stream
    if isinstance(muxed, WebRTCStream):
        # Its ends and its resets are errors of one type, after which the stream around it does nothing more.
        try:
            return await muxed.read(n)
        except WebRTCStreamError:
            if muxed._state == WebRTCStreamState.RESET:
                raise StreamReset() from None
            return b""
    try:
        return await stream.read(n)
    except StreamEOF:
        # A reader that waits when the stream is reset is told of an end; only the muxer's stream knows.
        if getattr(stream.muxed_stream, "reset_received", False):
            raise StreamReset() from None
        return b""


async def close_write(stream) -> None:
    """Ends the sending side alone."""
    muxed = stream.muxed_stream
    if isinstance(muxed, WebRTCStream):
        await muxed._close_write()  # the public one tells the remote to stop sending too
    else:
        await stream.close_write()


async def write_zeros(stream, n: int) -> None:
    block = bytes(BUFFER)
    while n > 0:
        part = min(n, BUFFER)
        await stream.write(block[:part])
        n -= part


# ---- Serving ----------------------------------------------------------------


def serve(host, events: bool) -> None:
    async def echo(stream) -> None:
        reason = "eof"
        try:
            while data := await read_some(stream):
                await stream.write(data)
            await close_write(stream)
        except StreamError:
            reason = "reset"
            await stream.reset()
        if events:
            emit({"event": "echo_ended", "reason": reason})

    async def perf(stream) -> None:
        try:
            wanted = int.from_bytes(await read_exactly(stream, 8), "big")
            while await read_some(stream):
                pass
            await write_zeros(stream, wanted)
            await close_write(stream)
        except (StreamError, Failure):
            await stream.reset()

    async def reset(stream) -> None:
        try:
            await stream.read(1)
        except StreamError:
            pass
        await stream.reset()

    host.set_stream_handler(ECHO, echo)
    host.set_stream_handler(PERF, perf)
    host.set_stream_handler(RESET, reset)


async def stopped() -> None:
    with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            return


async def listen(args: list[str]) -> None:
    wanted, events, rest = [], False, list(args)
    while rest:
        arg = rest.pop(0)
        if arg == "--listen" and rest:
            wanted.append(rest.pop(0))
        elif arg == "--events":
            events = True
        elif arg != "--json":
            raise Failure("usage", arg)
    try:
        addresses = [multiaddr.Multiaddr(a) for a in wanted or ["/ip4/127.0.0.1/tcp/0"]]
    except Exception as error:
        raise Failure("invalid_address", str(error)) from error
    host = new_peer()
    async with host.run(listen_addrs=addresses):
        serve(host, events)
        emit(
            {
                "event": "listening",
                "peer": str(host.get_id()),
                "addresses": [str(a) for a in host.get_addrs()],
                "agent": AGENT_VERSION,
                "protocols": [str(p) for p in host.get_mux().get_protocols() if p],
            }
        )
        await stopped()
        os._exit(0)  # WebRTC connections keep the host from closing


# ---- Clients ----------------------------------------------------------------


def target(text: str):
    try:
        return info_from_p2p_addr(multiaddr.Multiaddr(text))
    except Exception as error:
        raise Failure("invalid_address", str(error)) from error


class Client:
    def __init__(self, host, info) -> None:
        self.host = host
        self.info = info

    async def open(self, protocol: str):
        return await self.host.new_stream(self.info.peer_id, [protocol])


@asynccontextmanager
async def connected(address: str):
    """Gives a host that is connected to the peer of the address. Its network runs without listening."""
    info = target(address)
    host = new_peer()
    async with background_trio_service(host.get_network()):
        with trio.fail_after(30):
            await host.connect(info)
        yield Client(host, info)
        with trio.move_on_after(2):
            await host.disconnect(info.peer_id)


def quantile(times: list[float], q: float) -> float:
    return times[min(int(q * len(times)), len(times) - 1)] if times else 0.0


async def one_ping(stream) -> float:
    sent = secrets.token_bytes(32)
    start = time.perf_counter()
    await stream.write(sent)
    with trio.fail_after(20):
        back = await read_exactly(stream, 32)
    took = (time.perf_counter() - start) * 1000
    if sent != back:
        raise Failure("protocol_violation", "a ping came back with other bytes")
    return took


async def ping(address: str, count: int) -> None:
    async with connected(address) as client:
        stream = await client.open(PING)
        times = []
        for _ in range(count):
            took = await one_ping(stream)
            times.append(took)
            emit({"event": "ping", "rtt_ms": took})
        await close_write(stream)
        times.sort()
        emit(
            {
                "event": "summary",
                "sent": count,
                "received": len(times),
                "min_ms": quantile(times, 0),
                "median_ms": quantile(times, 0.5),
                "max_ms": quantile(times, 1),
            }
        )


async def identify(address: str) -> None:
    async with connected(address) as client:
        stream = await client.open(IDENTIFY)
        data = bytearray()
        with trio.fail_after(10):
            while part := await read_some(stream):
                data += part
        await close_write(stream)
        known = Identify()
        while data:
            length = shift = used = 0
            while True:
                byte = data[used]
                used += 1
                length |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            known.MergeFromString(bytes(data[used : used + length]))
            del data[: used + length]
        connection = client.host.get_network().connections[client.info.peer_id]
        connection = connection[0] if isinstance(connection, list) else connection
        emit(
            {
                "peer": str(connection.muxed_conn.peer_id),
                "agent": known.agent_version,
                "protocols": list(known.protocols),
                "addresses": [str(multiaddr.Multiaddr(a)) for a in known.listen_addrs],
                "observed": str(multiaddr.Multiaddr(known.observed_addr)) if known.observed_addr else "",
                "signed_record": bool(known.signedPeerRecord),
                "transport": transport_of(address),
                "security": connection.get_negotiated_security_protocol() or "",
                "muxer": connection.get_negotiated_muxer_protocol() or "",
            }
        )


async def perf(address: str, upload: int, download: int) -> None:
    async with connected(address) as client:
        start = time.perf_counter()
        stream = await client.open(PERF)
        await stream.write(download.to_bytes(8, "big"))
        await write_zeros(stream, upload)
        await close_write(stream)
        got, uploaded = 0, None
        while True:
            data = await read_some(stream)
            uploaded = uploaded or time.perf_counter()
            if not data:
                break
            got += len(data)
        end = time.perf_counter()
        if got != download:
            raise Failure("protocol_violation", f"asked for {download} bytes, got {got}")
        emit(
            {
                "upload_bytes": upload,
                "upload_seconds": uploaded - start,
                "download_bytes": got,
                "download_seconds": end - uploaded,
            }
        )


async def echo(address: str) -> None:
    async with connected(address) as client, trio.open_nursery() as nursery:
        stream = await client.open(ECHO)

        async def up() -> None:
            while data := await trio.to_thread.run_sync(os.read, 0, BUFFER):
                await stream.write(data)
            await close_write(stream)

        nursery.start_soon(up)
        while data := await read_some(stream):
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()


async def timed(name: str, count: int, parallel: int, work, after=None) -> None:
    times: list[float] = []
    failures: list[Exception] = []
    left = iter(range(count))
    begin = time.perf_counter()

    async def worker(index: int) -> None:
        for _ in left:
            start = time.perf_counter()
            try:
                await work(index)
                times.append((time.perf_counter() - start) * 1000)
            except Exception as error:
                failures.append(error)
            if after:
                await after(index)

    async with trio.open_nursery() as nursery:
        for index in range(parallel):
            nursery.start_soon(worker, index)
    seconds = time.perf_counter() - begin
    if failures and not times:
        raise failures[0]
    times.sort()
    summary = {
        "event": "summary",
        name: len(times),
        "failed": len(failures),
        "median_ms": quantile(times, 0.5),
        "p99_ms": quantile(times, 0.99),
        "per_second": len(times) / seconds,
    }
    if failures:
        summary["first_failure"] = f"{code_of(failures[0])}: {failures[0]}"
    emit(summary)
    if failures:
        sys.exit(1)


async def connect(address: str, count: int, parallel: int) -> None:
    info = target(address)
    hosts = [new_peer() for _ in range(parallel)]

    async def work(index: int) -> None:
        with trio.fail_after(30):
            await hosts[index].connect(info)

    async def after(index: int) -> None:
        await hosts[index].disconnect(info.peer_id)

    async with AsyncExitStack() as running:
        for host in hosts:
            await running.enter_async_context(background_trio_service(host.get_network()))
        await timed("connections", count, parallel, work, after)


async def streams(address: str, count: int, parallel: int) -> None:
    async with connected(address) as client:
        sent = pattern_at(0, 1024)

        async def work(_: int) -> None:
            with trio.fail_after(60):
                stream = await client.open(ECHO)
                await stream.write(sent)
                await close_write(stream)
                back = bytearray()
                while part := await read_some(stream):
                    back += part
            if back != sent:
                raise Failure("protocol_violation", "other bytes than were sent")

        await timed("streams", count, parallel, work)


async def perf_echo(address: str, total: int) -> None:
    async with connected(address) as client, trio.open_nursery() as nursery:
        start = time.perf_counter()
        stream = await client.open(ECHO)

        async def up() -> None:
            at = 0
            while at < total:
                part = pattern_at(at, min(BLOCK, total - at))
                await stream.write(part)
                at += len(part)
            await close_write(stream)

        nursery.start_soon(up)
        got = 0
        while data := await read_some(stream):
            if got + len(data) > total or data != pattern_at(got, len(data)):
                raise Failure("protocol_violation", f"wrong bytes after {got}")
            got += len(data)
        if got != total:
            raise Failure("protocol_violation", f"sent {total} bytes, got {got}")
        emit({"event": "perf_echo", "bytes": got, "ok": True, "seconds": time.perf_counter() - start})


async def reset(address: str) -> None:
    async with connected(address) as client:
        stream = await client.open(RESET)
        seen, how = False, "nothing for 10 seconds"
        with trio.move_on_after(10):
            await stream.write(b"\x01")
            try:
                how = f"{len(await read_some(stream, 1))} bytes"
            except StreamReset:
                seen, how = True, "StreamReset"
            except StreamError as error:
                how = type(error).__name__
        emit({"event": "reset", "seen": seen, "how": how})

        stream = await client.open(ECHO)
        await stream.write(b"to be reset")
        if await read_exactly(stream, 11) != b"to be reset":
            raise Failure("protocol_violation", "other bytes than were sent")
        await stream.reset()
        await trio.sleep(0.3)  # the reset shall arrive before the connection ends


async def half_close(address: str) -> None:
    async with connected(address) as client:
        sent = pattern_at(0, 100_000)
        stream = await client.open(ECHO)
        await stream.write(sent)
        await close_write(stream)
        back = bytearray()
        with trio.fail_after(15):
            while part := await read_some(stream):
                back += part
        emit({"event": "half_close", "ok": back == sent})


# ---- unified-testing ----------------------------------------------------------


def transport_of(address: str) -> str:
    if "/webrtc-direct" in address:
        return "webrtc-direct"
    return "websocket" if "/ws/" in address else "tcp"


def own_ip() -> str:
    """The address that packets to other machines leave with; none is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            return "127.0.0.1"
        return probe.getsockname()[0]


async def unified() -> None:
    env = os.environ
    stack = (env.get("TRANSPORT"), env.get("SECURE_CHANNEL"), env.get("MUXER"))
    if stack == ("tcp", "noise", "yamux"):
        listen_on = "tcp/0"
    elif stack == ("ws", "noise", "yamux"):
        listen_on = "tcp/0/ws"
    elif stack[0] == "webrtc-direct":  # brings its own security and streams
        listen_on = "udp/0/webrtc-direct"
    else:
        raise Failure("unsupported", str(stack))
    name, _, port = env["REDIS_ADDR"].rpartition(":")
    store = redis.Redis(host=name, port=int(port), decode_responses=True)
    key = env["TEST_KEY"] + "_listener_multiaddr"

    if env["IS_DIALER"] != "true":
        host = new_peer()
        address = multiaddr.Multiaddr(f"/ip4/{env.get('LISTENER_IP') or '0.0.0.0'}/{listen_on}")
        async with host.run(listen_addrs=[address]):
            found = str(host.get_addrs()[0])  # as it was asked for; others cannot dial 0.0.0.0
            store.delete(key)
            store.rpush(key, found.replace("/ip4/0.0.0.0/", f"/ip4/{own_ip()}/"))
            await stopped()
        return

    try:
        popped = store.blpop([key], timeout=60)
    except redis.ResponseError as error:
        if "WRONGTYPE" not in str(error):
            raise
        popped = (key, store.get(key))
    if not popped:
        raise Failure("timed_out", "no listener showed up")
    start = time.perf_counter()
    async with connected(popped[1]) as client:
        stream = await client.open(PING)
        await one_ping(stream)
        whole = (time.perf_counter() - start) * 1000
        rtt = await one_ping(stream)
        print(f"latency:\n  handshake_plus_one_rtt: {whole:.2f}\n  ping_rtt: {rtt:.2f}\n  unit: ms", flush=True)


# ---- Command line ---------------------------------------------------------------

USAGE = """usage: peer.py COMMAND
  listen [--listen MULTIADDR]... [--events]
  ping|connect|streams ADDR [--count N] [--parallel M]
  identify|echo|reset|half-close ADDR
  perf ADDR [--upload BYTES] [--download BYTES]
  perf-echo ADDR --bytes N
each also --webrtc-version 1|2
"""


async def client(command: str, args: list[str]) -> None:
    options = {"count": 10, "parallel": 1, "upload": 0, "download": 0, "bytes": 1 << 20, "webrtc-version": 1}
    address, rest = None, list(args)
    while rest:
        arg = rest.pop(0)
        if arg == "--json":
            continue
        if arg.startswith("--"):
            if arg[2:] not in options or not rest or not rest[0].isdigit():
                raise Failure("usage", arg)
            options[arg[2:]] = int(rest.pop(0))
        elif address is None:
            address = arg
        else:
            raise Failure("usage", arg)
    if address is None:
        raise Failure("usage", "an address is missing")
    global webrtc_version
    webrtc_version = options["webrtc-version"]
    count, parallel = options["count"], max(options["parallel"], 1)
    match command:
        case "ping":
            await ping(address, count)
        case "identify":
            await identify(address)
        case "perf":
            await perf(address, options["upload"], options["download"])
        case "echo":
            await echo(address)
        case "connect":
            await connect(address, count, parallel)
        case "streams":
            await streams(address, count, parallel)
        case "perf-echo":
            await perf_echo(address, options["bytes"])
        case "reset":
            await reset(address)
        case "half-close":
            await half_close(address)
        case _:
            raise Failure("usage", command)


def main() -> int:
    logging.disable(logging.CRITICAL)
    unified_testing = "IS_DIALER" in os.environ
    args = sys.argv[1:]
    try:
        if unified_testing:
            trio.run(unified)
        elif not args:
            raise Failure("usage", "a command is missing")
        elif args[0] == "listen":
            trio.run(listen, args[1:])
        else:
            trio.run(client, args[0], args[1:])
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException as error:
        code, message = code_of(error), "; ".join(f"{type(e).__name__}: {e}" for e in all_errors(error)[:4])
        if code == "usage":
            sys.stderr.write(f"{message}\n{USAGE}")
            return 2
        if unified_testing:
            sys.stderr.write(f"{code}: {message}\n")
        else:
            emit({"event": "error", "code": code, "message": message})
        return 1
    return 0


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)
