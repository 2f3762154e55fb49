"""Circuits as data: frozen, hashable, validated when built.

A circuit is a tuple of operations; its angles are a separate vector with one slot per angle of
each rotation gate, in order of appearance. A parameter used by two gates is two slots that the
caller fills with the same number, so that autodiff adds up what the shift rule returns per slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from jqkd._checks import (
    InputError,
    check_array,
    check_integer,
    check_type,
    fail,
    is_concrete,
    shown,
)
from jqkd.quantum.gates import GATES, Gate, check_gate
from jqkd.quantum.limits import check_num_qubits


@dataclass(frozen=True)
class Op:
    """One gate on some wires; ``fixed`` angles (radians) make it constant, without slots.

    Raises:
        InputError: unknown gate, wrong number of wires or angles, a wire named twice.

    Example:
        >>> Op("RY", (0,)).num_slots, Op("RY", (0,), fixed=(0.5,)).num_slots
        (1, 0)
    """

    name: str
    wires: tuple[int, ...]
    fixed: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        check_gate(self.name)
        object.__setattr__(self, "wires", _wires(self.wires, self.gate))
        if self.fixed is not None:
            object.__setattr__(self, "fixed", _fixed(self.fixed, self.gate))

    @property
    def gate(self) -> Gate:
        """The row of the gate table."""
        return GATES[self.name]

    @property
    def num_slots(self) -> int:
        """Number of entries of the angle vector that it reads."""
        return 0 if self.fixed is not None else self.gate.num_angles


def _wires(wires: Any, gate: Gate) -> tuple[int, ...]:
    must = f"be {gate.num_wires} different wire(s) for {gate.name}"
    try:
        if isinstance(wires, bytes):
            raise TypeError
        # No more than needed: a range may be as long as memory is.
        wires = tuple(islice(wires, gate.num_wires + 1))
    except TypeError:
        fail("wires", must, shown(wires), "give a tuple of integers")
    if len(wires) != gate.num_wires:
        fail("wires", must, wires)
    try:
        whole = tuple(check_integer("wires", wire, -(2**63)) for wire in wires)
    except InputError:
        fail("wires", must, wires, "count them from 0, in integers")
    if min(whole) < 0:
        fail("wires", "be 0 or more", whole)
    if len(set(whole)) != len(whole):
        fail("wires", must, whole)
    return whole


def _fixed(fixed: Any, gate: Gate) -> tuple[float, ...]:
    try:
        values = check_array("fixed", fixed, (gate.num_angles,))
    except InputError:
        values = None
    # A traced angle is no number: it belongs into the vector of angles.
    if values is None or not is_concrete(values):
        must = f"be {gate.num_angles} finite angle(s) in radians for {gate.name}"
        fail("fixed", must, shown(fixed), "leave it out where angles are to vary")
    return tuple(float(value) for value in values)


@dataclass(frozen=True)
class Circuit:
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
        """This circuit followed by another one's operations."""
        ops = other.ops if isinstance(other, Circuit) else _ops("other", other)
        return Circuit(self.num_qubits, self.ops + ops)

    def __str__(self) -> str:
        return draw(self)


def _ops(name: str, ops: Any) -> tuple[Op, ...]:
    must = "be a circuit or a sequence of `Op`s" if name == "other" else "be a sequence of `Op`s"
    try:
        entries = iter(ops)
    except TypeError:
        entries = None
    if entries is None or isinstance(ops, str):
        fail(name, must, shown(ops))
    checked = []
    for op in entries:
        if not isinstance(op, Op):
            fail(name, must, f"one with {shown(op)}")
        checked.append(op)
    return tuple(checked)


def _side_by_side(op: Op, layer: list[Op]) -> bool:
    if op.name != layer[0].name or (op.fixed is None) != (layer[0].fixed is None):
        return False
    # Those that commute may share wires.
    return op.gate.flips_sign or not any(set(op.wires) & set(other.wires) for other in layer)


def draw(circuit: Circuit) -> str:
    """Text drawing, one line per qubit, one column per layer of operations.

    Args:
        circuit: the circuit.

    Returns:
        Lines that begin with ``q0:``; slots appear as ``t0, t1, ...``.

    Example:
        >>> print(draw(Circuit(2, (Op("H", (0,)), Op("RY", (1,)), Op("CX", (0, 1))))))
        q0: ─H──────CX0─
        q1: ─RY(t0)─CX1─
    """
    check_type("circuit", circuit, Circuit, "a Circuit")
    columns: list[dict[int, str]] = []
    depth = [0] * circuit.num_qubits
    for op, slots in circuit.slots():
        low, high = min(op.wires), max(op.wires)
        column = max(depth[low : high + 1])
        depth[low : high + 1] = [column + 1] * (high - low + 1)
        while len(columns) <= column:
            columns.append({})
        columns[column].update(_labels(op, slots))
    lines = [
        f"q{wire}: ─".ljust(len(f"q{circuit.num_qubits - 1}: ─")) for wire in range(len(depth))
    ]
    for column in columns:
        width = max(map(len, column.values()))
        for wire in range(circuit.num_qubits):
            lines[wire] += column.get(wire, "").ljust(width, "─") + "─"
    return "\n".join(lines)


def _labels(op: Op, slots: range) -> dict[int, str]:
    if op.fixed is not None and op.fixed:
        shown = "(" + ",".join(f"{a:.4g}" for a in op.fixed) + ")"
    else:
        shown = f"({','.join(f't{s}' for s in slots)})" if slots else ""
    if len(op.wires) == 1:
        return {op.wires[0]: op.name + shown}
    labels = {wire: f"{op.name}{i}" + shown for i, wire in enumerate(op.wires)}
    low, high = min(op.wires), max(op.wires)
    return dict.fromkeys(range(low, high), "│") | labels
