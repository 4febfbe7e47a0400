#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""What becomes of connections between NATs when something is missing, changes or dies on the way.

P2P holds the path of the program. Needs coturn, and the right to make network namespaces.
"""
import os
import subprocess
import sys
import time
import unittest

import network
from crossing import RELAY_PORT, Crossing, passes_turn, webrtc_address
from lab import Lab
from nat_rules import Kind

P2P = os.path.abspath(os.environ.get("P2P", "p2p"))
LONGEST = 15.0  # seconds that a dial may take, whatever the path: three times what it takes at most

# libnice asks for consent (RFC 7675) every 5 s and takes 10 s of silence for a no; twice that on a busy machine.
CONSENT_LOST = 30.0


class Talk:
    """Lines that a listener sends back, one at a time: a transfer that can be watched."""

    def __init__(self, crossing: Crossing, host: network.Namespace, address: str):
        self.peer = crossing.start(host, "echo", address, parse=str, stdin=subprocess.PIPE)
        self._sent = 0

    def say(self, seconds: float = 20) -> None:
        """Sends the next line, and waits until it is back."""
        line = f"line {self._sent}\n"
        self._sent += 1
        self.peer.process.stdin.write(line)
        self.peer.process.stdin.flush()
        self.peer.wait_until(lambda: len(self.peer.said) == self._sent, seconds)
        assert self.peer.said[-1] == line, self.peer.said

    def end(self) -> int:
        self.peer.process.stdin.close()
        return self.peer.join()


class PathTest(unittest.TestCase):
    def setUp(self) -> None:
        self.lab = self.enterContext(Lab())

    def crossing(self, **options) -> Crossing:
        return Crossing(self.lab, P2P, **options)

    def listener(self, crossing: Crossing, host: network.Namespace, relays: list[str] | None = None):
        peer = crossing.listen(host, relays)
        self.addCleanup(peer.stop)
        return peer

    def talk(self, crossing: Crossing, host: network.Namespace, address: str) -> Talk:
        """A talk over a direct connection."""
        talk = Talk(crossing, host, address)
        self.addCleanup(lambda: talk.peer.process.poll() is None and talk.peer.kill())
        talk.say()
        self.assertTrue(any("ice.selected" in line for line in talk.peer.story), talk.peer.story)
        return talk

    def expect(self, path, name: str) -> None:
        self.assertEqual(path.name, name)
        self.assertLess(path.seconds, LONGEST)


class Obstacles(PathTest):
    def test_blocked_udp_leaves_the_relay_or_turn_over_tcp(self) -> None:
        for turn, name in (((), "relay"), (("udp",), "relay"), (("tcp",), "TURN")):
            with self.subTest(turn), Lab() as lab:
                crossing = Crossing(lab, P2P, turn)
                host = lab.home(Kind.UDP_BLOCKED).host((4,))
                with crossing.listener(lab.home(Kind.UDP_BLOCKED)) as address:
                    self.expect(crossing.dial(host, address), name)

    def test_with_ip6_alone_both_firewalls_are_passed(self) -> None:
        crossing = self.crossing(family=6)
        host = self.lab.home(Kind.SYMMETRIC).host((6,))
        with crossing.listener(self.lab.home(Kind.SYMMETRIC)) as address:
            self.assertIn("/ip6/", address)
            self.expect(crossing.dial(host, address), "direct")

    def test_peers_of_one_network_meet_there(self) -> None:
        crossing = self.crossing()
        home = self.lab.home(Kind.SYMMETRIC)
        with crossing.listener(home) as address:
            self.expect(crossing.dial(home.host((4,)), address), "direct")

    def test_networks_of_one_router_meet_outside_where_it_lets_them(self) -> None:
        for hairpin, name in ((True, "direct"), (False, "relay")):
            with self.subTest(hairpin=hairpin), Lab() as lab:
                crossing = Crossing(lab, P2P)
                home = lab.home(Kind.FULL_CONE, hairpin)
                with crossing.listener(home) as address:
                    self.expect(crossing.dial(home.guest(), address), name)


class Changes(PathTest):
    """Of a router, while a connection stands."""

    def check_rebinding(self, whose: int) -> None:
        crossing = self.crossing()
        homes = [self.lab.home(Kind.PORT_RESTRICTED) for _ in range(2)]
        listener = self.listener(crossing, homes[1].host((4,)))
        host = homes[0].host((4,))
        address = webrtc_address(listener)
        talk = self.talk(crossing, host, address)
        homes[whose].rebind()
        begun = time.monotonic()
        try:
            talk.say(CONSENT_LOST)
        except (AssertionError, BrokenPipeError):
            self.assertIsNotNone(talk.peer.process.poll(), "neither moved nor ended")
        if talk.peer.process.poll() is None:
            print(f"moved after {time.monotonic() - begun:.1f} s", file=sys.stderr)
            talk.say()
            self.assertEqual(talk.end(), 0, talk.peer.story)
        else:
            print(f"ended after {time.monotonic() - begun:.1f} s: {talk.peer.story[-1]}", file=sys.stderr)
            self.assertLess(time.monotonic() - begun, CONSENT_LOST)
            self.assertEqual(talk.peer.join(), 1)
        self.expect_again(crossing, host, listener)

    def expect_again(self, crossing: Crossing, host: network.Namespace, listener) -> None:
        """A new dial finds a direct path, once the listener has a place at its relay again."""
        end = time.monotonic() + 2 * CONSENT_LOST
        while (path := crossing.dial(host, webrtc_address(listener))).name != "direct":
            self.assertLess(time.monotonic(), end, path)
            time.sleep(0.5)

    def check_cut(self, talk: Talk, cut) -> None:
        """A connection that nobody consents to any more ends by itself, and says why."""
        begun = time.monotonic()
        cut()
        with self.assertRaises((AssertionError, BrokenPipeError)):
            talk.say(CONSENT_LOST)
        self.assertEqual(talk.peer.join(CONSENT_LOST), 1, talk.peer.story)
        self.assertLess(time.monotonic() - begun, CONSENT_LOST)
        self.assertIn("the remote is gone", "".join(talk.peer.story))

    def test_a_router_that_lets_no_udp_through_any_more_ends_a_connection(self) -> None:
        crossing = self.crossing()
        home = self.lab.home(Kind.FULL_CONE)
        listener = self.listener(crossing, self.lab.home(Kind.FULL_CONE).host((4,)))
        host = home.host((4,))
        address = webrtc_address(listener)
        talk = self.talk(crossing, host, address)
        self.check_cut(talk, lambda: home.change(Kind.UDP_BLOCKED))
        self.expect(crossing.dial(host, address), "relay")

    def test_a_turn_server_that_dies_ends_the_connections_over_it(self) -> None:
        crossing = self.crossing(turn=("udp",))
        listener = self.listener(crossing, self.lab.home(Kind.SYMMETRIC).host((4,)))
        talk = self.talk(crossing, self.lab.home(Kind.SYMMETRIC).host((4,)), webrtc_address(listener))
        self.assertTrue(passes_turn(talk.peer), talk.peer.story)
        self.check_cut(talk, crossing.turn_server.kill)

    def test_the_dialers_router_gets_another_address(self) -> None:
        self.check_rebinding(0)

    def test_the_listeners_router_gets_another_address(self) -> None:
        self.check_rebinding(1)


class DeadRelays(PathTest):
    def test_a_relay_that_dies_while_peers_signal_ends_the_dial_and_nothing_else(self) -> None:
        crossing = self.crossing()
        key = str(self.lab.folder / "relay.key")
        subprocess.run([P2P, "key", "new", key], check=True, stdout=subprocess.DEVNULL)
        relay, relay_address = crossing.start_relay(RELAY_PORT + 1, key)
        listener = self.listener(crossing, self.lab.home(Kind.PORT_RESTRICTED).host((4,)), [relay_address])
        host = self.lab.home(Kind.PORT_RESTRICTED).host((4,))
        address = webrtc_address(listener)
        dialer = crossing.start(host, "ping", address)
        dialer.wait_for_story("signalling.said")
        relay.kill()
        begun = time.monotonic()
        code = dialer.join(CONSENT_LOST)
        print(f"ended after {time.monotonic() - begun:.1f} s: {code} {dialer.said[-1]}", file=sys.stderr)
        if code != 0:  # else all that has to be said was said before
            self.assertEqual(dialer.said[-1]["event"], "error")
        relay, _ = crossing.start_relay(RELAY_PORT + 1, key)
        end = time.monotonic() + CONSENT_LOST
        while (path := crossing.dial(host, address)).name != "direct":
            self.assertLess(time.monotonic(), end, path)

    def test_a_direct_connection_does_without_its_relay_and_a_second_relay_makes_the_next(self) -> None:
        crossing = self.crossing()
        first, first_address = crossing.start_relay(RELAY_PORT + 1)
        _, second_address = crossing.start_relay(RELAY_PORT + 2)
        home = self.lab.home(Kind.PORT_RESTRICTED)
        listener = self.listener(crossing, home.host((4,)), [first_address, second_address])
        host = self.lab.home(Kind.PORT_RESTRICTED).host((4,))
        by_first, by_second = (webrtc_address(listener, relay) for relay in (first_address, second_address))
        talk = self.talk(crossing, host, by_first)
        first.kill()
        for _ in range(20):
            talk.say()
            time.sleep(0.1)
        self.assertEqual(talk.end(), 0, talk.peer.story)
        self.expect(crossing.dial(host, by_second), "direct")
        self.assertIn("failed", crossing.dial(host, by_first).name)


class TurnServers(PathTest):
    def test_a_turn_server_is_told_that_a_connection_has_ended(self) -> None:
        for turn in ("udp", "tcp"):
            with self.subTest(turn), Lab() as lab:
                crossing = Crossing(lab, P2P, (turn,))
                listener = crossing.listen(lab.home(Kind.SYMMETRIC).host((4,)))
                dialer = crossing.start(lab.home(Kind.SYMMETRIC).host((4,)), "ping", webrtc_address(listener))
                self.assertEqual(dialer.join(), 0, dialer.story)
                self.assertTrue(passes_turn(dialer), dialer.story)
                end = time.monotonic() + LONGEST
                while crossing.turn_log.read_text().count(" delete: ") < 2:
                    self.assertLess(time.monotonic(), end, crossing.turn_log.read_text())
                    time.sleep(0.1)
                listener.stop()
                for peer in (dialer, listener):
                    self.assertNotIn("WARNING", "".join(peer.story))


if __name__ == "__main__":
    if not Crossing.is_possible():
        print("needs coturn, and the right to make network namespaces")
        sys.exit(77)
    unittest.main()
