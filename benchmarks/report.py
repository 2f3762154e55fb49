"""The report: targets, a table a workload, wrong answers, what was left out; a README's share."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.peers import FLOOR, OURS, PEERS
from benchmarks.summary import Summary, absent
from benchmarks.targets import TARGETS, Verdict
from benchmarks.workloads import WORKLOADS, Cell
from jqkd.report.readme import markers, update_share

SHARE = "bench"
BEGIN, END = markers(SHARE)


class Sheet(NamedTuple):
    """A table as rows of text; the first two columns hold words."""

    header: list[str]
    cells: list[list[str]]
    notes: str = ""


def markdown(sheet: Sheet) -> str:
    """A pipe table and its notes.

    Example:
        >>> print(markdown(Sheet(["a", "b", "c"], [["x", "y", "1"]])))
        | a | b | c |
        | --- | --- | ---: |
        | x | y | 1 |
    """
    rules = ["---" if column < 2 else "---:" for column in range(len(sheet.header))]
    lines = [sheet.header, rules, *sheet.cells]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{table}\n\n{sheet.notes}".rstrip()


def page(summary: Summary, pictures: list[tuple[Path, str]]) -> str:
    """The whole report as Markdown."""
    parts = ["# Speed, side by side", introduction(summary)]
    parts += [f"![{caption}]({path.name})" for path, caption in pictures]
    parts += ["## Targets", markdown(target_sheet(summary))]
    for name, workload in WORKLOADS.items():
        if summary.of(name):
            parts += [f"## {name}: {workload.title}", markdown(time_sheet(summary, name))]
            parts += [f"### {name}: first call, seconds", markdown(first_sheet(summary, name))]
    parts += study_parts(summary)
    parts += ["## How each peer is used", markdown(usage_sheet(summary))]
    wrong, out = wrong_lines(summary), left_out_lines(summary)
    parts += ["## Wrong answers", "\n".join(wrong) if wrong else "None."]
    parts += ["## Left out", "\n".join(out) if out else "Nothing."]
    return "\n\n".join(parts) + "\n"


def introduction(summary: Summary) -> str:
    """Where and how it was measured."""
    about, plan = summary.result["environment"], summary.result["plan"]
    loads = [load[0] for load in summary.result["load"].values() if load]
    load = f" Load average while measuring: {min(loads):.1f} to {max(loads):.1f}." if loads else ""
    return (
        f"Measured {summary.result['made'][:10]} on {about['processor']}, {about['device']}, "
        f"with jqkd {about['jqkd']}, JAX {about['jax']}, Python {about['python']}.{load} "
        "Every peer has a process of its own; in every cell the peers take turns, "
        f"{plan['rounds']} rounds of {plan['share']:g} s, and the median of all calls counts. "
        "Inputs change from call to call. Every answer is checked against NumPy in float64, "
        "sampled ones by chi-square with a false alarm in a million; a peer counts with its "
        "fastest way whose answers are right. First call: trace, compile and run, "
        "with nothing compiled before."
    )


def target_sheet(summary: Summary) -> Sheet:
    """Each target beside what was reached."""
    rows = [_target_row(target.judge(summary)) for target in TARGETS]
    header = ["target", "", "wanted", "worst", "where", "middle", "cells"]
    notes = "A target is reached where every cell reaches it; the worst and the middle are shown."
    return Sheet(header, rows, notes)


def _target_row(verdict: Verdict) -> list[str]:
    target, values = verdict.target, verdict.values
    unit = f" {target.unit}" if target.unit not in ("", "x") else target.unit
    wanted = f"{'≥' if target.at_least else '≤'} {target.bound:g}{unit}"
    if not values:
        return [target.text, verdict.word, wanted, "", "", "", ""]
    worst, middle = values[0], values[len(values) // 2]
    shown = [f"{short(value)}{unit}" for value in (worst[1], middle[1])]
    count = f"{verdict.good}/{len(values)}"
    return [target.text, verdict.word, wanted, shown[0], worst[0], shown[1], count]


def time_sheet(summary: Summary, workload: str) -> Sheet:
    """Milliseconds of a steady call."""
    peers = [p for p in PEERS if any((c, p) in summary.best for c in summary.of(workload))]
    header = ["cell", "best peer", "best peer / jqkd", *peers]
    rows = []
    for cell in summary.of(workload):
        rival, ratio = summary.rival(cell), summary.ratio(cell)
        names = [rival[0] if rival else "", "" if ratio is None else short(ratio)]
        rows.append([_size(cell), *names, *(_time(summary, cell, peer) for peer in peers)])
    numpy = " NumPy is no rival where shots are drawn: the targets look at it by itself."
    floor = f"{FLOOR} draws from given probabilities and is no rival either."
    return Sheet(
        header, rows, "Milliseconds, median." + (f"{numpy} {floor}" if FLOOR in peers else "")
    )


def first_sheet(summary: Summary, workload: str) -> Sheet:
    """Seconds of a first call, and the peak of memory, of those that compile."""
    peers = [
        p for p in (OURS, "pennylane", "tensorcircuit", "qujax") if p in summary.result["peers"]
    ]
    header = ["cell", "over the quickest", *(f"{p}, s (MB)" for p in peers)]
    rows = []
    for cell in summary.of(workload):
        ratio = summary.first_ratio(cell)
        found = [summary.best.get((cell, peer)) for peer in peers]
        texts = [f"{short(m.first)} ({m.peak_mb:.0f})" if m else "" for m in found]
        rows.append([_size(cell), "" if ratio is None else short(ratio), *texts])
    notes = "In brackets: most memory that the process had held so far, over the cells above too."
    return Sheet(header, rows, notes)


def _size(cell: Cell) -> str:
    return f"n={cell.qubits} B={cell.batch}"


def _time(summary: Summary, cell: Cell, peer: str) -> str:
    found = summary.best.get((cell, peer))
    if found is not None:
        return short(1e3 * found.steady)
    reason = summary.missing.get((cell, peer), "")
    return "wrong" if reason.startswith("wrong") else ("–" if reason else "")


def short(value: float) -> str:
    """Three digits.

    Example:
        >>> short(0.01234), short(12.34), short(12345.6)
        ('0.0123', '12.3', '12346')
    """
    if value == 0 or abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:#.3g}".rstrip(".")


def study_parts(summary: Summary) -> list[str]:
    """What was measured of jqkd alone."""
    parts = []
    for name, found in summary.studies.items():
        title = found.get("title", name)
        rows = [[str(k), "", _plain(v)] for k, v in found.items() if k != "title"]
        parts += [f"## {title}", markdown(Sheet(["", "", "value"], rows))]
    return parts


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {_plain(v)}" for k, v in value.items())
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    return short(value) if isinstance(value, float) else str(value)


def usage_sheet(summary: Summary) -> Sheet:
    """Versions and ways."""
    missing, rows = absent(summary.result), []
    for name, peer in PEERS.items():
        versions = summary.result["peers"].get(name, {}).get("versions", {})
        text = ", ".join(f"{k} {v}" for k, v in versions.items()) or missing.get(name, "")
        rows.append([name, peer.usage, text])
    return Sheet(["peer", "use", "versions"], rows)


def wrong_lines(summary: Summary) -> list[str]:
    """Ways whose answers were wrong."""
    lines = []
    for (peer, workload, way), found in summary.wrong.items():
        cells = ", ".join(_size(cell) for cell, _ in found)
        lines.append(f"- {peer}, {workload}, {way}: {found[0][1]} ({cells})")
    return lines


def left_out_lines(summary: Summary) -> list[str]:
    """Cells without a right answer, and peers that did not run."""
    lines = [f"- {name}: {why}" for name, why in absent(summary.result).items()]
    for (cell, peer), reason in summary.missing.items():
        lines.append(f"- {peer}, {cell.name}: {reason}")
    return lines


def readme_block(summary: Summary, picture: str | None) -> str:
    """The short form: targets, and a line a workload."""
    rows = []
    for name, workload in WORKLOADS.items():
        ratios = sorted(r for r in map(summary.ratio, summary.of(name)) if r is not None)
        if ratios:
            peers = {summary.rival(cell)[0] for cell in summary.of(name) if summary.rival(cell)}
            spread = f"{short(ratios[0])} to {short(ratios[-1])}"
            middle = short(ratios[len(ratios) // 2])
            rows.append([name, workload.title, f"{middle} ({spread})", ", ".join(sorted(peers))])
    header = ["", "workload", "best peer's time / jqkd's: middle (range)", "best peers"]
    shown = [f"![Best peer's time over jqkd's]({picture})"] if picture else []
    verdicts = [target.judge(summary).word for target in TARGETS]
    measured = len(verdicts) - verdicts.count("not measured")
    met = f"{verdicts.count('reached')} of {measured} targets reached"
    folded = f"<details><summary>{met}</summary>", markdown(target_sheet(summary)), "</details>"
    return "\n\n".join([introduction(summary), *shown, markdown(Sheet(header, rows)), *folded])


def update_readme(path: Path, summary: Summary, picture: str | None) -> None:
    """Bring the short form in a README up to date.

    Raises:
        InputError: no such file, no markers, or it cannot be written.
    """
    update_share(path, SHARE, readme_block(summary, picture))
