"""From records to one time a peer and cell, and from those to ratios."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.peers import FLOOR, OURS, PEERS
from benchmarks.workloads import WORKLOADS, Cell

JAX_PEERS = ("pennylane", "tensorcircuit", "qujax")
NUMPY = "numpy"


@dataclass(frozen=True)
class Measured:
    """A peer's best right way at a cell: medians, in seconds.

    Attributes:
        way: which.
        steady: of a call.
        first: of a first call.
        calls: how many calls the median is over.
        peak_mb: most memory its process had held by then.
    """

    way: str
    steady: float
    first: float
    calls: int
    peak_mb: float


@dataclass
class Summary:
    """What a run found.

    Attributes:
        cells: in order of measurement.
        best: (cell, peer) -> its best right way.
        missing: (cell, peer) -> why there is none.
        wrong: one sentence for each way that answered wrongly.
        result: the whole result, as it was written.
    """

    result: dict[str, Any]
    cells: list[Cell] = field(default_factory=list)
    best: dict[tuple[Cell, str], Measured] = field(default_factory=dict)
    missing: dict[tuple[Cell, str], str] = field(default_factory=dict)
    wrong: dict[tuple[str, str, str], list[tuple[Cell, str]]] = field(default_factory=dict)

    @property
    def studies(self) -> dict[str, Any]:
        """Measurements of jqkd alone, by name."""
        return self.result.get("studies", {})

    def of(self, workload: str) -> list[Cell]:
        """The cells of a workload."""
        return [cell for cell in self.cells if cell.workload == workload]

    def steady(self, cell: Cell, peer: str = OURS) -> float | None:
        """Seconds of a peer's call, if it has a right answer."""
        found = self.best.get((cell, peer))
        return None if found is None else found.steady

    def rival(self, cell: Cell, *, numpy: bool | None = None) -> tuple[str, float] | None:
        """The fastest peer at a cell and its seconds.

        Args:
            cell: which.
            numpy: whether plain NumPy is a rival; by default where nothing is sampled: for
                shots it is the yardstick that is looked at by itself.
        """
        numpy = not WORKLOADS[cell.workload].sampled if numpy is None else numpy
        out = {OURS, FLOOR} | (set() if numpy else {NUMPY})
        found = {peer: m.steady for (c, peer), m in self.best.items() if c == cell}
        times = [(seconds, peer) for peer, seconds in found.items() if peer not in out]
        return min(times)[::-1] if times else None

    def ratio(self, cell: Cell, *, numpy: bool | None = None) -> float | None:
        """How many times as fast as the fastest peer."""
        ours, rival = self.steady(cell), self.rival(cell, numpy=numpy)
        return None if ours is None or rival is None else rival[1] / ours

    def first_ratio(self, cell: Cell) -> float | None:
        """First call over that of the quickest JAX peer."""
        ours = self.best.get((cell, OURS))
        firsts = [self.best[cell, p].first for p in JAX_PEERS if (cell, p) in self.best]
        return None if ours is None or not firsts else ours.first / min(firsts)


def summarise(result: dict[str, Any]) -> Summary:
    """Sort the records of a result."""
    summary = Summary(result)
    groups: dict[tuple[Cell, str], list[dict[str, Any]]] = {}
    for record in result["records"]:
        groups.setdefault((Cell(**record["cell"]), record["peer"]), []).append(record)
    summary.cells = list(dict.fromkeys(cell for cell, _ in groups))
    for (cell, peer), records in groups.items():
        right = [r for r in records if r["steady"] and not r["wrong"] and not r["left_out"]]
        for record in records:
            if record["wrong"]:
                key = peer, cell.workload, record["way"]
                summary.wrong.setdefault(key, []).append((cell, record["wrong"]))
        if right:
            fastest = min(right, key=lambda r: median(r["steady"]))
            summary.best[cell, peer] = _measured(fastest)
        else:
            reasons = [r["left_out"] or f"wrong: {r['wrong']}" for r in records]
            summary.missing[cell, peer] = "; ".join(dict.fromkeys(reasons))
    return summary


def _measured(record: dict[str, Any]) -> Measured:
    times = median(record["steady"]), median(record["first"]), len(record["steady"])
    return Measured(record["way"], *times, record["peak_mb"])


def absent(result: dict[str, Any]) -> dict[str, str]:
    """Peers that did not run at all, and why."""
    why = {}
    for name in PEERS:
        about = result["peers"].get(name)
        if about is None:
            why[name] = "not asked"
        elif "missing" in about:
            why[name] = f"not installed ({', '.join(about['missing'])})"
        elif "versions" not in about:
            why[name] = about.get("error") or "did not start"
    return why
