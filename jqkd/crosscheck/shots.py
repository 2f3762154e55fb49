"""Checks of what is sampled, each a p-value that is uniform for a correct simulator.

Every circuit is sampled in pairs of equal angles and different keys. The two must be independent:
a simulator that uses one key twice makes them too similar, which only a test of "too good a fit"
can see. Hence Kolmogorov-Smirnov beside Holm in every family.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
from scipy import stats

from jqkd.crosscheck.exact import Case, shifted_angles, shifted_probabilities
from jqkd.crosscheck.execute import sample
from jqkd.crosscheck.findings import Finding, deviation, p_value
from jqkd.crosscheck.statistics import (
    chi_square_p_values,
    fit,
    holm,
    homogeneity,
    normal_p_values,
    uniform,
)
from jqkd.crosscheck.subject import Simulator
from jqkd.quantum.measurement import parity, rotate_to


@dataclass(frozen=True)
class Draws:
    """Counts ``(B, K)`` of a case from the simulator, of its even rows ``(B/2, K)`` from Aer."""

    case: Case
    exact: np.ndarray
    ours: np.ndarray
    again: np.ndarray
    aer: np.ndarray


def draw(simulator: Simulator, cases: list[Case], seed: int, shots: int) -> list[Draws]:
    """Samples every case here, twice with the same keys, and on Aer."""
    drawn = []
    for i, case in enumerate(cases):
        keys = jax.random.split(_key(seed, "counts", i), len(case.angles))
        ours, again = (
            np.asarray(simulator.counts(case.circuit, case.angles, keys, shots)) for _ in range(2)
        )
        aer_seed = _derived(seed, "Aer counts", i)
        aer = sample(case.circuit, case.angles[::2], shots=shots, seed=aer_seed)
        drawn.append(Draws(case, np.abs(case.states) ** 2, ours, again, aer))
    return drawn


def _derived(seed: int, purpose: str, index: int) -> int:
    """A seed below 2**31 that no other purpose, circuit or battery uses."""
    words = [seed, index, *purpose.encode()]
    return int(np.random.SeedSequence(words).generate_state(1)[0] >> 1)


def _key(seed: int, purpose: str, index: int) -> jax.Array:
    return jax.random.key(_derived(seed, purpose, index))


def bookkeeping(draws: list[Draws], shots: int) -> Finding:
    """Counts are whole, sum to the shots on both sides, and repeat for the same keys."""
    pairs = []
    for d in draws:
        pairs.append((f"whole counts of {d.case.name}", d.ours, np.round(d.ours)))
        pairs.append((f"sum of {d.case.name}", d.ours.sum(-1), np.full(len(d.ours), float(shots))))
        pairs.append((f"Aer's sum of {d.case.name}", d.aer.sum(-1), np.full(len(d.aer), shots)))
        pairs.append((f"same keys for {d.case.name}", d.ours, d.again))
    return deviation("whole, complete, repeatable counts", pairs, 0.0)


def counts(draws: list[Draws]) -> list[Finding]:
    """Shots against exact probabilities, against Aer's shots, and against each other."""
    fits, versus, pairs = [], [], []
    for d in draws:
        fits += [fit(n, p) for n, p in zip(d.ours, d.exact, strict=True)]
        even, odd, exact = d.ours[::2], d.ours[1::2], d.exact[::2]
        versus += [homogeneity(*row) for row in zip(even, d.aer, exact, strict=True)]
        pairs += [homogeneity(*row) for row in zip(even, odd, exact, strict=True)]
    return [
        *_family("shots against exact probabilities (G)", chi_square_p_values(fits)),
        total("shots against exact probabilities (G)", fits),
        *_family("shots against Aer's shots (chi-square)", chi_square_p_values(versus)),
        *_family("shots under two keys (chi-square)", chi_square_p_values(pairs)),
    ]


def _family(name: str, values: np.ndarray) -> list[Finding]:
    """The smallest p-value after Holm's correction, and the uniformity of all."""
    values = np.where(np.isfinite(values), values, 0.0)
    found = [p_value(f"{name}: smallest, Holm", holm(values).min(), len(values))]
    return [*found, p_value(f"{name}: uniform, KS", uniform(values), len(values))]


def total(name: str, tests: list[tuple[float, int]]) -> Finding:
    """Is the sum of all statistics too large or too small? Sees a wrong dispersion best."""
    statistic, freedom = np.sum(tests, axis=0)
    if not freedom:
        return p_value(f"{name}: total", 1.0, 0)
    tail = min(stats.chi2.sf(statistic, freedom), stats.chi2.cdf(statistic, freedom))
    return p_value(f"{name}: total", min(1.0, 2 * tail), len(tests))


def paulis(simulator: Simulator, cases: list[Case], seed: int, shots: int) -> list[Finding]:
    """Sampled Pauli expectations against exact ones, by an exact binomial test each."""
    values = []
    for i, case in enumerate(cases):
        rotated = rotate_to(case.circuit, case.pauli)
        keys = jax.random.split(_key(seed, "Pauli", i), len(case.angles))
        ours = np.asarray(simulator.counts(rotated, case.angles, keys, shots))
        plus = ours @ (parity(case.pauli) > 0)
        chance = np.clip((1 + case.expected) / 2, 0, 1).round(12)
        values += [
            stats.binomtest(int(n), shots, p).pvalue for n, p in zip(plus, chance, strict=True)
        ]
    return [p_value("sampled Pauli expectations: smallest, Holm", holm(values).min(), len(values))]


def gradients(simulator: Simulator, cases: list[Case], seed: int, shots: int) -> list[Finding]:
    """Sampled shift-rule gradients against Aer's shifted circuits, exact and sampled.

    ``g = [f(t + pi/2) - f(t - pi/2)] / 2`` from independent shots has the variance
    ``[Var(w; p+) + Var(w; p-)] / (4 S)``.
    """
    pairs, rows, versus = [], [], []
    for i, case in enumerate(cases):
        key, aer_seed = _key(seed, "gradient", i), _derived(seed, "Aer gradient", i)
        z, z_aer = _gradient_z(simulator, case, key, aer_seed, shots)
        even, odd = z[::2], z[1::2]
        pairs += [*(even + odd).ravel() / np.sqrt(2), *(even - odd).ravel() / np.sqrt(2)]
        rows += [*(z.sum(-1) / np.sqrt(z.shape[-1]))]
        versus += [*z_aer.ravel()]
    return [
        *_family("sampled gradients against exact ones", normal_p_values(pairs)),
        *_family("sampled gradients, sum over slots", normal_p_values(rows)),
        *_family("sampled gradients against Aer's shots", normal_p_values(versus)),
    ]


def _gradient_z(
    simulator: Simulator, case: Case, key: jax.Array, seed: int, shots: int
) -> tuple[np.ndarray, np.ndarray]:
    """Standardised differences to exact gradients ``(B, P)`` and, even rows, to Aer's."""
    draw_key, weight_key = jax.random.split(key)
    weights = np.asarray(jax.random.normal(weight_key, (2**case.circuit.num_qubits,)))
    keys = jax.random.split(draw_key, len(case.angles))
    ours = np.asarray(
        simulator.sampled_gradients(case.circuit, case.angles, weights, keys, shots), float
    )
    weights = weights.astype(float)
    up, down = shifted_probabilities(case.circuit, case.angles)
    error = np.sqrt((_variance(up, weights) + _variance(down, weights)) / (4 * shots))
    z = _standardised(ours - 0.5 * (up - down) @ weights, error)
    theirs = _aer_gradients(case, weights, seed, shots)
    return z, _standardised(ours[::2] - theirs, np.sqrt(2) * error[::2])


def _variance(probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.maximum(probabilities @ weights**2 - (probabilities @ weights) ** 2, 0)


def _standardised(difference: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Differences over errors; random angles and weights leave no slot without scatter."""
    return difference / np.maximum(error, 1e-9)


def _aer_gradients(case: Case, weights: np.ndarray, seed: int, shots: int) -> np.ndarray:
    many = np.stack(shifted_angles(case.angles[::2]))
    taken = sample(case.circuit, many.reshape(-1, many.shape[-1]), shots=shots, seed=seed)
    up, down = (taken / shots @ weights).reshape(2, -1, many.shape[-1])
    return 0.5 * (up - down)
