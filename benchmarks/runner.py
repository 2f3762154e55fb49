"""The measurement: cell by cell, all peers in turn, several rounds, so that they share the noise.

In a cell every peer first answers once in each of its ways (time of a first call, is the answer
right?). Then the right ways take turns, round after round; what is reported is the median.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks import workloads
from benchmarks.peers import OURS, PEERS
from benchmarks.processes import Worker
from benchmarks.workloads import Cell
from jqkd._checks import InputError, check_number

# A way that lost so often at a workload is not tried again.
_LOST = 2
# Seconds; nobody waits longer for a first call.
_LONGEST = 3600


@dataclass(frozen=True)
class Plan:
    """What to measure, and how patiently.

    Attributes:
        workloads: names.
        peers: names; ``None`` for all.
        pythons: interpreters of peers that live in environments of their own.
        quick: a few cells only.
        rounds: how often the peers of a cell take turns.
        share: seconds of a turn.
        call_limit: a call that is expected to take longer is left out.
        patience: seconds after which a first call is given up.
    """

    workloads: tuple[str, ...] = tuple(workloads.WORKLOADS)
    peers: tuple[str, ...] | None = None
    pythons: dict[str, str] = field(default_factory=dict)
    quick: bool = False
    rounds: int = 3
    share: float = 0.12
    call_limit: float = 12.0
    patience: float = 60.0

    def __post_init__(self) -> None:
        check_number("patience", self.patience, least=1, most=_LONGEST)
        for name in (*(self.peers or ()), *self.pythons):
            if name not in PEERS:
                raise InputError(f"There is no peer {name!r}; peers are {', '.join(PEERS)}.")
        workloads.select(self.workloads, self.quick)


@dataclass
class Record:
    """One way of one peer at one cell."""

    peer: str
    cell: Cell
    way: str
    first: list[float] = field(default_factory=list)
    steady: list[float] = field(default_factory=list)
    wrong: str | None = None
    left_out: str | None = None
    peak_mb: float | None = None

    @property
    def counts(self) -> bool:
        """Whether it was measured, and right."""
        return bool(self.steady) and self.wrong is None and self.left_out is None

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary."""
        return vars(self) | {"cell": vars(self.cell)}


class History:
    """What a way took at smaller sizes, to leave out in time what would take too long."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._seconds: dict[tuple[str, str], list[tuple[Cell, float]]] = {}
        self._given_up: dict[tuple[str, str], list[Cell]] = {}
        self._lost: dict[tuple[str, str], list[Cell]] = {}

    def compare(self, records: list[Record]) -> None:
        """Remember which ways were wrong, or half as fast as another way of the same peer."""
        fastest: dict[str, float] = {}
        for record in records:
            if record.counts:
                time = min(record.steady)
                fastest[record.peer] = min(time, fastest.get(record.peer, time))
        for record in records:
            slow = record.counts and min(record.steady) > 2 * fastest[record.peer]
            if record.wrong or slow:
                self._lost.setdefault((record.peer, record.way), []).append(record.cell)

    def note(self, record: Record, seconds: float) -> None:
        """A call took so long."""
        self._seconds.setdefault((record.peer, record.way), []).append((record.cell, seconds))

    def give_up(self, record: Record) -> None:
        """A call was not waited for."""
        self._given_up.setdefault((record.peer, record.way), []).append(record.cell)

    def expected(self, peer: str, way: str, cell: Cell) -> float:
        """Seconds a call, in proportion to the work; 0 where nothing is known."""
        known = self._seconds.get((peer, way), [])
        return min((t * cell.work / c.work for c, t in known), default=0.0)

    def objection(self, peer: str, way: str, others: list[str], cell: Cell) -> str | None:
        """Why a way should be left out, if it should."""
        for smaller in self._given_up.get((peer, way), []):
            if smaller.qubits <= cell.qubits and smaller.batch <= cell.batch:
                return f"gave up at {smaller.name}"
        mine = self.expected(peer, way, cell)
        if mine > self._plan.call_limit:
            return f"about {mine:.0f} s a call expected"
        lost = self._lost.get((peer, way), [])
        if others and len([c for c in lost if c.workload == cell.workload]) >= _LOST:
            return f"wrong, or half as fast as another way, at {_LOST} smaller sizes"
        return None


def measure(plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    """Run a plan.

    Args:
        plan: what to measure.
        say: called with a line of text now and then.

    Returns:
        ``records`` (as ``Record.to_json``), ``peers`` (versions, or why one is missing), ``load``.
    """
    history, records, about, load = History(plan), [], {}, {}
    for cells in workloads.select(plan.workloads, plan.quick):
        name = cells[0].workload
        load[name] = os.getloadavg() if hasattr(os, "getloadavg") else None
        workers = start_workers(plan, name, about)
        try:
            for cell in cells:
                started = time.perf_counter()
                found = measure_cell(plan, cell, workers, history)
                records += found
                say(_line(cell, found, time.perf_counter() - started))
        finally:
            for worker in workers:
                worker.close()
    return {"records": [r.to_json() for r in records], "peers": about, "load": load}


def start_workers(plan: Plan, workload: str, about: dict[str, Any]) -> list[Worker]:
    """The peers of a workload, those that can be started; ``about`` says how it went."""
    asked = [
        Worker(name, workload, plan.pythons.get(name, sys.executable))
        for name, peer in PEERS.items()
        if workload in peer.workloads and (plan.peers is None or name in plan.peers or name == OURS)
    ]
    for worker in asked:
        about[worker.peer] = about.get(worker.peer, {}) | worker.greet()
        if not worker.ready:
            worker.close()
    return [worker for worker in asked if worker.ready]


def measure_cell(plan: Plan, cell: Cell, workers: list[Worker], history: History) -> list[Record]:
    """First calls of everyone, then rounds among those that are right."""
    records = [r for worker in workers for r in first_calls(plan, cell, worker, history)]
    by_peer = {worker.peer: worker for worker in workers}
    racing = [r for r in records if r.wrong is None and r.left_out is None]
    for turn in range(plan.rounds):
        for record in racing:
            worker = by_peer[record.peer]
            # Of slow calls there is one already.
            if (record.steady and record.steady[0] > 1) or not worker.running:
                continue
            reply = worker.ask(plan.patience, do="more", way=record.way, seconds=plan.share)
            record.steady += reply.get("steady", [])
            record.peak_mb = reply.get("peak_mb", record.peak_mb)
            if "steady" not in reply:
                record.left_out = _reason(reply)
        if turn == 0:
            racing = [r for r in racing if not _beaten(r, racing)]
    history.compare(records)
    return records


def _beaten(record: Record, racing: list[Record]) -> bool:
    """Whether another way of the same peer is plainly faster."""
    mine = [r for r in racing if r.peer == record.peer and r.steady]
    fastest = min((min(r.steady) for r in mine), default=0.0)
    return not record.steady or min(record.steady) > 1.5 * fastest


def first_calls(plan: Plan, cell: Cell, worker: Worker, history: History) -> list[Record]:
    """Every way of a peer, once or twice."""
    reply = worker.ask(plan.patience, do="ways", cell=vars(cell))
    if "ways" not in reply:
        return [Record(worker.peer, cell, "", left_out=_reason(reply))]
    records = []
    for way in reply["ways"]:
        record = Record(worker.peer, cell, way)
        records.append(record)
        others = [w for w in reply["ways"] if w != way]
        record.left_out = history.objection(worker.peer, way, others, cell)
        if record.left_out is None:
            _first(plan, record, worker, history)
        if not worker.running:
            # The new process knows nothing of the cell.
            worker.ask(plan.patience, do="ways", cell=vars(cell))
            for earlier in records[:-1]:
                earlier.left_out = earlier.left_out or f"the process ended in {way}"
    return records


def _first(plan: Plan, record: Record, worker: Worker, history: History) -> None:
    reply = worker.ask(plan.patience, do="first", way=record.way)
    if "first" not in reply:
        record.left_out = _reason(reply)
        history.give_up(record)
        return
    record.first, record.wrong = reply["first"], reply["wrong"]
    record.peak_mb = reply["peak_mb"]
    history.note(record, reply["call"])
    # A slow call is measured once and no more.
    if reply["call"] > 1:
        record.steady = [reply["second"]]


def _reason(reply: dict[str, Any]) -> str:
    if "late" in reply:
        return f"no answer within {reply['late']:.0f} s"
    return reply.get("unable") or reply.get("error") or "no answer"


def _line(cell: Cell, records: list[Record], seconds: float) -> str:
    from statistics import median

    best: dict[str, float] = {}
    for record in records:
        if record.counts:
            found = median(record.steady)
            best[record.peer] = min(found, best.get(record.peer, found))
    times = ", ".join(f"{peer} {1e3 * t:.3g}" for peer, t in sorted(best.items(), key=_second))
    return f"{cell.name} ({seconds:.0f} s), ms: {times}"


def _second(pair: tuple[str, float]) -> float:
    return pair[1]
