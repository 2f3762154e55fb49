"""What stands in the circuit's place, against the circuit, dense matrices and NumPy."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jqkd._checks import InputError
from jqkd.models import PRESETS, STAND_INS, count_parameters
from jqkd.models.ansatze import Entangling, Frozen
from jqkd.models.stand_ins import ClassicalLayer, ClosedForm
from jqkd.quantum import outcome_probabilities
from tests.quantum.dense import simulate

pytestmark = pytest.mark.quick

ANGLES = np.random.default_rng(0).uniform(-np.pi, np.pi, (5, 4))


def probabilities(circuit, angles):
    return np.array([np.abs(simulate(circuit, row)) ** 2 for row in angles])


def robust(qubits=3, **changes):
    return PRESETS["robust"].spec(qubits, **changes)


@pytest.mark.parametrize("qubits", [1, 3, 4])
def test_closed_form_is_the_circuit(qubits):
    """Values against dense matrices, derivatives against the shift rule of the circuit."""
    layer, angles = ClosedForm(qubits), ANGLES[:, :qubits]
    circuit = robust(qubits).circuit
    got = layer(jnp.asarray(angles, jnp.float32))
    np.testing.assert_allclose(got, probabilities(circuit, angles), rtol=0, atol=1e-6)
    weights = jnp.arange(2.0**qubits)
    slope = lambda value: jax.grad(lambda a: value(a) @ weights)(jnp.asarray(angles[0]))  # noqa: E731
    shifted = slope(lambda a: outcome_probabilities(circuit, a))
    np.testing.assert_allclose(slope(layer), shifted, rtol=0, atol=2e-5)


def test_classical_layer_against_numpy():
    """softmax(tanh(f) W + b), of angles pi / 2 tanh(f)."""
    layer, features = ClassicalLayer(3, rngs=nnx.Rngs(1)), ANGLES[:, :3]
    kernel, bias = (np.asarray(part[...], float) for part in (layer.dense.kernel, layer.dense.bias))
    wanted = np.exp(np.tanh(features) @ kernel + bias)
    wanted /= wanted.sum(-1, keepdims=True)
    got = layer(jnp.pi / 2 * jnp.tanh(jnp.asarray(features, jnp.float32)))
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-6)


def test_an_ansatz_appends_its_own_angles():
    spec = robust(ansatz="entangling")
    first, second = (spec.build(rngs=nnx.Rngs(seed)) for seed in (0, 1))
    angles, weights = first.angles_of(jnp.asarray(ANGLES[:, :3])), np.asarray(first.weights[...])
    np.testing.assert_allclose(angles[:, :3], np.pi / 2 * np.tanh(ANGLES[:, :3]), atol=1e-6)
    np.testing.assert_array_equal(angles[:, 3:], np.tile(weights, (5, 1)))
    assert np.abs(weights).max() <= np.pi
    assert len(np.unique([*weights, *second.weights[...]])) == 12


@pytest.mark.parametrize("change", [{}, {"stand_in": "closed-form"}, {"ansatz": "frozen"}])
def test_students_of_as_many_angles_as_qubits_against_dense_matrices(change):
    assert_student_is_its_circuit(robust(**change))


@pytest.mark.parametrize("qubits", [3, 4])
def test_entangled_student_against_dense_matrices(qubits):
    assert_student_is_its_circuit(robust(qubits, ansatz="entangling"))


def assert_student_is_its_circuit(spec):
    """Its logits are ten times the probabilities of its circuit at its own angles."""
    student = spec.build(rngs=nnx.Rngs(2))
    images = jnp.asarray(np.random.default_rng(1).random((2, 28, 28)), jnp.float32)
    made = student.forward(images)
    wanted = 10 * probabilities(spec.circuit, made.angles)
    np.testing.assert_allclose(made.logits, wanted, rtol=0, atol=2e-5)


def test_the_circuits_behind_the_papers():
    """Every qubit has a CZ with two others in a layer, and the frozen circuit has no slots."""
    for qubits in (3, 4):
        pairs = [{k, (k + 1) % qubits} for k in range(qubits)]
        entangled = Entangling().circuit(qubits)
        frozen = Frozen().join(robust(qubits).circuit)
        rings = [set(op.wires) for op in entangled.ops if op.name == "CZ"]
        assert rings == pairs * 2 and entangled.num_angles == 2 * qubits
        assert frozen.num_angles == qubits
        paper = robust(qubits).circuit
        assert frozen.ops[: len(paper.ops)] == paper.ops
        behind = [(op.name, op.wires) for op in frozen.ops[len(paper.ops) :]]
        assert behind == [(op.name, op.wires) for op in entangled.ops]
    fixed = [op.fixed for op in Frozen().circuit(4).ops if op.fixed]
    assert len(set(fixed)) == 8 and Frozen().circuit(4) == Frozen().circuit(4)
    assert Frozen(seed=1).circuit(4) != Frozen().circuit(4)


@pytest.mark.parametrize(
    ("change", "more"),
    [
        ({}, 0),
        ({"stand_in": "closed-form"}, 0),
        ({"ansatz": "frozen"}, 0),
        ({"ansatz": "entangling"}, 2 * 3),
        ({"stand_in": "classical"}, 3 * 8 + 8),
    ],
)
def test_parameter_counts(change, more):
    shapes = nnx.eval_shape(lambda: robust(**change).build(rngs=nnx.Rngs(0)))
    assert count_parameters(shapes) == 21_483 + more


def test_what_runs_no_circuit_draws_no_shots():
    for name in STAND_INS:
        layer = STAND_INS.build(name).build(robust(), rngs=nnx.Rngs(0))
        with pytest.raises(InputError, match="`shots` must be None: there is no circuit.*but 5000"):
            layer(jnp.zeros((1, 3)), shots=5000, key=jax.random.key(0))
    assert [name for name, part in STAND_INS.items() if part.is_quantum] == ["closed-form"]
