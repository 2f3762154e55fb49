"""Predicted shot noise of slopes: against closed forms and against many draws."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.quantum import NOTEBOOK_RULE, Circuit, Op, hardware_efficient, outcome_probabilities
from jqkd.quantum.shot_noise import slopes_and_variances


@pytest.mark.parametrize("t", [0.0, 0.4, np.pi / 2, 2.5])
def test_one_rotation_against_the_closed_form(t):
    """p1 of RY(t) is sin^2(t/2): slope sin(t)/2, each shifted circuit a coin of p(1 - p)."""
    circuit = Circuit(1, (Op("RY", (0,)),))
    (slope,), (variance,) = slopes_and_variances(circuit, np.array([t]), np.array([[0.0, 1.0]]))
    coins = [np.sin((t + s) / 2) ** 2 for s in (np.pi / 2, -np.pi / 2)]
    assert float(slope[0]) == pytest.approx(np.sin(t) / 2, abs=1e-6)
    expected = sum(p * (1 - p) for p in coins) / 4
    assert float(variance[0]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("rule", [None, NOTEBOOK_RULE])
def test_the_variance_is_that_of_many_draws(rule):
    """8000 draws: the relative standard error of a variance is 1.6 %, the bound 5 of them."""
    options = {} if rule is None else {"rule": rule}
    circuit, shots, draws = hardware_efficient(3, 1), 50, 8000
    angles = jnp.asarray(np.random.default_rng(1).uniform(-2, 2, circuit.num_angles), jnp.float32)
    v = jnp.asarray(np.random.default_rng(2).normal(size=(2, 8)), jnp.float32)
    slopes, variances = slopes_and_variances(circuit, angles, v, **options)

    def sampled(key):
        run = lambda a: outcome_probabilities(circuit, a, shots=shots, key=key, **options)  # noqa: E731
        _, pull = jax.vjp(run, angles)
        return jax.vmap(lambda one: pull(one)[0])(v)

    seen = np.asarray(jax.jit(jax.vmap(sampled))(jax.random.split(jax.random.key(0), draws)))
    np.testing.assert_allclose(seen.var(0), variances / shots, rtol=0.08)
    error = np.sqrt(np.asarray(variances) / shots / draws)
    assert (np.abs(seen.mean(0) - np.asarray(slopes)) < 5 * error + 1e-6).all()


def test_bad_input():
    circuit = Circuit(1, (Op("RY", (0,)),))
    with pytest.raises(InputError, match="`cotangents` must have shape"):
        slopes_and_variances(circuit, [0.0], [[0.0, 1.0, 2.0]])
    with pytest.raises(InputError, match="`rule` must be a ShiftRule"):
        slopes_and_variances(circuit, [0.0], [[0.0, 1.0]], rule=3)
