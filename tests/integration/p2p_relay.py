#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs `p2p relay` with clients of our own: events, table, limits, drain, and what it is told wrong.

The environment variable P2P holds the path of the program.
"""
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
import unittest

P2P = os.environ.get("P2P", "p2p")
PATIENCE = 60  # seconds; the machine may be busy


def p2p(*words, stdin=b""):
    return subprocess.run([P2P, *words], input=stdin, capture_output=True, timeout=PATIENCE)


class Daemon:
    """A command that prints events until it is ended."""

    def __init__(self, *words):
        self.process = subprocess.Popen([P2P, *words, "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.events = []
        self.changed = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()
        self.address = self.wait_for("listening")["addresses"][0]

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.events.append(json.loads(line))
                self.changed.notify_all()

    def wait_for(self, event, count=1):
        deadline = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                found = [value for value in self.events if value.get("event") == event]
                if len(found) >= count:
                    return found[count - 1]
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"no {event} among {self.events}")
                self.changed.wait(left)

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)


class Relay(unittest.TestCase):
    def start(self, *words):
        daemon = Daemon(*words)
        self.addCleanup(daemon.process.stdout.close)
        self.addCleanup(daemon.stop, signal.SIGKILL)
        return daemon

    def hidden(self, relay):
        return self.start("listen", "--listen", relay.address + "/p2p-circuit")

    def test_every_client_command_goes_through_it(self):
        relay = self.start("relay", "--preset", "carry-traffic")
        hidden = self.hidden(relay)
        self.assertIn(relay.address + "/p2p-circuit/p2p/", hidden.address)
        reserved = relay.wait_for("reserved")
        self.assertEqual(hidden.address.rsplit("/", 1)[1], reserved["peer"])
        for words in (("ping", "--count", "2"), ("identify",), ("perf", "--upload", "1MiB", "--download", "1MiB"),
                      ("connect", "--count", "2"), ("streams", "--count", "5")):
            done = p2p(words[0], hidden.address, *words[1:], "--json")
            self.assertEqual(done.returncode, 0, (words, done.stdout, done.stderr))
        self.assertEqual(p2p("echo", hidden.address, stdin=b"through a relay").stdout, b"through a relay")
        closed = relay.wait_for("circuit_closed")
        self.assertEqual(closed["destination"], reserved["peer"])
        self.assertGreater(closed["octets_forward"], 0)
        self.assertEqual(hidden.stop(), 0)
        self.assertEqual(relay.wait_for("reservation_ended")["reason"], "the peer has left")
        self.assertEqual(relay.stop(), 0)

    def test_the_table_comes_on_a_signal_and_in_time(self):
        relay = self.start("relay", "--table", "300ms")
        hidden = self.hidden(relay)
        relay.process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + PATIENCE
        count = 1
        while not relay.wait_for("table", count)["reservations"] and time.monotonic() < deadline:
            count += 1
        row = relay.wait_for("table", count)["reservations"][0]
        self.assertEqual(row["peer"], hidden.address.rsplit("/", 1)[1])
        self.assertLessEqual(row["expires_in"], 3600)

    def test_a_file_says_what_it_gives_away_and_options_count_for_more(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"limits": {"reservations": 2, "circuit_octets": 1000}}, file)
            file.flush()
            relay = self.start("relay", "--config", file.name, "--limit", "reservations=1")
        hidden = self.hidden(relay)
        done = p2p("listen", "--listen", relay.address + "/p2p-circuit", "--json")
        self.assertEqual(done.returncode, 1)
        self.assertIn("RESOURCE_LIMIT_EXCEEDED (201)", done.stdout.decode())
        self.assertIn("relay.reservations", relay.wait_for("refused")["reason"])
        done = p2p("echo", hidden.address, stdin=b"x" * 2000)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn("1000 octets", relay.wait_for("circuit_closed")["reason"])

    def test_it_drains_before_it_ends(self):
        relay = self.start("relay", "--preset", "carry-traffic", "--drain", "60")
        hidden = self.hidden(relay)
        client = subprocess.Popen([P2P, "echo", hidden.address], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(client.stdout.close)
        client.stdin.write(b"first ")
        client.stdin.flush()
        relay.wait_for("circuit_opened")
        relay.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        self.assertIsNone(relay.process.poll(), "the circuit stands")
        client.stdin.write(b"second")
        client.stdin.close()
        self.assertEqual(client.stdout.read(), b"first second")
        self.assertEqual(client.wait(PATIENCE), 0)
        self.assertEqual(relay.process.wait(PATIENCE), 0)

    def test_a_second_signal_cuts_the_drain_short(self):
        relay = self.start("relay", "--preset", "carry-traffic", "--drain", "60")
        hidden = self.hidden(relay)
        client = subprocess.Popen([P2P, "echo", hidden.address], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.addCleanup(client.stdin.close)
        relay.wait_for("circuit_opened")
        start = time.monotonic()
        relay.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        self.assertEqual(relay.stop(signal.SIGINT), 0)
        self.assertLess(time.monotonic() - start, 50)
        client.kill()
        client.wait()

    def test_what_it_is_told_wrong_is_named(self):
        for words, code, named in ((("--limit", "circuts=3"), 2, "circuts"), (("--limit", "circuits"), 2, "circuits"),
                                   (("--limit", "circuits=3", "circuits=many"), 2, "many"),
                                   (("--config", "/nowhere/relay.json"), 1, "/nowhere/relay.json"),
                                   (("--listen", "/ip4/1"), 1, "/ip4/1")):
            done = p2p("relay", *words)
            self.assertEqual(done.returncode, code, words)
            self.assertIn(named, done.stderr.decode())
            self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
        self.assertEqual(p2p("relay", "--preset", "generous").returncode, 2)


if __name__ == "__main__":
    unittest.main()
