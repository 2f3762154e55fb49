"""The report's short form, for a README: one table."""

from __future__ import annotations

from jqkd.report.columns import Column, sheet_of, teacher_note, who
from jqkd.report.formats import Sheet
from jqkd.report.summary import Line, Summary
from jqkd.report.text import DASH, gain_text, mean_sd, number, p_text, signed


def compact(summary: Summary) -> Sheet:
    """Comparisons beside their published numbers; without such, a line for each kind of student."""
    published = any(one.verdict for one in summary.differences)
    return _published(summary) if published else _by_group(summary)


def _published(summary: Summary) -> Sheet:
    main, *compared = dict.fromkeys(c.label for c in summary.experiment.comparisons)
    rows = [one for one in summary.differences if one.comparison.label == main]
    distilled = all(one.arm.taught_by and not one.baseline.taught_by for one in rows)
    before, after = ("alone", "distilled") if distilled else ("baseline", "line")
    columns: list[Column] = [
        *who(summary, rows, lambda x: x.arm),
        (f"{before}: published", lambda x: number(x.baseline.arm.published)),
        (f"{before}: ours", lambda x: mean_sd(x.baseline.values)),
        (f"{after}: published", lambda x: number(x.arm.arm.published)),
        (f"{after}: ours", lambda x: mean_sd(x.arm.values)),
        (f"{main}: published", lambda x: signed(x.comparison.published)),
        (f"{main}: ours [95 %]", lambda x: gain_text(x.main)),
        *((label, lambda x, label=label: _other(summary, x.arm, label)) for label in compared),
        (f"verdict on {main}", lambda x: x.verdict or DASH),
    ]
    notes = [teacher_note(summary, [one.arm for one in rows])]
    return sheet_of("Published and ours", "compact", rows, columns, notes)


def _other(summary: Summary, line: Line, label: str) -> str:
    compared = [one for one in summary.of(line) if one.comparison.label == label]
    return signed(compared[0].main.mean) if compared else DASH


def _by_group(summary: Summary) -> Sheet:
    """A row for each label and teacher, columns for each group."""
    rows: dict[tuple, dict[str, Line]] = {}
    for line in summary.shown:
        key, again = (line.arm.label, line.taught_by), 0
        while line.arm.group in rows.setdefault((*key, again), {}):
            again += 1
        rows[*key, again][line.arm.group] = line
    columns = who(summary, list(rows.values()), lambda row: next(iter(row.values())))
    columns = [column for column in columns if column[0] != "data"]
    for group in dict.fromkeys(line.arm.group for line in summary.shown):
        cells: list[Column] = [
            (f"{group}, %", lambda x: mean_sd(x.values)),
            ("published", lambda x: number(x.arm.published)),
            ("collapsed", lambda x: f"{sum(x.fallen)}/{len(x.fallen)}"),
            ("difference", lambda x: _difference(summary, x)),
        ]
        columns += [
            (name, lambda row, group=group, say=say: say(row[group]) if group in row else DASH)
            for name, say in cells
        ]
    notes = [teacher_note(summary, summary.shown)]
    return sheet_of("Ours", "compact", list(rows.values()), columns, notes)


def _difference(summary: Summary, line: Line) -> str:
    compared = summary.of(line)
    if not compared:
        return DASH
    text, p = gain_text(compared[0].main), p_text(compared[0].main.p_holm)
    return text if p == DASH else f"{text}, p {'' if p.startswith('<') else '= '}{p}"
