#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""`p2p listen --http`: the page over HTTP, from polite and from hostile clients; and the chat's standard input; the page of `p2p
relay --http`.

The environment variable P2P holds the path of the program. What a browser does with the page is in tests/interop.
"""
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request
from pathlib import Path

P2P = os.environ.get("P2P", "p2p")
PATIENCE = 60  # seconds; the machine may be busy
WEB = Path(__file__).resolve().parents[2] / "tools/web"
MAX_CONNECTIONS = 32  # of HttpServer


class Node:
    def __init__(self, *words, http=True, command="listen"):
        options = ["--http", "127.0.0.1:0"] if http else []
        self.process = subprocess.Popen([P2P, command, "--json", *options, *words], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.events = []
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.listening = self.wait_for(event="listening")
        if http:
            self.url = self.wait_for(event="http")["url"]
            self.port = int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)/", self.url)[1])
        else:
            found = re.match(r"/ip4/127\.0\.0\.1/tcp/(\d+)/ws/", self.listening["addresses"][0])
            self.port = int(found[1]) if found else None

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.events.append(json.loads(line))
                self.changed.notify_all()

    def wait_for(self, **wanted):
        until = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                for event in self.events:
                    if all(event.get(k) == v for k, v in wanted.items()):
                        return event
                left = until - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"no {wanted} among {self.events}")
                self.changed.wait(left)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), PATIENCE)

    def ask(self, method, path, body=None, headers=None):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        client.request(method, path, body, headers or {})
        answer = client.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read()
        client.close()
        return found

    def raw(self, octets):
        """What comes back, to the end."""
        with self.connect() as client:
            client.sendall(octets)
            answer = b""
            try:
                while part := client.recv(65536):
                    answer += part
            except ConnectionResetError:
                pass
            return answer

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            pipe.close()
        return code


class Page(unittest.TestCase):
    def setUp(self):
        self.node = Node()

    def tearDown(self):
        self.assertEqual(self.node.stop(), 0)

    def test_the_files_are_those_of_the_tree(self):
        for path, kind in (("index.html", "text/html"), ("style.css", "text/css"), ("app.js", "text/javascript"),
                           ("icon.svg", "image/svg+xml"), ("vendor/noble.js", "text/javascript")):
            with self.subTest(path=path):
                status, headers, body = self.node.ask("GET", "/" + path)
                self.assertEqual((status, body), (200, (WEB / path).read_bytes()))
                self.assertEqual(headers["Content-Type"].split(";")[0], kind)
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertEqual(self.node.ask("GET", "/")[2], (WEB / "index.html").read_bytes())
        self.assertEqual(self.node.ask("GET", "/?x=1")[0], 200)
        self.assertEqual(self.node.ask("GET", "/app.js?x=1")[0], 200)

    def test_the_page_learns_where_the_node_is(self):
        status, headers, body = self.node.ask("GET", "/node.json")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
        known = json.loads(body)
        self.assertEqual((known["peer"], known["relay"]), (self.node.listening["peer"], False))
        wanted = [a for a in self.node.listening["addresses"] if "/webrtc-direct/" in a]
        self.assertEqual(known["addresses"], wanted)
        self.assertEqual(len(wanted), 1)
        done = subprocess.run([P2P, "ping", wanted[0], "--count", "2", "--json"], capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done)

    def test_nothing_else_is_there(self):
        for path in ("/package.json", "/../p2p.1", "/%2e%2e/p2p.1", "/vendor/", "/vendor", "//index.html", "/index.html/",
                     "/node.json/x", "*", "http://127.0.0.1/index.html", "/\x7f"):
            with self.subTest(path=path):
                answer = self.node.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                self.assertRegex(answer[:12], rb"^HTTP/1\.1 4\d\d")

    def test_head_has_no_body_and_other_methods_are_refused(self):
        answer = self.node.raw(b"HEAD /app.js HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 200 "), answer)
        self.assertTrue(answer.endswith(b"\r\n\r\n"), answer[-100:])
        self.assertIn(f"Content-Length: {(WEB / 'app.js').stat().st_size}\r\n".encode(), answer)
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
            with self.subTest(method=method):
                status, headers, _ = self.node.ask(method, "/")
                self.assertEqual(status, 405)
                self.assertEqual(headers["Allow"], "GET, HEAD")

    def test_one_connection_carries_many_requests(self):
        client = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=PATIENCE)
        for _ in range(20):
            client.request("GET", "/bytes.js")
            self.assertEqual(client.getresponse().read(), (WEB / "bytes.js").read_bytes())
        client.close()

    def test_requests_that_are_none(self):
        long_head = b"GET / HTTP/1.1\r\nX: " + b"x" * 9000 + b"\r\n\r\n"
        endless = b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000
        body = b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
        for octets in (b"\r\n\r\n", b"hello\r\n\r\n", b"GET /\r\n\r\n", b"\x16\x03\x01" + bytes(100) + b"\r\n\r\n", long_head,
                       endless, body):
            with self.subTest(octets=octets[:20]):
                answer = self.node.raw(octets)
                self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 400 "), answer[:100])
        self.assertEqual(self.node.ask("GET", "/")[0], 200)

    def test_silent_clients_do_not_keep_others_away_nor_the_end(self):
        silent = [self.node.connect() for _ in range(MAX_CONNECTIONS - 4)]
        for client in silent[::2]:
            client.sendall(b"GET / HT")
        for _ in range(10):
            self.assertEqual(self.node.ask("GET", "/")[0], 200)
        began = time.monotonic()
        self.assertEqual(self.node.stop(), 0)
        self.assertLess(time.monotonic() - began, 10)  # shorter than what a silent client is given
        for client in silent:
            client.close()

    def test_more_connections_than_it_takes(self):
        held = [self.node.connect() for _ in range(MAX_CONNECTIONS)]
        held[0].sendall(b"GET /node.json HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertIn(b" 200 ", held[0].recv(100))  # so all before it have been accepted
        held[-1].sendall(b"GET /node.json HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertIn(b" 200 ", held[-1].recv(100))
        with self.node.connect() as late:
            try:
                self.assertEqual(late.recv(100), b"")
            except ConnectionResetError:
                pass
        for client in held:
            client.close()
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:  # there is room again
            if self.node.raw(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200"):
                return
            time.sleep(0.05)
        self.fail("no room after all have gone")


class WebSocketPort(unittest.TestCase):
    def setUp(self):
        self.node = Node("--listen", "/ip4/127.0.0.1/tcp/0/ws", http=False)
        self.addCleanup(self.node.stop)

    def test_the_page_is_where_the_websocket_is(self):
        status, headers, body = self.node.ask("GET", "/")
        self.assertEqual((status, body), (200, (WEB / "index.html").read_bytes()))
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertEqual(json.loads(self.node.ask("GET", "/node.json")[2])["peer"], self.node.listening["peer"])
        self.assertEqual(self.node.ask("GET", "/nothing")[0], 404)
        self.assertEqual(self.node.ask("POST", "/")[0], 405)
        address = self.node.listening["addresses"][0]
        done = subprocess.run([P2P, "ping", address, "--count", "2", "--json"], capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done)

    def test_an_upgrade_that_is_none_is_refused(self):
        for words in (b"Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                      b"Sec-WebSocket-Version: 13\r\n"):
            head = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n" + words + b"\r\n"
            with self.subTest(words=words):
                self.assertRegex(self.node.raw(head)[:12], rb"^HTTP/1\.1 4\d\d")


class Chat(unittest.TestCase):
    def test_standard_input_takes_part(self):
        node = Node()
        self.assertIn("/p2p-chat/1.0.0", node.listening["protocols"])
        node.process.stdin.write("hello\n\nline two\x1b[31m\nlast, without an end".encode())
        node.process.stdin.close()
        said = [node.wait_for(event="chat", text=text) for text in ("hello", "line two\x1b[31m", "last, without an end")]
        self.assertEqual({event["from"] for event in said}, {node.listening["peer"][-6:]})
        self.assertEqual(node.ask("GET", "/")[0], 200)  # the end of the input is not the end
        self.assertEqual(node.stop(), 0)

    def test_without_a_page_there_is_no_chat(self):
        process = subprocess.Popen([P2P, "listen", "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        listening = json.loads(process.stdout.readline())
        self.assertNotIn("/p2p-chat/1.0.0", listening["protocols"])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), 0)
        process.stdout.close()


    def test_who_is_reached_through_a_relay_has_a_chat_without_a_page(self):
        process = subprocess.Popen([P2P, "listen", "--json", "--listen", "/webrtc"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        listening = json.loads(process.stdout.readline())
        self.assertIn("/p2p-chat/1.0.0", listening["protocols"])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), 0)
        process.stdout.close()


class RelayPage(unittest.TestCase):
    def test_the_page_learns_that_the_node_is_a_relay(self):
        node = Node(command="relay")
        self.addCleanup(node.stop)
        self.assertEqual(node.ask("GET", "/")[2], (WEB / "index.html").read_bytes())
        known = json.loads(node.ask("GET", "/node.json")[2])
        self.assertEqual((known["peer"], known["relay"]), (node.listening["peer"], True))
        self.assertEqual(known["addresses"], [a for a in node.listening["addresses"] if "/webrtc-direct/" in a])
        self.assertEqual(len(known["addresses"]), 1)
        self.assertIn("/libp2p/circuit/relay/0.2.0/hop", node.listening["protocols"])
        self.assertNotIn("/p2p-chat/1.0.0", node.listening["protocols"])

    def test_where_the_page_is_may_stand_in_the_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write('{"http": "127.0.0.1:0"}')
            file.flush()
            node = Node("--config", file.name, http=False, command="relay")
            self.addCleanup(node.stop)
            url = node.wait_for(event="http")["url"]
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
                self.assertEqual(answer.read(), (WEB / "index.html").read_bytes())

    def test_what_is_no_address(self):
        done = subprocess.run([P2P, "relay", "--json", "--http", "localhost:80"], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
        self.assertEqual((done.returncode, json.loads(done.stdout.splitlines()[-1])["code"]), (1, "invalid_address"))


class Addresses(unittest.TestCase):
    def run_to_the_end(self, *words):
        done = subprocess.run([P2P, "listen", "--json", *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE)
        return done.returncode, json.loads(done.stdout.splitlines()[-1])

    def test_what_is_no_address(self):
        for text in ("localhost:80", "127.0.0.1", "127.0.0.1:99999", "::1:80"):
            with self.subTest(text=text):
                code, error = self.run_to_the_end(f"--http={text}")
                self.assertEqual((code, error["code"]), (1, "invalid_address"))

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            code, error = self.run_to_the_end("--http", f"127.0.0.1:{taken.getsockname()[1]}")
            self.assertEqual((code, error["code"]), (1, "address_in_use"))

    def test_an_address_for_browsers_that_was_given_is_the_only_one(self):
        node = Node("--listen", "/ip4/127.0.0.1/udp/0/webrtc-direct")
        self.assertEqual(len(node.listening["addresses"]), 1)
        self.assertEqual(node.stop(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
