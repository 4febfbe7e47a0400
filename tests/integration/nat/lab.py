# SPDX-License-Identifier: MIT OR Apache-2.0
"""An internet in small: a public network with servers, and homes behind routers of any kind."""
import contextlib
import ipaddress
import pathlib
import signal
import sys

from nat_rules import Kind, ip4_isolation, ip4_rules, ip6_firewall
from network import Hub, Namespace, temporary_folder

PUBLIC = ipaddress.ip_network("198.51.100.0/24")
PUBLIC6 = "2001:db8:0:ffff::"


class Home:
    """A network behind a router. Hosts are added to it; all have the router's address outside. With `hairpin` they reach
    each other there, too."""

    def __init__(self, lab: "Lab", number: int, kind: Kind | None, hairpin: bool = False):
        self.number = number
        self.kind = kind
        self._hairpin = hairpin
        self.router = lab.namespace(f"router{number}")
        self.router.forward()
        self.outside = str(PUBLIC[100 + number])
        lab.hub.connect(self.router, "wan")
        self.router.address("wan", f"{self.outside}/24")
        self.router.address("wan", f"{PUBLIC6}{100 + number:x}/64")
        self._lab = lab
        self._lan = Hub(self.router)
        self.router.address(self._lan.interface, f"{self._net4}.1/24")
        self.router.address(self._lan.interface, f"{self._net6}1/64")
        lab.public.run("ip", "-6", "route", "add", f"{self._net6}/64", "via", f"{PUBLIC6}{100 + number:x}")
        self.router.run("ip", "-6", "route", "add", "default", "via", f"{PUBLIC6}1")
        if kind is not None:
            self.translate(self.outside)
        self.router.rules(ip6_firewall("wan"))
        self._hosts = 0

    @property
    def _net4(self) -> str:
        return f"10.{self.number}.0"

    @property
    def _net6(self) -> str:
        return f"2001:db8:0:{self.number:x}::"

    def translate(self, outside: str) -> None:
        """Sets the rules; with another address outside, and `forget`, every mapping is another from then on."""
        self.router.rules(ip4_rules(self.kind, "wan", outside, self._hairpin))

    def change(self, kind: Kind) -> None:
        """Another kind of router from now on."""
        self.kind = kind
        self.translate(self.outside)
        self.router.run("conntrack", "-F")

    def rebind(self) -> None:
        """The router gets another address outside and forgets what it knew."""
        another = str(PUBLIC[150 + self.number])
        self.router.address("wan", f"{another}/24")
        self.translate(another)
        self.router.run("conntrack", "-F")
        self.outside = another

    def host(self, families: tuple[int, ...] = (4, 6)) -> Namespace:
        """A host of the home, with addresses and routes of `families`."""
        self._hosts += 1
        host = self._lab.namespace(f"home{self.number}host{self._hosts}")
        self._lan.connect(host, "lan")
        if 4 in families:
            host.address("lan", f"{self._net4}.{self._hosts + 1}/24")
            host.default_route(f"{self._net4}.1")
        if 6 in families:
            host.address("lan", f"{self._net6}{self._hosts + 1:x}/64")
            host.run("ip", "-6", "route", "add", "default", "via", f"{self._net6}1")
        return host


    def guest(self) -> Namespace:
        """A host with IPv4 in a second network of the router, which does not see the first one."""
        lan = Hub(self.router, "guests")
        net = f"10.{self.number}.1"
        self.router.address(lan.interface, f"{net}.1/24")
        self.router.rules(ip4_isolation(self._lan.interface, lan.interface))
        host = self._lab.namespace(f"home{self.number}guest")
        lan.connect(host, "lan")
        host.address("lan", f"{net}.2/24")
        host.default_route(f"{net}.1")
        return host


class Lab:
    """A context manager; leaving it takes everything down."""

    def __init__(self):
        self._stack = contextlib.ExitStack()
        self._homes = 0

    def __enter__(self) -> "Lab":
        # Namespaces outlive the process that has made them: who ends it by a signal is not to leave any.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
        try:
            self.folder = pathlib.Path(self._stack.enter_context(temporary_folder()))
            self.public = self.namespace("public")
            self.public.forward()
            self.hub = Hub(self.public)
            self.public.address(self.hub.interface, f"{PUBLIC6}1/64")
            self._vanish()
        except Exception:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def _vanish(self) -> None:
        """What nobody here has is lost in silence, as in the internet, and not refused."""
        nobody = str(PUBLIC[254])
        self.public.address(self.hub.interface, f"{PUBLIC[1]}/24")
        self.public.run("ip", "neighbour", "add", nobody, "lladdr", "02:00:00:00:00:fe", "dev", self.hub.interface)
        self.public.default_route(nobody)

    def namespace(self, name: str) -> Namespace:
        return self._stack.enter_context(Namespace(name))

    def server_address(self, number: int) -> str:
        """An address in public, for a server that runs in `public`."""
        address = str(PUBLIC[number])
        self.public.address(self.hub.interface, f"{address}/24")
        return address

    def home(self, kind: Kind | None, hairpin: bool = False) -> Home:
        self._homes += 1
        return Home(self, self._homes, kind, hairpin)
