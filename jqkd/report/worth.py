"""What a teacher is worth along a curve of an experiment, by the seeds that all its arms have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jqkd import statistics as st
from jqkd.experiments.model import Curve
from jqkd.statistics import Worth

if TYPE_CHECKING:
    from jqkd.report.summary import Line


@dataclass(frozen=True)
class Valued:
    """A curve with runs.

    Attributes:
        curve: of the experiment; some x may lack runs.
        worths: one for each x that has runs of both.
        arms: with what has a worth, one for each of these.
        baselines: without.
        seeds: that all of them have.
    """

    curve: Curve
    worths: list[Worth]
    arms: list[Line]
    baselines: list[Line]
    seeds: list[int]

    @property
    def group(self) -> str:
        """The arms' own."""
        return self.arms[0].arm.group


def valued(curve: Curve, lines: Mapping[str, Line]) -> Valued | None:
    """What is known of a curve; ``None`` for fewer than two x with a common seed."""
    points = zip(curve.x, curve.arms, curve.baselines, strict=True)
    points = [(x, a, b) for x, a, b in points if a in lines and b in lines]
    x, arms = [p[0] for p in points], [lines[p[1]] for p in points]
    baselines = [lines[p[2]] for p in points]
    runs = [dict(zip(line.record.seeds, line.values, strict=True)) for line in arms + baselines]
    seeds = sorted(set.intersection(*map(set, runs))) if len(x) > 1 else []
    if not seeds:
        return None
    table = [[run[seed] for seed in seeds] for run in runs]
    worths = st.worth(x, table[: len(x)], table[len(x) :])
    return Valued(curve, worths, arms, baselines, seeds)
