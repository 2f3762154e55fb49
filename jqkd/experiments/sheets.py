"""The report's tables as rows of text, before anybody decides on Markdown, LaTeX or HTML."""

from __future__ import annotations

from collections import Counter

from jqkd.experiments import statistics as st
from jqkd.experiments.presets import TABLE_PRESETS
from jqkd.experiments.render import Sheet
from jqkd.experiments.results import Gain, MeanGain, RowResult, Summary
from jqkd.experiments.rows import NAMES, TEACHER, alone_of
from jqkd.experiments.summary import below, collapsed, headline
from jqkd.experiments.text import (
    COLUMN,
    DASH,
    WHEN,
    data_name,
    gain_text,
    interval_text,
    mean_sd,
    network_name,
    number,
    p_text,
    sign_flip_text,
    signed,
)

# What a row's notebook does instead of distilling as the paper says.
_TERM_NOTES = {"constant": " (a)", "kl * 0": " (a)", "kl * 6/8": " (b)"}
_TERM_NOTE = (
    "(a) In this row's notebook no gradient of the distillation term reaches the student. "
    "(b) The notebook scales the term by 6/8."
)


def sheets(summary: Summary) -> list[Sheet]:
    """All tables of the report."""
    found, protocol = [], headline(summary.settings)
    for table in sorted({result.row.table for result in summary.rows}):
        rows = [result for result in summary.rows if result.row.table == table]
        found.append(_accuracies(table, rows, protocol))
        distilled = [result for result in rows if result.gain]
        if distilled:
            as_notebook = TABLE_PRESETS[summary.settings.preset].as_notebook
            found.append(_gains(table, distilled, protocol, as_notebook))
        if any(result.matched for result in distilled):
            found.append(_heads(table, [r for r in distilled if r.matched], protocol))
    if summary.means:
        found.append(_means(summary, protocol))
    return found


def compact(summary: Summary) -> Sheet:
    """One line for each distilled row: the form for a README."""
    protocol, rows = headline(summary.settings), [r for r in summary.rows if r.gain]
    matched = has_two_heads(summary)
    header = ["data", "student", "alone: paper", "alone: ours", "teacher", "distilled: paper"]
    header += ["distilled: ours", "gain: paper", "gain: ours [95 %]"]
    header += [*(["gain, one head"] if matched else []), "verdict on gain"]
    cells = []
    for result in rows:
        row = result.row
        one_head = result.gain_matched[protocol].mean
        cells.append(
            [
                data_name(row),
                f"{row.qubits} qubits",
                number(alone_of(row).accuracy),
                mean_sd(result.alone[protocol]),
                NAMES[row.teacher] + _mark(result),
                number(row.accuracy),
                mean_sd(result.accuracy[protocol]),
                _published_gain(result),
                gain_text(result.gain[protocol]),
                *([DASH if result.matched is None else signed(one_head)] if matched else []),
                result.gain_verdict or DASH,
            ]
        )
    return Sheet("Published and ours", "compact", header, cells, _teacher_notes(rows))


def verdicts(summary: Summary) -> tuple[Counter[str], Counter[str]]:
    """How many published accuracies and gains there are of each verdict."""
    accuracies = Counter(r.verdict for r in summary.rows if r.verdict)
    return accuracies, Counter(r.gain_verdict for r in summary.rows if r.gain_verdict)


def has_two_heads(summary: Summary) -> bool:
    """Whether some row compares arms that differ in their head or shots."""
    return any(result.matched is not None for result in summary.rows)


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
    return f"The paper's table {table}: {what}" if table else f"Demo: {what}"


def _mark(result: RowResult) -> str:
    return "†" if result.epochs_differ else ""


def _published_gain(result: RowResult) -> str:
    return DASH if result.row.gain is None else signed(result.row.gain)


def _accuracies(table: int, results: list[RowResult], protocol: str) -> Sheet:
    others = [name for name in COLUMN if name != protocol]
    header = ["data", "network", "paper", COLUMN[protocol], "range", "verdict"]
    header += [*(COLUMN[name] for name in others), "runs", "collapsed", "below the paper's"]
    cells = []
    for result in results:
        row, mine = result.row, st.spread(result.accuracy[protocol])
        cells.append(
            [
                data_name(row),
                row.label + _mark(result),
                number(row.accuracy),
                mean_sd(result.accuracy[protocol]),
                f"{mine.low:.2f} to {mine.high:.2f}" if mine.count > 1 else DASH,
                result.verdict or DASH,
                *(mean_sd(result.accuracy[name]) for name in others),
                str(mine.count),
                str(collapsed(result, protocol)),
                DASH if row.accuracy is None else f"{below(result, protocol)} of {mine.count}",
            ]
        )
    notes = [
        "Test accuracy in %, mean ± standard deviation over seeds; the paper reports one run each, "
        "at the epoch that is best on the test images. Range, verdict and the last two columns "
        f"are of our runs {WHEN[protocol]}.",
        f"Collapsed: no more than {st.COLLAPSE:g} points above guessing. Below the paper's: how "
        "many of our runs are below the published number.",
    ]
    notes += _teacher_notes(results)
    return Sheet(_title(table, "accuracy"), f"accuracy-{table}", header, cells, notes)


def _gains(table: int, results: list[RowResult], protocol: str, as_notebook: bool) -> Sheet:
    second = "best" if protocol == "picked" else "picked"
    header = ["data", "network", "paper", f"{COLUMN[protocol]} [95 %]", "p", "p (Holm)", "verdict"]
    header += ["gain of one run, 95 %", f"{COLUMN[second]} [95 %]", "its p (Holm)"]
    cells = []
    for result in results:
        row, mine, other = result.row, result.gain[protocol], result.gain[second]
        note = _TERM_NOTES.get(row.term, "") if as_notebook else ""
        cells.append(
            [
                data_name(row),
                row.label + _mark(result) + note,
                _published_gain(result),
                gain_text(mine),
                p_text(mine.p),
                p_text(mine.p_holm),
                result.gain_verdict or DASH,
                interval_text(result.gain_interval),
                gain_text(other),
                p_text(other.p_holm),
            ]
        )
    notes = [_how_gains(max(len(result.seeds) for result in results))]
    notes.append(
        "Gain of one run: where the difference of one more distilled and one more student alone, "
        "seeds unrelated as in the paper, falls in 95 of 100 cases."
    )
    if any(result.row.term in _TERM_NOTES for result in results) and as_notebook:
        notes.append(_TERM_NOTE)
    notes += [_own_gain(result) for result in results if _misprinted(result)]
    notes += _teacher_notes(results)
    return Sheet(_title(table, "gain by distillation"), f"gain-{table}", header, cells, notes)


def _how_gains(seeds: int) -> str:
    exact = seeds <= st.EXACT_UP_TO
    least = f"; with {seeds} seeds p is at least {p_text(2.0 ** (1 - seeds))}"
    return (
        "Points of test accuracy, distilled minus alone with the same seed; mean and its 95 % BCa "
        f"bootstrap interval; {sign_flip_text(seeds)}, corrected by Holm's method over all "
        f"distilled rows{least if exact else ''}."
    )


def _heads(table: int, results: list[RowResult], protocol: str) -> Sheet:
    header = ["data", "network", "paper", "as the notebooks run it [95 %]", "of that, the head"]
    header += ["of that, distillation", "p (Holm)"]
    cells = []
    for result in results:
        arms = zip(result.matched[protocol], result.alone[protocol], strict=True)
        head = [matched - alone for matched, alone in arms]
        matched = result.gain_matched[protocol]
        cells.append(
            [
                data_name(result.row),
                result.row.label + _mark(result),
                _published_gain(result),
                gain_text(result.gain[protocol]),
                gain_text(Gain(head, st.spread(head).mean, st.mean_interval(head), 1.0)),
                gain_text(matched),
                p_text(matched.p_holm),
            ]
        )
    notes = [
        "In the notebooks these rows compare a student alone and a distilled one that do not have "
        "the same head or the same number of shots. The head: student alone with the distilled "
        "one's head and shots, minus student alone as its notebook has it. Distillation: both arms "
        f"with the distilled one's head and shots. In points, {WHEN[protocol]}."
    ]
    notes += _teacher_notes(results)
    return Sheet(_title(table, "one head for both arms"), f"heads-{table}", header, cells, notes)


def _means(summary: Summary, protocol: str) -> Sheet:
    second = "best" if protocol == "picked" else "picked"
    two = has_two_heads(summary)
    header = ["table", "paper's text", "paper's rows"]
    for name in (protocol, second):
        header += [f"{COLUMN[name]} [95 %]", *([f"one head, {COLUMN[name]}"] if two else [])]
    cells = [_mean_cells(mean, (protocol, second), two) for mean in summary.means]
    notes = [
        "Mean over the nine distilled rows of a table, in points, with its 95 % BCa bootstrap "
        "interval over seeds; the paper's as its text states it, and as its own rows give it."
        + (" One head: both arms with the distilled one's head and shots." if two else "")
    ]
    return Sheet("Mean gain", "mean-gain", header, cells, notes)


def _mean_cells(mean: MeanGain, protocols: tuple[str, str], two: bool) -> list[str]:
    cells = [str(mean.table), signed(mean.stated), signed(mean.of_rows)]
    for name in protocols:
        kinds = (mean.ours, mean.ours_matched) if two else (mean.ours,)
        cells += [gain_text(kind[name]) for kind in kinds]
    return cells


def _teacher_notes(results: list[RowResult]) -> list[str]:
    marked = [result for result in results if result.epochs_differ]
    if not marked:
        return []
    epochs: dict[str, int] = {}
    for result in marked:
        epochs |= {name: n for name, n in result.teacher_epochs.items() if n != 10}
    parts = ", ".join(f"{network_name(name)} {count}" for name, count in sorted(epochs.items()))
    note = f"† Epochs of teachers that were not trained for the paper's 10: {parts}."
    judged = any(result.row.kind == TEACHER for result in marked)
    return [note + (" Such a teacher's own row is undecidable." if judged else "")]
