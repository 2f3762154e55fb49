"""Results for people: tables and pictures of the battery, of certificates, of noise."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jqkd._checks import check_type, fail, shown
from jqkd.common.outputs import check_picture, write_figure
from jqkd.crosscheck.arguments import check_sequence
from jqkd.crosscheck.battery import BatteryReport
from jqkd.crosscheck.findings import Finding
from jqkd.crosscheck.noise import CHANNELS, GENERIC, IDEAL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from rich.table import Table

# What ``certify`` returns.
Certificate = dict[str, Any]


def _table(title: str, left: Sequence[str], right: Sequence[str] = ()) -> Table:
    """Columns by name, first those aligned to the left."""
    from rich.table import Column, Table

    numbers = [Column(name, justify="right") for name in right]
    return Table(*left, *numbers, title=title)


def battery_table(report: BatteryReport) -> Table:
    """One row a check: what, how many comparisons, the worst, the limit, the verdict."""
    check_type("report", report, BatteryReport, "a BatteryReport")
    size = "quick" if report.quick else "full"
    title = f"{report.simulator} against Qiskit and Aer ({size}, seed {report.seed})"
    table = _table(title, ["check", "compared", "worst", "verdict"])
    table.columns[1].justify = "right"
    for f in report.findings:
        worst = f"p = {f.worst:.3g}, limit {f.limit:.1e}"
        if f.kind == "deviation":
            worst = f"{f.worst:.1e} of {f.limit:.0e}"
        verdict = "agrees" if f.agrees else f"DISAGREES: {f.where or 'as a family'}"
        style = None if f.agrees else "bold red"
        table.add_row(f.name, str(f.compared), worst, verdict, style=style)
    verdict = "all agree" if report.agrees else "DISAGREEMENT"
    alpha = f"a correct simulator fails with probability {report.alpha:g}"
    table.caption = f"{verdict}; {report.seconds:.1f} s; {alpha}"
    return table


def battery_picture(report: BatteryReport, path: str | Path) -> Path:
    """Writes ``battery_figure``; the path's ending chooses the format.

    Raises:
        InputError: no report, an ending of no picture, or a file that cannot be written.
    """
    check_type("report", report, BatteryReport, "a BatteryReport")
    path = check_picture("path", path)
    return write_figure(battery_figure(report), path)


def battery_figure(report: BatteryReport) -> Figure:
    """Deviations and p-values of all checks, each beside its limit, on logarithmic axes."""
    from matplotlib.figure import Figure

    kinds = [[f for f in report.findings if f.kind == kind] for kind in ("deviation", "p-value")]
    kinds = [findings for findings in kinds if findings]
    heights = [len(findings) + 2 for findings in kinds]
    figure = Figure(figsize=(9, 0.28 * sum(heights) + 0.6), layout="constrained")
    axes = figure.subplots(len(kinds), height_ratios=heights, squeeze=False)[:, 0]
    for axis, findings in zip(axes, kinds, strict=True):
        _panel(axis, findings)
    figure.suptitle(f"{report.simulator} against Qiskit and Aer, seed {report.seed}")
    return figure


def _panel(axis: Axes, findings: list[Finding]) -> None:
    deviations = findings[0].kind == "deviation"
    rows = np.arange(len(findings))[::-1]
    # Zero has no place on a logarithmic axis.
    floor = 1e-17 if deviations else 1e-6
    colors = ["tab:blue" if f.agrees else "tab:red" for f in findings]
    axis.scatter([np.clip(f.worst, floor, 1e2) for f in findings], rows, c=colors, zorder=3)
    limits = [max(f.limit, floor) for f in findings]
    axis.scatter(limits, rows, marker="|", c="k", s=120, label="limit")
    axis.set(xscale="log", yticks=rows, xlabel="largest deviation" if deviations else "p-value")
    axis.set_yticklabels([f.name for f in findings], fontsize=7)
    axis.grid(axis="x", alpha=0.3)
    axis.legend(loc="upper center" if deviations else "center", fontsize=7)


def agreement_table(certificate: Certificate) -> Table:
    """The comparison of a certificate, a line a number."""
    a = certificate["agreement"]
    title = f"{certificate['student']}: here and on Aer, {certificate['shots']} shots"
    table = _table(title, ["quantity"], ["value"])
    for name in ("here", "there", "exact"):
        table.add_row(f"accuracy, {name}", f"{100 * a[f'accuracy_{name}']:.2f} %")
    expected = f"{a['same_expected']:.1f} ± {a['same_error']:.1f}"
    table.add_row("same prediction", f"{a['same_prediction']} of {a['images']}")
    table.add_row("same prediction, shot noise alone", expected)
    table.add_row("right only here / only there", f"{a['only_here']} / {a['only_there']}")
    table.add_row("largest deviation of a frequency", f"{a['largest_deviation']:.2f} errors")
    for f in filter(None, (*a["findings"], certificate["round_trip"], certificate["noise_probe"])):
        verdict = "" if f["agrees"] else " DISAGREES"
        if f["kind"] == "p-value":
            table.add_row(f"p, {f['name']}", f"{f['worst']:.3g}{verdict}")
        else:
            table.add_row(f["name"], f"{f['worst']:.1e}{verdict}")
    table.caption = "agrees" if certificate["agrees"] else "DISAGREEMENT"
    return table


def noise_table(certificates: Sequence[Certificate]) -> Table:
    """Accuracy against noise, one column a student.

    Raises:
        InputError: no certificates, or some without noise.
    """
    certificates = _with_noise(certificates)
    title = "accuracy under noise, % ± standard error over the images"
    table = _table(title, ["channel"], ["strength", *(c["student"] for c in certificates)])
    for points in zip(*(c["noise"] for c in certificates), strict=True):
        cells = [f"{100 * p['accuracy']:.2f} ± {100 * p['standard_error']:.2f}" for p in points]
        channel, strength = points[0]["channel"], points[0]["strength"]
        table.add_row(channel, f"{strength:g}" if strength else "", *cells)
    return table


def _with_noise(certificates: Sequence[Certificate]) -> Sequence[Certificate]:
    certificates = check_sequence("certificates", certificates, "certificates")
    for certificate in certificates:
        if not isinstance(certificate, dict) or certificate.get("kind") != "certificate":
            fail("certificates", "be a list of certificates", f"one with {shown(certificate)}")
        if not certificate["noise"]:
            fail("certificates", "hold accuracies under noise", "one without")
    return certificates


def noise_picture(certificates: Sequence[Certificate], path: str | Path) -> Path:
    """Writes ``noise_figure``; the path's ending chooses the format."""
    certificates, path = _with_noise(certificates), check_picture("path", path)
    return write_figure(noise_figure(certificates), path)


def noise_figure(certificates: Sequence[Certificate]) -> Figure:
    """Accuracy against the strength of every channel; dashed: ideal, dotted: GenericBackendV2."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4), layout="constrained")
    axes = figure.subplots(1, len(CHANNELS), sharey=True)
    for axis, channel in zip(axes, CHANNELS, strict=True):
        for number, certificate in enumerate(certificates):
            _curve(axis, certificate, channel, f"C{number}")
        axis.set(xscale="log", title=channel, xlabel="probability per gate")
        axis.grid(alpha=0.3)
    axes[-1].set_xlabel("probability per measured bit")
    axes[0].set_ylabel("accuracy on the test images (%)")
    axes[0].legend(fontsize=8)
    return figure


def _curve(axis: Axes, certificate: Certificate, channel: str, color: str) -> None:
    def column(channel: str, field: str) -> np.ndarray:
        return np.array([p[field] for p in certificate["noise"] if p["channel"] == channel])

    x, y = column(channel, "strength"), 100 * column(channel, "accuracy")
    error = 100 * column(channel, "standard_error")
    axis.errorbar(x, y, error, color=color, marker="o", capsize=2, label=certificate["student"])
    for name, style in ((IDEAL, "--"), (GENERIC, ":")):
        level = 100 * column(name, "accuracy")[0]
        axis.axhline(level, color=color, linestyle=style, linewidth=1)
