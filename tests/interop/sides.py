# SPDX-License-Identifier: MIT OR Apache-2.0
"""Relays and hosts behind them: how the programs, ours and the peers', are started, asked and ended.

All have the commands `relay`, `listen RELAY` and `ping ADDRESS` (ours more of them), and print one JSON object a line.
"""
import json
import os
import signal
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEADLINE = 60
# The ways to a relay, and what tells their addresses apart.
WAYS = ("tcp", "ws", "webrtc-direct")
PLACES = ("/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/0/ws", "/ip4/127.0.0.1/udp/0/webrtc-direct")
ECHOED = b"relayed " * 5000
ECHOED_DIRECTLY = b"direct! " * 50_000


class Failed(Exception):
    """The cell did not hold."""


def way_of(address: str) -> str:
    """How the relay of an address is reached."""
    relay = address.split("/p2p-circuit")[0] + "/"
    return next((way for way in ("webrtc-direct", "ws") if f"/{way}/" in relay), "tcp")


@dataclass(frozen=True)
class Side:
    """One implementation as relay, listener and dialer."""

    name: str
    title: str
    argv: tuple[str, ...]
    options: tuple[str, ...] = ()  # of listeners and dialers
    ways: frozenset[str] = frozenset(WAYS)
    relays: bool = True
    echoes: bool = True
    private: bool = False  # has private WebRTC
    always_limits: bool = False  # as relay

    def relay(self, limited: bool) -> list[str]:
        return [*self.argv, "relay", *(("--limited",) if limited else ())]

    def listener(self, relay: str, private: bool) -> list[str]:
        return [*self.argv, "listen", relay, *(("--private",) if private else ()), *self.options]

    def dial(self, address: str, private: bool, echo: bool) -> dict:
        """What the dialer measured: `rtt_ms`, and where it tells them `dial_ms`, `limited` and `direct`."""
        said = run([*self.argv, "ping", address, *(() if echo else ("--silent",)), *self.options])
        summary = next((line for line in said if line.get("event") == "summary"), None)
        if summary is None or (echo and summary.get("echoed") != len(ECHOED_DIRECTLY if private else ECHOED)):
            raise Failed(f"dialer: {said[-1:]}")
        return summary

    def way(self, wanted: str) -> str:
        """The way that it takes; browsers, which have no TCP, take WebSocket instead."""
        return wanted if wanted in self.ways else "ws"


class Ours(Side):
    def relay(self, limited: bool) -> list[str]:
        preset = "introduce-only" if limited else "carry-traffic"
        return [*self.argv, "relay", "--json", "--preset", preset, "--listen", *PLACES,
                "--limit", "reservation_rate_per_peer=0", "circuit_rate_per_peer=0"]

    def listener(self, relay: str, private: bool) -> list[str]:
        return [*self.argv, "listen", "--json", "--listen", relay + "/p2p-circuit",
                *(("--loopback", "--listen", "/webrtc") if private else ())]

    def dial(self, address: str, private: bool, echo: bool) -> dict:
        options = ("--json", *(("--loopback",) if private else ()))
        known = run([*self.argv, "identify", address, *options])[-1]
        said = run([*self.argv, "ping", address, "--count", "3", *options])
        summary = next((line for line in said if line.get("event") == "summary"), {})
        if summary.get("received") != 3:
            raise Failed(f"ping: {said[-1:]}")
        told = {"rtt_ms": summary["median_ms"], "limited": known["limited"]}
        if private:
            told["direct"] = known["transport"] == "webrtc"
            told["dial_ms"] = run([*self.argv, "connect", address, *options])[-1]["median_ms"]
        if echo:
            octets = ECHOED_DIRECTLY if private else ECHOED
            echoed = subprocess.run([*self.argv, "echo", address, *options[1:]], input=octets, capture_output=True,
                                    timeout=DEADLINE, check=False)
            if echoed.stdout != octets:
                raise Failed(f"echo: {len(echoed.stdout)} octets, {echoed.stderr.decode(errors='replace')[-200:]}")
        return told


BROWSER = frozenset({"ws", "webrtc-direct"})


def sides(p2p: str, wanted: list[str]) -> dict[str, Side]:
    """Ours, and of the wanted ones those that could be built."""
    asked = sorted({"chromium" if name == "mdns" else name for name in wanted})
    done = subprocess.run([HERE / "peers" / "build", *(name + "-relay" for name in asked)], stdout=subprocess.PIPE, text=True,
                          check=False)
    built = {name: tuple(argv) for name, argv in json.loads(done.stdout or "{}").items()}
    found = {"ours": Ours("ours", "ours", (os.path.abspath(p2p),), private=True)}
    for name in wanted:
        argv = built.get(("chromium" if name == "mdns" else name) + "-relay")
        if argv is None:
            continue
        found[name] = {
            "go": lambda: Side("go", "go-libp2p", argv),
            "rust": lambda: Side("rust", "rust-libp2p", argv, ways=frozenset({"tcp", "ws"}), echoes=False, always_limits=True),
            "js": lambda: Side("js", "js-libp2p", argv, private=True),
            "chromium": lambda: Side("chromium", "js in Chromium", argv, ways=BROWSER, relays=False, private=True),
            "mdns": lambda: Side("mdns", "js in Chromium, mDNS", argv, ("--mdns",), BROWSER, relays=False, private=True),
        }[name]()
    return found


def parsed(line: str) -> dict:
    try:
        value = json.loads(line)
    except ValueError:
        return {"event": "noise", "text": line.strip()[:200]}
    return value if isinstance(value, dict) else {"event": "noise"}


def run(argv: list[str]) -> list[dict]:
    """What a program says that has to succeed."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=DEADLINE, stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        raise Failed(f"{argv[0]} {argv[1]} did not end") from None
    lines = [parsed(line) for line in done.stdout.splitlines()]
    if done.returncode != 0 or not lines:
        raise Failed(f"{Path(argv[0]).name} exited with {done.returncode}: {lines[-1:]} {done.stderr[-200:]}")
    return lines


class Daemon:
    """A relay or a listener; what it says is read all the time, so that it never blocks."""

    def __init__(self, argv: list[str]):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.said: list[dict] = []
        self.addresses: list[str] = []
        self.peer = ""
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            value = parsed(line)
            self.said.append(value)
            if value.get("event") == "listening" and not self.ready.is_set():
                self.addresses, self.peer = value["addresses"], value["peer"]
                self.ready.set()
        self.ready.set()

    def wait(self, who: str):
        if not self.ready.wait(DEADLINE) or not self.addresses:
            self.end()
            self.errors.seek(0)
            raise Failed(f"{who} does not listen: {self.said[-1:]} {self.errors.read()[-200:].decode(errors='replace')}")

    def address(self, way: str) -> str:
        """Its address over this way to the relay, or as the relay."""
        for address in self.addresses:
            if way_of(address) == way:
                return address
        raise Failed(f"no address over {way}: {self.addresses}")

    def count(self, **wanted) -> int:
        return sum(all(value.get(k) == v for k, v in wanted.items()) for value in list(self.said))

    def cpu_seconds(self) -> float:
        """What the process has computed so far, all its threads together."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self) -> int | None:
        """Gives its exit code, None if it had to be killed."""
        code = None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(5)
        return code


@contextmanager
def running(argv: list[str], who: str):
    daemon = Daemon(argv)
    try:
        daemon.wait(who)
        yield daemon
    finally:
        daemon.end()
