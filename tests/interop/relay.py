#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs circuit relay v2 between our program and the peers of other libp2p implementations.

A cell is a relay, a peer that reserves there, and one that dials it through the relay, pings it and has 40,000 octets echoed;
over TCP with the relay's limits and without, over WebSocket and WebRTC-Direct without. One of the three is ours at least.
Builds the peers that are not built yet. Then, if asked to, measures what a relay passes on, ours beside go's: octets a second,
what the relay's process computes for them, and the round trip beside a direct one. Prints the cells and, last,
`N passed, N failed, N skipped`; exit code 1 if a cell failed.
"""
import argparse
import json
import statistics
import sys
from contextlib import ExitStack
from itertools import product
from pathlib import Path

from relayed import JOBS, Plan, Runner, count, table, write_section
from sides import run, running, sides

PEERS = ("go", "rust", "js", "chromium")
COLUMNS = [("tcp, limited", "tcp", True), ("tcp", "tcp", False), ("ws", "ws", False), ("webrtc-direct", "webrtc-direct", False)]


# go's relay gives reservations with public addresses alone, here with none, and rust-libp2p takes none without.
REFUSED = {("go", "rust")}


def plans(found):
    chosen = []
    for (_, way, limited), relay, listener, dialer in product(COLUMNS, *[list(found.values())] * 3):
        three = (relay, listener, dialer)
        if (relay.name, listener.name) in REFUSED:
            continue
        if relay.relays and any(side.name == "ours" for side in three) and all(way in side.ways for side in three):
            chosen.append(Plan(relay, limited, way, listener, dialer))
    return chosen


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
                    argv = ours.listener(via.address("tcp"), False)
                far = stack.enter_context(running(argv, "listener"))
                ping = run([*ours.argv, "ping", far.address("tcp"), "--count", "1000", "--json"])
                trips[name].append(next(v for v in ping if v.get("event") == "summary")["median_ms"])
                before = via.cpu_seconds() if relay else 0
                perf = run([*ours.argv, "perf", far.address("tcp"), "--upload", str(size), "--download", str(size), "--json"])[-1]
                rates[name].append(perf["upload_bytes"] / perf["upload_seconds"] / 1e6)
                rates[name].append(perf["download_bytes"] / perf["download_seconds"] / 1e6)
                work[name].append(((via.cpu_seconds() if relay else 0) - before) / (2 * size / 1e9))
    return {name: {"mb_per_s": statistics.median(rates[name]), "rtt_ms": statistics.median(trips[name]),
                   "relay_cpu_s_per_gb": statistics.median(work[name])} for name in rates}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--p2p", default="build/release/tools/p2p")
    parser.add_argument("--only", choices=PEERS, action="append", help="this peer alone")
    parser.add_argument("--jobs", type=int, default=JOBS, help="listeners at a time, default %(default)s")
    parser.add_argument("--measure", type=int, default=0, metavar="ROUNDS", help="measure throughput and round trips")
    parser.add_argument("--no-cells", action="store_true", help="measure alone")
    parser.add_argument("--size", type=int, default=256 * 1024 * 1024, help="octets each way and round")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    parser.add_argument("--write-docs", type=Path, metavar="FILE", help="write the table there")
    parser.add_argument("--times", action="store_true", help="with round trips in it, for which the machine has to be idle")
    options = parser.parse_args()
    wanted = options.only or list(PEERS)
    found = sides(options.p2p, wanted)
    cells = [] if options.no_cells else Runner(1, options.jobs).run(plans(found))
    if options.measure:
        figures = measure(found["ours"], {name: found[name] for name in ("ours", "go") if name in found}, options.measure, options.size)
        for name, row in figures.items():
            print(f"relay {name:5} {row['mb_per_s']:8.1f} MB/s   {row['rtt_ms']:.3f} ms   {row['relay_cpu_s_per_gb']:.2f} CPU s/GB", flush=True)
        if options.json:
            Path(options.json).write_text(json.dumps(figures, indent=1) + "\n")
    if options.write_docs:
        write_section(options.write_docs, "relays", table(cells, COLUMNS, options.times))
    return count(cells, [name for name in wanted if name not in found])


if __name__ == "__main__":
    sys.exit(main())
