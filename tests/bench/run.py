#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Measures p2p beside the other implementations and the machine's own limits, in one run.

Every figure is the median of several rounds; the rounds of all programs are interleaved, so that a busy moment hits
everybody. Prints a table, and with --json FILE the same for programs. Never fails because something was slow.
"""
import argparse
import collections
import json
import os
import platform
import re
import select
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time

MIB = 1024 * 1024


LISTEN_ON = {"tcp": "/ip4/127.0.0.1/tcp/0", "ws": "/ip4/127.0.0.1/tcp/0/ws",
             "webrtc-direct": "/ip4/127.0.0.1/udp/0/webrtc-direct"}


class Program:
    """A peer program, what is said to each of its commands, and what its environment has beside ours. `transport`: the one
    that it is measured over, where that is not the run's."""

    def __init__(self, argv, flags=(), environment=None, transport=None):
        self.argv = argv
        self.flags = list(flags)
        self.environment = {**os.environ, **(environment or {})}
        self.transport = transport

    def command(self, words):
        return self.argv + words + self.flags


class Listener:
    """A listening peer process; ended by its own pid."""

    def __init__(self, program, transport):
        argv = program.command(["listen", "--listen", LISTEN_ON[transport]])
        marker = "/webrtc-direct" if transport == "webrtc-direct" else "/tcp/"
        self.process = subprocess.Popen(argv, env=program.environment,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = None
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.address is None:
            ready, _, _ = select.select([self.process.stdout], [], [], 1)
            if not ready:
                continue
            line = self.process.stdout.readline()
            if not line:
                break
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if event.get("event") == "listening":
                self.address = next(
                    a for a in event["addresses"] if a.startswith("/ip4/127.0.0.1/") and marker in a)
        if self.address is None:
            self.close()
            raise RuntimeError("no listening event from " + " ".join(argv))
        # What it tells of its connections must not fill the pipe.
        threading.Thread(target=lambda: collections.deque(self.process.stdout, maxlen=0), daemon=True).start()

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def client(program, words, timeout=120):
    """Runs a client command and returns the JSON objects it printed."""
    argv = program.command(words)
    done = subprocess.run(argv, env=program.environment, capture_output=True, text=True, timeout=timeout)
    objects = []
    for line in done.stdout.splitlines():
        try:
            objects.append(json.loads(line))
        except ValueError:
            pass
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: exit {done.returncode}: {done.stdout[-300:]} {done.stderr[-300:]}")
    return objects


def last(objects, key):
    return next(o for o in reversed(objects) if key in o)


# --- one measurement each: (program, address) -> {figure: value} ---------------------------------------------------------

def upload(program, address, size):
    result = last(client(program, ["perf", address, "--upload", str(size), "--download", "0"]), "upload_seconds")
    return {"upload_MBps": size / result["upload_seconds"] / 1e6}


def download(program, address, size):
    result = last(client(program, ["perf", address, "--upload", "0", "--download", str(size)]), "download_seconds")
    return {"download_MBps": size / result["download_seconds"] / 1e6}


def many_streams(program, address, size):
    words = ["perf", address, "--upload", str(size // 64), "--download", "0", "--streams", "64"]
    result = last(client(program, words), "upload_seconds")
    figures = {"upload_64_streams_MBps": result["upload_bytes"] / result["upload_seconds"] / 1e6}
    if "jain" in result:
        figures["jain_index"] = result["jain"]
    return figures


def ping(program, address, count):
    return {"ping_ms": last(client(program, ["ping", address, "--count", str(count)]), "median_ms")["median_ms"]}


def connect(program, address, count):
    result = last(client(program, ["connect", address, "--count", str(count)]), "median_ms")
    figures = {"connect_ms": result["median_ms"], "connects_per_second": result["per_second"]}
    if "p99_ms" in result:
        figures["connect_p99_ms"] = result["p99_ms"]
    return figures


def identified(program, address, count):
    """The same until identify is known, too."""
    result = last(client(program, ["connect", address, "--count", str(count), "--identify"]), "median_ms")
    return {"connect_and_identify_ms": result["median_ms"]}


def streams(program, address, count):
    result = last(client(program, ["streams", address, "--count", str(count), "--parallel", "64"]), "per_second")
    return {"streams_per_second": result["per_second"]}


def burst(program, address, count):
    """256 streams at once: the first ones of a process, and what they take once it is warm."""
    cold = last(client(program, ["streams", address, "--count", "256", "--parallel", "256"]), "per_second")
    warm = last(client(program, ["streams", address, "--count", str(count), "--parallel", "256"]), "per_second")
    return {"first_256_streams_ms": 256 / cold["per_second"] * 1000, "burst_256_ms": 256 / warm["per_second"] * 1000}


def machine_limits(bench_dir, transport):
    """What the machine does without libp2p: raw TCP, raw ping-pong, the cipher alone. And what programs tell of our
    hosts in one process."""
    figures = {}
    if shutil.which("iperf3"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        server = subprocess.Popen(["iperf3", "-s", "-1", "-p", str(port), "-B", "127.0.0.1"],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.3)
        done = subprocess.run(["iperf3", "-c", "127.0.0.1", "-p", str(port), "-t", "2", "-J"],
                              capture_output=True, text=True, timeout=30)
        server.wait(10)
        if done.returncode == 0:
            bits = json.loads(done.stdout)["end"]["sum_received"]["bits_per_second"]
            figures["iperf3_MBps"] = bits / 8 / 1e6
    programs = {"tcp": ("raw_tcp_ping", "cipher_bench", "memory_bench"), "ws": ("raw_tcp_ping",),
                "webrtc-direct": ("webrtc_bench", "dtls_bench")}
    for program in programs[transport]:
        path = os.path.join(bench_dir, program)
        if os.path.exists(path):
            done = subprocess.run([path], capture_output=True, text=True, timeout=60)
            figures.update(json.loads(done.stdout.splitlines()[-1]))
    return figures


def plan_of(name, options):
    """What is measured of a program, with amounts that take it some seconds."""
    quick = options.quick
    slow = name in ("js", "py")
    if options.transport in ("tcp", "ws"):
        size = (64 if quick else 1024) * MIB // (8 if slow else 1)
        plan = [
            (upload, size),
            (download, size),
            (ping, 200 if quick else 5000 if not slow else 500),
            (connect, 20 if quick else 500 if not slow else 30),
            (streams, 500 if quick else 50_000 if not slow else 2000),
        ]
        if name.startswith("ours,"):
            return plan[:3]
        if name == "ours":
            plan += [(many_streams, size), (burst, 20_000), (identified, 20 if quick else 500)]
        return plan
    size = (16 if quick else 64) * MIB
    if name.startswith("ours,"):
        return [(upload, 4 * size), (download, 4 * size)]
    if name != "ours":
        # 512 streams are all that go-libp2p opens in one connection's life.
        return [(upload, size), (download, size), (ping, 200), (connect, 20), (streams, 400)]
    size *= 8
    return [
        (upload, size),
        (download, size),
        (many_streams, size),
        (ping, 200 if quick else 5000),
        (connect, 20 if quick else 500),
        (streams, 500 if quick else 20_000),
    ]


def measure(name, program, options, figures):
    with Listener(program, program.transport or options.transport) as listener:
        for function, amount in plan_of(name, options):
            try:
                got = function(program, listener.address, amount)
            except (RuntimeError, subprocess.TimeoutExpired, StopIteration) as error:
                print(f"  {name} {function.__name__}: {error}", file=sys.stderr)
                continue
            for key, value in got.items():
                figures.setdefault(key, {}).setdefault(name, []).append(value)


def spread(values):
    return f"{min(values):.4g}..{max(values):.4g}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.dirname(os.path.dirname(here))
    parser.add_argument("--p2p", default=os.path.join(root, "build/release/tools/p2p"))
    parser.add_argument("--bench-dir", default=os.path.join(root, "build/release/tests/bench"))
    parser.add_argument("--transport", choices=LISTEN_ON, default="tcp")
    parser.add_argument("--peers", default="go,rust,litep2p,js", help="comma separated; empty measures only ours")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="small amounts: checks that it runs, not how fast")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()

    p2p = [os.path.abspath(options.p2p)]
    programs = {"ours": Program(p2p, ["--json"])}
    if options.transport == "ws":
        programs["ours, TCP"] = Program(p2p, ["--json"], transport="tcp")
    if options.transport == "webrtc-direct":
        programs["ours, no GSO"] = Program(p2p, ["--json", "--no-gso"])
        for title, setting in {"1 % loss": {"UDP_LOSS": "1"}, "50 ms": {"UDP_DELAY_MS": "25"}}.items():
            worse = {"LD_PRELOAD": os.path.join(options.bench_dir, "udp_impairment.so"), **setting}
            programs[f"ours, {title}"] = Program(p2p, ["--json"], worse)
    wanted = [p for p in options.peers.split(",") if p]
    if wanted:
        built = subprocess.run([os.path.join(root, "tests/interop/peers/build")] + wanted,
                               stdout=subprocess.PIPE, text=True, check=True)
        for name, argv in json.loads(built.stdout.strip().splitlines()[-1]).items():
            programs[name] = Program(argv)

    figures = {}
    limits = {}
    for round_number in range(options.rounds):
        print(f"round {round_number + 1} of {options.rounds}", file=sys.stderr)
        for key, value in machine_limits(options.bench_dir, options.transport).items():
            limits.setdefault(key, []).append(value)
        for name, program in programs.items():
            measure(name, program, options, figures)

    median = {k: {n: statistics.median(v) for n, v in by.items()} for k, by in figures.items()}
    limit = {k: statistics.median(v) for k, v in limits.items()}
    cpu = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
    machine = f"{os.cpu_count()} cores {cpu.group(1) if cpu else ''}, {platform.system()} {platform.release()}"

    names = list(programs)
    print(f"\n{machine}; median of {options.rounds} rounds, each program against itself over loopback\n")
    print(f"{'figure':26}" + "".join(f"{n:>14}" for n in names) + f"{'ours/best':>12}  spread of ours")
    for key, by in median.items():
        less_is_better = key.endswith("_ms")
        others = [v for n, v in by.items() if not n.startswith("ours")]
        ratio = ""
        if others and "ours" in by:
            best = min(others) if less_is_better else max(others)
            ratio = f"{by['ours'] / best:.2f}"
        row = "".join(f"{by[n]:>14.4g}" if n in by else f"{'-':>14}" for n in names)
        print(f"{key:26}{row}{ratio:>12}  {spread(figures[key]['ours']) if 'ours' in figures[key] else ''}")
    print()
    for key, value in limit.items():
        print(f"{key:26}{value:>12.4g}  ({spread(limits[key])})")

    if options.json:
        with open(options.json, "w") as out:
            json.dump({"machine": machine, "rounds": options.rounds, "median": median, "limits": limit,
                       "samples": figures}, out, indent=1)


if __name__ == "__main__":
    main()
