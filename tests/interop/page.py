#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""The page of `p2p relay --http` in Chromium: a tab and a tab, and a tab and a node of ours, find each other through the relay,
talk directly, chat and send files; with and without the browser's mDNS names in place of addresses.

Needs node and Chromium, and nothing that is built. Prints a line a cell and, last, `N passed, N failed, N skipped`; exit code 1
if a cell failed.
"""
import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
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
    """A program that prints JSON objects, and may be talked to."""

    def __init__(self, *argv):
        self.argv = [str(word) for word in argv]
        self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.events = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.events.append(json.loads(line))
                self.changed.notify_all()

    def expect(self, **wanted):
        """The first event with these values, or the failure that it tells of."""
        deadline = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                for event in self.events:
                    if all(event.get(key) == value for key, value in wanted.items()):
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


def tabs(p2p, options):
    with relaying(p2p) as (url, _), running("node", MEET, "tabs", url, *options) as people:
        seen = people.expect(event="tabs")
    if seen["console"] or seen["hashes"] != [True, True]:
        raise Failed(f"{seen}")
    for path in seen["paths"]:
        check_path(path, options)
    return [check_story(story) for story in seen["stories"]][1]


def tab_and_node(p2p, options):
    with relaying(p2p) as (url, relay):
        with running(p2p, "listen", "--json", "--listen", f"{relay}/p2p-circuit", "--listen", "/webrtc") as node:
            listening = node.expect(event="listening")
            addresses = [text for text in listening["addresses"] if "/webrtc/" in text and "/webrtc-direct/" in text]
            with running("node", MEET, "node", url, addresses[0], *options) as person:
                node.expect(event="connected", transport="webrtc")
                while not any(event.get("event") in ("node", "error") for event in person.events):
                    node.say("hello, tab")  # nobody hears what was said before he came
                    time.sleep(0.5)
                seen = person.expect(event="node")
                node.expect(event="chat", text="hello, node")
    if seen["console"]:
        raise Failed(f"{seen['console']}")
    check_path(seen["path"], options)
    return check_story(seen["story"])


CELLS = (("two tabs: chat, files", tabs), ("tab and node: chat", tab_and_node))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--p2p", default="build/release/tools/p2p")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    if shutil.which("node") is None or not (os.environ.get("CHROMIUM") or any(map(shutil.which, CHROMIUMS))):
        print(f"skipped: node or Chromium is not installed\n0 passed, 0 failed, {2 * len(CELLS)} skipped")
        return 0
    passed = failed = 0
    for name, cell in CELLS:
        for words in ((), ("--mdns",)):
            told = ""
            try:
                for _ in range(options.rounds):
                    told = cell(os.path.abspath(options.p2p), words)
                passed += 1
            except Failed as failure:
                failed += 1
                told = f"FAILED {failure}"
            print(f"{name:24} {'mDNS names' if words else 'addresses':10}  {told}", flush=True)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
