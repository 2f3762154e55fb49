"""The report of a results folder: Markdown, CSV, LaTeX, one HTML page, and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jqkd.experiments import readme
from jqkd.experiments import statistics as st
from jqkd.experiments.presets import NOTEBOOK_SHOTS, TABLE_PRESETS
from jqkd.experiments.render import (
    Sheet,
    csv_of,
    html_page,
    html_picture,
    html_table,
    latex,
    markdown,
)
from jqkd.experiments.results import PROTOCOLS, RowResult, Summary
from jqkd.experiments.sheets import compact, sheets, verdicts
from jqkd.experiments.summary import below, collapsed, headline
from jqkd.experiments.text import WHEN, network_name

Pictures = list[tuple[Path, str]]


def write_report(summary: Summary, folder: Path, pictures: Pictures) -> list[Path]:
    """Write report.md, report.csv, report.tex and report.html.

    Args:
        summary: what to report.
        folder: where to; made if needed.
        pictures: PNG files in that folder, with their captions.

    Returns:
        The files.

    Raises:
        InputError: a file cannot be written.
    """
    title = f"{_tables_text(summary)}, preset {summary.settings.preset}"
    tables, text = sheets(summary), introduction(summary)
    pictures = [(path, f"Figure {n}. {text}") for n, (path, text) in enumerate(pictures, 1)]
    page = [html_table(sheet) for sheet in tables]
    page += ["<h2>Figures</h2>"] if pictures else []
    page += [html_picture(path, caption) for path, caption in pictures]
    shown = ["## Figures"] if pictures else []
    shown += [f"![{path.stem}]({path.name})\n\n*{caption}*" for path, caption in pictures]
    parts = [f"# {title}", *text]
    parts += [f"## {sheet.title}\n\n{markdown(sheet)}" for sheet in tables]
    preamble = "% Needs booktabs and graphicx.\n"
    files = {
        "report.md": "\n\n".join([*parts, *shown]) + "\n",
        "report.csv": csv_text(summary),
        "report.tex": preamble + "\n\n".join(map(latex, tables)) + "\n",
        "report.html": html_page(title, text, page),
    }
    return [readme.write_text(folder / name, content) for name, content in files.items()]


def _tables_text(summary: Summary) -> str:
    tables = sorted({result.row.table for result in summary.rows} - {0})
    if not tables:
        return "Demo"
    return f"Table{'s' if len(tables) > 1 else ''} {' and '.join(map(str, tables))}"


def introduction(summary: Summary) -> list[str]:
    """What was run, how the verdicts are made, what they are."""
    settings, protocol = summary.settings, headline(summary.settings)
    runs = sorted({len(r.seeds) for r in summary.rows if r.row.kind != "teacher"})
    count_text = " to ".join(map(str, sorted({runs[0], runs[-1]}))) if runs else ""
    seeds = f" Seeds: {count_text} for each kind of student." if runs else ""
    accuracies, gains = verdicts(summary)
    count = lambda c: ", ".join(f"{c[word]} {word}" for word in _WORDS if c[word])  # noqa: E731
    found = []
    if accuracies:
        found.append(f"Published accuracies: {count(accuracies)}.")
    if gains:
        found.append(f"Published gains: {count(gains)}.")
    missing = [f"Rows without a run yet: {', '.join(summary.missing)}."] if summary.missing else []
    return [
        f"Preset {settings.preset}: {TABLE_PRESETS[settings.preset].about}. "
        f"{_settings_text(summary)}{seeds} Accuracies are read "
        f"{WHEN[protocol]}{', as in the paper' if protocol == 'best' else ''}. "
        f"Made on: {'; '.join(summary.machines) or 'unknown'}.",
        _rule(protocol),
        *([" ".join(found)] if found else []),
        *missing,
    ]


_WORDS = ("reproduced", "higher", "lower", "undecidable")


def _rule(protocol: str) -> str:
    theirs = "" if protocol == "best" else f" Published numbers are {WHEN['best']}."
    return (
        "Verdicts compare a published number, which comes from one run, with where one more run of "
        "ours would fall in 95 of 100 cases (mean ± t s sqrt(1 + 1/n), for gains the same with two "
        f"unrelated runs; ours {WHEN[protocol]}).{theirs} Higher or lower: ours is, the published "
        "number lies outside. Reproduced: it lies inside, and the interval reaches no further than "
        f"{st.WIDEST:g} points to either side (for a gain: no further than the gain itself, or "
        "1 point). Undecidable: the interval is wider, so that nearly any number would fit; there "
        f"are fewer than {st.FEWEST_RUNS} runs; or a teacher was not trained as in the paper. The "
        "seeds' distribution is often far from normal, so read the range beside it."
    )


def _settings_text(summary: Summary) -> str:
    settings = summary.settings
    shots = {None: "none, exact probabilities", NOTEBOOK_SHOTS: "each row's own, as its notebook"}
    ensemble = {
        "ensemble": "the average of the probabilities of a LeNet and an AlexNet (eq. 16)",
        "joint-ensemble": "a LeNet and an AlexNet trained as one, as in the notebooks",
    }
    teachers = {arch: n for result in summary.rows for arch, n in result.teacher_epochs.items()}
    epochs = [f"{settings.epochs} for students"] if any(r.row.qubits for r in summary.rows) else []
    # Backwards by name: LeNet first, whichever row comes first.
    epochs += [f"{n} for {network_name(arch)}" for arch, n in sorted(teachers.items())[::-1]]
    text = (
        f"Shots: {shots.get(settings.shots, settings.shots)}. Epochs: {', '.join(epochs)} (the "
        "paper: 10 for all)."
    )
    if any(result.row.teacher == "ensemble" for result in summary.rows):
        text += f" The ensemble is {ensemble[settings.ensemble]}."
    return text


def csv_text(summary: Summary) -> str:
    """Every number of every row, one line a row."""
    return csv_of([_csv_row(result, headline(summary.settings)) for result in summary.rows])


def _csv_row(result: RowResult, headed: str) -> dict[str, Any]:
    row = result.row
    line: dict[str, Any] = {"row": row.name, "table": row.table, "kind": row.kind}
    line |= {"published_accuracy": row.accuracy, "published_gain": row.gain}
    line |= {"runs": len(result.seeds), "protocol": headed, "collapsed": collapsed(result, headed)}
    if row.accuracy is not None:
        line |= {"below_published": below(result, headed), "verdict": result.verdict}
    for protocol in PROTOCOLS:
        found = st.spread(result.accuracy[protocol])._asdict()
        line |= {f"{protocol}_{k}": round(v, 4) for k, v in found.items() if k != "count"}
    for kind in ("gain", "gain_matched"):
        for protocol, gain in getattr(result, kind).items():
            low, high = gain.interval or (None, None)
            values = {
                "": gain.mean,
                "_low": low,
                "_high": high,
                "_p": gain.p,
                "_p_holm": gain.p_holm,
            }
            for name, value in values.items():
                line[f"{kind}_{protocol}{name}"] = None if value is None else round(value, 6)
    if row.kind == "distilled":
        line["gain_verdict"] = result.gain_verdict
    if result.teacher_epochs:
        line["teacher_epochs"] = " ".join(f"{k}:{v}" for k, v in result.teacher_epochs.items())
    return line


def readme_block(summary: Summary) -> str:
    """The short form: what was run, the verdicts, one table."""
    text = introduction(summary)
    short: Sheet = compact(summary)
    return "\n\n".join([text[0], *text[2:], markdown(short)])


def markers(preset: str) -> tuple[str, str]:
    """What stands before and after the short form in a README."""
    return readme.markers(f"tables {preset}")


def with_block(text: str, summary: Summary) -> str:
    """A README whose short form is that of these numbers.

    Raises:
        InputError: the markers are not there.
    """
    return readme.with_share(text, share(summary), readme_block(summary))


def update_readme(path: Path, summary: Summary) -> None:
    """Bring the short form in a README up to date.

    Raises:
        InputError: no such file, no markers, or it cannot be written.
    """
    readme.update_share(path, share(summary), readme_block(summary))


def share(summary: Summary) -> str:
    """Names the share of a README that these numbers fill."""
    return f"tables {summary.settings.preset}"
