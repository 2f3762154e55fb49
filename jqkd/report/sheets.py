"""The report's tables as rows of text, before anybody decides on Markdown, LaTeX or HTML."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jqkd import statistics as st
from jqkd.report.formats import Sheet
from jqkd.report.summary import Difference, Line, Summary
from jqkd.report.text import (
    COLUMN,
    DASH,
    gain_text,
    interval_text,
    mean_sd,
    number,
    p_text,
    range_text,
    signed,
    teacher_name,
)

Columns = list[tuple[str, list[str]]]
# Numbers of the mechanism, as a column is headed; others go by their own names.
_MECHANISM = {
    "feature": "size of f",
    "slope": "slope of theta",
    "sine": "size of sin theta",
    "dead": "dead units",
}
_ABOUT_MECHANISM = (
    "theta = a tanh(f) is a circuit's angle, f the feature behind it; all on test images, after "
    "training, median over seeds. Size of f: median; slope of theta: mean of d theta / d f, at "
    "most a, 0 where nothing is learned any more; size of sin theta: mean, 0 where every qubit is "
    "measured 50:50, 1 where every outcome is certain; dead units: share of the last hidden layer "
    "that is 0 for every image."
)


def sheets(summary: Summary) -> list[Sheet]:
    """All tables of the report: for each data set accuracies and comparisons, then means."""
    made = []
    for place, (title, lines) in enumerate(summary.sections.items(), 1):
        made.append(_accuracies(summary, title, f"accuracy-{place}", lines))
        dataset = lines[0].config.dataset
        compared = [one for one in summary.differences if one.arm.config.dataset == dataset]
        for label in dict.fromkeys(one.comparison.label for one in compared):
            some = [one for one in compared if one.comparison.label == label]
            some = [one for one in some if not _repeats(one, summary)]
            if some:
                key = f"{label.replace(' ', '-')}-{place}"
                made.append(_comparisons(summary, f"{title}: {label}", key, some))
        known = [line for line in lines if line.record.mechanism]
        if summary.experiment.shows_mechanism and known:
            made.append(_mechanism(summary, title, f"mechanism-{place}", known))
    return made + ([_means(summary)] if summary.means else [])


def second(protocol: str) -> str:
    """The protocol that stands beside the experiment's own."""
    return "best" if protocol == "picked" else "picked"


def says_teachers(summary: Summary) -> bool:
    """Whether the labels of all taught students name their teacher."""
    taught = [line for line in summary.students if line.taught_by]
    return all(teacher_name(x.taught_by).lower() in x.arm.label.lower() for x in taught)


def _sheet(title: str, key: str, columns: Columns, notes: Sequence[str] = ()) -> Sheet:
    """Only columns that hold something."""
    kept = [(name, cells) for name, cells in columns if set(cells) - {DASH}]
    rows = [list(row) for row in zip(*(cells for _, cells in kept), strict=True)]
    return Sheet(title, key, [name for name, _ in kept], rows, [note for note in notes if note])


def _who(summary: Summary, lines: list[Line], marks: Sequence[str] = ()) -> Columns:
    """Data, student and teacher, as far as titles and labels do not say it already."""
    groups = [line.arm.group for line in lines]
    several = len({line.arm.group for line in lines}) > 1
    marks = marks or [""] * len(lines)
    name = "network" if any(line.arm.is_teacher for line in summary.shown) else "student"
    labels = [
        line.arm.label + ("†" if line.epochs_differ else "") + mark
        for line, mark in zip(lines, marks, strict=True)
    ]
    columns = [("data", groups)] * several + [(name, labels)]
    if not says_teachers(summary):
        columns.append(("teacher", [teacher_name(line.taught_by) for line in lines]))
    return columns


def _footnotes(texts: list[str]) -> tuple[list[str], str]:
    """A mark for each text, and all of them in a sentence."""
    marks = {text: f"({chr(97 + i)})" for i, text in enumerate(dict.fromkeys(filter(None, texts)))}
    note = " ".join(f"{mark} {text}" for text, mark in marks.items())
    return [f" {marks[text]}" if text else "" for text in texts], note


def _accuracies(summary: Summary, title: str, key: str, lines: list[Line]) -> Sheet:
    protocol = summary.experiment.protocol
    marks, note = _footnotes([line.arm.note for line in lines])
    published = [line for line in lines if line.arm.published is not None]
    runs = [len(line.record.seeds) for line in lines]
    students = [line.arm.student for line in lines]
    columns = [
        *_who(summary, lines, marks),
        ("published", [number(line.arm.published) for line in lines]),
        (COLUMN[protocol], [mean_sd(line.values) for line in lines]),
        ("range", [range_text(line.values) for line in lines]),
        ("verdict", [line.verdict or DASH for line in lines]),
        *(
            (COLUMN[name], [mean_sd(line.accuracy[name]) for line in lines])
            for name in COLUMN
            if name != protocol
        ),
        ("runs", list(map(str, runs))),
        ("collapsed", [str(sum(line.fallen)) for line in lines]),
        (
            "below the published",
            [
                DASH if x.below is None else f"{x.below} of {n}"
                for x, n in zip(lines, runs, strict=True)
            ],
        ),
        ("epochs", [str(s.epochs) if s else DASH for s in students]),
        ("images seen", [f"{s.epochs * s.num_images:,}" if s else DASH for s in students]),
    ]
    about = "" if not published else "Below the published: how many runs are below that number."
    return _sheet(f"{title}: accuracy", key, columns, [about, note, teacher_note(summary, lines)])


def _repeats(one: Difference, summary: Summary) -> bool:
    """Whether the same two arms are compared under an earlier label already."""
    first = next(x for x in summary.differences if x.comparison.arm == one.comparison.arm)
    return first is not one and first.comparison.baseline == one.comparison.baseline


def _comparisons(summary: Summary, title: str, key: str, compared: list[Difference]) -> Sheet:
    protocol = summary.experiment.protocol
    other, label = second(protocol), compared[0].comparison.label
    lines = [one.arm for one in compared]
    published = any(one.comparison.published is not None for one in compared)
    marks, note = _footnotes([one.comparison.note or one.arm.arm.note for one in compared])
    columns = [
        *_who(summary, lines, marks),
        ("against", [one.baseline.arm.label for one in compared]),
        *_shares(summary, compared),
        ("published", [signed(one.comparison.published) for one in compared]),
        (f"{label}, {COLUMN[protocol]} [95 %]", [gain_text(one.main) for one in compared]),
        ("p", [p_text(one.main.p if one.comparison.family else None) for one in compared]),
        ("p (Holm)", [p_text(one.main.p_holm) for one in compared]),
        ("verdict", [one.verdict or DASH for one in compared]),
        (
            "of one run, 95 %",
            [interval_text(one.interval if published else None) for one in compared],
        ),
        (f"{COLUMN[other]} [95 %]", [gain_text(one.gain[other]) for one in compared]),
        ("its p (Holm)", [p_text(one.gain[other].p_holm) for one in compared]),
        ("seeds", [str(len(one.seeds)) for one in compared]),
    ]
    one_run = (
        "where the difference of one more run of each falls in 95 of 100 cases, seeds unrelated"
    )
    notes = [
        f"Of one run: {one_run}." if published else "",
        note,
        *map(_misprint, compared),
        teacher_note(summary, lines),
    ]
    return _sheet(title, key, columns, notes)


def _shares(summary: Summary, compared: list[Difference]) -> Columns:
    """Of lines compared with something else before: that difference, and the baselines' own."""
    firsts = [summary.of(one.arm)[0] for one in compared]
    if all(first is one for first, one in zip(firsts, compared, strict=True)):
        return []
    label = firsts[0].comparison.label
    pairs = list(zip(firsts, compared, strict=True))
    return [
        (f"published {label}", [signed(first.comparison.published) for first in firsts]),
        (f"{label} [95 %]", [gain_text(first.main) for first in firsts]),
        ("of that, between baselines", [_between(first, one) for first, one in pairs]),
    ]


def _between(first: Difference, one: Difference) -> str:
    """Baseline minus the first comparison's baseline."""
    values = dict(zip(one.seeds, one.main.values, strict=True))
    pairs = [(v, values[s]) for s, v in zip(first.seeds, first.main.values, strict=True)
             if s in values]  # fmt: skip
    return gain_text(st.gain_of(*zip(*pairs, strict=True))) if pairs else DASH


def _misprint(one: Difference) -> str:
    """Where a published difference is not that of the published accuracies."""
    numbers = (one.comparison.published, one.arm.arm.published, one.baseline.arm.published)
    if None in numbers or abs(numbers[1] - numbers[2] - numbers[0]) <= 0.015:
        return ""
    return (
        f"The {one.comparison.label} of {one.arm.arm.group}, {one.arm.arm.label} is published as "
        f"{signed(numbers[0])}; by the published accuracies it is "
        f"{signed(numbers[1] - numbers[2])}."
    )


def _means(summary: Summary) -> Sheet:
    protocol = summary.experiment.protocol
    means = summary.means
    columns = [
        ("mean", [mean.label for mean, _ in means]),
        ("over", [str(len(mean.comparisons)) for mean, _ in means]),
        ("published", [signed(mean.published) for mean, _ in means]),
        ("of the published rows", [signed(mean.published_rows) for mean, _ in means]),
        *(
            (f"{COLUMN[name]} [95 %]", [gain_text(gain[name]) for _, gain in means])
            for name in (protocol, second(protocol))
        ),
    ]
    note = "Mean over comparisons, seed by seed, in points, with its 95 % BCa interval over seeds."
    if any(mean.published is not None for mean, _ in means):
        note += " Published: as a text states it, and as the published differences give it."
    return _sheet("Means", "means", columns, [note])


def _mechanism(summary: Summary, title: str, key: str, lines: list[Line]) -> Sheet:
    names = list(dict.fromkeys(name for line in lines for name in line.record.mechanism))
    rows = [
        (line, word, chosen)
        for line in lines
        for word, state in (("learned", False), ("collapsed", True))
        if any(chosen := [fallen == state for fallen in line.fallen])
    ]
    columns = [
        *_who(summary, [line for line, _, _ in rows]),
        ("seeds", [f"{sum(chosen)} {word}" for _, word, chosen in rows]),
        *(
            (_MECHANISM.get(name, name), [_middle(line, name, chosen) for line, _, chosen in rows])
            for name in names
        ),
    ]
    notes = [_ABOUT_MECHANISM, teacher_note(summary, lines)]
    return _sheet(f"{title}: where the features go", key, columns, notes)


def _middle(line: Line, name: str, chosen: list[bool]) -> str:
    """Median over some seeds, short."""
    if name not in line.record.mechanism:
        return DASH
    value = float(np.median(np.array(line.record.mechanism[name])[chosen]))
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def teacher_note(summary: Summary, lines: list[Line]) -> str:
    """Which teachers were not trained for as long as the published ones."""
    epochs, usual = {}, summary.experiment.published_epochs
    marked = [line for line in lines if line.epochs_differ]
    for line in marked:
        epochs |= {a: n for a, n in line.record.teacher_epochs.items() if n != usual}
    if not epochs:
        return ""
    parts = ", ".join(f"{teacher_name(arch)} {count}" for arch, count in sorted(epochs.items()))
    judged = any(line.arm.is_teacher and line.arm.published is not None for line in marked)
    note = f"† Epochs of teachers that were not trained for the published {usual}: {parts}."
    return note + (" Such a teacher's own line is undecidable." if judged else "")
