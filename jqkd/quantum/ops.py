"""Operations: one gate, its wires, and what its angles are filled with."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from jqkd._checks import (
    InputError,
    check_array,
    check_choice,
    check_integer,
    fail,
    is_concrete,
    shown,
)
from jqkd.quantum.expressions import DATA, WEIGHT, Expression, Polynomial, Slot
from jqkd.quantum.gates import GATES, Gate


@dataclass(frozen=True)
class Op:
    """One gate on some wires; ``fixed`` angles (radians) make it constant, without slots.

    Args:
        name: of the gate.
        wires: qubits that it acts on.
        fixed: its angles, where they never change.
        filled: what its slots hold: ``data(i)``, ``weight(i)``, or sums and products of them; one
            without a name is filled by its place in the vector of angles.

    Raises:
        InputError: unknown gate, wrong number of wires, angles or slots, a wire named twice.

    Example:
        >>> Op("RY", (0,)).num_slots, Op("RY", (0,), fixed=(0.5,)).num_slots
        (1, 0)
        >>> from jqkd.quantum import Circuit, data, weight
        >>> (x,) = data(0)
        >>> print(Circuit(1, (Op("RY", (0,), filled=(2 * x,)), Op("RX", (0,), filled=weight(0)))))
        q0: ─RY(2*x0)─RX(w0)─
    """

    name: str
    wires: tuple[int, ...]
    fixed: tuple[float, ...] | None = None
    filled: tuple[Slot | Polynomial, ...] | None = None

    def __post_init__(self) -> None:
        check_choice("name", self.name, GATES)
        object.__setattr__(self, "wires", _wires(self.wires, self.gate))
        if self.fixed is not None:
            object.__setattr__(self, "fixed", _fixed(self.fixed, self.gate))
        if self.filled is not None:
            object.__setattr__(self, "filled", _filled(self.filled, self))

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


def _filled(filled: Any, op: Op) -> tuple[Slot | Polynomial, ...] | None:
    must = f"name {op.num_slots} slot(s) for {op.name}, each as data(i) or weight(i)"
    if not isinstance(filled, tuple) or len(filled) != op.num_slots:
        fail("filled", must, shown(filled))
    for expression in filled:
        if not isinstance(expression, Expression):
            fail("filled", must, shown(expression))
        for slot in expression.slots():
            if slot.kind not in (DATA, WEIGHT):
                fail("filled", must, shown(slot))
            check_integer("filled", slot.index, 0)
    return filled or None
