"""The report's short form, for a README: one table."""

from __future__ import annotations

from jqkd.report.formats import Sheet
from jqkd.report.sheets import Columns, _sheet, _who, teacher_note
from jqkd.report.summary import Line, Summary
from jqkd.report.text import DASH, gain_text, mean_sd, number, p_text, signed


def compact(summary: Summary) -> Sheet:
    """Comparisons beside their published numbers; without such, a line for each kind of student."""
    published = any(c.published is not None for c in summary.experiment.comparisons)
    return _published(summary) if published and summary.differences else _by_group(summary)


def _published(summary: Summary) -> Sheet:
    labels = list(dict.fromkeys(c.label for c in summary.experiment.comparisons))
    main = labels[0]
    rows = [one for one in summary.differences if one.comparison.label == main]
    distilled = all(one.arm.taught_by and not one.baseline.taught_by for one in rows)
    before, after = ("alone", "distilled") if distilled else ("baseline", "line")
    lines = [one.arm for one in rows]
    columns = [
        *_who(summary, lines),
        (f"{before}: published", [number(one.baseline.arm.published) for one in rows]),
        (f"{before}: ours", [mean_sd(one.baseline.values) for one in rows]),
        (f"{after}: published", [number(one.arm.arm.published) for one in rows]),
        (f"{after}: ours", [mean_sd(one.arm.values) for one in rows]),
        (f"{main}: published", [signed(one.comparison.published) for one in rows]),
        (f"{main}: ours [95 %]", [gain_text(one.main) for one in rows]),
        *((label, [_other(summary, line, label) for line in lines]) for label in labels[1:]),
        (f"verdict on {main}", [one.verdict or DASH for one in rows]),
    ]
    return _sheet("Published and ours", "compact", columns, [teacher_note(summary, lines)])


def _other(summary: Summary, line: Line, label: str) -> str:
    """A further comparison, unless it is the first one again."""
    first, *others = summary.of(line)
    for one in others:
        if one.comparison.label == label and one.baseline is not first.baseline:
            return signed(one.main.mean)
    return DASH


def _by_group(summary: Summary) -> Sheet:
    """A row for each label and teacher, columns for each group."""
    rows: dict[tuple, dict[str, Line]] = {}
    for line in summary.shown:
        key, again = (line.arm.label, line.taught_by), 0
        while line.arm.group in rows.setdefault((*key, again), {}):
            again += 1
        rows[*key, again][line.arm.group] = line
    firsts = [next(iter(row.values())) for row in rows.values()]
    columns: Columns = [pair for pair in _who(summary, firsts) if pair[0] != "data"]
    for group in dict.fromkeys(line.arm.group for line in summary.shown):
        lines = [row.get(group) for row in rows.values()]
        columns += [
            (f"{group}, %", [DASH if x is None else mean_sd(x.values) for x in lines]),
            ("published", [DASH if x is None else number(x.arm.published) for x in lines]),
            ("collapsed", [_share_of_fallen(line) for line in lines]),
            ("difference", [_difference(summary, line) for line in lines]),
        ]
    return _sheet("Ours", "compact", columns, [teacher_note(summary, summary.shown)])


def _share_of_fallen(line: Line | None) -> str:
    return DASH if line is None else f"{sum(line.fallen)}/{len(line.fallen)}"


def _difference(summary: Summary, line: Line | None) -> str:
    compared = [] if line is None else summary.of(line)
    if not compared:
        return DASH
    gain = compared[0].main
    text, p = gain_text(gain), p_text(gain.p_holm)
    if gain.p_holm is None:
        return text
    return f"{text}, p {p}" if p.startswith("<") else f"{text}, p = {p}"
