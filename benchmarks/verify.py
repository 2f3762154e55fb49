"""Whether an answer is right: by tolerance where it is exact, by statistics where it is sampled.

A right peer fails a statistical check with a probability of ``FALSE_ALARM``; a full run makes
some hundred checks, so that one false alarm comes in about ten thousand runs.
"""

from __future__ import annotations

import numpy as np

from benchmarks import reference
from benchmarks.workloads import SHOTS, TRAJECTORIES, Cell, outcome_weights

FALSE_ALARM = 1e-6
# Single precision, and the longest circuits have some 200 gates.
TOLERANCE = {"W1": 2e-6, "W4": 2e-4, "W5": 2e-5, "W7": 2e-4, "W8": 2e-4}
# Outcomes are pooled until each is expected so many times.
_LEAST_EXPECTED = 5.0
# These references are slow; of a batch, the first and the last image are compared.
_ROWS_COMPARED = {"W4": (0, -1), "W8": (0, -1)}


def fault(cell: Cell, angles: np.ndarray, answer: np.ndarray) -> str | None:
    """What is wrong with an answer; ``None`` if nothing is.

    Args:
        cell: what was asked.
        angles: shape ``(B, P)``.
        answer: probabilities or counts (B, K), a gradient (B, P), or (1, P) where all images
            share the angles, or a state (1, K).

    Example:
        >>> cell, angles = Cell("W1", 3, 1), np.zeros((1, 3))
        >>> fault(cell, angles, np.full((1, 8), 0.125)), fault(cell, angles, np.zeros((1, 8)))
        (None, 'differs from the reference by up to 0.125')
    """
    answer = np.asarray(answer)
    if not np.isfinite(answer).all():
        return f"{np.mean(~np.isfinite(answer)):.0%} of the answer is not finite"
    checks = {"W2": _counts, "W3": _sampled_gradient, "W6": _sampled_gradient, "T1": _counts}
    checks |= {"W9": _mean}
    check = checks.get(cell.workload, _exact)
    return check(cell, np.asarray(angles, np.float64), answer)


def _exact(cell: Cell, angles: np.ndarray, answer: np.ndarray) -> str | None:
    rows = list(_ROWS_COMPARED.get(cell.workload, range(len(angles))))
    right = reference.right_answer(cell, angles[rows])
    if answer.shape != (len(angles), *right.shape[1:]):
        return f"has shape {answer.shape}, wanted {(len(angles), *right.shape[1:])}"
    error = np.abs(answer[rows] - right).max()
    if error > TOLERANCE[cell.workload] * max(1.0, np.abs(right).max()):
        return f"differs from the reference by up to {error:.3g}"
    return None


def _counts(cell: Cell, angles: np.ndarray, counts: np.ndarray) -> str | None:
    """Whole numbers that sum to S, distributed as they should be (Pearson's statistic)."""
    if counts.shape != (len(angles), 2**cell.qubits):
        return f"has shape {counts.shape}, wanted {(len(angles), 2**cell.qubits)}"
    counts = np.asarray(counts, np.float64)
    short = np.abs(counts.sum(1) - SHOTS) > 0.5
    if short.any():
        worst = counts.sum(1)[np.abs(counts.sum(1) - SHOTS).argmax()]
        return f"{short.mean():.0%} of the circuits lack shots: {worst:.0f} of {SHOTS}"
    if np.abs(counts - counts.round()).max() > 0.01:
        return "holds counts that are no whole numbers"
    total = mean = variance = 0.0
    for p, row in zip(reference.product_probabilities(angles), counts.round(), strict=True):
        pooled_p, pooled = pool(p, row)
        total += (((pooled - SHOTS * pooled_p) ** 2) / (SHOTS * pooled_p)).sum()
        size = len(pooled_p)
        mean += size - 1
        # Exact moments of Pearson's statistic.
        extra = ((1 / pooled_p).sum() - size**2 - 2 * size + 2) / SHOTS
        variance += 2 * (size - 1) + extra
    return _judge("counts", total, mean, variance)


def pool(p: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outcomes in order of probability, joined until each group is expected often enough."""
    order = np.argsort(p)
    p, counts = p[order], counts[order]
    reached = np.floor(np.cumsum(p) * SHOTS / _LEAST_EXPECTED)
    starts = np.flatnonzero(np.diff(reached, prepend=0) > 0) + 1
    starts = np.concatenate([[0], starts[starts < len(p)]])
    sums = np.add.reduceat(p, starts), np.add.reduceat(counts, starts)
    if len(starts) > 1 and sums[0][-1] * SHOTS < _LEAST_EXPECTED:
        return tuple(np.append(s[:-2], s[-2:].sum()) for s in sums)
    return sums


def _sampled_gradient(cell: Cell, angles: np.ndarray, answer: np.ndarray) -> str | None:
    """Right on average, and as noisy as the shots make it."""
    right = reference.right_answer(cell, angles)
    if answer.shape != right.shape:
        return f"has shape {answer.shape}, wanted {right.shape}"
    weights = outcome_weights(cell.qubits)
    variance = reference.shift_rule_variance(cell, angles, weights, SHOTS)
    z = (answer - right) / np.sqrt(variance)
    return _judge("gradients", (z**2).sum(), z.size, 2.0 * z.size)


def _mean(cell: Cell, angles: np.ndarray, answer: np.ndarray) -> str | None:
    """A mean over trajectories: no further off than as many shots of the noisy circuit are."""
    right = reference.right_answer(cell, angles)
    if answer.shape != right.shape:
        return f"has shape {answer.shape}, wanted {right.shape}"
    if np.abs(answer.sum(1) - 1).max() > 1e-3:
        return f"holds probabilities that sum to {answer.sum(1).max():.4g}"
    from scipy import stats

    weights = outcome_weights(cell.qubits).astype(np.float64)
    variance = (right @ weights**2 - (right @ weights) ** 2) / TRAJECTORIES
    z = (answer - right) @ weights / np.sqrt(variance)
    if stats.chi2(z.size).sf((z**2).sum()) < FALSE_ALARM:
        return f"means lie off: chi-square {(z**2).sum():.0f}, expected at most {z.size}"
    return None


def _judge(what: str, statistic: float, mean: float, variance: float) -> str | None:
    """Two-sided, against the gamma distribution of that mean and variance."""
    from scipy import stats

    law = stats.gamma(mean**2 / variance, scale=variance / mean)
    if law.sf(statistic) < FALSE_ALARM / 2:
        return f"{what} lie off: chi-square {statistic:.0f}, expected {mean:.0f}"
    if law.cdf(statistic) < FALSE_ALARM / 2:
        return f"{what} vary too little: chi-square {statistic:.3g}, expected {mean:.0f}"
    return None
