"""Encoders and ansatze: functions that return circuits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import check_array, check_choice, check_integer, fail, is_concrete, shown
from jqkd.quantum.circuit import Circuit, Op
from jqkd.quantum.gates import GATES
from jqkd.quantum.limits import check_gates, check_num_qubits
from jqkd.quantum.statevector import as_floats

# Most qubits whose encoding is a list of gates, and most amplitudes whose angles are products with
# a matrix of half as many rows and columns.
_MOST_ENCODED = 20
_MOST_AMPLITUDES = 2**14
# Gates on one qubit that read one angle.
_TURNS = [gate.name for gate in GATES.values() if gate.num_wires == gate.num_angles == 1]


def ry_layer(num_qubits: int) -> Circuit:
    """RY on every qubit: the paper's 4-qubit circuit (fig. 5b).

    Example:
        >>> print(ry_layer(2))
        q0: ─RY(t0)─
        q1: ─RY(t1)─
    """
    return rotations(num_qubits, ("RY",))


def h_ry(num_qubits: int) -> Circuit:
    """H, then RY, on every qubit: the paper's 3-qubit circuit (fig. 5a), its notebooks' only one.

    The probability of an outcome is the product over qubits of (1 ± sin t_k) / 2.

    Example:
        >>> print(h_ry(2))
        q0: ─H─RY(t0)─
        q1: ─H─RY(t1)─
    """
    turns = ry_layer(num_qubits)
    return replace(turns, ops=tuple(Op("H", (k,)) for k in range(turns.num_qubits)) + turns.ops)


def rotations(num_qubits: int, names: tuple[str, ...] = ("RX", "RY", "RZ")) -> Circuit:
    """A layer of one-angle gates on every qubit, slot order: all of the first gate, then the next.

    Example:
        >>> rotations(3).num_angles
        9
    """
    num_qubits = check_num_qubits(num_qubits)
    if isinstance(names, str) or not isinstance(names, Iterable):
        fail("names", "be a tuple of names of gates", shown(names))
    names = tuple(names)
    for name in names:
        check_choice("names", name, _TURNS)
    check_gates("names", names, len(names) * num_qubits)
    return Circuit(num_qubits, tuple(Op(name, (k,)) for name in names for k in range(num_qubits)))


def angle_encoding(num_qubits: int, axis: str = "Y") -> Circuit:
    """One feature a qubit, as the angle of a rotation about ``axis`` (X, Y or Z).

    Example:
        >>> print(angle_encoding(1, "X"))
        q0: ─RX(t0)─
    """
    check_choice("axis", axis, "XYZ")
    return rotations(num_qubits, (f"R{axis}",))


def hardware_efficient(num_qubits: int, layers: int = 1) -> Circuit:
    """``layers`` times RY on every qubit and a ring of CZ, then a last layer of RY.

    Kandala et al., Nature 549, 242 (2017); angles: ``(layers + 1) * num_qubits``.

    Example:
        >>> print(hardware_efficient(2))
        q0: ─RY(t0)─CZ0─RY(t2)─
        q1: ─RY(t1)─CZ1─RY(t3)─
    """
    num_qubits = check_num_qubits(num_qubits)
    layers = check_integer("layers", layers, 1)
    check_gates("layers", layers, (2 * layers + 1) * num_qubits)
    pairs = [(k, (k + 1) % num_qubits) for k in range(num_qubits)]
    # A ring of two qubits is one CZ: the second would undo the first.
    ring = [Op("CZ", pair) for pair in (pairs if num_qubits > 2 else pairs[: num_qubits - 1])]
    turns = ry_layer(num_qubits).ops
    return Circuit(num_qubits, (*turns, *ring) * layers + turns)


def amplitude_encoding(num_qubits: int) -> Circuit:
    """Prepares any real state of unit length from ``2**Q - 1`` angles (the paper's eq. 14, 15).

    A multiplexed RY a qubit, from the last qubit to the first, each resolved into RY and CX
    (Möttönen et al., quant-ph/0407010), so that every angle obeys the two-term shift rule.
    ``amplitude_angles`` computes the angles from the amplitudes.

    Example:
        >>> print(amplitude_encoding(2))
        q0: ─RY(t1)─CX1─RY(t2)─CX1─
        q1: ─RY(t0)─CX0────────CX0─
    """
    num_qubits = check_num_qubits(num_qubits, _MOST_ENCODED)
    ops: list[Op] = []
    for depth in range(num_qubits):
        target = num_qubits - 1 - depth
        for i in range(2**depth):
            ops.append(Op("RY", (target,)))
            if depth:
                # Gray code: the bit that changes from i to i + 1, cyclically.
                changed = min(((i + 1) & -(i + 1)).bit_length() - 1, depth - 1)
                ops.append(Op("CX", (target + 1 + changed, target)))
    return Circuit(num_qubits, tuple(ops))


def amplitude_angles(amplitudes: ArrayLike) -> Float[Array, " P"]:
    """Angles with which ``amplitude_encoding`` prepares a real state; differentiable.

    Args:
        amplitudes: shape ``(2**Q,)``, real, in outcome order (qubit 0 the lowest bit), not all
            zero; divided by their L2 norm implicitly.

    Returns:
        Shape ``(2**Q - 1,)``, radians.

    Raises:
        InputError: a length that is no power of two, or numbers that are all zero.

    Example:
        >>> from jqkd.quantum.statevector import run
        >>> from jqkd.quantum.measurement import flat
        >>> angles = amplitude_angles(jnp.array([3.0, 0.0, 0.0, -4.0]))
        >>> flat(run(amplitude_encoding(2), angles)).round(3).tolist()
        [0.6000000238418579, 0.0, 0.0, -0.800000011920929]
    """
    values = as_floats(check_array("amplitudes", amplitudes))
    num_qubits = max(values.size, 1).bit_length() - 1
    if values.ndim != 1 or 2**num_qubits != values.size or num_qubits < 1:
        fail("amplitudes", "have a length that is a power of two, 2 or more", values.shape)
    if values.size > _MOST_AMPLITUDES:
        fail("amplitudes", f"be at most {_MOST_AMPLITUDES}", f"{values.size} of them")
    if is_concrete(values) and not np.any(np.asarray(values)):
        fail("amplitudes", "not all be 0: no state has the length 0", f"{values.size} zeros")
    levels = []
    for target in range(num_qubits):
        low, high = values.reshape(-1, 2).T
        angle = 2 * _safe_arctan2(high, low)
        levels.append(_multiplexer(num_qubits - 1 - target) @ angle)
        values = _safe_norm(low, high)
    return jnp.concatenate(levels[::-1])


def _multiplexer(num_controls: int) -> Float[np.ndarray, "N N"]:
    """Turns one angle per control pattern into the angles of the RY-CX chain (Möttönen, eq. 3)."""
    size = 2**num_controls
    gray = np.arange(size) ^ (np.arange(size) >> 1)
    shared = gray[:, None] & np.arange(size)[None, :]
    return ((-1.0) ** (np.bitwise_count(shared) & 1) / size).astype(np.float32)


def _safe_norm(a: Array, b: Array) -> Array:
    """sqrt(a^2 + b^2) whose gradient at the origin is 0, not NaN."""
    square = a * a + b * b
    return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1)), 0)


def _safe_arctan2(y: Array, x: Array) -> Array:
    """arctan2 whose gradient at the origin is 0, not NaN."""
    origin = (x == 0) & (y == 0)
    return jnp.where(origin, 0, jnp.arctan2(y, jnp.where(origin, 1, x)))
