# SPDX-License-Identifier: MIT OR Apache-2.0
"""Address translation as home routers do it, in nftables. A kind is named by the two behaviours of RFC 4787 that decide
whether a path can be opened: how it maps (4.1) and whom it lets in (5)."""
import dataclasses
import enum


class Kind(enum.Enum):
    FULL_CONE = "full cone"
    ADDRESS_RESTRICTED = "address-restricted"
    PORT_RESTRICTED = "port-restricted"
    SYMMETRIC = "symmetric"
    UDP_BLOCKED = "UDP blocked"


@dataclasses.dataclass(frozen=True)
class Behaviour:
    """`mapping`, `filtering`: what the outside depends on: "endpoint" for nothing, "address", or "address and port"."""

    mapping: str
    filtering: str


BEHAVIOURS = {
    Kind.FULL_CONE: Behaviour("endpoint", "endpoint"),
    Kind.ADDRESS_RESTRICTED: Behaviour("endpoint", "address"),
    Kind.PORT_RESTRICTED: Behaviour("endpoint", "address and port"),
    Kind.SYMMETRIC: Behaviour("address and port", "address and port"),
}

_HERE = "ipv4_addr . inet_service"
_SENDER = "ip saddr . udp sport"
_RECEIVER = "ip daddr . udp dport"

# Who was written to, by whom: the type of such an entry, and where it stands in packets that leave and that come.
_CONTACTS = {
    Kind.ADDRESS_RESTRICTED: (f"{_HERE} . ipv4_addr", f"{_SENDER} . ip daddr", f"{_RECEIVER} . ip saddr"),
    Kind.PORT_RESTRICTED: (f"{_HERE} . {_HERE}", f"{_SENDER} . {_RECEIVER}", f"{_RECEIVER} . {_SENDER}"),
}


def ip4_rules(kind: Kind, outside: str, address: str, hairpin: bool = False) -> str:
    """The rules of a router whose interface `outside` has `address`. `hairpin`: hosts inside reach each other there
    (RFC 4787, 6)."""
    return "\n".join(("table ip nat", "delete table ip nat", "table ip nat {", *_body(kind, outside, address, hairpin), "}"))


def _body(kind: Kind, outside: str, address: str, hairpin: bool) -> list[str]:
    source = ["chain source { type nat hook postrouting priority srcnat;"]
    if hairpin:
        source += [f'oifname != "{outside}" meta l4proto udp ct status dnat snat to {address}']
    if kind is Kind.SYMMETRIC:
        source += [f'oifname "{outside}" meta l4proto udp snat to {address}:20000-60000 fully-random']
    source += [f'oifname "{outside}" snat to {address}', "}"]
    return [*source, *_mapping(kind, outside, address, hairpin), *_filtering(kind, outside)]


def _mapping(kind: Kind, outside: str, address: str, hairpin: bool) -> list[str]:
    """An endpoint inside keeps its port outside, and the port leads back to it, whoever asks."""
    if kind in (Kind.SYMMETRIC, Kind.UDP_BLOCKED):
        return []
    return_home = [f'iifname != "{outside}" ip daddr {address} meta l4proto udp dnat to udp dport map @owners'] * hairpin
    return [
        "map owners { type inet_service : ipv4_addr; flags dynamic,timeout; timeout 2m; }",
        "chain learn { type filter hook forward priority filter - 1;",
        f'oifname "{outside}" meta l4proto udp update @owners {{ udp sport : ip saddr }}',
        "}",
        "chain destination { type nat hook prerouting priority dstnat;",
        f'iifname "{outside}" meta l4proto udp dnat to udp dport map @owners',
        *return_home,
        "}",
    ]


def _filtering(kind: Kind, outside: str) -> list[str]:
    contacts = []
    udp = [f'iifname "{outside}" meta l4proto udp ct status dnat accept']
    if kind is Kind.UDP_BLOCKED:
        udp = ["meta l4proto udp drop"]
    elif kind in _CONTACTS:
        what, leaving, coming = _CONTACTS[kind]
        contacts = [f"set contacts {{ type {what}; flags dynamic,timeout; timeout 2m; }}"]
        udp = [
            f'oifname "{outside}" meta l4proto udp update @contacts {{ {leaving} }}',
            f'iifname "{outside}" meta l4proto udp {coming} @contacts accept',
            f'iifname "{outside}" meta l4proto udp drop',
        ]
    return [
        *contacts,
        "chain pass { type filter hook forward priority filter;",
        *udp,
        "ct state established,related accept",
        f'iifname "{outside}" drop',
        "}",
        "chain own { type filter hook input priority filter;",
        f'iifname "{outside}" meta l4proto {{ tcp, udp }} drop',
        "}",
    ]


def ip6_firewall(outside: str) -> str:
    """No translation: what was not asked for from inside does not come in (RFC 6092)."""
    return f"""
        table ip6 firewall
        delete table ip6 firewall
        table ip6 firewall {{
            chain pass {{ type filter hook forward priority filter;
                ct state established,related accept
                iifname "{outside}" meta l4proto {{ tcp, udp }} drop
            }}
        }}"""


def ip4_isolation(one: str, other: str) -> str:
    """Nothing passes between two networks of a router but by its address outside."""
    return f"""
        table ip isolation
        delete table ip isolation
        table ip isolation {{
            chain pass {{ type filter hook forward priority filter - 2;
                ct status dnat accept
                iifname "{one}" oifname "{other}" drop
                iifname "{other}" oifname "{one}" drop
            }}
        }}"""
