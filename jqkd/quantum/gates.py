"""The gate table: name -> wires, entries of the matrix, may its angles be shifted, Qiskit's name.

A matrix is a tuple of rows whose entries are plain numbers where they are constant and functions
of the angles elsewhere. The simulator skips zeros and ones, so a CX is a permutation, not sixteen
products. The first wire of a two-qubit gate is the most significant bit of the row index, as in
textbooks: rows and columns run through |00>, |01>, |10>, |11> of (first wire, second wire).
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Complex, Float, Inexact

from jqkd._checks import check_array, check_choice, check_integer, check_type, fail

# Plain numbers where they are constant, arrays elsewhere.
Entry = complex | Array
Entries = tuple[tuple[Entry, ...], ...]
# An angle, or one a gate of a layer.
Angles = Float[Array, "..."]

_R = math.sqrt(0.5)
_T = cmath.exp(0.25j * math.pi)


@dataclass(frozen=True)
class Gate:
    """A row of the gate table.

    Attributes:
        name: name used by ``Op`` and by the text drawing.
        num_wires: number of qubits it acts on.
        num_angles: number of angle slots it takes, in radians.
        entries: function of the angles (scalars) that returns the matrix as nested tuples.
        shiftable: whether every angle's generator has two eigenvalues one apart, so that the
            two-term parameter-shift rule is exact (Schuld et al., arXiv:1811.11184).
        real: whether all entries are real for every angle.
        qiskit: name of the ``QuantumCircuit`` method that appends the same gate.
    """

    name: str
    num_wires: int
    num_angles: int
    entries: Callable[..., Entries]
    shiftable: bool
    real: bool
    qiskit: str

    def __post_init__(self) -> None:
        for name in ("name", "qiskit"):
            check_type(name, getattr(self, name), str, "a name")
        check_integer("num_wires", self.num_wires, 1)
        check_integer("num_angles", self.num_angles, 0)
        check_type("entries", self.entries, Callable, "a function of the angles")
        for name in ("shiftable", "real"):
            check_type(name, getattr(self, name), bool, "True or False")

    @property
    def flips_sign(self) -> bool:
        """Whether it only changes the sign of |1...1>: Z and CZ, which commute with each other."""
        size = 2**self.num_wires
        diagonal = [1] * (size - 1) + [-1]
        flip = tuple(tuple(diagonal[i] * (i == j) for j in range(size)) for i in range(size))
        return not self.num_angles and self.entries() == flip


def _fixed(*rows: tuple[complex, ...]) -> Callable[[], Entries]:
    return lambda: rows


def _cis(angle: Angles) -> Complex[Array, "..."]:
    """exp(i angle)."""
    return jnp.cos(angle) + 1j * jnp.sin(angle)


def _rx(t: Angles) -> Entries:
    c, s = jnp.cos(t / 2), -1j * jnp.sin(t / 2)
    return (c, s), (s, c)


def _ry(t: Angles) -> Entries:
    c, s = jnp.cos(t / 2), jnp.sin(t / 2)
    return (c, -s), (s, c)


def _rz(t: Angles) -> Entries:
    return (_cis(-t / 2), 0), (0, _cis(t / 2))


def _u3(theta: Angles, phi: Angles, lam: Angles) -> Entries:
    c, s = jnp.cos(theta / 2), jnp.sin(theta / 2)
    return (c, -_cis(lam) * s), (_cis(phi) * s, _cis(phi + lam) * c)


def _controlled(matrix: Callable[..., Entries]) -> Callable[..., Entries]:
    """The first wire controls ``matrix`` on the second."""

    def entries(*angles: Angles) -> Entries:
        (a, b), (c, d) = matrix(*angles)
        return (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, a, b), (0, 0, c, d)

    return entries


def _rxx(t: Angles) -> Entries:
    c, s = jnp.cos(t / 2), -1j * jnp.sin(t / 2)
    return (c, 0, 0, s), (0, c, s, 0), (0, s, c, 0), (s, 0, 0, c)


def _ryy(t: Angles) -> Entries:
    c, s = jnp.cos(t / 2), -1j * jnp.sin(t / 2)
    return (c, 0, 0, -s), (0, c, s, 0), (0, s, c, 0), (-s, 0, 0, c)


def _rzz(t: Angles) -> Entries:
    e, f = _cis(-t / 2), _cis(t / 2)
    return (e, 0, 0, 0), (0, f, 0, 0), (0, 0, f, 0), (0, 0, 0, e)


_X = _fixed((0, 1), (1, 0))
_Z = _fixed((1, 0), (0, -1))
_SWAP = _fixed((1, 0, 0, 0), (0, 0, 1, 0), (0, 1, 0, 0), (0, 0, 0, 1))

_ROOT = (0.5 + 0.5j, 0.5 - 0.5j), (0.5 - 0.5j, 0.5 + 0.5j)

# Aer runs each as it is. A two-term shift needs a generator with two eigenvalues one apart: Pauli/2
# and |1><1| have them, a controlled rotation has three (0 and +-1/2).
_TABLE = (
    #    name  wires angles entries                  shiftable real  qiskit
    Gate("I", 1, 0, _fixed((1, 0), (0, 1)), False, True, "id"),
    Gate("X", 1, 0, _X, False, True, "x"),
    Gate("Y", 1, 0, _fixed((0, -1j), (1j, 0)), False, False, "y"),
    Gate("Z", 1, 0, _Z, False, True, "z"),
    Gate("H", 1, 0, _fixed((_R, _R), (_R, -_R)), False, True, "h"),
    Gate("S", 1, 0, _fixed((1, 0), (0, 1j)), False, False, "s"),
    Gate("SDG", 1, 0, _fixed((1, 0), (0, -1j)), False, False, "sdg"),
    Gate("T", 1, 0, _fixed((1, 0), (0, _T)), False, False, "t"),
    Gate("TDG", 1, 0, _fixed((1, 0), (0, _T.conjugate())), False, False, "tdg"),
    Gate("RX", 1, 1, _rx, True, False, "rx"),
    Gate("RY", 1, 1, _ry, True, True, "ry"),
    Gate("RZ", 1, 1, _rz, True, False, "rz"),
    Gate("P", 1, 1, lambda t: ((1, 0), (0, _cis(t))), True, False, "p"),
    Gate("U3", 1, 3, _u3, True, False, "u"),
    Gate("CX", 2, 0, _controlled(_X), False, True, "cx"),
    Gate("CZ", 2, 0, _controlled(_Z), False, True, "cz"),
    Gate("CRX", 2, 1, _controlled(_rx), False, False, "crx"),
    Gate("CRY", 2, 1, _controlled(_ry), False, True, "cry"),
    Gate("CRZ", 2, 1, _controlled(_rz), False, False, "crz"),
    Gate("SWAP", 2, 0, _SWAP, False, True, "swap"),
    Gate("RXX", 2, 1, _rxx, True, False, "rxx"),
    Gate("RYY", 2, 1, _ryy, True, False, "ryy"),
    Gate("RZZ", 2, 1, _rzz, True, False, "rzz"),
    Gate("SX", 1, 0, _fixed(*_ROOT), False, False, "sx"),
    Gate("SXDG", 1, 0, _fixed(*_ROOT[::-1]), False, False, "sxdg"),
    Gate("CY", 2, 0, _controlled(_fixed((0, -1j), (1j, 0))), False, False, "cy"),
    Gate("CP", 2, 1, _controlled(lambda t: ((1, 0), (0, _cis(t)))), True, False, "cp"),
)

GATES: dict[str, Gate] = {gate.name: gate for gate in _TABLE}


def matrix(name: str, *angles: ArrayLike) -> Inexact[Array, "M M"]:
    """Dense matrix of a gate, M = 2**wires, first wire most significant; angles in radians.

    Raises:
        InputError: an unknown gate, another number of angles, an angle that is no number.

    Example:
        >>> matrix("X").tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """
    check_choice("name", name, GATES)
    gate = GATES[name]
    if len(angles) != gate.num_angles:
        fail("angles", f"be {gate.num_angles} number(s) for {name}", f"{len(angles)} of them")
    values = [jnp.asarray(check_array("angles", angle, ()), float) for angle in angles]
    dtype = float if gate.real else complex
    return jnp.array([[jnp.asarray(e) for e in row] for row in gate.entries(*values)], dtype=dtype)
