"""Sheets from columns, each a header and what a cell says; columns and notes that many share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from jqkd.report.formats import Sheet
from jqkd.report.summary import Line, Summary
from jqkd.report.text import DASH, counts_text, teacher_name

Column = tuple[str, Callable[[Any], str]]


def sheet_of(
    title: str, key: str, items: Sequence[Any], columns: Iterable[Column], notes: Iterable[str] = ()
) -> Sheet:
    """A line for each item; only columns that hold something."""
    filled = [(name, [say(item) for item in items]) for name, say in columns]
    filled = [(name, cells) for name, cells in filled if set(cells) - {DASH}]
    rows = [list(row) for row in zip(*(cells for _, cells in filled), strict=True)]
    return Sheet(title, key, [name for name, _ in filled], rows, [note for note in notes if note])


def who(
    summary: Summary,
    items: Sequence[Any],
    line_of: Callable[[Any], Line] = lambda item: item,
    mark: Callable[[Any], str] = lambda item: "",
) -> list[Column]:
    """Data, student and teacher, as far as titles and labels do not say it already."""
    shown, distilled = summary.shown, [line for line in summary.students if line.taught_by]
    name = "network" if any(line.arm.is_teacher for line in shown) else "student"
    dagger = lambda line: "†" * line.epochs_differ  # noqa: E731
    columns: list[Column] = [
        (name, lambda item: line_of(item).arm.label + dagger(line_of(item)) + mark(item))
    ]
    if len({line_of(item).arm.group for item in items}) > 1:
        columns.insert(0, ("data", lambda item: line_of(item).arm.group))
    if any(teacher_name(x.taught_by).lower() not in x.arm.label.lower() for x in distilled):
        columns.append(("teacher", lambda item: teacher_name(line_of(item).taught_by)))
    return columns


def footnotes(texts: Iterable[str]) -> tuple[dict[str, str], str]:
    """A mark for each text, none for an empty one; and all of them in a sentence.

    Example:
        >>> footnotes(["One.", "", "Two.", "One."])
        ({'One.': ' (a)', 'Two.': ' (b)', '': ''}, '(a) One. (b) Two.')
    """
    distinct = dict.fromkeys(filter(None, texts))
    marks = {text: f" ({chr(97 + place)})" for place, text in enumerate(distinct)}
    return marks | {"": ""}, "".join(f"{mark} {text}" for text, mark in marks.items()).lstrip()


def teacher_note(summary: Summary, lines: Sequence[Line]) -> str:
    """Which teachers were not trained for as long as the published ones."""
    usual, marked = summary.experiment.published_epochs, [x for x in lines if x.epochs_differ]
    if not marked:
        return ""
    parts = ", ".join(teachers_epochs(marked, usual))
    judged = any(line.arm.is_teacher and line.verdict for line in marked)
    note = f"† Epochs of teachers that were not trained for the published {usual}: {parts}."
    return note + (" Such a teacher's own line is undecidable." if judged else "")


def teachers_epochs(lines: Sequence[Line], but: int | None = None) -> list[str]:
    """``10 for LeNet`` and the like, for all teachers of some lines but those of so many epochs."""
    epochs: dict[str, set[int]] = {}
    for arch, count in (pair for line in lines for pair in line.record.teacher_epochs.items()):
        if count != but:
            epochs.setdefault(arch, set()).add(count)
    return [f"{counts_text(some)} for {teacher_name(arch)}" for arch, some in epochs.items()]
