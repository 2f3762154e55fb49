"""The report of an experiment: Markdown, CSV, LaTeX, one HTML page, and the share of a README."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from jqkd import statistics as st
from jqkd.experiments.model import PROTOCOLS
from jqkd.report.compact import compact
from jqkd.report.formats import csv_of, html_page, html_picture, html_table, latex, markdown
from jqkd.report.readme import update_share, with_share, write_text
from jqkd.report.sheets import sheets
from jqkd.report.summary import Difference, Line, Summary
from jqkd.report.text import WHEN, counts_text, p_text, sign_flip_text, teacher_name

Pictures = list[tuple[Path, str]]
_VERDICTS = ("reproduced", "higher", "lower", "undecidable")


def write_report(summary: Summary, folder: Path, pictures: Pictures) -> list[Path]:
    """Write report.md, report.tex, report.html, report.csv and comparisons.csv.

    Args:
        summary: what to report.
        folder: where to; made if needed.
        pictures: PNG files in that folder, with their captions.

    Returns:
        The files.

    Raises:
        InputError: a file cannot be written.
    """
    title, tables, text = summary.experiment.title, sheets(summary), introduction(summary)
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


def introduction(summary: Summary) -> list[str]:
    """What was run and how it is judged, then what came out."""
    rule = [_rule(summary)] if summary.is_published else []
    return [_what(summary), _how(summary), *rule, *outcome(summary)]


def outcome(summary: Summary) -> list[str]:
    """Verdicts, gains that stand after correction, and what is missing."""
    judged = {
        "accuracies": Counter(line.verdict for line in summary.shown if line.verdict),
        "differences": Counter(one.verdict for one in summary.differences if one.verdict),
    }
    counts = [
        f"Published {name}: {', '.join(f'{c[word]} {word}' for word in _VERDICTS if c[word])}."
        for name, c in judged.items()
        if c
    ]
    families = dict.fromkeys(one.comparison.family for one in summary.differences)
    stand = [_stand(summary, family) for family in families if family]
    missing = [f"Not run yet: {', '.join(summary.missing)}."] if summary.missing else []
    return [text for text in (" ".join(counts), " ".join(stand), *missing) if text]


def _stand(summary: Summary, family: str) -> str:
    gains = [one.main for one in summary.differences if one.comparison.family == family]
    firm = [gain for gain in gains if gain.p_holm < 0.05]
    better = sum(gain.mean > 0 for gain in firm)
    return (
        f"Differences ({family}): {better} of {len(gains)} above 0 and {len(firm) - better} below "
        f"with a corrected p under 0.05, {len(gains) - len(firm)} undecided."
    )


def _what(summary: Summary) -> str:
    experiment, students = summary.experiment, summary.students
    sentences = [experiment.about.rstrip()]
    configs = [line.arm.student for line in students]
    shots = sorted({config.shots or 0 for config in configs})
    if shots:
        exact = ["exact probabilities"] * (shots[0] == 0)
        drawn = [counts_text(filter(None, shots))] * any(shots)
        sentences.append(f"Shots: {' or '.join(drawn + exact)}.")
    taught = {a: n for line in summary.shown for a, n in line.record.teacher_epochs.items()}
    epochs = [f"{counts_text(c.epochs for c in configs)} for students"] if configs else []
    epochs += [f"{n} for {teacher_name(arch)}" for arch, n in taught.items()]
    usual = experiment.published_epochs
    published = "" if usual is None else f" (published teachers: {usual})"
    sentences.append(f"Epochs: {', '.join(epochs)}{published}.")
    if students:
        seeds = counts_text(len(line.record.seeds) for line in students)
        sentences.append(f"Seeds: {seeds} for each kind of student.")
    same = ", as the published ones" * (experiment.protocol == experiment.published_protocol)
    sentences.append(f"Accuracies are read {WHEN[experiment.protocol]}{same}.")
    sentences.append(f"Made on: {'; '.join(summary.machines) or 'unknown'}.")
    return " ".join(sentences)


def _how(summary: Summary) -> str:
    text = "Test accuracy in %, mean ± standard deviation over seeds."
    if summary.differences:
        text += (
            " Differences: to what a line is compared with, seed by seed, in points, with their "
            "95 % BCa bootstrap interval."
        )
    tested = [one for one in summary.differences if one.comparison.family]
    if tested:
        seeds = [len(one.seeds) for one in tested]
        families = Counter(one.comparison.family for one in tested)
        sizes = ", ".join(f"{count} {family}" for family, count in families.items())
        text += (
            f" p: {sign_flip_text(*seeds)}, corrected by Holm's method within families ({sizes})"
        )
        exact = max(seeds) <= st.EXACT_UP_TO
        least = f"; with {max(seeds)} seeds p is at least {p_text(2.0 ** (1 - max(seeds)))}"
        text += f"{least if exact else ''}."
    return text + f" Collapsed: no more than {st.COLLAPSE:g} points above guessing."


def _rule(summary: Summary) -> str:
    experiment = summary.experiment
    read = experiment.published_protocol
    other = "" if read in (None, experiment.protocol) else f" Published numbers are {WHEN[read]}."
    epochs = "" if experiment.published_epochs is None else (
        "; or a teacher was not trained as the published one"
    )  # fmt: skip
    return (
        "Verdicts compare a published number, which comes from one run, with where one more run of "
        "ours would fall in 95 of 100 cases (mean ± t s sqrt(1 + 1/n), for differences the same "
        f"with two unrelated runs; ours {WHEN[experiment.protocol]}).{other} Higher or lower: ours "
        "is, the published number lies outside. Reproduced: it lies inside, and the interval "
        f"reaches no further than {st.WIDEST:g} points to either side (for a difference: than "
        "itself, or 1 point). Undecidable: the interval is wider, so that "
        f"nearly any number would fit; there are fewer than {st.FEWEST_RUNS} runs{epochs}. The "
        "seeds' distribution is often far from normal, so read the range beside it."
    )


def csv_text(summary: Summary) -> str:
    """Every number of every arm, those that are only compared with too; one line an arm."""
    return csv_of([_csv_line(line) for line in summary.lines.values()])


def _csv_line(line: Line) -> dict[str, Any]:
    arm, config = line.arm, line.config
    kind = "teacher" if arm.is_teacher else "distilled" if arm.teacher else "alone"
    row: dict[str, Any] = {"arm": arm.name, "group": arm.group, "label": arm.label, "kind": kind}
    row |= {"dataset": config.dataset, "classes": config.classes}
    row |= {"qubits": getattr(config, "qubits", None)}
    row |= {"teacher": arm.teacher and arm.teacher.arch, "published": arm.published}
    row |= {"runs": len(line.record.seeds), "protocol": line.protocol}
    row |= {"collapsed": sum(line.fallen), "below_published": line.below, "verdict": line.verdict}
    for protocol in PROTOCOLS:
        spread = st.spread(line.accuracy[protocol])._asdict()
        row |= {f"{protocol}_{k}": round(v, 4) for k, v in spread.items() if k != "count"}
    row |= _ends("one_run", line.interval, 4)
    row |= {"epochs": config.epochs}
    row |= {"images_seen": arm.student and config.epochs * config.num_images}
    row |= {"teacher_epochs": " ".join(f"{k}:{v}" for k, v in line.record.teacher_epochs.items())}
    medians = {name: np.median(values) for name, values in line.record.mechanism.items()}
    return row | {f"{name}_median": float(f"{v:.6g}") for name, v in medians.items()}


def comparisons_csv(summary: Summary) -> str:
    """Every number of every comparison, one line each."""
    return csv_of(list(map(_csv_difference, summary.differences)))


def _csv_difference(one: Difference) -> dict[str, Any]:
    comparison = one.comparison
    row: dict[str, Any] = {"arm": comparison.arm, "baseline": comparison.baseline}
    row |= {"label": comparison.label, "family": comparison.family, "seeds": len(one.seeds)}
    row |= {"published": comparison.published, "verdict": one.verdict}
    for protocol in PROTOCOLS:
        gain = one.gain[protocol]
        row[protocol] = round(gain.mean, 6)
        row |= _ends(protocol, gain.interval, 6)
        row[f"{protocol}_p"] = round(gain.p, 6) if comparison.family else None
        row[f"{protocol}_p_holm"] = None if gain.p_holm is None else round(gain.p_holm, 6)
    return row | _ends("one_run", one.interval, 6)


def _ends(name: str, interval: st.Interval | None, digits: int) -> dict[str, float | None]:
    low, high = (None, None) if interval is None else (round(end, digits) for end in interval)
    return {f"{name}_low": low, f"{name}_high": high}


def readme_block(summary: Summary) -> str:
    """The short form: what was run, what came out, one table."""
    text = [_what(summary), _how(summary), *outcome(summary), markdown(compact(summary))]
    return "\n\n".join(text)


def share(name: str) -> str:
    """Names the share of a README that an experiment fills."""
    return f"experiment {name}"


def with_block(text: str, summary: Summary) -> str:
    """A README whose short form is that of these numbers.

    Raises:
        InputError: the markers are not there.
    """
    return with_share(text, share(summary.experiment.name), readme_block(summary))


def update_readme(path: Path, summary: Summary) -> None:
    """Bring the short form in a README up to date.

    Raises:
        InputError: no such file, no markers, or it cannot be written.
    """
    update_share(path, share(summary.experiment.name), readme_block(summary))
