#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs our programs against the peers of other libp2p implementations, in both directions.

Every cell of the table is one thing that two programs do with each other, over TCP or WebSocket with Noise
and yamux, or over WebRTC-Direct. `p2p` does what it has a command for, `interop_probe` the rest; the peers have the same commands. Builds
the peers that are not built yet (tests/interop/peers/build). Prints the table and, last, `N passed, N failed, N skipped`; exit code 1 if a cell failed.

A program or a peer that is missing skips its cells, by name. What a peer's library cannot do is `n/a`, with the reason.
`--ours go` puts a peer in our place, which tests the harness and the peers themselves.
"""
import argparse
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from relayed import write_section
from slow_link import SlowLink

HERE = Path(__file__).resolve().parent
PEERS = ("go", "rust", "litep2p", "js", "py", "chromium", "smoldot")
NAMES = {"go": "go-libp2p", "rust": "rust-libp2p", "litep2p": "litep2p", "js": "js-libp2p", "py": "py-libp2p",
         "chromium": "js in Chromium", "smoldot": "smoldot in Chromium"}
MIB = 1024 * 1024
LOOPBACK = "/ip4/127.0.0.1/"
STRANGER = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"
SERVED = frozenset({"/ipfs/ping/1.0.0", "/ipfs/id/1.0.0", "/perf/1.0.0", "/echo/1.0.0"})
# Of the peers whose programs do not list what they serve; the others do when they begin to listen.
SERVED_BY = {
    "rust": SERVED | {"/ipfs/id/push/1.0.0", "/litep2p-perf/1.0.0", "/interop/reset/1.0.0"},
    "litep2p": SERVED | {"/litep2p-perf/1.0.0", "/interop/reset/1.0.0"},
}
# Who signs its addresses in a way that others take, and takes such a record: rust-libp2p knows the legacy domain only,
# litep2p no records.
WITH_RECORDS = frozenset({"go", "js", "py", "chromium"})

# Who listens for WebRTC-Direct version 2 as well, and who dials it on demand.
LISTENS_V2 = frozenset({"go", "py"})
DIALS_V2 = frozenset({"go", "py", "chromium"})
V2 = ("--webrtc-version", "2")
# Who cannot listen, and what they dial over.
BROWSERS = {"chromium": frozenset({"ws", "webrtc-direct"}), "smoldot": frozenset({"webrtc-direct"})}
# Of those, who does what it likes with its boot node, and takes no orders.
LIGHT_CLIENTS = frozenset({"smoldot"})
# Whose identify says nothing of the address that it sees.
WITHOUT_OBSERVED = frozenset({("py", "ws"), ("py", "webrtc-direct")})
# Who cannot reset a stream.
NEVER_RESETS = frozenset({("litep2p", "webrtc-direct")})
# Who resets a stream of which 256 messages wait, which an echo that is written to without a pause always has.
RESETS_WHEN_BEHIND = frozenset({("litep2p", "webrtc-direct")})
# Who looks at a stream of pings again, once it has answered one, only when something else happens on the connection.
ANSWERS_ONE_PING = frozenset({("rust", "webrtc-direct")})
# Who dials 127.0.0.1 from another address of the machine, so that nobody tells it of addresses on the loopback interface.
DIALS_FROM_OUTSIDE = frozenset({("py", "webrtc-direct")})


@dataclass(frozen=True)
class Transport:
    """What an address of a transport looks like, and what a connection over it says of itself."""

    name: str
    title: str
    wildcard: str  # to listen on a free port, behind the IP address
    bare: str  # regular expression of what stands there in an address, without certificates and peer
    stack: tuple[tuple[str, str], ...]
    security: str
    muxer: str


TRANSPORTS = {
    "tcp": Transport("tcp", "TCP, Noise and yamux", "tcp/0", r"tcp/[1-9]\d*",
                     (("transport", "tcp"), ("security", "noise"), ("muxer", "yamux")), "noise", "yamux"),
    "ws": Transport("ws", "WebSocket, Noise and yamux", "tcp/0/ws", r"tcp/[1-9]\d*/ws",
                    (("transport", "websocket"), ("security", "noise"), ("muxer", "yamux")), "noise", "yamux"),
    "webrtc-direct": Transport("webrtc-direct", "WebRTC-Direct", "udp/0/webrtc-direct",
                               r"udp/[1-9]\d*/webrtc-direct", (("transport", "webrtc"),), "", ""),
}

WE_DIAL = "we dial"
PEER_DIALS = "peer dials"
DIRECTIONS = (WE_DIAL, PEER_DIALS)


class Failed(Exception):
    """The cell did not hold."""


class NotApplicable(Exception):
    """The peer's library cannot do it."""


class Skipped(Exception):
    """Something that the cell needs is not here."""


@dataclass(frozen=True)
class Program:
    """How to start one side."""

    argv: tuple[str, ...]
    listen_options: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    tells_echo_end: bool = False
    tells_connections: bool = False
    serves: frozenset[str] = frozenset()  # where it does not say so itself
    records: bool = True
    short: str = "p2p"
    name: str = "p2p"
    listens_v2: bool = True
    dials_v2: bool = True
    dials: int = 3  # fresh connections whose time is measured


@dataclass
class Cell:
    peer: str
    transport: str
    direction: str
    name: str
    status: str  # "passed", "failed", "skipped", "n/a"
    detail: str
    seconds: float


@dataclass(frozen=True)
class Sizes:
    pings: int
    transfer: int
    streams: int
    many: int


# ---- Processes --------------------------------------------------------------------------------------------------


def end(process: subprocess.Popen, patience: float = 5) -> int | None:
    """Ends a process that this run started, by its own pid. Gives its exit code, None if it had to be killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return None
    return process.returncode


def parsed(line: str) -> dict | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


@dataclass
class Outcome:
    code: int
    objects: list[dict]
    raw: bytes
    errors: str

    def said(self) -> str:
        """What a person would look at first."""
        for value in reversed(self.objects):
            if value.get("event") == "error":
                return f"{value.get('code')}: {value.get('message')}"
        return (self.errors.strip() or self.raw.decode(errors="replace").strip())[-400:]

    def one(self, **wanted) -> dict:
        for value in self.objects:
            if all(value.get(k) == v for k, v in wanted.items()):
                return value
        raise Failed(f"no {wanted} on stdout; exit code {self.code}; {self.said()}")


def run(argv: list[str], deadline: float, stdin: bytes | None = None, env: dict | None = None) -> Outcome:
    process = subprocess.Popen(argv, stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    try:
        out, err = process.communicate(stdin, timeout=deadline)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        tail = (out.decode(errors="replace") + err.decode(errors="replace")).strip()[-300:]
        raise Failed(f"still running after {deadline:.0f} s: {' '.join(argv[-4:])}; {tail}") from None
    objects = [v for v in map(parsed, out.decode(errors="replace").splitlines()) if v is not None]
    outcome = Outcome(process.returncode, objects, out, err.decode(errors="replace"))
    for value in objects:
        if value.get("event") == "error" and value.get("code") == "unsupported":
            raise NotApplicable(str(value.get("message")))
    return outcome


def command(program: Program, *args: str, deadline: float = 60, stdin: bytes | None = None) -> Outcome:
    """Runs a command that has to succeed."""
    outcome = run([*program.argv, *args, *program.options], deadline, stdin)
    if outcome.code != 0:
        raise Failed(f"{args[0]}: exit code {outcome.code}; {outcome.said()}")
    return outcome


class Listener:
    """A listening program; its events are read all the time, so that it never blocks on its stdout."""

    def __init__(self, program: Program, transport: Transport, log: Path):
        self.program = program
        self.transport = transport
        self.events: list[dict] = []
        self.changed = threading.Condition()
        self.errors = log.open("wb")
        self.log = log
        argv = [*program.argv, "listen", "--listen", LOOPBACK + transport.wildcard, *program.listen_options, *program.options]
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        try:
            self.listening = self.expect(30, event="listening")
        except Failed as failed:
            self.close()
            raise Failed(f"{failed}; stderr: {log.read_text(errors='replace').strip()[-300:]}") from None
        self.peer = self.listening["peer"]
        found = [a for a in self.listening["addresses"] if re.match(LOOPBACK + transport.bare, a)]
        if not found or not found[0].endswith("/p2p/" + self.peer):
            self.close()
            raise Failed(f"no usable address in {self.listening}")
        self.address = found[0]
        self.bare = self.address[: -len("/p2p/" + self.peer)]

    def _read(self):
        for line in self.process.stdout:
            value = parsed(line.decode(errors="replace"))
            if value is not None:
                with self.changed:
                    self.events.append(value)
                    self.changed.notify_all()
        with self.changed:
            self.changed.notify_all()

    def all(self, **wanted) -> list[dict]:
        with self.changed:
            return [e for e in self.events if all(e.get(k) == v for k, v in wanted.items())]

    def count(self, **wanted) -> int:
        with self.changed:
            return sum(all(e.get(k) == v for k, v in wanted.items()) for e in self.events)

    def expect(self, patience: float, more_than: int = 0, **wanted) -> dict:
        """Waits for one more event of a kind than there were."""
        until = time.monotonic() + patience
        with self.changed:
            while True:
                found = [e for e in self.events if all(e.get(k) == v for k, v in wanted.items())]
                if len(found) > more_than:
                    return found[-1]
                left = until - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not self.reader.is_alive()):
                    raise Failed(f"the listener did not say {wanted}")
                self.changed.wait(min(left, 0.2))

    def close(self) -> int | None:
        code = end(self.process)
        self.reader.join(2)
        self.errors.close()
        return code


class Redis:
    """A redis-server of our own, on a free port of the loopback interface."""

    def __init__(self, folder: Path):
        self.process = None
        program = shutil.which("redis-server")
        if program is None:
            return
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process = subprocess.Popen(
            [program, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no", "--dir",
             str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                    connection.sendall(b"PING\r\n")
                    if connection.recv(16).startswith(b"+PONG"):
                        return
            except OSError:
                time.sleep(0.1)
        self.close()

    def ask(self, *words: str):
        """One command on a connection of its own: a text, a number, a list, or None."""
        text = f"*{len(words)}\r\n" + "".join(f"${len(w.encode())}\r\n{w}\r\n" for w in words)
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection, connection.makefile("rb") as answer:
            connection.sendall(text.encode())
            return self._reply(answer)

    def _reply(self, answer):
        line = answer.readline().rstrip()
        kind, rest = line[:1], line[1:].decode()
        if kind == b"$":
            return None if rest == "-1" else answer.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return None if rest == "-1" else [self._reply(answer) for _ in range(int(rest))]
        if kind == b":":
            return int(rest)
        if kind == b"+":
            return rest
        raise Failed(f"Redis: {line!r}")

    def somebody_waits(self) -> bool:
        """Whether a client of this server is blocked in BLPOP."""
        return bool(re.search(r"\bflags=b\b.*\bcmd=blpop\b", self.ask("CLIENT", "LIST")))

    def close(self):
        if self.process is not None:
            end(self.process)
            self.process = None


# ---- Cells --------------------------------------------------------------------------------------------------------


def rate(count: int, seconds: float) -> float:
    return count / 1e6 / max(seconds, 1e-9)


def check_connect(dialer: Program, listener: Listener, sizes: Sizes) -> str:
    summary = command(dialer, "connect", listener.address, "--count", str(dialer.dials)).one(event="summary")
    if summary.get("connections") != dialer.dials or summary.get("failed") != 0:
        raise Failed(f"of {dialer.dials} connections: {summary}")
    known = identify(dialer, listener)
    for what, wanted in listener.transport.stack:
        if wanted not in str(known.get(what)):
            raise Failed(f"{what} is {known.get(what)!r}, not {wanted}")
    return f"{summary['median_ms']:.2f} ms"


def identify(dialer: Program, listener: Listener) -> dict:
    outcome = command(dialer, "identify", listener.address)
    for value in outcome.objects:
        if "agent" in value:
            return value
    raise Failed(f"no identification on stdout: {outcome.said()}")


def without_peer(address) -> str:
    return re.sub(r"/p2p/\w+$", "", str(address))


def bare(address) -> str:
    """Without the certificate of a WebRTC dialer too, which some tell and some do not."""
    return re.sub(r"/certhash/[\w-]+", "", without_peer(address))


def check_identify(dialer: Program, listener: Listener, sizes: Sizes) -> str:
    before = len(listener.all(event="connected"))
    known = identify(dialer, listener)

    def must_be(what: str, found, wanted) -> None:
        if found != wanted:
            raise Failed(f"{what} {found!r}, not {wanted!r}")

    # The id is the key: these are identity multihashes of Ed25519 keys, and Noise has proven it.
    must_be("peer", known.get("peer"), listener.peer)
    must_be("agent", known.get("agent"), listener.listening["agent"])
    protocols = known.get("protocols", [])
    must_be("protocols", sorted(set(protocols)), sorted(listener.listening.get("protocols") or listener.program.serves))
    must_be("number of protocols", len(protocols), len(set(protocols)))
    from_outside = (dialer.short, listener.transport.name) in DIALS_FROM_OUTSIDE
    addresses = {without_peer(a) for a in known.get("addresses", ())}
    must_be("addresses", addresses, set() if from_outside else {listener.bare})
    if (listener.program.short, listener.transport.name) in WITHOUT_OBSERVED:
        return known["agent"]
    observed = bare(known.get("observed"))
    if re.fullmatch(LOOPBACK + r"udp/[1-9]\d*", observed):  # and tells it so
        observed += "/webrtc-direct"
    if not re.fullmatch((r"/ip4/[\d.]+/" if from_outside else LOOPBACK) + listener.transport.bare, observed):
        raise Failed(f"observed {known.get('observed')!r}")
    if "local" in known:
        # go-libp2p calls the local address of a WebRTC connection by its UDP socket alone.
        local = bare(known["local"])
        must_be("observed address", observed.startswith(local + "/") or observed == local, True)
    if listener.program.tells_connections:
        listener.expect(10, before, event="connected")
        seen = [bare(e["address"]) for e in listener.all(event="connected")[before:]]
        must_be("observed address is one that the listener saw", observed in seen, True)
    elif "local" not in known:
        raise Failed("nobody tells which address the dialer has")
    if "signed_record" in known:
        must_be("signed record", known["signed_record"], dialer.records and listener.program.records)
    return known["agent"]


def ping_once_each(dialer: Program, listener: Listener) -> str:
    """One ping a connection."""
    times = []
    for _ in range(10):
        outcome = command(dialer, "ping", listener.address, "--count", "1")
        times.append(outcome.one(event="summary")["median_ms"])
    return f"{statistics.median(times):.2f} ms, each of its own connection"


def check_ping(dialer: Program, listener: Listener, sizes: Sizes) -> str:
    if (listener.program.short, listener.transport.name) in ANSWERS_ONE_PING:
        return ping_once_each(dialer, listener)
    outcome = command(dialer, "ping", listener.address, "--count", str(sizes.pings))
    got = sum(v.get("event") == "ping" and v.get("rtt_ms", -1) >= 0 for v in outcome.objects)
    summary = outcome.one(event="summary")
    if got != sizes.pings or summary.get("received") != sizes.pings:
        raise Failed(f"{got} of {sizes.pings} answers; {summary}")
    return f"{summary['median_ms']:.2f} ms"


def check_perf(dialer: Program, listener: Listener, sizes: Sizes) -> str:
    size = str(sizes.transfer)
    outcome = command(dialer, "perf", listener.address, "--upload", size, "--download", size, deadline=150)
    result = next((v for v in outcome.objects if "upload_bytes" in v), {})
    if result.get("upload_bytes") != sizes.transfer or result.get("download_bytes") != sizes.transfer:
        raise Failed(f"not all bytes: {result or outcome.said()}")
    up, down = rate(sizes.transfer, result["upload_seconds"]), rate(sizes.transfer, result["download_seconds"])
    return f"{up:.0f}/{down:.0f} MB/s"


def check_perf_echo(dialer: Program, listener: Listener, sizes: Sizes) -> str:
    options = ["--bytes", str(sizes.transfer)]
    if (listener.program.short, listener.transport.name) in RESETS_WHEN_BEHIND and dialer.short == "p2p":
        options += ["--in-flight", str(MIB)]
    outcome = command(dialer, "perf-echo", listener.address, *options, deadline=150)
    result = outcome.one(event="perf_echo")
    if result.get("ok") is not True or result.get("bytes") != sizes.transfer:
        raise Failed(str(result))
    return f"{rate(sizes.transfer, result['seconds']):.0f} MB/s"


def check_echo(dialer: Program, listener: Listener, sizes: Sizes) -> str:
    sent = random.Random(7).randbytes(MIB + 1)
    outcome = command(dialer, "echo", listener.address, stdin=sent)
    if outcome.raw != sent:
        raise Failed(f"{len(sent)} bytes in, {len(outcome.raw)} bytes out, or others")
    return "1 MiB"


def check_streams(dialer: Program, listener: Listener, sizes: Sizes) -> str:
    count = str(sizes.streams)
    summary = command(dialer, "streams", listener.address, "--count", count, "--parallel", count).one(event="summary")
    if summary.get("streams") != sizes.streams or summary.get("failed") != 0:
        raise Failed(str(summary))
    return f"{summary['median_ms']:.1f} ms"


def check_half_close(dialer: Program, listener: Listener, sizes: Sizes) -> str:
    before = listener.count(event="echo_ended", reason="eof")
    if command(dialer, "half-close", listener.address).one(event="half_close").get("ok") is not True:
        raise Failed("other bytes came back")
    if listener.program.tells_echo_end:
        listener.expect(10, before, event="echo_ended", reason="eof")
    return ""


def check_reset(dialer: Program, listener: Listener, sizes: Sizes) -> str:
    before = listener.count(event="echo_ended", reason="reset")
    result = command(dialer, "reset", listener.address).one(event="reset")
    if (listener.program.short, listener.transport.name) in NEVER_RESETS:
        listener.expect(10, before, event="echo_ended", reason="reset")
        raise NotApplicable(f"{listener.program.name} ends a WebRTC stream that it drops, and cannot reset it")
    if result.get("seen") is not True:
        raise Failed(f"the dialer did not see the listener's reset: {result.get('how', '')}")
    if listener.program.tells_echo_end:
        listener.expect(10, before, event="echo_ended", reason="reset")
    return ""


def check_stranger(dialer: Program, listener: Listener, sizes: Sizes) -> str:
    address = f"{listener.bare}/p2p/{STRANGER}"
    outcome = run([*dialer.argv, "ping", address, "--count", "1", *dialer.options], 60)
    error = outcome.one(event="error")
    if outcome.code != 1 or error.get("code") != "peer_mismatch":
        raise Failed(f"exit code {outcome.code}, {outcome.said()}")
    command(dialer, "ping", listener.address, "--count", "1")  # and the listener is as well as before
    return ""


def check_certificate(dialer: Program, listener: Listener, sizes: Sizes) -> str:
    """The right address and peer with another certificate."""
    other = "uEi" + "D" * 43 + "A"
    address = re.sub(r"(/certhash/)[\w-]+", r"\g<1>" + other, listener.address)
    if other not in address:
        raise Failed(f"no certhash in {listener.address}")
    outcome = run([*dialer.argv, "ping", address, "--count", "1", *dialer.options], 60)
    error = outcome.one(event="error")
    if outcome.code != 1:
        raise Failed(f"exit code {outcome.code}, {outcome.said()}")
    command(dialer, "ping", listener.address, "--count", "1")
    return str(error.get("code"))


def check_many_streams(dialer: Program, listener: Listener, sizes: Sizes) -> str:
    """One after the other on one connection, a few at once."""
    summary = command(dialer, "streams", listener.address, "--count", str(sizes.many), "--parallel", "8",
                      deadline=150).one(event="summary")
    if summary.get("streams") != sizes.many or summary.get("failed") != 0:
        raise Failed(str(summary))
    return f"{summary['per_second']:.0f}/s"


def check_version_2(dialer: Program, listener: Listener, sizes: Sizes) -> str:
    if not dialer.dials_v2:
        raise NotApplicable(f"{dialer.name} does not dial version 2 of WebRTC-Direct")
    if not listener.program.listens_v2:
        raise NotApplicable(f"{listener.program.name} does not listen for version 2 of WebRTC-Direct")
    summary = command(dialer, "ping", listener.address, "--count", str(sizes.pings), *V2).one(event="summary")
    if summary.get("received") != sizes.pings:
        raise Failed(str(summary))
    summary = command(dialer, "connect", listener.address, "--count", str(dialer.dials), *V2).one(event="summary")
    if summary.get("connections") != dialer.dials or summary.get("failed") != 0:
        raise Failed(f"of {dialer.dials} connections: {summary}")
    return f"{summary['median_ms']:.2f} ms"


def check_page(dialer: Program, listener: Listener, sizes: Sizes) -> str:
    """The page of `p2p listen --http`, in a browser that allows version 1 and in one that does not."""
    url = listener.expect(10, event="http")["url"]
    for version in ("1", "2"):
        said = listener.count(event="chat", text="hello, node")
        found = command(dialer, "page", url, "--webrtc-version", version, deadline=150).one(event="page")
        if f"version {version}," not in found["connected"] or found["agent"] != listener.listening["agent"]:
            raise Failed(str(found))
        if "16 MiB each way" not in found["measured"] or found["console"]:
            raise Failed(str(found))
        listener.expect(10, said, event="chat", text="hello, node")
    return ""


LATENCY = re.compile(r"latency:\n  handshake_plus_one_rtt: (\d+\.?\d*)\n  ping_rtt: (\d+\.?\d*)\n  unit: ms\n?")


class Contract:
    """One test of libp2p's unified-testing: what both sides find in their environment, and the key in Redis."""

    def __init__(self, redis: Redis, transport: Transport, name: str, ip: str = "127.0.0.1"):
        if redis.process is None:
            raise Skipped("redis-server is not installed")
        self.redis = redis
        self.transport = transport
        self.ip = ip
        stack = ", ".join(filter(None, (transport.name, transport.security, transport.muxer)))
        self.test = hashlib.sha256(f"{name} ({stack})\n".encode()).hexdigest()[:8]
        self.key = self.test + "_listener_multiaddr"

    def environment(self, is_dialer: bool) -> dict[str, str]:
        return {
            **os.environ,
            "TRANSPORT": self.transport.name, "SECURE_CHANNEL": self.transport.security,
            "MUXER": self.transport.muxer, "DEBUG": "false",
            "REDIS_ADDR": f"127.0.0.1:{self.redis.port}", "LISTENER_IP": self.ip, "TEST_KEY": self.test,
            "IS_DIALER": "true" if is_dialer else "false",
        }

    def dial(self, dialer: Program) -> tuple[float, float]:
        return self.figures(run(list(dialer.argv), 60, env=self.environment(True)))

    def published(self, patience: float = 30) -> str:
        """What the listener has put there; it stays."""
        until = time.monotonic() + patience
        while time.monotonic() < until:
            found = self.redis.ask("LRANGE", self.key, "0", "-1")
            if found:
                if len(found) != 1:
                    raise Failed(f"the listener published {found}")
                return found[0]
            time.sleep(0.02)
        raise Failed("the listener published nothing")

    @staticmethod
    def figures(outcome: Outcome) -> tuple[float, float]:
        """Handshake plus one round trip, and a ping, in milliseconds."""
        text = outcome.raw.decode(errors="replace")
        found = LATENCY.fullmatch(text)
        said = outcome.errors.strip()
        if outcome.code != 0 and said.startswith("unsupported: "):
            raise NotApplicable(said.removeprefix("unsupported: "))
        if outcome.code != 0 or not found:
            raise Failed(f"exit code {outcome.code}, stdout {text[-200:]!r}, stderr {outcome.errors.strip()[-300:]!r}")
        return float(found[1]), float(found[2])


@dataclass(frozen=True)
class Test:
    """What a cell of unified-testing is run with, beside the two programs."""

    redis: Redis
    transport: Transport
    name: str

    def contract(self, part: str = "", ip: str = "127.0.0.1") -> Contract:
        return Contract(self.redis, self.transport, self.name + part, ip)


class UnifiedListener:
    """The listening side of a test; leaving the block ends it, and it has to have run until then."""

    def __init__(self, program: Program, contract: Contract, log: Path):
        self.log = log
        with log.open("wb") as errors:
            self.process = subprocess.Popen(program.argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=errors, env=contract.environment(False))

    def __enter__(self) -> "UnifiedListener":
        return self

    def __exit__(self, kind, *_) -> None:
        ended = self.process.poll()
        end(self.process)
        if ended is not None and kind in (None, Failed):
            said = self.log.read_text(errors="replace").strip()[-300:]
            raise Failed(f"the listener ended with exit code {ended}: {said}")


def check_unified(dialer: Program, listener: Program, test: Test, log: Path) -> str:
    contract = test.contract()
    with UnifiedListener(listener, contract, log):
        handshake, _ = contract.dial(dialer)
    return f"{handshake:.1f} ms"


def check_dialer_first(dialer: Program, listener: Program, test: Test, log: Path) -> str:
    """The dialer has to wait at Redis for the address of a listener that starts late."""
    contract = test.contract()
    dialing = subprocess.Popen(dialer.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               env=contract.environment(True))
    try:
        until = time.monotonic() + 30
        while not test.redis.somebody_waits():
            if dialing.poll() is not None or time.monotonic() > until:
                raise Failed(f"the dialer does not wait at Redis; exit code {dialing.poll()}")
            time.sleep(0.05)
        time.sleep(1)
        if dialing.poll() is not None:
            raise Failed(f"the dialer did not wait; exit code {dialing.returncode}")
        with UnifiedListener(listener, contract, log):
            try:
                out, err = dialing.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                raise Failed("the dialer still runs 60 s after the listener was started") from None
            contract.figures(Outcome(dialing.returncode, [], out, err.decode(errors="replace")))
    finally:
        end(dialing)
    return ""


def address_of_machine() -> str | None:
    """What others would reach this machine by; no packet is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
            found = probe.getsockname()[0]
        except OSError:
            return None
    return None if found.startswith("127.") else found


def check_any_interface(dialer: Program, listener: Program, test: Test, log: Path) -> str:
    """LISTENER_IP=0.0.0.0: what is published has to be an address that another container can dial."""
    contract = test.contract(ip="0.0.0.0")
    with UnifiedListener(listener, contract, log):
        address = contract.published()
        found = re.fullmatch(r"/ip4/([\d.]+)/" + test.transport.bare, bare(address))
        if not found or found[1] == "0.0.0.0":
            raise Failed(f"published {address}")
        if found[1].startswith("127.") and address_of_machine() is not None:
            raise Failed(f"published {address}, where the machine has {address_of_machine()}")
        contract.dial(dialer)
    return ""


ONE_WAY = 0.25  # seconds; long beside what a busy machine adds to a handshake
TRIES = 3
AT_MOST = 3.3  # round trips: TCP, Noise, and the question with its answer


class Trips:
    """From the dial to the first octet of an answer, in round trips, over a slow link.

    What both programs compute meanwhile is measured without the link, and taken off: 80 ms with an interpreted peer.
    The least of some tries counts, since a busy machine only ever adds.
    """

    def __init__(self, dialer: Program, listener: Program, test: Test, log: Path):
        self.programs = (dialer, listener)
        self.test = test
        self.log = log
        self.far = self.near = float("inf")  # milliseconds
        self.flights = ""

    def measure(self) -> float:
        dialer, listener = self.programs
        behind = self.test.contract(" behind the link")
        before = self.test.contract(" before the link")
        with UnifiedListener(listener, behind, self.log):
            host, port, peer = re.fullmatch(r"/ip4/([\d.]+)/tcp/(\d+)(/p2p/\w+)", behind.published()).groups()
            link = SlowLink(host, int(port), ONE_WAY)
            try:
                self.test.redis.ask("RPUSH", before.key, f"{LOOPBACK}tcp/{link.port}{peer}")
                took, ping = before.dial(dialer)
            finally:
                link.close()
            self.near = min(self.near, behind.dial(dialer)[0])
        if ping < 2000 * ONE_WAY:
            raise Failed(f"a ping took {ping} ms over a link of {2000 * ONE_WAY:.0f} ms")
        if took < self.far:
            self.far, self.flights = took, link.told()
        return (self.far - self.near) / (2000 * ONE_WAY)


def check_trips(*sides) -> str:
    trips = Trips(*sides)
    for _ in range(TRIES):
        took = trips.measure()
        if took <= AT_MOST:
            break
    if not 2.5 < took <= AT_MOST:  # with fewer it was not this link
        raise Failed(f"{took:.2f} round trips: {trips.flights}")
    return f"{took:.1f}"


def check_trips_of_peer(dialer: Program, listener: Program, test: Test, log: Path) -> str:
    """How it dials is the peer's affair; our listener may not cost it more than its own does."""
    ours = Trips(dialer, listener, test, log)
    its_own = Trips(dialer, dialer, replace(test, name=test.name + ", its own"), log)
    for _ in range(TRIES):
        took, own = ours.measure(), its_own.measure()
        if took <= own + 0.5:
            return f"{took:.1f}, {own:.1f} with its own listener"
    raise Failed(f"{took:.2f} round trips, {own:.2f} with its own listener: {ours.flights}; own: {its_own.flights}")


# Cell, what we use as a dialer, what we use as a listener, check.
CELLS = (
    ("connect, noise, yamux", "p2p", "p2p", check_connect),
    ("identify", "p2p", "p2p", check_identify),
    ("pings", "p2p", "p2p", check_ping),
    ("perf, up/down", "p2p", "p2p", check_perf),
    ("perf-echo, bytes checked", "probe", "p2p", check_perf_echo),
    ("echo of stdin", "p2p", "p2p", check_echo),
    ("streams at once", "p2p", "p2p", check_streams),
    ("half close", "probe", "probe", check_half_close),
    ("reset, both ways", "probe", "probe", check_reset),
    ("wrong peer id refused", "p2p", "p2p", check_stranger),
)
# Of WebRTC-Direct alone.
WEBRTC_CELLS = (
    ("streams, 8 at once", "p2p", "p2p", check_many_streams),
    ("wrong certhash refused", "p2p", "p2p", check_certificate),
    ("version 2", "p2p", "p2p", check_version_2),
)
# Cell, check when we dial, check when the peer dials: programs that only the environment drives.
UNIFIED = (
    ("unified-testing", check_unified, check_unified),
    ("unified, dialer first", check_dialer_first, check_dialer_first),
    ("unified, 0.0.0.0", check_any_interface, check_any_interface),
)
TCP_UNIFIED = (
    ("round trips to first echo", check_trips, check_trips_of_peer),
)
PAGE = "page of p2p listen --http"  # of browsers that take orders
STAYS_CLOSED = "stays closed"  # of light clients alone
STAY = 4  # seconds that we keep their connection
SILENCE = 16  # seconds after that in which none may come
ENDS = "ends at SIGTERM"
ALONE = frozenset({"perf, up/down", "round trips to first echo"})  # what measures; nothing else runs beside it


def cells_over(transport: str) -> tuple:
    return CELLS + (WEBRTC_CELLS if transport == "webrtc-direct" else ())


def unified_over(transport: str) -> tuple:
    return UNIFIED + (TCP_UNIFIED if transport == "tcp" else ())


def rows_over(transport: str) -> list[str]:
    return [*(c[0] for c in cells_over(transport)), *(c[0] for c in unified_over(transport)), ENDS]


class Turns:
    """Some cells run at a time, or one that wants to be alone."""

    def __init__(self):
        self.changed = threading.Condition()
        self.running = 0  # -1: one that is alone
        self.waiting = 0  # to be alone

    @contextmanager
    def take(self, alone: bool):
        with self.changed:
            self.waiting += alone
            self.changed.wait_for(lambda: self.running == 0 if alone else self.running >= 0 and self.waiting == 0)
            self.waiting -= alone
            self.running = -1 if alone else self.running + 1
        try:
            yield
        finally:
            with self.changed:
                self.running = 0 if alone else self.running - 1
                self.changed.notify_all()


class Run:
    def __init__(self, ours: dict[str, Program | None], slow: dict[tuple[str, str], Sizes],
                 peers: dict[str, Program], sizes: Sizes, folder: Path):
        self.ours = ours
        self.slow = slow
        self.peers = peers
        self.sizes = sizes
        self.folder = folder
        self.cells: list[Cell] = []
        self.told = threading.Lock()
        self.turns = Turns()

    def our(self, role: str) -> Program:
        program = self.ours[role]
        if program is None:
            name = {"probe": "interop_probe", "light": "light_client_listener"}.get(role, "p2p")
            raise Skipped(f"{name} is not built")
        return program

    def cell(self, peer: str, transport: Transport, direction: str, name: str, work) -> None:
        with self.turns.take(name in ALONE):
            began = time.monotonic()
            try:
                status, detail = "passed", work()
            except Failed as failed:
                status, detail = "failed", str(failed)
            except NotApplicable as reason:
                status, detail = "n/a", str(reason)
            except Skipped as reason:
                status, detail = "skipped", str(reason)
            seconds = round(time.monotonic() - began, 3)
        detail = " ".join(detail.split())
        with self.told:
            self.cells.append(Cell(peer, transport.name, direction, name, status, detail, seconds))
            print(f"{NAMES[peer]:12} {transport.name:13} {direction:11} {name:26} {status:8} {detail}", file=sys.stderr, flush=True)

    def all_directions(self, peer: str, transport: Transport) -> None:
        if peer in LIGHT_CLIENTS:
            self.light_client(peer, transport)
            return
        redis = Redis(self.folder)  # one of its own: whether a dialer waits there is seen only when it is the only one
        try:
            for direction in (PEER_DIALS,) if peer in BROWSERS else DIRECTIONS:
                self.pair(peer, transport, direction, redis)
        finally:
            redis.close()

    def light_client(self, peer: str, transport: Transport) -> None:
        """One run of it, in which it, and we, do of ourselves what the cells ask about."""
        program = self.peers.get(peer)
        found: dict = {}

        def dials():
            if program is None:
                raise Skipped(f"the peer {NAMES[peer]} is not built")
            ours = self.our("light")
            found["listener"] = listener = Listener(ours, transport, self.folder / f"{peer}.log")
            outcome = command(program, peer, listener.address, "--seconds", str(STAY + SILENCE))
            found["log"] = outcome.one(event="log")["lines"]
            if sum("handshake-finished" in line for line in found["log"]) < 1:
                raise Failed(f"it did not connect: {found['log'][-3:]}")
            return ""

        def seen(event: str, **wanted) -> dict:
            if "log" not in found:
                raise Skipped("it did not run")
            return found["listener"].expect(1, event=event, **wanted)

        def identify():
            known = seen("identified")
            if not known["agent"].startswith("smoldot") or "/ipfs/ping/1.0.0" not in known["protocols"]:
                raise Failed(str(known))
            seen("stream", protocol="/ipfs/id/1.0.0", inbound=True)
            return known["agent"]

        def pings():
            known = seen("pinged")
            if known["count"] < 1:
                raise Failed(str(known))
            if not any("pong;" in line for line in found["log"]):
                raise Failed("it had no answer to its own ping")
            return ""

        def stays_closed():
            seen("closed")
            count = found["listener"].count(event="connected")
            if count != 1:
                raise Failed(f"{count} connections")
            return ""

        def ends():
            seen("listening")
            code = found["listener"].close()
            if code != 0:
                raise Failed(f"exit code {code}")
            return ""

        try:
            for name, work in ((CELLS[0][0], dials), ("identify", identify), ("pings", pings),
                               (STAYS_CLOSED, stays_closed), (ENDS, ends)):
                self.cell(peer, transport, PEER_DIALS, name, work)
        finally:
            if "listener" in found:
                found["listener"].close()

    def pair(self, peer: str, transport: Transport, direction: str, redis: Redis) -> None:
        program = self.peers.get(peer)
        if program is None:
            def missing():
                raise Skipped(f"the peer {NAMES[peer]} is not built")
            for name in rows_over(transport.name):
                self.cell(peer, transport, direction, name, missing)
            return

        listeners: dict[str, Listener | Failed] = {}

        def listener_of(role: str) -> Listener:
            key = "peer" if direction == WE_DIAL else role
            if key not in listeners:
                to_start = program if direction == WE_DIAL else self.our(role)
                try:
                    listeners[key] = Listener(to_start, transport, self.folder / f"{peer}-{transport.name}-{direction[:2]}-{key}.log")
                except Failed as failed:
                    listeners[key] = failed
            found = listeners[key]
            if isinstance(found, Failed):
                raise found
            if found.process.poll() is not None:
                raise Failed(f"the listener has ended, exit code {found.process.returncode}")
            return found

        try:
            for name, dial_role, listen_role, check in cells_over(transport.name):
                def work():
                    dialer = self.our(dial_role) if direction == WE_DIAL else program
                    sizes = self.slow.get((peer, transport.name), self.sizes)
                    return check(dialer, listener_of(listen_role), sizes)
                self.cell(peer, transport, direction, name, work)

            if peer in BROWSERS and transport.name == "webrtc-direct":
                def page():
                    log = self.folder / f"{peer}-page.log"
                    ours = replace(self.our("p2p"), listen_options=("--http", "127.0.0.1:0"))
                    listener = Listener(ours, transport, log)
                    try:
                        return check_page(program, listener, self.sizes)
                    finally:
                        listener.close()
                self.cell(peer, transport, direction, PAGE, page)

            for name, we_dial, peer_dials in unified_over(transport.name):
                def unified():
                    ours = self.our("probe")
                    test = Test(redis, transport, f"{name} {peer} {direction} {os.getpid()}")
                    log = self.folder / f"{peer}-{transport.name}-unified.log"
                    if direction == WE_DIAL:
                        return we_dial(ours, program, test, log)
                    return peer_dials(program, ours, test, log)
                self.cell(peer, transport, direction, name, unified)

            def ends():
                running = [found for found in listeners.values() if isinstance(found, Listener)]
                if not running:
                    raise Skipped("nothing listened")
                for found in running:
                    code = found.close()
                    if code != 0:
                        said = found.log.read_text(errors="replace").strip()[-300:]
                        raise Failed(f"exit code {code}" if code is not None else f"had to be killed; {said}")
                return ""
            self.cell(peer, transport, direction, ENDS, ends)
        finally:
            for found in listeners.values():
                if isinstance(found, Listener):
                    found.close()


# ---- Reports ------------------------------------------------------------------------------------------------------


def versions() -> dict[str, str]:
    """The versions that the lock files name."""
    folder = HERE / "peers"
    patterns = {
        "go": (folder / "go/go.mod", r"github\.com/libp2p/go-libp2p v(\S+)"),
        "rust": (folder / "rust/Cargo.lock", r'name = "libp2p"\nversion = "([^"]+)"'),
        "litep2p": (folder / "rust/Cargo.lock", r'name = "litep2p"\nversion = "([^"]+)"'),
        "js": (folder / "js/package-lock.json", r'"node_modules/libp2p": \{\s*"version": "([^"]+)"'),
        "py": (folder / "py/requirements.lock", r"(?m)^libp2p==(\S+)$"),
        "chromium": (folder / "chromium/package-lock.json", r'"node_modules/libp2p": \{\s*"version": "([^"]+)"'),
        "smoldot": (folder / "chromium/package-lock.json", r'"node_modules/smoldot": \{\s*"version": "([^"]+)"'),
    }
    found = {}
    for peer, (path, pattern) in patterns.items():
        match = re.search(pattern, path.read_text())
        found[peer] = match[1] if match else "unknown"
    return found


def table(cells: list[Cell], peers: list[str], transports: list[str], show) -> list[list[str]]:
    by_key = {(c.peer, c.transport, c.direction, c.name): c for c in cells}
    rows = [["", "", "", *(NAMES[p] for p in peers)]]
    for transport in transports:
        for direction in DIRECTIONS:
            for name in (*rows_over(transport), PAGE, STAYS_CLOSED):
                cells_of_row = [by_key.get((p, transport, direction, name)) for p in peers]
                if any(cells_of_row):
                    rows.append([transport, direction, name, *(show(c) if c else "" for c in cells_of_row)])
    return rows


def for_terminal(cell: Cell) -> str:
    if cell.status == "passed":
        return "ok" + (f"  {cell.detail}" if cell.detail and cell.name != "identify" else "")
    return cell.status.upper() if cell.status == "failed" else cell.status


def rounded(text: str) -> str:
    """Figures to one digit that counts: another run shall give the same text as a rule."""
    def short(match: re.Match) -> str:
        value = float(match[0])
        return f"{float(f'{value:.0e}'):g}" if value else "0"
    return re.sub(r"\d+(\.\d+)?", short, text)


def for_docs(cell: Cell) -> str:
    if cell.status != "passed":
        return "**failed**" if cell.status == "failed" else cell.status
    if not cell.detail or cell.name in ("identify", "echo of stdin"):
        return "yes"
    return f"yes, {rounded(cell.detail)}"


def document(cells: list[Cell], peers: list[str], transports: list[str], sizes: Sizes) -> list[str]:
    version = versions()
    lines = [
        "| Peer | Version |",
        "|---|---|",
        *(f"| {NAMES[p]} | {version[p]} |" for p in peers),
        "",
        "What the cells mean:",
        "",
        "- connect: three fresh connections (20 of a browser), and identify shows the transport, security and muxer; the",
        "  figure is the median time.",
        "- identify: peer id, agent, all protocols, listen addresses, observed address and whether the record is signed",
        "  are what the other side says of itself.",
        f"- pings: {sizes.pings} on one stream; the median.",
        f"- perf: {sizes.transfer // MIB} MiB up and {sizes.transfer // MIB} MiB down by `/perf/1.0.0`, counted.",
        f"- perf-echo: {sizes.transfer // MIB} MiB of a pattern by `/echo/1.0.0`, read back meanwhile, all compared.",
        "- echo of stdin: 1 MiB of random bytes through `/echo/1.0.0`, compared.",
        f"- streams: {sizes.streams} at once, each negotiated, 1 KiB echoed and compared; the median.",
        "- half close: the dialer ends its side, the answer still comes back whole, and the listener sees the end.",
        "- reset: the dialer sees the listener's reset of a stream, and the listener sees the dialer's.",
        "- wrong peer id: the right address with another peer id gives `peer_mismatch`, the listener goes on.",
        f"- streams, 8 at once: {sizes.many} streams of one WebRTC connection, as above; how many a second.",
        "- wrong certhash: the right address and peer id with another certificate; which error the dialer gives.",
        "- version 2: pings and three connections with what WebRTC-Direct calls `libp2p+webrtc+v2`; all else is version 1.",
        "  With py-libp2p over WebRTC: 8 MiB, 20 pings, 8 streams at once, 100 in all. In Chromium it is the dialer of",
        "  `p2p listen --http`, in a browser that has been told to refuse what version 1 needs, and that has to refuse it.",
        "- unified-testing: libp2p's transport test contract (environment variables, Redis, YAML); the figure is the",
        "  handshake plus one round trip. The dialer once starts before the listener and waits; and a listener on",
        "  0.0.0.0 publishes an address that another machine can dial.",
        f"- round trips to first echo: from the dial to the first octet of an answer (of ping) over a TCP link of",
        f"  {2000 * ONE_WAY:.0f} ms, in round trips, TCP's own included. We may take {AT_MOST}; who dials us, what it takes with",
        "  itself.",
        "- page of p2p listen --http: opened, connected, identified, pinged, 16 MiB each way, a word in the chat; in a browser",
        "  that allows version 1, and in one that does not.",
        "- stays closed: a light client, which has no chain and whose boot node is ours, identifies and pings us, and we",
        f"  it; {STAY} s later we close, and {SILENCE} s after that there was no other connection.",
        "- ends at SIGTERM: the listener ends with exit code 0 after all this.",
        "",
        "Figures are rounded to one digit; they say that nothing is badly slow, no more. `tests/bench` measures.",
    ]
    all_rows = table(cells, peers, transports, for_docs)
    for transport in transports:
        for direction, title in ((WE_DIAL, "We dial the peer"), (PEER_DIALS, "The peer dials us")):
            rows = [row[2:] for row in all_rows if row[:2] == [transport, direction]]
            title += ", over " + TRANSPORTS[transport].title
            used = [i for i in range(len(peers)) if any(row[1 + i] for row in rows)]
            if not used:
                continue
            lines += ["", f"### {title}", "", "| | " + " | ".join(NAMES[peers[i]] for i in used) + " |"]
            lines += ["|---" * (len(used) + 1) + "|"]
            lines += ["| " + " | ".join([row[0], *(row[1 + i] for i in used)]) + " |" for row in rows]
    reasons = sorted({(NAMES[c.peer], c.detail) for c in cells if c.status in ("n/a", "skipped")})
    if reasons:
        lines += ["", "Not applicable or skipped:", "", *(f"- {peer}: {detail}" for peer, detail in reasons)]
    return lines


def print_table(rows: list[list[str]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())


def print_reasons(cells: list[Cell]) -> None:
    """What did not pass, and why; one line for a reason that a peer's cells share."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for cell in cells:
        if cell.status != "passed":
            key = (cell.status, cell.peer, cell.transport, cell.detail)
            groups.setdefault(key, []).append(f"{cell.direction}: {cell.name}")
    for (status, peer, transport, detail), names in groups.items():
        where = "all cells" if len(names) == len(rows_over(transport)) * len(DIRECTIONS) else "; ".join(names)
        print(f"{status}: {NAMES[peer]}, {transport}, {where}: {detail}")


# ---- Command line -------------------------------------------------------------------------------------------------


def build_peers(wanted: list[str]) -> dict[str, list[str]]:
    """Builds what is not built; a peer that could not be built is not in the answer."""
    done = subprocess.run([str(HERE / "peers/build"), *wanted], stdout=subprocess.PIPE, text=True, check=False)
    return json.loads(done.stdout or "{}")


def as_peer(name: str, argv: list[str]) -> Program:
    return Program(tuple(argv), listen_options=("--events",), tells_echo_end=True,
                   serves=SERVED_BY.get(name, frozenset()), records=name in WITH_RECORDS, short=name, name=NAMES[name],
                   listens_v2=name in LISTENS_V2, dials_v2=name in DIALS_V2, dials=20 if name in BROWSERS else 3)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--p2p", type=Path, help="our p2p program")
    parser.add_argument("--probe", type=Path, help="our interop_probe program")
    parser.add_argument("--ours", choices=PEERS, help="put this peer in the place of our programs")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated, default all: %(default)s")
    parser.add_argument("--transports", default=",".join(TRANSPORTS),
                        help="comma-separated, default all: %(default)s")
    parser.add_argument("--quick", action="store_true", help="smaller transfers, fewer pings and streams")
    parser.add_argument("--jobs", type=int, default=min(2, len(os.sched_getaffinity(0))), metavar="N",
                        help="pairs of a peer and a transport at a time, default %(default)s; what measures runs alone")
    parser.add_argument("--write-docs", type=Path, metavar="FILE", help="write the tables there")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the cells as JSON")
    parser.add_argument("--allow-missing", action="store_true", help="go on when one of our programs is not built")
    parser.add_argument("--no-skip", action="store_true", help="a skipped cell counts as a failure")
    args = parser.parse_args()

    wanted = [p for p in args.peers.split(",") if p]
    unknown = [p for p in wanted if p not in PEERS]
    if unknown or not wanted:
        parser.error(f"no such peer: {', '.join(unknown) or 'none given'}")
    transports = [t for t in args.transports.split(",") if t]
    unknown = [t for t in transports if t not in TRANSPORTS]
    if unknown or not transports:
        parser.error(f"no such transport: {', '.join(unknown) or 'none given'}")
    commands = build_peers(sorted({*wanted, *([args.ours] if args.ours else [])}, key=PEERS.index))

    ours: dict[str, Program | None]
    if args.ours:
        if args.ours not in commands:
            parser.error(f"the peer {args.ours} is not built")
        ours = dict.fromkeys(("p2p", "probe"), as_peer(args.ours, commands[args.ours]))
        ours["light"] = None
    else:
        if args.p2p is None:
            parser.error("--p2p or --ours is needed")
        ours = {
            "p2p": Program((str(args.p2p.resolve()),), options=("--json",), tells_connections=True),
            "probe": Program((str(args.probe.resolve()),), tells_echo_end=True) if args.probe else None,
        }
        for role, path in (("p2p", args.p2p), ("probe", args.probe)):
            if path is None or not os.access(path, os.X_OK):
                if not args.allow_missing:
                    parser.error(f"no program at {path} for --{role} (--allow-missing skips its cells)")
                ours[role] = None
        light = args.probe.resolve().with_name("light_client_listener") if args.probe else None
        ours["light"] = (Program((str(light),), listen_options=("--stay", str(STAY)))
                         if light and os.access(light, os.X_OK) else None)

    slow = {("py", "webrtc-direct"): Sizes(20, 8 * MIB, 8, 100)}  # a few MB/s, tens of streams a second
    sizes = Sizes(10, 4 * MIB, 20, 200) if args.quick else Sizes(100, 64 * MIB, 100, 2000)
    with tempfile.TemporaryDirectory(prefix="interop-") as folder:
        work = Run(ours, {} if args.quick else slow, {p: as_peer(p, commands[p]) for p in wanted if p in commands}, sizes, Path(folder))
        pairs = [(p, t) for p in wanted for t in transports if t in BROWSERS.get(p, transports)]
        with ThreadPoolExecutor(args.jobs) as pool:  # the slow ones first
            running = [pool.submit(work.all_directions, p, TRANSPORTS[t]) for p, t in reversed(pairs)]
        for done in running:
            done.result()
    cells = sorted(work.cells, key=lambda cell: pairs.index((cell.peer, cell.transport)))

    print_table(table(cells, wanted, transports, for_terminal))
    print_reasons(cells)
    total = {s: sum(c.status == s for c in cells) for s in ("passed", "failed", "skipped", "n/a")}
    if args.json:
        report = {"versions": versions(), "ours": args.ours or "p2p", "sizes": asdict(sizes), "totals": total,
                  "cells": [asdict(c) for c in cells]}
        args.json.write_text(json.dumps(report, indent=1) + "\n")
    if args.write_docs:
        write_section(args.write_docs, "two hosts", document(cells, wanted, transports, sizes))
    print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if total["failed"] or (args.no_skip and total["skipped"]) else 0


if __name__ == "__main__":
    sys.exit(main())
