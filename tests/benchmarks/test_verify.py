"""Right answers pass, each kind of wrong one is told from them."""

import numpy as np
import pytest

from benchmarks import reference
from benchmarks.verify import SHOTS, fault, pool
from benchmarks.workloads import Cell, angles, outcome_weights

W2, W3 = Cell("W2", 4, 64), Cell("W3", 3, 64)


def drawn(cell, seed=0):
    asked = angles(cell, 0)
    p = reference.product_probabilities(asked)
    return asked, np.random.default_rng(seed).multinomial(SHOTS, p)


@pytest.mark.parametrize("size", [(3, 1), (4, 64), (8, 64), (12, 4)])
def test_exact_samples_pass(size):
    # False alarm: 20 checks at 1e-6.
    cell = Cell("W2", *size)
    for seed in range(5):
        assert fault(cell, *drawn(cell, seed)) is None


def test_lost_shots_are_seen():
    asked, counts = drawn(W2)
    counts[7, 0] -= 1
    assert "2% of the circuits lack shots: 4999 of 5000" in fault(W2, asked, counts)


def test_another_distribution_is_seen():
    asked, counts = drawn(W2)
    assert "lie off" in fault(W2, asked, counts[:, ::-1])
    # 1 % of all shots moved from one outcome to its neighbour.
    moved = (counts * 0.01).astype(int)
    assert "lie off" in fault(W2, asked, counts - moved + np.roll(moved, 1, 1))


def test_expected_values_are_not_samples():
    asked = angles(W2, 0)
    p = reference.product_probabilities(asked)
    whole = np.floor(p * SHOTS)
    whole[:, 0] += SHOTS - whole.sum(1)
    assert "vary too little" in fault(W2, asked, whole)
    assert "no whole numbers" in fault(W2, asked, p * SHOTS)


def test_nan_is_seen():
    assert "100% of the answer is not finite" in fault(W3, angles(W3, 0), np.full((64, 3), np.nan))


def test_gradients_must_be_right_and_as_noisy_as_the_shots():
    asked, weights = angles(W3, 0), outcome_weights(3)
    exact = reference.product_gradient(asked, weights)
    noise = np.sqrt(reference.shift_rule_variance(W3, asked, weights, SHOTS))
    normal = np.random.default_rng(0).normal(size=exact.shape)
    assert fault(W3, asked, exact + noise * normal) is None
    assert "vary too little" in fault(W3, asked, exact + 0.5 * noise * normal)
    assert "lie off" in fault(W3, asked, exact + 1.5 * noise * normal)
    assert "lie off" in fault(W3, asked, exact * 2**0.5 + noise * normal)
    assert "shape" in fault(W3, asked, exact[:, :2])


@pytest.mark.parametrize("cell", [Cell("W1", 8, 2), Cell("W4", 4, 2), Cell("W5", 10)])
def test_exact_answers_must_be_within_single_precision(cell):
    asked = angles(cell, 0)
    right = reference.right_answer(cell, asked)
    assert fault(cell, asked, right.astype(np.float32)) is None
    off = right.copy()
    off[-1, 0] += 1e-3
    assert "differs from the reference by up to 0.001" in fault(cell, asked, off)
    assert "wanted" in fault(cell, asked, right[:, 1:])


def test_pooling_keeps_all_and_leaves_no_small_group():
    p = np.random.default_rng(0).dirichlet(np.full(256, 0.2))
    counts = np.random.default_rng(1).multinomial(SHOTS, p)
    pooled_p, pooled = pool(p, counts)
    assert pooled_p.sum() == pytest.approx(1) and pooled.sum() == SHOTS
    assert pooled_p.min() * SHOTS > 1 and len(pooled) > 10
