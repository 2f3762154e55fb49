"""Statistics of a few runs: spread, paired gains, intervals, tests, verdicts on published numbers.

SciPy does the work where it can. All accuracies and gains are in per cent and points. Functions
raise ``InputError`` where numbers are not finite, none or more than ``MOST_RUNS`` of them, not as
many as there must be, or outside of what they can be, such as accuracies of more than 100.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from jqkd._checks import check_array, check_integer, check_number, fail

Interval = tuple[float, float]
# More runs than that would keep the tests busy for minutes.
MOST_RUNS = 1000
# A student within so many points of guessing has collapsed.
COLLAPSE = 2.0
# Fewest runs, and widest interval for an accuracy, that say anything about a published number.
FEWEST_RUNS, WIDEST = 5, 5.0
# Published numbers have two decimals.
_ROUNDING = 0.005 + 1e-9
# Resamples, and how many in one go: all of them would fill the memory where runs are many.
_RESAMPLES, _BATCH = 9999, 2**10
# Points by which equal means of differences may miss each other: differences have nine digits.
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
    x = _numbers("values", values)
    sd = float(x.std(ddof=1)) if x.size > 1 else float("nan")
    return Spread(float(x.mean()), sd, float(x.min()), float(x.max()), x.size)


def collapsed(accuracies: ArrayLike, num_classes: int) -> int:
    """How many runs are no more than ``COLLAPSE`` points above guessing among the classes.

    Example:
        >>> collapsed([13.0, 14.5, 90.0], 8)
        2
    """
    accuracies = _within("accuracies", accuracies, 100)
    num_classes = check_integer("num_classes", num_classes, 2)
    return int((accuracies <= 100 / num_classes + COLLAPSE + 1e-9).sum())


def mean_interval(differences: ArrayLike) -> Interval | None:
    """BCa bootstrap interval (95 %) of a mean (Efron 1987); ``None`` for fewer than 3 numbers."""
    x = _numbers("differences", differences)
    from scipy.stats import bootstrap

    if x.size < 3:
        return None
    if np.ptp(x) == 0:
        return float(x[0]), float(x[0])
    rng = np.random.default_rng(0)
    for method in ("BCa", "percentile"):
        with warnings.catch_warnings():
            # BCa has no answer where resampling hardly changes the mean; percentiles do.
            warnings.simplefilter("ignore")
            options = {"n_resamples": _RESAMPLES, "batch": _BATCH, "method": method, "rng": rng}
            resampled = bootstrap((x,), np.mean, **options)
        low, high = map(float, resampled.confidence_interval)
        if np.isfinite([low, high]).all():
            return low, high
    return None


def sign_flip(differences: ArrayLike) -> float:
    """Two-sided p-value of the mean of paired differences: every sign could be the other.

    Exact for up to ``EXACT_UP_TO`` of them, where n differences give at least 2**(1 - n); beyond,
    from ``2**EXACT_UP_TO`` random patterns of signs.

    Example:
        >>> sign_flip([1.0, 2.0, 3.0])
        0.25
    """
    x = _numbers("differences", differences)
    from scipy.stats import permutation_test

    if x.size < 2 or not x.any():
        return 1.0
    observed = abs(x.mean())

    def beyond(x: np.ndarray, axis: int) -> np.ndarray:
        """0 for a mean as far from 0 as ours: accuracies are whole images, so that many are."""
        return np.round((np.abs(np.mean(x, axis)) - observed) / _EQUAL)

    options: dict[str, Any] = {
        "permutation_type": "samples",
        "alternative": "greater",
        "vectorized": True,
    }
    options |= {"n_resamples": 2**EXACT_UP_TO, "batch": _BATCH, "rng": np.random.default_rng(0)}
    return float(permutation_test((x,), beyond, **options).pvalue)


class Gain(NamedTuple):
    """A difference of two arms, seed by seed, in points.

    Attributes:
        values: (R,).
        mean: over seeds.
        interval: BCa, of the mean.
        p: of the sign-flip test.
        p_holm: corrected over a family; ``None`` for one that is in none.
    """

    values: list[float]
    mean: float
    interval: Interval | None
    p: float
    p_holm: float | None = None


def gain_of(distilled: ArrayLike, alone: ArrayLike) -> Gain:
    """Paired gain over the same seeds, with its BCa interval and sign-flip p-value.

    Args:
        distilled: shape ``(R,)``, in points.
        alone: shape ``(R,)``, of the same seeds.

    Raises:
        InputError: other numbers of seeds, none at all, or numbers that are not finite.

    Example:
        >>> gain_of([3.0, 5.0, 4.0], [1.0, 1.0, 1.0]).mean
        3.0
    """
    b, a = _numbers("distilled", distilled), _numbers("alone", alone)
    if a.size != b.size:
        fail("alone", "have a number for each seed, as many as `distilled`", f"{a.size}")
    values = [round(difference, 9) for difference in (b - a).tolist()]
    return Gain(values, float(np.mean(values)), mean_interval(values), sign_flip(values))


class Ratio(NamedTuple):
    """A geometric mean of quotients.

    Attributes:
        mean: exp of the mean logarithm.
        interval: 95 %, exp of the BCa interval of that mean; ``None`` for fewer than 3.
        count: how many quotients there are.
    """

    mean: float
    interval: Interval | None
    count: int


def ratio_of(values: ArrayLike, baselines: ArrayLike) -> Ratio | None:
    """Quotients of paired positive numbers; pairs with an infinite one are left out.

    Example:
        >>> round(ratio_of([1.0, 8.0], [2.0, 4.0]).mean, 9)
        1.0
    """
    a, b = np.asarray(values, float), np.asarray(baselines, float)
    both = np.isfinite(a) & np.isfinite(b)
    if not both.any():
        return None
    logs = np.log(a[both]) - np.log(b[both])
    interval = mean_interval(logs)
    ends = None if interval is None else (float(np.exp(interval[0])), float(np.exp(interval[1])))
    return Ratio(float(np.exp(logs.mean())), ends, int(both.sum()))


class Worth(NamedTuple):
    """How much of a quantity would make as much of it, x, needless.

    Attributes:
        x: what there is of it.
        equivalent: how much without; infinite beyond the greatest x, 0 below the least.
        interval: 95 %, percentiles of a bootstrap over seeds; ``None`` for fewer than 3.
    """

    x: float
    equivalent: float
    interval: Interval | None


def worth(x: ArrayLike, values: ArrayLike, baselines: ArrayLike) -> list[Worth]:
    """At which x' a baseline is as accurate, on average, as the values are at each x.

    The baselines' means are made ascending (isotonic regression, equal weights) and joined by
    straight lines in log x; x' is the least one where that curve reaches the mean at x. Resamples
    draw seeds, the same ones for all means (paired), and make the curve anew.

    Args:
        x: ascending, above 0, shape ``(K,)``.
        values: in %, shape ``(K, R)``; R seeds.
        baselines: of the same seeds, shape ``(K, R)``.

    Raises:
        InputError: other shapes, or x that do not ascend from above 0.

    Example:
        >>> worth([10, 100], [[70.0], [90.0]], [[60.0], [80.0]])[0].equivalent.__round__(1)
        31.6
    """
    x = _numbers("x", x, 2)
    if x[0] <= 0 or (np.diff(x) <= 0).any():
        fail("x", "ascend, from above 0", x.tolist())
    given = {"values": values, "baselines": baselines}
    arms, bases = (np.asarray(check_array(k, v, (x.size, "R")), float) for k, v in given.items())
    seeds = arms.shape[1]
    if bases.shape != arms.shape or not 1 <= seeds <= MOST_RUNS:
        fail("baselines", f"be of 1 to {MOST_RUNS} seeds, those of `values`", f"{bases.shape[1]}")
    equivalent = _reached(x, arms.mean(1), bases.mean(1))
    if seeds < 3:
        return [Worth(float(a), float(b), None) for a, b in zip(x, equivalent, strict=True)]
    picks = np.random.default_rng(0).integers(seeds, size=(_RESAMPLES, seeds))
    draws = np.array([_reached(x, arms[:, p].mean(1), bases[:, p].mean(1)) for p in picks])
    # No interpolation: some of them are infinite.
    low, high = np.quantile(draws, (0.025, 0.975), axis=0, method="inverted_cdf")
    rows = np.stack([x, equivalent, low, high], 1).tolist()
    return [Worth(a, b, (c, d)) for a, b, c, d in rows]


def _reached(x: np.ndarray, means: np.ndarray, baselines: np.ndarray) -> np.ndarray:
    """(K,): where the ascending curve of baselines reaches each mean."""
    from scipy.optimize import isotonic_regression

    curve, logs = isotonic_regression(baselines).x, np.log(x)
    # The first point that is as high, and the one before it; of a level the least x.
    right = np.searchsorted(curve, means - _EQUAL).clip(1, len(x) - 1)
    rise = np.maximum(curve[right] - curve[right - 1], _EQUAL)
    share = ((means - curve[right - 1]) / rise).clip(0, 1)
    between = np.exp(logs[right - 1] + share * (logs[right] - logs[right - 1]))
    beyond = np.where(means > curve[-1] + _EQUAL, np.inf, between)
    return np.where(means < curve[0] - _EQUAL, 0, beyond)


class Turning(NamedTuple):
    """The straight line through gains over the accuracy of students alone.

    Attributes:
        slope: points of gain per point of accuracy.
        zero: the accuracy, in %, at which the line is 0; NaN of a level line.
        slope_interval: 95 %, percentiles of a bootstrap over seeds; ``None`` for fewer than 3.
        zero_interval: likewise; ``None`` too where the slope's has both signs.
    """

    slope: float
    zero: float
    slope_interval: Interval | None
    zero_interval: Interval | None


def turning(alone: ArrayLike, gains: ArrayLike) -> Turning:
    """Where gains turn from losses: least squares over K kinds of students.

    Resamples draw seeds, the same ones for all kinds. A kind's accuracy alone is part of its gain,
    so that noise alone would slope down, by about (noise / spread of accuracies)**2: negligible
    where kinds differ by much more than a standard error.

    Args:
        alone: accuracies in %, shape ``(K, R)``; R seeds.
        gains: of the same seeds, shape ``(K, R)``.

    Raises:
        InputError: other shapes, or fewer than two kinds.

    Example:
        >>> turning([[50.0], [90.0]], [[-1.0], [3.0]])[:2]
        (0.1, 60.0)
    """
    given = {"alone": alone, "gains": gains}
    x, y = (np.asarray(check_array(k, v, ("K", "R")), float) for k, v in given.items())
    if x.shape != y.shape or len(x) < 2 or not 1 <= x.shape[1] <= MOST_RUNS:
        must = f"be of two kinds or more and 1 to {MOST_RUNS} seeds, as `gains`"
        fail("alone", must, f"{x.shape} and {y.shape}")
    slope, zero = map(float, _line(x.mean(1), y.mean(1)))
    if x.shape[1] < 3:
        return Turning(slope, zero, None, None)
    picks = np.random.default_rng(0).integers(x.shape[1], size=(_RESAMPLES, x.shape[1]))
    draws = np.array([_line(x[:, p].mean(1), y[:, p].mean(1)) for p in picks])
    (low, first), (high, last) = np.quantile(draws, (0.025, 0.975), axis=0).tolist()
    return Turning(slope, zero, (low, high), (first, last) if low * high > 0 else None)


def _line(x: np.ndarray, y: np.ndarray) -> tuple[np.floating, np.floating]:
    """Slope and zero of the least-squares line."""
    centred = x - x.mean()
    slope = (centred @ y) / max(centred @ centred, _EQUAL**2)
    return slope, x.mean() - y.mean() / slope if slope else np.float64("nan")


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values: rejecting those below alpha keeps the family-wise error at alpha.

    Holm, Scand. J. Statist. 6, 65 (1979). Of no hypotheses it is nothing.

    Example:
        >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    p = _within("p_values", p_values, 1, least=0)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1)
    return adjusted.tolist()


def next_run(values: ArrayLike) -> Interval | None:
    """95 % interval for one more run: mean ± t s sqrt(1 + 1/n), in 0..100; of one run ``None``."""
    x = _within("values", values, 100)
    from scipy.stats import t

    if x.size < 2:
        return None
    reach = float(t.ppf(0.975, x.size - 1) * x.std(ddof=1) * np.sqrt(1 + 1 / x.size))
    return max(0.0, float(x.mean()) - reach), min(100.0, float(x.mean()) + reach)


def next_gain(alone: ArrayLike, distilled: ArrayLike) -> Interval | None:
    """95 % interval for the difference of one more run of each, seeds unrelated (Welch).

    A published gain is such a difference: its two runs share no seed.
    """
    a, b = _within("alone", alone, 100), _within("distilled", distilled, 100)
    from scipy.stats import t

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
    check_number("published", published)
    check_integer("runs", runs, 0)
    check_number("widest", widest, least=0)
    if interval is not None:
        low, high = check_array("interval", interval, (2,))
        if low > high:
            fail("interval", "run from low to high", interval)
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
    return max(1.0, abs(check_number("published", published)))


def _numbers(name: str, values: ArrayLike, least: int = 1) -> Float[np.ndarray, " R"]:
    """``values`` as a vector of finite numbers, ``least`` to ``MOST_RUNS`` of them."""
    if isinstance(values, Sequence) and len(values) > MOST_RUNS:  # Before an array is made.
        fail(name, f"hold {least} to {MOST_RUNS} numbers", f"{len(values)}")
    x = np.asarray(check_array(name, values, ("R",)), float)
    if not least <= x.size <= MOST_RUNS:
        fail(name, f"hold {least} to {MOST_RUNS} numbers", f"{x.size}")
    return x


def _within(name: str, values: ArrayLike, most: float, least: int = 1) -> Float[np.ndarray, " R"]:
    """The same with numbers from 0 to ``most``, which sums may miss by rounding."""
    x = _numbers(name, values, least)
    outside = x[(x < 0) | (x > most * (1 + 1e-6))]
    if outside.size:
        fail(name, f"lie within 0 to {most}", float(outside[0]))
    return x
