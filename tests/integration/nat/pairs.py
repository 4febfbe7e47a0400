#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which path two peers behind routers of each kind find: a relay between them, STUN, and TURN where it is given.

pairs.py P2P [--runs N] [--pair DIALER,LISTENER] [--turn] [--write docs/nat.md]

Prints a table, and one line a pair that did not do what is expected of it. Needs the right to make network namespaces.
"""
import argparse
import contextlib
import dataclasses
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import network
from lab import Home, Lab
from nat_rules import Kind

TURN_USER = "lab"
TURN_PASSWORD = "secret"
STUN_PORT = 3478
PATIENCE = 20
FAMILIES = (4,)  # what a NAT stands before


@dataclasses.dataclass(frozen=True)
class Path:
    """What a dial ended with, and after how many seconds."""

    name: str
    seconds: float


class Peer:
    """A program of ours in a namespace that prints one JSON object a line."""

    def __init__(self, namespace: network.Namespace, words: list[str]):
        self._process = namespace.start(words, stdout=subprocess.PIPE, text=True)

    def wait_for(self, event: str) -> dict:
        for line in self._process.stdout:
            said = json.loads(line)
            if said["event"] == event:
                return said
        raise RuntimeError(f"the program ended without saying {event!r}")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


def expected(dialer: Kind, listener: Kind, with_turn: bool) -> str:
    """A port that is another for every remote cannot be guessed: it can only be met where nobody looks at ports."""
    kinds = {dialer, listener}
    if Kind.UDP_BLOCKED in kinds:
        return "relay"
    if Kind.SYMMETRIC in kinds and kinds <= {Kind.SYMMETRIC, Kind.PORT_RESTRICTED}:
        return "direct" if with_turn else "relay"
    return "direct"


class Crossing:
    """A relay and a STUN server in public, one peer in each of two homes."""

    def __init__(self, lab: Lab, program: str, with_turn: bool):
        self._lab = lab
        self._program = program
        self.address = lab.server_address(10)
        self.options = ["--stun", f"{self.address}:{STUN_PORT}"]
        if with_turn:
            self.options += ["--turn", f"{TURN_USER}:{TURN_PASSWORD}@{self.address}:{STUN_PORT}"]
        self._start_stun()
        words = [program, "relay", "--listen", f"/ip4/{self.address}/tcp/4001", "--json"]
        for limit in ("reservations_per_address", "circuits_per_address"):
            words += ["--limit", f"{limit}=1000"]
        for rate in ("reservation_rate_per_address", "circuit_rate_per_address", "circuit_rate_per_peer"):
            words += ["--limit", f"{rate}=10000/1m"]
        self._relay = Peer(lab.public, words)
        self.relay_address = self._relay.wait_for("listening")["addresses"][0]

    @staticmethod
    def is_possible() -> bool:
        return shutil.which("turnserver") is not None and network.is_possible()

    def _start_stun(self) -> None:
        self._lab.public.start(
            [
                "turnserver", "-n", "--log-file", "/dev/null", "--no-tls", "--no-dtls", "--no-cli", "--fingerprint",
                "--listening-ip", self.address, "--relay-ip", self.address, "--listening-port", str(STUN_PORT),
                "--lt-cred-mech", "--realm", "lab", "--user", f"{TURN_USER}:{TURN_PASSWORD}", "--pidfile", "",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(1)

    @contextlib.contextmanager
    def listener(self, home: Home):
        words = ["listen", "--listen", f"{self.relay_address}/p2p-circuit", "--listen", "/webrtc", "--json"]
        peer = Peer(home.host(FAMILIES), [self._program, *words, *self.options])
        addresses = peer.wait_for("listening")["addresses"]
        try:
            yield next(address for address in addresses if "/webrtc/" in address)
        finally:
            peer.stop()

    def dial(self, host: network.Namespace, address: str) -> Path:
        begun = time.monotonic()
        words = [self._program, "identify", address, "--json", "--timeout", str(PATIENCE), *self.options]
        try:
            said = json.loads(host.run(*words))
        except network.NetworkError as error:
            return Path(f"failed: {error}", time.monotonic() - begun)
        name = "relay" if said["limited"] else "direct"
        return Path(name, time.monotonic() - begun)


def cross(lab: Lab, crossing: Crossing, pair: tuple[Kind, Kind], runs: int) -> list[Path]:
    dialer, listener = (lab.home(kind) for kind in pair)
    host = dialer.host(FAMILIES)
    paths = []
    for _ in range(runs):
        with crossing.listener(listener) as address:
            paths.append(crossing.dial(host, address))
    return paths


def write_table(document: pathlib.Path, rows: list) -> None:
    """Puts the table between the marks in `document`."""
    lines = ["| Dialer | Listener | Expected | Found, of so many runs | Median s | Longest s |", "|---|---|---|---|---|---|"]
    for dialer, listener, wanted, good, times in rows:
        lines.append(
            f"| {dialer.value} | {listener.value} | {wanted} | {good} of {len(times)} "
            f"| {statistics.median(times):.2f} | {max(times):.2f} |"
        )
    begin, end = ("<!-- pairs: begin -->", "<!-- pairs: end -->")
    before, _, rest = document.read_text().partition(begin)
    _, _, after = rest.partition(end)
    document.write_text(before + "\n".join([begin, *lines, end]) + after)


def parse_pair(text: str) -> tuple[Kind, Kind]:
    dialer, listener = text.split(",")
    return Kind(dialer), Kind(listener)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("p2p")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--pair", type=parse_pair, action="append")
    parser.add_argument("--turn", action="store_true")
    parser.add_argument("--write", type=pathlib.Path)
    options = parser.parse_args()
    if not Crossing.is_possible():
        print("needs coturn, nftables, and the right to make network namespaces")
        return 77
    program = str(pathlib.Path(options.p2p).resolve())
    pairs = options.pair or [(dialer, listener) for dialer in Kind for listener in Kind]
    wrong = []
    rows = []
    print(f"{'dialer':20}{'listener':20}{'expected':10}{'as expected':>13}{'median s':>10}{'longest s':>11}")
    for dialer, listener in pairs:
        # A laboratory each: a mapping of one pair must not serve another.
        with Lab() as lab:
            paths = cross(lab, Crossing(lab, program, options.turn), (dialer, listener), options.runs)
        wanted = expected(dialer, listener, options.turn)
        good = sum(path.name == wanted for path in paths)
        times = [path.seconds for path in paths]
        print(
            f"{dialer.value:20}{listener.value:20}{wanted:10}{good:>7} of {len(paths):<3}"
            f"{statistics.median(times):>9.2f}{max(times):>11.2f}",
            flush=True,
        )
        rows.append((dialer, listener, wanted, good, times))
        wrong += [f"{dialer.value} to {listener.value}: {path.name}" for path in paths if path.name != wanted]
    print(*wrong, sep="\n")
    if options.write:
        write_table(options.write, rows)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
