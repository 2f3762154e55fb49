"""Templates are the circuits that they are named after; amplitude encoding prepares its state."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.quantum import (
    Circuit,
    Op,
    amplitude_angles,
    amplitude_encoding,
    angle_encoding,
    h_ry,
    hardware_efficient,
    rotations,
    run,
    ry_layer,
)
from jqkd.quantum.measurement import flat
from tests.quantum.dense import X, Y, Z, rotation, simulate

pytestmark = pytest.mark.quick

final = jax.jit(run, static_argnums=0)


def kron_state(*factors: np.ndarray) -> np.ndarray:
    """Product state from one 2-vector a qubit, qubit 0 first given, last factor."""
    state = np.ones(1)
    for factor in factors:
        state = np.kron(factor, state)
    return state


@pytest.mark.parametrize("num_qubits", [1, 3, 4])
def test_paper_circuits_are_product_states(num_qubits):
    """Fig. 5a is H then RY on every qubit, fig. 5b only RY: written out qubit by qubit."""
    angles = np.random.default_rng(0).uniform(-4, 4, num_qubits)
    zero, plus = np.array([1, 0]), np.array([1, 1]) / np.sqrt(2)
    for template, start in ((ry_layer, zero), (h_ry, plus)):
        want = kron_state(*(rotation(Y)(t) @ start for t in angles))
        circuit = template(num_qubits)
        assert circuit.num_angles == num_qubits and circuit.is_real
        np.testing.assert_allclose(flat(final(circuit, angles)), want, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("axis", "pauli"), [("X", X), ("Y", Y), ("Z", Z)])
def test_angle_encoding(axis, pauli):
    """After H, so that a rotation about Z shows."""
    h = Circuit(3, tuple(Op("H", (k,)) for k in range(3)))
    angles = np.array([0.4, -1.2, 2.5])
    want = kron_state(*(rotation(pauli)(t) @ np.array([1, 1]) / np.sqrt(2) for t in angles))
    circuit = h.then(angle_encoding(3, axis))
    np.testing.assert_allclose(flat(final(circuit, angles)), want, rtol=0, atol=1e-6)


def test_rotations_slot_order_is_gate_by_gate():
    circuit, angles = rotations(2), np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    one = [rotation(Z)(z) @ rotation(Y)(y) @ rotation(X)(x) @ [1, 0] for x, y, z in
           ((0.1, 0.3, 0.5), (0.2, 0.4, 0.6))]  # fmt: skip
    np.testing.assert_allclose(flat(final(circuit, angles)), kron_state(*one), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("num_qubits", "layers", "entanglers"), [(1, 2, 0), (2, 2, 2), (3, 1, 3), (5, 3, 15)]
)
def test_hardware_efficient(num_qubits, layers, entanglers):
    circuit = hardware_efficient(num_qubits, layers)
    angles = np.random.default_rng(1).uniform(-4, 4, circuit.num_angles)
    assert circuit.num_angles == (layers + 1) * num_qubits
    assert sum(op.name == "CZ" for op in circuit.ops) == entanglers
    want = simulate(circuit, angles)
    np.testing.assert_allclose(flat(final(circuit, angles)), want, rtol=0, atol=1e-5)


@pytest.mark.parametrize("num_qubits", [3, 4])
def test_hardware_efficient_is_layers_around_a_phase_ring(num_qubits):
    """The ring is diagonal: minus one for each pair of neighbours that are both 1."""
    bits = np.arange(2**num_qubits)[:, None] >> np.arange(num_qubits) & 1
    signs = (-1.0) ** (bits * np.roll(bits, 1, axis=1)).sum(1)
    angles = np.random.default_rng(2).uniform(-4, 4, (2, num_qubits))
    layer = [np.ones((1, 1)), np.ones((1, 1))]
    for i in range(2):
        for t in angles[i]:
            layer[i] = np.kron(rotation(Y)(t), layer[i])
    want = layer[1] @ (signs * layer[0][:, 0])
    got = flat(final(hardware_efficient(num_qubits), angles.reshape(-1)))
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5)


@pytest.mark.parametrize("num_qubits", [1, 2, 3, 5])
def test_amplitude_encoding_prepares_the_state(num_qubits):
    amplitudes = np.random.default_rng(num_qubits).normal(size=2**num_qubits)
    want = amplitudes / np.linalg.norm(amplitudes)
    circuit = amplitude_encoding(num_qubits)
    assert circuit.num_angles == 2**num_qubits - 1
    assert {op.name for op in circuit.ops} <= {"RY", "CX"}
    got = flat(final(circuit, amplitude_angles(amplitudes)))
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5)
    with jax.enable_x64(True):
        angles = amplitude_angles(jnp.array(amplitudes))
        np.testing.assert_allclose(simulate(circuit, angles), want, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["one", "negative", "sparse", "integers", "tiny"])
def test_amplitude_encoding_of_awkward_states(kind):
    states = {
        "one": np.eye(8)[5],
        "negative": -np.ones(8),
        "sparse": np.array([0, 0, -3, 0, 0, 0, 0, 4.0]),
        "integers": np.arange(-3, 5),
        "tiny": 1e-15 * np.arange(1, 9),
    }
    want = states[kind] / np.linalg.norm(states[kind])
    got = flat(final(amplitude_encoding(3), amplitude_angles(states[kind])))
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5)


def test_amplitude_angles_have_the_gradient_of_the_normalised_state():
    """d state / d amplitude = (1 - v v^T) / |a|; at zeros it is finite."""
    a = jnp.array([0.5, -1.0, 2.0, 0.25])
    state = lambda a: flat(run(amplitude_encoding(2), amplitude_angles(a)))  # noqa: E731
    jacobian = jax.jit(jax.jacobian(state))
    length = np.linalg.norm(a)
    want = (np.eye(4) - np.outer(a, a) / length**2) / length
    np.testing.assert_allclose(jacobian(a), want, rtol=0, atol=1e-5)
    assert jnp.isfinite(jacobian(jnp.array([1.0, 0.0, 0.0, 0.0]))).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ry_layer(0), r"`num_qubits` must be an integer of at least 1, but 0"),
        (lambda: h_ry(0), r"`num_qubits` must be an integer of at least 1, but 0"),
        (lambda: angle_encoding(2, "W"), r"`axis` must be one of X, Y, Z, but 'W'"),
        (lambda: hardware_efficient(2, 0), r"`layers` must be an integer of at least 1, but 0"),
        (lambda: hardware_efficient(0), r"`num_qubits` must be an integer of at least 1, but 0"),
        (lambda: amplitude_encoding(0), r"`num_qubits` must be an integer of at least 1, but 0"),
        (lambda: amplitude_angles(jnp.ones(3)), r"a length that is a power of two, .*\(3,\)"),
        (lambda: amplitude_angles(jnp.ones((2, 2))), r"power of two, 2 or more, but \(2, 2\)"),
        (lambda: amplitude_angles(jnp.ones(1)), r"power of two, 2 or more, but \(1,\)"),
        (lambda: amplitude_angles([]), r"power of two, 2 or more, but \(0,\)"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(InputError, match=message):
        call()
