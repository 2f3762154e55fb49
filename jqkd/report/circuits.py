"""Pictures of circuits. Matplotlib is imported when one is drawn."""

from __future__ import annotations

from typing import Any

import numpy as np

from jqkd.models import NETWORKS
from jqkd.quantum import Circuit, amplitude_encoding
from jqkd.report.charts import Chart
from jqkd.report.summary import Summary
from jqkd.training.config import StudentConfig


def draw_circuits(summary: Summary) -> Chart:
    """The students' circuits, each once."""
    import matplotlib.pyplot as plt

    titles: dict[Circuit, str] = {}
    for line in summary.students:
        circuit = _circuit(line.arm.student)
        if circuit is not None:
            titles.setdefault(circuit, line.arm.label)
    circuits = sorted(titles, key=lambda circuit: circuit.num_qubits)
    if not circuits:
        return None
    widths = [circuit.num_qubits for circuit in circuits]
    columns, rows = min(2, len(circuits)), -(-len(circuits) // 2)
    size = {"figsize": (1.7 * columns * (1 + (rows > 1)), 0.4 * max(widths) * rows)}
    figure, axes = plt.subplots(rows, columns, layout="constrained", squeeze=False, **size)
    unique = len(set(widths)) == len(widths)
    for place, circuit in zip(axes.flat, circuits, strict=False):
        _draw_circuit(place, circuit)
        place.set_title(f"{circuit.num_qubits} qubits" if unique else titles[circuit])
    for place in axes.flat[len(circuits) :]:
        place.set_axis_off()
    encoding = " E: amplitude encoding of the features." if any(map(_is_encoded, circuits)) else ""
    return figure, f"The students' circuits, each qubit measured.{encoding}"


def _circuit(config: StudentConfig) -> Circuit | None:
    """A student's circuit; ``None`` where something else stands in its place."""
    network = NETWORKS[config.preset]
    return network.circuit(config.qubits) if network.draws_shots else None


def _is_encoded(circuit: Circuit) -> bool:
    encoding = amplitude_encoding(circuit.num_qubits).ops
    return circuit.ops[: len(encoding)] == encoding


def _draw_circuit(place: Any, circuit: Circuit) -> None:
    shapes = {"ha": "center", "va": "center", "fontsize": 7, "zorder": 3}
    box = {"boxstyle": "square,pad=0.3", "facecolor": "white", "edgecolor": "black"}
    shapes["bbox"] = box | {"linewidth": 0.7}
    qubits, encoded = circuit.num_qubits, _is_encoded(circuit)
    column, slot = np.zeros(qubits), 0
    for wire in range(qubits if encoded else 0):
        place.text(0, -wire, "E", **shapes)
        column[wire] = 1
    for op in circuit.ops[len(amplitude_encoding(qubits).ops) if encoded else 0 :]:
        # A gate on several wires stands alone on all between them.
        wires = slice(min(op.wires), max(op.wires) + 1)
        x = column[wires].max()
        angle = ", ".join(rf"\theta_{{{slot + i}}}" for i in range(op.num_slots))
        slot += op.num_slots
        place.plot([x, x], [-min(op.wires), -max(op.wires)], color="black", lw=0.7, zorder=1)
        name = op.name.removeprefix("C") + (f"(${angle}$)" if angle else "")
        for i, wire in enumerate(op.wires):
            if op.name.startswith("C") and i == 0:  # The first wire controls.
                place.plot([x], [-wire], "o", color="black", markersize=3)
            else:
                place.text(x, -wire, name, **shapes)
        column[wires] = x + 1
    for wire in range(qubits):
        place.plot([-0.6, column.max()], [-wire, -wire], color="black", lw=0.7, zorder=1)
        place.text(column.max(), -wire, "M", **shapes)
        place.text(-0.7, -wire, rf"$q_{wire}$", ha="right", va="center", fontsize=7)
    place.set_xlim(-1.2, column.max() + 0.5)
    place.set_ylim(-qubits + 0.4, 0.6)
    place.set_axis_off()
