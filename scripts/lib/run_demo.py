# SPDX-License-Identifier: MIT OR Apache-2.0
"""Builds the p2p program, lets one process listen and another one measure, and prints a table."""
import contextlib
import json
import os
import re
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build", "release")
P2P = os.path.join(BUILD, "tools", "p2p")
MIB = 1024 * 1024
TRANSFER = 128 * MIB
HOSTS = ["/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/webrtc-direct"]  # one row each
BUILT_IN = {"webrtc-direct": ("dtls + noise", "sctp")}  # what a transport brings of its own, where nothing is negotiated
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


def p2p(*words):
    """Runs a command of the program; gives the last object it prints."""
    done = subprocess.run([P2P, *words, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode != 0 or not objects:
        said = objects[-1].get("message", "") if objects else done.stderr.strip()
        raise Failed(f"p2p {' '.join(words)}: {said}")
    return objects[-1]


@contextlib.contextmanager
def listening(address):
    """A second process that listens; gives its full address."""
    with subprocess.Popen([P2P, "listen", "--listen", address, "--json"], stdout=subprocess.PIPE, text=True) as host:
        try:
            first = host.stdout.readline()
            if not first or json.loads(first)["event"] != "listening":
                raise Failed(f"p2p listen --listen {address}: {first.strip() or 'no answer'}")
            yield json.loads(first)["addresses"][0]
        finally:
            host.terminate()
            try:
                host.wait(10)  # before its stdout is closed: it still has something to say
            except subprocess.TimeoutExpired:
                host.kill()
            host.stdout.close()


def measure(address):
    with listening(address) as target:
        about = p2p("identify", target)
        connect = p2p("connect", target, "--count", "50")
        ping = p2p("ping", target, "--count", "200")
        perf = p2p("perf", target, "--upload", str(TRANSFER), "--download", str(TRANSFER))
    security, muxer = BUILT_IN.get(about["transport"], ("own", "own"))
    return [about["transport"], about["security"] or security, about["muxer"] or muxer, f"{connect['median_ms']:.2f}",
            f"{ping['median_ms']:.3f}", f"{perf['upload_bytes'] / perf['upload_seconds'] / 1e6:.0f}",
            f"{perf['download_bytes'] / perf['download_seconds'] / 1e6:.0f}"]


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
    rows = [HEADINGS] + [measure(address) for address in HOSTS]
    print(f"Two processes on this machine, over loopback: medians, and {TRANSFER // MIB} MiB each way on one stream.\n")
    print_table(rows)


if __name__ == "__main__":
    try:
        main()
    except (Failed, subprocess.TimeoutExpired) as failure:
        sys.exit(f"demo: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
