"""Checks without randomness: unitaries, states, expectation values, gradients, encoding.

Each runs in complex64, as in training, and in complex128, where only a real difference is left.
``jax.enable_x64`` is a context of the calling thread and part of the key of every compiled
program, so that the two precisions do not meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import jax
import numpy as np

from jqkd._checks import check_array, check_choice
from jqkd.crosscheck.circuits import gate_circuits, random_angles
from jqkd.crosscheck.execute import exact_probabilities, exact_states
from jqkd.crosscheck.findings import Finding, deviation
from jqkd.crosscheck.subject import Simulator
from jqkd.crosscheck.translate import to_qiskit
from jqkd.quantum import Circuit, amplitude_angles, amplitude_encoding
from jqkd.quantum.limits import check_num_qubits
from jqkd.quantum.measurement import parity, rotate_to

LIMITS = {"complex64": 1e-5, "complex128": 1e-10}


@dataclass(frozen=True)
class Case:
    """A circuit, angles ``(B, P)``, Aer's states ``(B, K)``, and a Pauli string to measure."""

    name: str
    circuit: Circuit
    angles: np.ndarray
    states: np.ndarray
    pauli: str

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
def precision(name: str) -> Iterator[type[np.floating]]:
    """Everything inside runs in this precision; yields the real type.

    Example:
        >>> with precision("complex128") as real:
        ...     print(jax.numpy.zeros(1, real).dtype)
        float64
    """
    check_choice("name", name, LIMITS)
    with jax.enable_x64(name == "complex128"):
        yield np.float64 if name == "complex128" else np.float32


def unitaries(simulator: Simulator, generator: np.random.Generator, kind: str) -> Finding:
    """Every gate's matrix inside three qubits against Qiskit's ``Operator``."""
    from qiskit.quantum_info import Operator

    pairs = []
    with precision(kind) as real:
        for name, circuit in gate_circuits().items():
            (angles,) = random_angles(generator, circuit, 1)
            ours = simulator.unitary(circuit, angles.astype(real))
            pairs.append((name, np.asarray(ours), Operator(to_qiskit(circuit, angles)).data))
    return deviation(f"gate unitaries, {kind}", pairs, LIMITS[kind])


def states(simulator: Simulator, cases: list[Case], label: str, kind: str) -> Finding:
    """Final states against Aer's."""
    pairs = []
    with precision(kind) as real:
        for case in cases:
            ours = simulator.states(case.circuit, case.angles.astype(real))
            pairs.append((case.name, np.asarray(ours), case.states))
    return deviation(f"states of {label}, {kind}", pairs, LIMITS[kind])


def expectations(simulator: Simulator, cases: list[Case], kind: str) -> Finding:
    """Every case's Pauli string against Qiskit's ``SparsePauliOp``."""
    pairs = []
    with precision(kind) as real:
        for case in cases:
            rotated = rotate_to(case.circuit, case.pauli)
            ours = np.abs(np.asarray(simulator.states(rotated, case.angles.astype(real)))) ** 2
            pairs.append(
                (f"<{case.pauli}> of {case.name}", ours @ parity(case.pauli), case.expected)
            )
    return deviation(f"Pauli expectations, {kind}", pairs, LIMITS[kind])


def random_pauli(generator: np.random.Generator, num_qubits: int) -> str:
    """A Pauli string other than the identity.

    Example:
        >>> random_pauli(np.random.default_rng(0), 3)
        'ZYY'
    """
    num_qubits = check_num_qubits(num_qubits)
    while True:
        pauli = "".join(generator.choice(list("IXYZ"), num_qubits))
        if set(pauli) != {"I"}:
            return pauli


def gradients(
    simulator: Simulator, cases: list[Case], generator: np.random.Generator, kind: str
) -> Finding:
    """Gradients of random weighted sums of probabilities against Aer's shifted circuits."""
    pairs = []
    with precision(kind) as real:
        for case in cases:
            weights = generator.normal(size=2**case.circuit.num_qubits).astype(np.float32)
            angles = case.angles.astype(real)
            ours = np.asarray(simulator.gradients(case.circuit, angles, weights.astype(real)))
            up, down = shifted_probabilities(case.circuit, case.angles)
            pairs.append((case.name, ours, 0.5 * (up - down) @ weights.astype(float)))
    return deviation(f"shift-rule gradients, {kind}", pairs, LIMITS[kind])


def shifted_angles(angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every slot moved up and down by pi/2: two arrays ``(B, P, P)`` from ``(B, P)``.

    Example:
        >>> up, down = shifted_angles(np.zeros((1, 2)))
        >>> up.round(2).tolist()
        [[[1.57, 0.0], [0.0, 1.57]]]
    """
    angles = check_array("angles", angles, ("B", "P"))
    steps = 0.5 * np.pi * np.eye(angles.shape[-1])
    centre = np.asarray(angles, float)[:, None, :]
    return centre + steps, centre - steps


def shifted_probabilities(circuit: Circuit, angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Aer's exact probabilities of the shifted circuits: two arrays ``(B, P, K)``."""
    many = np.stack(shifted_angles(angles))
    found = exact_probabilities(circuit, many.reshape(-1, circuit.num_angles))
    up, down = found.reshape(*many.shape[:-1], -1)
    return up, down


def encoding(
    simulator: Simulator, generator: np.random.Generator, max_qubits: int, rows: int, kind: str
) -> Finding:
    """Amplitude encoding of random vectors, one with zeros, against ``StatePreparation``."""
    pairs = []
    with precision(kind) as real:
        for num_qubits in range(1, max_qubits + 1):
            vectors = generator.normal(size=(rows, 2**num_qubits)).astype(np.float32)
            vectors[0, 1:] = 0
            angles = jax.jit(jax.vmap(amplitude_angles))(vectors.astype(real))
            ours = np.asarray(simulator.states(amplitude_encoding(num_qubits), angles))
            pairs.append((f"{num_qubits} qubits", ours, _in_phase(ours, _prepared(vectors))))
    return deviation(f"amplitude encoding, {kind}", pairs, LIMITS[kind])


def _in_phase(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """``theirs`` with the global phase of ``ours``; StatePreparation turns (-1, 0) into (1, 0)."""
    if ours.shape != theirs.shape:
        return theirs
    overlap = (theirs.conj() * ours).sum(-1, keepdims=True)
    return theirs * overlap / np.maximum(np.abs(overlap), 1e-300)


def _prepared(vectors: np.ndarray) -> np.ndarray:
    from qiskit import QuantumCircuit
    from qiskit.circuit.library import StatePreparation
    from qiskit.quantum_info import Statevector

    prepared = []
    for vector in vectors.astype(float):
        num_qubits = int(np.log2(vector.size))
        quantum = QuantumCircuit(num_qubits)
        quantum.append(StatePreparation(vector / np.linalg.norm(vector)), range(num_qubits))
        prepared.append(Statevector(quantum).data)
    return np.stack(prepared)
