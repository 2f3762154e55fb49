"""Each test against SciPy or a hand calculation, and its p-values under the null hypothesis."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from jqkd.crosscheck.statistics import (
    LEAST_EXPECTED,
    chi_square_p_values,
    fit,
    homogeneity,
    mcnemar,
    normal_p_values,
    pool,
    smallest,
    uniform,
)
from jqkd.statistics import holm

P = np.array([0.4, 0.3, 0.2, 0.0995, 0.0003, 0.0002])


@pytest.mark.parametrize("seed", range(20))
def test_pooled_cells_are_expected_often_enough(seed):
    generator = np.random.default_rng(seed)
    probabilities = generator.dirichlet(np.full(16, 0.1))
    cells = pool(probabilities, 1000)
    expected = np.bincount(cells, 1000 * probabilities)
    assert len(expected) == 1 or (expected >= LEAST_EXPECTED).all()
    assert sorted(set(cells)) == list(range(len(expected)))


def test_pooling_leaves_large_cells_alone():
    assert pool(P, 10_000).tolist() == [3, 2, 1, 0, 0, 0]
    assert pool(P, 100_000).tolist() == [5, 4, 3, 2, 1, 0]
    assert set(pool([1.0, 0.0], 100)) == {0}
    # 6, 6 and 6 expected: the third alone would be too few.
    assert set(pool(np.full(3, 1 / 3), 18)) == {0}


def test_fit_is_scipys_g_test_of_pooled_cells():
    counts = np.array([4010, 2990, 1985, 1010, 3, 2])
    # 0.0003 and 0.0002 of 10,000 shots are 5 in all: they join the next cell.
    expected = stats.power_divergence(
        [4010, 2990, 1985, 1015], [4000, 3000, 2000, 1000], lambda_="log-likelihood"
    )
    g, freedom = fit(counts, P)
    assert freedom == 3
    np.testing.assert_allclose(g, expected.statistic)


def test_fit_of_certain_and_impossible_outcomes():
    assert fit([100, 0], [1.0, 0.0]) == (0.0, 0)
    assert fit([99, 1], [1.0, 0.0]) == (np.inf, 1)


def test_homogeneity_is_scipys_contingency_table():
    first, second = [40, 60, 100], [50, 50, 100]
    expected = stats.chi2_contingency([first, second], correction=False)
    statistic = homogeneity(first, second, [0.25, 0.25, 0.5])
    np.testing.assert_allclose(statistic, (expected.statistic, expected.dof))
    assert homogeneity([5, 0], [5, 0], [1.0, 0.0]) == (0.0, 0)
    # Two cells, without Yates' correction: four times (60 - 50)**2 / 50.
    np.testing.assert_allclose(homogeneity([60, 40], [40, 60], [0.5, 0.5]), (8.0, 1))


def test_p_values_are_uniform_for_independent_multinomials():
    """1,000 p-values each; a Kolmogorov-Smirnov alarm below 1e-6."""
    generator = np.random.default_rng(0)
    first, second = generator.multinomial(5000, P, (2, 1000))
    fits = chi_square_p_values([fit(n, P) for n in first])
    pairs = chi_square_p_values([homogeneity(n, m, P) for n, m in zip(first, second, strict=True)])
    assert uniform(fits) > 1e-6 and uniform(pairs) > 1e-6
    same = chi_square_p_values([homogeneity(n, n, P) for n in first])
    assert uniform(same) < 1e-100


def test_the_smallest_is_that_of_holms_correction():
    generator = np.random.default_rng(0)
    for number in (1, 4, 30):
        values = generator.uniform(size=number).tolist()
        assert smallest(values) == min(holm(values))
    assert smallest([0.02, 0.001, 0.03, 0.9]) == 0.004 and smallest([0.8, 0.7]) == 1


def test_normal_p_values():
    np.testing.assert_allclose(normal_p_values([0, 1, -1]), [1, 0.317310508, 0.317310508])


def test_mcnemar_by_hand():
    """9 against 1 of 10 discordant images: 2 (1 + 10) / 2**10."""
    first = np.array([1] * 9 + [0] + [1] * 50 + [0] * 5)
    second = np.array([0] * 9 + [1] + [1] * 50 + [0] * 5)
    assert mcnemar(first, second) == (9, 1, pytest.approx(22 / 1024))
    assert mcnemar(first, first) == (0, 0, 1.0)
