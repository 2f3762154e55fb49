"""What all peers on JAX share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.reference import reverse_bits
from benchmarks.timing import Way
from benchmarks.workloads import Cell, signs


def jitted(function: Callable[..., Any]) -> Callable[..., Any]:
    """A newly compiled function that comes back when its result is there."""
    # A new function object, so that nothing is found in JAX's cache.
    compiled = jax.jit(lambda *args: function(*args))
    return lambda *args: jax.block_until_ready(compiled(*args))


def angles_of(angles: np.ndarray, seed: int) -> tuple[Any]:
    """Angles only."""
    return (jnp.asarray(angles),)


def keys_of(angles: np.ndarray, seed: int) -> tuple[Any, Any]:
    """Angles and a key."""
    return jnp.asarray(angles), jax.random.key(seed)


def raw_keys_of(angles: np.ndarray, seed: int) -> tuple[Any, Any]:
    """Angles and a key of the old kind, which is all that some libraries take."""
    return jnp.asarray(angles), jax.random.PRNGKey(seed)


def shared_gradient(name: str, cell: Cell, values: Callable[[Any], Any]) -> Way:
    """W7 from the values (B,) of all images at shared angles (P,)."""
    weights = signs(cell.batch) / cell.batch
    build = lambda: jitted(jax.grad(lambda x: values(x) @ weights))  # noqa: E731
    prepare = lambda angles, seed: (jnp.asarray(angles[0]),)  # noqa: E731
    return Way(name, build, prepare, lambda gradient: np.asarray(gradient)[None])


def big_endian(qubits: int, scale: float = 1) -> Callable[[Any], np.ndarray]:
    """(B, K) with qubit 0 the highest bit, to outcome order."""
    return lambda result: reverse_bits(np.asarray(result), qubits) * scale


def tallies(num_outcomes: int) -> dict[str, Callable[[Any], Any]]:
    """Two ways to count samples (S,): which is faster depends on the number of outcomes."""
    tallied = {"jnp.bincount": lambda drawn: jnp.bincount(drawn, length=num_outcomes)}
    if num_outcomes <= 16:
        numbers = jnp.arange(num_outcomes)
        tallied["compared"] = lambda drawn: (drawn[:, None] == numbers).sum(0)
    return tallied
