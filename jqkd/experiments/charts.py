"""Charts of the report: losses, accuracies, gains. Matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jqkd.experiments.plan import alone_arm, distilled_arm
from jqkd.experiments.results import RowResult, Summary
from jqkd.experiments.rows import DISTILLED, NAMES, TEACHER
from jqkd.experiments.sheets import has_two_heads
from jqkd.experiments.store import Store
from jqkd.experiments.summary import headline
from jqkd.experiments.text import WHEN, data_name

# Inches: one column of a paper, and two.
ONE_COLUMN, TWO_COLUMNS = 3.4, 7.0
# Okabe and Ito's palette, a marker and dashes for each: told apart without colour too, and seen
# where two curves are the same.
COLOURS = {None: "#000000", "lenet": "#0072B2", "alexnet": "#D55E00", "ensemble": "#009E73"}
MARKERS = {None: "o", "lenet": "s", "alexnet": "^", "ensemble": "v"}
DASHES = {None: "-", "lenet": (0, (5, 2)), "alexnet": (0, (3, 2)), "ensemble": (0, (1, 1))}
# Hollow, so that runs under it are seen.
PAPER = {
    "marker": "D",
    "color": "#B5468B",
    "markersize": 5,
    "linestyle": "none",
    "markerfacecolor": "none",
    "markeredgewidth": 1.2,
    "zorder": 5,
}


def draw_losses(summary: Summary, store: Store) -> tuple[Any, str] | None:
    """Validation cross-entropy over epochs, a band over seeds (fig. 6)."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    groups: dict[tuple, list[RowResult]] = {}
    for result in (r for r in summary.rows if r.row.kind != TEACHER):
        row = result.row
        groups.setdefault((row.dataset, row.classes, row.qubits), []).append(result)
    if not groups:
        return None
    columns = min(3, len(groups))
    lines = -(-len(groups) // columns)
    width = {1: ONE_COLUMN, 2: 5.2, 3: TWO_COLUMNS}[columns]
    size = {"figsize": (width, 2.0 * lines + 0.3), "layout": "constrained", "squeeze": False}
    figure, axes = plt.subplots(lines, columns, **size)
    for place, results in zip(axes.flat, groups.values(), strict=False):
        for result in sorted(results, key=lambda r: list(COLOURS).index(r.row.teacher)):
            _draw_curve(place, result, store, summary)
        row = results[0].row
        place.set_title(f"{data_name(row)}, {row.qubits} qubits")
        place.set_xlabel("epoch")
        place.set_xlim(0.5, summary.settings.epochs + 0.5)
        place.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        place.yaxis.set_major_locator(MaxNLocator(5))
    for place in axes.flat[len(groups) :]:
        place.set_axis_off()
    for line in axes:
        line[0].set_ylabel("validation loss (nats)")
    handles = {}
    for place in axes.flat:
        handles |= dict(zip(*place.get_legend_handles_labels()[::-1], strict=True))
    labels = [name for name in map(_curve_name, COLOURS) if name in handles]
    columns = 2 if columns == 1 else 4
    places = {"loc": "outside lower center", "ncols": columns, "handlelength": 3}
    figure.legend([handles[label] for label in labels], labels, **places)
    heads = " Levels of curves with different heads cannot be compared."
    return figure, (
        "Validation cross-entropy of the students: median over seeds, band from the 10th to the "
        "90th percentile (the paper's fig. 6, there the training loss of one run)."
        f"{heads if has_two_heads(summary) else ''}"
    )


def _curve_name(teacher: str | None) -> str:
    return f"taught by {NAMES[teacher]}" if teacher else "alone"


def _draw_curve(place: Any, result: RowResult, store: Store, summary: Summary) -> None:
    row = result.row
    make = distilled_arm if row.kind == DISTILLED else alone_arm
    arm = make(row, summary.settings)
    runs = store.runs(arm).values()
    curves = np.array([run["curves"]["validation_loss"] for run in runs])
    epochs = np.array(arm.config.evaluated_epochs)
    low, middle, high = np.percentile(curves, [10, 50, 90], axis=0)
    colour = COLOURS[row.teacher]
    # Each kind has its markers at other epochs.
    step, kind = max(4, len(epochs) // 5), list(COLOURS).index(row.teacher)
    every = (min(kind, len(epochs) - 1), step)
    style = {"marker": MARKERS[row.teacher], "markersize": 3.5, "markevery": every}
    style |= {"color": colour, "linestyle": DASHES[row.teacher]}
    place.plot(epochs, middle, label=_curve_name(row.teacher), **style)
    place.fill_between(epochs, low, high, color=colour, alpha=0.13, lw=0)


def draw_accuracies(summary: Summary) -> tuple[Any, str] | None:
    """Every run of every student, where one more falls, and the published number (fig. 7)."""
    results = [r for r in summary.rows if r.row.kind != TEACHER]
    protocol = headline(summary.settings)

    def draw(place: Any, result: RowResult, y: float) -> None:
        values = np.array(result.accuracy[protocol])
        colour = COLOURS[result.row.teacher]
        jitter = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else 0
        if result.interval is not None:
            place.plot(result.interval, [y, y], color=colour, lw=0.8, alpha=0.7, zorder=1)
        place.plot(values, y + jitter, ".", color=colour, alpha=0.6, markersize=4.5, mew=0)
        place.plot([values.mean()] * 2, [y - 0.32, y + 0.32], color=colour, lw=1.6)
        if result.row.accuracy is not None:
            place.plot([result.row.accuracy], [y], **PAPER)

    caption = (
        f"Test accuracy of every run {WHEN[protocol]} (dots), their mean (bar), where one more run "
        "falls in 95 of 100 cases (line), and the published number (diamond; the paper's fig. 7)."
    )
    legend = {"one run": {"marker": ".", "ls": "none"}}
    legend |= {"mean": {"marker": "|", "ls": "none", "markersize": 8, "markeredgewidth": 1.6}}
    legend |= {"one more run, 95 %": {"lw": 0.8}}
    return _per_row(results, draw, "test accuracy (%)", caption, legend)


def draw_gains(summary: Summary) -> tuple[Any, str] | None:
    """Mean paired gains with their intervals, and the published ones (fig. 7)."""
    results = [r for r in summary.rows if r.gain]
    protocol, two = headline(summary.settings), has_two_heads(summary)

    def draw(place: Any, result: RowResult, y: float) -> None:
        kinds = [(result.gain[protocol], 0.0 if result.matched is None else 0.17, True)]
        if result.matched is not None:
            kinds.append((result.gain_matched[protocol], -0.17, False))
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

    heads = ", as the notebooks run it (filled) and, where that differs, with one head (open)"
    caption = (
        f"Gain by distillation {WHEN[protocol]}: mean over seeds of the paired difference and its "
        f"95 % BCa interval{heads if two else ''}, beside the published gain (diamond; the paper's "
        "fig. 7)."
    )
    legend = {"as the notebooks" if two else "ours": {"marker": "o", "markersize": 4}}
    if two:
        legend["one head for both"] = {"marker": "o", "markersize": 4, "markerfacecolor": "white"}
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
    width = TWO_COLUMNS if len(tables) > 1 else 4.6
    size = {"figsize": (width, 0.24 * longest + 1.1), "layout": "constrained", "squeeze": False}
    figure, axes = plt.subplots(1, len(tables), **size)
    for place, table in zip(axes[0], tables, strict=True):
        mine = [result for result in results if result.row.table == table]
        mine.sort(key=lambda r: (r.row.classes, r.row.qubits, r.row.kind == DISTILLED))
        for y, result in enumerate(mine):
            draw(place, result, -y)
        names = [f"{r.row.classes}, {r.row.label}" for r in mine]
        place.set_yticks(-np.arange(len(mine)), names)
        place.set_ylim(0.6 - len(mine), 0.6)
        place.tick_params("y", length=0)
        place.set_xlabel(label)
        place.set_title(NAMES[mine[0].row.dataset])
        place.grid(axis="x", lw=0.3, color="#dddddd")
        place.set_axisbelow(True)
    handles = [Line2D([], [], color="#555555", label=k, **style) for k, style in legend.items()]
    if any(result.row.accuracy is not None for result in results):
        handles.append(Line2D([], [], label="published", **PAPER))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure, caption
