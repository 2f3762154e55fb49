"""Statistics of a few runs: spread, intervals, exact tests, and the verdict on a published number.

SciPy does the work where it can. All accuracies and gains are in per cent and points.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

Interval = tuple[float, float]
# A student within so many points of guessing has collapsed.
COLLAPSE = 2.0
# Fewest runs, and widest interval for an accuracy, that say anything about a published number.
FEWEST_RUNS = 5
WIDEST = 5.0
# Published numbers have two decimals.
_ROUNDING = 0.005 + 1e-9
_RESAMPLES = 9999
# Points by which two means of differences that are equal may miss each other: differences are kept
# to nine digits.
_EQUAL = 1e-7
# Up to so many pairs ``sign_flip`` looks at every pattern of signs; beyond, at as many random ones.
EXACT_UP_TO = 17


class Spread(NamedTuple):
    """Mean, standard deviation (of a sample; NaN for one run), least, greatest, number."""

    mean: float
    sd: float
    low: float
    high: float
    count: int


def spread(values: ArrayLike) -> Spread:
    """Describe some runs.

    Example:
        >>> spread([1.0, 3.0])
        Spread(mean=2.0, sd=1.4142135623730951, low=1.0, high=3.0, count=2)
    """
    x = np.asarray(values, float)
    sd = float(x.std(ddof=1)) if x.size > 1 else float("nan")
    return Spread(float(x.mean()), sd, float(x.min()), float(x.max()), x.size)


def collapsed(accuracies: ArrayLike, num_classes: int) -> int:
    """How many runs are no more than ``COLLAPSE`` points above guessing among the classes.

    Example:
        >>> collapsed([13.0, 14.5, 90.0], 8)
        2
    """
    return int((np.asarray(accuracies, float) <= 100 / num_classes + COLLAPSE + 1e-9).sum())


def mean_interval(differences: ArrayLike) -> Interval | None:
    """BCa bootstrap interval (95 %) of a mean (Efron 1987); ``None`` for fewer than 3 numbers."""
    from scipy.stats import bootstrap

    x = np.asarray(differences, float)
    if x.size < 3:
        return None
    if np.ptp(x) == 0:
        return float(x[0]), float(x[0])
    rng = np.random.default_rng(0)
    for method in ("BCa", "percentile"):
        with warnings.catch_warnings():
            # BCa has no answer where resampling hardly changes the mean; percentiles do.
            warnings.simplefilter("ignore")
            found = bootstrap((x,), np.mean, n_resamples=_RESAMPLES, method=method, rng=rng)
        low, high = map(float, found.confidence_interval)
        if np.isfinite([low, high]).all():
            return low, high
    return None


def sign_flip(differences: ArrayLike) -> float:
    """Exact two-sided p-value of the mean of paired differences: every sign could be the other.

    With n differences the smallest possible value is 2**(1 - n).

    Example:
        >>> sign_flip([1.0, 2.0, 3.0])
        0.25
    """
    from scipy.stats import permutation_test

    x = np.asarray(differences, float)
    if x.size < 2 or not x.any():
        return 1.0
    observed = abs(x.mean())

    def beyond(x: np.ndarray, axis: int) -> np.ndarray:
        """0 for a mean as far from 0 as ours: accuracies are whole images, so that many are."""
        return np.round((np.abs(np.mean(x, axis)) - observed) / _EQUAL)

    found = permutation_test(
        (x,),
        beyond,
        permutation_type="samples",
        vectorized=True,
        n_resamples=2**EXACT_UP_TO,
        alternative="greater",
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction (1979) for testing several hypotheses.

    Example:
        >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1)
    return adjusted.tolist()


def next_run(values: ArrayLike) -> Interval | None:
    """95 % interval for one more run, in %: mean ± t s sqrt(1 + 1/n), cut to 0..100.

    ``None`` for a single run, which has no spread.
    """
    from scipy.stats import t

    x = np.asarray(values, float)
    if x.size < 2:
        return None
    reach = float(t.ppf(0.975, x.size - 1) * x.std(ddof=1) * np.sqrt(1 + 1 / x.size))
    return max(0.0, float(x.mean()) - reach), min(100.0, float(x.mean()) + reach)


def next_gain(alone: ArrayLike, distilled: ArrayLike) -> Interval | None:
    """95 % interval for the difference of one more run of each, seeds unrelated (Welch).

    A published gain is such a difference: its two runs share no seed.
    """
    from scipy.stats import t

    a, b = np.asarray(alone, float), np.asarray(distilled, float)
    if min(a.size, b.size) < 2:
        return None
    parts = np.array([x.var(ddof=1) * (1 + 1 / x.size) for x in (a, b)])
    middle = float(b.mean() - a.mean())
    if parts.sum() == 0:
        return middle, middle
    freedom = parts.sum() ** 2 / (parts**2 / (np.array([a.size, b.size]) - 1)).sum()
    reach = float(t.ppf(0.975, freedom) * np.sqrt(parts.sum()))
    return middle - reach, middle + reach


def verdict(published: float, interval: Interval | None, runs: int, widest: float = WIDEST) -> str:
    """What our runs say about one published number.

    Args:
        published: the number.
        interval: where one more run of ours falls in 95 of 100 cases.
        runs: how many of ours there are.
        widest: half width beyond which an interval that holds the number says nothing.

    Returns:
        ``higher`` or ``lower`` if ours is, ``reproduced``, or ``undecidable``.

    Example:
        >>> verdict(90.0, (91.0, 95.0), 10), verdict(92.0, (91.0, 95.0), 10)
        ('higher', 'reproduced')
    """
    if interval is None or runs < FEWEST_RUNS:
        return "undecidable"
    if published < interval[0] - _ROUNDING:
        return "higher"
    if published > interval[1] + _ROUNDING:
        return "lower"
    return "reproduced" if (interval[1] - interval[0]) / 2 <= widest else "undecidable"


def widest_for_gain(published: float) -> float:
    """An interval for a gain must be no wider than the gain itself, or than 1 point.

    Example:
        >>> widest_for_gain(18.44), widest_for_gain(0.34)
        (18.44, 1.0)
    """
    return max(1.0, abs(published))
