# SPDX-License-Identifier: MIT OR Apache-2.0
"""Two peers of ours that cannot reach each other, and the servers in public that help them: relays, STUN, TURN."""
import contextlib
import dataclasses
import json
import shutil
import signal
import subprocess
import threading
import time

import network
from lab import PUBLIC6, Home, Lab

TURN_USER = "lab"
TURN_PASSWORD = "secret"
STUN_PORT = 3478
RELAY_PORT = 4001
PATIENCE = 20


@dataclasses.dataclass(frozen=True)
class Path:
    """What a dial ended with ("direct", "TURN", "relay" or "failed: …"), and after how many seconds."""

    name: str
    seconds: float


class Program:
    """A program of ours that prints a line at a time, each of them JSON unless `parse` says otherwise, and tells its story
    on stderr."""

    def __init__(self, host: network.Namespace, words: list[str], parse=json.loads, **options):
        self.process = host.start(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        self.said: list = []
        self.story: list[str] = []
        self._changed = threading.Condition()
        self._is_silent = 0  # of the two pipes
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, lambda line: self.said.append(parse(line)))),
            threading.Thread(target=self._read, args=(self.process.stderr, self.story.append)),
        ]
        for reader in self._readers:
            reader.start()
        host.at_close(self.join)

    def _read(self, pipe, take) -> None:
        for line in pipe:
            with self._changed:
                take(line)
                self._changed.notify_all()
        with self._changed:
            self._is_silent += 1
            self._changed.notify_all()

    def wait_until(self, condition, seconds: float = PATIENCE):
        """What `condition`, asked after each line, gives that is not false. Fails once the program has ended without."""
        end = time.monotonic() + seconds
        with self._changed:
            while not (found := condition()):
                if self._is_silent == len(self._readers) or time.monotonic() >= end:
                    raise AssertionError(f"not in {seconds} s: {self.said} {''.join(self.story)}")
                self._changed.wait(end - time.monotonic())
            return found

    def wait_for(self, event: str) -> dict:
        return self.wait_until(lambda: next((said for said in self.said if said.get("event") == event), None))

    def wait_for_story(self, words: str) -> None:
        self.wait_until(lambda: any(words in line for line in self.story))

    def join(self, seconds: float = PATIENCE) -> int:
        """Waits for its end; the exit code."""
        try:
            return self.process.wait(seconds)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            for reader in self._readers:
                reader.join()
            for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
                if pipe:
                    with contextlib.suppress(BrokenPipeError):
                        pipe.close()

    def stop(self) -> int:
        self.process.terminate()
        return self.join()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.join()


class Crossing:
    """A relay and a STUN server in public. `turn`: the ways to a TURN server that peers are told, "udp" and "tcp"."""

    def __init__(self, lab: Lab, program: str, turn: tuple[str, ...] = (), family: int = 4):
        self._lab = lab
        self._program = program
        self.family = family
        self.turn_log = lab.folder / "turn.log"
        address = lab.server_address(10) if family == 4 else f"{PUBLIC6}1"
        server = f"{address}:{STUN_PORT}" if family == 4 else f"[{address}]:{STUN_PORT}"
        self.options = ["--stun", server]
        for way in turn:
            over = "?transport=tcp" if way == "tcp" else ""
            self.options += ["--turn", f"{TURN_USER}:{TURN_PASSWORD}@{server}{over}"]
        self.address = address
        self._start_stun()
        self.relay, self.relay_address = self.start_relay(RELAY_PORT)

    @staticmethod
    def is_possible() -> bool:
        return shutil.which("turnserver") is not None and network.is_possible()

    def _start_stun(self) -> None:
        self.turn_server = self._lab.public.start(
            [
                "turnserver", "-n", "--verbose", "--log-file", str(self.turn_log), "--simple-log", "--no-tls", "--no-dtls",
                "--no-cli", "--fingerprint", "--listening-ip", self.address, "--relay-ip", self.address, "--listening-port",
                str(STUN_PORT), "--lt-cred-mech", "--realm", "lab", "--user", f"{TURN_USER}:{TURN_PASSWORD}",
                "--pidfile", str(self._lab.folder / "turn.pid"),
            ],
            cwd=self._lab.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        # It listens on TCP last; a connection tells that it does.
        probe = f"import socket; socket.create_connection(({self.address!r}, {STUN_PORT}), 1)"
        for _ in range(100):
            try:
                self._lab.public.run("python3", "-c", probe)
                return
            except network.NetworkError:
                time.sleep(0.05)
        raise network.NetworkError("turnserver does not listen")

    def start_relay(self, port: int, key: str | None = None) -> tuple[Program, str]:
        """A relay, and its address. With `key`, a file, it is the same peer each time."""
        words = [self._program, "relay", "--listen", f"/ip{self.family}/{self.address}/tcp/{port}", "--json"]
        for limit in ("reservations_per_address", "circuits_per_address"):
            words += ["--limit", f"{limit}=1000"]
        for rate in ("reservation_rate_per_address", "circuit_rate_per_address", "circuit_rate_per_peer"):
            words += ["--limit", f"{rate}=10000/1m"]
        if key:
            words += ["--key", key]
        relay = Program(self._lab.public, words)
        return relay, relay.wait_for("listening")["addresses"][0]

    def listen(self, host: network.Namespace, relays: list[str] | None = None) -> Program:
        words = ["listen", "--json", "--log", "webrtc=debug", "--listen", "/webrtc"]
        for relay in relays or [self.relay_address]:
            words += ["--listen", f"{relay}/p2p-circuit"]
        return Program(host, [self._program, *words, *self.options])

    @contextlib.contextmanager
    def listener(self, home: Home):
        """The address of a listener in `home`."""
        peer = self.listen(home.host(self.families))
        try:
            yield webrtc_address(peer)
        finally:
            peer.stop()

    @property
    def families(self) -> tuple[int, ...]:
        return (self.family,)

    def start(self, host: network.Namespace, command: str, address: str, **options) -> Program:
        """A client of ours, with its story."""
        words = [self._program, command, address, "--timeout", str(PATIENCE), "--log", "webrtc=debug,swarm=debug,relay=debug"]
        if command != "echo":
            words.append("--json")
        return Program(host, [*words, *self.options], **options)

    def dial(self, host: network.Namespace, address: str) -> Path:
        begun = time.monotonic()
        peer = self.start(host, "identify", address)
        code = peer.join(2 * PATIENCE)
        seconds = time.monotonic() - begun
        if code != 0:
            return Path(f"failed ({code}): {peer.said} {''.join(peer.story)}", seconds)
        if peer.said[-1]["limited"]:
            return Path("relay", seconds)
        return Path("TURN" if passes_turn(peer) else "direct", seconds)


def webrtc_address(listener: Program, at: str = "") -> str:
    """Where `listener` is dialled for private WebRTC, at the relay whose address has `at` in it."""
    addresses = listener.wait_for("listening")["addresses"]
    return next(address for address in addresses if "/webrtc/" in address and at in address)


def passes_turn(dialer: Program) -> bool:
    """Whether the last pair that `dialer` tells of has a TURN server's address at one end."""
    selected = [line for line in dialer.story if "ice.selected" in line]
    return bool(selected) and "_type=relay" in selected[-1]
