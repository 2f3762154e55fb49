"""Curves of an experiment: what a teacher is worth, as sentences, tables and a chart.

Matplotlib is imported when the chart is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jqkd.experiments.model import Curve
from jqkd.report.charts import ONE_COLUMN, TWO_COLUMNS, Chart, Look, looks, taught_words
from jqkd.report.columns import Column, sheet_of
from jqkd.report.formats import Sheet
from jqkd.report.summary import Line, Summary
from jqkd.report.text import mean_sd
from jqkd.report.worth import Valued
from jqkd.statistics import Worth

_HOW = (
    "As many alone: where students alone are as accurate on average; between their means straight "
    "lines in the logarithm, means that fall as it grows being pooled (isotonic regression); the "
    "least where several are. In brackets the 95 % percentile interval of a bootstrap over seeds, "
    "the same seeds for all means. Beyond what was run there are only bounds (>, <)."
)
# Number of it, and how many were needed alone -> what is shown.
_COLUMNS: dict[str, Callable[[float, float], float]] = {
    "as many alone": lambda x, needed: needed,
    "times": lambda x, needed: needed / x,
    "more": lambda x, needed: needed - x,
}


def worth_sentences(summary: Summary) -> list[str]:
    """The answer of each curve, at the x where it is read."""
    return [_sentence(one) for one in summary.valued]


def _sentence(one: Valued) -> str:
    curve = one.curve
    known = [worth for worth in one.worths if worth.x == curve.at]
    if not known:
        return f"{one.group}: not run yet at {curve.at:g} {curve.unit}."
    needed, times, more = (_text(known[0], curve, of, "95 %: ") for of in _COLUMNS.values())
    return (
        f"{one.group}: at {curve.at:g} {curve.unit} {curve.label} is worth {times} times as "
        f"many: alone it takes {needed} to be as accurate, {more} more ({len(one.seeds)} seeds)."
    )


def worth_sheets(summary: Summary) -> list[Sheet]:
    """A table for each curve."""
    return [_sheet(summary, *pair) for pair in enumerate(summary.valued, 1)]


def _sheet(summary: Summary, place: int, one: Valued) -> Sheet:
    columns: list[Column] = [
        (one.curve.unit, lambda row: f"{row[0].x:g}"),
        ("alone, %", lambda row: mean_sd(row[2].values)),
        ("taught, %", lambda row: mean_sd(row[1].values)),
    ]
    columns += [
        (f"{name} [95 %]", lambda row, of=of: _text(row[0], one.curve, of))
        for name, of in _COLUMNS.items()
    ]
    rows = list(zip(one.worths, one.arms, one.baselines, strict=True))
    title = f"{one.group}: what {one.curve.label} is worth in {one.curve.unit}"
    return sheet_of(title, f"worth-{place}", rows, columns, [_HOW])


def _text(worth: Worth, curve: Curve, of: Callable[[float, float], float], word: str = "") -> str:
    """What is shown of a worth, with its interval."""
    numbers = (worth.equivalent, *(worth.interval or ()))
    middle, *ends = (_bounded(n, worth.x, curve, of) for n in numbers)
    # No interval where all of it is beyond the same end.
    return f"{middle} [{word}{' to '.join(ends)}]" if {*ends} - {middle} else middle


def _bounded(n: float, x: float, curve: Curve, of: Callable[[float, float], float]) -> str:
    """Three digits; beyond the ends of the curve a bound."""
    low, high = curve.x[0], curve.x[-1]
    mark = "> " if n > high else "< " if n < low else ""
    value = of(x, min(max(n, low), high))
    return mark + (f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}").replace("-", "−")


def draw_worth(summary: Summary) -> Chart:
    """Accuracy over x, alone and taught, and how far it is to equal accuracy."""
    import matplotlib.pyplot as plt

    curves = summary.valued
    if not curves:
        return None
    rows, columns = -(-len(curves) // 2), min(2, len(curves))
    width = TWO_COLUMNS if columns > 1 else ONE_COLUMN
    size: dict[str, Any] = {"figsize": (width, 2.3 * rows + 0.3), "layout": "constrained"}
    figure, axes = plt.subplots(rows, columns, squeeze=False, **size)
    look = looks(summary.teachers)
    handles: dict[str, Any] = {}
    for place, one in zip(axes.flat, curves, strict=False):
        for lines in (one.baselines, one.arms):
            name = taught_words(lines[0].taught_by)
            handles[name] = _curve(place, one.worths, lines, look[lines[0].taught_by])
        _draw_answer(place, one)
        place.set(title=one.group, xlabel=one.curve.unit, xscale="log", axisbelow=True)
        place.set_xticks([worth.x for worth in one.worths], labels=[f"{w.x:g}" for w in one.worths])
        place.minorticks_off()
        place.grid(lw=0.3, color="#dddddd")
    for place in axes.flat[len(curves) :]:
        place.set_axis_off()
    for row in axes:
        row[0].set_ylabel("test accuracy (%)")
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=2)
    return figure, (
        "Mean test accuracy, band one standard deviation over seeds to either side. Arrow: from "
        "taught students to as many, alone, as make them as accurate."
    )


def _curve(place: Any, worths: list[Worth], lines: list[Line], look: Look) -> Any:
    x, values = [worth.x for worth in worths], [line.values for line in lines]
    mean = np.array([np.mean(one) for one in values])
    sd = np.array([np.std(one, ddof=min(1, len(one) - 1)) for one in values])
    style = {"color": look.colour, "marker": look.marker, "linestyle": look.dashes}
    (curve,) = place.plot(x, mean, markersize=3.5, **style)
    place.fill_between(x, mean - sd, mean + sd, color=look.colour, alpha=0.13, lw=0)
    return curve


def _draw_answer(place: Any, one: Valued) -> None:
    for worth, line in zip(one.worths, one.arms, strict=True):
        if worth.x == one.curve.at and 0 < worth.equivalent < np.inf:
            y = np.mean(line.values)
            style = {"arrowstyle": "->", "color": "#555555", "shrinkA": 0, "shrinkB": 0}
            place.annotate("", (worth.equivalent, y), (worth.x, y), arrowprops=style)
