#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Whether the routers of the laboratory behave as their names say. Needs the right to make network namespaces."""
import json
import pathlib
import subprocess
import sys
import unittest

import network
from lab import Lab
from nat_rules import BEHAVIOURS, Kind

BEHAVIOUR = str(pathlib.Path(__file__).with_name("behaviour.py"))


def ask(host: network.Namespace, addresses: list[str]) -> dict:
    return json.loads(host.run(sys.executable, BEHAVIOUR, "ask", *addresses))


class RouterTest(unittest.TestCase):
    def setUp(self) -> None:
        self.lab = self.enterContext(Lab())
        self.servers = [self.lab.server_address(number) for number in (10, 11)]
        server = self.lab.public.start(
            [sys.executable, BEHAVIOUR, "serve", *self.servers], stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(server.stdout.close)
        self.assertEqual(server.stdout.readline(), "ready\n")

    def test_each_kind_maps_and_filters_as_its_name_says(self) -> None:
        for kind, behaviour in BEHAVIOURS.items():
            with self.subTest(kind):
                found = ask(self.lab.home(kind).host(), self.servers)
                self.assertEqual(found, {"reached": True, "mapping": behaviour.mapping, "filtering": behaviour.filtering})

    def test_two_hosts_of_a_home_have_mappings_of_their_own(self) -> None:
        home = self.lab.home(Kind.FULL_CONE)
        for host in (home.host(), home.host()):
            self.assertEqual(ask(host, self.servers)["filtering"], "endpoint")

    def test_blocked_udp_reaches_nobody_and_tcp_does(self) -> None:
        host = self.lab.home(Kind.UDP_BLOCKED).host()
        self.assertEqual(ask(host, self.servers), {"reached": False})
        listen = "import socket; s = socket.create_server((%r, 9)); print(flush=True); s.accept()[0].sendall(b'x')"
        server = self.lab.public.start(
            [sys.executable, "-c", listen % self.servers[0]], stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(server.stdout.close)
        server.stdout.readline()
        dial = "import socket; print(socket.create_connection((%r, 9), 5).recv(1).decode())"
        self.assertEqual(host.run(sys.executable, "-c", dial % self.servers[0]), "x\n")

    def test_a_rebound_router_is_seen_elsewhere(self) -> None:
        home = self.lab.home(Kind.PORT_RESTRICTED)
        host = home.host()
        ask(host, self.servers)
        before = home.outside
        home.rebind()
        self.assertNotEqual(home.outside, before)
        self.assertEqual(ask(host, self.servers)["filtering"], "address and port")

    def test_without_translation_ip6_passes_the_firewall_outwards_only(self) -> None:
        one, other = (self.lab.home(Kind.SYMMETRIC).host((6,)) for _ in range(2))
        echo = (
            "import socket; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.bind(('::', 9)); s.settimeout(%s)\n"
            "print(flush=True)\n"
            "while True: data, who = s.recvfrom(9); s.sendto(data, who)"
        )
        call = (
            "import socket, sys; s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.settimeout(1)\n"
            "s.sendto(b'x', (sys.argv[1], 9))\n"
            "try: print(s.recvfrom(9)[0].decode())\n"
            "except TimeoutError: print('silence')"
        )
        for target, address, answer in (
            (self.lab.public, "2001:db8:0:ffff::1", "x\n"),
            (other, "2001:db8:0:2::2", "silence\n"),
        ):
            server = target.start([sys.executable, "-c", echo % 20], stdout=subprocess.PIPE, text=True)
            self.addCleanup(server.stdout.close)
            server.stdout.readline()
            self.assertEqual(one.run(sys.executable, "-c", call, address), answer)


if __name__ == "__main__":
    if not network.is_possible():
        print("no right to make network namespaces")
        sys.exit(77)
    unittest.main()
