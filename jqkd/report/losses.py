"""The chart of losses over epochs. Matplotlib is imported when it is drawn."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from jqkd.experiments.model import present
from jqkd.report.charts import (
    ONE_COLUMN,
    TWO_COLUMNS,
    Chart,
    Look,
    legend_columns,
    looks,
    taught_words,
)
from jqkd.report.summary import Line, Summary

Panels = list[list[Line]]
# How curves may be called; the first way that tells those of every panel apart.
_NAMES: tuple[Callable[[Line], str], ...] = (
    lambda line: taught_words(line.taught_by),
    lambda line: line.arm.label,
    lambda line: f"{line.arm.label}, {taught_words(line.taught_by)}",
    lambda line: line.arm.name,
)
# Of a legend, that a figure has room for.
_LINES = 6
# Letters of a title that a panel has room for.
_ROOM = 30


def draw_losses(summary: Summary) -> Chart:
    """Validation cross-entropy over epochs, a band over seeds: baselines and what is compared."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    panels = _panels(summary)
    if not panels:
        return None
    name = next(way for way in _NAMES if all(len({*map(way, p)}) == len(p) for p in panels))
    # Teachers look as in the other charts.
    teachers = map(taught_words, summary.teachers) if name is _NAMES[0] else ()
    look = looks([*teachers, *(name(line) for panel in panels for line in panel)])
    order = list(look)
    columns, rows = min(3, len(panels)), -(-len(panels) // 3)
    width = {1: ONE_COLUMN, 2: 5.2, 3: TWO_COLUMNS}[columns]
    size: dict[str, Any] = {
        "figsize": (width, 2.0 * rows + 0.3),
        "layout": "constrained",
        "squeeze": False,
    }
    figure, axes = plt.subplots(rows, columns, **size)
    curves = {}
    for place, title, panel in zip(axes.flat, _titles(panels), panels, strict=False):
        for line in sorted(panel, key=lambda x: order.index(name(x))):
            curves[name(line)] = _curve(place, line, look[name(line)], order.index(name(line)))
        place.set(xlabel="epoch", title=textwrap.fill(title, _ROOM))
        place.set_xlim(0.5, max(max(line.record.epochs) for line in panel) + 0.5)
        place.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        place.yaxis.set_major_locator(MaxNLocator(5))
    for place in axes.flat[len(panels) :]:
        place.set_axis_off()
    for row in axes:
        row[0].set_ylabel("validation loss (nats)")
    labels = [label for label in order if label in curves]
    number = legend_columns(figure, labels, columns + 1)
    places = {"loc": "outside lower center", "ncols": number, "handlelength": 3}
    figure.legend([curves[label] for label in labels], labels, **places)
    # A long legend gets room of its own, in inches a line.
    more = max(0, -(-len(labels) // number) - _LINES)
    figure.set_figheight(figure.get_figheight() + 0.17 * more)
    return figure, (
        "Validation cross-entropy of students and of those that they are compared with: median "
        "over seeds, band from the 10th to the 90th percentile. Levels of curves with different "
        "readouts cannot be compared."
    )


def _panels(summary: Summary) -> Panels:
    """A baseline with what is compared with it; lines that are compared with nothing by group."""
    students = {x.arm.name for x in summary.students if "validation_loss" in x.record.curves}
    pairs = [{one.comparison.arm, one.comparison.baseline} for one in summary.differences]
    compared = [x for x, pair in zip(summary.differences, pairs, strict=True) if pair <= students]
    # Comparisons of a family are what an experiment is about.
    compared = [one for one in compared if one.comparison.family] or compared
    panels: dict[str, list[Line]] = {}
    for one in compared:
        panels.setdefault(one.comparison.baseline, [one.baseline]).append(one.arm)
    lone: dict[str, list[Line]] = {}
    for line in summary.students:
        if line.arm.name in students - set().union(*pairs):
            lone.setdefault(line.arm.group, []).append(line)
    return [*panels.values(), *lone.values()]


def _titles(panels: Panels) -> list[str]:
    arms = [panel[0].arm for panel in panels]
    titles = [f"{arm.group}, {present(arm.student).qubits} qubits" for arm in arms]
    unique = len(set(titles)) == len(titles)
    return titles if unique else [f"{arm.group}: {arm.label}" for arm in arms]


def _curve(place: Any, line: Line, look: Look, kind: int) -> Any:
    curves = np.asarray(line.record.curves["validation_loss"], float)
    epochs = np.array(line.record.epochs)
    low, middle, high = np.percentile(curves, [10, 50, 90], axis=0)
    # Each kind has its markers at other epochs.
    every = (min(kind, len(epochs) - 1), max(4, len(epochs) // 5))
    style = {"marker": look.marker, "markersize": 3.5, "markevery": every}
    style |= {"color": look.colour, "linestyle": look.dashes}
    (curve,) = place.plot(epochs, middle, **style)
    place.fill_between(epochs, low, high, color=look.colour, alpha=0.13, lw=0)
    return curve
