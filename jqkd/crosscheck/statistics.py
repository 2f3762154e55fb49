"""Tests with stated error rates. Every p-value is uniform if both sides draw the same thing.

Cells are pooled by their exact probabilities, never by what was counted, so that pooling does not
bias the test. SciPy computes all distributions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from jqkd._checks import check_array, check_integer, check_type, fail, shown

# A statistic that follows chi-square, and its degrees of freedom; 0 where nothing is tested.
Statistic = tuple[float, int]
# Expected counts below which a cell is merged with others, where chi-square is only approximate.
LEAST_EXPECTED = 10.0
_IMPOSSIBLE = 1e-12
_PAIRS = "pairs (statistic, degrees of freedom)"


def pool(probabilities: ArrayLike, shots: int) -> np.ndarray:
    """The cell ``(K,)`` of every outcome, from 0; each is expected ``LEAST_EXPECTED`` times.

    Example:
        >>> pool([0.5, 0.499, 0.0005, 0.0005], 1000).tolist()
        [1, 0, 0, 0]
    """
    shots = check_integer("shots", shots, 1, 2**63)
    expected = _weights("probabilities", probabilities) * shots
    cells, cell, filled = np.zeros(expected.size, int), 0, 0.0
    for outcome in np.argsort(expected, kind="stable"):
        if filled >= LEAST_EXPECTED:
            cell, filled = cell + 1, 0.0
        cells[outcome] = cell
        filled += expected[outcome]
    if cell and filled < LEAST_EXPECTED:
        cells[cells == cell] = cell - 1
    return cells


def fit(counts: ArrayLike, probabilities: ArrayLike) -> Statistic:
    """G-test of counts ``(K,)`` against exact probabilities ``(K,)``, which are normalised here.

    ``G = 2 sum_c n_c log(n_c / (S p_c))`` over pooled cells; infinite for a count where the
    probability is 0.

    Example:
        >>> g, freedom = fit([480, 520], [0.5, 0.5])
        >>> round(g, 3), freedom
        (1.6, 1)
    """
    exact = _weights("probabilities", probabilities)
    counts = _weights("counts", counts, exact.size)
    exact = exact / exact.sum()
    if counts[exact < _IMPOSSIBLE].any():
        return np.inf, 1
    cells = pool(exact, max(int(counts.sum()), 1))
    observed, expected = np.bincount(cells, counts), np.bincount(cells, exact * counts.sum())
    if observed.size == 1:
        return 0.0, 0
    g = stats.power_divergence(observed, expected, lambda_="log-likelihood").statistic
    return float(g), observed.size - 1


def homogeneity(first: ArrayLike, second: ArrayLike, probabilities: ArrayLike) -> Statistic:
    """Chi-square of two counts ``(K,)`` drawn independently from one distribution.

    Its exact probabilities ``(K,)`` decide the pooling only.

    Example:
        >>> homogeneity([50, 50], [60, 40], [0.5, 0.5])[1]
        1
    """
    size = _weights("probabilities", probabilities).size
    first, second = _weights("first", first, size), _weights("second", second, size)
    cells = pool(probabilities, max(int(min(first.sum(), second.sum())), 1))
    table = np.stack([np.bincount(cells, first), np.bincount(cells, second)])
    table = table[:, table.sum(0) > 0]
    if table.shape[1] == 1:
        return 0.0, 0
    result = stats.chi2_contingency(table, correction=False)
    return float(result.statistic), int(result.dof)


def _weights(name: str, values: ArrayLike, size: int | str = "K") -> np.ndarray:
    """Counts or probabilities: finite, not negative, not all 0, as float64."""
    values = np.asarray(check_array(name, values, (size,)), np.float64)
    if not values.size or values.min() < 0 or not values.any():
        given = f"one of {values.min():g}" if values.size else "an empty array"
        fail(name, "be 0 or more and not all 0", given)
    return values


def chi_square_p_values(tests: Sequence[Statistic]) -> np.ndarray:
    """Upper-tail p-values; statistics with 0 degrees of freedom are left out.

    Example:
        >>> chi_square_p_values([(3.841, 1), (0.0, 0)]).round(3).tolist()
        [0.05]
    """
    check_type("tests", tests, (list, tuple), f"a list of {_PAIRS}")
    for pair in tests:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            fail("tests", f"hold {_PAIRS}", shown(pair))
        check_array("tests", pair, (2,), finite=False)
    return np.array([stats.chi2.sf(value, freedom) for value, freedom in tests if freedom])


def normal_p_values(z: ArrayLike) -> np.ndarray:
    """Two-sided p-values of standard normal numbers; a NaN stays one.

    Example:
        >>> normal_p_values([1.96]).round(3).tolist()
        [0.05]
    """
    z = np.asarray(check_array("z", z, finite=False), float)
    return 2 * stats.norm.sf(np.abs(z))


def smallest(p_values: ArrayLike) -> float:
    """The smallest of N p-values after Holm's correction: ``min(1, N min(p))``.

    Example:
        >>> smallest([0.01, 0.04, 0.03])
        0.03
    """
    values = _p_values(p_values)
    return float(min(1.0, values.size * values.min()))


def uniform(p_values: ArrayLike) -> float:
    """Kolmogorov-Smirnov p-value for "these p-values are uniform"; too good a fit fails as well.

    Example:
        >>> uniform((np.arange(100) + 0.5) / 100), uniform(np.full(100, 0.99)) < 1e-9
        (1.0, True)
    """
    return float(stats.kstest(_p_values(p_values), "uniform").pvalue)


def _p_values(values: ArrayLike) -> np.ndarray:
    values = np.asarray(check_array("p_values", values, ("N",)), float)
    if not values.size:
        fail("p_values", "be one or more", "an empty array")
    # Sums of probabilities end above 1 by a rounding error.
    if values.min() < 0 or values.max() > 1 + 1e-6:
        fail("p_values", "lie between 0 and 1", f"{values.min():g} to {values.max():g}")
    return values


def mcnemar(first: ArrayLike, second: ArrayLike) -> tuple[int, int, float]:
    """McNemar's exact test: are two classifiers right equally often on the same images ``(N,)``?

    Returns:
        Images only the first gets right, images only the second gets right, two-sided p-value.

    Example:
        >>> mcnemar([True] * 6 + [False], [False] * 6 + [True])
        (6, 1, 0.125)
    """
    first = _right_or_wrong("first", first, "N")
    second = _right_or_wrong("second", second, first.size)
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    both = only_first + only_second
    p_value = stats.binomtest(only_first, both).pvalue if both else 1.0
    return only_first, only_second, float(p_value)


def _right_or_wrong(name: str, values: ArrayLike, size: int | str) -> np.ndarray:
    values = np.asarray(check_array(name, values, (size,), kinds="biu"))
    if not values.size or set(np.unique(values).tolist()) - {0, 1}:
        given = shown(values) if values.size else "an empty array"
        fail(name, "hold True or False for every image", given)
    return values.astype(bool)
