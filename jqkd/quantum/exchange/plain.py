"""A circuit as plain lists, numbers and texts, and back: what JSON can hold, nothing that runs."""

from __future__ import annotations

from typing import Any

from jqkd._checks import InputError, fail
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.expressions import Polynomial, Slot, polynomial
from jqkd.quantum.ops import Op


def to_plain(circuit: Circuit) -> dict[str, Any]:
    """Qubits, and of each operation the gate, its wires, fixed angles, and what fills its slots.

    Example:
        >>> from jqkd.quantum import h_ry
        >>> to_plain(h_ry(1).as_data())["ops"][1]
        ['RY', [0], None, [[[[['data', 0]], 1.0]]]]
    """
    ops = [[op.name, [*op.wires], op.fixed and [*op.fixed], _written(op)] for op in circuit.ops]
    return {"qubits": circuit.num_qubits, "ops": ops}


def _written(op: Op) -> list[Any] | None:
    return (
        None
        if op.filled is None
        else [
            [[[[s.kind, s.index] for s in slots], coefficient] for slots, coefficient in e.terms]
            for e in op.filled
        ]
    )


def from_plain(content: Any) -> Circuit:
    """The circuit that ``to_plain`` was given.

    Raises:
        InputError: it is none.

    Example:
        >>> from jqkd.quantum import h_ry
        >>> from_plain(to_plain(h_ry(1))) == h_ry(1)
        True
    """
    try:
        ops = tuple(
            Op(name, tuple(wires), fixed and tuple(fixed), filled and tuple(map(_read, filled)))
            for name, wires, fixed, filled in content["ops"]
        )
        return Circuit(content["qubits"], ops)
    except InputError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        fail("circuit", "be one that `to_plain` made", f"something else ({error})")


def _read(written: list[Any]) -> Slot | Polynomial:
    return polynomial((tuple(Slot(*slot) for slot in slots), c) for slots, c in written)
