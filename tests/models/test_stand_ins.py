"""What stands in the circuit's place, against the circuit, dense matrices and NumPy."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jqkd._checks import InputError
from jqkd.models import NETWORKS, PRESETS, VARIANTS, base_of, build_student, count_parameters
from jqkd.models.presets import Preset
from jqkd.models.stand_ins import (
    ClassicalLayer,
    ClosedForm,
    EntanglingEncoder,
    entangler,
    random_circuit,
)
from jqkd.quantum import Op, outcome_probabilities
from tests.quantum.dense import simulate

ANGLES = np.random.default_rng(0).uniform(-np.pi, np.pi, (5, 4))


def probabilities(circuit, angles):
    return np.array([np.abs(simulate(circuit, row)) ** 2 for row in angles])


def shapes(preset, qubits=3):
    return nnx.eval_shape(lambda: build_student(preset, qubits, rngs=nnx.Rngs(0)))


@pytest.mark.parametrize("qubits", [1, 3, 4])
def test_closed_form_is_the_circuit(qubits):
    """Values against dense matrices, derivatives against the shift rule of the circuit."""
    layer, angles = ClosedForm(qubits, rngs=nnx.Rngs(0)), ANGLES[:, :qubits]
    circuit = NETWORKS["robust"].circuit(qubits)
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


def test_entangling_encoder_appends_the_circuits_own_angles():
    first, second = (EntanglingEncoder(3, rngs=nnx.Rngs(seed)) for seed in (0, 1))
    angles, weights = first(jnp.asarray(ANGLES[:, :3])), np.asarray(first.weights[...])
    np.testing.assert_allclose(angles[:, :3], np.pi / 2 * np.tanh(ANGLES[:, :3]), atol=1e-6)
    np.testing.assert_array_equal(angles[:, 3:], np.tile(weights, (5, 1)))
    assert np.abs(weights).max() <= np.pi
    assert len(np.unique([*weights, *second.weights[...]])) == 12


@pytest.mark.parametrize("preset", ["robust", "robust/closed-form", "robust/random"])
def test_students_of_as_many_angles_as_qubits_against_dense_matrices(preset):
    assert_student_is_its_circuit(preset, 3)


@pytest.mark.parametrize("qubits", [3, 4])
def test_entangled_student_against_dense_matrices(qubits):
    assert_student_is_its_circuit("robust/entangled", qubits)


def assert_student_is_its_circuit(preset, qubits):
    """Its logits are ten times the probabilities of its circuit at its own angles."""
    student = build_student(preset, qubits, rngs=nnx.Rngs(2))
    images = jnp.asarray(np.random.default_rng(1).random((2, 28, 28)), jnp.float32)
    angles = student.angles(images)
    wanted = 10 * probabilities(NETWORKS[preset].circuit(qubits), angles)
    got = student.logits(student.layer(angles))[:, : 2**qubits]
    np.testing.assert_allclose(got, wanted, rtol=0, atol=2e-5)


def test_the_circuits_behind_the_papers():
    """Every qubit has a CZ with two others in a layer, and the frozen circuit has no slots."""
    for qubits in (3, 4):
        pairs = [{k, (k + 1) % qubits} for k in range(qubits)]
        entangled, frozen = entangler(qubits), random_circuit(qubits)
        rings = [set(op.wires) for op in entangled.ops if op.name == "CZ"]
        assert rings == pairs * 2 and entangled.num_angles == 2 * qubits
        assert frozen.num_angles == qubits
        paper = PRESETS["robust"].circuit(qubits)
        assert frozen.ops[: len(paper.ops)] == paper.ops
        behind = [Op(op.name, op.wires) for op in frozen.ops[len(paper.ops) :]]
        assert behind == list(entangled.ops)
    fixed = [op.fixed for op in random_circuit(4).ops if op.fixed]
    assert len(set(fixed)) == 8 and random_circuit(4) == random_circuit(4)


@pytest.mark.parametrize(
    ("preset", "more"),
    [
        ("robust", 0),
        ("robust/closed-form", 0),
        ("robust/random", 0),
        ("robust/entangled", 2 * 3),
        ("robust/classical", 3 * 8 + 8),
        ("paper-code/scaled-head/true-gradient/no-dropout/half-turn", 0),
    ],
)
def test_parameter_counts(preset, more):
    assert count_parameters(shapes(preset)) == 21_483 + more


def differences(one: Preset, other: Preset) -> set[str]:
    """Names of the parts that differ; partial functions are compared by what they were given."""
    a, b = ({name: _given(part) for name, part in vars(p).items()} for p in (one, other))
    return {name for name in a if a[name] != b[name]}


def _given(part):
    return (part.func, part.keywords) if isinstance(part, partial) else part


def test_variants_change_one_thing():
    ladder = ["paper-code", *(name for name in VARIANTS if base_of(name) == "paper-code")]
    steps = [
        differences(NETWORKS[a], NETWORKS[b])
        for a, b in zip(ladder, [*ladder[1:], "robust"], strict=True)
    ]
    assert steps == [{"heads"}, {"rule"}, {"features"}, {"encoder"}, set()]
    changed = {
        name.removeprefix("robust/"): differences(PRESETS["robust"], variant)
        for name, variant in VARIANTS.items()
        if base_of(name) == "robust"
    }
    assert changed == {
        "paper-head": {"heads"},
        "full-turn": {"encoder"},
        "dropout": {"features"},
        "notebook-gradient": {"rule"},
        "closed-form": {"stand_in"},
        "classical": {"circuit", "stand_in"},
        "random": {"circuit"},
        "entangled": {"encoder", "circuit"},
    }
    assert set(map(base_of, VARIANTS)) <= set(PRESETS)


def test_what_runs_no_circuit_draws_no_shots():
    for name in ("robust/closed-form", "robust/classical"):
        layer = NETWORKS[name].layer(3, rngs=nnx.Rngs(0))
        with pytest.raises(InputError, match="`shots` must be None: there is no circuit.*but 5000"):
            layer(jnp.zeros((1, 3)), shots=5000, key=jax.random.key(0))
    without = [name for name, preset in NETWORKS.items() if not preset.is_quantum]
    assert without == ["robust/classical"]
