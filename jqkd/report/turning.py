"""Gains against the accuracy of students alone: is there a line on which teaching turns?

Matplotlib is imported when the chart is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jqkd import statistics as st
from jqkd.experiments.model import present
from jqkd.report.charts import Chart, looks
from jqkd.report.summary import Difference, Summary
from jqkd.report.text import interval_text, teacher_name
from jqkd.statistics import Turning


@dataclass(frozen=True)
class Turned:
    """The gains of taught lines, and the line through them.

    Attributes:
        gains: those that are in the family of taught lines.
        turning: of those that have some common seed; ``None`` for fewer than two.
        seeds: how many are common to all.
    """

    gains: Sequence[Difference]
    turning: Turning | None
    seeds: int


def turned(summary: Summary) -> Turned | None:
    """Of an experiment that asks for it; ``None`` if nothing is known."""
    if not summary.experiment.shows_turning:
        return None
    gains = [one for one in summary.differences if one.comparison.family == "taught"]
    if not gains:
        return None
    seeds = sorted(set.intersection(*(set(one.seeds) for one in gains)))
    if len(gains) < 2 or not seeds:
        return Turned(gains, None, len(seeds))
    alone = [[_alone(one)[seed] for seed in seeds] for one in gains]
    differences = [[one.main.values[one.seeds.index(seed)] for seed in seeds] for one in gains]
    return Turned(gains, st.turning(alone, differences), len(seeds))


def _alone(one: Difference) -> dict[int, float]:
    return dict(zip(one.baseline.record.seeds, one.baseline.values, strict=True))


def _teacher(one: Difference) -> str:
    teacher = present(one.arm.arm.teacher)
    epochs = f", {teacher.epochs} epoch{'s' * (teacher.epochs > 1)}"
    return teacher_name(teacher.arch) + epochs * teacher.part.is_trained


def turning_sentences(summary: Summary) -> list[str]:
    """What the line says."""
    known = turned(summary)
    if known is None or known.turning is None:
        return []
    line = known.turning
    text = (
        f"Over {len(known.gains)} kinds of students the gain changes by {10 * line.slope:+.2f} "
        "points for each ten points that students alone are better"
    ).replace("-", "−")
    if line.slope_interval is not None:
        low, high = (10 * end for end in line.slope_interval)
        text += f" [95 %: {interval_text((low, high))}; {known.seeds} seeds]"
    if line.zero_interval is None:
        return [f"{text}; it turns nowhere that could be told."]
    first, last = line.zero_interval
    return [f"{text}; the line is 0 at {line.zero:.1f} % [{first:.1f} to {last:.1f}]."]


def draw_turning(summary: Summary) -> Chart:
    """A dot for each taught line: its gain over the accuracy alone, and the line through all."""
    import matplotlib.pyplot as plt

    known = turned(summary)
    if known is None:
        return None
    figure, place = plt.subplots(figsize=(5.2, 3.4), layout="constrained")
    teachers = looks(_teacher(one) for one in known.gains)
    groups = looks(one.arm.arm.group for one in known.gains)
    handles: dict[str, Any] = {}
    for one in known.gains:
        x, group = np.mean(one.baseline.values), one.arm.arm.group
        colour = teachers[_teacher(one)].colour
        style: dict[str, Any] = {"color": colour, "marker": groups[group].marker}
        low, high = one.main.interval or (one.main.mean,) * 2
        place.plot([x, x], [low, high], color=colour, lw=0.8, alpha=0.7)
        place.plot([x], [one.main.mean], ls="none", markersize=4.5, **style)
        grey: dict[str, Any] = {"ls": "none", "color": "#777777", "marker": style["marker"]}
        handles[_teacher(one)] = plt.Line2D([], [], marker="o", ls="none", color=colour)
        handles[group] = plt.Line2D([], [], **grey)
    place.axhline(0, color="#999999", lw=0.8, zorder=0)
    caption = (
        "Gain of every kind of taught student, with its 95 % BCa interval, against the mean test "
        "accuracy of the same student alone."
    )
    if known.turning is not None:
        ends = np.array(place.get_xlim())
        y = known.turning.slope * (ends - known.turning.zero)
        place.plot(ends, y, color="#555555", lw=0.8, ls=(0, (5, 3)), zorder=0)
        place.set_xlim(*ends)
        caption += " Dashed: the least-squares line through all."
    place.set(xlabel="test accuracy alone (%)", ylabel="gain (points)", axisbelow=True)
    place.grid(lw=0.3, color="#dddddd")
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    return figure, caption
