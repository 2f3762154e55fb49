"""Mitigation against closed forms: exact, or off by the order that theory says."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.quantum import Circuit, Op, h_ry, hardware_efficient, outcome_probabilities
from jqkd.quantum.noise import After, Depolarising, NoiseModel
from jqkd.quantum.noise.mitigation import (
    extrapolated_probabilities,
    folded,
    invert_readout,
    richardson,
)
from tests.quantum.dense import random_circuit, simulate

PAIRS = ((0.1, 0.2), (0.05, 0.3), (0.0, 0.15))


@pytest.mark.parametrize("seed", range(6))
def test_the_inverse_undoes_every_gate(seed):
    circuit, angles = random_circuit(seed, 3, 15)
    back = circuit.as_data().then(circuit.inverse())
    state = np.zeros(8, complex)
    state[5] = 1
    with jax.enable_x64(True):
        row = np.asarray(back.fill(jnp.asarray(angles)))
    np.testing.assert_allclose(simulate(back, row, state), state, atol=1e-12)


def test_inverting_readout_gives_back_what_was_measured():
    circuit, angles = hardware_efficient(3, 1), jnp.linspace(-1, 1, 6)
    for wires in (None, (2, 0), (1,)):
        for pairs in (PAIRS, PAIRS[:1]):
            noise = NoiseModel(readout=pairs)
            read = outcome_probabilities(circuit, angles, noise=noise, wires=wires)
            found = invert_readout(read, noise, wires)
            ideal = outcome_probabilities(circuit, angles, wires=wires)
            np.testing.assert_allclose(found.values, ideal, atol=1e-6)


def test_the_factor_bounds_the_error_that_inversion_adds():
    """2,000 samples: a ratio of standard deviations is off by 6 / sqrt(4000) once in 10^8."""
    noise, circuit, angles = NoiseModel(readout=PAIRS), h_ry(3), jnp.array([0.3, -0.4, 0.8])
    weights = jnp.asarray([1, -1, -1, 1, -1, 1, 1, -1.0])

    def values(key):
        read = outcome_probabilities(circuit, angles, noise=noise, shots=400, key=key)
        found = invert_readout(read, noise)
        return read @ weights, found.values @ weights, found.factor

    plain, mitigated, factor = jax.jit(jax.vmap(values))(jax.random.split(jax.random.key(0), 2000))
    ideal = outcome_probabilities(circuit, angles) @ weights
    spread = float(mitigated.std())
    assert abs(float(mitigated.mean() - ideal)) < 6 * spread / np.sqrt(2000)
    assert abs(float(plain.mean() - ideal)) > 0.05
    # Parity has the largest weights there are: here the bound is nearly met.
    bound = float(factor[0]) / np.sqrt(400)
    assert 0.5 * bound < spread < bound * (1 + 6 / np.sqrt(4000))


@pytest.mark.parametrize("scale", [1, 3, 5])
def test_folding_changes_nothing_without_noise(scale):
    circuit, angles = random_circuit(3, 3, 8)
    made = folded(circuit, scale)
    assert len(made.ops) == scale * len(circuit.ops)
    with jax.enable_x64(True):
        got = outcome_probabilities(made, made.fill(jnp.asarray(angles)), rule=None)
    np.testing.assert_allclose(got, np.abs(simulate(circuit, angles)) ** 2, atol=1e-12)


@pytest.mark.parametrize(("scales", "order"), [((1, 3), 2), ((1, 3, 5), 3)])
def test_extrapolation_leaves_an_error_of_the_next_order(scales, order):
    """RY under depolarising: <Z> = (1 - p)^scale cos t, by hand; halving p divides what is left."""
    circuit, angle = Circuit(1, (Op("RY", (0,)),)), 0.7
    left = []
    with jax.enable_x64(True):
        for p in (0.02, 0.01):
            noise = NoiseModel((After(Depolarising(p)),))
            found = extrapolated_probabilities(
                circuit, jnp.array([angle]), noise=noise, scales=scales
            )
            z = float(found.values[0] - found.values[1])
            by_hand = sum(
                w * (1 - p) ** s * np.cos(angle)
                for w, s in zip(richardson(scales), scales, strict=True)
            )
            assert z == pytest.approx(by_hand, abs=1e-12)
            left.append(abs(z - np.cos(angle)))
    assert left[0] / left[1] == pytest.approx(2**order, rel=0.1)


def test_weights_are_exact_for_polynomials():
    weights = richardson((1, 3, 5))
    for power in range(3):
        assert weights @ np.array([1, 3, 5.0]) ** power == pytest.approx(
            float(power == 0), abs=1e-12
        )


def test_the_error_of_extrapolation_is_as_said_and_its_slope_is_right():
    """2,000 samples; what an error is off by is stated as above."""
    noise = NoiseModel((After(Depolarising(0.02)),))
    angles, weights = jnp.array([0.5, -0.8]), jnp.array([1.0, -1.0, -1.0, 1.0])

    def values(key):
        found = extrapolated_probabilities(
            h_ry(2), angles, noise=noise, scales=(1, 3), shots=300, key=key
        )
        return found.values @ weights

    many = jax.jit(jax.vmap(values))(jax.random.split(jax.random.key(1), 2000))
    errors = []
    for scale, w in zip((1, 3), richardson((1, 3)), strict=True):
        made = folded(h_ry(2), scale)
        p = outcome_probabilities(made, made.fill(angles), noise=noise)
        errors.append(w**2 * float(p @ weights**2 - (p @ weights) ** 2) / 300)
    wanted = np.sqrt(sum(errors))
    assert float(many.std()) == pytest.approx(wanted, rel=6 / np.sqrt(4000))
    exact = lambda a: extrapolated_probabilities(h_ry(2), a, noise=noise).values @ weights  # noqa: E731
    ideal = lambda a: outcome_probabilities(h_ry(2), a) @ weights  # noqa: E731
    np.testing.assert_allclose(jax.grad(exact)(angles), jax.grad(ideal)(angles), atol=2e-3)


BAD = {
    "even": (lambda: folded(h_ry(2), 2), "`scale` must be odd"),
    "one scale": (lambda: richardson((1,)), "`scales` must be two or more"),
    "twice": (lambda: richardson((1, 1)), "`scales` must be two or more, all different"),
    "no readout": (lambda: invert_readout([0.5, 0.5], NoiseModel()), "have a readout to invert"),
    "alike": (
        lambda: invert_readout([0.5, 0.5], NoiseModel(readout=((0.5, 0.5),))),
        "read 0 and 1 differently",
    ),
    "one of them alike": (
        lambda: invert_readout([0.25] * 4, NoiseModel(readout=((0.1, 0.1), (0.3, 0.7)))),
        "read 0 and 1 differently",
    ),
    "size": (lambda: invert_readout([0.5, 0.2, 0.3], NoiseModel(readout=PAIRS)), "power of two"),
    "wires": (
        lambda: invert_readout([0.5, 0.5], NoiseModel(readout=PAIRS), (3,)),
        "`wires` must be 1 qubits within 0..2",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name):
    call, message = BAD[name]
    with pytest.raises(InputError, match=message):
        call()
