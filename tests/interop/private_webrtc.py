#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs private WebRTC between our program and js-libp2p in node, through a relay of ours and through js's.

A cell is a relay, a peer that listens on /webrtc behind it, and one that dials it; at least one of the peers is ours. Each cell
runs several times, since private dials of js to js fail now and then by themselves: what is counted is told. Prints the table
and, last, `N passed, N failed, N skipped`; exit code 1 if a cell failed.
"""
import argparse
import json
import os
import subprocess
import sys
from contextlib import ExitStack
from itertools import product

from relay import DEADLINE, HERE, Failed, run, running


class Js:
    name = "js"

    def __init__(self, argv):
        self.argv = argv

    def relay(self):
        return [*self.argv, "relay"]

    def listener(self, relay):
        return [*self.argv, "listen", relay]

    def dial(self, address):
        return next(value for value in run([*self.argv, "ping", address]) if value.get("event") == "summary")["dial_ms"]


class Ours:
    name = "ours"

    def __init__(self, argv):
        self.argv = argv

    def relay(self):
        rates = ("reservation_rate_per_peer=0", "circuit_rate_per_peer=0")
        return [*self.argv, "relay", "--json", "--listen", "/ip4/127.0.0.1/tcp/0", "--limit", *rates]

    def listener(self, relay):
        return [*self.argv, "listen", "--json", "--loopback", "--listen", relay + "/p2p-circuit", "--listen", "/webrtc"]

    def dial(self, address):
        said = run([*self.argv, "identify", address, "--loopback", "--json"])[-1]
        if said.get("transport") != "webrtc":
            raise Failed(f"connected over {said.get('transport')}")
        octets = b"direct! " * 50_000
        echoed = subprocess.run([*self.argv, "echo", address, "--loopback"], input=octets, capture_output=True, timeout=DEADLINE)
        if echoed.stdout != octets:
            raise Failed(f"echo: {len(echoed.stdout)} octets, {echoed.stderr.decode(errors='replace')[-200:]}")
        said = run([*self.argv, "connect", address, "--loopback", "--json"])[-1]
        return said["median_ms"]


def cell(relay, listener, dialer, rounds):
    """The dials that succeeded, their times, and the last failure."""
    times, last = [], ""
    with ExitStack() as stack:
        via = stack.enter_context(running(relay.relay(), f"relay {relay.name}"))
        far = stack.enter_context(running(listener.listener(via.address), f"listener {listener.name}"))
        addresses = [text for value in far.said for text in value.get("addresses", ()) if "/webrtc/" in text]
        if not addresses:
            raise Failed("the listener has no address with /webrtc")
        for _ in range(rounds):
            try:
                times.append(dialer.dial(addresses[0]))
            except (Failed, OSError, StopIteration, subprocess.TimeoutExpired) as failure:
                last = str(failure)[:300]
    return times, last


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--p2p", default="build/release/tools/p2p")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    built = subprocess.run([HERE / "peers" / "build", "js-private"], stdout=subprocess.PIPE, text=True)
    commands = json.loads(built.stdout or "{}")
    if "js-private" not in commands:
        print("skipped: js-private, which could not be built\n0 passed, 0 failed, 1 skipped")
        return 0
    ours, js = Ours([os.path.abspath(options.p2p)]), Js(commands["js-private"])
    passed = failed = 0
    for relay, listener, dialer in product((ours, js), repeat=3):
        if ours not in (listener, dialer):
            continue
        what = f"relay {relay.name:4}  listener {listener.name:4}  dialer {dialer.name:4}"
        try:
            times, last = cell(relay, listener, dialer, options.rounds)
        except Failed as failure:
            times, last = [], str(failure)[:300]
        is_good = len(times) == options.rounds
        passed, failed = passed + is_good, failed + (not is_good)
        median = f"{sorted(times)[len(times) // 2]:.0f} ms" if times else ""
        print(f"{what}  {len(times)} of {options.rounds}  {median}  {last}", flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
