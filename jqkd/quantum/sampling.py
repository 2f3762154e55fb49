"""Shots: exact multinomial counts, without drawing the shots one by one.

A register of qubits is read bit by bit: the shots that reach a node of the binary tree of bit
strings split between its two children binomially. The number of shots may be traced, so all shot
counts share one program.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_batching import custom_vmap
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Key, UInt32

from jqkd._checks import check_array, check_integer, check_key, fail, is_concrete
from jqkd.quantum.binomial import draw_binomial, seed_words
from jqkd.quantum.statevector import check_vector

# So many binomials at a time that the launches of their kernels matter little.
_ENOUGH_ON_A_CPU, _ENOUGH_ELSEWHERE = 256, 65536
# A gate changes the sum of a float32 state's probabilities by about 2**-23: enough for 2**13 gates.
_OFF_ONE = 2.0**-10
# Up to here every whole number is a float32.
_MOST_SHOTS = 2**24
# Under `jax.vmap` arguments arrive as they were given.
_Given = Array | np.ndarray


def sample_counts(key: Array, probabilities: ArrayLike, shots: ArrayLike) -> Float[Array, " K"]:
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


def draw_counts(
    key: Key[Array, ""], probabilities: Float[Array, " K"], shots: ArrayLike
) -> Float[Array, " K"]:
    """``sample_counts`` without its checks, for what a circuit has computed."""
    return _sample(seed_words(key), probabilities, jnp.asarray(shots, probabilities.dtype))


def check_shots(shots: ArrayLike, slots: int | None = None) -> None:
    """Shots are whole numbers between 1 and 2**24, where float32 counts stay exact.

    One number, or ``slots + 1`` of them, if ``slots`` are given.
    """
    if slots is not None and hasattr(shots, "dtype") and np.ndim(shots) == 1:
        check_array("shots", shots, (slots + 1,))
        for one in np.asarray(shots) if is_concrete(shots) else ():
            check_shots(one)
        return
    if not is_concrete(shots):
        check_array("shots", shots, (), advice="use jax.vmap for batches")
        return
    # In arrays, where hyperparameters share one dtype, whole numbers may be floats.
    floats = hasattr(shots, "dtype") and jnp.issubdtype(jnp.result_type(shots), jnp.floating)
    whole = floats and np.ndim(shots) == 0 and np.asarray(shots) % 1 == 0
    number = np.asarray(shots).astype(int) if whole else shots
    number = check_integer("shots", number, 1, advice="use `exact` for no shot noise")
    if number > _MOST_SHOTS:
        fail("shots", f"be at most {_MOST_SHOTS} (2**24), where counts stay exact", shots)


def _checked_probabilities(given: ArrayLike) -> Float[Array, " K"]:
    name = "probabilities"
    values = check_vector(name, given, "K")
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
def _sample(
    seed: UInt32[Array, "2"], probabilities: Float[Array, " K"], shots: Float[Array, ""]
) -> Float[Array, " K"]:
    return _sample_batch(seed[None], probabilities[None], shots[None])[0]


@_sample.def_vmap
def _sample_vmap(size: int, batched: list[bool], *args: _Given) -> tuple[Array, bool]:
    return _sample_batch(*_broadcast(size, batched, args)), True


@custom_vmap
def _sample_batch(
    seed: UInt32[Array, "N 2"], probabilities: Float[Array, "N K"], shots: Float[Array, " N"]
) -> Float[Array, "N K"]:
    """Counts ``(N, K)``: XLA vectorises the last axis, so it is the batch that goes there."""
    weights = [probabilities.T]
    while len(weights[-1]) > 1:
        weights.append(weights[-1][0::2] + weights[-1][1::2])
    # As a heap: the root is node 1, the children of node i are 2i and 2i + 1.
    heap = jnp.concatenate([jnp.zeros_like(weights[-1]), *weights[::-1]])
    counts = _deal(seed.T, heap, shots)[-len(weights[0]) :]
    # A sample of nothing, or of NaN, would look like any other.
    return jnp.where(weights[-1] > 0, counts, jnp.nan).T


def _deal(
    seed: UInt32[Array, "2 N"], weights: Float[Array, "nodes N"], shots: Float[Array, " N"]
) -> Float[Array, "nodes N"]:
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
        taken = draw_binomial(seed, nodes, held, pairs[:, 0], pairs[:, 1])
        split = jnp.stack([taken, held - taken], 1).reshape(2 * width, batch)
        return lax.dynamic_update_slice_in_dim(counts, split, 2 * first, 0), None

    counts = jnp.zeros_like(weights).at[1].set(shots)
    return lax.scan(step, counts, jnp.array(starts, jnp.uint32))[0]


def _nodes_in_a_step(leaves: int, batch: int) -> int:
    """Few steps, and few empty nodes: the first levels are narrower than a step."""
    enough = _ENOUGH_ON_A_CPU if jax.default_backend() == "cpu" else _ENOUGH_ELSEWHERE
    least = max(leaves // 64, -(-enough // batch))
    return min(max(leaves // 2, 1), 1 << (least - 1).bit_length())


@_sample_batch.def_vmap
def _sample_batch_vmap(size: int, batched: list[bool], *args: _Given) -> tuple[Array, bool]:
    """A vmap around a batch is one longer batch."""
    flat = _sample_batch(*(a.reshape(-1, *a.shape[2:]) for a in _broadcast(size, batched, args)))
    return flat.reshape(size, -1, flat.shape[-1]), True


def _broadcast(size: int, batched: list[bool], args: tuple[_Given, ...]) -> list[_Given]:
    pairs = zip(args, batched, strict=True)
    return [a if is_batched else jnp.broadcast_to(a, (size, *a.shape)) for a, is_batched in pairs]
