"""A study's picture: every run beside what explains it. Matplotlib is imported when it is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from jqkd.experiments.charts import COLOURS, MARKERS, TWO_COLUMNS
from jqkd.experiments.figures import STYLE, save
from jqkd.experiments.rows import NAMES
from jqkd.experiments.study import Study
from jqkd.experiments.study_results import HEADLINE, Line, digest

_GUESSING = {"color": "#999999", "lw": 0.8, "ls": ":", "zorder": 0}


def draw(study: Study, lines: list[Line], folder: Path) -> Path:
    """Accuracies of all runs and, beside them, gains, or the size of features.

    Args:
        study: which.
        lines: its numbers.
        folder: where to; the files are called like the study.

    Returns:
        The PNG; it lies beside the same picture as SVG and PDF.

    Raises:
        InputError: a file that cannot be written.
    """
    import matplotlib
    import matplotlib.style

    matplotlib.use("agg")
    # Not the reader's own settings: they would change the bytes.
    with matplotlib.style.context(["default", STYLE]):
        return save(draw_lines(study, lines), folder / study.name, digest(lines))


def draw_lines(study: Study, lines: list[Line]) -> Any:
    """The picture of ``draw``."""
    import matplotlib.pyplot as plt

    groups = [[x for x in lines if x.data == d] for d in dict.fromkeys(x.data for x in lines)]
    shown = [study.shows_mechanism or any(x.difference for x in group) for group in groups]
    columns = 2 if any(shown) else 1
    heights = [len(group) + 2.5 for group in groups]
    figure, axes = plt.subplots(
        len(groups),
        columns,
        figsize=(TWO_COLUMNS, 0.17 * sum(heights) + 0.3),
        layout="constrained",
        squeeze=False,
        sharey="row",
        height_ratios=heights,
        width_ratios=(3, 2)[:columns],
    )
    for places, group in zip(axes, groups, strict=True):
        _accuracies(places[0], group)
        if columns == 2:
            (_features if study.shows_mechanism else _differences)(places[1], group)
    _legend(figure, lines)
    return figure


def _accuracies(place: Any, lines: list[Line]) -> None:
    for y, line in enumerate(lines):
        values, style = np.array(line.accuracy[HEADLINE]), _style(line)
        place.plot(values, -y + _spread(values), ls="none", alpha=0.6, mew=0, **style)
        place.plot([values.mean()] * 2, [-y - 0.36, -y + 0.36], color=style["color"], lw=1.6)
    if _some_collapsed(lines):  # Elsewhere it would only squeeze the runs.
        place.axvline(100 / lines[0].config.num_classes, **_GUESSING)
    place.set_yticks(-np.arange(len(lines)), [line.variant.label for line in lines])
    place.set_ylim(0.6 - len(lines), 0.6)
    place.set_title(lines[0].data.label)
    _finish(place, "test accuracy after the last epoch (%)")


def _differences(place: Any, lines: list[Line]) -> None:
    place.axvline(0, color="#999999", lw=0.6, zorder=0)
    for y, line in enumerate(lines):
        if line.difference is not None:
            style = _style(line)
            low, high = line.difference.interval or (line.difference.mean,) * 2
            place.plot([low, high], [-y, -y], color=style["color"], lw=1.2)
            face = style["color"] if line.variant.teacher else "white"
            place.plot(line.difference.mean, -y, mfc=face, **style | {"markersize": 4})
    _finish(place, "difference (points)")


def _features(place: Any, lines: list[Line]) -> None:
    for y, line in enumerate(lines):
        values = np.array(line.mechanism.get("feature", []))
        place.plot(values, -y + _spread(values), ls="none", alpha=0.6, mew=0, **_style(line))
    place.set_xscale("log")
    place.xaxis.set_major_formatter("{x:g}")
    place.xaxis.set_minor_formatter("")
    _finish(place, "median size of the features f")


def _style(line: Line) -> dict[str, Any]:
    teacher = line.variant.teacher
    return {"color": COLOURS[teacher], "marker": MARKERS[teacher], "markersize": 3.2}


def _some_collapsed(lines: list[Line]) -> bool:
    return any(line.collapsed for line in lines)


def _spread(values: np.ndarray) -> np.ndarray:
    """Runs side by side: equal ones are told apart."""
    return np.linspace(-0.2, 0.2, len(values)) if len(values) > 1 else np.zeros(len(values))


def _finish(place: Any, label: str) -> None:
    place.set_xlabel(label)
    place.tick_params("y", length=0)
    place.grid(axis="x", lw=0.3, color="#dddddd")
    place.set_axisbelow(True)


def _legend(figure: Any, lines: list[Line]) -> None:
    from matplotlib.lines import Line2D

    teachers = dict.fromkeys(line.variant.teacher for line in lines)
    handles = [
        Line2D(
            [],
            [],
            ls="none",
            color=COLOURS[name],
            marker=MARKERS[name],
            markersize=4,
            label="alone" if name is None else f"taught by {NAMES[name]}",
        )
        for name in teachers
    ]
    handles.append(Line2D([], [], color="#555555", lw=1.6, label="mean (bar)"))
    if _some_collapsed(lines):
        handles.append(Line2D([], [], label="guessing", **_GUESSING))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
