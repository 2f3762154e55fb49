"""How many shots until an accuracy is reached, by the seeds that two arms share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from jqkd import statistics as st
from jqkd.experiments.model import Pace
from jqkd.statistics import Ratio

if TYPE_CHECKING:
    from jqkd.report.summary import Line


@dataclass(frozen=True)
class Paced:
    """A pace with runs, at one share of the goal.

    Attributes:
        pace: of the experiment.
        arm, baseline: its lines.
        share: of the goal.
        goal: accuracy, in %.
        shots: (2, R) of arm and baseline, infinite where a run never is as accurate.
        ratio: arm over baseline; ``None`` where no seed reaches the goal in both.
    """

    pace: Pace
    arm: Line
    baseline: Line
    share: float
    goal: float
    shots: Float[np.ndarray, "2 R"]
    ratio: Ratio | None


def paced(pace: Pace, lines: Mapping[str, Line]) -> list[Paced]:
    """What is known of a pace, share by share; nothing without a common seed, or without shots."""
    if not {pace.arm, pace.baseline, pace.goal} <= lines.keys():
        return []
    pair = lines[pace.arm], lines[pace.baseline]
    seeds = sorted(set(pair[0].record.seeds) & set(pair[1].record.seeds))
    if not seeds or not all(line.record.shots.any() for line in pair):
        return []
    final = float(np.mean(lines[pace.goal].accuracy["final"]))
    made = []
    for share in pace.shares:
        needed = np.array([shots_to(line, share * final, seeds) for line in pair])
        ratio = st.ratio_of(*needed)
        made.append(Paced(pace, *pair, share, share * final, needed, ratio))
    return made


def shots_to(line: Line, accuracy: float, seeds: list[int]) -> Float[np.ndarray, " R"]:
    """Drawn until the first look at which a run is as accurate on test images, in %."""
    rows = [line.record.seeds.index(seed) for seed in seeds]
    reached = 100 * line.record.curves["test_accuracy"][rows] >= accuracy - 1e-9
    first = np.take_along_axis(line.record.shots[rows], reached.argmax(1)[:, None], 1)[:, 0]
    return np.where(reached.any(1), first, np.inf)
