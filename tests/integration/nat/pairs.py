#!/usr/bin/env python3
# SPDX-License-Identifier: MIT OR Apache-2.0
"""Which path two peers behind routers of each kind find: with a relay and STUN, and with a TURN server besides.

pairs.py P2P [--runs N] [--detours N] [--pair DIALER,LISTENER] [--longest SECONDS] [--write docs/nat.md]

Dials `--runs` times where a direct path is expected without TURN, and `--detours` times else. Prints a table, and a line
for each dial that found no path that is expected of it, or took longer than `--longest`. Needs the right to make network
namespaces.
"""
import argparse
import pathlib
import statistics
import sys

from crossing import Crossing, Path
from lab import Lab
from nat_rules import Kind

TURN = ("tcp",)  # where UDP is blocked, too


def expected(dialer: Kind, listener: Kind, with_turn: bool) -> str:
    """A port that is another for every remote cannot be guessed: it can only be met where nobody looks at ports."""
    kinds = {dialer, listener}
    is_open = Kind.UDP_BLOCKED not in kinds and not (
        Kind.SYMMETRIC in kinds and kinds <= {Kind.SYMMETRIC, Kind.PORT_RESTRICTED}
    )
    if is_open:
        return "direct"
    return "TURN" if with_turn else "relay"


def cross(program: str, pair: tuple[Kind, Kind], turn: tuple[str, ...], runs: int) -> list[Path]:
    """A laboratory each: a mapping of one pair must not serve another."""
    with Lab() as lab:
        crossing = Crossing(lab, program, turn)
        dialer, listener = (lab.home(kind) for kind in pair)
        host = dialer.host(crossing.families)
        with crossing.listener(listener) as address:
            return [crossing.dial(host, address) for _ in range(runs)]


class Row:
    """The dials of one pair."""

    def __init__(self, program: str, pair: tuple[Kind, Kind], runs: int, detours: int):
        self.pair = pair
        self._wanted = [expected(*pair, with_turn) for with_turn in (False, True)]
        self._paths = [
            cross(program, pair, turn, runs if wanted == "direct" and not turn else detours)
            for wanted, turn in zip(self._wanted, ((), TURN))
        ]

    def cells(self) -> list[str]:
        cells = [kind.value for kind in self.pair]
        for wanted, paths in zip(self._wanted, self._paths):
            good = sum(path.name == wanted for path in paths)
            times = [path.seconds for path in paths]
            cells += [wanted, f"{good} of {len(paths)}", f"{statistics.median(times):.2f}", f"{max(times):.2f}"]
        return cells

    def surprises(self, longest: float) -> list[str]:
        """With a TURN server its path may be found before the direct one."""
        name = " to ".join(kind.value for kind in self.pair)
        return [
            f"{name}, {wanted} expected: {path.name}, {path.seconds:.2f} s"
            for wanted, paths, others in zip(self._wanted, self._paths, ((), ("TURN",)))
            for path in paths
            if path.name not in (wanted, *others) or path.seconds > longest
        ]


HEAD = ["Dialer", "Listener", "Expected", "Found", "Median s", "Longest s", "With TURN", "Found", "Median s", "Longest s"]


def write_table(document: pathlib.Path, rows: list[Row]) -> None:
    """Puts the table between the marks in `document`."""
    lines = [" | ".join(cells) for cells in (HEAD, ["---"] * len(HEAD), *(row.cells() for row in rows))]
    begin, end = ("<!-- pairs: begin -->", "<!-- pairs: end -->")
    before, _, rest = document.read_text().partition(begin)
    _, _, after = rest.partition(end)
    document.write_text(before + "\n".join([begin, *(f"| {line} |" for line in lines), end]) + after)


def parse_pair(text: str) -> tuple[Kind, Kind]:
    dialer, listener = text.split(",")
    return Kind(dialer), Kind(listener)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("p2p")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--detours", type=int, default=1)
    parser.add_argument("--pair", type=parse_pair, action="append")
    parser.add_argument("--longest", type=float, default=5, help="seconds that a dial may take, whatever the path")
    parser.add_argument("--write", type=pathlib.Path)
    options = parser.parse_args()
    if not Crossing.is_possible():
        print("needs coturn, nftables, and the right to make network namespaces")
        return 77
    program = str(pathlib.Path(options.p2p).resolve())
    pairs = options.pair or [(dialer, listener) for dialer in Kind for listener in Kind]
    rows = []
    print("{:20}{:20}{:10}{:13}{:10}{:11}{:11}{:13}{:10}{}".format(*HEAD))
    for pair in pairs:
        rows.append(Row(program, pair, options.runs, options.detours))
        print("{:20}{:20}{:10}{:13}{:10}{:11}{:11}{:13}{:10}{}".format(*rows[-1].cells()), flush=True)
        for surprise in rows[-1].surprises(options.longest):
            print("  " + surprise, flush=True)
        if options.write:
            write_table(options.write, rows)
    return 1 if any(row.surprises(options.longest) for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
