#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs private WebRTC between our program and js-libp2p in node and in Chromium, through relays of ours, of js and of go.

A cell is a relay and the way to it, a peer that listens on /webrtc behind it, and one that dials it, pings it and has 400,000
octets echoed; one of the two is ours. Chromium shows its addresses, or as by default names of mDNS in their place.
Without --all-cells each listener and dialer meets each relay, and each way some of them. Builds the peers that are not built
yet. Prints the cells and, last, `N passed, N failed, N skipped`; exit code 1 if a cell failed.
"""
import argparse
import sys
from itertools import product
from pathlib import Path

from relayed import JOBS, Plan, Runner, count, table, write_section
from sides import WAYS, sides

RELAYS = ("ours", "go", "js")
PEERS = ("js", "chromium", "mdns")
PAIRS = (("ours", "ours"), *(pair for peer in PEERS for pair in (("ours", peer), (peer, "ours"))))


def plans(found, all_cells):
    chosen = []
    for (at, name), (nth, pair) in product(enumerate(RELAYS), enumerate(PAIRS)):
        if not {name, *pair} <= set(found):
            continue
        ways = WAYS if all_cells else [WAYS[(at + nth) % len(WAYS)]]
        relay, listener, dialer = found[name], found[pair[0]], found[pair[1]]
        chosen += [Plan(relay, False, way, listener, dialer, private=True) for way in ways]
    return chosen


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--p2p", default="build/release/tools/p2p")
    parser.add_argument("--all-cells", action="store_true", help="each pair through each relay over each way")
    parser.add_argument("--rounds", type=int, default=2, help="dials of each cell, default %(default)s")
    parser.add_argument("--jobs", type=int, default=JOBS, help="listeners at a time, default %(default)s")
    parser.add_argument("--write-docs", type=Path, metavar="FILE", help="write the table there; needs --all-cells")
    parser.add_argument("--times", action="store_true", help="with times in it, for which the machine has to be idle")
    options = parser.parse_args()
    if options.write_docs and not options.all_cells:
        parser.error("--write-docs needs --all-cells")
    wanted = sorted({*RELAYS, *PEERS} - {"ours"})
    found = sides(options.p2p, wanted)
    cells = Runner(options.rounds, options.jobs).run(plans(found, options.all_cells))
    if options.write_docs:
        columns = [("over " + way, way, False) for way in WAYS]
        write_section(options.write_docs, "private WebRTC", table(cells, columns, options.times))
    return count(cells, [name for name in wanted if name not in found])


if __name__ == "__main__":
    sys.exit(main())
