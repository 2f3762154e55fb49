"""Whatever circuit a user brings, as one of ours."""

from __future__ import annotations

import os
from typing import Any

from jqkd._checks import check_type
from jqkd.quantum.circuit import Circuit


def as_circuit(circuit: Any, data: Any = None, weights: Any = None) -> Circuit:
    """A circuit from a ``Circuit``, from Qiskit's or PennyLane's, or from OpenQASM.

    Its gates are those that the shift rule fits. ``data`` and ``weights`` are those of
    ``Circuit.from_qiskit``, ``Circuit.from_pennylane`` and ``Circuit.from_qasm``.
    """
    homes = {base.__module__.partition(".")[0] for base in type(circuit).__mro__}
    if isinstance(circuit, str | os.PathLike):
        return Circuit.from_qasm(circuit, data, weights).shiftable()
    if "qiskit" in homes:
        return Circuit.from_qiskit(circuit, data, weights).shiftable()
    if "pennylane" in homes or callable(circuit):
        return Circuit.from_pennylane(circuit, data, weights).shiftable()
    kinds = "a Circuit, one of Qiskit or PennyLane, or OpenQASM"
    check_type("circuit", circuit, Circuit, kinds)
    for name, value in (("data", data), ("weights", weights)):
        must = "None where `circuit` is a Circuit, whose slots have their names"
        check_type(name, value, type(None), must)
    return circuit
