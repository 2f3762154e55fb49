"""Whatever circuit a user brings, as one of ours."""

from __future__ import annotations

from typing import Any

from jqkd._checks import check_type
from jqkd.quantum.circuit import Circuit


def as_circuit(circuit: Any, data: Any = None, weights: Any = None) -> Circuit:
    """A circuit from a ``Circuit``, or from Qiskit's or PennyLane's, told by its module.

    Its gates are those that the shift rule fits. ``data`` and ``weights`` are those of
    ``Circuit.from_qiskit`` and ``Circuit.from_pennylane``.
    """
    home = type(circuit).__module__.partition(".")[0]
    if home == "qiskit":
        return Circuit.from_qiskit(circuit, data, weights).shiftable()
    if home == "pennylane":
        return Circuit.from_pennylane(circuit, data, weights).shiftable()
    kinds = "a Circuit, a Qiskit QuantumCircuit, or a PennyLane QNode or tape"
    check_type("circuit", circuit, Circuit, kinds)
    for name, value in (("data", data), ("weights", weights)):
        must = "None where `circuit` is a Circuit, whose slots have their names"
        check_type(name, value, type(None), must)
    return circuit
