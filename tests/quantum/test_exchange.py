"""Circuits from and for Qiskit, PennyLane and OpenQASM; what cannot be had is refused by name."""

from __future__ import annotations

import math
import sys

import jax
import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import (
    efficient_su2,
    get_standard_gate_name_mapping,
    n_local,
    real_amplitudes,
    zz_feature_map,
)
from qiskit.quantum_info import Operator, Statevector

from jqkd._checks import InputError
from jqkd.crosscheck import save_picture
from jqkd.quantum import (
    GATES,
    Circuit,
    Op,
    data,
    h_ry,
    hardware_efficient,
    probabilities,
    run,
    weight,
)
from jqkd.quantum.exchange import packages
from jqkd.quantum.exchange.qasm import from_qasm, to_qasm
from jqkd.quantum.exchange.qiskit import from_qiskit, to_qiskit
from jqkd.quantum.measurement import flat
from tests.edges.wrong import check_refused

qml = pytest.importorskip("pennylane", reason='PennyLane is in "jqkd[pennylane]"')

EVERY = Circuit(
    3,
    tuple(
        Op(name, tuple((i + k) % 3 for k in range(gate.num_wires)))
        for i, (name, gate) in enumerate(GATES.items())
    ),
)
ANGLES = np.random.default_rng(3).uniform(-3, 3, EVERY.num_angles)
X, W = ParameterVector("x", 3), ParameterVector("w", 2)
(x0,), (x1,), (w0,) = data(0), data(1), weight(0)


def values(number: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-3, 3, number)


def ours(circuit: Circuit, x, w=None) -> np.ndarray:
    """Outcome probabilities in float64."""
    with jax.enable_x64(True):
        w = None if w is None else jax.numpy.asarray(w, float)
        angles = circuit.fill(jax.numpy.asarray(x, float), w)
        return np.asarray(probabilities(run(circuit, angles)))


def qiskits(quantum: QuantumCircuit, bound: dict) -> np.ndarray:
    bare = quantum.remove_final_measurements(inplace=False)
    return Statevector(bare.assign_parameters(bound)).probabilities()


def same_state(first: Circuit, angles, second: Circuit) -> bool:
    one, other = (flat(run(c, a)) for c, a in ((first, angles), (second, np.zeros(0))))
    return bool(np.allclose(one, other, atol=1e-5, rtol=0))


def test_there_and_back_is_the_same_circuit():
    assert from_qiskit(to_qiskit(EVERY)) == EVERY.as_data()
    assert from_qiskit(to_qiskit(EVERY, measure=True)) == EVERY.as_data()
    fixed = Circuit(2, (Op("RX", (1,), fixed=(0.25,)), Op("CX", (1, 0)), Op("RY", (0,))))
    assert from_qiskit(to_qiskit(fixed)) == fixed.as_data()


EXPRESSIONS = Circuit(
    2,
    (
        Op("RY", (0,), filled=(2 * x0 + math.pi / 2,)),
        Op("CX", (0, 1)),
        Op("RZ", (1,), filled=(-x1,)),
        Op("RZZ", (1, 0), filled=(2 * (math.pi - x0) * (math.pi - x1),)),
        Op("U3", (1,), filled=(w0 * w0 / 3, x0, w0 * 0 + 0.5)),
        Op("RY", (0,), filled=(x0,)),
    ),
)


def test_expressions_there_and_back():
    """Named slots, shared ones and polynomials: by all routes the same circuit."""
    names = {"data": "x", "weights": "w"}
    assert Circuit.from_qiskit(EXPRESSIONS.to_qiskit(), **names) == EXPRESSIONS
    assert Circuit.from_qasm(EXPRESSIONS.to_qasm(), **names) == EXPRESSIONS
    shapes = {"data": {"data": 2}, "weights": {"weights": 1}}
    assert Circuit.from_pennylane(EXPRESSIONS.to_pennylane(), **shapes) == EXPRESSIONS
    every = EVERY.as_data()
    shapes = {"data": {"data": every.num_data}}
    assert Circuit.from_pennylane(every.to_pennylane(), **shapes) == every


def test_qasm_2_holds_numbers(tmp_path):
    angles = EXPRESSIONS.fill(values(2), values(1))
    path = tmp_path / "numbers.qasm"
    path.write_text(EXPRESSIONS.to_qasm(angles, version=2))
    assert same_state(EXPRESSIONS, angles, Circuit.from_qasm(path))
    assert same_state(EXPRESSIONS, angles, Circuit.from_qasm(str(path)))


def test_texts_of_expressions():
    first = "q0: ─RY(2*x0+1.571)─CX0─────────RZZ1(2*x0*x1-6.283*x0-6.283*x1+19.74)─RY(x0)─"
    assert str(EXPRESSIONS).startswith(first)
    assert "U3(0.3333*w0*w0,x0,0.5)" in str(EXPRESSIONS)
    assert (EXPRESSIONS.num_data, EXPRESSIONS.num_weights, EXPRESSIONS.num_angles) == (2, 1, 7)
    assert 1 * x0 == x0 and x0 - x0 + x1 == x1 and hash(2 * x0 / 2) == hash(x0)


def test_an_expression_is_differentiated():
    """d/dx of 2 (pi - x0) (pi - x1) is -2 (pi - x1); of batches too."""
    angle = lambda x: EXPRESSIONS.fill(x, jax.numpy.array([0.7]))[..., 2]  # noqa: E731
    slope = jax.vmap(jax.grad(angle))(jax.numpy.array([[0.5, 1.0], [2.0, -1.0]]))
    want = [[-2 * (math.pi - 1), -2 * (math.pi - 0.5)], [-2 * (math.pi + 1), -2 * (math.pi - 2)]]
    np.testing.assert_allclose(slope, want, rtol=1e-6)


def test_more_than_ten_slots_keep_their_order():
    """Sorted by name, t[10] comes before t[2]."""
    circuit = hardware_efficient(4, 3)
    angles = np.random.default_rng(0).uniform(-3, 3, 16)
    quantum = to_qiskit(circuit)
    bound = quantum.assign_parameters(dict(zip(quantum.parameters, angles, strict=True)))
    expected = Statevector(bound).data
    np.testing.assert_allclose(flat(run(circuit, angles)), expected, atol=1e-6)


@pytest.mark.parametrize("version", [2, 3])
def test_qasm_with_numbers_gives_the_same_state(version):
    text = to_qasm(EVERY, ANGLES, version=version)
    assert text.startswith(f"OPENQASM {version}.0;")
    assert same_state(EVERY, ANGLES, from_qasm(text))


def test_qasm_3_keeps_free_slots():
    # QASM 3 spells the identity as a U gate.
    rest = Circuit(3, EVERY.ops[1:])
    assert from_qasm(to_qasm(rest)) == rest.as_data()


def test_a_gate_of_a_known_name_that_does_something_else_is_not_taken_for_it():
    for body, ops in (("x a;", ("X",)), ("sx a; sx a;", ("SX", "SX"))):
        text = f"OPENQASM 3; include 'stdgates.inc'; gate sxdg a {{ {body} }} qubit q; sxdg q;"
        assert tuple(op.name for op in from_qasm(text).ops) == ops
    text = (
        "OPENQASM 3; include 'stdgates.inc'; gate sxdg a, b { h a; } qubit[2] q; sxdg q[1], q[0];"
    )
    assert from_qasm(text) == Circuit(2, (Op("H", (1,)),))


def test_qasm_written_by_others():
    text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; ry(pi/2) q[1]; cx q[1],q[0];'
    state = flat(run(from_qasm(text), np.zeros(0)))
    np.testing.assert_allclose(state, np.sqrt([0.5, 0, 0, 0.5]), atol=1e-6)


def test_operator_of_a_gate_is_in_qiskits_bit_order():
    """A CX from qubit 1 to qubit 0 maps |10> (printed) to |11>."""
    operator = Operator(to_qiskit(Circuit(2, (Op("CX", (1, 0)),)))).data
    assert operator[3, 2] == 1 and operator[1, 1] == 1


def mixed() -> QuantumCircuit:
    """Asymmetric, with shared and affine parameters, gates that are decomposed, and a barrier."""
    made = QuantumCircuit(3)
    made.ry(X[2], 0)
    made.rx(2 * X[0] - math.pi / 3, 2)
    made.barrier()
    made.ccx(2, 0, 1)
    made.crx(W[1] + X[0], 0, 2)
    made.cp(X[0] * W[0], 1, 0)
    made.cswap(0, 1, 2)
    made.cu(W[1], 0.3, X[2], 0.1, 2, 1)
    made.cx(1, 2, ctrl_state=0)
    inner = QuantumCircuit(2, name="own")
    inner.ryy(W[0] / 2, 1, 0)
    inner.u(0.2, X[1], W[1], 0)
    made.append(inner.to_gate(), [2, 0])
    made.rzx(W[0], 1, 0)
    made.measure_all()
    return made


@pytest.mark.parametrize("shift", [False, True])
def test_an_asymmetric_circuit_has_qiskits_probabilities(shift):
    quantum = mixed()
    circuit = Circuit.from_qiskit(quantum, X, W)
    assert (circuit.num_data, circuit.num_weights) == (3, 2)
    if shift:
        circuit = circuit.shiftable()
        assert all(op.gate.shiftable for op, slots in circuit.slots() if slots)
    x, w = values(3), values(2, 1)
    want = qiskits(quantum, {X: x, W: w})
    assert abs(want - want[::-1]).max() > 0.01
    np.testing.assert_allclose(ours(circuit, x, w), want, atol=1e-12)


LIBRARY = {
    "zz_feature_map": zz_feature_map(3, 2),
    "real_amplitudes": real_amplitudes(3, reps=2),
    "efficient_su2": efficient_su2(3, reps=1),
    "two_local": n_local(3, ["ry", "rz"], "crx", entanglement="circular", reps=1),
}


@pytest.mark.parametrize("name", LIBRARY)
def test_qiskits_library(name):
    """In the order of its vector, which Qiskit's sort by name is not from ten parameters on."""
    quantum = LIBRARY[name]
    for circuit in (
        Circuit.from_qiskit(quantum),
        Circuit.from_qasm(Circuit.from_qiskit(quantum).to_qasm(), "x"),
    ):
        vector = quantum.parameters[0].vector
        x = values(len(vector))
        np.testing.assert_allclose(ours(circuit, x), qiskits(quantum, {vector: x}), atol=1e-12)


@pytest.mark.parametrize("name", [n for n, g in GATES.items() if n != "I"])
def test_a_gate_is_the_one_of_that_name(name):
    """Qiskit's matrix and PennyLane's, first wire most significant; ours is tested elsewhere."""
    gate = GATES[name]
    circuit = Circuit(gate.num_wires, (Op(name, tuple(range(gate.num_wires))),)).as_data()
    angles = values(gate.num_angles, 5)
    theirs = get_standard_gate_name_mapping()[gate.qiskit].base_class
    state = values(2**gate.num_wires, 6) + 1j * values(2**gate.num_wires, 7)
    state /= np.linalg.norm(state)
    reverse = lambda v: v.reshape((2,) * gate.num_wires).T.reshape(-1)  # noqa: E731
    want = reverse(Operator(theirs(*angles)).data @ reverse(state))
    with jax.enable_x64(True):
        got = run(circuit, angles, state.reshape((2,) * gate.num_wires))
    np.testing.assert_allclose(np.ravel(got), want, atol=1e-12)
    matrix = qml.matrix(circuit.to_pennylane(), wire_order=range(gate.num_wires))(angles)
    np.testing.assert_allclose(matrix @ state, want, atol=1e-12)


NAMES = {
    "nothing": ({}, ["b", "a", "x[0]", "x[1]", "x[2]", "c1", "c2"], []),
    "weights by name": ({"weights": "a"}, ["b", "x[0]", "x[1]", "x[2]", "c1", "c2"], ["a"]),
    "a family": ({"data": ["c", "a"]}, ["c1", "c2", "a"], ["b", "x[0]", "x[1]", "x[2]"]),
    "a vector's name": ({"data": "x"}, ["x[0]", "x[1]", "x[2]"], ["b", "a", "c1", "c2"]),
    "an order": (
        {"data": X, "weights": ["c2", "b", "a", "c1"]},
        ["x[0]", "x[1]", "x[2]"],
        ["c2", "b", "a", "c1"],
    ),
}


@pytest.mark.parametrize("case", NAMES)
def test_which_parameters_are_data(case):
    """First appearance, and the orders given; never the alphabet."""
    given, are_data, are_weights = NAMES[case]
    made = QuantumCircuit(1)
    order = [Parameter("b"), Parameter("a"), X[1], Parameter("c2"), Parameter("c1")]
    order = [*order[:3], order[4], order[3], X[0]]
    for parameter in order:
        made.ry(parameter, 0)
    circuit = Circuit.from_qiskit(made, **given)
    want = {name: data(i)[0] for i, name in enumerate(are_data)}
    want |= {name: weight(i)[0] for i, name in enumerate(are_weights)}
    assert [op.filled[0] for op in circuit.ops] == [want[parameter.name] for parameter in order]


def quantum(*calls) -> QuantumCircuit:
    made = QuantumCircuit(2, 2)
    for name, *arguments in calls:
        getattr(made, name)(*arguments)
    return made


def conditional() -> QuantumCircuit:
    made = QuantumCircuit(1, 1)
    with made.if_test((made.clbits[0], 1)):
        made.x(0)
    return made


t, u = Parameter("t"), Parameter("u")
SEVERAL = quantum(("ry", t, 0), ("ry", u, 1))
WRONG = {
    "a reset": (lambda: from_qiskit(quantum(("reset", 0))), "the gate reset was given; measure at"),
    "a condition": (lambda: from_qiskit(conditional()), "the gate if_else was given; measure at"),
    "a delay": (lambda: from_qiskit(quantum(("delay", 5, 0))), "gate delay was given; transpile"),
    "a reset inside": (lambda: from_qiskit(quantum(("initialize", [0, 1], 0))), "the gate reset"),
    "another bit": (lambda: from_qiskit(quantum(("measure", 0, 1))), "qubit 0 into bit 1"),
    "in the middle": (
        lambda: from_qiskit(quantum(("measure", 0, 0), ("h", 0))),
        "no operation after a measurement",
    ),
    "a sine": (lambda: from_qiskit(quantum(("ry", t.sin(), 0))), r"`quantum` .*sin\(t\) in ry"),
    "a quotient": (lambda: from_qiskit(quantum(("ry", t / u, 0))), "`quantum` .*t/u in ry"),
    "a size": (lambda: from_qiskit(quantum(("ry", abs(t), 0))), "`quantum` .*abs"),
    "a root": (lambda: from_qiskit(quantum(("ry", (1 + t) ** 0.5, 0))), "`quantum` .*in ry"),
    "one left over": (lambda: from_qiskit(SEVERAL, "t", []), "`weights` .*neither of u"),
    "one twice": (lambda: from_qiskit(SEVERAL, ["t", "u"], "u"), "`weights` .*u twice"),
    "one twice in a list": (lambda: from_qiskit(SEVERAL, ["t", t]), "`weights` .*t twice"),
    "no such name": (lambda: from_qiskit(SEVERAL, "v"), "`data` .*circuit: t, u, but 'v'"),
    "a number": (lambda: from_qiskit(SEVERAL, weights=3), "`weights` .*a vector of them.*but 3"),
    "a gap": (
        lambda: from_qiskit(quantum(("ry", Parameter("a0"), 0), ("ry", Parameter("a2"), 0)), "a"),
        "`data` .*without a gap",
    ),
    "no file": (lambda: from_qasm("missing.qasm"), r"`source` .*missing.qasm \(No such file"),
    "a shape": (lambda: to_qiskit(h_ry(2), [0.1]), "shape"),
    "free in OpenQASM 2": (lambda: to_qasm(h_ry(1), version=2), "OpenQASM 2"),
    "OpenQASM 4": (lambda: to_qasm(h_ry(1), version=4), "version"),
    "nonsense 3": (lambda: from_qasm("OPENQASM 3.0; nonsense q;"), "could not be read"),
    "nonsense 2": (lambda: from_qasm("OPENQASM 2.0; qreg q[1]; nonsense q[0];"), "not be read"),
    "a sum with text": (lambda: x0 + "a", "`filled` .*finite number, but 'a'"),
    "NaN times data": (lambda: x0 * math.nan, "`filled` .*finite"),
    "a power": (lambda: x0**0.5, "`power` .*integer from 1 to 16"),
    "very many terms": (
        lambda: (1 + x0) * sum(data(*range(1, 300)), 1 + x1) * (1 + w0),
        "at most 1000 terms",
    ),
    "another slot": (lambda: Op("RY", (0,), filled=(2 * x0, x0)), "`filled` .*1 slot"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls(name):
    check_refused(*WRONG[name])


def test_picture(tmp_path):
    assert save_picture(h_ry(3), tmp_path / "a" / "c.png").stat().st_size > 2_000
    with pytest.raises(InputError, match="path"):
        save_picture(h_ry(3), tmp_path / "c.docx")


def test_without_qiskit_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit", None)
    with pytest.raises(InputError, match=r'qiskit, which is not installed; run `pip install "jqkd'):
        to_qiskit(h_ry(1))


def test_without_aer_circuits_are_still_translated(monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit_aer", None)
    assert from_qiskit(to_qiskit(h_ry(1))).num_qubits == 1
    with pytest.raises(InputError, match="qiskit-aer, which is not installed"):
        packages.require_qiskit("qiskit_aer")


@pytest.mark.parametrize(
    ("package", "name"), [("qiskit", "Qiskit 2.0"), ("pennylane", "PennyLane")]
)
def test_too_old_a_package_is_refused(monkeypatch, package, name):
    monkeypatch.setattr(packages, "version_of", lambda package: "0.4.3")
    with pytest.raises(InputError, match=f"{name}.*or newer, but 0.4.3 is installed"):
        getattr(packages, f"require_{package}")()


def test_without_pennylane_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pennylane", None)
    with pytest.raises(InputError, match=r'pip install "jqkd\[pennylane\]"'):
        h_ry(1).to_pennylane()
