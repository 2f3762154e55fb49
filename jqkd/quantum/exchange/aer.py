"""Noise models of Qiskit Aer as ours."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from jaxtyping import Complex

from jqkd._checks import check_type, fail
from jqkd.quantum.exchange.packages import require_qiskit
from jqkd.quantum.gates import GATES
from jqkd.quantum.noise import After, Kraus, NoiseModel


def noise_from_aer(model: Any) -> NoiseModel:
    """The noise of a ``qiskit_aer.noise.NoiseModel``, see ``NoiseModel.from_qiskit``."""
    require_qiskit("qiskit_aer")
    from qiskit_aer.noise import NoiseModel as AerNoiseModel

    check_type("model", model, AerNoiseModel, "a qiskit_aer.noise.NoiseModel")
    after: list[After] = []
    readouts: dict[tuple[int, ...], tuple[float, float]] = {}
    for error in model.to_dict()["errors"]:
        for name in error["operations"]:
            places = error.get("gate_qubits", [()])
            if error["type"] == "roerror":
                readouts |= {tuple(place): _flips(error) for place in places}
            else:
                after.append(_after(name, error, places))
    return NoiseModel(tuple(after), _readout(readouts))


def _after(name: str, error: dict[str, Any], places: list[tuple[int, ...]]) -> After:
    gates = {gate.qiskit: gate for gate in GATES.values()}
    if name not in gates:
        fail("model", f"have noise behind gates among {', '.join(gates)}", f"noise behind {name}")
    gate = gates[name]
    if any(places):
        must = "have the same noise on all qubits"
        advice = "add it with add_all_qubit_quantum_error"
        fail("model", must, f"noise of its own behind {name} on {tuple(places[0])}", advice)
    return After(_channel(error, gate.num_wires), (gate.name,), gate.num_wires)


def _channel(error: dict[str, Any], num_wires: int) -> Kraus:
    from qiskit.quantum_info import Kraus as Operators
    from qiskit.quantum_info import SuperOp
    from qiskit_aer.noise import QuantumError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made = SuperOp(QuantumError.from_dict(error))
    kraus = other_way_round(np.array(Operators(made).data), num_wires)
    return Kraus(tuple(tuple(map(tuple, matrix)) for matrix in kraus.tolist()))


def other_way_round(
    kraus: Complex[np.ndarray, "R M M"], num_wires: int
) -> Complex[np.ndarray, "R M M"]:
    """Operators with their first wire least significant, as Aer has it, from ours, and back."""
    if num_wires == 1:
        return kraus
    return kraus.reshape(-1, 2, 2, 2, 2).transpose(0, 2, 1, 4, 3).reshape(-1, 4, 4)


def _flips(error: dict[str, Any]) -> tuple[float, float]:
    matrix = np.array(error["probabilities"], float)
    if matrix.shape != (2, 2):
        fail("model", "read each qubit by itself", f"a readout of shape {matrix.shape}")
    return float(matrix[0, 1]), float(matrix[1, 0])


def _readout(known: dict[tuple[int, ...], tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """One pair for all, or one a qubit from the first on."""
    everywhere = known.pop((), None)
    if not known:
        return () if everywhere is None else (everywhere,)
    if everywhere is not None:
        must = "read all qubits alike, or say of each how it is read"
        fail("model", must, "a readout for all qubits and others for some")
    last = max(place[0] for place in known)
    return tuple(known.get((qubit,), (0.0, 0.0)) for qubit in range(last + 1))
