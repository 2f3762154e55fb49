"""Sums of Pauli strings, and their expectation values: exact, or from shots in few measurements."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Complex, Float

from jqkd._checks import check_key, check_number, check_type, fail, shown
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.gradient import outcome_probabilities
from jqkd.quantum.limits import check_memory
from jqkd.quantum.measurement import check_pauli, parity, probabilities, rotate_to
from jqkd.quantum.statevector import check_angles, run

_MATRICES = {
    "I": np.eye(2),
    "X": np.array([[0, 1], [1, 0]]),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1, -1]),
}


class Group(NamedTuple):
    """Strings that one measurement reads: none has another letter on a qubit than ``basis``."""

    basis: str
    terms: tuple[tuple[str, float], ...]

    def eigenvalues(self) -> Float[np.ndarray, " K"]:
        """Of the sum, for every outcome after ``rotate_to(circuit, group.basis)``."""
        return sum((c * parity(pauli) for pauli, c in self.terms), np.zeros(1))


@dataclass(frozen=True)
class PauliSum:
    """A Hermitian observable: real coefficients of Pauli strings of one length.

    Args:
        terms: a mapping, kept as pairs: coefficient by string, Q letters of I, X, Y, Z, rightmost
            for qubit 0 (as Qiskit's ``SparsePauliOp``; PennyLane's words begin with wire 0).

    Raises:
        InputError: no string, strings of different lengths, coefficients that are no real numbers.

    Example:
        >>> ising = PauliSum({"ZZI": 0.5, "IIX": -1.0, "IZZ": 0.5, "III": 2.0})
        >>> ising.num_qubits, [group.basis for group in ising.groups()]
        (3, ['ZZX', 'IZZ'])
    """

    terms: Any

    def __post_init__(self) -> None:
        given = self.terms
        if not isinstance(given, Mapping) or not given:
            fail("terms", "be coefficients by Pauli string, such as {'ZZ': 0.5}", shown(given))
        first = next(iter(given))
        length = max(len(first), 1) if isinstance(first, str) else 1
        for pauli in given:
            check_pauli(pauli, length, name="terms")
        pairs = tuple((pauli, check_number("terms", c)) for pauli, c in given.items())
        object.__setattr__(self, "terms", pairs)

    @property
    def num_qubits(self) -> int:
        """Q."""
        return len(self.terms[0][0])

    @property
    def constant(self) -> float:
        """Coefficient of the identity, which needs no measurement."""
        return sum((c for pauli, c in self.terms if not set(pauli) - {"I"}), 0.0)

    def groups(self) -> tuple[Group, ...]:
        """What is measured: each string joins the first group that it fits into, qubit by qubit."""
        groups: list[Group] = []
        for pauli, c in self.terms:
            if not set(pauli) - {"I"}:
                continue
            for i, (basis, terms) in enumerate(groups):
                joint = _joint(basis, pauli)
                if joint is not None:
                    groups[i] = Group(joint, (*terms, (pauli, c)))
                    break
            else:
                groups.append(Group(pauli, ((pauli, c),)))
        return tuple(groups)

    def matrix(self) -> Complex[np.ndarray, "K K"]:
        """Dense, in outcome order: small ones can be diagonalised.

        Example:
            >>> np.linalg.eigvalsh(PauliSum({"ZI": 1.0, "IX": 0.5}).matrix()).tolist()
            [-1.5, -0.5, 0.5, 1.5]
        """
        check_memory("terms", 2 * self.num_qubits, bytes_each=16, what="its matrix")
        products = [[c, *(_MATRICES[letter] for letter in pauli)] for pauli, c in self.terms]
        return np.add.reduce([functools.reduce(np.kron, factors) for factors in products])


def _joint(basis: str, pauli: str) -> str | None:
    """The basis in which both are read; ``None`` where letters differ."""
    pairs = list(zip(basis, pauli, strict=True))
    if any(a != b and "I" not in (a, b) for a, b in pairs):
        return None
    return "".join(b if a == "I" else a for a, b in pairs)


def expectation(
    circuit: Circuit,
    angles: ArrayLike,
    observable: PauliSum | str,
    *,
    shots: ArrayLike | None = None,
    key: Array | None = None,
) -> Float[Array, ""]:
    """<observable> after a circuit, exact (the paper's eq. 10 and 11) or estimated from shots.

    Exact values are differentiated by autodiff, estimates by the parameter-shift rule, with shots
    of their own. With p_g the frequencies that group g was read with, and lambda_g its
    eigenvalues, an estimate is the sum of p_g . lambda_g, and of its variance Var(lambda_g) / S.

    Args:
        circuit: Q qubits, P slots.
        angles: shape ``(P,)``, radians.
        observable: a sum of Pauli strings, or one string of Q letters, rightmost for qubit 0.
        shots: S for every group of ``observable.groups()``, and for each of its 2 P shifted
            circuits where a derivative is taken; exact if not given.
        key: required with ``shots``, refused without; consumed.

    Raises:
        InputError: another number of angles or letters, shots without a key or a key without
            shots, shots of a circuit with a gate that the shift rule does not fit.

    Example:
        >>> from jqkd.quantum.templates import h_ry
        >>> round(float(expectation(h_ry(1), jnp.array([0.0]), "X")), 3)
        1.0
        >>> energy = lambda t: expectation(h_ry(2), t, PauliSum({"IZ": 1.0, "XI": 0.5}))
        >>> jax.grad(energy)(jnp.zeros(2)).round(3).tolist()
        [-1.0, 0.0]
    """
    values = check_angles(circuit, angles)
    if isinstance(observable, str):
        check_pauli(observable, circuit.num_qubits, name="observable")
        observable = PauliSum({observable: 1.0})
    check_type("observable", observable, PauliSum, "a PauliSum, or one string of I, X, Y, Z")
    if observable.num_qubits != circuit.num_qubits:
        must = f"have strings of {circuit.num_qubits} letters, the circuit's qubits"
        fail("observable", must, f"one of {observable.num_qubits}")
    total = jnp.asarray(observable.constant, values.dtype)
    exact = shots is None and key is None
    if key is not None:
        check_key("key", key)
    state = run(circuit, values) if exact else None
    for i, group in enumerate(observable.groups()):
        if exact:
            change = rotate_to(Circuit(circuit.num_qubits), group.basis)
            shares = probabilities(run(change, jnp.zeros(0, values.dtype), state))
        else:
            own = None if key is None else jax.random.fold_in(key, i)
            read = rotate_to(circuit, group.basis)
            shares = outcome_probabilities(read, values, shots=shots, key=own)
        total += shares @ jnp.asarray(group.eigenvalues(), shares.dtype)
    return total
