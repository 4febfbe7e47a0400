# SPDX-License-Identifier: MIT OR Apache-2.0
"""Runs cells of a relay, a listener behind it and a dialer: some at a time, and again where a peer failed by itself."""
import os
import statistics
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from sides import Daemon, Failed, Side, way_of

# What a cell with a peer's program in it may fail and still pass; it says how often it did. Peers fail by themselves: of
# js-libp2p's private dials to itself one in four.
SPARE = 2
# Listeners and dialers wait most of their time, but a browser does not.
JOBS = len(os.sched_getaffinity(0)) + 1


@dataclass(frozen=True)
class Plan:
    relay: Side
    limited: bool  # the relay has limits
    way: str  # to the relay; of browsers see Side.way
    listener: Side
    dialer: Side
    private: bool = False

    def place(self) -> tuple:
        """What cells with one listener have in common."""
        return self.relay.name, self.limited, self.way, self.listener.name

    def spare(self) -> int:
        return 0 if {self.relay.name, self.listener.name, self.dialer.name} == {"ours"} else SPARE

    def __str__(self):
        kind = "" if self.private else "limited  " if self.limited else "open     "
        return f"relay {self.relay.name:5} {self.way:13}  listener {self.listener.name:8}  dialer {self.dialer.name:8}  {kind}"


@dataclass
class Cell:
    plan: Plan
    status: str  # "passed" or "failed"
    milliseconds: float  # a dial over private WebRTC, else a round trip
    detail: str


def expect(what: str, is_there) -> None:
    """What our relay tells, which may come a moment later than what its clients tell."""
    until = time.monotonic() + 5
    while not is_there():
        if time.monotonic() > until:
            raise Failed(f"the relay has not told of the {what}")
        time.sleep(0.01)


class Runner:
    def __init__(self, rounds: int, jobs: int = JOBS):
        self.rounds = rounds
        self.jobs = jobs
        self.cells: list[Cell] = []
        self.told = threading.Lock()

    def run(self, plans: list[Plan]) -> list[Cell]:
        """The cells, in the order of the plans."""
        order = {plan: at for at, plan in enumerate(plans)}
        relays = {}
        try:
            for plan in plans:
                key = plan.relay.name, plan.limited
                if key not in relays:
                    relays[key] = Daemon(plan.relay.relay(plan.limited))
            groups = [list(group) for _, group in groupby(sorted(plans, key=Plan.place), Plan.place)]
            with ThreadPoolExecutor(self.jobs) as pool:  # browsers first, as they take longest
                groups.sort(key=lambda group: "tcp" in group[0].listener.ways)
                for done in [pool.submit(self._group, relays[group[0].relay.name, group[0].limited], group) for group in groups]:
                    done.result()
            ours = [(key, daemon) for key, daemon in relays.items() if key[0] == "ours"]
            for key, daemon in ours:
                self._ended(daemon, next(plan for plan in plans if (plan.relay.name, plan.limited) == key))
        finally:
            for daemon in relays.values():
                daemon.end()
        return sorted(self.cells, key=lambda cell: order[cell.plan])

    def _group(self, relay: Daemon, plans: list[Plan]) -> None:
        """All dialers of one listener."""
        first = plans[0]
        far = None
        try:
            relay.wait(f"relay {first.relay.name}")
            far = self._listener(relay, first)
        except (Failed, OSError) as failure:
            for plan in plans:
                self._tell(Cell(plan, "failed", 0, str(failure)))
            return
        try:
            for plan in plans:
                self._tell(self._cell(relay, far, plan))
        finally:
            code = far.end()
        if first.listener.name == "ours" and code != 0:
            self._tell(Cell(first, "failed", 0, f"the listener ended with exit code {code}"))

    def _listener(self, relay: Daemon, plan: Plan) -> Daemon:
        way = plan.listener.way(plan.way)
        for left in range(min(plan.spare(), 1), -1, -1):
            far = Daemon(plan.listener.listener(relay.address(way), plan.private))
            try:
                far.wait(f"listener {plan.listener.name}")
                wanted = "/p2p-circuit/webrtc/p2p/" if plan.private else "/p2p-circuit/p2p/"
                if not any(way_of(address) == way and wanted in address for address in far.addresses):
                    raise Failed(f"it is not at {way} … {wanted}: {far.addresses}")
                if plan.relay.name == "ours":
                    expect(f"reservation of {far.peer}", lambda: relay.count(event="reserved", peer=far.peer) > 0)
                return far
            except Failed:
                far.end()
                if left == 0:
                    raise
        raise AssertionError

    def _cell(self, relay: Daemon, far: Daemon, plan: Plan) -> Cell:
        times: list[float] = []
        failures: list[str] = []
        while len(times) < self.rounds and len(failures) <= plan.spare():
            try:
                times.append(self._dial(relay, far, plan))
            except (Failed, OSError, subprocess.TimeoutExpired) as failure:
                failures.append(" ".join(str(failure).split())[:400])
        status = "passed" if len(times) == self.rounds else "failed"
        detail = f"{len(times)} of {len(times) + len(failures)}; {failures[-1]}" if failures else ""
        return Cell(plan, status, statistics.median(times) if times else 0, detail)

    def _dial(self, relay: Daemon, far: Daemon, plan: Plan) -> float:
        before = relay.count(event="circuit_opened", destination=far.peer)
        address = (relay.address(plan.dialer.way(plan.way)) + ("/p2p-circuit/webrtc/p2p/" if plan.private else "/p2p-circuit/p2p/")
                   + far.peer)
        told = plan.dialer.dial(address, plan.private, plan.listener.echoes and plan.dialer.echoes)
        limited = plan.limited or plan.relay.always_limits
        wanted = {"limited": limited and not plan.private, "direct": plan.private}
        for what, value in wanted.items():
            if told.get(what, value) != value:
                raise Failed(f"{what} is {told[what]}")
        if plan.relay.name == "ours":
            expect(f"circuit to {far.peer}", lambda: relay.count(event="circuit_opened", destination=far.peer) > before)
        return told["dial_ms" if plan.private else "rtt_ms"]

    def _ended(self, relay: Daemon, plan: Plan) -> None:
        """Our relay has nothing left of all that, and ends well. A peer that vanished over UDP is missed after 30 s."""
        def left() -> int:
            return relay.count(event="circuit_opened") - relay.count(event="circuit_closed")
        until = time.monotonic() + 45
        while left() != 0 and time.monotonic() < until:
            time.sleep(0.05)
        remaining = left()
        code = relay.end()
        if code != 0 or remaining != 0:
            self._tell(Cell(plan, "failed", 0, f"our relay: exit code {code}, {remaining} circuits left"))

    def _tell(self, cell: Cell) -> None:
        with self.told:
            self.cells.append(cell)
            time_taken = f"{cell.milliseconds:8.2f} ms" if cell.milliseconds else " " * 11
            print(f"{cell.plan}  {cell.status}  {time_taken}  {cell.detail}".rstrip(), flush=True)


def rounded(milliseconds: float) -> str:
    """To one digit that counts."""
    return f"{float(f'{milliseconds:.0e}'):g} ms"


def table(cells: list[Cell], columns: list[tuple[str, str, bool]], with_times: bool) -> list[str]:
    """A table in Markdown: a line for each relay, listener and dialer, and a column for each (title, way, limited)."""
    def show(found: list[Cell]) -> str:
        if not found:
            return ""
        bad = [cell for cell in found if cell.status == "failed"]
        if bad:
            return "**failed**"
        again = f", {found[0].detail.split(';')[0]}" if found[0].detail else ""
        return "yes" + (f", {rounded(found[0].milliseconds)}" if with_times else "") + again

    lines = ["| Relay | Listener | Dialer | " + " | ".join(title for title, _, _ in columns) + " |", "|---" * (3 + len(columns)) + "|"]
    rank = {title: at for at, title in enumerate(dict.fromkeys(cell.plan.listener.title for cell in cells))}
    rows = {(cell.plan.relay.title, cell.plan.listener.title, cell.plan.dialer.title) for cell in cells}
    for names in sorted(rows, key=lambda row: [rank.get(title, -1) for title in row]):
        of_row = [cell for cell in cells if (cell.plan.relay.title, cell.plan.listener.title, cell.plan.dialer.title) == names]
        shown = [show([cell for cell in of_row if (cell.plan.way, cell.plan.limited) == (way, limited)]) for _, way, limited in columns]
        lines.append("| " + " | ".join((*names, *shown)) + " |")
    return lines


def write_section(document: Path, name: str, lines: list[str]) -> None:
    """Puts lines between the marks of a section, where others were."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    text = document.read_text()
    if text.count(begin) != 1 or text.count(end) != 1:
        sys.exit(f"{document} has no section {name}")
    before, rest = text.split(begin)
    document.write_text(before + begin + "\n" + "\n".join(lines) + "\n" + end + rest.split(end)[1])


def count(cells: list[Cell], skipped: list[str]) -> int:
    """Prints what did not run, and the last line; gives the exit code."""
    for name in skipped:
        print(f"skipped: {name}, which could not be built")
    failed = sum(cell.status == "failed" for cell in cells)
    again = sum(cell.status == "passed" and bool(cell.detail) for cell in cells)
    if again:
        print(f"{again} of these needed another try")
    print(f"{len(cells) - failed} passed, {failed} failed, {len(skipped)} skipped")
    return 1 if failed else 0
