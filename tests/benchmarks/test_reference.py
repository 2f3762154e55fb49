"""The yardstick itself, against dense matrices, finite differences and drawn shots."""

import numpy as np
import pytest

from benchmarks import reference
from benchmarks.workloads import (
    SHOTS,
    WORKLOADS,
    Cell,
    amplitudes,
    angles,
    h_ry,
    hardware_efficient,
    outcome_weights,
    pure,
    qubit_weights,
    signs,
)
from jqkd.models import ANSATZE
from jqkd.quantum import templates
from jqkd.quantum.noise import After, NoiseModel, Pauli
from tests.quantum.test_noise import noisy

Z, H, ONE = np.diag([1, -1]), np.array([[1, 1], [1, -1]]) / np.sqrt(2), np.diag([0, 1])


def turn(name, half):
    pauli = {"RX": [[0, 1], [1, 0]], "RY": [[0, -1j], [1j, 0]], "RZ": [[1, 0], [0, -1]]}[name]
    matrix = np.cos(half) * np.eye(2) - 1j * np.sin(half) * np.array(pauli)
    return matrix.real if name == "RY" else matrix


def dense(layout, qubits, row):
    """The state as a product of 2**n by 2**n matrices, qubit 0 the first factor."""
    state = np.eye(2**qubits)[0]
    for step in layout:
        if step.name == "CZ":
            held = [ONE if k in step.wires else np.eye(2) for k in range(qubits)]
            matrix = np.eye(2**qubits) - 2 * kron(held)
        else:
            one = H if step.slot is None else turn(step.name, row[step.slot] / 2)
            matrix = kron([one if k == step.wires[0] else np.eye(2) for k in range(qubits)])
        state = matrix @ state
    return state


def kron(factors):
    out = np.eye(1)
    for factor in factors:
        out = np.kron(out, factor)
    return out


@pytest.mark.parametrize("qubits", [1, 2, 3, 4])
@pytest.mark.parametrize("circuit", [h_ry, hardware_efficient, pure])
def test_states_are_those_of_dense_matrices(circuit, qubits):
    layout = circuit(qubits)
    rows = np.random.default_rng(0).normal(size=(2, sum(s.slot is not None for s in layout)))
    found = reference.states(layout, qubits, rows).reshape(2, -1)
    wanted = [dense(layout, qubits, row) for row in rows]
    np.testing.assert_allclose(found, wanted, atol=1e-14)


def test_the_closed_form_is_the_circuit():
    rows = np.random.default_rng(0).normal(size=(3, 4))
    found = reference.probabilities(h_ry(4), 4, rows)
    np.testing.assert_allclose(reference.product_probabilities(rows), found, atol=1e-14)


def test_qubit_0_is_the_lowest_bit():
    p = reference.product_probabilities(np.array([[np.pi / 2, -np.pi / 2, -np.pi / 2]]))
    assert p.argmax() == 1


@pytest.mark.parametrize("qubits", [2, 3, 5, 9])
def test_layered_states_are_those_gate_by_gate(qubits):
    layout = hardware_efficient(qubits, 2)
    row = np.random.default_rng(0).normal(size=(1, 3 * qubits))
    found = reference.layered_state(qubits, row[0], 2)
    np.testing.assert_allclose(found, reference.states(layout, qubits, row).ravel(), atol=1e-14)


def differences(function, rows):
    columns = []
    for k in range(rows.shape[1]):
        step = 1e-5 * np.eye(rows.shape[1])[k]
        columns.append((function(rows + step) - function(rows - step)) / 2e-5)
    return np.stack(columns, -1)


def test_the_adjoint_gradient_is_the_slope():
    layout, weights = hardware_efficient(3, 2), qubit_weights(3)
    rows = np.random.default_rng(0).normal(size=(2, 9))

    def loss(rows):
        p = reference.states(layout, 3, rows).reshape(len(rows), -1) ** 2
        signs = sum(
            w * kron([Z if j == k else np.eye(2) for j in range(3)]) for k, w in enumerate(weights)
        )
        return p @ np.diag(signs)

    found = reference.adjoint_gradient(layout, 3, rows, weights)
    np.testing.assert_allclose(found, differences(loss, rows), atol=1e-8)


def test_the_shift_rules_gradient_is_the_slope():
    cell, weights = Cell("W6", 3, 2), outcome_weights(3)
    rows = angles(cell, 0).astype(float)
    loss = lambda rows: reference.probabilities(cell.layout, 3, rows) @ weights  # noqa: E731
    found = reference.shift_rule(cell, rows, weights)
    np.testing.assert_allclose(found, differences(loss, rows), atol=1e-8)


def test_noisy_probabilities_are_those_of_dense_kraus_sums():
    layout, rows = hardware_efficient(3, 1), np.random.default_rng(0).normal(size=(2, 6))
    noise = NoiseModel((After(Pauli(0.05, 0.05, 0.05)),))
    found = reference.noisy_probabilities(layout, 3, rows, 0.05)
    circuit = templates.hardware_efficient(3, 1)
    wanted = np.stack([noisy(circuit, row, noise) for row in rows])
    np.testing.assert_allclose(reference.reverse_bits(found, 3), wanted, atol=1e-14)


def test_the_noisy_gradient_is_the_slope():
    layout, rows = hardware_efficient(3, 1), np.random.default_rng(0).normal(size=(2, 6))
    weights = qubit_weights(3)
    diagonal = reference.z_sum(3, weights).reshape(-1)
    loss = lambda rows: reference.noisy_probabilities(layout, 3, rows, 0.05) @ diagonal  # noqa: E731
    found = reference.noisy_gradient(layout, 3, rows, weights, 0.05)
    np.testing.assert_allclose(found, differences(loss, rows), atol=1e-8)


def test_the_gradient_of_shared_angles_is_the_slope():
    cell, weights = Cell("W7", 3, 4), qubit_weights(3)
    images = amplitudes(cell).astype(float)
    np.testing.assert_allclose(np.linalg.norm(images, axis=1), 1, atol=1e-6)
    row = angles(cell, 0)[:1].astype(float)

    def loss(rows):
        many = np.repeat(rows, 4, 0)
        p = np.abs(reference.states(cell.layout, 3, many, images.reshape(-1, 2, 2, 2))) ** 2
        return np.array([signs(4) @ (p * reference.z_sum(3, weights)).sum((1, 2, 3)) / 4])

    found = reference.right_answer(cell, row)
    np.testing.assert_allclose(found, differences(loss, row), atol=1e-8)


def test_the_product_gradient_is_the_slope():
    rows, weights = np.random.default_rng(0).normal(size=(2, 3)), outcome_weights(3)
    wanted = differences(lambda rows: reference.product_probabilities(rows) @ weights, rows)
    np.testing.assert_allclose(reference.product_gradient(rows, weights), wanted, atol=1e-8)


def test_the_shift_rule_varies_as_said():
    from benchmarks.peers.plain import ways

    cell = Cell("W3", 3, 1)
    (way,) = ways(cell)
    asked = angles(cell, 0)
    draws = np.array([way.build()(*way.prepare(asked, seed))[0] for seed in range(4000)])
    wanted = reference.shift_rule_variance(cell, asked, outcome_weights(3), SHOTS)[0]
    # The variance of 4000 normal draws is off by over 5 * sqrt(2 / 4000) once in two million.
    np.testing.assert_allclose(draws.var(0), wanted, rtol=5 * np.sqrt(2 / 4000))


@pytest.mark.parametrize("name", WORKLOADS)
def test_layouts_are_the_packages_templates(name):
    work = WORKLOADS[name]
    for qubits in (2, 3, 4):
        template = {
            "h_ry": lambda q: templates.h_ry(q),
            "hardware_efficient": lambda q: templates.hardware_efficient(q, 4),
            "pure": ANSATZE.build("layered:layers=12").circuit,
        }[work.circuit](qubits)
        ours = [(s.name, s.wires, s.slot) for s in work.layout(qubits)]
        theirs = [
            (op.name, op.wires, slots[0] if slots else None) for op, slots in template.slots()
        ]
        assert ours == theirs
