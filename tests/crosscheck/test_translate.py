"""Circuits there and back; whatever is not ours is refused by name."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import Operator, Statevector

from jqkd._checks import InputError
from jqkd.crosscheck import _qiskit, from_qasm, from_qiskit, save_picture, to_qasm, to_qiskit
from jqkd.quantum import GATES, Circuit, Op, h_ry, hardware_efficient, run
from jqkd.quantum.measurement import flat

EVERY = Circuit(
    3,
    tuple(
        Op(name, tuple((i + k) % 3 for k in range(gate.num_wires)))
        for i, (name, gate) in enumerate(GATES.items())
    ),
)
ANGLES = np.random.default_rng(3).uniform(-3, 3, EVERY.num_angles)


def same_state(first: Circuit, angles, second: Circuit) -> bool:
    one, other = (flat(run(c, a)) for c, a in ((first, angles), (second, np.zeros(0))))
    return bool(np.allclose(one, other, atol=1e-5, rtol=0))


def test_there_and_back_is_the_same_circuit():
    assert from_qiskit(to_qiskit(EVERY)) == EVERY
    assert from_qiskit(to_qiskit(EVERY, measure=True)) == EVERY
    fixed = Circuit(2, (Op("RX", (1,), fixed=(0.25,)), Op("CX", (1, 0)), Op("RY", (0,))))
    assert from_qiskit(to_qiskit(fixed)) == fixed


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
    assert from_qasm(to_qasm(rest)) == rest


def test_qasm_written_by_others():
    text = 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; ry(pi/2) q[1]; cx q[1],q[0];'
    state = flat(run(from_qasm(text), np.zeros(0)))
    np.testing.assert_allclose(state, np.sqrt([0.5, 0, 0, 0.5]), atol=1e-6)


def test_operator_of_a_gate_is_in_qiskits_bit_order():
    """A CX from qubit 1 to qubit 0 maps |10> (printed) to |11>."""
    operator = Operator(to_qiskit(Circuit(2, (Op("CX", (1, 0)),)))).data
    assert operator[3, 2] == 1 and operator[1, 1] == 1


def quantum(*calls) -> QuantumCircuit:
    made = QuantumCircuit(2, 2)
    for name, *arguments in calls:
        getattr(made, name)(*arguments)
    return made


t = Parameter("t")


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ([("iswap", 0, 1)], "the gate iswap was given"),
        ([("reset", 0)], "the gate reset was given"),
        ([("measure", 0, 1)], "qubit 0 into bit 1"),
        ([("measure", 0, 0), ("h", 0)], "no operation after a measurement"),
        ([("ry", t, 0), ("ry", t, 1)], "t in ry was given; bind"),
        ([("ry", 2 * t, 0)], "2\\*t in ry"),
        ([("u", t, 0.0, 0.0, 0)], "u with both"),
    ],
)
def test_what_is_not_ours_is_refused_by_name(calls, words):
    with pytest.raises(InputError, match=words):
        from_qiskit(quantum(*calls))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: to_qiskit(h_ry(2), [0.1]), "shape"),
        (lambda: to_qasm(h_ry(1), version=2), "OpenQASM 2"),
        (lambda: to_qasm(h_ry(1), version=4), "version"),
        (lambda: from_qasm("OPENQASM 3.0; nonsense q;"), "could not be read"),
        (lambda: from_qasm("OPENQASM 2.0; qreg q[1]; nonsense q[0];"), "could not be read"),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(InputError, match=words) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_picture(tmp_path):
    assert save_picture(h_ry(3), tmp_path / "a" / "c.png").stat().st_size > 2_000
    with pytest.raises(InputError, match="path"):
        save_picture(h_ry(3), tmp_path / "c.docx")


def test_without_qiskit_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit", None)
    with pytest.raises(InputError, match=r'qiskit, which is not installed; run `pip install "jqkd'):
        to_qiskit(h_ry(1))


def test_without_aer_one_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "qiskit_aer", None)
    with pytest.raises(InputError, match="qiskit-aer, which is not installed"):
        to_qiskit(h_ry(1))


def test_qiskit_before_2_is_refused(monkeypatch):
    monkeypatch.setattr(_qiskit, "version_of", lambda package: "1.4.3")
    with pytest.raises(InputError, match="Qiskit 2.0 or newer, but 1.4.3 is installed"):
        to_qiskit(h_ry(1))
