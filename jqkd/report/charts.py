"""Charts of runs: accuracies, gains, features, losses. Matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from jqkd.report.summary import Difference, Line, Summary
from jqkd.report.text import WHEN, teacher_name

# Inches: one column of a paper, and two.
ONE_COLUMN, TWO_COLUMNS = 3.4, 7.0
# Okabe and Ito's palette, a marker and dashes for each: told apart without colour too, and seen
# where two curves are the same. Their numbers have no common factor: 42 pairs.
_COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9")
_MARKERS = ("o", "s", "^", "v", "X", "P", "<")
_DASHES = ("-", (0, (5, 2)), (0, (3, 2)), (0, (1, 1)))
# Hollow, so that runs under it are seen.
PUBLISHED = {
    "marker": "D",
    "color": "#B5468B",
    "markersize": 5,
    "linestyle": "none",
    "markerfacecolor": "none",
    "markeredgewidth": 1.2,
    "zorder": 5,
}
_GUESSING = {"color": "#999999", "lw": 0.8, "ls": ":", "zorder": 0}
Chart = tuple[Any, str] | None


@dataclass(frozen=True)
class Look:
    """How one kind of run is drawn."""

    colour: str
    marker: str
    dashes: Any


def looks(names: Iterable[Hashable]) -> dict[Any, Look]:
    """A look for each name, in the order of their appearance.

    Example:
        >>> [look.marker for look in looks(["alone", "taught"]).values()]
        ['o', 's']
    """
    cycles = (_COLOURS, _MARKERS, _DASHES)
    return {
        name: Look(*(cycle[place % len(cycle)] for cycle in cycles))
        for place, name in enumerate(dict.fromkeys(names))
    }


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
    several = max((len(_kinds(summary, line)) for line in lines), default=0) > 1
    published = any(one.comparison.published is not None for one in summary.differences)

    def draw(place: Any, line: Line, y: float, look: Look) -> None:
        kinds = _kinds(summary, line)
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

    more = " (filled: the first that a line is compared with; open: others)" if several else ""
    beside = ", beside the published one (diamond)" * published
    caption = (
        f"Difference to what a line is compared with {WHEN[summary.experiment.protocol]}: mean "
        f"over seeds of the paired difference and its 95 % BCa interval{more}{beside}."
    )
    legend = {"published": PUBLISHED} if published else {}
    if several:
        compared = (one for line in lines for one in _kinds(summary, line)[1:])
        names = ", ".join(dict.fromkeys(one.comparison.label for one in compared))
        open_dot = {"marker": "o", "ls": "none", "markersize": 4, "markerfacecolor": "white"}
        legend = {names: open_dot, **legend}
    return _by_line(summary, lines, draw, "difference (points)", caption, legend)


def _kinds(summary: Summary, line: Line) -> list[Difference]:
    """Comparisons of a line, each baseline once."""
    return list({one.comparison.baseline: one for one in summary.of(line)[::-1]}.values())[::-1]


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
    spread = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else 0
    style = {"color": look.colour, "marker": look.marker, "markersize": 3.2}
    place.plot(values, np.full(len(values), y) + spread, ls="none", alpha=0.6, mew=0, **style)


def _by_line(
    summary: Summary,
    lines: list[Line],
    draw: Callable[..., None],
    label: str,
    caption: str,
    legend: dict[str, dict[str, Any]],
) -> Chart:
    """A panel for each data set, a row for each line."""
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    panels = {t: [x for x in some if x in lines] for t, some in summary.sections.items()}
    panels = {title: some for title, some in panels.items() if some}
    if not panels:
        return None
    longest = max(map(len, panels.values()))
    width = TWO_COLUMNS if len(panels) > 1 else 4.6
    rows, columns = -(-len(panels) // 2), min(2, len(panels))
    size = {"figsize": (width, (0.24 * longest + 0.7) * rows + 0.4), "layout": "constrained"}
    figure, axes = plt.subplots(rows, columns, squeeze=False, **size)
    look = looks(summary.teachers)
    groups = list(dict.fromkeys(line.arm.group for line in summary.shown))
    for place, (title, some) in zip(axes.flat, panels.items(), strict=False):
        some = sorted(some, key=lambda x: (groups.index(x.arm.group), x.arm.student.qubits))
        for y, line in enumerate(some):
            draw(place, line, -y, look[line.taught_by])
        of_title = (line.arm.group.removeprefix(title).strip() for line in some)
        names = [f"{group}, {x.arm.label}".removeprefix(", ") for group, x in
                 zip(of_title, some, strict=True)]  # fmt: skip
        place.set_yticks(-np.arange(len(some)), names)
        place.set_ylim(0.6 - len(some), 0.6)
        place.tick_params("y", length=0)
        place.set_xlabel(label)
        place.set_title(title)
        place.grid(axis="x", lw=0.3, color="#dddddd")
        place.set_axisbelow(True)
    for place in axes.flat[len(panels) :]:
        place.set_axis_off()
    there = {line.taught_by for some in panels.values() for line in some}
    dots = {
        taught_words(t): {"color": one.colour, "marker": one.marker, "ls": "none", "markersize": 4}
        for t, one in look.items()
        if t in there
    }
    styles = {name: {"color": "#555555"} | style for name, style in (dots | legend).items()}
    handles = [Line2D([], [], label=name, **style) for name, style in styles.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)))
    return figure, caption


def draw_losses(summary: Summary) -> Chart:
    """Validation cross-entropy over epochs, a band over seeds: baselines and what is compared."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import MaxNLocator

    panels = _loss_panels(summary)
    if not panels:
        return None
    unique = all(len({x.taught_by for x in some}) == len(some) for some in panels.values())
    name = lambda x: taught_words(x.taught_by) if unique else x.arm.label  # noqa: E731
    ordered = map(taught_words, summary.teachers) if unique else ()
    look = looks([*ordered, *(name(line) for some in panels.values() for line in some)])
    columns, rows = min(3, len(panels)), -(-len(panels) // 3)
    width = {1: ONE_COLUMN, 2: 5.2, 3: TWO_COLUMNS}[columns]
    size = {"figsize": (width, 2.0 * rows + 0.3), "layout": "constrained", "squeeze": False}
    figure, axes = plt.subplots(rows, columns, **size)
    handles: dict[str, Any] = {}
    for place, (title, some) in zip(axes.flat, panels.items(), strict=False):
        for line in sorted(some, key=lambda x: list(look).index(name(x))):
            handles[name(line)] = _curve(
                place, line, look[name(line)], list(look).index(name(line))
            )
        place.set_title(title)
        place.set_xlabel("epoch")
        place.set_xlim(0.5, max(max(line.record.epochs) for line in some) + 0.5)
        place.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
        place.yaxis.set_major_locator(MaxNLocator(5))
    for place in axes.flat[len(panels) :]:
        place.set_axis_off()
    for row in axes:
        row[0].set_ylabel("validation loss (nats)")
    labels = [label for label in look if label in handles]
    places = {"loc": "outside lower center", "ncols": min(4, columns + 1), "handlelength": 3}
    figure.legend([handles[label] for label in labels], labels, **places)
    return figure, (
        "Validation cross-entropy of students and of those that they are compared with: median "
        "over seeds, band from the 10th to the 90th percentile. Levels of curves with different "
        "readouts cannot be compared."
    )


def _loss_panels(summary: Summary) -> dict[str, list[Line]]:
    """A baseline with what is compared with it; by group where nothing is."""
    students = [line for line in summary.students if "validation_loss" in line.record.curves]
    compared = [x for x in summary.differences if x.arm in students and x.baseline in students]
    # Comparisons of a family are what an experiment is about.
    compared = [one for one in compared if one.comparison.family] or compared
    bases = {one.comparison.baseline: one.baseline for one in compared}
    panels = [
        [base, *(one.arm for one in compared if one.baseline is base)] for base in bases.values()
    ]
    pairs = [{c.arm, c.baseline} for c in summary.experiment.comparisons]
    lone = [line for line in students if not any(line.arm.name in pair for pair in pairs)]
    for group in dict.fromkeys(line.arm.group for line in lone):
        panels.append([line for line in lone if line.arm.group == group])
    titles = [f"{p[0].arm.group}, {p[0].arm.student.qubits} qubits" for p in panels]
    if len(set(titles)) < len(titles):
        titles = [f"{p[0].arm.group}: {p[0].arm.label}" for p in panels]
    return dict(zip(titles, panels, strict=True))


def _curve(place: Any, line: Line, look: Look, kind: int) -> Any:
    curves = np.asarray(line.record.curves["validation_loss"])
    epochs = np.array(line.record.epochs)
    low, middle, high = np.percentile(curves, [10, 50, 90], axis=0)
    # Each kind has its markers at other epochs.
    every = (min(kind, len(epochs) - 1), max(4, len(epochs) // 5))
    style = {"marker": look.marker, "markersize": 3.5, "markevery": every}
    style |= {"color": look.colour, "linestyle": look.dashes}
    (curve,) = place.plot(epochs, middle, **style)
    place.fill_between(epochs, low, high, color=look.colour, alpha=0.13, lw=0)
    return curve
