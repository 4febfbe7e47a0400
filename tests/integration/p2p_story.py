#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs `p2p connect --verbose` over every path that loopback has, and over none.

The environment variable P2P holds the path of the program.
"""
import json
import os
import re
import signal
import socket
import subprocess
import unittest

P2P = os.environ.get("P2P", "p2p")
PATIENCE = 60  # seconds; the machine may be busy
STRANGER = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"
LINE = re.compile(r" *\d+\.\d{3} s  [a-z]+ +\S")  # a step; what is wrapped is indented as far as its text
WIDTH = 100


def connect(*words):
    return subprocess.run([P2P, "connect", *words, "--verbose"], capture_output=True, timeout=PATIENCE)


class Story(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.processes = []
        cls.relay = cls.start("relay")["addresses"][0]
        here = "/ip4/127.0.0.1"
        listens = (f"{cls.relay}/p2p-circuit", "/webrtc", f"{here}/tcp/0", f"{here}/tcp/0/ws", f"{here}/udp/0/webrtc-direct")
        words = [word for listen in listens for word in ("--listen", listen)]
        cls.addresses = cls.start("listen", *words, "--loopback")["addresses"]

    @classmethod
    def tearDownClass(cls):
        for process in reversed(cls.processes):
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)
            process.stdout.close()

    @classmethod
    def start(cls, *words):
        process = subprocess.Popen([P2P, *words, "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        cls.processes.append(process)
        return json.loads(process.stdout.readline())

    def address(self, pattern):
        return next(address for address in self.addresses if re.search(pattern, address))

    def steps(self, *words, code=0):
        """What --json says: the steps, in their order, and the verdict."""
        done = connect(*words, "--json")
        self.assertEqual(done.returncode, code, done)
        said = [json.loads(line) for line in done.stdout.splitlines()]
        told = [step for step in said if step["event"] != "error"]
        self.assertEqual([step["event"] for step in told], ["step"] * (len(told) - 1) + ["path"], said)
        times = [step["seconds"] for step in told[:-1]]
        self.assertEqual(times, sorted(times))
        return told[:-1], told[-1]

    def lines(self, *words, code=0):
        """What people read: in columns, and not wider than a terminal where words can be wrapped."""
        done = connect(*words)
        self.assertEqual(done.returncode, code, done)
        lines = done.stdout.decode().splitlines()
        for line in lines:
            self.assertTrue(LINE.match(line) or line.startswith(" " * 21), line)
            self.assertLessEqual(len(line), WIDTH, line)
        return lines

    def test_a_direct_connection(self):
        for pattern, transport in (("/tcp/[0-9]+/p2p/[^/]*$", "tcp"), ("/ws/", "websocket"), ("certhash", "webrtc-direct")):
            with self.subTest(transport=transport):
                address = self.address(pattern)
                steps, path = self.steps(address)
                self.assertEqual([step["step"] for step in steps], ["address", "dial", "dial"])
                self.assertEqual([step.get("state") for step in steps], [None, "begun", "connected"])
                self.assertEqual((path["path"], path["transport"]), ("direct", transport))
                self.assertIn(f"direct over {transport}: ", " ".join(self.lines(address)))

    def test_the_relay_alone(self):
        address = self.address("/p2p-circuit/p2p/")
        steps, path = self.steps(address)
        relay = self.relay.rsplit("/", 1)[1]
        states = [step["state"] for step in steps if step.get("relay") == relay]
        self.assertEqual(states, ["asked", "granted"])
        self.assertEqual((path["path"], path["limited"]), ("relayed", True))
        self.assertIn("does not end in /webrtc", path["words"])

    def test_a_private_connection_candidate_by_candidate(self):
        address = self.address("/webrtc/p2p/")
        steps, path = self.steps(address, "--loopback")
        topics = {step["step"] for step in steps}
        self.assertLessEqual({"address", "dial", "relay", "signal", "ours", "theirs", "check", "pair", "session"}, topics)
        self.assertEqual([(s["state"], s["type"]) for s in steps if s["step"] == "signal" and "type" in s][:2],
                         [("sent", "offer"), ("received", "answer")])
        theirs = [step for step in steps if step["step"] == "theirs"]
        self.assertTrue(any(step["contacted"] and step["type"] == "host" for step in theirs), theirs)
        self.assertEqual(path["path"], "direct")
        self.assertIn(path["local_candidate"] + " <-> " + path["remote_candidate"], path["words"])
        # The relayed connection goes once the direct one stands; whichever side is first tells.
        last = steps[-1]
        self.assertIn((last["step"], last["state"]), [("relay", "released"), ("end", "disconnected")])
        self.assertGreater(last["seconds"], path["seconds"])

    def test_signalling_over_a_rendezvous_server(self):
        server = self.start("signal-server", "--listen", "127.0.0.1:0")["address"]
        at = f"/ip4/127.0.0.1/tcp/{server.rsplit(':', 1)[1]}/ws/webrtc"
        address = self.start("listen", "--listen", at, "--loopback")["addresses"][0]
        steps, path = self.steps(address, "--loopback")
        [opened] = [step for step in steps if step["step"] == "signal" and step["state"] == "open"]
        self.assertEqual(opened["remote"], at)
        self.assertEqual(path["path"], "direct")

    def test_a_candidate_that_is_left_out_has_a_reason(self):
        lines = "\n".join(self.lines(self.address("/webrtc/p2p/")))
        self.assertRegex(lines, r"theirs +host  127\.0\.0\.1:\d+ +left out: of a network that is not offered")

    def test_a_failing_dial(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            address = f"/ip4/127.0.0.1/tcp/{closed.getsockname()[1]}/p2p/{STRANGER}"
            steps, path = self.steps(address, code=1)
            self.assertEqual(steps[-1]["state"], "failed")
            self.assertEqual(path["path"], "none")
            self.assertIn("no path: Connection refused", "\n".join(self.lines(address, code=1)))

    def test_a_peer_that_is_not_at_the_relay(self):
        relayed = f"{self.relay}/p2p-circuit/webrtc/p2p/{STRANGER}"
        steps, path = self.steps(relayed, code=1)
        self.assertIn("NO_RESERVATION", json.dumps(steps))
        self.assertEqual(path["path"], "none")

    def test_what_the_user_wants_of_the_log_comes_too(self):
        done = connect(self.address("/ws/"), "--log", "swarm=debug")
        self.assertIn(b" debug swarm dial.begun ", done.stderr)
        self.assertEqual(connect(self.address("/ws/")).stderr, b"")

    def test_it_is_one_connection(self):
        for option in ("--count", "--parallel"):
            done = connect(self.relay, option, "2")
            self.assertEqual((done.returncode, done.stderr.count(b"\n")), (2, 1), done)
            self.assertIn(option.encode(), done.stderr)


if __name__ == "__main__":
    P2P = os.path.abspath(P2P)
    unittest.main(verbosity=1)
