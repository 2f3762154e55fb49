"""Checks without randomness: unitaries, states, expectation values, gradients, encoding.

Each yields what is compared, and runs in complex64, as in training, and in complex128, where only
a real difference is left. ``jax.enable_x64`` is a context of the calling thread and part of the key
of every compiled program, so that the two precisions do not meet.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import jax
import numpy as np

from jqkd._checks import check_array, check_choice
from jqkd.crosscheck.circuits import gate_circuits, random_angles, random_pauli
from jqkd.crosscheck.execute import exact_probabilities, exact_states
from jqkd.crosscheck.findings import Finding, Pairs, deviation
from jqkd.crosscheck.simulator import Simulator
from jqkd.quantum import Circuit, amplitude_angles, amplitude_encoding
from jqkd.quantum.exchange.qiskit import to_qiskit
from jqkd.quantum.measurement import parity, rotate_to

LIMITS = {"complex64": 1e-5, "complex128": 1e-10}
Real = type[np.floating]


@dataclass(frozen=True)
class Case:
    """A circuit, angles ``(B, P)``, Aer's states ``(B, K)``, and a Pauli string to measure."""

    name: str
    circuit: Circuit
    angles: np.ndarray
    states: np.ndarray
    pauli: str

    @property
    def probabilities(self) -> np.ndarray:
        """Of every outcome, exact: ``(B, K)``."""
        return np.abs(self.states) ** 2

    @property
    def expected(self) -> np.ndarray:
        """Exact <pauli> of every row by Qiskit's ``SparsePauliOp``: ``(B,)``."""
        from qiskit.quantum_info import SparsePauliOp, Statevector

        operator = SparsePauliOp(self.pauli)
        return np.array([Statevector(s).expectation_value(operator).real for s in self.states])


def make_cases(
    generator: np.random.Generator, circuits: dict[str, Circuit], rows: int
) -> list[Case]:
    """Random angles and a random Pauli string for every circuit; rows 2i and 2i + 1 are equal."""
    cases = []
    for name, circuit in circuits.items():
        angles = np.repeat(random_angles(generator, circuit, rows // 2), 2, axis=0)
        pauli = random_pauli(generator, circuit.num_qubits)
        cases.append(Case(name, circuit, angles, exact_states(circuit, angles), pauli))
    return cases


@contextmanager
def precision(name: str) -> Generator[Real]:
    """Everything inside runs in this precision; yields the real type.

    Example:
        >>> with precision("complex128") as real:
        ...     print(jax.numpy.zeros(1, real).dtype)
        float64
    """
    check_choice("name", name, LIMITS)
    with jax.enable_x64(name == "complex128"):
        yield np.float64 if name == "complex128" else np.float32


def worst(name: str, kind: str, pairs: Callable[[Real], Pairs]) -> Finding:
    """What one of the functions below yields in one precision, judged by its limit."""
    with precision(kind) as real:
        return deviation(f"{name}, {kind}", pairs(real), LIMITS[kind])


def unitaries(simulator: Simulator, generator: np.random.Generator, real: Real) -> Pairs:
    """Every gate's matrix inside three qubits, and Qiskit's ``Operator``."""
    from qiskit.quantum_info import Operator

    for name, circuit in gate_circuits().items():
        (angles,) = random_angles(generator, circuit, 1)
        matrix = simulator.unitary(circuit, angles.astype(real))
        yield name, matrix, Operator(to_qiskit(circuit, angles)).data


def states(simulator: Simulator, cases: list[Case], real: Real) -> Pairs:
    """Final states, and Aer's."""
    for case in cases:
        yield case.name, simulator.states(case.circuit, case.angles.astype(real)), case.states


def expectations(simulator: Simulator, cases: list[Case], real: Real) -> Pairs:
    """Every case's Pauli string, and its value by Qiskit's ``SparsePauliOp``."""
    for case in cases:
        rotated = rotate_to(case.circuit, case.pauli)
        p = np.abs(np.asarray(simulator.states(rotated, case.angles.astype(real)))) ** 2
        yield f"<{case.pauli}> of {case.name}", p @ parity(case.pauli), case.expected


def gradients(
    simulator: Simulator, cases: list[Case], generator: np.random.Generator, real: Real
) -> Pairs:
    """Gradients of random weighted sums of probabilities, and those of Aer's shifted circuits."""
    for case in cases:
        weights = generator.normal(size=2**case.circuit.num_qubits).astype(np.float32)
        angles = case.angles.astype(real)
        slopes = simulator.gradients(case.circuit, angles, weights.astype(real))
        up, down = shifted_probabilities(case.circuit, case.angles)
        yield case.name, slopes, 0.5 * (up - down) @ weights.astype(float)


def shifted_angles(angles: np.ndarray) -> np.ndarray:
    """Every slot moved up and down by pi/2: ``(2, B, P, P)`` from ``(B, P)``.

    Example:
        >>> up, down = shifted_angles(np.zeros((1, 2)))
        >>> up.round(2).tolist()
        [[[1.57, 0.0], [0.0, 1.57]]]
    """
    angles = check_array("angles", angles, ("B", "P"))
    steps = 0.5 * np.pi * np.eye(angles.shape[-1])
    centre = np.asarray(angles, float)[:, None, :]
    return np.stack([centre + steps, centre - steps])


def shifted_probabilities(circuit: Circuit, angles: np.ndarray) -> np.ndarray:
    """Aer's exact probabilities of the shifted circuits: ``(2, B, P, K)``."""
    shifted = shifted_angles(angles)
    exact = exact_probabilities(circuit, shifted.reshape(-1, circuit.num_angles))
    return exact.reshape(*shifted.shape[:-1], -1)


def encoding(
    simulator: Simulator, generator: np.random.Generator, max_qubits: int, rows: int, real: Real
) -> Pairs:
    """Amplitude encoding of random vectors, one with zeros, and Qiskit's ``StatePreparation``."""
    for num_qubits in range(1, max_qubits + 1):
        vectors = generator.normal(size=(rows, 2**num_qubits)).astype(np.float32)
        vectors[0, 1:] = 0
        angles = jax.jit(jax.vmap(amplitude_angles))(vectors.astype(real))
        encoded = np.asarray(simulator.states(amplitude_encoding(num_qubits), angles))
        yield f"{num_qubits} qubits", encoded, _in_phase(encoded, _prepared(vectors))


def _in_phase(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """``second`` with the global phase of ``first``: Qiskit turns (-1, 0) into (1, 0)."""
    if first.shape != second.shape:
        return second
    overlap = (second.conj() * first).sum(-1, keepdims=True)
    return second * overlap / np.maximum(np.abs(overlap), 1e-300)


def _prepared(vectors: np.ndarray) -> np.ndarray:
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import Statevector

    states = []
    for vector in vectors.astype(float):
        quantum = QuantumCircuit(int(np.log2(vector.size)))
        quantum.prepare_state(vector / np.linalg.norm(vector))
        states.append(Statevector(quantum).data)
    return np.stack(states)
