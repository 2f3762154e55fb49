"""A sheet, a table of text, as Markdown, LaTeX or HTML; lines of numbers as CSV."""

from __future__ import annotations

import base64
import csv
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Columns that hold words.
_WORDS = {"data", "network", "student", "teacher", "against", "mean", "verdict"}
_TEX_NAMES = {"\\": "textbackslash", "~": "textasciitilde", "^": "textasciicircum"}
_TEX_MATHS = {"±": r"\pm", "−": "-", "†": r"^\dagger", "<": "<", ">": ">", "λ": r"\lambda"}
_TEX = str.maketrans(
    {letter: f"\\{letter}" for letter in "&%#_${}"}
    | {letter: rf"\{name}{{}}" for letter, name in _TEX_NAMES.items()}
    | {letter: f"${maths}$" for letter, maths in _TEX_MATHS.items()}
    | {"–": "--"}
)
_VERDICTS = {"reproduced", "higher", "lower", "undecidable"}
# Dots an inch of the pictures, and as many of them on a screen that letters of 8 points read well.
PRINT_DPI, _SCREEN_DPI = 300, 128
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem;
  color: #1b1b1b; background: #fff }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-top: 2.2rem } p { max-width: 60rem }
table { border-collapse: separate; border-spacing: 0; font-size: 13px;
  font-variant-numeric: tabular-nums }
th, td { padding: .28rem .55rem; text-align: right; border-bottom: 1px solid #ddd }
td { white-space: nowrap } th { border-bottom: 2px solid #444; vertical-align: bottom }
th.word, td.word { text-align: left } tbody tr:hover td { background: #f3f6f9 }
th:first-child, td:first-child { position: sticky; left: 0; background: #fff }
.scroll { overflow-x: auto } .note { color: #444; font-size: 13px; margin: .5rem 0 }
td.reproduced { color: #00634a } td.higher { color: #0a58a6 } td.lower { color: #a63d00 }
td.undecidable { color: #595959 }
figure { margin: 1.2rem 0 2rem } img { display: block; height: auto }
figcaption { color: #444; font-size: 13px; max-width: 60rem; margin-top: .4rem }
@media (max-width: 40rem) { td:first-child { white-space: normal } th, td { padding: .28rem .4rem }
  body { margin: 1rem auto } h1 { font-size: 1.35rem } }
"""


@dataclass
class Sheet:
    """A table: its title, a key for file names, headers, cells, and what must be said below it."""

    title: str
    key: str
    header: list[str]
    cells: list[list[str]]
    notes: list[str] = field(default_factory=list)

    @property
    def of_words(self) -> list[bool]:
        """Which columns hold words; the others hold numbers."""
        return [name in _WORDS or name.startswith("verdict ") for name in self.header]


def markdown(sheet: Sheet) -> str:
    """A pipe table, columns of numbers right-aligned, and its notes.

    Example:
        >>> print(markdown(Sheet("T", "t", ["data", "runs"], [["MNIST", "1"]])))
        | data | runs |
        | --- | ---: |
        | MNIST | 1 |
    """
    rules = ["---" if words else "---:" for words in sheet.of_words]
    lines = [sheet.header, rules, *sheet.cells]
    escaped = [[cell.replace("|", r"\|") for cell in line] for line in lines]
    table = "\n".join("| " + " | ".join(line) + " |" for line in escaped)
    return "\n\n".join([table, *sheet.notes])


def tex_text(text: str) -> str:
    """Text that LaTeX shows as it is.

    Example:
        >>> print(tex_text("1 ± 2 %"))
        1 $\\pm$ 2 \\%
    """
    return text.translate(_TEX)


def latex(sheet: Sheet) -> str:
    """A table for booktabs, with caption, label and notes."""
    columns = "".join("l" if words else "r" for words in sheet.of_words)
    line = lambda cells: " & ".join(map(tex_text, cells)) + r" \\"  # noqa: E731
    notes = tex_text(" ".join(sheet.notes))
    return "\n".join(
        [
            r"\begin{table*}",
            r"\centering\scriptsize\setlength{\tabcolsep}{3.5pt}",
            rf"\caption{{{tex_text(sheet.title)}. {notes}}}",
            rf"\label{{tab:{sheet.key}}}",
            r"\vspace{4pt}",
            r"\resizebox{\linewidth}{!}{%",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            " & ".join(map(_tex_header, sheet.header)) + r" \\",
            r"\midrule",
            *map(line, sheet.cells),
            r"\bottomrule",
            r"\end{tabular}}",
            r"\end{table*}",
        ]
    )


def _tex_header(text: str) -> str:
    """On two lines if it is long: what is narrow need not be shrunk."""
    spaces = [place for place, letter in enumerate(text) if letter == " "]
    if len(text) <= 12 or not spaces:
        return tex_text(text)
    middle = min(spaces, key=lambda place: abs(place - len(text) / 2))
    return rf"\shortstack[r]{{{tex_text(text[:middle])}\\{tex_text(text[middle + 1 :])}}}"


def html_table(sheet: Sheet) -> str:
    """A table under its heading; a verdict is its cell's class."""

    def line(tag: str, texts: list[str]) -> str:
        return "<tr>" + "".join(map(_cell, [tag] * len(texts), texts, sheet.of_words)) + "</tr>"

    head, body = line("th", sheet.header), "\n".join(line("td", cells) for cells in sheet.cells)
    notes = "".join(f'<p class="note">{html.escape(note)}</p>' for note in sheet.notes)
    return (
        f'<h2>{html.escape(sheet.title)}</h2>\n<div class="scroll"><table>\n<thead>{head}'
        f"</thead>\n<tbody>\n{body}\n</tbody></table></div>\n{notes}"
    )


def _cell(tag: str, text: str, words: bool) -> str:
    classes = ["word"] * words + [text] * (text in _VERDICTS)
    kind = f' class="{" ".join(classes)}"' if classes else ""
    shown = html.escape(text).replace(" %", "&nbsp;%")
    return f"<{tag}{kind}>{shown}</{tag}>"


def html_page(title: str, paragraphs: list[str], parts: list[str]) -> str:
    """One page that needs no other file."""
    text = "\n".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in paragraphs)
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title>"
        f"<style>{_STYLE}</style></head>\n<body>\n<h1>{html.escape(title)}</h1>\n{text}\n{body}\n"
        "</body></html>\n"
    )


def html_picture(path: Path, caption: str) -> str:
    """A PNG inside the page, as wide as its letters need; a narrow window scrolls."""
    content = path.read_bytes()
    # A PNG's width in pixels stands at this place of its header.
    width = int.from_bytes(content[16:20], "big") * _SCREEN_DPI // PRINT_DPI
    data = base64.b64encode(content).decode()
    return (
        f'<figure><div class="scroll"><img alt="{html.escape(path.stem)}" width="{width}" '
        f'src="data:image/png;base64,{data}"></div>'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
    )


def csv_of(lines: Sequence[dict[str, Any]]) -> str:
    """Lines of numbers as CSV, a column for every name in the order of first appearance.

    Example:
        >>> csv_of([{"seeds": 2}, {"seeds": 3, "gain": None}])
        'seeds,gain\\n2,\\n3,\\n'
    """
    names = dict.fromkeys(name for line in lines for name in line)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(names), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()
