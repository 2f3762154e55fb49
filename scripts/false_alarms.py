"""False alarms of ``jqkd crosscheck``, counted: python scripts/false_alarms.py [seeds].

Does the battery raise as many as its alpha says? Many seeds, and a count.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from jqkd._checks import check_seed
from jqkd.crosscheck import run_battery
from jqkd.crosscheck.arguments import check_alpha, check_flag, check_progress, check_sequence
from jqkd.crosscheck.statistics import smallest

SAMPLED = ("shots", "sampled gradients")
ALPHAS = (0.001, 0.01, 0.05, 0.1)


@dataclass(frozen=True)
class Calibration:
    """False alarms of a correct simulator.

    Attributes:
        p_values: of every seed, the smallest p-value of the battery after Holm's correction: the
            least alpha at which it raises an alarm.
        alarms: number of seeds that raise an alarm, by alpha.
        limits: the most alarms that alpha explains, with probability 99.9 %.
        by_finding: of every check, the p-values of all seeds.
    """

    p_values: tuple[float, ...]
    alarms: dict[float, int]
    limits: dict[float, int]
    by_finding: dict[str, tuple[float, ...]]

    @property
    def agrees(self) -> bool:
        """Whether no alpha sees more alarms than chance explains."""
        return all(self.alarms[alpha] <= self.limits[alpha] for alpha in self.alarms)


def calibrate(
    seeds: Iterable[int],
    *,
    quick: bool = True,
    alphas: Iterable[float] = ALPHAS,
    progress: Callable[[int, float], None] | None = None,
) -> Calibration:
    """Runs the sampled part of the battery on many seeds and counts alarms.

    Args:
        seeds: one battery each: other circuits, other angles, other shots.
        quick: the quick battery or the full one.
        alphas: at which alarms are counted.
        progress: called with (seed, its smallest corrected p-value).
    """
    seeds = [check_seed("seeds", seed) for seed in check_sequence("seeds", seeds, "integers")]
    alphas = [check_alpha(alpha) for alpha in check_sequence("alphas", alphas, "probabilities")]
    check_flag("quick", quick)
    check_progress(progress)
    least: list[float] = []
    by_finding: dict[str, list[float]] = {}
    for seed in seeds:
        findings = run_battery(quick=quick, seed=seed, only=SAMPLED).findings
        values = {f.name: f.worst for f in findings if f.kind == "p-value"}
        least.append(smallest(list(values.values())))
        for name, value in values.items():
            by_finding.setdefault(name, []).append(value)
        if progress:
            progress(seed, least[-1])
    return Calibration(
        tuple(least),
        {alpha: int(np.sum(np.array(least) <= alpha)) for alpha in alphas},
        {alpha: int(stats.binom.ppf(0.999, len(least), alpha)) for alpha in alphas},
        {name: tuple(values) for name, values in by_finding.items()},
    )


def main(number: int = 100) -> None:
    """Prints the smallest corrected p-value of every seed, then the count at every alpha."""
    counted = calibrate(range(number), progress=lambda seed, p: print(f"seed {seed}: {p:.4f}"))
    for alpha, alarms in counted.alarms.items():
        limit = counted.limits[alpha]
        print(f"alpha {alpha:g}: {alarms} alarms of {number}, chance explains {limit}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
