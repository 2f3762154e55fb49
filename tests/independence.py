"""Whether series of draws have anything in common: the judge of all tests of independence."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
from scipy import stats

# Series that are independent are called dependent with this probability at most, a call of
# ``assert_independent`` (Bonferroni); with fewer than ten calls, below 1e-6 in all the suite.
ALARM = 1e-7
_PARTS = 4


def assert_independent(series: Mapping[str, np.ndarray], alarm: float = ALARM) -> None:
    """All pairs of series are uncorrelated, and their quarters are contingent by chance only.

    Args:
        series: by name, each of shape (N,), row n of all from the same key n; or in any shape
            with N numbers, all the same.
        alarm: probability of a failure if all are independent.
    """
    names = list(series)
    values = np.stack([np.ravel(np.asarray(series[name], np.float64)) for name in names])
    for name, row in zip(names, values, strict=True):
        assert row.std() > 0, f"{name} is always {row[0]}"
    found = np.minimum(_correlation(values), _contingency(values))
    pairs = list(itertools.combinations(range(len(names)), 2))
    # Two tests of every pair.
    bound = alarm / (2 * len(pairs))
    worst = sorted((found[i, j], f"{names[i]} and {names[j]}") for i, j in pairs)
    bad = [f"{text} (p = {p:.1g})" for p, text in worst if p < bound]
    assert not bad, f"{len(bad)} of {len(pairs)} pairs depend on each other: {', '.join(bad[:6])}"


def _correlation(values: np.ndarray) -> np.ndarray:
    """Two-sided p-values (M, M) of Fisher's z of the correlations."""
    r = np.clip(np.corrcoef(values), -1 + 1e-15, 1 - 1e-15)
    return 2 * stats.norm.sf(np.abs(np.arctanh(r)) * np.sqrt(values.shape[1] - 3))


def _contingency(values: np.ndarray) -> np.ndarray:
    """p-values (M, M) of the chi-square test on tables of quarters, blind to no dependence."""
    coded = [_quarters(row) for row in values]
    owner = np.repeat(np.arange(len(values)), [len(codes) for codes in coded])
    inside = np.concatenate(coded).astype(np.float64)
    totals = inside.sum(1)
    expected = np.outer(totals, totals) / values.shape[1]
    assert expected.min() > 15, "too few draws for a chi-square test"
    terms = (inside @ inside.T - expected) ** 2 / expected
    pick = (owner == np.arange(len(values))[:, None]).astype(np.float64)
    free = pick.sum(1) - 1
    return stats.chi2.sf(pick @ terms @ pick.T, np.outer(free, free))


def _quarters(row: np.ndarray) -> np.ndarray:
    """Which numbers lie in which quarter of them: (parts, N), of fewer parts where many tie."""
    edges = np.unique(np.quantile(row, np.arange(1, _PARTS) / _PARTS))
    codes = np.searchsorted(edges, row, side="left")
    return codes == np.unique(codes)[:, None]
