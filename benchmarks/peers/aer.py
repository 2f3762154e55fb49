"""Qiskit Aer: single precision, the circuits of a batch bound in one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, pauli_error

from benchmarks.peers.plain import contracted, shifted
from benchmarks.reference import reverse_bits, z_sum
from benchmarks.timing import Way
from benchmarks.workloads import ERROR, SHOTS, TRAJECTORIES, Cell, qubit_weights

# Both were faster than the default, which simulates one circuit of a batch after another.
_SETTINGS = {
    "bound at run time": {"runtime_parameter_bind_enable": True},
    "circuits in parallel": {"max_parallel_experiments": 0},
}
COMPILES = False


def start(workload: str) -> None:
    """Nothing to set up."""


def ways(cell: Cell) -> list[Way]:
    """How a cell is answered."""
    asked = {"W1": _w1, "W2": _w2, "W3": _w3, "W5": _w5, "W6": _w3, "W8": _w8, "W9": _w9}
    return asked[cell.workload](cell)


def circuit(cell: Cell) -> tuple[QuantumCircuit, Any]:
    """The circuit, and its parameters."""
    angles = ParameterVector("t", cell.num_angles)
    made = QuantumCircuit(cell.qubits)
    for step in cell.layout:
        if step.name == "H":
            made.h(*step.wires)
        elif step.name == "RY":
            made.ry(angles[step.slot], *step.wires)
        else:
            made.cz(*step.wires)
    return made, angles


def _runner(
    cell: Cell, finish: Callable[[Any], None], *, shots: int = SHOTS, **options: Any
) -> Callable[..., Any]:
    how = {"method": "statevector", "precision": "single"} | options
    simulator = AerSimulator(**how)
    made, names = circuit(cell)
    finish(made)

    def run(angles: np.ndarray, seed: int) -> Any:
        bound = {name: angles[:, k].tolist() for k, name in enumerate(names)}
        job = simulator.run([made], parameter_binds=[bound], shots=shots, seed_simulator=seed)
        return job.result()

    return run


def as_matrix(counts: Any, qubits: int) -> np.ndarray:
    """Counts (B, K) from Qiskit's dictionaries."""
    rows = counts if isinstance(counts, list) else [counts]
    matrix = np.zeros((len(rows), 2**qubits))
    for row, found in zip(matrix, rows, strict=True):
        for bits, count in found.items():
            row[int(bits, 2)] = count
    return matrix


def _pair(angles: np.ndarray, seed: int) -> tuple[np.ndarray, int]:
    return angles.astype(np.float64), seed


def _w1(cell: Cell) -> list[Way]:
    def way(name: str) -> Way:
        def build() -> Callable[..., Any]:
            run = _runner(cell, lambda made: made.save_probabilities(), **_SETTINGS[name])
            return lambda *args: [r.data.probabilities for r in run(*args).results]

        return Way(f"save_probabilities, {name}", build, _pair, np.asarray)

    return [way(name) for name in _SETTINGS]


def _w2(cell: Cell) -> list[Way]:
    def way(name: str) -> Way:
        def build() -> Callable[..., Any]:
            run = _runner(cell, lambda made: made.measure_all(), **_SETTINGS[name])
            return lambda *args: run(*args).get_counts()

        return Way(f"counts, {name}", build, _pair, lambda c: as_matrix(c, cell.qubits))

    return [way(name) for name in _SETTINGS]


def _w3(cell: Cell) -> list[Way]:
    """Counts of the shifted circuits, and the sum over them."""

    def way(name: str) -> Way:
        def build() -> Callable[..., Any]:
            run = _runner(cell, lambda made: made.measure_all(), **_SETTINGS[name])

            def gradient(angles: np.ndarray, seed: int) -> np.ndarray:
                counts = run(shifted(angles), seed).get_counts()
                return contracted(as_matrix(counts, cell.qubits), cell)

            return gradient

        return Way(f"shift rule by hand, {name}", build, _pair, np.asarray)

    return [way(name) for name in _SETTINGS]


def _noise() -> NoiseModel:
    model = NoiseModel()
    error = pauli_error([("X", ERROR), ("Y", ERROR), ("Z", ERROR), ("I", 1 - 3 * ERROR)])
    model.add_all_qubit_quantum_error(error, ["ry"])
    model.add_all_qubit_quantum_error(error.tensor(error), ["cz"])
    return model


def _w8(cell: Cell) -> list[Way]:
    """Probabilities of the shifted circuits from density matrices, and the sum over them."""
    diagonal = reverse_bits(z_sum(cell.qubits, qubit_weights(cell.qubits)).reshape(-1), cell.qubits)

    def way(name: str) -> Way:
        def build() -> Callable[..., Any]:
            how = _SETTINGS[name] | {"noise_model": _noise(), "method": "density_matrix"}
            run = _runner(cell, lambda made: made.save_probabilities(), **how)

            def gradient(angles: np.ndarray, seed: int) -> np.ndarray:
                found = run(shifted(angles), seed).results
                losses = np.array([r.data.probabilities for r in found]) @ diagonal
                up, down = np.moveaxis(losses.reshape(cell.batch, 2, cell.num_angles), 1, 0)
                return (up - down) / 2

            return gradient

        return Way(f"shift rule by hand, density_matrix, {name}", build, _pair, np.asarray)

    return [way(name) for name in _SETTINGS]


def _w9(cell: Cell) -> list[Way]:
    """One shot a trajectory."""

    def way(name: str) -> Way:
        def build() -> Callable[..., Any]:
            how = _SETTINGS[name] | {"noise_model": _noise(), "shots": TRAJECTORIES}
            run = _runner(cell, lambda made: made.measure_all(), **how)
            return lambda *args: run(*args).get_counts()

        answer = lambda c: as_matrix(c, cell.qubits) / TRAJECTORIES  # noqa: E731
        return Way(f"counts, {name}", build, _pair, answer)

    return [way(name) for name in _SETTINGS]


def _w5(cell: Cell) -> list[Way]:
    def build() -> Callable[..., Any]:
        simulator = AerSimulator(method="statevector", precision="single")
        made, names = circuit(cell)
        made.save_statevector()

        def run(angles: np.ndarray, seed: int) -> Any:
            bound = made.assign_parameters(dict(zip(names, angles[0], strict=True)))
            return simulator.run(bound, shots=1).result().get_statevector()

        return run

    def answer(state: Any) -> np.ndarray:
        tensor = np.asarray(state).reshape((2,) * cell.qubits)
        return tensor.transpose(range(cell.qubits)[::-1]).reshape(1, -1)

    return [Way("save_statevector", build, _pair, answer)]
