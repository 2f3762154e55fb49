"""The picture: how many times as fast as the best peer, cell by cell."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from benchmarks.summary import Summary
from jqkd.report.charts import ONE_COLUMN
from jqkd.report.figures import save

# Okabe and Ito's palette; marker and colour by the place of the batch among the workload's.
_STYLES = (("o", "#0072B2"), ("s", "#D55E00"), ("^", "#009E73"))
_LABELS = ("batch of 1", "8 to 64", "256 (W3), 1024")
_RC = {
    "font.size": 7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "legend.frameon": False,
    "svg.hashsalt": "jqkd",
    "pdf.fonttype": 42,
}
CAPTION = (
    "Time of the best peer over that of jqkd, logarithmic; right of the line jqkd is faster. "
    "One row a workload and number of qubits, one marker a batch size."
)


def draw(summary: Summary, path: Path) -> Path:
    """Draw and write the picture in all formats; returns the PNG.

    Raises:
        InputError: a file that cannot be written.
    """
    import matplotlib

    matplotlib.use("agg")
    with matplotlib.rc_context(_RC):
        figure = draw_ratios(summary)
        return save(figure, path, digest(summary))


def digest(summary: Summary) -> str:
    """Names the numbers that the picture shows."""
    numbers = [(cell.name, summary.ratio(cell)) for cell in summary.cells]
    return hashlib.sha256(json.dumps(numbers).encode()).hexdigest()[:16]


def draw_ratios(summary: Summary) -> Any:
    """The picture of ``draw``."""
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    rows = list(dict.fromkeys((cell.workload, cell.qubits) for cell in summary.cells))
    height = 0.155 * len(rows) + 0.9
    figure, place = plt.subplots(figsize=(ONE_COLUMN, height), layout="constrained")
    for cell in summary.cells:
        ratio, row = summary.ratio(cell), rows.index((cell.workload, cell.qubits))
        if ratio is not None:
            marker, colour = _STYLES[(cell.batch > 1) + (cell.batch > 64)]
            place.plot(ratio, -row, marker, color=colour, markersize=4, markeredgewidth=0)
    _shade(place, rows)
    place.set_xscale("log")
    place.xaxis.set_major_formatter("{x:g}")
    place.axvline(1, color="#444444", lw=0.8, zorder=0)
    place.set_yticks([-i for i in range(len(rows))], [f"{w}  n={n}" for w, n in rows])
    place.set_ylim(-len(rows) + 0.4, 0.6)
    place.set_xlabel("jqkd slower ← best peer's time / jqkd's → jqkd faster")
    place.grid(axis="x", lw=0.3, color="#dddddd")
    place.tick_params(axis="y", length=0)
    handles = [
        Line2D([], [], marker=marker, color=colour, ls="none", markersize=4, label=label)
        for (marker, colour), label in zip(_STYLES, _LABELS, strict=True)
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, handletextpad=0.1)
    return figure


def _shade(place: Any, rows: list[tuple[str, int]]) -> None:
    """Every other workload on a grey band."""
    names = list(dict.fromkeys(name for name, _ in rows))
    for name in names[::2]:
        mine = [i for i, (other, _) in enumerate(rows) if other == name]
        place.axhspan(-mine[-1] - 0.5, -mine[0] + 0.5, color="#f3f3f3", zorder=-1, lw=0)
