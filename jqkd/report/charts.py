"""Charts of runs: accuracies, gains, features. Matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np

from jqkd.experiments.model import present
from jqkd.report.summary import Line, Summary
from jqkd.report.text import WHEN, teacher_name

# Inches: one column of a paper, and two.
ONE_COLUMN, TWO_COLUMNS = 3.4, 7.0
# Okabe and Ito's palette, a marker and dashes for each: told apart without colour too, and seen
# where two curves are the same. Their numbers have no common factor: 42 pairs.
_COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9")
_MARKERS = ("o", "s", "^", "v", "X", "P", "<")
_DASHES = ("-", (0, (5, 2)), (0, (3, 2)), (0, (1, 1)))
# Hollow, so that runs under it are seen.
PUBLISHED: dict[str, Any] = {"marker": "D", "color": "#B5468B", "ls": "none", "markersize": 5}
PUBLISHED |= {"markerfacecolor": "none", "markeredgewidth": 1.2, "zorder": 5}
_DOT = {"ls": "none", "markersize": 4}
_GUESSING = {"color": "#999999", "lw": 0.8, "ls": ":", "zorder": 0}
Chart = tuple[Any, str] | None


@dataclass(frozen=True)
class Look:
    """How one kind of run is drawn."""

    colour: str
    marker: str
    dashes: Any  # What Matplotlib takes for one: a text, or lengths.


def looks(names: Iterable[Hashable]) -> dict[Any, Look]:
    """A look for each name, in the order of their appearance.

    Example:
        >>> [look.marker for look in looks(["alone", "taught"]).values()]
        ['o', 's']
    """
    cycles = zip(cycle(_COLOURS), cycle(_MARKERS), cycle(_DASHES), strict=True)
    return {name: Look(*look) for name, look in zip(dict.fromkeys(names), cycles, strict=False)}


def taught_words(teacher: str | None) -> str:
    """Who teaches, for a legend."""
    return "alone" if teacher is None else f"taught by {teacher_name(teacher)}"


def draw_accuracies(summary: Summary) -> Chart:
    """Every run of every student, where one more falls, and the published number."""
    lines, when = summary.students, WHEN[summary.experiment.protocol]
    # Elsewhere it would only squeeze the runs.
    collapsed = {line.config.dataset for line in lines if any(line.fallen)}
    published = any(line.arm.published is not None for line in lines)

    def draw(place: Any, line: Line, y: float, look: Look) -> None:
        _runs(place, line.values, y, look)
        if line.interval is not None:
            place.plot(line.interval, [y, y], color=look.colour, lw=0.8, alpha=0.7, zorder=1)
        place.plot([np.mean(line.values)] * 2, [y - 0.32, y + 0.32], color=look.colour, lw=1.6)
        if line.arm.published is not None:
            place.plot([line.arm.published], [y], **PUBLISHED)
        if line.config.dataset in collapsed:
            place.plot([100 / line.config.num_classes] * 2, [y - 0.5, y + 0.5], **_GUESSING)

    caption = (
        f"Test accuracy of every run {when} (dots), their mean (bar), where one more run falls in "
        f"95 of 100 cases (line){', and the published number (diamond)' * published}."
    )
    legend = {"mean": {"marker": "|", "ls": "none", "markersize": 8, "markeredgewidth": 1.6}}
    legend |= {"one more run, 95 %": {"lw": 0.8}}
    legend |= {"guessing": _GUESSING} if collapsed else {}
    legend |= {"published": PUBLISHED} if published else {}
    return _by_line(summary, lines, draw, "test accuracy (%)", caption, legend)


def draw_gains(summary: Summary) -> Chart:
    """Mean paired differences with their intervals, and the published ones."""
    lines = [line for line in summary.students if summary.of(line)]
    labels = [one.comparison.label for line in lines for one in summary.of(line)[1:]]
    published = any(one.comparison.published is not None for one in summary.differences)

    def draw(place: Any, line: Line, y: float, look: Look) -> None:
        kinds = summary.of(line)
        shifts = np.linspace(0.17, -0.17, len(kinds)) if len(kinds) > 1 else [0.0]
        for one, shift in zip(kinds, shifts, strict=True):
            low, high = one.main.interval or (one.main.mean,) * 2
            place.plot([low, high], [y + shift] * 2, color=look.colour, lw=1.2)
            face = look.colour if one is kinds[0] else "white"
            style = {"marker": look.marker, "markersize": 4, "markerfacecolor": face}
            place.plot([one.main.mean], [y + shift], markeredgecolor=look.colour, **style)
            if one.comparison.published is not None:
                place.plot([one.comparison.published], [y], **PUBLISHED)
        place.axvline(0, color="#999999", lw=0.6, zorder=0)

    kinds = " (filled: the first that a line is compared with; open: others)" if labels else ""
    beside = ", beside the published one (diamond)" * published
    caption = (
        f"Difference to what a line is compared with {WHEN[summary.experiment.protocol]}: mean "
        f"over seeds of the paired difference and its 95 % BCa interval{kinds}{beside}."
    )
    legend = {"published": PUBLISHED} if published else {}
    if labels:
        open_dot = {"marker": "o", "markerfacecolor": "white"} | _DOT
        legend = {", ".join(dict.fromkeys(labels)): open_dot, **legend}
    return _by_line(summary, lines, draw, "difference (points)", caption, legend)


def draw_mechanism(summary: Summary) -> Chart:
    """Size of the features of every run."""
    lines = [line for line in summary.students if "feature" in line.record.mechanism]

    def draw(place: Any, line: Line, y: float, look: Look) -> None:
        _runs(place, line.record.mechanism["feature"], y, look)
        place.set_xscale("log")
        place.xaxis.set_major_formatter("{x:g}")
        place.xaxis.set_minor_formatter("")

    caption = "Median size of the features f of every run, after training, on test images."
    chosen = lines if summary.experiment.shows_mechanism else []
    return _by_line(summary, chosen, draw, "median size of the features f", caption, {})


def _runs(place: Any, values: list[float], y: float, look: Look) -> None:
    """Dots side by side: equal ones are told apart."""
    spread = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else [0.0]
    style = {"color": look.colour, "marker": look.marker, "markersize": 3.2}
    place.plot(values, np.add(y, spread), ls="none", alpha=0.6, mew=0, **style)


def _by_line(
    summary: Summary,
    lines: list[Line],
    draw: Callable[..., None],
    label: str,
    caption: str,
    legend: dict[str, dict[str, Any]],
) -> Chart:
    """A panel for each data set, a row for each line: by group, then by the circuit's width."""
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    groups = [line.arm.group for line in summary.shown]
    lines = sorted(lines, key=lambda x: (groups.index(x.arm.group), present(x.arm.student).qubits))
    panels = {
        title: [line for line in lines if line.config.dataset == some[0].config.dataset]
        for title, some in summary.sections.items()
    }
    panels = {title: some for title, some in panels.items() if some}
    if not panels:
        return None
    # Two panels side by side are as high as the longer one needs.
    lengths = [len(some) for some in panels.values()]
    heights = [0.24 * max(lengths[k : k + 2]) + 0.7 for k in range(0, len(lengths), 2)]
    width = TWO_COLUMNS if len(panels) > 1 else 4.6
    size: dict[str, Any] = {
        "figsize": (width, sum(heights) + 0.4),
        "height_ratios": heights,
        "layout": "constrained",
    }
    figure, axes = plt.subplots(len(heights), min(2, len(panels)), squeeze=False, **size)
    look = looks(summary.teachers)
    for place, (title, some) in zip(axes.flat, panels.items(), strict=False):
        for y, line in enumerate(some):
            draw(place, line, -y, look[line.taught_by])
        prefixes = [line.arm.group.removeprefix(title).strip() for line in some]
        names = [", ".join(filter(None, (p, x.arm.label))) for p, x in zip(prefixes, some)]  # noqa: B905
        place.set_yticks(-np.arange(len(some)), names)
        place.set_ylim(0.6 - len(some), 0.6)
        place.tick_params("y", length=0)
        place.set(xlabel=label, title=title, axisbelow=True)
        place.grid(axis="x", lw=0.3, color="#dddddd")
    for place in axes.flat[len(panels) :]:
        place.set_axis_off()
    dots = {
        taught_words(teacher): {"color": one.colour, "marker": one.marker} | _DOT
        for teacher, one in look.items()
        if teacher in {line.taught_by for line in lines}
    }
    styles: dict[str, dict[str, Any]] = {
        name: {"color": "#555555"} | style for name, style in (dots | legend).items()
    }
    handles = [Line2D([], [], label=name, **style) for name, style in styles.items()]
    columns = legend_columns(figure, styles)
    figure.legend(handles=handles, loc="outside lower center", ncols=columns)
    return figure, caption


def legend_columns(figure: Any, labels: Collection[str], most: int = 4) -> int:
    """As many columns of a legend as a figure is wide enough for."""
    # Inches of a handle, and of a letter.
    entry = 0.5 + 0.07 * max(map(len, labels))
    return max(1, min(most, len(labels), int(figure.get_figwidth() / entry)))
