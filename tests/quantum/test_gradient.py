"""The shift rule against autodiff through the state vector, and its estimates from shots."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from jqkd._checks import InputError
from jqkd.quantum import (
    GATES,
    NOTEBOOK_RULE,
    TWO_TERM_RULE,
    Circuit,
    Op,
    ShiftRule,
    amplitude_encoding,
    h_ry,
    hardware_efficient,
    outcome_probabilities,
    probabilities,
    run,
)
from tests.quantum.dense import random_circuit

pytestmark = pytest.mark.quick

SHIFTABLE = [name for name, gate in GATES.items() if gate.shiftable]
CONSTANT = [name for name, gate in GATES.items() if gate.num_angles == 0]


def by_autodiff(circuit: Circuit, angles: jax.Array) -> jax.Array:
    """Jacobian (K, P) through the state vector."""
    return jax.jit(jax.jacobian(lambda a: probabilities(run(circuit, a))))(angles)


def by_shifts(circuit: Circuit, angles: jax.Array, **options) -> jax.Array:
    return jax.jit(jax.jacobian(lambda a: outcome_probabilities(circuit, a, **options)))(angles)


def surrounded(name: str) -> Circuit:
    """The gate between fixed turns that make every derivative differ from zero."""
    turn = (Op("U3", (0,), (0.7, 0.3, -1.1)), Op("U3", (1,), (1.9, -0.8, 0.4)), Op("CX", (0, 1)))
    return Circuit(2, (*turn, Op(name, (1, 0)[: GATES[name].num_wires]), *turn))


@pytest.mark.parametrize("name", SHIFTABLE)
@pytest.mark.parametrize("shift", [math.pi / 2, math.pi / 4, 1.0, -2.5])
def test_every_shiftable_gate(name, shift):
    circuit = surrounded(name)
    angles = np.random.default_rng(0).uniform(-4, 4, circuit.num_angles)
    with jax.enable_x64(True):
        want = by_autodiff(circuit, jnp.array(angles))
        got = by_shifts(circuit, jnp.array(angles), rule=ShiftRule.exact(shift))
    assert np.abs(want).max(0).min() > 1e-3
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-11)


@pytest.mark.parametrize("num_qubits", [1, 2, 4, 6])
def test_random_circuits(num_qubits):
    names = SHIFTABLE + CONSTANT
    circuit, angles = random_circuit(50 + num_qubits, num_qubits, 16, names)
    got = by_shifts(circuit, jnp.array(angles))
    np.testing.assert_allclose(got, by_autodiff(circuit, jnp.array(angles)), rtol=0, atol=2e-6)


@pytest.mark.parametrize("template", [h_ry(3), hardware_efficient(3), amplitude_encoding(3)])
def test_templates(template):
    angles = jnp.array(np.random.default_rng(1).uniform(-4, 4, template.num_angles))
    got = by_shifts(template, angles)
    np.testing.assert_allclose(got, by_autodiff(template, angles), rtol=0, atol=2e-6)


def test_one_parameter_in_two_gates():
    """Two slots, one parameter: <Z> = cos 2t. Shifting t itself by pi/2 gives 0 everywhere."""
    circuit = Circuit(1, (Op("RY", (0,)), Op("RY", (0,))))
    signs = jnp.array([1.0, -1.0])
    z = lambda t: outcome_probabilities(circuit, jnp.stack([t, t])) @ signs  # noqa: E731
    assert jax.grad(z)(0.7) == pytest.approx(-2 * math.sin(1.4), abs=1e-6)
    assert (z(0.7 + math.pi / 2) - z(0.7 - math.pi / 2)) / 2 == pytest.approx(0, abs=1e-6)


def test_encodings_before_the_circuit_get_the_chain_rule():
    """Slots are W x + b, and every row of the result is used by two qubits."""
    circuit, rng = hardware_efficient(4), np.random.default_rng(2)
    parameters = {"w": rng.normal(size=(4, 3)), "b": rng.normal(size=4), "x": rng.normal(size=3)}
    weights = rng.normal(size=16)

    def loss(parameters, simulate):
        slots = parameters["w"] @ parameters["x"] + parameters["b"]
        return jnp.log(simulate(circuit, jnp.concatenate([slots, slots[::-1]]))) @ weights

    with jax.enable_x64(True):
        slope = jax.jit(jax.grad(loss), static_argnums=1)
        want = slope(parameters, lambda c, a: probabilities(run(c, a)))
        got = slope(parameters, outcome_probabilities)
    for name, value in want.items():
        np.testing.assert_allclose(got[name], value, rtol=1e-9, err_msg=name)


def test_rules():
    assert TWO_TERM_RULE == ShiftRule.exact(math.pi / 2) and TWO_TERM_RULE.factor == 1
    assert NOTEBOOK_RULE == ShiftRule(math.pi / 4, 1.0)
    assert NOTEBOOK_RULE.factor == pytest.approx(math.sqrt(2), rel=1e-12)
    for shift in (0.1, 1.0, 3.0, -0.4):
        assert ShiftRule.exact(shift).factor == pytest.approx(1, rel=1e-12)


def test_notebook_rule_is_root_two_times_the_derivative():
    circuit, angles = hardware_efficient(3), jnp.linspace(-2, 2, 6)
    got = by_shifts(circuit, angles, rule=NOTEBOOK_RULE)
    want = math.sqrt(2) * by_autodiff(circuit, angles)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-6)


def test_sampled_gradient_has_the_right_mean_and_variance():
    """R gradients of v . p: Var = c^2 (Var_up(v) + Var_down(v)) / S, a slot, in closed form.

    Mean and variance of R of them are asymptotically normal; the bound is passed by chance with
    probability 1e-6 for all slots together.
    """
    circuit, rule, shots, runs = hardware_efficient(2), NOTEBOOK_RULE, 50, 20_000
    angles, v = jnp.array([0.4, 1.1, -0.7, 2.0]), jnp.array([1.0, -2.0, 0.5, 3.0])
    keys = jax.random.split(jax.random.key(1), runs)

    def loss(a, k):
        return outcome_probabilities(circuit, a, shots=shots, key=k, rule=rule) @ v

    samples = np.asarray(jax.jit(jax.vmap(jax.grad(loss), (None, 0)))(angles, keys), float)

    shift = rule.shift * jnp.eye(4)
    spread = lambda a: (p := probabilities(run(circuit, a))) @ v**2 - (p @ v) ** 2  # noqa: E731
    variance = jax.vmap(spread)(angles + shift) + jax.vmap(spread)(angles - shift)
    variance = np.asarray(rule.coefficient**2 * variance / shots)
    mean = rule.factor * np.asarray(v @ by_autodiff(circuit, angles))
    bound = stats.norm.isf(0.5e-6 / (2 * 4))
    assert (np.abs(samples.mean(0) - mean) < bound * np.sqrt(variance / runs)).all()
    fourth = ((samples - samples.mean(0)) ** 4).mean(0) / samples.var(0) ** 2
    assert (np.abs(samples.var(0) / variance - 1) < bound * np.sqrt((fourth - 1) / runs)).all()


def test_shifted_circuits_use_independent_shots():
    """Equal draws up and down would cancel: at t = 0 of RZ after H, both have p = 1/2."""
    circuit = Circuit(1, (Op("H", (0,)), Op("RZ", (0,))))
    keys = jax.random.split(jax.random.key(2), 2000)
    one = lambda a, k: outcome_probabilities(circuit, a, shots=100, key=k)[1]  # noqa: E731
    slopes = jax.jit(jax.vmap(jax.grad(one), (None, 0)))(jnp.zeros(1), keys)
    # Var = (1/4)(1/400 + 1/400); five relative standard errors sqrt(2 / R).
    assert abs(slopes.var() / 0.00125 - 1) < 5 * math.sqrt(2 / 2000)


@pytest.mark.parametrize("name", ["CRX", "CRY", "CRZ"])
def test_controlled_rotations_are_refused_by_name(name):
    circuit = Circuit(2, (Op("RY", (0,)), Op(name, (0, 1))))
    with pytest.raises(InputError, match=rf"two-term shift rule fits, but {name} was given"):
        outcome_probabilities(circuit, jnp.zeros(2))
    fixed = Circuit(2, (Op("RY", (0,)), Op(name, (0, 1), fixed=(0.3,))))
    angles = jnp.array([0.8])
    np.testing.assert_allclose(by_shifts(fixed, angles), by_autodiff(fixed, angles), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c, a, k: outcome_probabilities(c, a, shots=10), r"`key` .* shots without a key"),
        (lambda c, a, k: outcome_probabilities(c, a, key=k), r"`key` .* a key without shots"),
        (lambda c, a, k: outcome_probabilities(c, a, shots=0, key=k), r"`shots` .* at least 1"),
        (lambda c, a, k: outcome_probabilities(c, a[:1]), r"`angles` must have shape \(2,\)"),
        (lambda c, a, k: ShiftRule.exact(math.pi), r"`shift` must not be a multiple of pi"),
        (lambda c, a, k: ShiftRule.exact(0.0), r"`shift` must not be a multiple of pi"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call(h_ry(2), jnp.zeros(2), jax.random.key(0))
