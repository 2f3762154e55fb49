"""The report of an experiment: Markdown, CSV, LaTeX, one HTML page, and the share of a README."""

from __future__ import annotations

from pathlib import Path

from jqkd.common.outputs import write_text
from jqkd.report.compact import compact
from jqkd.report.curves import worth_sheets
from jqkd.report.formats import html_page, html_picture, html_table, latex, markdown
from jqkd.report.introduction import how, introduction, outcome, what
from jqkd.report.numbers import comparisons_csv, csv_text
from jqkd.report.pacing import pace_sheets
from jqkd.report.sheets import sheets
from jqkd.report.summary import Summary

Pictures = list[tuple[Path, str]]


def write_report(summary: Summary, folder: Path, pictures: Pictures) -> list[Path]:
    """Write report.md, report.tex, report.html, report.csv and comparisons.csv into a folder.

    Args:
        summary: what to report.
        folder: made if needed.
        pictures: PNG files in that folder, with their captions.

    Raises:
        InputError: a file cannot be written.
    """
    title, text = summary.experiment.title, introduction(summary)
    tables = [*worth_sheets(summary), *pace_sheets(summary), *sheets(summary)]
    pictures = [(path, f"Figure {n}. {text}") for n, (path, text) in enumerate(pictures, 1)]
    page = [html_table(sheet) for sheet in tables]
    page += ["<h2>Figures</h2>"] if pictures else []
    page += [html_picture(path, caption) for path, caption in pictures]
    shown = ["## Figures"] if pictures else []
    shown += [f"![{path.stem}]({path.name})\n\n*{caption}*" for path, caption in pictures]
    parts = [f"# {title}", *text]
    parts += [f"## {sheet.title}\n\n{markdown(sheet)}" for sheet in tables]
    files = {
        "report.md": "\n\n".join([*parts, *shown]) + "\n",
        "report.csv": csv_text(summary),
        "report.tex": "% Needs booktabs and graphicx.\n" + "\n\n".join(map(latex, tables)) + "\n",
        "report.html": html_page(title, text, page),
    }
    if summary.differences:
        files["comparisons.csv"] = comparisons_csv(summary)
    return [write_text(folder / name, content) for name, content in files.items()]


def readme_block(summary: Summary) -> str:
    """The short form: what was run, what came out, one table."""
    text = [what(summary), how(summary), *outcome(summary), markdown(compact(summary))]
    return "\n\n".join(text)


def share(name: str) -> str:
    """Names the share of a README that an experiment fills."""
    return f"experiment {name}"
