#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The page of `p2p relay --http` in Chromium: a tab and a tab, and a tab and a node of ours, find each other through the relay,
talk directly, chat and send files, or stay on the relay; with and without the browser's mDNS names in place of addresses. What sends files to
tabs and takes theirs is examples/13_send_file.

Needs node and Chromium, and no peer that has to be built. Prints a line a cell and, last, `N passed, N failed, N skipped`; exit code 1
if a cell failed.
"""
import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
MEET = HERE / "peers/chromium/meet.js"
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PATIENCE = 150  # seconds; the machine may be busy


class Failed(Exception):
    """The cell did not hold."""


class Program:
    """A program that prints events, JSON objects or other lines, and may be talked to."""

    def __init__(self, *argv):
        self.argv = [str(word) for word in argv]
        self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.events = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            text = line.decode()
            with self.changed:
                self.events.append(json.loads(text) if text.startswith("{") else {"event": "line", "text": text.strip()})
                self.changed.notify_all()

    def expect(self, **wanted):
        """The first event with these values, or the failure that it tells of."""
        deadline = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                for event in self.events:
                    if all(value(event.get(key)) if callable(value) else event.get(key) == value for key, value in wanted.items()):
                        return event
                    if event.get("event") == "error":
                        raise Failed(event.get("message"))
                if time.monotonic() > deadline:
                    raise Failed(f"{Path(self.argv[0]).name} does not tell {wanted}, but {self.events[-3:]}")
                self.changed.wait(1)

    def say(self, words):
        self.process.stdin.write(f"{words}\n".encode())
        self.process.stdin.flush()

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(20)
        self.process.stdin.close()
        self.process.stdout.close()


@contextmanager
def running(*argv):
    program = Program(*argv)
    try:
        yield program
    finally:
        program.end()


@contextmanager
def relaying(p2p):
    """A relay with the page: its URL, and an address for nodes."""
    argv = (p2p, "relay", "--json", "--http", "127.0.0.1:0", "--listen", "/ip4/127.0.0.1/tcp/0")
    with running(*argv) as relay:
        yield relay.expect(event="http")["url"], relay.expect(event="listening")["addresses"][0]


def check_path(path, hides):
    if path["kind"] != "Direct":
        raise Failed(f"the page shows {path}")
    if not hides and path["pair"] == "–":
        raise Failed("the page shows no addresses")


def check_story(story):
    """That it was relayed first, and then direct."""
    kinds = [line.split(" s ", 1)[-1].split(",")[0].split(":")[0] for line in story]
    if "Relayed" not in kinds or "Direct" not in kinds or kinds.index("Relayed") > kinds.index("Direct"):
        raise Failed(f"the page tells {story}")
    found = next(line for line in story if " s Direct" in line)
    return f"direct after {found.split()[0]} s"


def tabs(programs, options):
    with relaying(programs.p2p) as (url, _), running("node", MEET, "tabs", url, *options) as people:
        seen = people.expect(event="tabs")
    if seen["console"] or seen["hashes"] != [True, True]:
        raise Failed(f"{seen}")
    for path in seen["paths"]:
        check_path(path, options)
    return [check_story(story) for story in seen["stories"]][1]


def apart(programs, _):
    with relaying(programs.p2p) as (url, _), running("node", MEET, "apart", url) as people:
        seen = people.expect(event="apart")
    if seen["console"] or seen["paths"] != ["Relayed", "Relayed"] or "128 KiB" not in seen["refused"]:
        raise Failed(f"{seen}")
    return "relayed: chat, a small file; a large one is refused"


def check_tab(seen, options):
    if seen["console"]:
        raise Failed(f"{seen['console']}")
    check_path(seen["path"], options)
    return check_story(seen["story"])


def for_browsers(address):
    return "/webrtc/" in address and "/webrtc-direct/" in address


def chat(programs, options):
    with relaying(programs.p2p) as (url, relay):
        with running(programs.p2p, "listen", "--json", "--listen", f"{relay}/p2p-circuit", "--listen", "/webrtc") as node:
            address = next(filter(for_browsers, node.expect(event="listening")["addresses"]))
            with running("node", MEET, "chats", url, address, *options) as person:
                node.expect(event="connected", transport="webrtc")
                while not any(event.get("event") in ("chatted", "error") for event in person.events):
                    node.say("hello, tab")  # nobody hears what was said before he came
                    time.sleep(0.5)
                seen = person.expect(event="chatted")
                node.expect(event="chat", text="hello, node")
    return check_tab(seen, options)


def file_to_node(programs, options):
    with relaying(programs.p2p) as (url, relay), tempfile.TemporaryDirectory() as folder:
        with running(programs.send_file, "receive", folder, "--relay", relay) as node:
            offered = node.expect(event="line", text=lambda text: text.startswith("send to ") and for_browsers(text))
            with running("node", MEET, "sends", url, offered["text"].removeprefix("send to "), *options) as person:
                seen = person.expect(event="sent")
        found = hashlib.sha256((Path(folder) / "to the node.bin").read_bytes()).hexdigest()
    if found != seen["sha256"]:
        raise Failed("another file than was sent")
    return check_tab(seen, options)


def file_from_node(programs, options):
    with relaying(programs.p2p) as (url, _), tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "from the node.bin"
        file.write_bytes(random.randbytes(2_000_003))
        with running("node", MEET, "takes", url, *options) as person:
            address = person.expect(event="reachable")["address"]
            with running(programs.send_file, "send", file, address) as node:
                node.expect(event="line", text=lambda text: text.startswith("sent "))
                seen = person.expect(event="taken")
        if hashlib.sha256(file.read_bytes()).hexdigest() != seen["sha256"]:
            raise Failed("another file than was sent")
    return check_tab(seen, options)


ADDRESSES = {"addresses": (), "mDNS names": ("--mdns",)}
CELLS = [(name, kind, cell, options)
         for name, cell in (("two tabs: chat, files", tabs), ("tab and node: chat", chat), ("tab sends node a file", file_to_node),
                            ("node sends tab a file", file_from_node))
         for kind, options in ADDRESSES.items()] + [("two tabs: no path", "lost names", apart, ())]


class Programs:
    def __init__(self, options):
        self.p2p = os.path.abspath(options.p2p)
        self.send_file = os.path.abspath(os.path.join(options.examples, "13_send_file"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--p2p", default="build/release/tools/p2p")
    parser.add_argument("--examples", default="build/release/examples", help="the folder of the built examples")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    if shutil.which("node") is None or not (os.environ.get("CHROMIUM") or any(map(shutil.which, CHROMIUMS))):
        print(f"skipped: node or Chromium is not installed\n0 passed, 0 failed, {len(CELLS)} skipped")
        return 0
    programs = Programs(options)
    passed = failed = 0
    for name, kind, cell, words in CELLS:
        told = ""
        try:
            for _ in range(options.rounds):
                told = cell(programs, words)
            passed += 1
        except (Failed, OSError) as failure:
            failed += 1
            told = f"FAILED {failure}"
        print(f"{name:24} {kind:10}  {told}", flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
