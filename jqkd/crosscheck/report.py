"""The battery's result for people: a table, a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jqkd._checks import check_type
from jqkd.common.outputs import check_picture, write_figure
from jqkd.crosscheck.battery import BatteryReport

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table

    from jqkd.crosscheck.findings import Finding


def table(report: BatteryReport) -> Table:
    """One row a check: what, how many comparisons, the worst, the limit, the verdict."""
    check_type("report", report, BatteryReport, "a BatteryReport")
    from rich.table import Table

    size = "quick" if report.quick else "full"
    verdict = "all agree" if report.agrees else "DISAGREEMENT"
    shown = Table(title=f"{report.simulator} against Qiskit and Aer ({size}, seed {report.seed})")
    for name, justify in zip(_COLUMNS, ("left", "right", "left", "left"), strict=True):
        shown.add_column(name, justify=justify)
    for finding in report.findings:
        shown.add_row(*_row(finding), style=None if finding.agrees else "bold red")
    shown.caption = (
        f"{verdict}; {report.seconds:.1f} s; a correct simulator fails with probability "
        f"{report.alpha:g}"
    )
    return shown


_COLUMNS = ("check", "compared", "worst", "verdict")


def _row(finding: Finding) -> tuple[str, str, str, str]:
    if finding.kind == "deviation":
        worst = f"{finding.worst:.1e} of {finding.limit:.0e}"
    else:
        worst = f"p = {finding.worst:.3g}, limit {finding.limit:.1e}"
    verdict = "agrees" if finding.agrees else f"DISAGREES: {finding.where or 'as a family'}"
    return finding.name, str(finding.compared), worst, verdict


def picture(report: BatteryReport, path: str | Path) -> Path:
    """Writes ``draw``.

    Args:
        report: of ``run_battery``.
        path: the ending chooses the format.

    Raises:
        InputError: no report, an ending of no picture, or a file that cannot be written.
    """
    check_type("report", report, BatteryReport, "a BatteryReport")
    path = check_picture("path", path)
    return write_figure(draw(report), path)


def draw(report: BatteryReport) -> Figure:
    """Deviations and p-values of all checks, each beside its limit, on logarithmic axes."""
    from matplotlib.figure import Figure

    kinds = [[f for f in report.findings if f.kind == kind] for kind in ("deviation", "p-value")]
    kinds = [found for found in kinds if found]
    heights = [len(found) + 2 for found in kinds]
    figure = Figure(figsize=(9, 0.28 * sum(heights) + 0.6), layout="constrained")
    axes = figure.subplots(len(kinds), height_ratios=heights, squeeze=False)[:, 0]
    for axis, found in zip(axes, kinds, strict=True):
        _panel(axis, found)
    figure.suptitle(f"{report.simulator} against Qiskit and Aer, seed {report.seed}")
    return figure


def _panel(axis: Any, found: list[Finding]) -> None:
    deviations = found[0].kind == "deviation"
    rows = np.arange(len(found))[::-1]
    # Zero has no place on a logarithmic axis.
    floor = 1e-17 if deviations else 1e-6
    colors = ["tab:blue" if f.agrees else "tab:red" for f in found]
    shown = [float(np.clip(f.worst, floor, 1e2)) for f in found]
    axis.scatter(shown, rows, c=colors, zorder=3)
    limits = [max(f.limit, floor) for f in found]
    axis.scatter(limits, rows, marker="|", c="k", s=120, label="limit")
    axis.set(xscale="log", yticks=rows, xlabel="largest deviation" if deviations else "p-value")
    axis.set_yticklabels([f.name for f in found], fontsize=7)
    axis.grid(axis="x", alpha=0.3)
    axis.legend(loc="upper center" if deviations else "center", fontsize=7)
