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
from jqkd.crosscheck.findings import Finding, deviation, family, p_value, total
from jqkd.crosscheck.simulator import Simulator
from jqkd.crosscheck.statistics import (
    chi_square_p_values,
    fit,
    homogeneity,
    normal_p_values,
    smallest,
)
from jqkd.quantum.measurement import parity, rotate_to


@dataclass(frozen=True)
class Draws:
    """Counts ``(B, K)`` of a case, drawn twice with the same keys, and of its even rows by Aer."""

    case: Case
    ours: np.ndarray
    again: np.ndarray
    aer: np.ndarray


def take(simulator: Simulator, cases: list[Case], seed: int, shots: int) -> list[Draws]:
    """Samples every case here, twice with the same keys, and on Aer."""
    draws = []
    for i, case in enumerate(cases):
        keys = jax.random.split(_key(seed, "counts", i), len(case.angles))
        ours, again = (
            np.asarray(simulator.counts(case.circuit, case.angles, keys, shots)) for _ in range(2)
        )
        aer_seed = _derived(seed, "Aer counts", i)
        aer = sample(case.circuit, case.angles[::2], shots=shots, seed=aer_seed)
        draws.append(Draws(case, ours, again, aer))
    return draws


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
        name = d.case.name
        pairs.append((f"whole counts of {name}", d.ours, np.round(d.ours)))
        pairs.append((f"sum of {name}", d.ours.sum(-1), np.full(len(d.ours), float(shots))))
        pairs.append((f"Aer's sum of {name}", d.aer.sum(-1), np.full(len(d.aer), shots)))
        pairs.append((f"same keys for {name}", d.ours, d.again))
    return deviation("whole, complete, repeatable counts", pairs, 0.0)


def counts(draws: list[Draws]) -> list[Finding]:
    """Shots against exact probabilities, against Aer's shots, and against each other."""
    fits, versus, pairs = [], [], []
    for d in draws:
        exact = d.case.probabilities
        fits += map(fit, d.ours, exact)
        versus += map(homogeneity, d.ours[::2], d.aer, exact[::2])
        pairs += map(homogeneity, d.ours[::2], d.ours[1::2], exact[::2])
    return [
        *family("shots against exact probabilities (G)", chi_square_p_values(fits)),
        total("shots against exact probabilities (G)", fits),
        *family("shots against Aer's shots (chi-square)", chi_square_p_values(versus)),
        *family("shots under two keys (chi-square)", chi_square_p_values(pairs)),
    ]


def paulis(simulator: Simulator, cases: list[Case], seed: int, shots: int) -> Finding:
    """Sampled Pauli expectations against exact ones, by an exact binomial test each."""
    values = []
    for i, case in enumerate(cases):
        rotated = rotate_to(case.circuit, case.pauli)
        keys = jax.random.split(_key(seed, "Pauli", i), len(case.angles))
        drawn = np.asarray(simulator.counts(rotated, case.angles, keys, shots))
        plus = (drawn @ (parity(case.pauli) > 0)).astype(int)
        chance = np.clip((1 + case.expected) / 2, 0, 1).round(12)
        values += [stats.binomtest(n, shots, p).pvalue for n, p in zip(plus, chance, strict=True)]
    return p_value("sampled Pauli expectations: smallest, Holm", smallest(values), len(values))


def gradients_by_shots(
    simulator: Simulator, cases: list[Case], seed: int, shots: int
) -> list[Finding]:
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
        *family("sampled gradients against exact ones", normal_p_values(pairs)),
        *family("sampled gradients, sum over slots", normal_p_values(rows)),
        *family("sampled gradients against Aer's shots", normal_p_values(versus)),
    ]


def _gradient_z(
    simulator: Simulator, case: Case, key: jax.Array, aer_seed: int, shots: int
) -> tuple[np.ndarray, np.ndarray]:
    """Standardised differences to exact gradients ``(B, P)`` and, even rows, to Aer's."""
    circuit, angles = case.circuit, case.angles
    draw_key, weight_key = jax.random.split(key)
    weights = np.asarray(jax.random.normal(weight_key, (2**circuit.num_qubits,)))
    keys = jax.random.split(draw_key, len(angles))
    drawn = simulator.sampled_gradients(circuit, angles, weights, keys, shots)
    gradients, w = np.asarray(drawn, float), weights.astype(float)
    p = shifted_probabilities(circuit, angles)
    variances = np.maximum(p @ w**2 - (p @ w) ** 2, 0)
    # Random angles and weights leave no slot without scatter.
    error = np.maximum(np.sqrt(variances.sum(0) / (4 * shots)), 1e-9)
    shifted = shifted_angles(angles[::2])
    taken = sample(circuit, shifted.reshape(-1, shifted.shape[-1]), shots=shots, seed=aer_seed)
    up, down = (taken / shots @ w).reshape(shifted.shape[:-1])
    z = (gradients - 0.5 * (p[0] - p[1]) @ w) / error
    return z, (gradients[::2] - 0.5 * (up - down)) / (np.sqrt(2) * error[::2])
