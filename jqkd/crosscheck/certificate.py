"""The certificate of a trained student: re-executed on Aer, then under noise."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jqkd._checks import check_seed, fail, shown
from jqkd.common.files import EXACT, write_json
from jqkd.common.outputs import check_out_folder, check_picture, write_figure
from jqkd.crosscheck._qiskit import require_qiskit, versions
from jqkd.crosscheck.agreement import Agreement, Student, check_student, compare
from jqkd.crosscheck.arguments import (
    check_alpha,
    check_flag,
    check_progress,
    check_sequence,
)
from jqkd.crosscheck.exact import LIMITS, precision
from jqkd.crosscheck.execute import exact_states
from jqkd.crosscheck.findings import Finding, deviation, judge
from jqkd.crosscheck.noise import CHANNELS, GENERIC, IDEAL, NoisePoint, sweep
from jqkd.crosscheck.probe import probe
from jqkd.crosscheck.translate import from_qasm, to_qasm
from jqkd.quantum import run
from jqkd.quantum.measurement import flat

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table

SCHEMA = 1
FILE = "certificate.json"
_ROUND_TRIPS = 10

Progress = Callable[[str, int, int], None]


def certify(
    student: Student,
    *,
    seed: int,
    alpha: float = 1e-3,
    noise: bool = True,
    directory: str | Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Runs a student's test images again on Aer, ideal and noisy, and writes down what was seen.

    Args:
        student: circuit, angles, labels, predictions.
        seed: of all shots.
        alpha: probability that a correct student is rejected.
        noise: also measure accuracy under noise.
        directory: where ``certificate.json`` goes; nothing is written without.
        progress: called with (what, done, total).

    Returns:
        The certificate, plain data; ``agrees`` is its verdict.

    Raises:
        InputError: no Qiskit, arrays that do not fit together, shots, seed or alpha out of range,
            a directory that cannot be written.
    """
    require_qiskit("qiskit_qasm3_import")
    check_student(student)
    seed, alpha = check_seed("seed", seed), check_alpha(alpha)
    check_flag("noise", noise)
    check_progress(progress)
    if directory is not None:
        check_out_folder("directory", directory)
    # Half for the student's own shots, half for the noise.
    share = alpha / 2 if noise else alpha
    agreement = compare(student, seed=seed, alpha=share, progress=_named(progress, "ideal"))
    trip = round_trip(student)
    points = _sweep(student, seed, _named(progress, "noise")) if noise else []
    probed = judge([probe(seed)], share) if noise else []
    certificate = _write_down(student, seed, alpha, agreement, trip, points, probed)
    if directory is not None:
        write_json(Path(directory) / FILE, certificate, EXACT)
    return certificate


def _named(progress: Progress | None, what: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(what, done, total)


def _check(certificates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    certificates = list(check_sequence("certificates", certificates, "certificates"))
    for certificate in certificates:
        if not isinstance(certificate, dict) or certificate.get("kind") != "certificate":
            fail("certificates", "be a list of certificates", f"one with {shown(certificate)}")
        if not certificate["noise"]:
            fail("certificates", "hold accuracies under noise", "one without")
    return certificates


def _sweep(
    student: Student, seed: int, progress: Callable[[int, int], None] | None
) -> list[NoisePoint]:
    s = student
    return sweep(
        s.circuit, s.angles, s.labels, s.predict, shots=s.shots, seed=seed, progress=progress
    )


def round_trip(student: Student) -> Finding:
    """OpenQASM 3 written, read back and run in complex128, against Aer's states."""
    angles = np.asarray(student.angles[:_ROUND_TRIPS], np.float32).astype(float)
    pairs = []
    with precision("complex128") as real:
        for image, (row, state) in enumerate(
            zip(angles, exact_states(student.circuit, angles), strict=True)
        ):
            read = from_qasm(to_qasm(student.circuit, row))
            pairs.append((f"image {image}", np.asarray(flat(run(read, np.zeros(0, real)))), state))
    return deviation("OpenQASM 3 round trip", pairs, LIMITS["complex128"])


def _write_down(
    student: Student,
    seed: int,
    alpha: float,
    agreement: Agreement,
    trip: Finding,
    points: list[NoisePoint],
    probed: list[Finding],
) -> dict[str, Any]:
    qasm = to_qasm(student.circuit)
    digests = {
        "circuit": _digest(qasm.encode()),
        "angles": _digest(np.ascontiguousarray(student.angles, np.float32).tobytes()),
        "labels": _digest(np.ascontiguousarray(student.labels, np.int32).tobytes()),
    }
    return {
        "schema": SCHEMA,
        "kind": "certificate",
        "student": student.name,
        "agrees": agreement.agrees and all(f.agrees for f in (trip, *probed)),
        "alpha": alpha,
        "seed": seed,
        "shots": student.shots,
        "agreement": asdict(agreement),
        "round_trip": asdict(trip),
        "noise": [asdict(point) for point in points],
        "noise_probe": asdict(probed[0]) if probed else None,
        "circuit": qasm,
        "digests": digests | student.digests,
        "versions": versions(),
    }


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def agreement_table(certificate: dict[str, Any]) -> Table:
    """The comparison of a certificate, a line a number."""
    from rich.table import Table

    a = certificate["agreement"]
    shown = Table(title=f"{certificate['student']}: here and on Aer, {certificate['shots']} shots")
    shown.add_column("quantity")
    shown.add_column("value", justify="right")
    for name in ("here", "there", "exact"):
        shown.add_row(f"accuracy, {name}", f"{100 * a[f'accuracy_{name}']:.2f} %")
    expected = f"{a['same_expected']:.1f} ± {a['same_error']:.1f}"
    shown.add_row("same prediction", f"{a['same_prediction']} of {a['images']}")
    shown.add_row("same prediction, shot noise alone", expected)
    shown.add_row("right only here / only there", f"{a['only_here']} / {a['only_there']}")
    shown.add_row("largest deviation of a frequency", f"{a['largest_deviation']:.2f} errors")
    for found in (*a["findings"], certificate["round_trip"], certificate["noise_probe"]):
        if found is not None:
            shown.add_row(*_finding_cells(found))
    shown.caption = "agrees" if certificate["agrees"] else "DISAGREEMENT"
    return shown


def _finding_cells(found: dict[str, Any]) -> tuple[str, str]:
    is_p = found["kind"] == "p-value"
    name, value = ("p, ", f"{found['worst']:.3g}") if is_p else ("", f"{found['worst']:.1e}")
    return name + found["name"], value + ("" if found["agrees"] else " DISAGREES")


def noise_table(certificates: list[dict[str, Any]]) -> Table:
    """Accuracy against noise, one column a student.

    Raises:
        InputError: no certificates, or some without noise.
    """
    certificates = _check(certificates)
    from rich.table import Table

    shown = Table(title="accuracy under noise, % ± standard error over the images")
    for name in ("channel", "strength", *(c["student"] for c in certificates)):
        shown.add_column(name, justify="left" if name == "channel" else "right")
    for rows in zip(*(c["noise"] for c in certificates), strict=True):
        values = [f"{100 * r['accuracy']:.2f} ± {100 * r['standard_error']:.2f}" for r in rows]
        strength = rows[0]["strength"]
        shown.add_row(rows[0]["channel"], f"{strength:g}" if strength else "", *values)
    return shown


def noise_picture(certificates: list[dict[str, Any]], path: str | Path) -> Path:
    """Writes ``draw_noise``; the ending chooses the format."""
    certificates, path = _check(certificates), check_picture("path", path)
    return write_figure(draw_noise(certificates), path)


def draw_noise(certificates: list[dict[str, Any]]) -> Figure:
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


def _curve(axis: Any, certificate: dict[str, Any], channel: str, color: str) -> None:
    points = [p for p in certificate["noise"] if p["channel"] == channel]
    x = [p["strength"] for p in points]
    y, error = (100 * np.array([p[k] for p in points]) for k in ("accuracy", "standard_error"))
    axis.errorbar(x, y, error, color=color, marker="o", capsize=2, label=certificate["student"])
    for name, style in ((IDEAL, "--"), (GENERIC, ":")):
        level = [100 * p["accuracy"] for p in certificate["noise"] if p["channel"] == name]
        axis.axhline(level[0], color=color, linestyle=style, linewidth=1)
