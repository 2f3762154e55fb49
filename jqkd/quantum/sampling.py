"""Shots: exact multinomial counts, without drawing the shots one by one.

A register of qubits is read bit by bit: the shots that reach a node of the binary tree of bit
strings split between its two children binomially. Each binomial is drawn by inversion where its
mean is small and by Hörmann's transformed rejection (BTRS, J. Stat. Comput. Simul. 46, 1993)
elsewhere. The number of shots may be traced, so all shot counts share one program.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.custom_batching import custom_vmap
from jax.typing import ArrayLike

from jqkd._checks import check_array, check_integer, check_key, fail, is_concrete
from jqkd.quantum.statevector import check_vector

# Below this mean, inversion; BTRS needs at least 10 (Hörmann 1993).
_SMALL_MEAN = 10.0
# A binomial of mean below 10 exceeds 36 with a probability below 5e-11, under the resolution of
# the uniforms (2**-32), so that 36 terms of the distribution function are all of it.
_TERMS = 36
# So many binomials at a time that the launches of their kernels matter little.
_ENOUGH_ON_A_CPU, _ENOUGH_ELSEWHERE = 256, 65536
# s(0), where the series of _stirling is too coarse.
_STIRLING_0 = 1 - 0.5 * math.log(2 * math.pi)
# A gate changes the sum of a float32 state's probabilities by about 2**-23: enough for 2**13 gates.
_OFF_ONE = 2.0**-10
# Up to here every whole number is a float32.
_MOST_SHOTS = 2**24


def sample_counts(key: Array, probabilities: ArrayLike, shots: ArrayLike) -> Array:
    """Counts of ``shots`` measurements, an exact sample of the multinomial distribution.

    Args:
        key: consumed.
        probabilities: shape ``(K,)``, K a power of two, not negative, of sum 1. They are normalised
            here; rounding errors therefore do not end up in the last outcome.
        shots: S, an integer from 1 to 2**24, Python or traced.

    Returns:
        Counts of shape ``(K,)`` in the dtype of ``probabilities``, whole numbers that sum to S;
        NaN where traced probabilities, whose values cannot be looked at, are NaN or all zero.

    Raises:
        InputError: not one typed key, another number of outcomes, values that are no
            probabilities, shots out of range.

    Example:
        >>> counts = sample_counts(jax.random.key(0), jnp.array([0.5, 0.0, 0.25, 0.25]), 1000)
        >>> float(counts.sum()), float(counts[1])
        (1000.0, 0.0)
    """
    check_key("key", key)
    check_shots(shots)
    return draw_counts(key, _checked_probabilities(probabilities), shots)


def draw_counts(key: Array, probabilities: Array, shots: ArrayLike) -> Array:
    """``sample_counts`` without its checks, for what a circuit has computed."""
    return _sample(_seed(key), probabilities, jnp.asarray(shots, probabilities.dtype))


def check_shots(shots: ArrayLike) -> None:
    """Shots are a whole number between 1 and 2**24, where float32 counts stay exact.

    Example:
        >>> check_shots(5000), check_shots(jnp.int32(5000))
        (None, None)
    """
    if not is_concrete(shots):
        check_array("shots", shots, (), advice="use jax.vmap for batches")
        return
    # In arrays, where hyperparameters share one dtype, whole numbers may be floats.
    floats = hasattr(shots, "dtype") and jnp.issubdtype(shots.dtype, jnp.floating)
    if floats and np.ndim(shots) == 0 and float(shots).is_integer():
        shots = int(shots)
    number = check_integer("shots", shots, 1, advice="use `exact` for no shot noise")
    if number > _MOST_SHOTS:
        fail("shots", f"be at most {_MOST_SHOTS} (2**24), where counts stay exact", shots)


def _checked_probabilities(values: ArrayLike) -> Array:
    name = "probabilities"
    values = check_vector(name, values, "K")
    if values.size < 1 or values.size & (values.size - 1):
        advice = "append outcomes of probability 0"
        fail(name, "be as many as a power of two", f"{values.size} of them", advice)
    if values.dtype.itemsize < 4:
        fail(name, "hold real numbers of 32 or 64 bits", f"dtype {values.dtype}")
    if is_concrete(values):
        exact = np.asarray(values, np.float64)
        if exact.min() < 0:
            fail(name, "be 0 or more", f"{exact.min():g}")
        if abs(exact.sum() - 1) > _OFF_ONE:
            fail(name, "sum to 1", f"a sum of {exact.sum():g}", "divide them by their sum")
    return values


@custom_vmap
def _sample(seed: Array, probabilities: Array, shots: Array) -> Array:
    return _sample_batch(seed[None], probabilities[None], shots[None])[0]


@_sample.def_vmap
def _sample_vmap(size: int, batched: list[bool], *args: Array) -> tuple[Array, bool]:
    return _sample_batch(*_broadcast(size, batched, args)), True


@custom_vmap
def _sample_batch(seed: Array, probabilities: Array, shots: Array) -> Array:
    """Counts ``(N, K)``: XLA vectorises the last axis, so it is the batch that goes there."""
    weights = [probabilities.T]
    while len(weights[-1]) > 1:
        weights.append(weights[-1][0::2] + weights[-1][1::2])
    # As a heap: the root is node 1, the children of node i are 2i and 2i + 1.
    heap = jnp.concatenate([jnp.zeros_like(weights[-1]), *weights[::-1]])
    counts = _deal(seed.T, heap, shots)[-len(weights[0]) :]
    # A sample of nothing, or of NaN, would look like any other.
    return jnp.where(weights[-1] > 0, counts, jnp.nan).T


def _deal(seed: Array, weights: Array, shots: Array) -> Array:
    """Counts of all nodes of the tree, from the root, that holds all shots, to the leaves.

    Some nodes of a level at a time, with one compiled step for all levels. A step that reaches
    beyond its level deals out nodes that hold nothing yet, and that are written again later.
    """
    size, batch = weights.shape
    leaves = size // 2
    width = _nodes_in_a_step(leaves, batch)
    levels = (1 << level for level in range(leaves.bit_length() - 1))
    starts = [node for first in levels for node in range(first, 2 * first, width)]

    def step(counts: Array, first: Array) -> tuple[Array, None]:
        nodes = first + jnp.arange(width, dtype=jnp.uint32)[:, None]
        pairs = lax.dynamic_slice_in_dim(weights, 2 * first, 2 * width).reshape(width, 2, batch)
        held = lax.dynamic_slice_in_dim(counts, first, width)
        taken = _binomial(seed, nodes, held, pairs[:, 0], pairs[:, 1])
        split = jnp.stack([taken, held - taken], 1).reshape(2 * width, batch)
        return lax.dynamic_update_slice_in_dim(counts, split, 2 * first, 0), None

    counts = jnp.zeros_like(weights).at[1].set(shots)
    return lax.scan(step, counts, jnp.array(starts, jnp.uint32))[0]


def _nodes_in_a_step(leaves: int, batch: int) -> int:
    """Few steps, and few empty nodes: the first levels are narrower than a step."""
    enough = _ENOUGH_ON_A_CPU if jax.default_backend() == "cpu" else _ENOUGH_ELSEWHERE
    wanted = max(leaves // 64, -(-enough // batch))
    return min(max(leaves // 2, 1), 1 << (wanted - 1).bit_length())


@_sample_batch.def_vmap
def _sample_batch_vmap(size: int, batched: list[bool], *args: Array) -> tuple[Array, bool]:
    """A vmap around a batch is one longer batch."""
    args = _broadcast(size, batched, args)
    flat = _sample_batch(*(a.reshape(-1, *a.shape[2:]) for a in args))
    return flat.reshape(size, -1, flat.shape[-1]), True


def _broadcast(size: int, batched: list[bool], args: tuple[Array, ...]) -> list[Array]:
    pairs = zip(args, batched, strict=True)
    return [a if is_batched else jnp.broadcast_to(a, (size, *a.shape)) for a, is_batched in pairs]


def binomial(key: Array, trials: Array, success: Array, failure: Array) -> Array:
    """Exact binomial sample, elementwise.

    Args:
        key: consumed.
        trials: shape ``(N,)``, whole numbers as floats.
        success: shape ``(N,)``, weight of success, not negative.
        failure: shape ``(N,)``, weight of failure. Two weights instead of a probability keep
            full precision at both ends; two zeros count as certain success.

    Raises:
        InputError: other shapes, negative or fractional numbers, not one typed key.

    Returns:
        Number of successes, shape ``(N,)``, in the dtype of ``trials``.

    Example:
        >>> sure, never = jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0])
        >>> binomial(jax.random.key(0), jnp.array([7.0, 7.0]), sure, never).tolist()
        [7.0, 0.0]
    """
    check_key("key", key)
    trials = check_vector("trials", trials, "N")
    success, failure = (
        check_vector(name, weights, trials.size)
        for name, weights in (("success", success), ("failure", failure))
    )
    for name, values in (("trials", trials), ("success", success), ("failure", failure)):
        if is_concrete(values) and np.any(np.asarray(values) < 0):
            fail(name, "be 0 or more", f"{np.asarray(values).min():g}")
    if is_concrete(trials) and np.any(np.asarray(trials) % 1):
        fail("trials", "be whole numbers", trials)
    nodes = jnp.arange(trials.size, dtype=jnp.uint32)
    return _binomial(_seed(key), nodes, trials, success, failure)


def _binomial(seed: Array, nodes: Array, trials: Array, success: Array, failure: Array) -> Array:
    total = success + failure
    rarer = jnp.minimum(success, failure)
    q = jnp.where(total > 0, rarer / jnp.where(total > 0, total, 1), 0)
    small = trials * q < _SMALL_MEAN
    u = _uniforms(seed, nodes, jnp.uint32(0), trials.dtype)[0]
    few = _inversion(u, trials, jnp.where(small, q, 0))
    # Inversion's results go through the loop: behind it, every reader would compute them anew.
    rare = _btrs(seed, nodes, trials, q, jnp.where(small, few, -1))
    return jnp.where(success < failure, rare, trials - rare)


def _seed(key: Array) -> Array:
    """Two 32-bit words from a key of any of JAX's generators."""
    data = jax.random.key_data(key)
    return data if data.shape == (2,) else jax.random.bits(key, (2,))


def threefry2x32(seed: Array, x0: Array, x1: Array) -> tuple[Array, Array]:
    """The Threefry-2x32 generator (Salmon et al., SC 2011), 20 rounds, the one behind JAX's keys.

    ``jax.random.bits`` runs it as a loop on CPUs, four times slower on the few numbers that a
    circuit needs; these are its rounds written out, for XLA to fuse with whatever reads them.

    Args:
        seed: two 32-bit words, shape ``(2,)``.
        x0: first counter word, uint32.
        x1: second counter word, uint32, broadcast against ``x0``.

    Returns:
        Two arrays of random 32-bit words.
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


def _uniforms(seed: Array, nodes: Array, tries: Array, dtype: jnp.dtype) -> tuple[Array, Array]:
    """Two uniforms in (0, 1) a node, with the finest resolution near 0, where it matters."""
    words = threefry2x32(seed, nodes, tries)
    return tuple((word.astype(dtype) + 0.5) * 2.0**-32 for word in words)


def _inversion(u: Array, trials: Array, q: Array) -> Array:
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
    wanted = count < 0
    n, p = jnp.where(wanted, trials, 40.0), jnp.where(wanted, q, 0.5)

    def propose(tries: Array) -> Array:
        """A sample, or -1: one output, so that XLA computes the random words only once."""
        # Ten kernels that fill ten arrays before the loop take longer than these few products.
        _, n_, p_ = lax.optimization_barrier((tries, n, p))
        u, v = _uniforms(seed, nodes, tries, n.dtype)
        return _hat_sample(u - 0.5, v, n_, p_)

    def next_round(carry: tuple[Array, Array]) -> tuple[Array, Array]:
        tries, count = carry
        return tries + 1, jnp.where(count < 0, propose(tries), count)

    def unknown(carry: tuple[Array, Array]) -> Array:
        return (carry[1] < 0).any()

    # Try 0 of a node belongs to inversion.
    return lax.while_loop(unknown, next_round, (jnp.uint32(1), count))[1]


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
