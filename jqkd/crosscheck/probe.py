"""Is the noise of a sweep what it is said to be? A circuit answers whose noise is known by hand."""

from __future__ import annotations

import numpy as np
from scipy import stats

from jqkd.crosscheck.findings import Finding, p_value
from jqkd.crosscheck.noise import GENERIC, IDEAL, sweep
from jqkd.crosscheck.statistics import holm
from jqkd.quantum import Circuit, Op

_SHOTS = 20_000
# X makes a certain 1. How often 0 is read, by the channel and its strength:
_READ_AS_0 = {
    IDEAL: lambda strength: 0.0,
    "depolarising": lambda strength: strength / 2,
    "amplitude damping": lambda strength: strength,
    "readout": lambda strength: strength,
}


def probe(seed: int) -> Finding:
    """Every machine of a sweep but the made-up chip, by an exact binomial test each.

    Args:
        seed: of all shots.

    Returns:
        The smallest p-value after Holm's correction, without a verdict yet.
    """
    seen: list[float] = []

    def note(frequencies: np.ndarray) -> np.ndarray:
        seen.append(float(frequencies[0, 0]))
        return np.zeros(1, int)

    flip, none = Circuit(1, (Op("X", (0,)),)), np.zeros((1, 0))
    points = sweep(flip, none, np.zeros(1, int), note, shots=_SHOTS, seed=seed)
    values = {}
    for point, share in zip(points, seen, strict=True):
        if point.channel != GENERIC:
            chance = _READ_AS_0[point.channel](point.strength)
            name = f"{point.channel} {point.strength:g}"
            values[name] = stats.binomtest(round(share * _SHOTS), _SHOTS, chance).pvalue
    worst = min(values, key=values.get)
    smallest = holm(list(values.values())).min()
    return p_value("noise as stated, on X: smallest, Holm", smallest, len(values), worst)
