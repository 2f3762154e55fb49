"""Circuits as data: frozen, hashable, validated when built.

A circuit is a tuple of operations; its angles are a separate vector with one slot per angle of
each rotation gate, in order of appearance. A slot may have a name: entry i of the data, weight j,
or a polynomial in them. ``Circuit.fill`` makes the vector of angles from the two; a weight of two
gates fills two slots, so that autodiff adds up what the shift rule returns per slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import check_array, check_integer, fail, shown
from jqkd.quantum.exchange.methods import Exchange
from jqkd.quantum.expressions import DATA, WEIGHT, Polynomial, Slot, data
from jqkd.quantum.limits import check_num_qubits
from jqkd.quantum.ops import Op

# Gates that are not their own inverse; rotations change the sign of their angle.
_PAIRS = (("S", "SDG"), ("T", "TDG"), ("SX", "SXDG"))
_INVERSES = {a: b for pair in _PAIRS for a, b in (pair, pair[::-1])}


@dataclass(frozen=True)
class Circuit(Exchange):
    """Operations on ``num_qubits`` qubits, applied from first to last.

    Args:
        num_qubits: Q, at least 1; also more than a simulator has memory for.
        ops: the operations; ``Op`` checks each, the circuit checks that the wires exist.

    Raises:
        InputError: no qubit, or a wire outside ``0..Q-1``.

    Example:
        >>> circuit = Circuit(2, (Op("H", (0,)), Op("RY", (1,)), Op("CX", (0, 1))))
        >>> circuit.num_angles, circuit.is_real, circuit == circuit.then(())
        (1, True, True)
    """

    num_qubits: int
    ops: tuple[Op, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "num_qubits", check_num_qubits(self.num_qubits))
        object.__setattr__(self, "ops", _ops("ops", self.ops))
        for op in self.ops:
            if max(op.wires) >= self.num_qubits:
                allowed = f"lie in 0..{self.num_qubits - 1} in a circuit of {self.num_qubits}"
                fail("wires", f"{allowed} qubit(s)", f"{op.name} on {op.wires}")

    # Circuits are static arguments of jitted functions, so they are hashed at every call.
    @cached_property
    def _hash(self) -> int:
        return hash((self.num_qubits, self.ops))

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def num_angles(self) -> int:
        """P, the length of the angle vector."""
        return sum(op.num_slots for op in self.ops)

    @cached_property
    def is_real(self) -> bool:
        """Whether every gate is a real matrix: then amplitudes need no imaginary part."""
        return all(op.gate.real for op in self.ops)

    def slots(self) -> Iterator[tuple[Op, range]]:
        """The operations, each with the range of angle slots it reads."""
        start = 0
        for op in self.ops:
            yield op, range(start, start + op.num_slots)
            start += op.num_slots

    def layers(self) -> Iterator[list[tuple[Op, range]]]:
        """What ``slots`` yields, taken together where one gate stands on wires side by side.

        Example:
            >>> pair = Circuit(2, (Op("H", (0,)), Op("H", (1,)), Op("CX", (0, 1))))
            >>> [len(layer) for layer in pair.layers()]
            [2, 1]
        """
        layer: list[tuple[Op, range]] = []
        for op, slots in self.slots():
            if layer and not _side_by_side(op, [other for other, _ in layer]):
                yield layer
                layer = []
            layer.append((op, slots))
        if layer:
            yield layer

    def then(self, other: Circuit | Iterable[Op]) -> Circuit:
        """This circuit followed by another one's operations; names of slots stay as they are."""
        ops = other.ops if isinstance(other, Circuit) else _ops("other", other)
        return Circuit(self.num_qubits, self.ops + ops)

    @cached_property
    def filled(self) -> tuple[Slot | Polynomial, ...]:
        """What each of the P slots is filled with; without any names, slot i with data i.

        Raises:
            InputError: some slots have names and others have none.
        """
        slots = tuple(slot for op in self.ops for slot in op.filled or ())
        unnamed = self.num_angles - len(slots)
        if not slots:
            return data(*range(self.num_angles))
        if unnamed:
            advice = "name all of them, or none: `as_data` and `as_weights` name a circuit's slots"
            fail("circuit", "name each of its angle slots", f"one with {unnamed} unnamed", advice)
        return slots

    @property
    def num_data(self) -> int:
        """D, the length of the data vector: one more than the largest index."""
        return self._length(DATA)

    @property
    def num_weights(self) -> int:
        """W, the length of the weight vector."""
        return self._length(WEIGHT)

    def _length(self, kind: str) -> int:
        slots = (slot for expression in self.filled for slot in expression.slots())
        return 1 + max((slot.index for slot in slots if slot.kind == kind), default=-1)

    def as_data(self) -> Circuit:
        """The same circuit, its slots filled by data 0, 1, ... in order of appearance."""
        return self._named(DATA, 0)

    def as_weights(self, first: int = 0) -> Circuit:
        """The same circuit, its slots filled by weights ``first``, ``first + 1``, ...

        Example:
            >>> pair = Circuit(1, (Op("RY", (0,)),))
            >>> print(pair.as_data().then(pair.as_weights()))
            q0: ─RY(x0)─RY(w0)─
        """
        return self._named(WEIGHT, check_integer("first", first, 0))

    def _named(self, kind: str, first: int) -> Circuit:
        ops = [
            replace(op, filled=tuple(Slot(kind, first + i) for i in slots)) if slots else op
            for op, slots in self.slots()
        ]
        return Circuit(self.num_qubits, tuple(ops))

    def fill(self, data: ArrayLike, weights: ArrayLike | None = None) -> Float[Array, "... P"]:
        """Angles of every slot; differentiable, so that shared weights add up their gradients.

        Args:
            data: shape ``(..., D)``, radians.
            weights: shape ``(W,)``, radians; may be left out where there are none.

        Raises:
            InputError: another number of data or weights.

        Example:
            >>> twice = Circuit(1, (Op("RY", (0,), filled=data(0)), Op("RX", (0,), filled=data(0))))
            >>> twice.fill(jnp.array([0.5])).tolist()
            [0.5, 0.5]
        """
        size, number = self.num_data, self.num_weights
        values = jnp.asarray(check_array("data", data, ("...", size), finite=False))
        if number:
            weights = check_array("weights", weights, (number,), finite=False)
            rows = jnp.broadcast_to(jnp.asarray(weights), (*values.shape[:-1], number))
            values = jnp.concatenate([values, rows], -1)
        place = lambda slot: slot.index + size * (slot.kind == WEIGHT)  # noqa: E731
        if not all(isinstance(expression, Slot) for expression in self.filled):
            angles = [e.at(lambda slot: values[..., place(slot)]) for e in self.filled]
            dtype = jnp.result_type(values, 1.0)
            return jnp.stack(
                [
                    jnp.broadcast_to(jnp.asarray(angle, dtype), values.shape[:-1])
                    for angle in angles
                ],
                -1,
            )
        places = [place(slot) for slot in self.filled]
        if places == list(range(size + number)):
            return values
        return values[..., np.array(places, int)]

    def unnamed(self) -> Circuit:
        """The same circuit, its slots without names: each is its place in the vector of angles."""
        return Circuit(self.num_qubits, tuple(replace(op, filled=None) for op in self.ops))

    def inverse(self) -> Circuit:
        """What undoes the circuit: inverse gates in reverse order, angles with their sign changed.

        Its slots are named; those of a circuit without names are data 0, 1, ... in the order of
        the circuit that is undone.

        Example:
            >>> twice = Circuit(2, (Op("S", (0,)), Op("RY", (1,)), Op("CX", (0, 1))))
            >>> print(twice.inverse())
            q0: ─CX0─SDG─────
            q1: ─CX1─RY(-x0)─
        """
        named = self if all(op.filled for op, slots in self.slots() if slots) else self.as_data()
        return Circuit(self.num_qubits, tuple(map(_inverse, reversed(named.ops))))

    def shiftable(self) -> Circuit:
        """The same unitary up to its phase, from gates that the two-term shift rule fits.

        A controlled rotation becomes two rotations by half of its angle, up and down.

        Example:
            >>> turn = Circuit(2, (Op("CRZ", (0, 1), filled=data(0)),))
            >>> print(turn.shiftable())
            q0: ────────────CX0─────────────CX0─
            q1: ─RZ(0.5*x0)─CX1─RZ(-0.5*x0)─CX1─
        """
        named = self if all(op.filled for op, slots in self.slots() if slots) else self.as_data()
        ops = tuple(part for op in named.ops for part in _shiftable(op))
        return self if ops == named.ops else Circuit(self.num_qubits, ops)

    def __str__(self) -> str:
        from jqkd.quantum.drawing import draw

        return draw(self)


def _ops(name: str, ops: object) -> tuple[Op, ...]:
    must = "be a circuit or a sequence of `Op`s" if name == "other" else "be a sequence of `Op`s"
    if not isinstance(ops, Iterable) or isinstance(ops, str) or hasattr(ops, "dtype"):
        fail(name, must, shown(ops))
    checked = []
    for op in ops:
        if not isinstance(op, Op):
            fail(name, must, f"one with {shown(op)}")
        checked.append(op)
    return tuple(checked)


def _inverse(op: Op) -> Op:
    if not op.gate.num_angles:
        return Op(_INVERSES.get(op.name, op.name), op.wires)
    angles: tuple[Any, ...] = op.filled or op.fixed or ()
    # U3(theta, phi, lambda) is undone by U3(-theta, -lambda, -phi).
    turned = tuple(-angle for angle in (angles[:1] + angles[:0:-1]))
    return replace(op, **{"filled" if op.filled else "fixed": turned})


def _shiftable(op: Op) -> tuple[Op, ...]:
    """CRX, CRY and CRZ by X R(a) X = R(-a), where X and R anticommute; other gates as they are."""
    if not op.filled or op.gate.shiftable:
        return (op,)
    (angle,), (_, target) = op.filled, op.wires
    name, change = f"R{op.name[-1]}", Op("H", (target,))
    if name == "RX":
        inner = _shiftable(Op("CRZ", op.wires, filled=op.filled))
        return (change, *inner, change)
    half = [Op(name, (target,), filled=(sign * angle,)) for sign in (0.5, -0.5)]
    flip = Op("CX", op.wires)
    return (half[0], flip, half[1], flip)


def _side_by_side(op: Op, layer: list[Op]) -> bool:
    if op.name != layer[0].name or (op.fixed is None) != (layer[0].fixed is None):
        return False
    # Those that commute may share wires.
    return op.gate.flips_sign or not any(set(op.wires) & set(other.wires) for other in layer)
