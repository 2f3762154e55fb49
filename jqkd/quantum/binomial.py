"""Exact binomial samples, each from random words of its own.

By inversion where the mean is small and by Hörmann's transformed rejection (BTRS, J. Stat. Comput.
Simul. 46, 1993) elsewhere.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.typing import ArrayLike, DTypeLike
from jaxtyping import Array, Bool, Float, UInt32

from jqkd._checks import check_key, fail, is_concrete
from jqkd.quantum.statevector import check_vector

# Below this mean, inversion; BTRS needs at least 10 (Hörmann 1993).
_SMALL_MEAN = 10.0
# A binomial of mean below 10 exceeds 36 with a probability below 5e-11, under the resolution of
# the uniforms (2**-32), so that 36 terms of the distribution function are all of it.
_TERMS = 36
# s(0), where the series of _stirling is too coarse.
_STIRLING_0 = 1 - 0.5 * math.log(2 * math.pi)


def binomial(
    key: Array, trials: ArrayLike, success: ArrayLike, failure: ArrayLike
) -> Float[Array, " N"]:
    """Exact binomial sample, elementwise.

    Args:
        key: consumed.
        trials: shape ``(N,)``, whole numbers as floats.
        success: shape ``(N,)``, weight of success, not negative.
        failure: shape ``(N,)``, weight of failure. Two weights instead of a probability keep
            full precision at both ends; two zeros count as certain success.

    Returns:
        Number of successes, shape ``(N,)``, in the dtype of ``trials``.

    Raises:
        InputError: other shapes, negative or fractional numbers, not one typed key.

    Example:
        >>> sure, never = jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0])
        >>> binomial(jax.random.key(0), jnp.array([7.0, 7.0]), sure, never).tolist()
        [7.0, 0.0]
    """
    check_key("key", key)
    count = check_vector("trials", trials, "N")
    weights = [
        check_vector(name, values, count.size)
        for name, values in (("success", success), ("failure", failure))
    ]
    for name, values in zip(("trials", "success", "failure"), (count, *weights), strict=True):
        if is_concrete(values) and np.any(np.asarray(values) < 0):
            fail(name, "be 0 or more", f"{np.asarray(values).min():g}")
    if is_concrete(count) and np.any(np.asarray(count) % 1):
        fail("trials", "be whole numbers", count)
    nodes = jnp.arange(count.size, dtype=jnp.uint32)
    return draw_binomial(seed_words(key), nodes, count, *weights)


def draw_binomial(
    seed: Array,
    nodes: UInt32[Array, "..."],
    trials: Float[Array, "*N"],
    success: Float[Array, "*N"],
    failure: Float[Array, "*N"],
) -> Float[Array, "*N"]:
    """``binomial`` without its checks, from the random words of ``nodes``, one a sample."""
    total = success + failure
    rarer = jnp.minimum(success, failure)
    q = jnp.where(total > 0, rarer / jnp.where(total > 0, total, 1), 0)
    small = trials * q < _SMALL_MEAN
    u = _uniforms(seed, nodes, jnp.uint32(0), trials.dtype)[0]
    few = _inversion(u, trials, jnp.where(small, q, 0))
    # Inversion's results go through the loop: behind it, every reader would compute them anew.
    rare = _btrs(seed, nodes, trials, q, jnp.where(small, few, -1))
    return jnp.where(success < failure, rare, trials - rare)


def seed_words(key: Array) -> UInt32[Array, "2"]:
    """Two 32-bit words from a key of any of JAX's generators."""
    data = jax.random.key_data(key)
    return data if data.shape == (2,) else jax.random.bits(key, (2,))


def threefry2x32(
    seed: UInt32[Array, "2 ..."], x0: UInt32[Array, "..."], x1: UInt32[Array, "..."]
) -> tuple[UInt32[Array, "*N"], UInt32[Array, "*N"]]:
    """The Threefry-2x32 generator (Salmon et al., SC 2011), 20 rounds, the one behind JAX's keys.

    ``jax.random.bits`` runs it as a loop on CPUs, four times slower on the few numbers that a
    circuit needs; these are its rounds written out, for XLA to fuse with whatever reads them.

    From two words of a seed and two counter words, which are broadcast, come two random words.
    """
    keys = seed[0], seed[1], seed[0] ^ seed[1] ^ jnp.uint32(0x1BD11BDA)
    x0, x1 = x0 + keys[0], x1 + keys[1]
    for group in range(5):
        for turn in ((13, 15, 26, 6), (17, 29, 16, 24))[group % 2]:
            x0 = x0 + x1
            x1 = ((x1 << turn) | (x1 >> (32 - turn))) ^ x0
        x0 = x0 + keys[(group + 1) % 3]
        x1 = x1 + keys[(group + 2) % 3] + jnp.uint32(group + 1)
    return x0, x1


def _uniforms(
    seed: Array, nodes: Array, tries: Array, dtype: DTypeLike
) -> tuple[Float[Array, "*N"], Float[Array, "*N"]]:
    """Two uniforms in (0, 1) a node, with the finest resolution near 0, where it matters."""
    first, second = threefry2x32(seed, nodes, tries)
    return (first.astype(dtype) + 0.5) * 2.0**-32, (second.astype(dtype) + 0.5) * 2.0**-32


def _inversion(
    u: Float[Array, "*N"], trials: Float[Array, "*N"], q: Float[Array, "*N"]
) -> Float[Array, "*N"]:
    """Smallest k with P(X > k) <= u, for means below 10.

    P(X > k) is summed from its far end: 1 minus the terms before it would leave float32 with an
    error of 1e-6 in a tail that is smaller than that.
    """
    odds = q / (1 - q)
    terms = [jnp.ones_like(u)]
    for k in range(_TERMS):
        terms.append(terms[-1] * (jnp.maximum(trials - k, 0) * odds * (1 / (k + 1))))
    tails = [terms.pop()]
    while terms:
        tails.append(tails[-1] + terms.pop())
    # The terms are unnormalised; the last tail is all of them.
    threshold = u * tails.pop()
    return sum((threshold < tail).astype(u.dtype) for tail in tails)


def _btrs(seed: Array, nodes: Array, trials: Array, q: Array, count: Array) -> Array:
    """Hörmann's algorithm BTRS, for means of at least 10, wherever ``count`` is not known yet (-1).

    Elements known already keep their count.
    """
    unknown = count < 0
    n, p = jnp.where(unknown, trials, 40.0), jnp.where(unknown, q, 0.5)

    def propose(tries: Array) -> Array:
        """A sample, or -1: one output, so that XLA computes the random words only once."""
        # Ten kernels that fill ten arrays before the loop take longer than these few products.
        _, n_, p_ = lax.optimization_barrier((tries, n, p))
        u, v = _uniforms(seed, nodes, tries, n.dtype)
        return _hat_sample(u - 0.5, v, n_, p_)

    def next_round(carry: tuple[Array, Array]) -> tuple[Array, Array]:
        tries, count = carry
        return tries + 1, jnp.where(count < 0, propose(tries), count)

    def any_unknown(carry: tuple[Array, Array]) -> Bool[Array, ""]:
        return (carry[1] < 0).any()

    # Try 0 of a node belongs to inversion.
    return lax.while_loop(any_unknown, next_round, (jnp.uint32(1), count))[1]


def _hat_sample(u: Array, v: Array, n: Array, p: Array) -> Array:
    """One try of BTRS from two uniforms, u in (-1/2, 1/2): a sample, or -1 if it is rejected."""
    spread = jnp.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    alpha = (2.83 + 5.1 / b) * spread
    us = 0.5 - jnp.abs(u)
    k = jnp.floor((2 * a / us + b) * u + n * p + 0.5)
    inside = (k >= 0) & (k <= n)
    quick = (us >= 0.07) & (v <= 0.92 - 4.2 / b)
    bound = jnp.log(v * alpha / (a / (us * us) + b))
    mode = jnp.floor((n + 1) * p)
    exact = bound <= _log_pmf_ratio(jnp.where(inside, k, mode), mode, n, p)
    return jnp.where(inside & (quick | exact), k, -1)


def _log_pmf_ratio(k: Array, mode: Array, n: Array, p: Array) -> Array:
    """log of P(k) / P(mode), arranged so that no large numbers cancel in float32.

    With j! = sqrt(2 pi) (j+1)^(j+1/2) exp(-(j+1) + s(j)), the powers become log1p of small
    differences.
    """
    d = k - mode
    m1, nm1 = mode + 1, n - mode + 1
    powers = (k + 0.5) * jnp.log1p(d / m1) + (n - k + 0.5) * jnp.log1p(-d / nm1)
    odds = d * jnp.log(p * nm1 / ((1 - p) * m1))
    series = _stirling(mode) + _stirling(n - mode) - _stirling(k) - _stirling(n - k)
    return odds - powers + series


def _stirling(k: Array) -> Array:
    """s(k) in k! = sqrt(2 pi) (k+1)^(k+1/2) exp(-(k+1) + s(k)); error below 4e-6."""
    x = 1 / (k + 1)
    x2 = x * x
    series = x * (1 / 12 - x2 * (1 / 360 - x2 * (1 / 1260 - x2 / 1680)))
    return jnp.where(k == 0, _STIRLING_0, series)
