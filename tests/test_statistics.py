"""Statistics against brute force, closed forms and simulation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from jqkd import statistics as st
from jqkd._checks import InputError


def test_sign_flip_equals_brute_force():
    x = np.array([0.5, 1.25, -0.25, 2.0, 0.0, 0.75, 1.0])
    means = [np.mean(x * signs) for signs in product([-1, 1], repeat=len(x))]
    expected = np.mean(np.abs(means) >= abs(x.mean()) - 1e-12)
    assert st.sign_flip(x) == pytest.approx(expected)


def test_sign_flip_of_equal_arms_is_one():
    assert st.sign_flip(np.zeros(10)) == 1
    assert st.sign_flip([3.0]) == 1  # One pair decides nothing.
    assert st.sign_flip(np.arange(1.0, 11.0)) == 2 / 2**10


def test_holm_keeps_the_family_error():
    # 18 true hypotheses: at least one below 0.05 in at most 5 % of 4000 families. The bound is
    # 5 standard deviations above: a false alarm in 3 of 10 million runs.
    rng = np.random.default_rng(0)
    families = rng.uniform(size=(4000, 18))
    wrong = np.mean([min(st.holm(p)) < 0.05 for p in families])
    assert wrong < 0.05 + 5 * np.sqrt(0.05 * 0.95 / 4000)
    assert st.holm([0.5, 0.01, 0.04]) == pytest.approx([0.5, 0.03, 0.08])


def test_bootstrap_interval_is_near_the_normal_one():
    x = np.random.default_rng(1).normal(3, 2, 200)
    reach = 1.96 * x.std(ddof=1) / np.sqrt(len(x))
    low, high = st.mean_interval(x)
    assert [low, high] == pytest.approx([x.mean() - reach, x.mean() + reach], abs=0.1 * reach)


def test_bootstrap_interval_leans_with_the_skew():
    # Plain percentiles of resampled means are too short on the long side; BCa corrects that.
    x = np.array([0.0] * 8 + [10.0, 40.0])
    means = np.random.default_rng(5).choice(x, (9999, len(x))).mean(1)
    low, high = st.mean_interval(x)
    assert high > 1.2 * np.percentile(means, 97.5)
    assert low >= np.percentile(means, 2.5)


def test_next_gain_by_hand():
    # Two runs each, variance 2: sqrt(2 * 2 * 1.5) = 2.449, 2 degrees of freedom, t = 4.3027.
    assert st.next_gain([0.0, 2.0], [10.0, 12.0]) == pytest.approx((-0.5393, 20.5393), abs=1e-3)


def test_degenerate_intervals():
    assert st.mean_interval([1.0, 2.0]) is None
    assert st.mean_interval([1.5] * 5) == (1.5, 1.5)
    assert st.next_run([90.0]) is None
    assert st.next_gain([90.0], [91.0, 92.0]) is None
    assert st.next_gain([50.0, 50.0], [60.0, 60.0]) == (10.0, 10.0)


def held(intervals, values):
    return np.mean([low <= v <= high for (low, high), v in zip(intervals, values, strict=True)])


def test_next_run_holds_the_next_run():
    # 2000 trials at 95 %: 5 standard deviations are 2.4 points.
    x = np.random.default_rng(2).normal(60, 3, (2000, 11))
    assert abs(held([st.next_run(row[:10]) for row in x], x[:, 10]) - 0.95) < 0.0244


def test_next_gain_holds_the_next_gain():
    # Welch's degrees of freedom are approximate: half a point more room.
    rng = np.random.default_rng(3)
    alone, distilled = rng.normal(60, 6, (2000, 11)), rng.normal(65, 2, (2000, 11))
    pairs = zip(alone[:, :10], distilled[:, :10], strict=True)
    intervals = [st.next_gain(a, b) for a, b in pairs]
    assert abs(held(intervals, distilled[:, 10] - alone[:, 10]) - 0.95) < 0.03


def test_intervals_of_accuracies_stay_within_0_and_100():
    assert st.next_run([99.0, 100.0, 92.0])[1] == 100
    assert st.next_run([1.0, 20.0, 2.0])[0] == 0


@pytest.mark.parametrize(
    ("published", "interval", "runs", "expected"),
    [
        (90.0, (91.0, 95.0), 10, "higher"),
        (96.0, (91.0, 95.0), 10, "lower"),
        (93.0, (91.0, 95.0), 10, "reproduced"),
        (95.0049, (91.0, 95.0), 10, "reproduced"),
        (93.0, (80.0, 95.0), 10, "undecidable"),
        (70.0, (80.0, 95.0), 10, "higher"),
        (93.0, (91.0, 95.0), 4, "undecidable"),
        (93.0, None, 10, "undecidable"),
    ],
)
def test_verdicts(published, interval, runs, expected):
    assert st.verdict(published, interval, runs) == expected


def test_spread_and_collapse():
    found = st.spread([1.0, 2.0, 4.0])
    assert found[:1] + found[2:] == (7 / 3, 1.0, 4.0, 3)
    assert found.sd == pytest.approx(np.std([1, 2, 4], ddof=1))
    assert np.isnan(st.spread([1.0]).sd)
    # Guessing among 6 classes gets 16.67 %.
    assert st.collapsed([16.7, 18.6, 18.7, 15.0], 6) == 3


def test_holm_by_its_definition():
    """The largest of (hypotheses left) x p over all p-values up to one's own; ties among them."""
    rng = np.random.default_rng(0)
    for p in (rng.uniform(0, 0.2, 9), np.array([0.01, 0.04, 0.03]), np.full(3, 0.2), np.ones(2)):
        order = sorted(p)
        steps = {value: (len(p) - order.index(value)) * value for value in order}
        expected = [min(1, max(steps[q] for q in order if q <= value)) for value in p]
        np.testing.assert_allclose(st.holm(p.tolist()), expected, rtol=1e-12)


# What a teacher is worth


def logarithmic(x, slope=8.0, start=50.0):
    """A baseline that gains so many points a decade."""
    return start + slope * np.log10(np.asarray(x, float))


def test_worth_of_a_straight_curve_is_known():
    # Points of advantage are decades: 10 ** (points / slope) times as many, at every x.
    x = [10, 20, 50, 100, 1000]
    noise = np.random.default_rng(0).normal(0, 1, 12)
    baselines = logarithmic(x)[:, None] + noise
    # An advantage that is the same for each seed: the paired interval has no width.
    for w in st.worth(x, baselines + 2.0, baselines)[:4]:
        assert w.equivalent == pytest.approx(w.x * 10 ** (2 / 8))
        assert w.interval == pytest.approx((w.equivalent, w.equivalent))
    # One that differs between seeds: the normal interval of its mean, carried over.
    own = 2.0 + np.random.default_rng(1).normal(0, 0.5, 12)
    w = st.worth(x, baselines + own, baselines)[1]
    reach = 1.96 * own.std() / np.sqrt(12)
    ends = [20 * 10 ** ((own.mean() + sign * reach) / 8) for sign in (-1, 1)]
    assert w.interval == pytest.approx(ends, rel=0.02)
    # What is worth nothing is worth as many.
    assert st.worth(x, baselines, baselines)[2].equivalent == pytest.approx(50)


def test_worth_beyond_the_curve():
    x, base = [10, 100], np.array([[60.0] * 4, [80.0] * 4])
    below, above = st.worth(x, [[59.0] * 4, [80.1] * 4], base)
    assert below == (10, 0, (0, 0)) and above == (100, np.inf, (np.inf, np.inf))
    ends = st.worth(x, [[60.0] * 4, [80.0] * 4], base)
    assert [w.equivalent for w in ends] == pytest.approx(x)
    # Half of the seeds beyond: so is the upper end, and not the lower one.
    mixed = st.worth(x, [[60.0] * 8, [70.0] * 4 + [89.0] * 4], np.repeat(base, 2, 1))[1]
    assert 31.6 < mixed.equivalent < 100 and mixed.interval[1] == np.inf
    assert 31.6 < mixed.interval[0] < mixed.equivalent


def test_worth_where_the_curve_falls():
    """Neighbours that fall are pooled; of a level the least x counts."""
    x, means = [1, 10, 100, 1000], [50.0, 72.0, 68.0, 90.0]
    base = np.array(means)[:, None]
    reached = lambda y: st.worth(x, np.full((4, 1), y), base)[0].equivalent  # noqa: E731
    assert reached(70.0) == pytest.approx(10)
    assert reached(60.0) == pytest.approx(10**0.5)
    assert reached(80.0) == pytest.approx(10**2.5)


@pytest.mark.parametrize(
    ("x", "values", "baselines", "match"),
    [
        ([10, 10], [[1.0], [1.0]], [[1.0], [1.0]], "`x` must ascend, from above 0, but"),
        ([0, 10], [[1.0], [1.0]], [[1.0], [1.0]], "`x` must ascend, from above 0, but"),
        ([10], [[1.0]], [[1.0]], "`x` must hold 2 to"),
        ([10, 20], [[1.0]], [[1.0], [1.0]], r"`values` must have shape \(2, R\)"),
        ([10, 20], [[1.0], [1.0]], [[1.0, 2.0], [1.0, 2.0]], "`baselines` must be of 1 to"),
        ([10, 20], [[], []], [[], []], "`baselines` must be of 1 to 1000 seeds"),
        ([10, 20], [[np.nan], [1.0]], [[1.0], [1.0]], "`values` must hold finite numbers"),
    ],
)
def test_wrong_arguments_of_worth(x, values, baselines, match):
    with pytest.raises(ValueError, match=match):
        st.worth(x, values, baselines)


def test_where_gains_turn_against_scipy():
    """Gains of -3 to 3 points on a line through 70 %, and a bootstrap that holds it."""
    from scipy.stats import linregress

    rng = np.random.default_rng(3)
    alone = np.linspace(40, 90, 8)[:, None] + rng.normal(0, 1, (8, 20))
    gains = 0.06 * (alone.mean(1, keepdims=True) - 70) + rng.normal(0, 0.5, (8, 20))
    line = st.turning(alone, gains)
    expected = linregress(alone.mean(1), gains.mean(1))
    zero = -expected.intercept / expected.slope
    np.testing.assert_allclose(line[:2], (expected.slope, zero), rtol=1e-9)
    # 20 seeds of 8 kinds: a standard error of 0.0024 in the slope, and of 1.2 % in the zero.
    low, high = line.slope_interval
    assert low < 0.06 < high and 0.005 < high - low < 0.02
    first, last = line.zero_interval
    assert first < 70 < last and 2 < last - first < 10
    assert st.turning(alone[:, :2], gains[:, :2])[2:] == (None, None)
    assert st.turning(alone, rng.normal(0, 2, (8, 20))).zero_interval is None
    level = st.turning([[50.0], [60.0]], [[1.0], [1.0]])
    assert level.slope == 0 and np.isnan(level.zero)


@pytest.mark.parametrize("shape", [(1, 5), (2, 0)])
def test_one_kind_turns_nowhere(shape):
    with pytest.raises(InputError, match=r"`(alone|gains)` must"):
        st.turning(np.ones(shape), np.ones(shape))
