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
    return csv_of([_of_line(line) for line in summary.lines.values()])


def comparisons_csv(summary: Summary) -> str:
    """Every number of every comparison, one line each."""
    return csv_of([_of_difference(one) for one in summary.differences])


def _of_line(line: Line) -> dict[str, Any]:
    arm, config, record = line.arm, line.config, line.record
    row: dict[str, Any] = {name: getattr(arm, name) for name in ("name", "group", "label")}
    row["kind"] = "teacher" if arm.is_teacher else "distilled" if arm.teacher else "alone"
    row |= {name: getattr(config, name, None) for name in ("dataset", "classes", "qubits")}
    row |= {"teacher": arm.teacher and arm.teacher.arch, "published": arm.published}
    row |= {"runs": len(record.seeds), "protocol": line.protocol, "collapsed": sum(line.fallen)}
    row |= {"below_published": line.below, "verdict": line.verdict}
    for protocol in PROTOCOLS:
        spread = st.spread(line.accuracy[protocol])._asdict()
        row |= {f"{protocol}_{k}": round(v, 4) for k, v in spread.items() if k != "count"}
    row |= _ends("one_run", line.interval)
    row |= {"epochs": config.epochs, "images_seen": line.images_seen}
    row["teacher_epochs"] = " ".join(f"{k}:{v}" for k, v in record.teacher_epochs.items())
    medians = {
        name: np.median(np.array(values, float)) for name, values in record.mechanism.items()
    }
    return row | {f"{name}_median": float(f"{v:.6g}") for name, v in medians.items()}


def _of_difference(one: Difference) -> dict[str, Any]:
    comparison = one.comparison
    names = ("arm", "baseline", "label", "family", "published")
    row: dict[str, Any] = {name: getattr(comparison, name) for name in names}
    row |= {"seeds": len(one.seeds), "verdict": one.verdict}
    for protocol, gain in one.gain.items():
        row |= {protocol: round(gain.mean, 6)} | _ends(protocol, gain.interval)
        p_values = {"p": gain.p if comparison.family else None, "p_holm": gain.p_holm}
        row |= {f"{protocol}_{k}": None if p is None else round(p, 6) for k, p in p_values.items()}
    return row | _ends("one_run", one.interval)


def _ends(name: str, interval: st.Interval | None) -> dict[str, float | None]:
    low, high = (None, None) if interval is None else (round(end, 6) for end in interval)
    return {f"{name}_low": low, f"{name}_high": high}
