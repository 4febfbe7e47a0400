#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs circuit relay v2 between our program and the peers of other libp2p implementations, over TCP and WebSocket.

A cell is a relay, a peer that reserves there, and one that dials it through the relay, pings it and has 40,000 octets echoed;
each relay once with its limits and once without. The relay is reached over TCP or WebSocket. One of the three is ours at least. Builds the peers that are not built yet. Then
measures what a relay passes on, ours beside go's: octets a second, what the relay's process computes for them, and the
round trip beside a direct one. Prints the table and, last, `N passed, N failed, N skipped`; exit code 1 if a cell failed.
"""
import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path

HERE = Path(__file__).resolve().parent
PEERS = ("go", "rust", "js")
# Who neither echoes nor asks for it, and who speaks no WebSocket here.
NO_ECHO = {"rust"}
NO_WS = {"rust"}
DEADLINE = 60


class Failed(Exception):
    """The cell did not hold."""


class Side:
    """One implementation as relay, listener and dialer."""

    def __init__(self, name, argv):
        self.name = name
        self.argv = argv

    def relay(self, limited, ws=False):
        return [*self.argv, "relay", *(("--limited",) if limited else ()), *(("--ws",) if ws else ())]

    def listener(self, relay):
        return [*self.argv, "listen", relay]

    def dial(self, address, echo):
        """Gives what a dialer says: the round trip, and whether the connection was limited."""
        said = run([*self.argv, "ping", address])
        summary = next((line for line in said if line.get("event") == "summary"), None)
        if summary is None or (echo and summary.get("echoed") != 40_000):
            raise Failed(f"dialer: {said[-1:]}")
        return summary


class Ours(Side):
    def relay(self, limited, ws=False):
        preset = "introduce-only" if limited else "carry-traffic"
        rates = ("reservation_rate_per_peer=0", "circuit_rate_per_peer=0")
        return [*self.argv, "relay", "--json", "--preset", preset, "--limit", *rates,
                "--listen", "/ip4/127.0.0.1/tcp/0" + ("/ws" if ws else "")]

    def listener(self, relay):
        return [*self.argv, "listen", "--json", "--listen", relay + "/p2p-circuit"]

    def dial(self, address, echo):
        said = run([*self.argv, "ping", address, "--count", "3", "--json"])
        summary = next((line for line in said if line.get("event") == "summary"), {})
        if summary.get("received") != 3:
            raise Failed(f"ping: {said[-1:]}")
        if not echo:
            return {"rtt_ms": summary["median_ms"]}
        octets = b"relayed " * 5000
        echoed = subprocess.run([*self.argv, "echo", address], input=octets, capture_output=True, timeout=DEADLINE)
        if echoed.stdout != octets:
            raise Failed(f"echo: {len(echoed.stdout)} octets, {echoed.stderr.decode(errors='replace')[-200:]}")
        return {"rtt_ms": summary["median_ms"]}


def parsed(line):
    try:
        value = json.loads(line)
    except ValueError:
        return {"event": "noise", "text": line.strip()[:200]}
    return value if isinstance(value, dict) else {"event": "noise"}


def run(argv):
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=DEADLINE, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        raise Failed(f"{argv[0]} {argv[1]} did not end") from None
    lines = [parsed(line) for line in done.stdout.splitlines()]
    if done.returncode != 0:
        raise Failed(f"{Path(argv[0]).name} exited with {done.returncode}: {lines[-1:]} {done.stderr[-200:]}")
    return lines


class Daemon:
    """A relay or a listener."""

    def __init__(self, argv):
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said = []
        self.address = None
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            value = parsed(line)
            self.said.append(value)
            if value.get("event") == "listening":
                self.address = value["addresses"][0]
                self.ready.set()
        self.ready.set()

    def wait(self, who):
        if not self.ready.wait(DEADLINE) or self.address is None:
            self.end()
            raise Failed(f"{who} does not listen: {self.said[-1:]} {self.process.stderr.read()[-200:]}")
        return self.address

    def cpu_seconds(self):
        """What the process has computed so far, all its threads together."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        """Gives its exit code, None if it had to be killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                return None
        return self.process.returncode


@contextmanager
def running(argv, who):
    daemon = Daemon(argv)
    try:
        daemon.wait(who)
        yield daemon
    finally:
        daemon.end()


def cell(relay, listener, dialer, limited, ws):
    with ExitStack() as stack:
        via = stack.enter_context(running(relay.relay(limited, ws), f"relay {relay.name}"))
        far = stack.enter_context(running(listener.listener(via.address), f"listener {listener.name}"))
        if "/p2p-circuit/" not in far.address:
            raise Failed(f"listens at {far.address}")
        summary = dialer.dial(far.address, not NO_ECHO & {listener.name, dialer.name})
        if "limited" in summary and summary["limited"] != limited:
            raise Failed(f"limited: {summary['limited']}, expected {limited}")
        if isinstance(relay, Ours):
            events = [value.get("event") for value in via.said]
            for event in ("reserved", "circuit_opened"):
                if event not in events:
                    raise Failed(f"no event {event}: {events}")
        return summary


def measure(ours, relays, rounds, size):
    """Throughput and round trip through each relay, between two of our programs, and without one."""
    rates = {name: [] for name in (*relays, "none")}
    trips = {name: [] for name in rates}
    work = {name: [] for name in rates}
    for _ in range(rounds):
        for name, relay in (*relays.items(), ("none", None)):
            with ExitStack() as stack:
                if relay is None:
                    argv = [*ours.argv, "listen", "--json"]
                else:
                    via = stack.enter_context(running(relay.relay(False), f"relay {name}"))
                    argv = ours.listener(via.address)
                far = stack.enter_context(running(argv, "listener"))
                ping = run([*ours.argv, "ping", far.address, "--count", "1000", "--json"])
                trips[name].append(next(v for v in ping if v.get("event") == "summary")["median_ms"])
                before = via.cpu_seconds() if relay else 0
                perf = run([*ours.argv, "perf", far.address, "--upload", str(size), "--download", str(size), "--json"])[-1]
                rates[name].append(perf["upload_bytes"] / perf["upload_seconds"] / 1e6)
                rates[name].append(perf["download_bytes"] / perf["download_seconds"] / 1e6)
                work[name].append(((via.cpu_seconds() if relay else 0) - before) / (2 * size / 1e9))
    return {name: {"mb_per_s": statistics.median(rates[name]), "rtt_ms": statistics.median(trips[name]),
                   "relay_cpu_s_per_gb": statistics.median(work[name])} for name in rates}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--p2p", default="build/release/tools/p2p")
    parser.add_argument("--only", choices=PEERS, action="append", help="this peer alone")
    parser.add_argument("--measure", type=int, default=0, metavar="ROUNDS", help="measure throughput and round trips")
    parser.add_argument("--no-cells", action="store_true", help="measure alone")
    parser.add_argument("--size", type=int, default=256 * 1024 * 1024, help="octets each way and round")
    parser.add_argument("--json", metavar="FILE", help="write cells and figures there")
    options = parser.parse_args()
    wanted = options.only or list(PEERS)
    built = subprocess.run([HERE / "peers" / "build", *(name + "-relay" for name in wanted)], stdout=subprocess.PIPE, text=True)
    commands = json.loads(built.stdout or "{}")
    ours = Ours("ours", [os.path.abspath(options.p2p)])
    sides = [ours] + [Side(name, commands[name + "-relay"]) for name in wanted if name + "-relay" in commands]
    cells = []
    for relay, listener, dialer in product(sides, repeat=3):
        if ours not in (relay, listener, dialer) or options.no_cells:
            continue
        for limited, ws in ((True, False), (False, False), (False, True)):
            if ws and NO_WS & {relay.name, listener.name, dialer.name}:
                continue
            what = (f"relay {relay.name:4}  listener {listener.name:4}  dialer {dialer.name:4}  "
                    f"{'limited' if limited else 'open':7}  {'ws' if ws else 'tcp':3}")
            try:
                summary = cell(relay, listener, dialer, limited, ws)
                status, detail = "passed", f"{summary['rtt_ms']:.2f} ms"
            except (Failed, OSError, subprocess.TimeoutExpired) as failure:
                status, detail = "failed", str(failure)[:400]
            cells.append({"relay": relay.name, "listener": listener.name, "dialer": dialer.name, "limited": limited, "ws": ws,
                          "status": status, "detail": detail})
            print(f"{what}  {status}  {detail}", flush=True)
    figures = {}
    if options.measure:
        figures = measure(ours, {side.name: side for side in sides if side.name in ("ours", "go")}, options.measure, options.size)
        for name, row in figures.items():
            print(f"relay {name:5} {row['mb_per_s']:8.1f} MB/s   {row['rtt_ms']:.3f} ms   {row['relay_cpu_s_per_gb']:.2f} CPU s/GB", flush=True)
    if options.json:
        Path(options.json).write_text(json.dumps({"cells": cells, "figures": figures}, indent=1) + "\n")
    skipped = [name for name in wanted if name + "-relay" not in commands]
    for name in skipped:
        print(f"skipped: {name}, which could not be built")
    failed = sum(value["status"] == "failed" for value in cells)
    print(f"{len(cells) - failed} passed, {failed} failed, {len(skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
