"""Qiskit's drawings of circuits."""

from __future__ import annotations

from pathlib import Path

from jqkd.common.outputs import check_picture, write_figure
from jqkd.quantum import Circuit
from jqkd.quantum.exchange.packages import require_qiskit
from jqkd.quantum.exchange.qiskit import to_qiskit


def save_picture(circuit: Circuit, path: str | Path) -> Path:
    """Qiskit's drawing of the circuit; the path's ending chooses the format (png, pdf, svg)."""
    require_qiskit("pylatexenc")
    path = check_picture("path", path)
    return write_figure(to_qiskit(circuit).draw("mpl", fold=30), path, bbox_inches="tight")
