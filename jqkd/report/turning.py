"""Gains against the accuracy of students alone: is there a line on which teaching turns?

Matplotlib is imported when the chart is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np

from jqkd import statistics as st
from jqkd.experiments.model import present
from jqkd.report.charts import Chart, looks
from jqkd.report.summary import Difference, Summary
from jqkd.report.text import interval_text, teacher_name
from jqkd.statistics import Turning

# Paul Tol's muted colours: more teachers than other charts have lines, told apart by most eyes.
_COLOURS = (
    *("#332288", "#CC6677", "#117733", "#88CCEE", "#882255", "#DDCC77", "#44AA99", "#AA4499"),
    *("#999933", "#000000"),
)


@dataclass(frozen=True)
class Turned:
    """The gains of taught lines, and the line through those that have a circuit.

    Attributes:
        gains: those that are in the family of taught lines.
        circuits: those of them without anything in the circuit's place.
        turning: of ``circuits`` that have some common seed; ``None`` for fewer than two.
        seeds: how many are common to all of ``circuits``.
    """

    gains: Sequence[Difference]
    circuits: Sequence[Difference]
    turning: Turning | None
    seeds: int


def turned(summary: Summary) -> Turned | None:
    """Of an experiment that asks for it; ``None`` if nothing is known."""
    if not summary.experiment.shows_turning:
        return None
    gains = [one for one in summary.differences if one.comparison.family == "taught"]
    if not gains:
        return None
    circuits = [one for one in gains if _has_circuit(one)]
    common = [set(one.seeds) for one in circuits]
    seeds = sorted(set.intersection(*common)) if common else []
    if len(circuits) < 2 or not seeds:
        return Turned(gains, circuits, None, len(seeds))
    alone = [[_alone(one)[seed] for seed in seeds] for one in circuits]
    differences = [[one.main.values[one.seeds.index(seed)] for seed in seeds] for one in circuits]
    return Turned(gains, circuits, st.turning(alone, differences), len(seeds))


def _has_circuit(one: Difference) -> bool:
    return present(one.arm.arm.student).stand_in is None


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
        f"Over {len(known.circuits)} kinds of students with a circuit the gain changes by "
        f"{10 * line.slope:+.2f} points for each ten points that students alone are better"
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
    figure, place = plt.subplots(figsize=(6.3, 4.4), layout="constrained")
    teachers = dict(zip(dict.fromkeys(map(_teacher, known.gains)), cycle(_COLOURS)))
    groups = looks(one.arm.arm.group for one in known.gains)
    handles: dict[str, Any] = {}
    for one in known.gains:
        x, group = np.mean(one.baseline.values), one.arm.arm.group
        colour = teachers[_teacher(one)]
        style: dict[str, Any] = {"color": colour, "marker": groups[group].marker}
        if not _has_circuit(one):
            style["markerfacecolor"] = "white"
        low, high = one.main.interval or (one.main.mean,) * 2
        place.plot([x, x], [low, high], color=colour, lw=0.8, alpha=0.7)
        place.plot([x], [one.main.mean], ls="none", markersize=4.5, **style)
        handles[_teacher(one)] = plt.Line2D([], [], marker="o", ls="none", color=colour)
    grey: dict[str, Any] = {"ls": "none", "color": "#777777"}
    for group, look in groups.items():
        handles[group] = plt.Line2D([], [], marker=look.marker, **grey)
    if len(known.circuits) < len(known.gains):
        handles["a twin in the circuit's place"] = plt.Line2D(
            [], [], marker="o", markerfacecolor="white", **grey
        )
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
        caption += " Dashed: the least-squares line through those with a circuit."
    place.set(xlabel="test accuracy alone (%)", ylabel="gain (points)", axisbelow=True)
    place.grid(lw=0.3, color="#dddddd")
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=2, fontsize="small"
    )
    return figure, caption
