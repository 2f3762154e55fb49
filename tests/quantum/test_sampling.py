"""Counts have exactly the multinomial distribution: its tails, its moments, its edges."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.random import threefry_2x32
from scipy import stats

from jqkd._checks import InputError
from jqkd.quantum import sample_counts, sampling
from jqkd.quantum.binomial import _TERMS, _inversion, _log_pmf_ratio, binomial, threefry2x32

# Trials and probability, on both sides of the mean of 10 where the algorithm changes.
BINOMIALS = (
    (20, 0.49), (5000, 0.0019), (5000, 0.0021), (5000, 0.5), (40, 0.3), (40, 0.7), (1, 0.5),
    (100_000, 0.2), (100_000, 0.00009), (2**24, 0.4), (21, 0.5),
)  # fmt: skip
sample = jax.jit(jax.vmap(sample_counts, (0, None, None)))
draw = jax.jit(lambda key, n, p, q: binomial(key, n, jnp.full_like(n, p), jnp.full_like(n, q)))


def p_value(observed: np.ndarray, probabilities: np.ndarray) -> float:
    """Chi-square test of counts; neighbours are joined until 10 are expected in every cell."""
    expected = probabilities / probabilities.sum() * observed.sum()
    cells, waiting = [], np.zeros(2)
    for pair in zip(observed, expected, strict=True):
        waiting = waiting + pair
        if waiting[1] >= 10:
            cells.append(waiting)
            waiting = np.zeros(2)
    cells[-1] = cells[-1] + waiting
    return stats.chisquare(*np.array(cells).T, sum_check=False).pvalue if cells[1:] else 1.0


def keys(seed: int, number: int) -> jax.Array:
    return jax.random.split(jax.random.key(seed), number)


def test_threefry_is_jax_own():
    """The same words as the generator behind JAX's keys."""
    words = np.random.default_rng(0).integers(0, 2**32, (2, 1000), np.uint32)
    for seed in np.array([[0, 0], [1, 2], [0xFFFFFFFF, 0x9E3779B9]], np.uint32):
        got = jax.jit(threefry2x32)(jnp.array(seed), *words)
        want = threefry_2x32(jnp.array(seed), jnp.array(words.reshape(-1)))
        np.testing.assert_array_equal(jnp.concatenate(got), want)


def test_inversion_has_exact_tails():
    """P(X > k) as implemented, found by bisection over all 2**32 random words.

    One ulp of the uniforms near one is 6e-8; a tail far below that is right to 1e-5 of itself.
    """
    pairs = np.array([pair for pair in BINOMIALS if pair[0] * pair[1] < 10])
    n, q = (jnp.array(np.repeat(column, _TERMS), jnp.float32) for column in pairs.T)
    k = np.tile(np.arange(_TERMS), len(pairs))
    count = jax.jit(lambda w: _inversion((w.astype(jnp.float32) + 0.5) * 2.0**-32, n, q))
    low, high = np.zeros(k.size, np.uint64), np.full(k.size, 2**32, np.uint64)
    while (low < high).any():
        middle = (low + high) // 2
        above = np.asarray(count(np.minimum(middle, 2**32 - 1).astype(np.uint32))) > k
        above &= low < high
        low, high = np.where(above, middle + 1, low), np.where(above, high, middle)
    want = stats.binom.sf(k, n.astype(int), q.astype(float))
    got = low / 2**32
    np.testing.assert_allclose(got, want, rtol=0, atol=2e-7)
    tail = want < 1e-4
    assert tail.sum() > 50
    np.testing.assert_allclose(got[tail], want[tail], rtol=1e-5, atol=2.0**-31)


def test_rejection_knows_the_mass_function():
    """log P(k) / P(mode) over six standard deviations; float32 leaves 2e-3 at n = 2**24."""
    for n, p, error in ((21, 0.5, 1e-5), (40, 0.3, 1e-5), (5000, 0.0021, 2e-5),
                        (5000, 0.5, 1e-4), (100_000, 0.2, 3e-4), (2**24, 0.4, 1e-2)):  # fmt: skip
        mode = np.floor((n + 1) * p)
        spread = np.sqrt(n * p * (1 - p))
        k = np.unique(np.clip(np.round(mode + spread * np.linspace(-6, 6, 201)), 0, n))
        exact = float(np.float32(p))
        want = stats.binom.logpmf(k, n, exact) - stats.binom.logpmf(mode, n, exact)
        got = _log_pmf_ratio(*(jnp.array(x, jnp.float32) for x in (k, mode, n, p)))
        np.testing.assert_allclose(got, want, rtol=0, atol=error, err_msg=f"n={n} p={p}")


def test_binomials_have_uniform_p_values():
    """11 binomials, 20 keys each, 20 000 draws a key: 220 chi-square tests.

    Kolmogorov-Smirnov on the 220 and Bonferroni on the smallest: false alarms below 1e-5 each;
    the 20 keys of a pair pooled, likewise.
    """
    found = []
    for row, (n, p) in enumerate(BINOMIALS):
        # An interval per cell where there are too many single values to tell apart.
        width = int(np.ceil(np.sqrt(n * p * (1 - p)) / 8))
        inner = int(n * p) + width * np.arange(-60, 61)
        edges = np.r_[-1, inner[(inner >= 0) & (inner < n)], n]
        cdf = np.diff(stats.binom.cdf(edges, n, float(np.float32(p))))
        pooled = 0
        for key in keys(row, 20):
            x = np.asarray(draw(key, jnp.full(20_000, float(n)), p, 1 - p))
            assert x.min() >= 0 and x.max() <= n and (x == np.floor(x)).all()
            observed = np.histogram(x, edges + 0.5)[0]
            found.append(p_value(observed, cdf))
            pooled = pooled + observed
        assert p_value(pooled, cdf) > 1e-6, (n, p)
    assert len(found) == 220 and min(found) > 1e-5 / 220
    assert stats.kstest(found, "uniform").pvalue > 1e-5


@pytest.mark.parametrize("size", [2, 8, 4096])
def test_multinomials(size):
    """Uniform, uneven and very skewed, 1 to 100 000 shots; false alarms below 1e-6 a test."""
    runs, block = (20, 1) if size == 4096 else (500, 500)
    random = np.random.default_rng(size).dirichlet(np.full(size, 0.3))
    skewed = 0.5 ** np.minimum(np.arange(size), 60)
    for seed, p in enumerate((np.ones(size), random, skewed)):
        p = np.asarray(p / p.sum(), np.float32)
        for shots in (1, 10, 5000, 100_000):
            many = keys(100 * seed + shots, runs).reshape(-1, block)
            parts = [sample(some, p, float(shots)) for some in many]
            counts = np.concatenate(parts).astype(float)
            assert counts.min() >= 0 and (counts == np.floor(counts)).all()
            np.testing.assert_array_equal(counts.sum(1), shots)
            assert p_value(counts.sum(0), p.astype(float)) > 1e-6, (size, seed, shots)


@pytest.mark.parametrize("width", [1, 2, 4, 16])
def test_counts_do_not_depend_on_how_many_nodes_are_drawn_at_a_time(monkeypatch, width):
    """A node draws from its own stream, whatever is drawn beside it."""
    weights = np.random.default_rng(0).dirichlet(np.full(32, 0.3), 50)
    draws = lambda: np.asarray(jax.vmap(sample_counts, (0, 0, None))(keys(4, 50), weights, 5000))  # noqa: E731
    whole_levels = draws()
    monkeypatch.setattr(sampling, "_nodes_in_a_step", lambda leaves, batch: width)
    np.testing.assert_array_equal(draws(), whole_levels)


def test_covariance_is_the_multinomials():
    """S (diag p - p p^T); an entry's error is estimated from the R products themselves."""
    p, shots, runs = np.array([0.1, 0.02, 0.3, 0.05, 0.08, 0.15, 0.2, 0.1]), 500, 20_000
    parts = [sample(some, jnp.array(p), float(shots)) for some in keys(7, runs).reshape(-1, 500)]
    counts = np.concatenate(parts).astype(float)
    centred = counts - shots * p
    products = centred[:, :, None] * centred[:, None, :]
    error = products.std(0) / np.sqrt(runs)
    want = shots * (np.diag(p) - np.outer(p, p))
    # 36 different entries, 1e-6 for all together.
    assert (np.abs(products.mean(0) - want) < stats.norm.isf(0.5e-6 / 36) * error).all()


def test_impossible_and_certain_outcomes():
    for certain in range(8):
        counts = sample(keys(8, 500), jnp.eye(8)[certain], 5000.0)
        np.testing.assert_array_equal(counts, np.tile(5000 * np.eye(8)[certain], (500, 1)))
    p = jnp.array([0, 0.5, 0, 0, 0.1, 0, 0, 0.4])
    assert (sample(keys(9, 500), p, 100_000.0)[:, np.asarray(p) == 0] == 0).all()


def test_tiny_probabilities_at_either_end():
    """Two weights keep 1 - 1e-9 apart from 1: about Poisson(0.01) failures in 1e7 trials."""
    n = jnp.full(20_000, 1e7)
    for got in (draw(keys(10, 1)[0], n, 1e-9, 1.0), n - draw(keys(11, 1)[0], n, 1.0, 1e-9)):
        # 200 expected in all; 120 to 290 are five and a half standard deviations.
        assert 120 < got.sum() < 290 and got.max() <= 3


def test_probabilities_are_normalised():
    """A power of two times the weights gives the very same counts, any factor the same law."""
    p = jnp.array([0.1, 0.2, 0.05, 0.05, 0.3, 0.1, 0.15, 0.05])
    want = sample(keys(12, 500), p, 5000.0)
    np.testing.assert_array_equal(sample(keys(12, 500), 0.25 * p, 5000.0), want)
    counts = np.asarray(sample(keys(13, 500), 0.9 * p, 5000.0), float)
    assert p_value(counts.sum(0), np.asarray(p, float)) > 1e-6


def test_other_key_types():
    key = jax.random.key(3, impl="rbg")
    counts = sample_counts(key, jnp.array([0.25, 0.75]), 10_000)
    # Six standard deviations of 43: false alarms below 2e-9.
    assert counts.sum() == 10_000 and abs(counts[0] - 2500) < 260


@pytest.mark.parametrize("bad", [[np.nan, 1.0], [0.0, 0.0]])
def test_no_probabilities_give_no_counts(bad):
    """Traced ones, which nobody can look at, poison the counts; others are refused."""
    assert np.isnan(jax.jit(sample_counts)(jax.random.key(0), jnp.array(bad), 100)).all()
    with pytest.raises(InputError, match="`probabilities` must"):
        sample_counts(jax.random.key(0), jnp.array(bad), 100)
