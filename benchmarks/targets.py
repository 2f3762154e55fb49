"""What the package promises, as data: each promise with the measurements it is judged by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.peers import FLOOR
from benchmarks.summary import NUMPY, Summary
from benchmarks.workloads import Cell

Values = list[tuple[str, float]]


@dataclass(frozen=True)
class Target:
    """One promise.

    Attributes:
        text: the promise, without its bound.
        values: summary -> (label, value) of all that it is about; empty if not measured.
        bound: what every value must reach.
        at_least: whether values must be at least the bound, or at most.
        unit: after a value.
    """

    text: str
    values: Callable[[Summary], Values]
    bound: float
    at_least: bool = True
    unit: str = "x"

    def judge(self, summary: Summary) -> Verdict:
        """Compare with what was measured."""
        values = sorted(self.values(summary), key=lambda pair: pair[1], reverse=not self.at_least)
        good = [v for _, v in values if (v >= self.bound) == self.at_least or v == self.bound]
        return Verdict(self, values, len(good))


@dataclass(frozen=True)
class Verdict:
    """A promise and what came of it; ``values`` begin with the worst."""

    target: Target
    values: Values
    good: int

    @property
    def word(self) -> str:
        """Reached, missed, or not measured."""
        if not self.values:
            return "not measured"
        return "reached" if self.good == len(self.values) else "missed"


def _cells(workload: str, wanted: Callable[[Cell], bool], **how: Any) -> Callable[..., Values]:
    """Ratios to the best peer."""

    def values(summary: Summary) -> Values:
        cells = [cell for cell in summary.of(workload) if wanted(cell)]
        pairs = [(cell.name, summary.ratio(cell, **how)) for cell in cells]
        return [(name, ratio) for name, ratio in pairs if ratio is not None]

    return values


def _over(workload: str, wanted: Callable[[Cell], bool], peer: str) -> Callable[..., Values]:
    """Our time over a peer's."""

    def values(summary: Summary) -> Values:
        pairs = []
        for cell in summary.of(workload):
            ours, theirs = summary.steady(cell), summary.steady(cell, peer)
            if wanted(cell) and ours is not None and theirs is not None:
                pairs.append((cell.name, ours / theirs))
        return pairs

    return values


def _speed_up(
    workload: str, peer: str, wanted: Callable[[Cell], bool] = lambda cell: True
) -> Callable[..., Values]:
    over = _over(workload, wanted, peer)
    return lambda summary: [(name, 1 / value) for name, value in over(summary)]


def _first_calls(summary: Summary) -> Values:
    pairs = [(c.name, summary.first_ratio(c)) for c in summary.cells if c.workload != "T1"]
    return [(name, ratio) for name, ratio in pairs if ratio is not None]


def _study(name: str, *keys: str) -> Callable[..., Values]:
    def values(summary: Summary) -> Values:
        found = summary.studies.get(name, {})
        return [(key, found[key]) for key in keys if found.get(key) is not None]

    return values


def _any(cell: Cell) -> bool:
    return True


def _small_batches(cell: Cell) -> bool:
    return cell.qubits <= 4 and cell.batch >= 64


def _others(cell: Cell) -> bool:
    return not _small_batches(cell)


def _large(cell: Cell) -> bool:
    return cell.qubits >= 8 and cell.batch >= 64


_PEER = "against the best peer"
TARGETS: tuple[Target, ...] = (
    Target("T1, training step against the notebooks' loop", _speed_up("T1", "notebooks"), 150),
    Target(f"W1, every cell {_PEER}", _cells("W1", _any), 1),
    Target(f"W1, n >= 8 and B >= 64 {_PEER}", _cells("W1", _large), 1.5),
    Target(f"W2, n <= 4 and B >= 64 {_PEER}", _cells("W2", _small_batches), 10),
    Target(f"W2, other cells {_PEER}", _cells("W2", _others), 1),
    Target(
        "W2, n <= 4 and B >= 64, time over NumPy's multinomial",
        _over("W2", _small_batches, FLOOR),
        3,
        at_least=False,
    ),
    Target("W2, other cells against plain NumPy", _speed_up("W2", NUMPY, _others), 1),
    Target(f"W3, n <= 4 and B >= 64 {_PEER}", _cells("W3", _small_batches), 10),
    Target(f"W3, other cells {_PEER}", _cells("W3", _others), 1),
    Target(
        "W3, n <= 4 and B >= 64, time over NumPy's multinomial",
        _over("W3", _small_batches, FLOOR),
        3,
        at_least=False,
    ),
    Target("W3, other cells against plain NumPy", _speed_up("W3", NUMPY, _others), 1),
    Target(f"W4, every cell {_PEER}", _cells("W4", _any), 1),
    Target(f"W6 {_PEER}", _cells("W6", _any), 3),
    Target(f"W7 {_PEER}", _cells("W7", _any), 2),
    Target(f"W8 {_PEER}", _cells("W8", _any), 5),
    Target(f"W9 {_PEER}", _cells("W9", _any), 1),
    Target("W5, time over Aer's", _over("W5", _any, "aer"), 1.5, at_least=False),
    Target("First call over the quickest JAX peer's", _first_calls, 1.5, at_least=False),
    Target("T2, a row from a cold process, over its epochs", _study("T2", "cold"), 10, False, "s"),
    Target("T2, with a warm compilation cache", _study("T2", "warm"), 4, False, "s"),
    Target(
        "T3, training programs for each circuit width",
        _study("T3", "programs per width"),
        1,
        False,
        "",
    ),
    Target(
        "T3, 24 student rows, time over that of their epochs", _study("T3", "ratio"), 1.3, False
    ),
    Target("Eight seeds on two cores, throughput over one core's", _study("cores", "ratio"), 1.7),
    Target("Memory of student training", _study("memory", "student"), 1500, False, "MB"),
    Target("Memory of AlexNet's training", _study("memory", "alexnet"), 6000, False, "MB"),
)
