# SPDX-License-Identifier: MIT OR Apache-2.0
"""Builds, and runs the tests that this machine can run.

  scripts/test                     all layers, optimised build
  scripts/test unit style          only these layers
  scripts/test --preset dev unit   in another build: dev has the sanitizers, gcc is g++ 12
  scripts/test --preset fuzz       fuzzes each target for ten seconds (cmake -DLIBP2P_FUZZ_SECONDS=…)
  scripts/test --all               all layers, and again under sanitizers and under g++; nothing may be skipped

The last line counts: N passed, N failed, N skipped.
"""
import argparse
import collections
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CTEST_LAYERS = ["unit", "conformance", "integration", "nat", "examples", "fuzz", "style", "consumer"]
LAYERS = CTEST_LAYERS + ["interop"]
PRESETS = ["release", "dev", "gcc", "fuzz"]
# What --all runs besides, and what has to be built for it.
SANITIZED = (["unit", "conformance", "integration", "fuzz"],
             ["unit_programs", "conformance_programs", "integration_programs", "fuzz_programs", "p2p"])
PORTABLE = (["unit"], ["unit_programs"])
JOBS = len(os.sched_getaffinity(0))
# Seconds that a program of the interop layer may take; the longest takes eight minutes.
INTEROP_LIMIT = 1500
BEGAN = time.monotonic()

Row = collections.namedtuple("Row", "layer preset passed failed skipped seconds")
rows = []


def note(layer, preset, passed, failed, skipped, since):
    rows.append(Row(layer, preset, passed, failed, skipped, time.monotonic() - since))


def run(words, **options):
    print(f"+ {' '.join(words)}  # after {time.monotonic() - BEGAN:.0f} s", flush=True)
    return subprocess.run(words, cwd=ROOT, text=True, stdin=subprocess.DEVNULL, **options)


def tail(text, limit=20_000):
    print(text if len(text) <= limit else "…\n" + text[-limit:], flush=True)


def folder_of(preset):
    return os.path.join(ROOT, "build", preset)


def build(preset, targets=()):
    """Configures and builds; a failure counts as one failed test."""
    start = time.monotonic()
    options = [] if preset == "fuzz" else ["-DLIBP2P_BUILD_TESTS=ON", "-DLIBP2P_BUILD_EXAMPLES=ON"]
    done = run(["cmake", "--preset", preset, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode == 0:
        words = ["cmake", "--build", folder_of(preset), "-j", str(JOBS)]
        if targets:
            words += ["--target", *targets]
        words += ["--", "-k", "0"]
        done = run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode == 0:
        print(f"  built in {time.monotonic() - start:.0f} s", flush=True)
        return True
    tail("\n".join(line for line in done.stdout.splitlines() if not re.match(r"\[\d+/\d+\] ", line)))
    note("build", preset, 0, 1, 0, start)
    return False


def ctest(layer, preset):
    start = time.monotonic()
    jobs = 2 * JOBS if layer == "conformance" else JOBS  # these wait most of their time
    with tempfile.TemporaryDirectory() as scratch:
        report = os.path.join(scratch, "report.xml")
        done = run(["ctest", "--test-dir", folder_of(preset), "-L", f"^{layer}$", "-j", str(jobs), "--output-on-failure",
                    "--no-tests=ignore", "--output-junit", report], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        status = collections.Counter()
        if os.path.exists(report):
            for case in ElementTree.parse(report).getroot().iter("testcase"):
                skipped = case.find("skipped") is not None
                missing = skipped and "unable" in case.find("skipped").get("message", "").lower()
                failed = case.get("status") == "fail" or case.find("failure") is not None or missing
                status["failed" if failed else "skipped" if skipped else "passed"] += 1
                if skipped and not missing:
                    why = (case.findtext("system-out") or "").strip().splitlines()[-1:]
                    print(f"  skipped: {case.get('name')}" + "".join(f": {line}" for line in why))
    if done.returncode != 0:
        passed_line = re.compile(r"\s*(Start\s+\d+:|\d+/\d+ Test\s+#\d+: .* Passed )")
        tail("\n".join(line for line in done.stdout.splitlines() if not passed_line.match(line)))
        status["failed"] = max(status["failed"], 1)
    note(layer, preset, status["passed"], status["failed"], status["skipped"], start)


class Peers:
    """The other implementations' programs: building them takes long on a new machine, so it goes on beside our builds."""

    def __init__(self):
        self.commands = tempfile.TemporaryFile("w+")
        self.log = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(["nice", "-n", "10", "tests/interop/peers/build"], cwd=ROOT, stdin=subprocess.DEVNULL,
                                        stdout=self.commands, stderr=self.log, start_new_session=True)

    def wait(self):
        """Says what was built; whether all that could be built was."""
        code = self.process.wait()
        self.commands.seek(0)
        self.log.seek(0)
        tail(self.log.read(), 8_000)
        try:
            built = json.loads(self.commands.read() or "{}")
        except json.JSONDecodeError:
            built = {}
        print("interop peers: " + (", ".join(built) or "none"), flush=True)
        return code == 0

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)


def interop(peers, preset, no_skip):
    start = time.monotonic()
    complete = peers.wait()
    folder = folder_of(preset)
    p2p = ["--p2p", os.path.join(folder, "tools/p2p")]
    docs = ["--write-docs", "docs/interop.md"]
    probe = ["--probe", os.path.join(folder, "tests/interop/interop_probe")]
    # All of it counts cells; else there is time to measure.
    hosts = ["--quick", "--no-skip"] if no_skip else docs
    programs = [["run.py", *p2p, *probe, *hosts], ["relay.py", *p2p, *docs],
                ["page.py", *p2p, "--examples", os.path.join(folder, "examples")], ["private_webrtc.py", *p2p]]
    total = collections.Counter()
    for name, *words in programs:
        done = run(["timeout", "--signal=INT", "--kill-after=30", str(INTEROP_LIMIT), sys.executable, "tests/interop/" + name, *words],
                   stdout=subprocess.PIPE)
        tail(done.stdout)
        counted = re.findall(r"(\d+) passed, (\d+) failed, (\d+) skipped", done.stdout)
        passed, failed, skipped = map(int, counted[-1]) if counted else (0, 1, 0)
        if done.returncode != 0:
            failed = max(failed, 1)
        total.update(passed=passed, failed=failed, skipped=skipped)
    if not complete:
        total["failed"] = max(total["failed"], 1)
    note("interop", preset, total["passed"], total["failed"], total["skipped"], start)


def summary(no_skip):
    print(f"\n{'layer':14}{'preset':10}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for row in rows:
        print(f"{row.layer:14}{row.preset:10}{row.passed:>8}{row.failed:>8}{row.skipped:>9}{row.seconds:>9.0f}")
    passed, failed, skipped = (sum(getattr(row, name) for row in rows) for name in ("passed", "failed", "skipped"))
    empty = [row.layer for row in rows if row.passed + row.failed + row.skipped == 0]
    if empty:
        print("\nno tests in: " + ", ".join(empty))
    if no_skip and skipped:
        print("\na skipped test is a failure under --all")
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed or passed == 0 or (no_skip and skipped) else 0


def main():
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("layers", nargs="*", metavar="LAYER", help="one of: " + ", ".join(LAYERS))
    parser.add_argument("--all", action="store_true", help="everything; what cannot run is a failure")
    parser.add_argument("--preset", default="release", choices=PRESETS, help="the build that is tested (release)")
    options = parser.parse_args()
    unknown = sorted(set(options.layers) - set(LAYERS))
    if unknown:
        parser.error("no such layer: " + ", ".join(unknown))
    layers = options.layers or LAYERS
    if options.preset != "release":
        layers = [layer for layer in layers if options.layers or layer not in ("style", "consumer", "interop")]
    if options.preset == "fuzz":
        layers = ["fuzz"]
    if options.all:
        os.environ.setdefault("LIBP2P_TIDY_SECONDS", "300")

    sys.path.insert(0, os.path.join(ROOT, "tests/integration/nat"))
    network = importlib.import_module("network")
    print(f"{os.cpu_count()} cores; network namespaces: {'yes' if network.is_possible() else 'no'}", flush=True)
    peers = Peers() if "interop" in layers else None
    try:
        built = build(options.preset, ["fuzz_programs"] if options.preset == "fuzz" else ())
        if built:
            for layer in CTEST_LAYERS:
                if layer in layers:
                    ctest(layer, options.preset)
        if options.all:
            for preset, (more, targets) in (("dev", SANITIZED), ("gcc", PORTABLE)):
                if build(preset, targets):
                    for layer in more:
                        ctest(layer, preset)
        if peers and built:
            interop(peers, options.preset, options.all)
    finally:
        if peers:
            peers.stop()
    return summary(options.all)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
