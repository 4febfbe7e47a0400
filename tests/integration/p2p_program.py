#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs the p2p program through every command, every error code it can be brought to, and bad input.

The environment variable P2P holds the path of the program; ctest sets it:
    add_test(NAME integration.p2p_program COMMAND Python3::Interpreter tests/integration/p2p_program.py)
    set_tests_properties(integration.p2p_program PROPERTIES ENVIRONMENT "P2P=$<TARGET_FILE:p2p>")
"""
import base64
import json
import os
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

P2P = os.environ.get("P2P", "p2p")
PATIENCE = 60  # seconds; the machine may be busy
STRANGER = "12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo"
COMMANDS = ("key", "addr", "cert", "listen", "ping", "identify", "perf", "echo", "connect", "streams")
CLIENTS = ("ping", "identify", "perf", "echo", "connect", "streams")
CERTHASH = "uEiBKszEdDOp6hwDW032lkq9meBd-9MXzXMoOiBGRwBRxGw"  # nobody's
WEBRTC = "/ip4/127.0.0.1/udp/0/webrtc-direct"


def p2p(*words, stdin=b"", env=None):
    environment = {**os.environ, **(env or {})}
    return subprocess.run([P2P, *words], input=stdin, capture_output=True, timeout=PATIENCE, env=environment)


def objects(done):
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


class Listener:
    def __init__(self, *words, env=None):
        self.process = subprocess.Popen([P2P, "listen", "--json", *words], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **(env or {})})
        self.events = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.listening = self.wait_for(lambda e: e.get("event") in ("listening", "error"))
        self.peer = self.listening.get("peer")
        self.address = (self.listening.get("addresses") or [""])[0]
        self.bare = self.address.split("/p2p/")[0]

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.events.append(json.loads(line))
                self.changed.notify_all()

    def wait_for(self, wanted):
        deadline = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                for event in self.events:
                    if wanted(event):
                        return event
                left = deadline - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"not among {self.events}")
                self.changed.wait(left)

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.reader.join(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()
        return code


class Peer:
    """A TCP listener that is no libp2p peer. `serve` is called with each connection."""

    def __init__(self, serve):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.address = f"/ip4/127.0.0.1/tcp/{self.port}/p2p/{STRANGER}"
        self.kept = []
        threading.Thread(target=self._accept, args=(serve,), daemon=True).start()

    def _accept(self, serve):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.kept.append(connection)
            try:
                serve(connection)
            except OSError:
                pass

    def close(self):
        self.socket.close()
        for connection in self.kept:
            connection.close()


class Program(unittest.TestCase):
    def expect_error(self, done, code):
        """Exit code 1, one JSON error of that code, and nothing that looks like a crash."""
        self.assertEqual(done.returncode, 1, done)
        errors = [o for o in objects(done) if o.get("event") == "error"]
        self.assertEqual(len(errors), 1, done)
        self.assertEqual(errors[0]["code"], code, errors)
        self.assertTrue(errors[0]["message"], errors)
        self.expect_calm(done)
        return errors[0]

    def expect_calm(self, done):
        for word in (b"terminate called", b"Sanitizer", b"runtime error", b"what()", b"core dumped"):
            self.assertNotIn(word, done.stderr)

    def expect_usage(self, done, *words):
        """Exit code 2, and one line that names what is wrong."""
        self.assertEqual(done.returncode, 2, done)
        text = done.stderr.decode()
        self.assertEqual(text.count("\n"), 1, text)
        for word in words:
            self.assertIn(word, text)
        self.assertEqual(done.stdout, b"")
        self.expect_calm(done)


class Usage(Program):
    def test_help_of_the_program_and_of_every_command(self):
        help_text = p2p("--help")
        self.assertEqual(help_text.returncode, 0)
        for command in COMMANDS:
            self.assertIn(f"  {command} ", help_text.stdout.decode())
            own = p2p(command, "--help")
            self.assertEqual(own.returncode, 0, own)
            self.assertIn("--help", own.stdout.decode())
            self.assertEqual(own.stderr, b"")

    def test_help_fits_a_terminal(self):
        for words in ([], *([c] for c in COMMANDS), ["key", "new"], ["key", "show"]):
            with self.subTest(words=words):
                done = p2p(*words, "--help")
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                self.assertIn("Usage: " + " ".join(["p2p", *words]) + " [OPTIONS]", done.stdout.decode())
                for line in done.stdout.decode().splitlines():
                    self.assertLessEqual(len(line), 100, line)

    def test_problems_are_told_with_the_help_that_helps(self):
        for words, problem in ((("fly",), 'there is no command "fly" (see p2p --help)'),
                               ((), "a command is missing (see p2p --help)"),
                               (("key",), "a command is missing (see p2p key --help)"),
                               (("key", "fly"), 'there is no command "fly" (see p2p key --help)'),
                               (("ping",), "MULTIADDR is required (see p2p ping --help)"),
                               (("ping", "/x", "--wings"), "there is no option --wings (see p2p ping --help)"),
                               (("ping", "/x", "/y"), "one argument too many: /y (see p2p ping --help)"),
                               (("ping", "/x", "-n", "0"),
                                '--count: "0" is no number from 1 to 1000000000 (see p2p ping --help)')):
            with self.subTest(words=words):
                done = p2p(*words)
                self.expect_usage(done)
                self.assertEqual(done.stderr.decode(), f"p2p: {problem}\n")

    def test_version(self):
        done = p2p("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout.decode(), r"^p2p, cpp-libp2p/\d+\.\d+\.\d+\n$")

    def test_wrong_usage(self):
        self.expect_usage(p2p())
        self.expect_usage(p2p("fly"), "fly")
        self.expect_usage(p2p("ping"), "MULTIADDR")
        self.expect_usage(p2p("ping", "/ip4/127.0.0.1/tcp/1", "--wings", "2"), "--wings")
        self.expect_usage(p2p("key"))
        self.expect_usage(p2p("key", "new"), "FILE")
        self.expect_usage(p2p("key", "new", "/nowhere/key", "--type", "dsa"), "dsa")
        self.expect_usage(p2p("ping", "/ip4/127.0.0.1/tcp/1", "--security", "plaintext"), "plaintext")
        self.expect_usage(p2p("ping", "/ip4/127.0.0.1/tcp/1", "--muxer", "mplex"), "mplex")

    def test_numbers_are_checked(self):
        address = f"/ip4/127.0.0.1/tcp/1/p2p/{STRANGER}"
        for words in (("ping", "--count", "0"), ("ping", "--count", "-1"), ("ping", "--count", "many"),
                      ("ping", "--count", "99999999999999999999"), ("connect", "--count", "1.5"),
                      ("connect", "--parallel", "1000000"), ("streams", "--parallel", "0"), ("perf", "--upload", "-5"),
                      ("perf", "--download", "1XB"), ("perf", "--upload", "16777216TiB"), ("perf", "--streams", "0"),
                      ("ping", "--timeout", "0"), ("ping", "--timeout", "soon"), ("ping", "--timeout", "nan")):
            with self.subTest(words=words):
                self.expect_usage(p2p(words[0], address, *words[1:]), words[1])

    def test_log_levels_are_checked(self):
        address = f"/ip4/127.0.0.1/tcp/1/p2p/{STRANGER}"
        self.expect_usage(p2p("ping", address, "--log", "loud"), "loud")
        self.expect_usage(p2p("ping", address, env={"LIBP2P_LOG": "swarm=loud"}), "loud")


class Addresses(Program):
    def test_explains_each_component(self):
        done = p2p("addr", f"/ip4/127.0.0.1/tcp/4001/p2p/{STRANGER}", "--json")
        self.assertEqual(done.returncode, 0)
        [told] = objects(done)
        self.assertIs(told["valid"], True)
        self.assertEqual(told["components"], [{"protocol": "ip4", "value": "127.0.0.1"},
                                              {"protocol": "tcp", "value": "4001"},
                                              {"protocol": "p2p", "value": STRANGER}])

    def test_explains_to_people(self):
        done = p2p("addr", "/ip6/::1/udp/9/webrtc-direct")
        self.assertEqual(done.returncode, 0)
        lines = done.stdout.decode().splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[0], r"^ip6 +::1 +IPv6 address$")

    def test_explains_webrtc_direct(self):
        address = f"/ip4/127.0.0.1/udp/4001/webrtc-direct/certhash/{CERTHASH}/p2p/{STRANGER}"
        [told] = objects(p2p("addr", address, "--json"))
        self.assertEqual((told["valid"], told["address"]), (True, address))
        self.assertEqual([c["protocol"] for c in told["components"]], ["ip4", "udp", "webrtc-direct", "certhash", "p2p"])
        self.assertEqual(told["components"][3], {"protocol": "certhash", "value": CERTHASH})
        self.assertFalse([c for c in told["components"] if "warning" in c], told)
        text = p2p("addr", address).stdout.decode()
        self.assertRegex(text, r"(?m)^webrtc-direct +WebRTC-Direct: data channels")
        self.assertRegex(text, rf"(?m)^certhash +{CERTHASH} +hash of the certificate")
        self.assertNotIn("<-", text)

    def test_says_why_a_webrtc_direct_address_cannot_be_dialled(self):
        sha512 = "uE0Ckq9REjElWLYKBFdE6H8zqkn9StNVFkpf4tD5C2okji8E2JuQ9yzjdsIJIiSfskE-0IFdEOYPohYUXnVBVGv5i"
        for text, place, word in (("/ip4/127.0.0.1/udp/1/webrtc-direct", 2, "certhash"),
                                  (f"/ip4/127.0.0.1/udp/1/webrtc-direct/certhash/{sha512}", 3, "SHA-256"),
                                  (f"/ip4/127.0.0.1/udp/1/certhash/{CERTHASH}/webrtc-direct", 2, "/webrtc-direct"),
                                  (f"/ip4/127.0.0.1/tcp/1/webrtc-direct/certhash/{CERTHASH}", 2, "/udp/PORT")):
            with self.subTest(text=text):
                done = p2p("addr", text, "--json")
                self.assertEqual(done.returncode, 0, done)  # well-formed, all the same
                [told] = objects(done)
                self.assertIs(told["valid"], True)
                self.assertIn(word, told["components"][place]["warning"])
                line = p2p("addr", text).stdout.decode().splitlines()[place]
                self.assertRegex(line, f"<- .*{re.escape(word)}")
        for certhash in ("xx", "uEQ", "zzz"):
            with self.subTest(certhash=certhash):
                error = self.expect_error(p2p("addr", f"/ip4/127.0.0.1/udp/1/webrtc-direct/certhash/{certhash}", "--json"),
                                          "invalid_address")
                self.assertIn("certhash", error["message"])

    def test_says_what_is_wrong(self):
        for text in ("", "ip4/1.2.3.4", "/ip4/1.2.3.400", "/ip4/1.2.3.4/tcp/65536", "/ip4", "/bird/3", "/", "//",
                     "/ip4/127.0.0.1/tcp/1/p2p/12D3KooW", "/ip4/1.2.3.4/tcp/-1", "\x1b[2J", "/ip4/1.2.3.4\n/tcp/1",
                     "/dns/" + "x" * 5000):
            with self.subTest(text=text[:40]):
                self.expect_error(p2p("addr", text, "--json"), "invalid_address")
                done = p2p("addr", text)
                self.assertEqual(done.returncode, 1)
                self.assertIn(b"[invalid_address]", done.stderr)
                self.assertNotIn(b"\x1b", done.stderr + done.stdout)
        [told] = objects(p2p("addr", "/ip4/1.2.3.4/tcp/x", "--json"))
        self.assertIs(told["valid"], False)
        self.assertEqual(told["components"][0], {"protocol": "ip4", "value": "1.2.3.4"})
        self.assertIn("problem", told["components"][1])


class Keys(Program):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_makes_and_shows_every_type(self):
        starts = {"ed25519": "12D3KooW", "secp256k1": "16Uiu2HA", "ecdsa": "Qm", "rsa": "Qm"}
        for kind, start in starts.items():
            with self.subTest(kind=kind):
                file = self.folder / kind
                done = p2p("key", "new", str(file), "--type", kind, "--json")
                self.assertEqual(done.returncode, 0, done)
                [made] = objects(done)
                self.assertEqual(made["type"], kind)
                self.assertTrue(made["peer"].startswith(start), made)
                self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
                self.assertEqual(objects(p2p("key", "show", str(file), "--json")), [made])
                self.assertEqual(p2p("key", "show", str(file)).stdout.decode(), f"{made['peer']} ({kind})\n")

    def test_makes_ed25519_unless_told_otherwise(self):
        [made] = objects(p2p("key", "new", str(self.folder / "key"), "--json"))
        self.assertEqual(made["type"], "ed25519")

    def test_replaces_a_key_only_when_forced(self):
        file = self.folder / "key"
        [first] = objects(p2p("key", "new", str(file), "--json"))
        done = p2p("key", "new", str(file), "--json")
        self.assertIn("--force", self.expect_error(done, "io_error")["message"])
        self.assertEqual(objects(p2p("key", "show", str(file), "--json")), [first])
        [second] = objects(p2p("key", "new", str(file), "--force", "--json"))
        self.assertNotEqual(first["peer"], second["peer"])
        self.assertEqual(objects(p2p("key", "show", str(file), "--json")), [second])
        self.assertEqual([entry.name for entry in self.folder.iterdir()], ["key"])

    def test_refuses_what_is_no_key(self):
        (self.folder / "garbage").write_bytes(b"\xff" * 68)
        (self.folder / "empty").write_bytes(b"")
        (self.folder / "long").write_bytes(b"x" * 1_000_000)
        for name in ("garbage", "empty", "long", "missing", "."):
            with self.subTest(name=name):
                file = str(self.folder / name)
                self.expect_error(p2p("key", "show", file, "--json"), "invalid_key")
                self.expect_error(p2p("listen", "--key", file, "--json"), "invalid_key")
        done = p2p("key", "show", str(self.folder / "missing"))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.decode().count("\n"), 1, done.stderr)

    def test_refuses_a_key_it_may_not_read(self):
        file = self.folder / "key"
        self.assertEqual(p2p("key", "new", str(file)).returncode, 0)
        file.chmod(0o000)
        nobody = {"user": 65534} if os.geteuid() == 0 else {}  # root may read everything
        done = subprocess.run([P2P, "key", "show", str(file), "--json"], capture_output=True, timeout=PATIENCE, **nobody)
        self.assertIn("Permission denied", self.expect_error(done, "invalid_key")["message"])

    def test_shows_a_key_that_others_may_read(self):
        file = self.folder / "key"
        [made] = objects(p2p("key", "new", str(file), "--json"))
        file.chmod(0o644)
        self.assertEqual(objects(p2p("key", "show", str(file), "--json")), [made])

    def test_fails_where_it_cannot_write(self):
        self.expect_error(p2p("key", "new", str(self.folder / "no" / "such" / "folder"), "--json"), "io_error")

    def test_listens_as_the_peer_of_its_key(self):
        file = str(self.folder / "key")
        [made] = objects(p2p("key", "new", file, "--json"))
        listener = Listener("--key", file)
        self.addCleanup(listener.stop)
        self.assertEqual(listener.peer, made["peer"])
        self.assertTrue(listener.address.endswith("/p2p/" + made["peer"]))


class Certificates(Program):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.key = str(Path(folder.name) / "key")
        [self.made] = objects(p2p("key", "new", self.key, "--json"))

    def test_shows_the_certificate_of_a_key(self):
        done = p2p("cert", "--key", self.key, "--json")
        self.assertEqual(done.returncode, 0, done)
        [told] = objects(done)
        self.assertEqual(list(told), ["certhash", "expires", "addresses", "peer", "fingerprint"])
        self.assertRegex(told["certhash"], r"^uEi[\w-]{44}$")
        self.assertEqual(told["expires"], "2120-01-01T00:00:00Z")
        self.assertEqual(told["peer"], self.made["peer"])
        digest = base64.urlsafe_b64decode(told["certhash"][1:] + "==")[2:]
        self.assertEqual(told["fingerprint"], ":".join(f"{octet:02X}" for octet in digest))
        self.assertEqual(told["addresses"], [f"/webrtc-direct/certhash/{told['certhash']}/p2p/{self.made['peer']}"])
        self.assertEqual(objects(p2p("cert", "--key", self.key, "--json")), [told])
        [other] = objects(p2p("cert", "--json"))
        self.assertNotEqual(other["certhash"], told["certhash"])
        text = p2p("cert", "--key", self.key).stdout.decode()
        for word in ("certhash", told["certhash"], told["fingerprint"], told["expires"], told["addresses"][0]):
            self.assertIn(word, text)

    def test_is_what_a_listener_shows_before_and_after_a_restart(self):
        [told] = objects(p2p("cert", "--key", self.key, "--json"))
        for kind in ("first", "second"):
            with self.subTest(run=kind):
                listener = Listener("--listen", WEBRTC, "--key", self.key)
                self.addCleanup(listener.stop)
                port = re.search(r"/udp/(\d+)/", listener.address).group(1)
                bare = f"/ip4/127.0.0.1/udp/{port}/webrtc-direct"
                self.assertEqual(listener.address, f"{bare}/certhash/{told['certhash']}/p2p/{told['peer']}")
                [again] = objects(p2p("cert", "--key", self.key, "--listen", bare, "--json"))
                self.assertEqual(again["addresses"], [listener.address])
                self.assertEqual(p2p("ping", again["addresses"][0], "-n", "1").returncode, 0)
                self.assertEqual(listener.stop(), 0)

    def test_tells_the_address_of_each_interface(self):
        [told] = objects(p2p("cert", "--key", self.key, "--listen", "/ip4/0.0.0.0/udp/4001/webrtc-direct", "--listen",
                             "/ip6/::1/udp/4002/webrtc-direct", "--json"))
        tail = f"webrtc-direct/certhash/{told['certhash']}/p2p/{told['peer']}"
        self.assertIn(f"/ip4/127.0.0.1/udp/4001/{tail}", told["addresses"])
        self.assertIn(f"/ip6/::1/udp/4002/{tail}", told["addresses"])
        self.assertFalse([a for a in told["addresses"] if "0.0.0.0" in a])

    def test_refuses_what_nobody_dials_this_key_by(self):
        for address, code in (("nonsense", "invalid_address"), ("/ip4/127.0.0.1/tcp/1", "unsupported_address"),
                              (f"/ip4/127.0.0.1/udp/1/webrtc-direct/certhash/{CERTHASH}", "invalid_address"),
                              (f"/ip4/127.0.0.1/udp/1/webrtc-direct/p2p/{STRANGER}", "peer_mismatch")):
            with self.subTest(address=address):
                self.expect_error(p2p("cert", "--key", self.key, "--listen", address, "--json"), code)
        self.expect_error(p2p("cert", "--key", self.key + "x", "--json"), "invalid_key")


class Talking(Program):
    @classmethod
    def setUpClass(cls):
        cls.listener = Listener()

    @classmethod
    def tearDownClass(cls):
        cls.listener.stop()

    def test_tells_where_it_listens(self):
        self.assertEqual(self.listener.listening["event"], "listening")
        self.assertEqual(list(self.listener.listening), ["event", "peer", "addresses", "agent", "protocols"])
        for address in self.listener.listening["addresses"]:
            self.assertRegex(address, rf"^/ip4/127\.0\.0\.1/tcp/[1-9]\d*/p2p/{self.listener.peer}$")

    def test_ping(self):
        done = p2p("ping", self.listener.address, "--count", "5", "--json")
        self.assertEqual(done.returncode, 0, done)
        *pings, summary = objects(done)
        self.assertEqual([list(p) for p in pings], [["event", "rtt_ms"]] * 5)
        self.assertTrue(all(p["rtt_ms"] > 0 for p in pings))
        self.assertEqual(list(summary), ["event", "sent", "received", "min_ms", "median_ms", "max_ms"])
        self.assertEqual((summary["sent"], summary["received"]), (5, 5))
        self.assertLessEqual(summary["min_ms"], summary["median_ms"])
        self.assertLessEqual(summary["median_ms"], summary["max_ms"])

    def test_ping_for_people(self):
        done = p2p("ping", self.listener.address, "--count", "2", "--interval", "10ms")
        self.assertEqual(done.returncode, 0, done)
        lines = done.stdout.decode().splitlines()
        self.assertEqual(lines[0], "PING " + self.listener.address)
        self.assertRegex(lines[1], rf"^32 octets from {self.listener.peer}: seq=1 time=\d+\.\d+ ms$")
        self.assertIn("2 sent, 2 answered", lines[-1])

    def test_identify(self):
        done = p2p("identify", self.listener.address, "--json")
        self.assertEqual(done.returncode, 0, done)
        [told] = objects(done)
        self.assertEqual(list(told), ["peer", "agent", "protocol_version", "protocols", "addresses", "signed_record",
                                      "observed", "local", "transport", "security", "muxer", "limited"])
        self.assertEqual(told["peer"], self.listener.peer)
        self.assertRegex(told["agent"], r"^cpp-libp2p/")
        self.assertLessEqual({"/ipfs/ping/1.0.0", "/ipfs/id/1.0.0", "/perf/1.0.0", "/litep2p-perf/1.0.0", "/echo/1.0.0"},
                             set(told["protocols"]))
        self.assertIn(self.listener.address, told["addresses"])
        self.assertRegex(told["observed"], r"^/ip4/127\.0\.0\.1/tcp/\d+/p2p/12D3KooW\w+$")
        self.assertEqual((told["transport"], told["security"], told["muxer"]), ("tcp", "/noise", "/yamux/1.0.0"))
        text = p2p("identify", self.listener.address).stdout.decode()
        for word in ("agent", "/perf/1.0.0", "/noise", "/yamux/1.0.0", self.listener.address):
            self.assertIn(word, text)

    def test_perf(self):
        done = p2p("perf", self.listener.address, "--upload", "3MiB", "--download", "5M", "--json")
        self.assertEqual(done.returncode, 0, done)
        [told] = objects(done)
        self.assertEqual(list(told), ["upload_bytes", "upload_seconds", "download_bytes", "download_seconds"])
        self.assertEqual((told["upload_bytes"], told["download_bytes"]), (3 * 1024 * 1024, 5_000_000))
        self.assertGreater(told["upload_seconds"], 0)
        self.assertGreater(told["download_seconds"], 0)
        # People see what they asked for, and no more.
        line = r" +\d+\.\d [KM]iB in \d+\.\d{3} ms, \d+\.\d MB/s\n"
        upload = p2p("perf", self.listener.address, "--upload", "2KiB").stdout.decode()
        self.assertRegex(upload, rf"^upload{line}$")
        download = p2p("perf", self.listener.address, "--download", "2KiB").stdout.decode()
        self.assertRegex(download, rf"^download{line}$")
        both = p2p("perf", self.listener.address, "--upload", "2KiB", "--download", "2MiB", "--streams", "2")
        self.assertRegex(both.stdout.decode(), rf"^upload{line}download{line}streams +2, Jain's index [01]\.\d{{3}}\n$")

    def test_perf_of_nothing(self):
        done = p2p("perf", self.listener.address, "--upload", "0", "--download", "0", "--json")
        [told] = objects(done)
        self.assertEqual((told["upload_bytes"], told["download_bytes"]), (0, 0))

    def test_perf_over_many_streams(self):
        done = p2p("perf", self.listener.address, "--upload", "100k", "--download", "50k", "--streams", "16", "--json")
        self.assertEqual(done.returncode, 0, done)
        [told] = objects(done)
        self.assertEqual((told["upload_bytes"], told["download_bytes"]), (1_600_000, 800_000))
        self.assertEqual(told["streams"], 16)
        self.assertGreater(told["jain"], 0)

    def test_echo(self):
        for size in (0, 1, 65536, 3_000_001):
            with self.subTest(size=size):
                sent = os.urandom(size)
                done = p2p("echo", self.listener.address, stdin=sent)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(done.stdout, sent)

    def test_echo_of_a_file_and_of_nothing(self):
        with open(__file__, "rb") as file:
            done = subprocess.run([P2P, "echo", self.listener.address], stdin=file, capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, Path(__file__).read_bytes())
        done = subprocess.run([P2P, "echo", self.listener.address], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=PATIENCE)
        self.assertEqual((done.returncode, done.stdout), (0, b""))

    def test_echo_answers_while_stdin_is_open(self):
        process = subprocess.Popen([P2P, "echo", self.listener.address, "--timeout", "1"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        for line in (b"first\n", b"second\n"):
            process.stdin.write(line)
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
            self.assertTrue(ready)
            self.assertEqual(os.read(process.stdout.fileno(), 100), line)
            time.sleep(1.3)  # somebody who thinks is not a peer that is silent
        process.stdin.close()
        self.assertEqual(process.stdout.read(), b"")
        self.assertEqual(process.wait(PATIENCE), 0)
        process.stdout.close()

    def test_connect(self):
        done = p2p("connect", self.listener.address, "--count", "12", "--parallel", "3", "--json")
        self.assertEqual(done.returncode, 0, done)
        [summary] = objects(done)
        self.assertEqual(list(summary), ["event", "connections", "failed", "median_ms", "p99_ms", "per_second"])
        self.assertEqual((summary["connections"], summary["failed"]), (12, 0))
        done = p2p("connect", self.listener.address, "--identify")
        self.assertRegex(done.stdout.decode(), r"^1 connections, 0 failed; median ")

    def test_streams(self):
        done = p2p("streams", self.listener.address, "--count", "200", "--parallel", "20", "--json")
        self.assertEqual(done.returncode, 0, done)
        [summary] = objects(done)
        self.assertEqual(list(summary), ["event", "streams", "failed", "median_ms", "p99_ms", "per_second"])
        self.assertEqual((summary["streams"], summary["failed"]), (200, 0))

    def test_listener_reports_who_comes_and_goes(self):
        [told] = objects(p2p("identify", self.listener.address, "--json"))
        peer = told["observed"].split("/p2p/")[1]
        connected = self.listener.wait_for(lambda e: e["event"] == "connected" and e["peer"] == peer)
        self.assertEqual(list(connected), ["event", "peer", "address", "direction", "transport", "security", "muxer"])
        self.assertEqual(connected["direction"], "inbound")
        self.assertTrue(connected["address"].endswith("/p2p/" + peer))
        gone = self.listener.wait_for(lambda e: e["event"] == "disconnected" and e["peer"] == peer)
        self.assertEqual(list(gone), ["event", "peer", "address", "reason"])
        self.assertEqual(gone["reason"], "closed by the remote")

    def test_wrong_peer(self):
        address = f"{self.listener.bare}/p2p/{STRANGER}"
        for command in ("ping", "identify", "perf", "echo", "connect", "streams"):
            with self.subTest(command=command):
                self.expect_error(p2p(command, address, "--json"), "peer_mismatch")
        done = p2p("ping", address)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertEqual(done.stderr.decode().count("\n"), 1, done.stderr)
        self.assertIn("[peer_mismatch]", done.stderr.decode())

    def test_port_in_use(self):
        error = self.expect_error(p2p("listen", "--listen", self.listener.bare, "--json"), "address_in_use")
        self.assertEqual(list(error), ["event", "code", "message"])
        self.assertEqual(error["message"].count(self.listener.bare), 1)

    def test_logs_go_to_stderr(self):
        done = p2p("ping", self.listener.address, "--count", "1", "--json", "--log", "trace")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(len(objects(done)), 2)
        self.assertEqual(p2p("ping", self.listener.address, "--count", "1").stderr, b"")

    def test_signals_end_a_command_politely(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                process = subprocess.Popen([P2P, "ping", self.listener.address, "--count", "1000000", "--interval",
                                            "20ms", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                process.stdout.readline()
                process.send_signal(number)
                out, err = process.communicate(timeout=PATIENCE)
                self.assertEqual((process.returncode, err), (0, b""))
                self.assertEqual(json.loads(out.splitlines()[-1])["event"], "summary")

    def test_signals_end_a_transfer_politely(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            for sizes in (("--upload", "1T"), ("--download", "1T"), ("--upload", "1T", "--streams", "8")):
                with self.subTest(signal=number, sizes=sizes):
                    process = subprocess.Popen([P2P, "perf", self.listener.address, *sizes, "--json"],
                                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                    time.sleep(0.3)
                    process.send_signal(number)
                    out, err = process.communicate(timeout=PATIENCE)
                    self.assertEqual((process.returncode, out, err), (0, b"", b""))
        self.assertEqual(p2p("ping", self.listener.address, "--count", "1").returncode, 0)

    def test_a_huge_count_begins_at_once(self):
        for command, word in (("ping", "sent"), ("connect", "connections"), ("streams", "streams")):
            with self.subTest(command=command):
                process = subprocess.Popen([P2P, command, self.listener.address, "--count", "1000000000", "--json"],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                time.sleep(0.3)
                process.send_signal(signal.SIGTERM)
                _, err = process.communicate(timeout=PATIENCE)
                self.assertEqual((process.returncode, err), (0, b""))
                self.expect_usage(p2p(command, self.listener.address, "--count", "1000000001"), "--count")

    def test_progress_bar_only_on_a_terminal(self):
        def seen(*more):
            main, child = pty.openpty()
            process = subprocess.Popen([P2P, "perf", self.listener.address, "--upload", "2GiB", *more], stdout=child,
                                       stdin=subprocess.DEVNULL)
            os.close(child)
            collected = b""
            deadline = time.monotonic() + PATIENCE
            while b"%" not in collected and time.monotonic() < deadline:
                ready, _, _ = select.select([main], [], [], 2 if more else PATIENCE)
                if not ready:
                    break
                try:
                    collected += os.read(main, 4096)
                except OSError:
                    break
            process.send_signal(signal.SIGINT)
            while True:
                try:
                    if not os.read(main, 4096):
                        break
                except OSError:
                    break
            os.close(main)
            self.assertEqual(process.wait(PATIENCE), 0)
            return collected

        self.assertRegex(seen(), rb"\r\[[=> ]{30}\] +\d+ %  .* of 2\.0 GiB")
        self.assertNotIn(b"\r[", seen("--json"))


class TalkingOverWebRtcDirect(Program):
    @classmethod
    def setUpClass(cls):
        cls.listener = Listener("--listen", WEBRTC)

    @classmethod
    def tearDownClass(cls):
        cls.listener.stop()

    def test_tells_where_it_listens(self):
        [address] = self.listener.listening["addresses"]
        self.assertRegex(address, rf"^/ip4/127\.0\.0\.1/udp/[1-9]\d*/webrtc-direct/certhash/uEi[\w-]{{44}}/p2p/"
                                  rf"{self.listener.peer}$")

    def test_ping(self):
        done = p2p("ping", self.listener.address, "--count", "5", "--json")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual((objects(done)[-1]["sent"], objects(done)[-1]["received"]), (5, 5))

    def test_identify(self):
        done = p2p("identify", self.listener.address, "--json")
        self.assertEqual(done.returncode, 0, done)
        [told] = objects(done)
        self.assertEqual(told["peer"], self.listener.peer)
        self.assertIn(self.listener.address, told["addresses"])
        self.assertRegex(told["observed"], r"^/ip4/127\.0\.0\.1/udp/\d+/webrtc-direct/p2p/12D3KooW\w+$")
        self.assertEqual((told["transport"], told["security"], told["muxer"]), ("webrtc-direct", "", ""))
        peer = told["observed"].split("/p2p/")[1]
        connected = self.listener.wait_for(lambda e: e["event"] == "connected" and e["peer"] == peer)
        self.assertEqual((connected["direction"], connected["transport"]), ("inbound", "webrtc-direct"))
        gone = self.listener.wait_for(lambda e: e["event"] == "disconnected" and e["peer"] == peer)
        self.assertEqual(gone["reason"], "closed by the remote")

    def test_people_are_told_what_the_transport_brings(self):
        text = p2p("identify", self.listener.address).stdout.decode()
        self.assertRegex(text, r"(?m)^security +dtls \+ noise$")
        self.assertRegex(text, r"(?m)^muxer +sctp$")

    def test_perf(self):
        done = p2p("perf", self.listener.address, "--upload", "3MiB", "--download", "5M", "--json")
        self.assertEqual(done.returncode, 0, done)
        [told] = objects(done)
        self.assertEqual((told["upload_bytes"], told["download_bytes"]), (3 * 1024 * 1024, 5_000_000))
        done = p2p("perf", self.listener.address, "--upload", "100k", "--download", "50k", "--streams", "16", "--json")
        self.assertEqual(done.returncode, 0, done)
        [told] = objects(done)
        self.assertEqual((told["upload_bytes"], told["download_bytes"]), (1_600_000, 800_000))

    def test_echo(self):
        for size in (0, 1, 65536, 3_000_001):
            with self.subTest(size=size):
                sent = os.urandom(size)
                done = p2p("echo", self.listener.address, stdin=sent)
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                self.assertEqual(done.stdout, sent)

    def test_connect(self):
        done = p2p("connect", self.listener.address, "--count", "12", "--parallel", "3", "--json")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual((objects(done)[0]["connections"], objects(done)[0]["failed"]), (12, 0))

    def test_streams(self):
        done = p2p("streams", self.listener.address, "--count", "200", "--parallel", "20", "--json")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual((objects(done)[0]["streams"], objects(done)[0]["failed"]), (200, 0))

    def test_wrong_peer(self):
        for command in CLIENTS:
            with self.subTest(command=command):
                self.expect_error(p2p(command, f"{self.listener.bare}/p2p/{STRANGER}", "--json"), "peer_mismatch")

    def test_wrong_certhash(self):
        where = self.listener.bare.split("/certhash/")[0]
        for command in CLIENTS:
            with self.subTest(command=command):
                address = f"{where}/certhash/{CERTHASH}/p2p/{self.listener.peer}"
                error = self.expect_error(p2p(command, address, "--json"), "protocol_violation")
                self.assertIn("certhash", error["message"])
        either = f"{self.listener.bare}/certhash/{CERTHASH}/p2p/{self.listener.peer}"
        self.assertEqual(p2p("ping", either, "--count", "1").returncode, 0)

    def test_a_name_in_the_place_of_the_address(self):
        named = self.listener.address.replace("/ip4/127.0.0.1/", "/dns4/localhost/")
        done = p2p("ping", named, "--count", "1", "--json")
        self.assertEqual(done.returncode, 0, done)
        wrong = named.split("/p2p/")[0] + f"/p2p/{STRANGER}"
        self.expect_error(p2p("ping", wrong, "--json"), "peer_mismatch")

    def test_no_certhash(self):
        where = self.listener.bare.split("/certhash/")[0]
        for command in CLIENTS:
            with self.subTest(command=command):
                error = self.expect_error(p2p(command, f"{where}/p2p/{self.listener.peer}", "--json"), "unsupported_address")
                self.assertIn("/certhash/", error["message"])

    def test_port_in_use(self):
        where = self.listener.bare.split("/certhash/")[0]
        error = self.expect_error(p2p("listen", "--listen", where, "--json"), "address_in_use")
        self.assertIn(where, error["message"])

    def test_sessions_can_be_decrypted_when_asked_for(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "keys"
            env = {"SSLKEYLOGFILE": str(file)}
            listener = Listener("--listen", WEBRTC, env=env)
            self.addCleanup(listener.stop)
            done = p2p("ping", listener.address, "--count", "1", "--json", env=env)
            self.assertEqual(done.returncode, 0, done)
            lines = file.read_text().splitlines()
            self.assertEqual(len(lines), 2, lines)  # one of each side, and they agree
            self.assertRegex(lines[0], r"^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$")
            self.assertEqual(lines[0], lines[1])
            self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
            self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
            self.assertIn(b"key_log.open", done.stderr)

    def test_signals_end_a_transfer_politely(self):
        for sizes in (("--upload", "1T"), ("--download", "1T"), ("--upload", "1T", "--streams", "8")):
            with self.subTest(sizes=sizes):
                process = subprocess.Popen([P2P, "perf", self.listener.address, *sizes, "--json"],
                                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                time.sleep(0.3)
                process.send_signal(signal.SIGTERM)
                out, err = process.communicate(timeout=PATIENCE)
                self.assertEqual((process.returncode, out, err), (0, b"", b""))
        self.assertEqual(p2p("ping", self.listener.address, "--count", "1").returncode, 0)


class EndingOverWebRtcDirect(Program):
    def test_a_listener_that_ends_or_dies_ends_the_command(self):
        for number, commands in ((signal.SIGTERM, (("perf", "--upload", "1T"), ("streams", "--count", "1000000"))),
                                 (signal.SIGKILL, (("ping", "--count", "1000000", "--interval", "10ms"),
                                                   ("perf", "--download", "1T")))):
            for command in commands:
                with self.subTest(signal=number, command=command):
                    listener = Listener("--listen", WEBRTC)
                    self.addCleanup(listener.stop)
                    process = subprocess.Popen([P2P, command[0], listener.address, *command[1:], "--timeout", "60", "--json"],
                                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                    listener.wait_for(lambda e: e["event"] == "connected")
                    time.sleep(0.3)
                    listener.process.send_signal(number)
                    began = time.monotonic()
                    out, _ = process.communicate(timeout=PATIENCE)
                    # Below the 30 s after which a remote counts as lost that is only silent.
                    self.assertLess(time.monotonic() - began, 27)
                    self.assertEqual(process.returncode, 1, out[-300:])
                    error = json.loads(out.splitlines()[-1])
                    self.assertIn(error["code"], ("connection_closed", "stream_reset", "connection_refused"), error)


class Listening(Program):
    def test_ends_politely_at_a_signal(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                listener = Listener()
                self.assertEqual(listener.stop(number), 0)

    def test_listens_on_several_addresses(self):
        listener = Listener("--listen", "/ip4/127.0.0.1/tcp/0", "--listen", "/ip4/127.0.0.1/tcp/0")
        self.addCleanup(listener.stop)
        self.assertEqual(len(listener.listening["addresses"]), 2)
        for address in listener.listening["addresses"]:
            self.assertEqual(p2p("ping", address, "--count", "1", "--json").returncode, 0)

    def test_listens_on_every_interface(self):
        listener = Listener("--listen", "/ip4/0.0.0.0/tcp/0")
        self.addCleanup(listener.stop)
        self.assertTrue(any(a.startswith("/ip4/127.0.0.1/tcp/") for a in listener.listening["addresses"]))
        self.assertFalse(any("0.0.0.0" in a for a in listener.listening["addresses"]))

    def test_listens_on_every_interface_over_webrtc_direct(self):
        listener = Listener("--listen", "/ip4/0.0.0.0/udp/0/webrtc-direct", "--listen", "/ip4/127.0.0.1/tcp/0")
        self.addCleanup(listener.stop)
        addresses = listener.listening["addresses"]
        self.assertTrue(any(a.startswith("/ip4/127.0.0.1/udp/") for a in addresses), addresses)
        self.assertFalse(any("0.0.0.0" in a for a in addresses), addresses)
        for address in addresses:
            if "/webrtc-direct" in address:
                self.assertRegex(address, rf"/webrtc-direct/certhash/uEi[\w-]{{44}}/p2p/{listener.peer}$")
            if "127.0.0.1" in address:
                self.assertEqual(p2p("ping", address, "--count", "1").returncode, 0)

    def test_listens_by_the_certhash_of_its_own_alone(self):
        done = p2p("listen", "--listen", f"{WEBRTC}/certhash/{CERTHASH}", "--json")
        self.assertIn("certhash", self.expect_error(done, "invalid_address")["message"])

    def test_refuses_addresses_it_cannot_listen_on(self):
        self.expect_error(p2p("listen", "--listen", "/ip4/1.2.3.4.5/tcp/0", "--json"), "invalid_address")
        self.expect_error(p2p("listen", "--listen", "/ip4/127.0.0.1/udp/0/quic-v1", "--json"), "unsupported_address")
        self.expect_error(p2p("listen", "--listen", "/ip4/192.0.2.1/tcp/0", "--json"), "unreachable")
        self.expect_error(p2p("listen", "--listen", "/ip4/192.0.2.1/udp/0/webrtc-direct", "--json"), "unreachable")
        self.expect_usage(p2p("listen", "--listen"), "--listen")


    def test_says_goodbye_to_who_is_served(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                listener = Listener()
                process = subprocess.Popen([P2P, "perf", listener.address, "--upload", "1T", "--json"],
                                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                listener.wait_for(lambda e: e["event"] == "connected")
                time.sleep(0.2)
                self.assertEqual(listener.stop(number), 0)
                out, err = process.communicate(timeout=PATIENCE)
                self.assertEqual((process.returncode, err), (1, b""))
                self.assertIn(json.loads(out)["code"], ("connection_closed", "stream_reset", "connection_refused"))

    def test_serves_on_when_nobody_reads_its_events(self):
        connects = 500
        process = subprocess.Popen([P2P, "listen", "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.kill)
        address = json.loads(process.stdout.readline())["addresses"][0]
        done = p2p("connect", address, "--count", str(connects), "--parallel", "4", "--json")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual((objects(done)[0]["connections"], objects(done)[0]["failed"]), (connects, 0))
        self.assertEqual(p2p("ping", address, "--count", "1").returncode, 0)

        lines = []
        reader = threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True)
        reader.start()
        deadline = time.monotonic() + PATIENCE
        while not any(b'"lost"' in line for line in lines) and time.monotonic() < deadline:
            self.assertEqual(p2p("ping", address, "--count", "1").returncode, 0)
            connects += 1
        connects += 1  # the ping before
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), 0)
        reader.join(PATIENCE)
        events = [json.loads(line) for line in lines]
        lost = [event for event in events if event["event"] == "lost"]
        self.assertTrue(lost, events[-3:])
        self.assertEqual(list(lost[0]), ["event", "count"])
        told = len(events) - len(lost)
        self.assertEqual(told + sum(event["count"] for event in lost), 2 * connects, "each event is told or counted")
        self.assertEqual(process.stderr.read(), b"")

    def test_ends_when_the_reader_of_its_events_is_gone(self):
        process = subprocess.Popen([P2P, "listen", "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        address = json.loads(process.stdout.readline())["addresses"][0]
        process.stdout.close()
        p2p("ping", address, "--count", "1")
        self.assertEqual(process.wait(PATIENCE), 1)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()


class StandardDescriptors(Program):
    """What is closed or full does not go unnoticed, and no socket takes its place."""

    @classmethod
    def setUpClass(cls):
        cls.listener = Listener()

    @classmethod
    def tearDownClass(cls):
        cls.listener.stop()

    def shell(self, redirection, *words):
        command = " ".join(f"'{word}'" for word in (P2P, *words)) + " " + redirection
        return subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)

    def test_a_stdout_that_takes_nothing_is_a_failure(self):
        for redirection in (">&-", ">/dev/full"):
            for words in (("--help",), ("--version",), ("addr", self.listener.bare), ("identify", self.listener.address),
                          ("ping", self.listener.address, "--json")):
                with self.subTest(redirection=redirection, words=words):
                    done = self.shell(redirection, *words)
                    self.assertEqual(done.returncode, 1, done)
                    self.assertEqual(done.stderr, b"p2p: stdout cannot be written to [io_error]\n")

    def test_a_closed_stdout_is_nothing_to_echo_to(self):
        done = subprocess.run(["sh", "-c", f"echo hello | '{P2P}' echo '{self.listener.address}' >&-"],
                              capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(b"stdout", done.stderr)
        self.expect_calm(done)

    def test_a_closed_stdin_is_nothing_to_echo(self):
        done = self.shell("<&-", "echo", self.listener.address, "--json")
        error = self.expect_error(done, "io_error")
        self.assertIn("stdin", error["message"])

    def test_other_commands_do_without_stdin_and_stderr(self):
        for redirection in ("<&-", "2>&-", "<&- 2>&-"):
            with self.subTest(redirection=redirection):
                done = self.shell(redirection, "ping", self.listener.address, "--count", "1", "--json", "--log", "debug")
                self.assertEqual(done.returncode, 0, done)
                self.assertEqual([o["event"] for o in objects(done)], ["ping", "summary"])


class Failing(Program):
    def peer(self, serve):
        peer = Peer(serve)
        self.addCleanup(peer.close)
        return peer

    def test_malformed_addresses(self):
        for command in ("ping", "identify", "perf", "echo", "connect", "streams"):
            for address in ("nonsense", "/ip4/127.0.0.1/tcp/70000", "", "/ip4/127.0.0.1/tcp/1",
                            "/ip4/127.0.0.1/tcp/1/p2p/12D3"):
                with self.subTest(command=command, address=address):
                    self.expect_error(p2p(command, address, "--json"), "invalid_address")

    def test_addresses_without_a_transport(self):
        for address in (f"/ip4/127.0.0.1/udp/1/quic-v1/p2p/{STRANGER}", f"/p2p/{STRANGER}",
                        f"/ip4/127.0.0.1/udp/1/quic-v1/webtransport/p2p/{STRANGER}"):
            with self.subTest(address=address):
                done = p2p("ping", address, "--json")
                self.assertEqual(done.returncode, 1, done)
                [*_, error] = objects(done)
                self.assertIn(error["code"], ("unsupported_address", "unreachable"), error)

    def test_connection_refused(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
            address = f"/ip4/127.0.0.1/tcp/{port}/p2p/{STRANGER}"
            for command in ("ping", "identify", "perf", "echo", "connect", "streams"):
                with self.subTest(command=command):
                    self.expect_error(p2p(command, address, "--json"), "connection_refused")
            done = p2p("connect", address, "--count", "1000000", "--parallel", "8", "--json")
            self.expect_error(done, "connection_refused")

    def test_a_port_that_nobody_listens_on_over_webrtc_direct(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
        address = f"/ip4/127.0.0.1/udp/{port}/webrtc-direct/certhash/{CERTHASH}/p2p/{STRANGER}"
        for command in CLIENTS:
            with self.subTest(command=command):
                self.expect_error(p2p(command, address, "--json"), "connection_refused")

    def test_a_silent_port_over_webrtc_direct(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            port = silent.getsockname()[1]
            address = f"/ip4/127.0.0.1/udp/{port}/webrtc-direct/certhash/{CERTHASH}/p2p/{STRANGER}"
            for command in CLIENTS:
                with self.subTest(command=command):
                    self.expect_error(p2p(command, address, "--timeout", "0.5", "--json"), "timed_out")
            self.assertGreater(len(silent.recv(2048)), 20, "it was asked")

    def test_a_name_that_does_not_exist(self):
        done = p2p("ping", f"/dns4/no-such-host.invalid/tcp/1/p2p/{STRANGER}", "--timeout", "5", "--json")
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(objects(done)[-1]["code"], ("unreachable", "timed_out", "connection_refused"))

    def test_a_silent_peer_times_out(self):
        silent = self.peer(lambda connection: None)
        for command in ("ping", "identify", "perf", "echo", "connect", "streams"):
            with self.subTest(command=command):
                began = time.monotonic()
                self.expect_error(p2p(command, silent.address, "--timeout", "0.5", "--json"), "timed_out")
                self.assertGreater(time.monotonic() - began, 0.4)

    def test_a_peer_that_closes(self):
        closing = self.peer(lambda connection: connection.close())
        done = p2p("ping", closing.address, "--json")
        self.assertEqual(done.returncode, 1, done)
        self.assertIn(objects(done)[-1]["code"], ("connection_closed", "protocol_violation"))

    def test_a_peer_that_speaks_something_else(self):
        def http(connection):
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
        self.expect_error(p2p("ping", self.peer(http).address, "--json"), "protocol_violation")

    def test_a_peer_that_knows_no_security(self):
        header = b"\x13/multistream/1.0.0\n"

        def refuse(connection):
            connection.sendall(header + b"\x03na\n")
        self.expect_error(p2p("ping", self.peer(refuse).address, "--json"), "no_common_protocol")

    def test_a_peer_that_breaks_off_in_the_handshake(self):
        header = b"\x13/multistream/1.0.0\n"

        def garble(connection):
            connection.sendall(header + b"\x07/noise\n" + b"\x00\x60" + b"\xff" * 96)
        done = p2p("ping", self.peer(garble).address, "--json")
        self.expect_error(done, "protocol_violation")

    def test_a_closed_stdout_is_no_crash(self):
        listener = Listener()
        self.addCleanup(listener.stop)
        process = subprocess.Popen([P2P, "ping", listener.address, "--count", "100000", "--json"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(PATIENCE), 1)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()

    def test_a_listener_that_dies_ends_the_command(self):
        for command in (("ping", "--count", "1000000", "--interval", "10ms"), ("perf", "--upload", "1T"),
                        ("streams", "--count", "1000000")):
            with self.subTest(command=command):
                listener = Listener()
                process = subprocess.Popen([P2P, command[0], listener.address, *command[1:], "--json"],
                                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                listener.wait_for(lambda e: e["event"] == "connected")
                time.sleep(0.3)
                listener.process.kill()
                out, err = process.communicate(timeout=PATIENCE)
                listener.stop()
                self.assertEqual(process.returncode, 1, (out[-300:], err))
                error = json.loads(out.splitlines()[-1])
                self.assertEqual(error["event"], "error")
                self.assertIn(error["code"], ("connection_closed", "stream_reset", "connection_refused"))


if __name__ == "__main__":
    if not (os.path.isfile(P2P) and os.access(P2P, os.X_OK)):
        sys.exit(f"P2P={P2P} is not a program")
    P2P = os.path.abspath(P2P)
    unittest.main(verbosity=1)
