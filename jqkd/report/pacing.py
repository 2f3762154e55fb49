"""Shots to an accuracy as sentences, a table and a chart.

Matplotlib is imported when the chart is drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jqkd.experiments.model import Pace
from jqkd.report.charts import ONE_COLUMN, TWO_COLUMNS, Chart, looks
from jqkd.report.columns import sheet_of
from jqkd.report.formats import Sheet
from jqkd.report.pace import Paced
from jqkd.report.summary import Line, Summary
from jqkd.report.text import DASH

_HOW = (
    "Shots: of the training, up to the first look at which a student's test accuracy is the goal: "
    "a share of what the lone student's is in the end, mean over seeds; median. Ratio: seed by "
    "seed, geometric mean with its 95 % BCa interval, over seeds that reach the goal in both."
)


def pace_sentences(summary: Summary) -> list[str]:
    """What each ratio says."""
    by_pace: dict[Pace, list[Paced]] = {}
    for one in summary.paced:
        by_pace.setdefault(one.pace, []).append(one)
    return [
        f"{some[0].arm.arm.group}, {pace.label}, times the shots: {'; '.join(map(_words, some))}."
        for pace, some in by_pace.items()
    ]


def _words(one: Paced) -> str:
    start = f"to {one.share:.0%} of the goal"
    if one.ratio is None or one.ratio.interval is None:
        return f"{start} unknown, as too few seeds get there"
    low, high = one.ratio.interval
    verdict = "fewer" if high < 1 else "more" if low > 1 else "undecided"
    return f"{start} {ratio_text(one)}, {verdict}"


def ratio_text(one: Paced) -> str:
    """With its interval and, where some seeds lack it, the number of seeds."""
    if one.ratio is None:
        return DASH
    mean, interval, count = one.ratio
    ends = "" if interval is None else f" [{interval[0]:.2g} to {interval[1]:.2g}]"
    all_of_them = one.shots.shape[1]
    return f"{mean:.2g}{ends}" + f" ({count} of {all_of_them} seeds)" * (count < all_of_them)


def pace_sheets(summary: Summary) -> list[Sheet]:
    """One table of all."""
    if not summary.paced:
        return []
    columns = [
        ("data", lambda x: x.arm.arm.group),
        ("", lambda x: x.pace.label),
        ("share", lambda x: f"{x.share:.0%}"),
        ("goal, %", lambda x: f"{x.goal:.2f}"),
        ("shots", lambda x: _median(x.shots[0])),
        ("against", lambda x: _median(x.shots[1])),
        ("ratio [95 %]", ratio_text),
    ]
    return [sheet_of("Shots to an accuracy", "pace", summary.paced, columns, [_HOW])]


def _median(shots: np.ndarray) -> str:
    """Three digits; a dash where fewer than half of the runs get there."""
    middle = float(np.median(shots))
    return f"{middle:.3g}" if np.isfinite(middle) else DASH


def draw_pace(summary: Summary) -> Chart:
    """Accuracy over all shots drawn in training, arm by arm, a panel for each goal."""
    import matplotlib.pyplot as plt

    panels: dict[str, dict[str, Line]] = {}
    for one in summary.paced:
        panel = panels.setdefault(one.pace.goal, {})
        panel |= {line.arm.name: line for line in (one.baseline, one.arm)}
    if not panels:
        return None
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    size: dict[str, Any] = {
        "figsize": (TWO_COLUMNS if columns > 1 else ONE_COLUMN + 1.2, 2.8 * rows + 0.6),
        "layout": "constrained",
    }
    figure, axes = plt.subplots(rows, columns, squeeze=False, **size)
    look = looks(line.arm.label for panel in panels.values() for line in panel.values())
    handles: dict[str, Any] = {}
    for place, (goal, panel) in zip(axes.flat, panels.items(), strict=False):
        for line in panel.values():
            kind = look[line.arm.label]
            accuracy = 100 * line.record.curves["test_accuracy"]
            style: dict[str, Any] = {"color": kind.colour, "linestyle": kind.dashes}
            x = np.exp(np.log(line.record.shots).mean(0))
            (handles[line.arm.label],) = place.plot(x, accuracy.mean(0), **style)
            low, high = np.percentile(accuracy, [10, 90], axis=0)
            place.fill_between(x, low, high, color=kind.colour, alpha=0.1, lw=0)
        for one in summary.paced:
            if one.pace.goal == goal:
                place.axhline(one.goal, color="#999999", lw=0.6, zorder=0)
        arm = panel[goal].arm
        title = f"{arm.group}: goal of {arm.label}"
        place.set(title=title, xlabel="shots of the training", xscale="log")
    for place in axes.flat[len(panels) :]:
        place.set_axis_off()
    for row in axes:
        row[0].set_ylabel("test accuracy (%)")
    places = {"loc": "outside lower center", "ncols": 2, "handlelength": 3}
    figure.legend(handles.values(), handles.keys(), **places)
    return figure, (
        "Test accuracy over the shots that training has drawn: mean over seeds, band from the 10th "
        "to the 90th percentile; grey lines are the goals."
    )
