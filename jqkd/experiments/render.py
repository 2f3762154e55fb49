"""A sheet as Markdown, LaTeX or HTML."""

from __future__ import annotations

import base64
import html
from pathlib import Path

from jqkd.experiments.sheets import Sheet

_TEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "$": r"\$",
    "{": r"\{",
    "}": r"\}",
    "±": r"$\pm$",
    "−": "$-$",
    "–": "--",
    "†": r"$^\dagger$",
    "<": "$<$",
    "λ": r"$\lambda$",
}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem;
  color: #1b1b1b; background: #fff }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 13px }
th, td { padding: .28rem .6rem; text-align: right; border-bottom: 1px solid #ddd }
th { border-bottom: 2px solid #444; vertical-align: bottom }
td:first-child, td:nth-child(2), th:first-child, th:nth-child(2) { text-align: left }
.scroll { overflow-x: auto } .note { color: #444; font-size: 13px; max-width: 60rem }
td.reproduced { color: #00634a } td.higher { color: #0a58a6 } td.lower { color: #a63d00 }
td.undecidable { color: #666 } figure { margin: 1.2rem 0 } img { max-width: 100%; height: auto }
figcaption { color: #444; font-size: 13px; max-width: 60rem }
"""


def markdown(sheet: Sheet) -> str:
    """A pipe table, right-aligned from the third column on, and its notes.

    Example:
        >>> print(markdown(Sheet("T", "t", ["a", "b", "c"], [["x", "y", "1"]])))
        | a | b | c |
        | --- | --- | ---: |
        | x | y | 1 |
    """
    rules = ["---" if column < 2 else "---:" for column in range(len(sheet.header))]
    lines = [sheet.header, rules, *sheet.cells]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return "\n\n".join([table, *sheet.notes])


def tex_text(text: str) -> str:
    """Text that LaTeX shows as it is.

    Example:
        >>> print(tex_text("1 ± 2 %"))
        1 $\\pm$ 2 \\%
    """
    return "".join(_TEX.get(letter, letter) for letter in text)


def latex(sheet: Sheet) -> str:
    """A table for booktabs, with caption, label and notes."""
    columns = "ll" + "r" * (len(sheet.header) - 2)
    line = lambda cells: " & ".join(map(tex_text, cells)) + r" \\"  # noqa: E731
    notes = tex_text(" ".join(sheet.notes))
    return "\n".join(
        [
            r"\begin{table*}",
            r"\centering\scriptsize",
            rf"\caption{{{tex_text(sheet.title)}. {notes}}}",
            rf"\label{{tab:{sheet.key}}}",
            r"\resizebox{\linewidth}{!}{%",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            line(sheet.header),
            r"\midrule",
            *map(line, sheet.cells),
            r"\bottomrule",
            r"\end{tabular}}",
            r"\end{table*}",
        ]
    )


def html_table(sheet: Sheet) -> str:
    """A table under its heading; a verdict is its cell's class."""
    words = {"reproduced", "higher", "lower", "undecidable"}

    def cell(text: str) -> str:
        kind = f' class="{text}"' if text in words else ""
        return f"<td{kind}>{html.escape(text)}</td>"

    head = "".join(f"<th>{html.escape(text)}</th>" for text in sheet.header)
    body = "\n".join("<tr>" + "".join(map(cell, cells)) + "</tr>" for cells in sheet.cells)
    notes = "".join(f'<p class="note">{html.escape(note)}</p>' for note in sheet.notes)
    return (
        f'<h2>{html.escape(sheet.title)}</h2>\n<div class="scroll"><table>\n<thead><tr>{head}</tr>'
        f"</thead>\n<tbody>\n{body}\n</tbody></table></div>\n{notes}"
    )


def html_page(title: str, paragraphs: list[str], parts: list[str]) -> str:
    """One page that needs no other file."""
    text = "\n".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in paragraphs)
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n<h1>{html.escape(title)}</h1>\n{text}\n{body}\n"
        "</body></html>\n"
    )


def html_picture(path: Path, caption: str) -> str:
    """A PNG inside the page."""
    data = base64.b64encode(path.read_bytes()).decode()
    return (
        f'<figure><img alt="{html.escape(caption)}" src="data:image/png;base64,{data}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )
