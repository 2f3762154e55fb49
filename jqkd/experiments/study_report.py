"""The report of a study: Markdown and CSV, and the short form in a README."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from jqkd.experiments import statistics as st
from jqkd.experiments.readme import update_share, write_text
from jqkd.experiments.render import Sheet, csv_of, markdown
from jqkd.experiments.results import PROTOCOLS
from jqkd.experiments.rows import NAMES
from jqkd.experiments.study import Study
from jqkd.experiments.study_results import HEADLINE, Line, middle, missing
from jqkd.experiments.text import COLUMN, DASH, gain_text, mean_sd, p_text, sign_flip_text

# The headline first.
_ORDER = (HEADLINE, *(name for name in ("picked", "best") if name != HEADLINE))
_MECHANISM = {
    "feature": "size of f",
    "slope": "slope of theta",
    "sine": "size of sin theta",
    "dead": "dead units",
}


def write(study: Study, lines: list[Line], folder: Path, picture: str | None) -> list[Path]:
    """Write ``<study>.md`` and ``<study>.csv``.

    Args:
        study: which.
        lines: its numbers.
        folder: where to; made if needed.
        picture: file name of the picture, which lies in the folder too.

    Returns:
        The files.

    Raises:
        InputError: a file cannot be written.
    """
    shown = [f"![{study.title}]({picture})"] if picture else []
    parts = [f"# {study.title}", *introduction(study, lines), *shown]
    for sheet in sheets(study, lines):
        parts += [f"## {sheet.title}", markdown(sheet)]
    paths = [folder / f"{study.name}.md", folder / f"{study.name}.csv"]
    for path, text in zip(paths, ["\n\n".join(parts) + "\n", csv_text(lines)], strict=True):
        write_text(path, text)
    return paths


def introduction(study: Study, lines: list[Line]) -> list[str]:
    """What is compared, how, and how much of it stands."""
    counts = sorted({len(line.seeds) for line in lines})
    seeds = " to ".join(map(str, sorted({counts[0], counts[-1]})))
    test = sign_flip_text(max((len(line.difference.values) for line in _gains(lines)), default=0))
    how = (
        f"{seeds} seeds a line; mean ± standard deviation of the test accuracy in %, after the "
        "last epoch unless said otherwise. Difference: to the line it is compared with, seed by "
        "seed, in points, with its 95 % BCa interval; for a taught student that line is the same "
        f"student alone, and p is that of the {test}, Holm-corrected over the "
        f"study's {len(_gains(lines))} gains. Collapsed: no more than {st.COLLAPSE:g} points "
        "above guessing."
    )
    lost = missing(study, lines)
    gone = [f"Not run yet: {', '.join(lost)}."] if lost else []
    return [study.about, how, *_verdict(lines), *gone]


def _gains(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.variant.teacher and line.difference]


def _verdict(lines: list[Line]) -> list[str]:
    """How many gains stand after correction."""
    gains = _gains(lines)
    if not gains:
        return []
    firm = [line for line in gains if line.difference.p_holm < 0.05]
    better = sum(line.difference.mean > 0 for line in firm)
    return [
        f"Of {len(gains)} gains, {better} are above 0 and {len(firm) - better} below with a "
        f"corrected p under 0.05; {len(gains) - len(firm)} are undecided."
    ]


def sheets(study: Study, lines: list[Line]) -> list[Sheet]:
    """One table for each data set, and one more where the mechanism belongs to the study."""
    found = []
    for data in dict.fromkeys(line.data for line in lines):
        mine = [line for line in lines if line.data == data]
        found.append(_accuracies(data.label, mine))
        if study.shows_mechanism and any(line.mechanism for line in mine):
            found.append(_mechanism(data.label, mine))
    return found


def _accuracies(title: str, lines: list[Line]) -> Sheet:
    header = ["student", "teacher", "seeds", *(COLUMN[name] for name in _ORDER), "collapsed"]
    header += ["difference", "p", "epochs", "images seen"]
    cells = [
        [
            *_who(line),
            str(len(line.seeds)),
            *(mean_sd(line.accuracy[name]) for name in _ORDER),
            str(line.collapsed),
            gain_text(line.difference) if line.difference else DASH,
            p_text(line.difference.p_holm if line.difference else None),
            str(line.config.epochs),
            f"{line.images:,}",
        ]
        for line in lines
    ]
    return Sheet(title, title, header, cells)


def _mechanism(title: str, lines: list[Line]) -> Sheet:
    cells = []
    for line in (line for line in lines if line.mechanism):
        for word, fallen in (("learned", False), ("collapsed", True)):
            chosen = [state == fallen for state in line.fallen]
            if any(chosen):
                numbers = [_short(middle(line, name, chosen)) for name in _MECHANISM]
                cells.append([*_who(line), f"{sum(chosen)} {word}", *numbers])
    note = (
        "theta = a tanh(f) is a circuit's angle, f the feature behind it, a = pi in the notebooks; "
        "all on test images, after training, median over seeds. Size of f: median; slope of "
        "theta: mean of d theta / d f, at most a, 0 where nothing is learned any more; size of "
        "sin theta: mean, 0 where every qubit is measured 50:50, 1 where every outcome is certain; "
        "dead units: share of the last hidden layer that is 0 for every image."
    )
    header = ["student", "teacher", "seeds", *_MECHANISM.values()]
    return Sheet(f"{title}: where the features go", title, header, cells, [note])


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _who(line: Line) -> list[str]:
    teacher = line.variant.teacher
    return [line.variant.label, DASH if teacher is None else NAMES[teacher]]


def csv_text(lines: list[Line]) -> str:
    """Every number, one row a line."""
    return csv_of([_csv_row(line) for line in lines])


def _csv_row(line: Line) -> dict[str, Any]:
    data, variant = line.data, line.variant
    row: dict[str, Any] = {"variant": variant.name, "dataset": data.dataset}
    row |= {"classes": data.classes, "qubits": data.qubits, "preset": variant.preset}
    row |= {"teacher": variant.teacher, "seeds": len(line.seeds), "collapsed": line.collapsed}
    row |= {"epochs": line.config.epochs, "images_seen": line.images}
    for protocol in PROTOCOLS:
        found = st.spread(line.accuracy[protocol])._asdict()
        row |= {f"{protocol}_{k}": round(v, 4) for k, v in found.items() if k != "count"}
    if line.difference is not None:
        gain = line.difference
        low, high = gain.interval or (None, None)
        values = {"": gain.mean, "_low": low, "_high": high, "_p": gain.p, "_p_holm": gain.p_holm}
        row["against"] = variant.against
        row |= {f"difference{k}": None if v is None else round(v, 6) for k, v in values.items()}
    for name, values in line.mechanism.items():
        row[f"{name}_median"] = float(f"{np.median(values):.6g}")
    return row


def readme_block(study: Study, lines: list[Line]) -> str:
    """The short form: what is compared, and one table over all data."""
    places = list(dict.fromkeys(line.data for line in lines))
    header = ["student", "teacher"]
    for data in places:
        header += [f"{data.label}, %", "collapsed", "difference"]
    cells = []
    for variant in study.variants:
        mine = {line.data: line for line in lines if line.variant == variant}
        if mine:
            row = _who(next(iter(mine.values())))
            cells.append(row + [text for data in places for text in _compact(mine.get(data))])
    return "\n\n".join([*introduction(study, lines), markdown(Sheet("", "", header, cells))])


def _compact(line: Line | None) -> list[str]:
    if line is None:
        return [DASH] * 3
    accuracy = mean_sd(line.accuracy[HEADLINE])
    gain = gain_text(line.difference) if line.difference else DASH
    if line.difference and line.difference.p_holm is not None:
        p = p_text(line.difference.p_holm)
        gain += f", p {p}" if p.startswith("<") else f", p = {p}"
    return [accuracy, f"{line.collapsed}/{len(line.seeds)}", gain]


def update_readme(path: Path, study: Study, lines: list[Line]) -> None:
    """Bring the short form of a study in a README up to date.

    Raises:
        InputError: no such file, no markers, or it cannot be written.
    """
    update_share(path, share(study), readme_block(study, lines))


def share(study: Study) -> str:
    """Names the share of a README that a study fills."""
    return f"study {study.name}"
