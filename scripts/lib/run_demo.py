# SPDX-License-Identifier: MIT OR Apache-2.0
"""Builds the p2p program, lets one process listen and another one measure, and prints a table: one row a path. The last
one leads between two peers behind NATs, where this machine lets us make networks of our own."""
import contextlib
import json
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "integration", "nat"))
import network  # noqa: E402
from crossing import Crossing  # noqa: E402
from lab import Lab  # noqa: E402
from nat_rules import Kind  # noqa: E402

BUILD = os.path.join(ROOT, "build", "release")
P2P = os.path.join(BUILD, "tools", "p2p")
MIB = 1024 * 1024
TRANSFER = 128 * MIB
HOSTS = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/tcp/0/ws", "/ip4/127.0.0.1/udp/0/webrtc-direct"]  # one row each
# What a transport brings of its own, where nothing is negotiated.
BUILT_IN = {"webrtc-direct": ("dtls + noise", "sctp"), "webrtc": ("dtls", "sctp")}
# A relay that carries as much as is asked of it.
RELAY = ["relay", "--preset", "carry-traffic", "--limit", "circuit_rate_per_address=10000/1m",
         "--limit", "circuit_rate_per_peer=10000/1m"]
HEADINGS = ["transport", "security", "muxer", "connect ms", "ping ms", "upload MB/s", "download MB/s"]


class Failed(Exception):
    """The text says what went wrong."""


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)


def build():
    start = time.monotonic()
    if not os.path.exists(os.path.join(BUILD, "build.ninja")):
        say("configuring …")
        done = subprocess.run(["cmake", "--preset", "release", "-DLIBP2P_BUILD_TESTS=OFF", "-DLIBP2P_BUILD_EXAMPLES=OFF"],
                              cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise Failed(f"{done.stdout}\nconfiguring failed")
    output = []
    with subprocess.Popen(["cmake", "--build", BUILD, "--target", "p2p"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as process:
        for line in process.stdout:
            step = re.match(r"\[(\d+)/(\d+)\]", line)
            if not step:
                output.append(line)
            elif sys.stderr.isatty():
                say(f"\rbuilding {step.group(1)} of {step.group(2)} ", end="")
            elif step.group(1) == "1":
                say("building …")
    if process.returncode != 0:
        raise Failed("".join(output) + "\nthe build failed")
    if sys.stderr.isatty():
        say("\r" + " " * 40 + "\r", end="")
    if time.monotonic() - start > 3:
        say(f"built in {time.monotonic() - start:.0f} s")


def p2p(*words, where=()):
    """Runs a command of the program, behind the words `where`; gives the last object it prints."""
    done = subprocess.run([*where, P2P, *words, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120)
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode != 0 or not objects:
        said = objects[-1].get("message", "") if objects else done.stderr.strip()
        raise Failed(f"p2p {' '.join(words)}: {said}")
    return objects[-1]


@contextlib.contextmanager
def listening(*words):
    """A second process that listens; gives its full addresses."""
    with subprocess.Popen([P2P, *words, "--json"], stdout=subprocess.PIPE, text=True) as host:
        try:
            first = host.stdout.readline()
            if not first or json.loads(first)["event"] != "listening":
                raise Failed(f"p2p {' '.join(words)}: {first.strip() or 'no answer'}")
            yield json.loads(first)["addresses"]
        finally:
            host.terminate()
            try:
                host.wait(10)  # before its stdout is closed: it still has something to say
            except subprocess.TimeoutExpired:
                host.kill()
            host.stdout.close()


def measure(target, *options, where=()):
    about = p2p("identify", target, *options, where=where)
    connect = p2p("connect", target, "--count", "50", *options, where=where)
    ping = p2p("ping", target, "--count", "200", *options, where=where)
    perf = p2p("perf", target, "--upload", str(TRANSFER), "--download", str(TRANSFER), *options, where=where)
    security, muxer = BUILT_IN.get(about["transport"], ("own", "own"))
    return [about["transport"], about["security"] or security, about["muxer"] or muxer, f"{connect['median_ms']:.2f}",
            f"{ping['median_ms']:.3f}", f"{perf['upload_bytes'] / perf['upload_seconds'] / 1e6:.0f}",
            f"{perf['download_bytes'] / perf['download_seconds'] / 1e6:.0f}"]


def over_loopback(address):
    with listening("listen", "--listen", address) as addresses:
        return measure(addresses[0])


def over_a_relay(path):
    """`path` is what stands behind the relay's address."""
    with listening(*RELAY) as relay:
        words = ["--listen", f"{relay[0]}/p2p-circuit", "--listen", "/webrtc", "--loopback"]
        with listening("listen", *words) as addresses:
            target = next(address for address in addresses if f"/p2p-circuit{path}/p2p/" in address)
            return measure(target, "--loopback")


def between_nats():
    """Through two port-restricted NATs, each in a network of its own."""
    with Lab() as lab:
        crossing = Crossing(lab, P2P)
        dialer = lab.home(Kind.PORT_RESTRICTED).host((4,))
        with crossing.listener(lab.home(Kind.PORT_RESTRICTED)) as target:
            return measure(target, *crossing.options, where=dialer.inside([]))


def print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) if i < 3 else cell.rjust(width) for i, (cell, width) in enumerate(zip(row, widths))]
        print("  " + "  ".join(cells).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))


def main():
    build()
    say("measuring …")
    rows = [HEADINGS, *map(over_loopback, HOSTS), over_a_relay("")]
    is_real = Crossing.is_possible()
    rows.append(between_nats() if is_real else over_a_relay("/webrtc"))
    print(f"Two processes on this machine, over loopback: medians, and {TRANSFER // MIB} MiB each way on one stream.")
    print("relay: through a third process. webrtc: arranged over that relay, " +
          ("between two NATs in network namespaces." if is_real else
           "over loopback; as root, with nftables and coturn, it is between two NATs."))
    print()
    print_table(rows)


if __name__ == "__main__":
    try:
        main()
    except (Failed, network.NetworkError, subprocess.TimeoutExpired) as failure:
        sys.exit(f"demo: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
