"""The report's tables as rows of text, before anybody decides on Markdown, LaTeX or HTML."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from jqkd.experiments import statistics as st
from jqkd.experiments.presets import TABLE_PRESETS
from jqkd.experiments.results import Gain, MeanGain, RowResult, Summary
from jqkd.experiments.rows import NAMES, TEACHER, alone_of
from jqkd.experiments.text import (
    DASH,
    data_name,
    gain_text,
    interval_text,
    mean_sd,
    number,
    p_text,
    signed,
)

# What a row's notebook does instead of distilling as the paper says.
_TERM_NOTES = {"constant": " (a)", "kl * 0": " (a)", "kl * 6/8": " (b)"}


@dataclass
class Sheet:
    """A table: its title, a key for file names, headers, cells, and what must be said below it."""

    title: str
    key: str
    header: list[str]
    cells: list[list[str]]
    notes: list[str] = field(default_factory=list)


def sheets(summary: Summary) -> list[Sheet]:
    """All tables of the report."""
    found = []
    for table in sorted({result.row.table for result in summary.rows}):
        rows = [result for result in summary.rows if result.row.table == table]
        found.append(_accuracies(table, rows))
        distilled = [result for result in rows if result.gain]
        if distilled:
            as_notebook = TABLE_PRESETS[summary.settings.preset].as_notebook
            found.append(_gains(table, distilled, as_notebook))
        if any(result.matched for result in distilled):
            found.append(_heads(table, [r for r in distilled if r.matched]))
    if summary.means:
        found.append(_means(summary.means))
    return found


def compact(summary: Summary) -> Sheet:
    """One line for each distilled row: the form for a README."""
    header = ["data", "student", "alone: paper", "ours", "teacher", "distilled: paper", "ours"]
    header += ["gain: paper", "ours, 95 %", "one head", "verdict on gain"]
    cells = []
    for result in (r for r in summary.rows if r.gain):
        row = result.row
        alone = alone_of(row).accuracy
        one_head = DASH if result.matched is None else signed(result.gain_matched["best"].mean)
        cells.append(
            [
                data_name(row),
                f"{row.qubits} qubits",
                number(alone),
                mean_sd(result.alone["best"]),
                NAMES[row.teacher] + ("†" if result.epochs_differ else ""),
                number(row.accuracy),
                mean_sd(result.accuracy["best"]),
                DASH if row.gain is None else signed(row.gain),
                gain_text(result.gain["best"]),
                one_head,
                result.gain_verdict or DASH,
            ]
        )
    notes = _teacher_notes([result for result in summary.rows if result.gain])
    return Sheet("Published and ours", "compact", header, cells, notes)


def verdicts(summary: Summary) -> tuple[Counter[str], Counter[str]]:
    """How many published accuracies and gains there are of each verdict."""
    accuracies = Counter(r.verdict for r in summary.rows if r.verdict)
    return accuracies, Counter(r.gain_verdict for r in summary.rows if r.gain_verdict)


def _misprinted(result: RowResult) -> bool:
    row = result.row
    if row.gain is None:
        return False
    return abs(row.accuracy - alone_of(row).accuracy - row.gain) > 0.015


def _own_gain(result: RowResult) -> str:
    row = result.row
    own = signed(row.accuracy - alone_of(row).accuracy)
    return (
        f"The gain of {data_name(row)}, {row.label} is printed as {signed(row.gain)}; by the "
        f"paper's own accuracies it is {own}."
    )


def _title(table: int, what: str) -> str:
    return f"Table {table}: {what}" if table else f"Demo: {what}"


def _mark(result: RowResult) -> str:
    return "†" if result.epochs_differ else ""


def _accuracies(table: int, results: list[RowResult]) -> Sheet:
    header = ["data", "network", "paper", "best on test", "range", "picked on validation"]
    header += ["last epoch", "runs", "collapsed", "below the paper's", "verdict"]
    cells = []
    for result in results:
        row, best = result.row, st.spread(result.accuracy["best"])
        runs = len(result.seeds)
        cells.append(
            [
                data_name(row),
                row.label + _mark(result),
                number(row.accuracy),
                mean_sd(result.accuracy["best"]),
                f"{best.low:.2f} to {best.high:.2f}" if best.count > 1 else DASH,
                mean_sd(result.accuracy["picked"]),
                mean_sd(result.accuracy["final"]),
                str(runs),
                str(result.collapsed),
                DASH if row.accuracy is None else f"{result.below} of {runs}",
                result.verdict or DASH,
            ]
        )
    notes = [
        "Test accuracy in %, mean ± standard deviation over seeds; the paper reports one run each, "
        "at the epoch that is best on the test images.",
        f"Collapsed: within {st.COLLAPSE:g} points of guessing. Below the paper's: how many of our "
        "runs, at their best on test, are below the published number.",
    ]
    notes += _teacher_notes(results)
    return Sheet(_title(table, "accuracy"), f"accuracy-{table}", header, cells, notes)


def _gains(table: int, results: list[RowResult], as_notebook: bool) -> Sheet:
    header = ["data", "network", "paper", "paired gain [95 %]", "p", "p (Holm)"]
    header += ["picked on validation [95 %]", "p (Holm)", "gain of one run, 95 %", "verdict"]
    cells = []
    for result in results:
        row, best, picked = result.row, result.gain["best"], result.gain["picked"]
        note = _TERM_NOTES.get(row.term, "") if as_notebook else ""
        cells.append(
            [
                data_name(row),
                row.label + _mark(result) + note,
                DASH if row.gain is None else signed(row.gain),
                gain_text(best),
                p_text(best.p),
                p_text(best.p_holm),
                gain_text(picked),
                p_text(picked.p_holm),
                interval_text(result.gain_interval),
                result.gain_verdict or DASH,
            ]
        )
    count = max(len(result.seeds) for result in results)
    notes = [
        "Points of test accuracy, distilled minus alone with the same seed; BCa bootstrap interval "
        "of the mean; exact sign-flip test, corrected by Holm's method over all distilled rows.",
        f"With {count} seeds the smallest possible p is {p_text(2.0 ** (1 - count))}.",
        "Gain of one run: where the difference of one more distilled and one more student alone, "
        "seeds unrelated as in the paper, falls in 95 of 100 cases.",
    ]
    if any(result.row.term in _TERM_NOTES for result in results) and as_notebook:
        notes.append(
            "(a) In this row's notebook no gradient of the distillation term reaches the student. "
            "(b) The notebook scales the term by 6/8."
        )
    notes += [_own_gain(result) for result in results if _misprinted(result)]
    notes += _teacher_notes(results)
    return Sheet(_title(table, "gain by distillation"), f"gain-{table}", header, cells, notes)


def _heads(table: int, results: list[RowResult]) -> Sheet:
    header = ["data", "network", "paper", "as the notebooks run it", "of that, the head"]
    header += ["of that, distillation", "p (Holm)"]
    cells = []
    for result in results:
        head = [m - a for m, a in zip(result.matched["best"], result.alone["best"], strict=True)]
        interval = st.mean_interval(head)
        matched = result.gain_matched["best"]
        cells.append(
            [
                data_name(result.row),
                result.row.label + _mark(result),
                DASH if result.row.gain is None else signed(result.row.gain),
                gain_text(result.gain["best"]),
                gain_text(Gain(head, st.spread(head).mean, interval, 1.0)),
                gain_text(matched),
                p_text(matched.p_holm),
            ]
        )
    notes = [
        "In the notebooks these rows compare a student alone and a distilled one that do not have "
        "the same head or the same number of shots. The head: student alone with the distilled "
        "one's head and shots, minus student alone as its notebook has it. Distillation: both arms "
        "with the distilled one's head and shots. Best epoch on test."
    ]
    return Sheet(_title(table, "one head for both arms"), f"heads-{table}", header, cells, notes)


def _means(means: list[MeanGain]) -> Sheet:
    header = ["table", "paper's text", "paper's rows", "ours", "one head for both arms"]
    header += ["ours, picked on validation", "one head, picked on validation"]
    cells = [
        [
            str(mean.table),
            signed(mean.stated),
            signed(mean.of_rows),
            *(gain_text(kind["best"]) for kind in (mean.ours, mean.ours_matched)),
            *(gain_text(kind["picked"]) for kind in (mean.ours, mean.ours_matched)),
        ]
        for mean in means
    ]
    notes = ["Mean over the nine distilled rows of a table, in points, with its BCa interval."]
    return Sheet("Mean gain", "mean-gain", header, cells, notes)


def _teacher_notes(results: list[RowResult]) -> list[str]:
    marked = [result for result in results if result.epochs_differ]
    if not marked:
        return []
    epochs: dict[str, int] = {}
    for result in marked:
        epochs |= result.teacher_epochs
    parts = ", ".join(f"{name} {count}" for name, count in sorted(epochs.items()))
    note = f"† A teacher trained for other than the paper's 10 epochs: {parts}."
    judged = any(result.row.kind == TEACHER for result in marked)
    return [note + (" Such a teacher's own row is undecidable." if judged else "")]
