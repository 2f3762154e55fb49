"""Draws that share a key, or whose keys are neighbours, have nothing in common.

Tens of thousands of fixed keys; every pair of series is tested for correlation (Fisher's z) and for
any other dependence (chi-square on quarters). A test of independent draws fails with a probability
of 1e-7. That the two shifted circuits of a slot draw apart is in test_gradient.py.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd.models.quantum_layer import QuantumLayer
from jqkd.quantum import (
    ShiftRule,
    h_ry,
    hardware_efficient,
    outcome_probabilities,
    sample_counts,
)
from tests.independence import assert_independent

KEYS = 20_000
# Inversion at 12 shots, rejection at 400.
SHOTS = (12, 400)
# Of the outcomes, for a value and its gradient; no symmetry.
WEIGHTS = jnp.array([1.0, -0.3, 0.45, 2.0])


def keys(seed: int) -> jax.Array:
    return jax.random.split(jax.random.key(seed), KEYS)


@jax.jit
@partial(jax.vmap, in_axes=(0, None))
def _value_and_slopes(key, shots):
    angles = jnp.array([0.4, 1.1, -0.7, 2.0])

    def value(a):
        return outcome_probabilities(hardware_efficient(2), a, shots=shots, key=key) @ WEIGHTS

    return jax.value_and_grad(value)(angles)


@pytest.mark.parametrize("shots", SHOTS)
def test_a_value_and_all_slots_of_its_gradient(shots):
    values, slopes = _value_and_slopes(keys(0), jnp.float32(shots))
    assert_independent({"value": values} | {f"slot {i}": x for i, x in enumerate(slopes.T)})


def test_every_shifted_circuit_by_itself():
    """Not only the difference of two: at these angles one of a slot's circuits is certain.

    RY(t) after H reads 1 for sure at t = pi/2 and 0 at -pi/2. Shifted by pi/3, t = pi/6 leaves the
    lower circuit uncertain, and t = -pi/6 the upper one.
    """
    circuit, rule = h_ry(2), ShiftRule.exact(np.pi / 3)
    # Of qubit k, the probability to read 1: what slot k shifts.
    bits = jnp.array([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]])

    def draw(key, t):
        run = lambda a: outcome_probabilities(circuit, a, shots=40, key=key, rule=rule)  # noqa: E731
        pull = jax.vjp(run, jnp.array([t, t]))[1]
        return [pull(bits[k])[0][k] for k in range(2)]

    many, series = jax.jit(jax.vmap(draw, (0, None))), {}
    for name, t in (("lower", np.pi / 6), ("upper", -np.pi / 6)):
        series |= {f"{name} of slot {k}": x for k, x in enumerate(many(keys(1), t))}
    assert_independent(series)


def test_images_of_a_batch_with_their_values_and_gradients():
    """Neighbouring ids, ids that meet slots' numbers, and one that differs in its 17th bit only."""
    layer, ids = QuantumLayer(h_ry(2), shots=60), jnp.array([0, 1, 2, 65_538])
    angles = jnp.array([[0.3, -0.8]] * len(ids))

    def draw(key):
        values, pull = jax.vjp(lambda a: layer(a, key=key, ids=ids) @ WEIGHTS, angles)
        return values, pull(jnp.ones(len(ids)))[0]

    values, slopes = jax.jit(jax.vmap(draw))(keys(2))
    series = {}
    for i, name in enumerate(ids):
        series[f"value of {name}"] = values[:, i]
        series |= {f"slot {k} of {name}": slopes[:, i, k] for k in range(2)}
    assert_independent(series)


def test_counts_of_neighbouring_seeds_and_of_keys_made_from_one_key():
    """``split(key)`` makes no others: its keys are ``fold_in(key, 0)`` and ``fold_in(key, 1)``."""
    p = jnp.array([0.1, 0.2, 0.3, 0.4])
    fold = jax.random.fold_in

    def draw(seed):
        key = jax.random.key(seed)
        made = [fold(key, n) for n in (0, 1, 2, 2**31)]
        made += [fold(fold(key, 0), 1), fold(fold(key, 1), 0)]
        made += [jax.random.key(seed + n) for n in (0, 1, 65536)]
        return jax.vmap(sample_counts, (0, None, None))(jnp.stack(made), p, 50) @ WEIGHTS

    draws = jax.jit(jax.vmap(draw))(jnp.arange(KEYS, dtype=jnp.uint32))
    assert_independent({f"key {i}": column for i, column in enumerate(np.asarray(draws).T)})


def test_equal_keys_are_seen_by_the_judge():
    """What the other tests rely on: draws of one key from unlike distributions."""
    p, q = jnp.array([0.1, 0.2, 0.3, 0.4]), jnp.array([0.7, 0.1, 0.1, 0.1])
    draw = jax.jit(jax.vmap(sample_counts, (0, None, None)))
    one, other = (np.asarray(draw(keys(3), x, 50) @ WEIGHTS) for x in (p, q))
    with pytest.raises(AssertionError, match="1 of 1 pairs depend on each other: one and other"):
        assert_independent({"one": one, "other": other})
    with pytest.raises(AssertionError, match="one is always 3"):
        assert_independent({"one": np.full(KEYS, 3), "other": other})
    # Without correlation: a number and its distance from the middle.
    with pytest.raises(AssertionError, match="depend on each other"):
        assert_independent({"one": one, "distance": np.abs(one - one.mean())})
