"""The report's tables as rows of text, before anybody decides on Markdown, LaTeX or HTML."""

from __future__ import annotations

import re

import numpy as np

from jqkd.report.columns import Column, footnotes, sheet_of, teacher_note, who
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
)

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
_ONE_RUN = (
    "Of one run: where the difference of one more run of each falls in 95 of 100 cases, seeds "
    "unrelated."
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
            key = f"{re.sub('[^a-z0-9]+', '-', label.lower())}-{place}"
            made.append(_comparisons(summary, f"{title}: {label}", key, some))
        known = [line for line in lines if line.record.mechanism]
        if summary.experiment.shows_mechanism and known:
            made.append(_mechanism(summary, title, f"mechanism-{place}", known))
    return made + ([_contrasts(summary)] if summary.contrasts else [])


def _accuracies(summary: Summary, title: str, key: str, lines: list[Line]) -> Sheet:
    protocol = summary.experiment.protocol
    marks, note = footnotes(line.arm.note for line in lines)
    columns: list[Column] = [
        *who(summary, lines, mark=lambda x: marks[x.arm.note]),
        ("published", lambda x: number(x.arm.published)),
        (COLUMN[protocol], lambda x: mean_sd(x.values)),
        ("range", lambda x: range_text(x.values)),
        ("verdict", lambda x: x.verdict or DASH),
        *(
            (COLUMN[name], lambda x, name=name: mean_sd(x.accuracy[name]))
            for name in COLUMN
            if name != protocol
        ),
        ("runs", lambda x: str(len(x.values))),
        ("collapsed", lambda x: str(sum(x.fallen))),
        ("below the published", _below),
        ("epochs", lambda x: str(x.arm.student.epochs) if x.arm.student else DASH),
        ("images seen", lambda x: f"{x.images_seen:,}" if x.images_seen else DASH),
    ]
    published = any(line.verdict for line in lines)
    about = "Below the published: how many runs are below that number." * published
    notes = [about, note, teacher_note(summary, lines)]
    return sheet_of(f"{title}: accuracy", key, lines, columns, notes)


def _below(line: Line) -> str:
    return DASH if line.below is None else f"{line.below} of {len(line.values)}"


def _comparisons(summary: Summary, title: str, key: str, compared: list[Difference]) -> Sheet:
    protocol, second = summary.experiment.protocol, summary.second
    note_of = lambda x: x.comparison.note or x.arm.arm.note  # noqa: E731
    marks, note = footnotes(map(note_of, compared))
    published = any(one.verdict for one in compared)
    columns: list[Column] = [
        *who(summary, compared, lambda x: x.arm, lambda x: marks[note_of(x)]),
        ("against", lambda x: x.baseline.arm.label),
        ("published", lambda x: signed(x.comparison.published)),
        (f"{compared[0].comparison.label}, {COLUMN[protocol]} [95 %]", lambda x: gain_text(x.main)),
        ("p", lambda x: p_text(x.main.p if x.comparison.family else None)),
        ("p (Holm)", lambda x: p_text(x.main.p_holm)),
        ("verdict", lambda x: x.verdict or DASH),
        ("of one run, 95 %", lambda x: interval_text(x.interval if published else None)),
        (f"{COLUMN[second]} [95 %]", lambda x: gain_text(x.gain[second])),
        ("its p (Holm)", lambda x: p_text(x.gain[second].p_holm)),
        ("seeds", lambda x: str(len(x.seeds))),
    ]
    teachers = teacher_note(summary, [one.arm for one in compared])
    notes = [_ONE_RUN * published, note, *map(_misprint, compared), teachers]
    return sheet_of(title, key, compared, columns, notes)


def _misprint(one: Difference) -> str:
    """Where a published difference is not that of the published accuracies."""
    arm, baseline, printed = one.arm.arm, one.baseline.arm, one.comparison.published
    if printed is None or arm.published is None or baseline.published is None:
        return ""
    own = arm.published - baseline.published
    if abs(own - printed) <= 0.015:
        return ""
    return (
        f"The {one.comparison.label} of {arm.group}, {arm.label} is published as "
        f"{signed(printed)}; by the published accuracies it is {signed(own)}."
    )


def _contrasts(summary: Summary) -> Sheet:
    protocol, some = summary.experiment.protocol, summary.contrasts
    columns: list[Column] = [
        ("contrast", lambda x: x[0].label),
        ("over", lambda x: str(len(x[0].terms))),
        ("published", lambda x: signed(x[0].published)),
        ("of the published rows", lambda x: signed(x[0].published_rows)),
        *(
            (f"{COLUMN[name]} [95 %]", lambda x, name=name: gain_text(x[1][name]))
            for name in (protocol, summary.second)
        ),
        ("p (Holm)", lambda x: p_text(x[1][protocol].p_holm)),
    ]
    note = (
        "Means, slopes and differences of comparisons, seed by seed, in points, with their 95 % "
        "BCa interval over seeds."
    )
    if any(one.family for one, _ in some):
        note += " p: sign-flip test, Holm's correction within a family."
    if any(one.published is not None for one, _ in some):
        note += " Published: as a text states it, and as the published differences give it."
    return sheet_of("Contrasts", "contrasts", some, columns, [note])


def _mechanism(summary: Summary, title: str, key: str, lines: list[Line]) -> Sheet:
    """Runs that have learned, and those that have collapsed."""
    items = [
        (line, f"{sum(chosen)} {word}", chosen)
        for line in lines
        for word, state in (("learned", False), ("collapsed", True))
        if any(chosen := [fallen == state for fallen in line.fallen])
    ]
    columns: list[Column] = [
        *who(summary, items, lambda x: x[0]),
        ("seeds", lambda x: x[1]),
        *(
            (_MECHANISM.get(name, name), lambda x, name=name: _middle(x[0], name, x[2]))
            for name in dict.fromkeys(name for line in lines for name in line.record.mechanism)
        ),
    ]
    notes = [_ABOUT_MECHANISM, teacher_note(summary, lines)]
    return sheet_of(f"{title}: where the features go", key, items, columns, notes)


def _middle(line: Line, name: str, chosen: list[bool]) -> str:
    """Median over some seeds, short."""
    if name not in line.record.mechanism:
        return DASH
    value = np.median(np.array(line.record.mechanism[name], float)[chosen])
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
