"""Circuits written in Qiskit and PennyLane: imported, trained as students; what they compute."""

from __future__ import annotations

import json

import jax
import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import Statevector

import jqkd
from jqkd._checks import InputError
from jqkd.cli.experiments import _parts
from jqkd.common.files import DamagedFile
from jqkd.data import load, student_splits
from jqkd.models import ANSATZE, QuantumLayer, StudentSpec, imported
from jqkd.quantum import Circuit, Op, data, weight
from jqkd.training.config import StudentConfig
from jqkd.training.recipes import Output
from jqkd.training.student_task import student_model
from jqkd.training.students import Block, train_students

qml = pytest.importorskip("pennylane", reason='PennyLane is in "jqkd[pennylane]"')
pytestmark = pytest.mark.quick

QUBITS = 5
X, W = ParameterVector("x", QUBITS), ParameterVector("w", 2 * QUBITS)


def written_in_qiskit() -> QuantumCircuit:
    """The data twice, the second time scaled, shifted and shared; rotations, a ring, a CRZ."""
    made = QuantumCircuit(QUBITS)
    for layer in range(2):
        for k in range(QUBITS):
            made.ry((1 + layer) * X[k] + layer * np.pi / 3, k)
            made.rz(W[layer * QUBITS + k] - X[(k + 1) % QUBITS] / 2, k)
            made.sx(k)
        for k in range(QUBITS - 1):
            made.cx(k, k + 1)
    made.crz(W[0], 4, 1)
    made.ry(W[7], 3)
    return made


def written_in_pennylane(x, w):
    """Ten numbers, two a qubit and twice each, and entangling layers between them."""
    for layer in range(2):
        qml.AngleEmbedding(x[:QUBITS], wires=range(QUBITS), rotation="Y")
        qml.AngleEmbedding(2 * x[QUBITS:], wires=range(QUBITS), rotation="X")
        qml.StronglyEntanglingLayers(w[layer : layer + 1], wires=range(QUBITS))
    return qml.probs(wires=range(QUBITS))


SHAPES = {"data": {"x": 2 * QUBITS}, "weights": {"w": (2, QUBITS, 3)}}


def qiskits(x, w) -> np.ndarray:
    bound = written_in_qiskit().assign_parameters({X: x, W: w})
    return Statevector(bound).probabilities()


def pennylanes(x, w) -> np.ndarray:
    """In our order: wire 0 is the lowest bit."""
    node = qml.QNode(written_in_pennylane, qml.device("default.qubit", wires=QUBITS))
    return node(x, w.reshape(2, QUBITS, 3)).reshape((2,) * QUBITS).T.reshape(-1)


CIRCUITS = {
    "qiskit": (written_in_qiskit(), {"data": X, "weights": W}, qiskits),
    "pennylane": (
        qml.QNode(written_in_pennylane, qml.device("default.qubit", wires=QUBITS)),
        SHAPES,
        pennylanes,
    ),
}


@pytest.mark.parametrize("name", CIRCUITS)
def test_100_random_angle_vectors_give_their_own_probabilities(name):
    """In float32, as students are trained, against complex128."""
    foreign, names, reference = CIRCUITS[name]
    layer = QuantumLayer(foreign, **names)
    random = np.random.default_rng(4)
    x = random.uniform(-np.pi, np.pi, (100, layer.circuit.num_data)).astype(np.float32)
    w = random.uniform(-np.pi, np.pi, layer.circuit.num_weights).astype(np.float32)
    got = jax.jit(lambda x, w: layer(layer.circuit.fill(x, w)))(x, w)
    want = np.stack([reference(row, w) for row in x.astype(float)])
    assert abs(want - want[:, ::-1]).max() > 0.1
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-6)


@pytest.fixture(scope="module")
def titles():
    return {n: jqkd.import_circuit(n, c, **names) for n, (c, names, _) in CIRCUITS.items()}


@pytest.fixture(scope="module")
def splits():
    return student_splits(load("digits"), (0, 1), per_class=20)


@pytest.mark.parametrize("name", CIRCUITS)
def test_they_learn_from_a_teacher_as_students(name, titles, splits):
    """By the shift rule from shots, alone and distilled; then they compute what they are."""
    features = ",features=10" if name == "pennylane" else ""
    config = StudentConfig(
        "digits", "0-1", QUBITS, "robust", ansatz=name, features="dense",
        encoding="angle:turn=0.25" + features, shots=200, epochs=20, batch_size=10, per_class=20,
        augmentation="none", learning_rate=0.05, evaluate_every=20,
    )  # fmt: skip
    assert config.ansatz == titles[name] and config.spec.texts["ansatz"] == titles[name]
    # The whole circuit is the user's, from gates that the shift rule fits.
    foreign, names, _ = CIRCUITS[name]
    assert config.spec.circuit == QuantumLayer(foreign, **names).circuit
    teacher = Output(8 * np.eye(2, dtype=np.float32)[splits.train.labels])
    curves, block = train_students(config, splits, [0], teacher=teacher)
    # The distilled one: of 100 images, more than 80 are right by chance with 1e-10.
    assert len(curves.runs) == 2 and curves.test_accuracy[1] > 0.8
    after = jax.tree.map(lambda leaf: leaf[1], block.state.params)
    before = Block(config, splits, block.runs[:1], None).state.params["weights"][0]
    assert abs(after["weights"] - before).min() > 0
    student = student_model(config.spec, config.image_shape).module(after)
    images = splits.test.images[:3]
    x = config.spec.encoding.data(student.encoded(images).features)
    shares = student.forward(images).frequencies
    want = [CIRCUITS[name][2](row, np.asarray(after["weights"], float)) for row in np.asarray(x)]
    np.testing.assert_allclose(shares, want, rtol=0, atol=1e-6)


def test_weights_alone_follow_the_encoding(titles):
    ring = Circuit(2, (Op("RXX", (0, 1), filled=weight(0)), Op("CRY", (1, 0), filled=weight(0))))
    title = jqkd.import_circuit("two-weights", ring)
    spec = StudentSpec(2, encoding="amplitude", ansatz="two-weights")
    encoding = spec.encoding.circuit(2)
    assert spec.circuit == encoding.then(ring.shiftable())
    assert spec.texts["ansatz"] == title and ANSATZE.text(ANSATZE.build(title)) == title
    # The same contents have the same title; what is unnamed is data.
    assert jqkd.import_circuit("two-weights", ring.shiftable()) == title
    unnamed = jqkd.import_circuit("plain", Circuit(2, (Op("RY", (0,)), Op("RX", (1,)))))
    assert StudentSpec(2, ansatz=unnamed).circuit.num_data == 2


def test_whatever_it_is_written_as_it_is_the_same_circuit():
    class Named(QuantumCircuit):
        """Somebody's own class."""

    made = Named(QUBITS)
    made.compose(written_in_qiskit(), inplace=True)
    names = {"data": "x", "weights": "w"}
    want = QuantumLayer(written_in_qiskit(), **names).circuit
    for same in (made, Circuit.from_qiskit(made, **names).to_qasm()):
        assert QuantumLayer(same, **names).circuit == want
    node = QuantumLayer(CIRCUITS["pennylane"][0], **SHAPES).circuit
    assert QuantumLayer(written_in_pennylane, **SHAPES).circuit == node


def test_it_is_listed_among_the_ansatze(titles):
    assert set(titles.values()) <= {row[0] for row in _parts(ANSATZE)}


def test_a_circuit_that_does_not_fit_is_one_sentence(titles):
    fits = f"with ansatz {titles['qiskit']}, a circuit of so many, but 3 was given"
    for wrong, words in (
        (lambda: StudentSpec(3, ansatz="qiskit"), f"`qubits` must be 5 {fits}"),
        (lambda: StudentSpec(5, encoding="amplitude", ansatz="qiskit"), "`encoding` .*only scale"),
        (lambda: StudentSpec(5, ansatz="pennylane"), "`encoding` .*use angle:features=10"),
        (
            lambda: StudentSpec(5, ansatz="qiskit:layers=2"),
            "`ansatz` .*no options|`ansatz` .*one of",
        ),
        (lambda: jqkd.import_circuit("qiskit", Circuit(2)), "`name` must be new, as qiskit@"),
        (lambda: jqkd.import_circuit("entangling", Circuit(2)), "`name` .*no ansatz of jqkd"),
        (lambda: jqkd.import_circuit("../up", Circuit(2)), "`name` must be letters"),
        (lambda: jqkd.import_circuit("wide", Circuit(11)), "`circuit` must be at most 10"),
        (
            lambda: jqkd.import_circuit("none at all", None),
            "`circuit` must be a Circuit, one of Qiskit",
        ),
        (lambda: jqkd.import_circuit("c", Circuit(1), data="x"), "`data` must be None where"),
        (
            lambda: jqkd.import_circuit(
                "half", Circuit(1, (Op("RY", (0,)), Op("RY", (0,), filled=data(0))))
            ),
            "name each of its angle slots",
        ),
        (lambda: QuantumLayer(QuantumCircuit(1, 1), shots=0), "`shots`"),
        (lambda: QuantumLayer(written_in_qiskit(), data="y"), "`data` must name parameters"),
        (lambda: QuantumLayer(written_in_qiskit())(np.zeros((2, 5))), "fill.data, weights. makes"),
    ):
        with pytest.raises(InputError, match=words) as caught:
            wrong()
        assert "\n" not in str(caught.value)


def test_what_was_changed_on_the_shelf_is_not_run(titles):
    path = ANSATZE.shelf.folder / f"{titles['qiskit']}.json"
    kept = path.read_text()
    content = json.loads(kept)
    content["facts"]["circuit"]["ops"][0][0] = "RX"
    path.write_text(json.dumps(content))
    imported._read.cache_clear()
    try:
        with pytest.raises(DamagedFile, match="its contents are others"):
            ANSATZE.build("qiskit").circuit(QUBITS)
    finally:
        path.write_text(kept)
