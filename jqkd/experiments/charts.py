"""Charts of the report: losses, accuracies, gains. Matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jqkd.experiments.plan import alone_arm, distilled_arm
from jqkd.experiments.results import RowResult, Summary
from jqkd.experiments.rows import DISTILLED, NAMES, TEACHER
from jqkd.experiments.store import Store
from jqkd.experiments.text import data_name

# Inches: one column of a paper, and two.
ONE_COLUMN, TWO_COLUMNS = 3.4, 7.0
# Okabe and Ito's palette, and a marker for each: told apart without colour too.
COLOURS = {None: "#000000", "lenet": "#0072B2", "alexnet": "#D55E00", "ensemble": "#009E73"}
MARKERS = {None: "o", "lenet": "s", "alexnet": "^", "ensemble": "v"}
PAPER = {
    "marker": "D",
    "color": "#CC79A7",
    "markersize": 5,
    "linestyle": "none",
    "markeredgecolor": "white",
}


def draw_losses(summary: Summary, store: Store) -> tuple[Any, str] | None:
    """Validation cross-entropy over epochs, a band over seeds (fig. 6)."""
    import matplotlib.pyplot as plt

    groups: dict[tuple, list[RowResult]] = {}
    for result in (r for r in summary.rows if r.row.kind != TEACHER):
        row = result.row
        groups.setdefault((row.dataset, row.classes, row.qubits), []).append(result)
    if not groups:
        return None
    columns = min(3, len(groups))
    lines = -(-len(groups) // columns)
    size = {"figsize": (TWO_COLUMNS, 2.1 * lines + 0.3), "layout": "constrained", "squeeze": False}
    figure, axes = plt.subplots(lines, columns, **size)
    for place, results in zip(axes.flat, groups.values(), strict=False):
        for result in results:
            _draw_curve(place, result, store, summary)
        row = results[0].row
        place.set_title(f"{data_name(row)}, {row.qubits} qubits")
        place.set_xlabel("epoch")
    for place in axes.flat[len(groups) :]:
        place.set_axis_off()
    for line in axes:
        line[0].set_ylabel("validation loss (nats)")
    names, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(names, labels, loc="outside lower center", ncols=4)
    return figure, (
        "Validation cross-entropy: median over seeds, band from the 10th to the 90th percentile "
        "(the paper's fig. 6, there the training loss of one run). Levels of curves with different "
        "heads cannot be compared."
    )


def _draw_curve(place: Any, result: RowResult, store: Store, summary: Summary) -> None:
    row = result.row
    make = distilled_arm if row.kind == DISTILLED else alone_arm
    runs = store.runs(make(row, summary.settings)).values()
    curves = np.array([run["curves"]["validation_loss"] for run in runs])
    epochs = np.arange(1, curves.shape[1] + 1)
    low, middle, high = np.percentile(curves, [10, 50, 90], axis=0)
    colour = COLOURS[row.teacher]
    label = NAMES[row.teacher] if row.teacher else "alone"
    step = max(1, len(epochs) // 5)
    style = {"color": colour, "marker": MARKERS[row.teacher], "markersize": 3, "markevery": step}
    place.plot(epochs, middle, label=label, **style)
    place.fill_between(epochs, low, high, color=colour, alpha=0.13, lw=0)


def draw_accuracies(summary: Summary) -> tuple[Any, str] | None:
    """Every run of every student, and the published number (fig. 7)."""
    results = [r for r in summary.rows if r.row.kind != TEACHER]

    def draw(place: Any, result: RowResult, y: float) -> None:
        values = np.array(result.accuracy["best"])
        colour = COLOURS[result.row.teacher]
        jitter = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else 0
        place.plot(values, y + jitter, ".", color=colour, alpha=0.5, markersize=4, mew=0)
        place.plot([values.mean()] * 2, [y - 0.3, y + 0.3], color=colour, lw=1.6)
        if result.row.accuracy is not None:
            place.plot([result.row.accuracy], [y], **PAPER)

    caption = (
        "Test accuracy of every run at its best epoch on test (dots), their mean (bar), and the "
        "published number (diamond; the paper's fig. 7)."
    )
    legend = {"one run": {"marker": ".", "ls": "none"}, "mean": {"marker": "|", "ls": "none"}}
    return _per_row(results, draw, "test accuracy (%)", caption, legend)


def draw_gains(summary: Summary) -> tuple[Any, str] | None:
    """Mean paired gains with their intervals, and the published ones (fig. 7)."""
    results = [r for r in summary.rows if r.gain]

    def draw(place: Any, result: RowResult, y: float) -> None:
        kinds = [(result.gain["best"], 0.14, True)]
        if result.matched is not None:
            kinds.append((result.gain_matched["best"], -0.14, False))
        for gain, shift, as_run in kinds:
            colour = COLOURS[result.row.teacher]
            low, high = gain.interval or (gain.mean, gain.mean)
            place.plot([low, high], [y + shift] * 2, color=colour, lw=1.2)
            face = colour if as_run else "white"
            style = {
                "marker": "o",
                "markersize": 4,
                "markerfacecolor": face,
                "markeredgecolor": colour,
            }
            place.plot([gain.mean], [y + shift], **style)
        if result.row.gain is not None:
            place.plot([result.row.gain], [y], **PAPER)
        place.axvline(0, color="#999999", lw=0.6, zorder=0)

    caption = (
        "Gain by distillation: mean over seeds of the paired difference and its 95 % BCa interval, "
        "as the notebooks run it (filled) and, where that differs, with one head for both arms "
        "(open), beside the published gain (diamond; the paper's fig. 7)."
    )
    legend = {"as the notebooks": {"marker": "o", "markersize": 4}}
    if any(result.matched is not None for result in results):
        legend["one head"] = {"marker": "o", "markersize": 4, "markerfacecolor": "white"}
    return _per_row(results, draw, "gain (points of test accuracy)", caption, legend)


def _per_row(
    results: list[RowResult],
    draw: Callable[..., None],
    label: str,
    caption: str,
    legend: dict[str, dict[str, Any]],
) -> tuple[Any, str] | None:
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    if not results:
        return None
    tables = sorted({result.row.table for result in results})
    longest = max(sum(r.row.table == table for r in results) for table in tables)
    size = {
        "figsize": (TWO_COLUMNS, 0.24 * longest + 1.1),
        "layout": "constrained",
        "squeeze": False,
    }
    figure, axes = plt.subplots(1, len(tables), **size)
    for place, table in zip(axes[0], tables, strict=True):
        mine = [result for result in results if result.row.table == table]
        mine.sort(key=lambda r: (r.row.classes, r.row.qubits, r.row.kind == DISTILLED))
        for y, result in enumerate(mine):
            draw(place, result, -y)
        names = [f"{r.row.classes}, {r.row.label}" for r in mine]
        place.set_yticks(-np.arange(len(mine)), names)
        place.set_xlabel(label)
        place.set_title(NAMES[mine[0].row.dataset])
        place.grid(axis="x", lw=0.3, color="#dddddd")
    handles = [Line2D([], [], color="#555555", label=k, **style) for k, style in legend.items()]
    if any(result.row.accuracy is not None for result in results):
        handles.append(Line2D([], [], label="published", **PAPER))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure, caption
