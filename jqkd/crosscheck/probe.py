"""Is the noise of a sweep what it is said to be? A circuit answers whose noise is known by hand."""

from __future__ import annotations

import numpy as np
from scipy import stats

from jqkd.crosscheck.findings import Finding, p_value
from jqkd.crosscheck.noise import GENERIC, IDEAL, sweep
from jqkd.crosscheck.statistics import holm
from jqkd.quantum import Circuit, Op

_SHOTS = 20_000
# X and CX make two certain ones, the third qubit stays 0.
_CIRCUIT = Circuit(3, (Op("X", (0,)), Op("CX", (0, 1))))
_CERTAIN = np.array([1, 1, 0])


def _flips(channel: str, strength: float) -> tuple[float, float, float]:
    """How often each qubit is read wrongly."""
    if channel == IDEAL:
        return 0.0, 0.0, 0.0
    if channel == "readout":
        return strength, strength, strength
    if channel == "depolarising":
        wrong = (1 - strength) * strength / 2 + strength / 2
    else:
        wrong = 1 - (1 - strength) ** 2
    return wrong, wrong, 0.0


def probe(seed: int) -> Finding:
    """Every machine of a sweep but the made-up chip, by an exact binomial test for each qubit.

    Args:
        seed: of all shots.

    Returns:
        The smallest p-value after Holm's correction, without a verdict yet.
    """
    seen: list[np.ndarray] = []
    wrong = (np.arange(8)[:, None] >> np.arange(3)) & 1 != _CERTAIN

    def note(frequencies: np.ndarray) -> np.ndarray:
        seen.append(np.round(frequencies[0] @ wrong * _SHOTS).astype(int))
        return np.zeros(1, int)

    points = sweep(_CIRCUIT, np.zeros((1, 0)), np.zeros(1, int), note, shots=_SHOTS, seed=seed)
    values = {}
    for point, counts in zip(points, seen, strict=True):
        if point.channel != GENERIC:
            chances = _flips(point.channel, point.strength)
            for qubit, (count, chance) in enumerate(zip(counts, chances, strict=True)):
                name = f"{point.channel} {point.strength:g}, qubit {qubit}"
                values[name] = stats.binomtest(int(count), _SHOTS, chance).pvalue
    worst = min(values, key=values.get)
    smallest = holm(list(values.values())).min()
    return p_value("noise as stated, on X and CX: smallest, Holm", smallest, len(values), worst)
