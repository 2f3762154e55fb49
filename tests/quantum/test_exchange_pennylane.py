"""Circuits from PennyLane, operation by operation, against its own probabilities."""

from __future__ import annotations

import math

import jax
import numpy as np
import pytest

from jqkd.quantum import Circuit, Op, data, weight
from tests.edges.wrong import check_refused
from tests.quantum.test_exchange import ours, values

qml = pytest.importorskip("pennylane", reason='PennyLane is in "jqkd[pennylane]"')


def reversed_bits(probabilities: np.ndarray) -> np.ndarray:
    """PennyLane's order of outcomes, wire 0 first, as ours, and back."""
    qubits = len(probabilities).bit_length() - 1
    return probabilities.reshape((2,) * qubits).T.reshape(-1)


def mixed(x, w, phi=0.3):
    """Asymmetric: templates, shared and affine angles, gates that are decomposed."""
    qml.AngleEmbedding(x, wires=range(3), rotation="Y")
    qml.StronglyEntanglingLayers(w, wires=range(3))
    qml.RX(2 * x[0] + np.pi / 2, wires=0)
    qml.Barrier(wires=[0, 1])
    qml.adjoint(qml.RY)(x[1] * w[0, 0, 1], wires=1)
    qml.ctrl(qml.RX(x[2], wires=1), control=0)
    qml.CRot(x[0], -x[1], phi, wires=[2, 0])
    qml.adjoint(qml.S(wires=0))
    qml.adjoint(qml.SX(wires=2))
    qml.Toffoli(wires=[0, 2, 1])
    qml.ISWAP(wires=[2, 0])
    qml.PauliRot(x[1], "XYZ", wires=[2, 0, 1])
    qml.U3(x[0], 0.2, w[1, 0, 0] / 3, wires=1)
    qml.IQPEmbedding(x, wires=range(3))
    qml.BasisState(np.array([1, 0]), wires=[0, 2])
    qml.QubitUnitary(qml.matrix(qml.Rot(0.1, 0.2, 0.3, wires=0)), wires=1)
    qml.GlobalPhase(0.4)
    return qml.probs(wires=range(3))


SHAPES = {"data": {"x": 3}, "weights": {"w": (2, 3, 3)}}


@pytest.mark.parametrize("is_node", [True, False])
def test_an_asymmetric_circuit_has_pennylanes_probabilities(is_node):
    node = qml.QNode(mixed, qml.device("default.qubit", wires=3))
    circuit = Circuit.from_pennylane(node if is_node else mixed, **SHAPES)
    assert (circuit.num_qubits, circuit.num_data, circuit.num_weights) == (3, 3, 18)
    x, w = values(3), values(18, 1)
    want = reversed_bits(node(x, w.reshape(2, 3, 3)))
    assert abs(want - reversed_bits(want)).max() > 0.01
    for same in (circuit, circuit.shiftable()):
        np.testing.assert_allclose(ours(same, x, w), want, atol=1e-12)


def test_a_tape_keeps_the_numbers_that_are_not_named():
    with qml.tape.QuantumTape() as tape:
        for wire, angle in enumerate((0.1, 0.2, 0.3)):
            qml.RY(angle, wires=wire)
        qml.Rot(0.4, 0.5, 0.6, wires=1)
        qml.CNOT(wires=[2, 0])
        qml.expval(qml.Z(0))
    circuit = Circuit.from_pennylane(tape, data=[2, 0], weights=[4])
    kept = [(op.fixed, [str(slot) for slot in op.filled or ()]) for op in circuit.ops]
    assert kept[:6] == [
        (None, ["x1"]),
        ((0.2,), []),
        (None, ["x0"]),
        ((0.4,), []),
        (None, ["w0"]),
        ((0.6,), []),
    ]
    assert Circuit.from_pennylane(tape).num_data == 6
    assert Circuit.from_pennylane(tape, weights=range(3)).num_data == 3


def test_wires_are_numbered_as_on_the_device():
    @qml.qnode(qml.device("default.qubit", wires=["b", "a", 2]))
    def circuit(x):
        qml.RX(x, wires="a")
        qml.CNOT(wires=["a", "b"])
        return qml.probs()

    ops = (Op("RX", (1,), filled=data(0)), Op("CX", (1, 0)))
    assert Circuit.from_pennylane(circuit, data={"x": ()}) == Circuit(3, ops)

    def numbers(x):
        qml.RX(x[1], wires=5)
        qml.RY(x[0], wires=2)

    ops = (Op("RX", (1,), filled=data(1)), Op("RY", (0,), filled=data(0)))
    assert Circuit.from_pennylane(numbers, data={"x": 2}) == Circuit(2, ops)


def test_arguments_are_numbered_one_after_the_other():
    def circuit(x, phi, y):
        qml.U3(phi, y[1, 0], x[1], wires=0)

    shapes = {"x": 2, "phi": (), "y": (2, 1)}
    same = Circuit(1, (Op("U3", (0,), filled=data(2, 4, 1)),))
    assert Circuit.from_pennylane(circuit, data=shapes) == same


def test_what_we_hand_to_pennylane_is_differentiable_and_batched():
    circuit = Circuit(2, (Op("RY", (0,), filled=(2 * data(0)[0],)), Op("CX", (0, 1))))
    circuit = circuit.then((Op("RX", (1,), filled=weight(0)),))
    apply = circuit.to_pennylane()

    @qml.qnode(qml.device("default.qubit", wires=2))
    def one(x, w):
        apply(x, w)
        return qml.expval(qml.Z(1))

    # <Z> of wire 1 is cos(2 x) cos(w).
    x, w = jax.numpy.array([[0.3], [0.4]]), jax.numpy.array([0.5])
    want = np.cos(2 * x[:, 0]) * math.cos(0.5)
    np.testing.assert_allclose(one(x, w), want, atol=1e-6)
    slope = jax.grad(lambda x: one(x, w))(x[0])
    np.testing.assert_allclose(slope, -2 * np.sin(2 * x[0]) * math.cos(0.5), atol=1e-6)


def function(*lines):
    """A function of x that does some things one after the other."""

    def circuit(x):
        for line in lines:
            line(x)

    return circuit


def middle(x):
    qml.cond(qml.measure(0), qml.X)(1)


SCALAR = {"data": {"x": ()}}
WRONG = {
    "no circuit": (lambda: Circuit.from_pennylane(3), "`circuit` .*QNode or function, or a tape"),
    "no shapes": (lambda: Circuit.from_pennylane(mixed, data="x"), "`data` .*shapes by name"),
    "an argument left out": (lambda: Circuit.from_pennylane(mixed, data={"x": 3}), "`data` .*'w'"),
    "another argument": (
        lambda: Circuit.from_pennylane(mixed, data={"y": 3, "w": (2, 3, 3)}),
        "`data` .*'x'",
    ),
    "an argument twice": (
        lambda: Circuit.from_pennylane(mixed, data={"x": 3}, weights={"x": 3}),
        "`weights` .*no argument that is in `data`, but 'x'",
    ),
    "a shape of 0": (lambda: Circuit.from_pennylane(mixed, data={"x": 0}), "`data` .*integer of"),
    "a measurement": (
        lambda: Circuit.from_pennylane(function(lambda x: qml.RX(x, 0), middle), **SCALAR),
        "`circuit` .*MidMeasure.* was given; measure at the end only",
    ),
    "a channel": (
        lambda: Circuit.from_pennylane(function(lambda x: qml.BitFlip(0.1, wires=0)), **SCALAR),
        "`circuit` .*the operation BitFlip was given; decompose",
    ),
    "a sine": (
        lambda: Circuit.from_pennylane(function(lambda x: qml.RX(np.sin(x), 0)), **SCALAR),
        "`circuit` .*sums and products",
    ),
    "a root": (
        lambda: Circuit.from_pennylane(function(lambda x: qml.RX(x**0.5, 0)), **SCALAR),
        "`power` .*integer from 1 to 16",
    ),
    "JAX's sine": (
        lambda: Circuit.from_pennylane(function(lambda x: qml.RX(jax.numpy.sin(x), 0)), **SCALAR),
        "`circuit` .*sums and products",
    ),
    "an array an angle": (
        lambda: Circuit.from_pennylane(function(lambda x: qml.RX(x, 0)), data={"x": 2}),
        "`circuit` .*one number an angle, but RX with a batch",
    ),
    "nothing at all": (lambda: Circuit.from_pennylane(lambda: None), "`circuit` .*one wire"),
    "transforms": (
        lambda: Circuit.from_pennylane(
            qml.compile(qml.QNode(mixed, qml.device("default.qubit"))), **SHAPES
        ),
        "`circuit` .*QNode without transforms",
    ),
    "a tape's parameter": (
        lambda: Circuit.from_pennylane(qml.tape.QuantumScript([qml.RX(0.1, 0)]), data=[1]),
        "`data` .*integer from 0 to 0, but 1",
    ),
    "a tape's names": (
        lambda: Circuit.from_pennylane(qml.tape.QuantumScript([qml.RX(0.1, 0)]), data="x"),
        "`data` .*numbers of the tape's parameters",
    ),
    "a state": (
        lambda: Circuit.from_pennylane(
            function(lambda x: qml.AmplitudeEmbedding(x, wires=0)), data={"x": 2}
        ),
        "`circuit` ",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls(name):
    check_refused(*WRONG[name])
