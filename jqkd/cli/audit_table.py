"""An audit as two tables, with a row for each look and kind of student, and in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from rich.console import Group

from jqkd.cli.console import table
from jqkd.training.student_task import ALONE, DISTILLED

_LOOK = (">epoch", "student")
_GRADIENTS = (">from\nlabels", ">from\nteacher", ">cosine", ">dθ/df", ">|sin θ|", ">stuck\n%")
_PROBE = (">term", ">over\nangles", ">over\nimages", ">signal\nto noise")
_NOISE = (">by the\nimages", ">by the\nshots", ">by shots,\npredicted")
_ANSWERS = (">train", ">validation", ">right", ">sure", ">error")
# Value by name of the look's part and of the quantity; a mean over seeds.
Mean = Callable[[str, str], Any]


def audit_table(report: dict[str, Any]) -> Group:
    """What an audit found, for a terminal.

    Args:
        report: of ``Audit.report``.
    """
    seeds = sum(run["arm"] == ALONE for run in report["runs"])
    title = f"Gradients and angles, mean over {seeds} seed(s)"
    gradients = table(*_LOOK, *_GRADIENTS, title=title)
    answers = table(*_LOOK, *_ANSWERS, title="Like the teacher, and on test images; in %")
    for name, arm, mean in _looks(report):
        gradients.add_row(name, arm, *_gradient_cells(mean, arm == DISTILLED))
        answers.add_row(name, arm, *_answer_cells(mean))
    shown = [gradients, answers] + ([_probes(report)] if report["history"][0].get("probe") else [])
    shown += [_noise(report)] if report["history"][0].get("gradient_noise") else []
    return Group(*shown, *_sentences(report))


def _probes(report: dict[str, Any]) -> Any:
    probed = report["probed"]
    title = f"Gradients of the circuit's weights, a step of {probed['shots']} shots"
    rows = table(*_LOOK, *_PROBE, title=title)
    for name, arm, mean in _looks(report):
        columns = [mean("probe", key) for key in ("over_angles", "over_images", "signal_to_noise")]
        # Students alone have one term.
        terms = probed["terms"] if arm == DISTILLED else probed["terms"][:1]
        for term, *values in zip(terms, *columns, strict=False):
            rows.add_row(name, arm, term, *(f"{value:.2g}" for value in values))
    return rows


def _noise(report: dict[str, Any]) -> Any:
    """Root of each variance over the norm: how far off a gradient is."""
    title = "Scatter of a gradient of 8 images, over its norm"
    rows = table(*_LOOK, *_NOISE, title=title)
    for name, arm, mean in _looks(report):
        variances = {key: mean("gradient_noise", key) for key in ("images", "shots", "norm")}
        variances["predicted"] = sum(mean("gradient_noise", key) for key in ("forward", "shifted"))
        norm = max(float(variances.pop("norm")), 1e-30)
        values = (variances[key] for key in ("images", "shots", "predicted"))
        rows.add_row(name, arm, *(f"{np.sqrt(max(float(v), 0) / norm):.2g}" for v in values))
    return rows


def _looks(report: dict[str, Any]) -> Iterator[tuple[str, str, Mean]]:
    """Epoch, arm, and what looks values up."""
    for found in report["history"]:
        for arm in (ALONE, DISTILLED):
            rows = [i for i, run in enumerate(report["runs"]) if run["arm"] == arm]
            if rows:

                def mean(part: str, name: str, found: Any = found, rows: Any = rows) -> Any:
                    values = found[part].get(name)
                    return None if values is None else np.asarray(values)[rows].mean(0)

                yield str(found["epoch"]), arm, mean


def _gradient_cells(mean: Mean, taught: bool) -> list[str]:
    labels, teacher = mean("gradients", "norm")
    return [
        f"{labels:.2g}",
        f"{teacher:.2g}" if taught else "–",
        f"{mean('gradients', 'cosine')[1]:.2f}" if taught else "–",
        f"{mean('angles', 'slope'):.2g}",
        f"{mean('angles', 'sine'):.2f}",
        _per_cent(mean("angles", "saturated")),
    ]


def _answer_cells(mean: Mean) -> list[str]:
    alike = [mean("agreement", part) for part in ("train", "validation")]
    test = [mean("calibration", name) for name in ("accuracy", "confidence", "error")]
    return [_per_cent(share) for share in (*alike, *test)]


def _per_cent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}"


def _sentences(report: dict[str, Any]) -> Iterator[str]:
    found = report["readout"]
    classes = len(found["probability"])
    lowest, highest = min(found["lowest"][:classes]), max(found["highest"][:classes])
    largest = float(max(found["probability"]))
    yield (
        f"Readout {report['student']['readout']}: the classes' logits lie between {lowest:.2f} and "
        f"{highest:.2f}, so the right class's probability is {largest:.4g} at most, and "
        f"cross-entropy {max(0.0, -np.log(largest)):.2g} at least."
    )
    if report["teacher"] is not None:
        right, sure, error = (
            _per_cent(report["teacher"][name]) for name in ("accuracy", "confidence", "error")
        )
        yield f"The teacher on test images: {right} % right, {sure} % sure, error {error} %."
    if report["history"][0].get("probe"):
        yield (
            "Over angles: variance of the mean gradient; small, it is a plateau. Over images: mean "
            "variance from image to image. Signal to noise: of a step, by the shift rule."
        )
    yield (
        "Gradients: norms, weights included. Stuck: features whose angle hardly moves any more. "
        "Error: expected calibration error."
    )
