"""Students: counts, both presets' forward pass against NumPy, parts that can be replaced."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jqkd._checks import InputError
from jqkd.models import (
    GRADIENTS,
    PRESETS,
    QuantumLayer,
    Student,
    StudentSpec,
    build_student,
    count_parameters,
)
from jqkd.models.encodings import Angle
from jqkd.models.features import ConvFeatures, DenseFeatures
from jqkd.models.readouts import Softmax
from jqkd.quantum import NOTEBOOK_RULE, TWO_TERM_RULE, hardware_efficient
from tests.models import reference
from tests.models.test_readouts import LOGITS
from tests.quantum.dense import Y, rotation, simulate

pytestmark = pytest.mark.quick

H = np.array([[1, 1], [1, -1]]) / np.sqrt(2)


def pictures(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, 28, 28))


def on_every_qubit(gates: list[np.ndarray]) -> np.ndarray:
    """Kronecker product with qubit 0 as the lowest bit."""
    whole = np.eye(1)
    for gate in gates:
        whole = np.kron(gate, whole)
    return whole


@pytest.mark.parametrize(
    ("preset", "qubits", "count"),
    [
        ("paper-code", 3, 21_483),
        ("paper-code", 4, 21_534),
        ("paper-text", 3, 785 * 8 + 3),
        ("paper-text", 4, 785 * 16 + 4),
    ],
)
def test_parameter_counts(preset, qubits, count):
    shapes = nnx.eval_shape(lambda: build_student(preset, qubits, rngs=nnx.Rngs(0)))
    assert count_parameters(shapes) == count


def test_conv_features_against_scipy():
    model, x = ConvFeatures(4, rngs=nnx.Rngs(1)), pictures(3)
    wanted = [reference.conv_features(model, image) for image in x]
    np.testing.assert_allclose(
        jax.jit(model)(jnp.asarray(x, jnp.float32)), wanted, rtol=0, atol=1e-5
    )


def test_conv_features_drop_channels_then_units():
    """The reference with the same masks: whole channels after conv2, units after dense1."""
    model, x, key = ConvFeatures(4, rngs=nnx.Rngs(2)), pictures(1), jax.random.key(3)
    first, second = jax.random.split(key)
    channels = 2.0 * np.asarray(jax.random.bernoulli(first, 0.5, (1, 1, 1, 20)))[0]
    units = 2.0 * np.asarray(jax.random.bernoulli(second, 0.5, (1, 50)))[0]
    relu, pool, conv, dense = reference.relu, reference.pool, reference.conv, reference.dense
    y = relu(pool(conv(model.conv1, x[0][..., None]), np.max))
    y = relu(pool(channels * conv(model.conv2, y), np.max)).reshape(-1)
    wanted = dense(model.dense2, units * relu(dense(model.dense1, y)))
    got = jax.jit(model)(jnp.asarray(x, jnp.float32), key)[0]
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-5)


def test_dense_features_and_angle_encoding():
    model, x = DenseFeatures(8, rngs=nnx.Rngs(4)), pictures(2)
    wanted = reference.dense(model.dense, x.reshape(2, -1))
    images = jnp.asarray(x, jnp.float32)
    np.testing.assert_allclose(model(images), wanted, rtol=0, atol=1e-5)
    np.testing.assert_array_equal(model(images, jax.random.key(0)), model(images))
    angles = Angle(turn=0.5).data(jnp.array([[-9.0, 0.0, 0.5]]))
    np.testing.assert_allclose(angles, np.pi / 2 * np.tanh([[-9.0, 0.0, 0.5]]), atol=1e-6)


@pytest.mark.parametrize("qubits", [3, 4])
@pytest.mark.parametrize("readout", ["concat-sigmoid", "softmax"])
def test_paper_code_against_the_closed_form(qubits, readout):
    """P(c) is a product over qubits of (1 ± sin theta_k) / 2 (H, then RY, qubit 0 lowest)."""
    student = PRESETS["paper-code"].spec(qubits, readout=readout).build(rngs=nnx.Rngs(5))
    x = pictures(2)
    features = np.array([reference.conv_features(student.features, image) for image in x])
    sine = np.sin(np.pi * np.tanh(features))
    bits = np.arange(2**qubits)[:, None] >> np.arange(qubits) & 1
    wanted = ((1 + np.where(bits, 1, -1) * sine[:, None]) / 2).prod(-1)
    got = jax.jit(student)(jnp.asarray(x, jnp.float32))
    np.testing.assert_allclose(got, LOGITS[readout](wanted), rtol=0, atol=1e-5)


@pytest.mark.parametrize("qubits", [2, 3, 4])
def test_paper_text_against_dense_matrices(qubits):
    """Amplitudes tanh(f) / |tanh(f)|, then H and RY on 3 qubits, RY alone on 4 (fig. 5)."""
    student, x = build_student("paper-text", qubits, rngs=nnx.Rngs(6)), pictures(3)
    amplitudes = np.tanh(reference.dense(student.features.dense, x.reshape(3, -1)))
    amplitudes /= np.linalg.norm(amplitudes, axis=-1, keepdims=True)
    turns = [rotation(Y)(t) for t in np.asarray(student.weights[...], float)]
    hadamards = np.eye(2**qubits) if qubits == 4 else on_every_qubit([H] * qubits)
    state = amplitudes @ (on_every_qubit(turns) @ hadamards).T
    wanted = LOGITS["log-probability"](np.abs(state) ** 2)
    got = jax.jit(student)(jnp.asarray(x, jnp.float32))
    np.testing.assert_allclose(np.exp(got), np.exp(wanted), rtol=0, atol=2e-6)


def test_initial_weights_differ():
    spec = StudentSpec(10, "dense", "amplitude", "paper")
    first, second = (spec.build(rngs=nnx.Rngs(seed)).weights[...] for seed in (0, 1))
    assert np.abs(first).max() <= np.pi and len(np.unique([*first, *second])) == 20


def test_presets():
    assert list(PRESETS) == ["paper-code", "paper-text", "robust", "pure"]
    rules = {
        "paper-code": NOTEBOOK_RULE,
        "paper-text": TWO_TERM_RULE,
        "robust": TWO_TERM_RULE,
        "pure": None,
    }
    for name, preset in PRESETS.items():
        spec, student = preset.spec(3), build_student(name, 3, rngs=nnx.Rngs(0))
        assert student.layer.rule == GRADIENTS[spec.gradient] == rules[name]
        assert student.circuit == spec.circuit and student.layer.shots is None
        assert spec.texts == {k: v for k, v in preset.parts.items() if k != "gradient"}


def test_all_parts_can_be_replaced():
    """A user's extractor and ansatz in the student, against the dense simulator."""
    circuit = hardware_efficient(2)
    mean = lambda images, key: images.reshape(len(images), 4, -1).mean(-1)  # noqa: E731
    student = Student(mean, lambda f: 3 * f, QuantumLayer(circuit), Softmax())
    x = pictures(3)
    angles = 3 * x.reshape(3, 4, -1).mean(-1)
    wanted = LOGITS["softmax"](np.array([np.abs(simulate(circuit, a)) ** 2 for a in angles]))
    images = jnp.asarray(x, jnp.float32)
    made = student.forward(images)
    np.testing.assert_allclose(made.logits, wanted, rtol=0, atol=1e-6)
    np.testing.assert_allclose(made.angles, angles, rtol=0, atol=1e-5)
    assert made.hidden is None


def test_dropout_and_shots_have_keys_of_their_own():
    student = build_student("paper-code", 3, rngs=nnx.Rngs(7))
    x, ids, key = jnp.asarray(pictures(2), jnp.float32), jnp.array([4, 5]), jax.random.key(8)
    angles_of = jax.jit(lambda x, key: student.encoded(x, key).angles)
    angles = angles_of(x, None)
    assert (angles_of(x, key) != angles).any()
    shot = jax.jit(lambda key: student(x, shots=50, key=key, ids=ids))
    sampled = jax.jit(lambda angles: student.layer(angles, shots=50, key=key, ids=ids))
    np.testing.assert_allclose(student.logits(sampled(angles)), shot(key), rtol=0, atol=1e-6)
    assert (shot(key) != shot(jax.random.key(9))).any()


def test_bad_input():
    rngs = nnx.Rngs(0)
    with pytest.raises(
        InputError, match="`preset` must be one of paper-code, paper-text, robust.*but 'p'"
    ):
        build_student("p", 3, rngs=rngs)
    with pytest.raises(InputError, match="`num_qubits` must be an integer of at least 1, but 0 "):
        build_student("paper-code", 0, rngs=rngs)
    with pytest.raises(InputError, match="`num_qubits` must be at most 10: .*but 11 was given"):
        build_student("paper-text", 11, rngs=rngs)
    with pytest.raises(InputError, match="`readout` must be one of concat-sigmoid"):
        StudentSpec(3, readout="linear")


def test_a_preset_without_dropout_is_the_same_in_training():
    """No dropout anywhere: neither of channels nor of hidden units."""
    student = build_student("robust", 3, rngs=nnx.Rngs(0))
    x = jnp.asarray(np.random.default_rng(0).random((4, 28, 28)), jnp.float32)
    quiet, dropped = student(x), student(x, dropout_key=jax.random.key(1))
    np.testing.assert_array_equal(quiet, dropped)
    paper = build_student("paper-code", 3, rngs=nnx.Rngs(0))
    assert (paper(x) != paper(x, dropout_key=jax.random.key(1))).any()
