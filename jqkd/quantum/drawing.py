"""Text drawings of circuits."""

from __future__ import annotations

from jqkd._checks import check_type
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.ops import Op


def draw(circuit: Circuit) -> str:
    """Text drawing, one line per qubit, one column per layer; slots appear as ``t0, t1, ...``.

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
        names = op.filled or [f"t{slot}" for slot in slots]
        shown = f"({','.join(map(str, names))})" if slots else ""
    if len(op.wires) == 1:
        return {op.wires[0]: op.name + shown}
    labels = {wire: f"{op.name}{i}" + shown for i, wire in enumerate(op.wires)}
    low, high = min(op.wires), max(op.wires)
    return dict.fromkeys(range(low, high), "│") | labels
