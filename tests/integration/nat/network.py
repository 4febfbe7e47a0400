# SPDX-License-Identifier: MIT OR Apache-2.0
"""Networks of this machine alone: namespaces for hosts and routers, and the wires between them."""
import itertools
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence

_numbers = itertools.count()

_ANY_TRANSLATION = """
table ip try {
    chain source { type nat hook postrouting priority srcnat; masquerade; }
}
"""


class NetworkError(RuntimeError):
    """The system refused a command; the text says which, and why."""


def command(*words: str, stdin: str | None = None) -> str:
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=30)
    if done.returncode:
        raise NetworkError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def is_possible() -> bool:
    """Whether this process may make namespaces, wires and address translation."""
    try:
        with Namespace("try") as tried:
            tried.rules(_ANY_TRANSLATION)
            tried.run("ip", "link", "add", "try", "type", "veth", "peer", "name", "yrt")
        return True
    except (NetworkError, OSError):
        return False


class Namespace:
    """A host or a router: interfaces, routes and rules of its own. A context manager; leaving it ends its processes."""

    def __init__(self, name: str):
        self.name = f"p2p-{os.getpid()}-{next(_numbers)}-{name}"
        self._processes: list[subprocess.Popen] = []
        self._at_close: list[Callable[[], object]] = []

    def __enter__(self) -> "Namespace":
        command("ip", "netns", "add", self.name)
        try:
            # Link-local addresses would need a second before they can be used.
            self.run("sysctl", "-qw", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
            self.run("ip", "link", "set", "lo", "up")
        except NetworkError:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.terminate()
        for process in self._processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for last in self._at_close:
            last()
        subprocess.run(["ip", "netns", "delete", self.name], capture_output=True, timeout=30)

    def run(self, *words: str, stdin: str | None = None) -> str:
        return command(*self.inside(words), stdin=stdin)

    def start(self, words: Sequence[str], **options) -> subprocess.Popen:
        """A process that lives no longer than the namespace."""
        process = subprocess.Popen(self.inside(words), **options)
        self._processes.append(process)
        return process

    def at_close(self, last: Callable[[], object]) -> None:
        """Has `last` called once the processes have ended."""
        self._at_close.append(last)

    def rules(self, text: str) -> None:
        """Loads nftables rules."""
        self.run("nft", "-f", "-", stdin=text + "\n")

    def forward(self) -> None:
        """Makes it a router."""
        self.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")

    def address(self, interface: str, address: str) -> None:
        self.run("ip", "address", "add", address, "dev", interface)

    def default_route(self, gateway: str) -> None:
        self.run("ip", "route", "add", "default", "via", gateway)

    def inside(self, words: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self.name, *words]


def wire(a: Namespace, a_interface: str, b: Namespace, b_interface: str) -> None:
    """A cable between `a` and `b`, up at both ends."""
    one, other = (f"p2p{os.getpid() % 100_000}-{next(_numbers)}" for _ in range(2))
    command("ip", "link", "add", one, "type", "veth", "peer", "name", other)
    for end, namespace, interface in ((one, a, a_interface), (other, b, b_interface)):
        command("ip", "link", "set", end, "netns", namespace.name, "name", interface)
        namespace.run("ip", "link", "set", interface, "up")


class Hub:
    """A network that many are wired to: a bridge in a namespace of its own, where servers may live too."""

    def __init__(self, namespace: Namespace, interface: str = "hub"):
        self.namespace = namespace
        self.interface = interface
        namespace.run("ip", "link", "add", self.interface, "type", "bridge")
        namespace.run("ip", "link", "set", self.interface, "up")

    def connect(self, other: Namespace, interface: str) -> None:
        port = f"port{next(_numbers)}"
        wire(self.namespace, port, other, interface)
        self.namespace.run("ip", "link", "set", port, "master", self.interface)


def temporary_folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="p2p-nat-")
