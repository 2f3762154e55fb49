"""Every number of a report, as CSV."""

from __future__ import annotations

from typing import Any

import numpy as np

from jqkd import statistics as st
from jqkd.experiments.model import PROTOCOLS
from jqkd.report.formats import csv_of
from jqkd.report.summary import Difference, Line, Summary


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
    row |= {"epochs": config.epochs, "images_seen": line.images_seen}
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
