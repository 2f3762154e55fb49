"""Pictures of circuits. Matplotlib is imported when one is drawn."""

from __future__ import annotations

import re
from typing import Any

from jqkd.experiments.model import present
from jqkd.quantum import Circuit, Op
from jqkd.report.charts import Chart
from jqkd.report.summary import Summary
from jqkd.training.config import StudentConfig

# As many as a page is wide enough for.
_MOST_COLUMNS = 24


def draw_circuits(summary: Summary) -> Chart:
    """The students' circuits, each once."""
    import matplotlib.pyplot as plt

    titles: dict[tuple[Circuit, int], str] = {}
    for line in summary.students:
        drawn = _circuit(present(line.arm.student))
        if drawn is not None:
            titles.setdefault(drawn, line.arm.label)
    short = [drawn for drawn in titles if _columns(*drawn)[-1] <= _MOST_COLUMNS]
    circuits = sorted(short, key=lambda drawn: drawn[0].num_qubits)
    if not circuits:
        return None
    widths = [circuit.num_qubits for circuit, _ in circuits]
    depth = max(_columns(*drawn)[-1] for drawn in circuits)
    columns, rows = min(2, len(circuits)), -(-len(circuits) // 2)
    size: dict[str, Any] = {"figsize": (columns * max(1.7, 0.45 * depth), 0.4 * max(widths) * rows)}
    figure, axes = plt.subplots(rows, columns, layout="constrained", squeeze=False, **size)
    unique = len(set(widths)) == len(widths)
    for place, drawn in zip(axes.flat, circuits, strict=False):
        _draw_circuit(place, *drawn)
        place.set_title(f"{drawn[0].num_qubits} qubits" if unique else titles[drawn])
    for place in axes.flat[len(circuits) :]:
        place.set_axis_off()
    encoded = any(encoding for _, encoding in circuits)
    return (
        figure,
        "The students' circuits, each qubit measured; x is data, theta a weight."
        + " E: encoding." * encoded
        + f" Those of more than {_MOST_COLUMNS} columns are left out." * (len(short) < len(titles)),
    )


def _circuit(config: StudentConfig) -> tuple[Circuit, int] | None:
    """A student's circuit, and how many gates of an entangling encoding it begins with.

    ``None`` where something else stands in the circuit's place.
    """
    spec = config.spec
    if not spec.draws_shots:
        return None
    encoding = spec.encoding.circuit(spec.qubits).ops
    return spec.circuit, len(encoding) * any(len(op.wires) > 1 for op in encoding)


def _angles(op: Op) -> str:
    """What fills a gate's angles: x is data, theta a weight."""
    text = ", ".join(map(str, op.filled or ())).replace("*", "").replace("w", r"\theta")
    text = re.sub(r"(x|theta)([0-9]+)", r"\1_{\2}", text)
    return f"(${text}$)" if text else ""


def _columns(circuit: Circuit, encoding: int) -> list[int]:
    """The column of each gate behind the encoding, and how many there are."""
    free = [int(encoding > 0)] * circuit.num_qubits
    columns = []
    for op in circuit.ops[encoding:]:
        # A gate on several wires stands alone on all between them.
        wires = range(min(op.wires), max(op.wires) + 1)
        columns.append(max(free[wire] for wire in wires))
        for wire in wires:
            free[wire] = columns[-1] + 1
    return [*columns, max(free)]


def _draw_circuit(place: Any, circuit: Circuit, encoding: int) -> None:
    shapes = {"ha": "center", "va": "center", "fontsize": 7, "zorder": 3}
    box = {"boxstyle": "square,pad=0.3", "facecolor": "white", "edgecolor": "black"}
    shapes["bbox"] = box | {"linewidth": 0.7}
    *columns, last = _columns(circuit, encoding)
    for x, op in zip(columns, circuit.ops[encoding:], strict=True):
        name = op.name.removeprefix("C") + _angles(op)
        place.plot([x, x], [-min(op.wires), -max(op.wires)], color="black", lw=0.7, zorder=1)
        for i, wire in enumerate(op.wires):
            if op.name.startswith("C") and i == 0:  # The first wire controls.
                place.plot([x], [-wire], "o", color="black", markersize=3)
            else:
                place.text(x, -wire, name, **shapes)
    for wire in range(circuit.num_qubits):
        if encoding:
            place.text(0, -wire, "E", **shapes)
        place.plot([-0.6, last], [-wire, -wire], color="black", lw=0.7, zorder=1)
        place.text(last, -wire, "M", **shapes)
        place.text(-0.7, -wire, rf"$q_{wire}$", ha="right", va="center", fontsize=7)
    place.set_xlim(-1.2, last + 0.5)
    place.set_ylim(-circuit.num_qubits + 0.4, 0.6)
    place.set_axis_off()
