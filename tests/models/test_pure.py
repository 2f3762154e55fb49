"""Students whose circuit does the work, against dense matrices."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy.special import softmax

from jqkd._checks import InputError
from jqkd.models import (
    ANSATZE,
    ENCODINGS,
    FEATURES,
    PRESETS,
    TEACHERS,
    QuantumLayer,
    StudentSpec,
)
from jqkd.models.layers import count_parameters
from tests.quantum.dense import simulate

pytestmark = pytest.mark.quick

CLASSES = 4


def pictures(shape: tuple[int, ...], number: int = 3) -> np.ndarray:
    return np.random.default_rng(0).uniform(size=(number, *shape))


def test_grids_that_are_no_squares():
    """8x8 for 7 qubits: 8x16; a row of 40 in 64: pairs."""
    x = pictures((8, 8))
    got = FEATURES.build("grid").build((8, 8), 128, rngs=nnx.Rngs(0))(x)
    want = np.pad(x, [(0, 0), (0, 0), (4, 4)]).reshape(3, -1)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-6)
    x = pictures((40,))
    got = FEATURES.build("grid").build((40,), 32, rngs=nnx.Rngs(0))(x)
    want = np.pad(x, [(0, 0), (12, 12)]).reshape(3, 32, 2).mean(-1)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-6)
    with pytest.raises(InputError, match="`features` must be read by an encoding of 2"):
        StudentSpec(3, "grid", "angle").build(rngs=nnx.Rngs(0))


@pytest.mark.parametrize("ansatz", ["layered:layers=3", "layered:layers=2,axes=Y,entangler=chain"])
def test_pure_against_dense_matrices(ansatz):
    """Pixels over their norm, layers, probabilities of two qubits, times the scale."""
    spec = PRESETS["pure"].spec(4, ansatz=ansatz, readout="register:bits=2,scale=5")
    student, x = spec.build(rngs=nnx.Rngs(1), image_shape=(4, 4)), pictures((4, 4))
    states = x.reshape(3, 16) / np.linalg.norm(x.reshape(3, 16), axis=1, keepdims=True)
    circuit, weights = spec.ansatz.circuit(4), np.asarray(student.weights[...])
    finals = np.array([simulate(circuit, weights, state) for state in states])
    shares = (np.abs(finals) ** 2).reshape(3, 4, 4).sum(1)
    made = student.forward(jnp.asarray(x, jnp.float32), classes=CLASSES)
    np.testing.assert_allclose(made.logits, 5 * shares, rtol=0, atol=2e-6)
    # The whole circuit, gates that prepare the state among it, is the same student.
    whole = np.array([simulate(spec.circuit, angles) for angles in made.angles])
    logits = student.logits(jnp.asarray(np.abs(whole) ** 2, jnp.float32), CLASSES)
    np.testing.assert_allclose(logits, made.logits, rtol=0, atol=2e-5)


def test_one_classical_weight():
    """All others are angles; z has two a class that it can tell."""
    for readout, more in (("register", 1), ("z", 2 * 8)):
        spec = PRESETS["pure"].spec(4, readout=readout)
        student = spec.build(rngs=nnx.Rngs(0))
        assert count_parameters(student) - 3 * 4 * 4 == more
        assert spec.starts_prepared


@pytest.mark.parametrize("gradient", ["autodiff", "two-term"])
def test_gradients_from_the_state_and_through_its_gates(gradient):
    spec = PRESETS["pure"].spec(4, ansatz="layered:layers=2", gradient=gradient)
    student, x = spec.build(rngs=nnx.Rngs(2), image_shape=(4, 4)), pictures((4, 4))
    graph, state = nnx.split(student)
    whole = QuantumLayer(spec.circuit, wires=spec.readout.wires(4))

    def from_states(state):
        return (nnx.merge(graph, state)(jnp.asarray(x, jnp.float32), classes=4)[:, :4] ** 2).sum()

    def by_gates(weights):
        data = spec.encoding.data(jnp.asarray(x.reshape(3, -1), jnp.float32))
        shares = whole(spec.circuit.fill(data, weights))
        return (student.readout(shares, 4)[:, :4] ** 2).sum()

    got = jax.jit(jax.grad(from_states))(state)["weights"][...]
    want = jax.jit(jax.grad(by_gates))(student.weights[...])
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-4)
    assert np.abs(want).max() > 1


def test_trained_features_are_reached_through_the_state():
    """By autodiff from the state, as by autodiff through the gates that prepare it."""
    parts = {"features": "dense", "ansatz": "layered:layers=1"}
    spec, x = PRESETS["pure"].spec(3, **parts), jnp.asarray(pictures((4, 4)), jnp.float32)
    assert spec.starts_prepared
    assert not PRESETS["pure"].spec(3, **parts, gradient="two-term").starts_prepared
    student = spec.build(rngs=nnx.Rngs(5), image_shape=(4, 4))
    through = nnx.clone(student)
    through.prepare, through.layer = None, QuantumLayer(spec.circuit, rule=None, wires=(0, 1, 2))

    def slopes(model):
        loss = lambda model: (model(x, classes=8)[:, :8] ** 2).sum()  # noqa: E731
        return nnx.grad(loss)(model)["features"]["dense"]["kernel"][...]

    want = slopes(through)
    np.testing.assert_allclose(slopes(student), want, rtol=0, atol=1e-3 * np.abs(want).max())
    assert np.abs(want).max() > 0.1


def test_rotations_about_axes_in_turn():
    circuit = ENCODINGS.build("angle:axis=XYZX,features=16,hadamard=false").circuit(4)
    assert [op.name for op in circuit.ops[::4]] == ["RX", "RY", "RZ", "RX"]
    assert [op.wires for op in circuit.ops[:5]] == [(0,), (1,), (2,), (3,), (0,)]
    with pytest.raises(InputError, match="`axis` must be one or more of the letters X, Y, Z"):
        ENCODINGS.build("angle:axis=XQ")


def test_a_quantum_teacher_is_the_student_of_the_same_parts():
    teacher = TEACHERS.build("pure:qubits=4,layers=2")
    network = teacher.build((4, 4), 3, rngs=nnx.Rngs(2))
    student = (
        PRESETS["pure"]
        .spec(4, ansatz="layered:layers=2")
        .build(rngs=nnx.Rngs(2), image_shape=(4, 4))
    )
    x = jnp.asarray(pictures((4, 4)), jnp.float32)
    np.testing.assert_array_equal(network(x), student(x, classes=3)[:, :3])
    with pytest.raises(InputError, match="`num_classes` must be at most 4, as many as"):
        TEACHERS.build("pure:qubits=2").build((4, 4), 5, rngs=nnx.Rngs(0))


def test_shared_frozen_and_uploaded_again():
    shared = ANSATZE.build("layered:layers=3,shared=true,entangler=none")
    circuit = shared.circuit(5)
    assert circuit.num_weights == 9 and circuit.num_angles == 45
    frozen = ANSATZE.build("layered:layers=2,frozen=7")
    assert frozen.circuit(3) == frozen.circuit(3) and not frozen.circuit(3).num_angles
    assert frozen.circuit(3) != ANSATZE.build("layered:layers=2,frozen=8").circuit(3)
    spec = StudentSpec(2, "pca", "angle:hadamard=false", "reuploading:layers=2,axes=Z", "register")
    assert not spec.starts_prepared and (spec.circuit.num_data, spec.circuit.num_weights) == (2, 4)
    names = [op.name for op in spec.circuit.ops]
    assert names == ["RY", "RY", "RZ", "RZ", "CZ"] * 2
    filled = spec.circuit.fill(jnp.array([0.1, 0.2]), jnp.arange(4.0))
    np.testing.assert_allclose(filled, [0.1, 0.2, 0, 1, 0.1, 0.2, 2, 3], rtol=0, atol=1e-6)


def test_initial_angles_are_small():
    weights = np.asarray(ANSATZE.build("layered:spread=0.2").initial(jax.random.key(0), 10_000))
    assert abs(weights.std() - 0.2) < 5 * 0.2 / np.sqrt(2 * 10_000)
    assert abs(weights.mean()) < 5 * 0.2 / 100


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("layered:axes=XW", "`axes` must be one or more of the letters X, Y, Z, but 'XW'"),
        ("layered:entangler=star", "`entangler` must be one of ring, chain, none, but 'star'"),
        ("layered:layers=0", "`layers` must be an integer from 1 to 1000, but 0"),
        ("layered:spread=-1", "`spread` must be a finite number of 0 or more, but -1.0"),
    ],
)
def test_bad_options(text, message):
    with pytest.raises(InputError, match=message):
        ANSATZE.build(text)


X = pictures((4, 4))
UNIT = X.reshape(3, 16) / np.linalg.norm(X.reshape(3, 16), axis=1, keepdims=True)


def weights_of(layer) -> list[np.ndarray]:
    return [np.asarray(leaf, float) for leaf in jax.tree.leaves(nnx.state(layer, nnx.Param))]


TWINS = {
    "linear-map": lambda b, w: softmax(UNIT @ w + b, -1),
    "squared-map": lambda w: (UNIT @ w) ** 2 / ((UNIT @ w) ** 2).sum(-1, keepdims=True),
    "mlp:hidden=3": lambda b, w, c, v: softmax(np.tanh(UNIT @ w + b) @ v + c, -1),
}


@pytest.mark.parametrize("twin", TWINS)
def test_twins_against_numpy(twin):
    """They read what the circuit's encoding prepares, and are read as it is."""
    spec = PRESETS["pure"].spec(4, readout="register:bits=2,scale=5", stand_in=twin)
    student = spec.build(rngs=nnx.Rngs(3), image_shape=(4, 4))
    made = student.forward(jnp.asarray(X, jnp.float32), classes=3)
    want = TWINS[twin](*weights_of(student.layer))
    np.testing.assert_allclose(made.frequencies, want, rtol=0, atol=1e-6)
    np.testing.assert_allclose(made.logits[:, :3], 5 * want[:, :3], rtol=0, atol=1e-5)


def test_an_mlp_of_as_many_weights():
    """Of 6 qubits, 40 layers: 720 angles; 9 hidden units on 64 amplitudes for 16 outcomes: 736."""
    spec = PRESETS["pure"].spec(6, ansatz="layered:layers=40", stand_in="mlp")
    student = spec.build(rngs=nnx.Rngs(0), image_shape=(8, 8))
    assert count_parameters(student) - 1 == 9 * 65 + 10 * 16 == 745


def test_twins_need_amplitudes():
    with pytest.raises(InputError, match="`stand_in` must be left out where the encoding prepares"):
        StudentSpec(3, "pca", "angle", stand_in="linear-map")
