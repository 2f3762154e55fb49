"""Pictures of a run. Matplotlib is imported here, when one is drawn, and nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jqkd._checks import check_array, check_type, fail, shown
from jqkd.common.outputs import check_picture, write_figure
from jqkd.data import Subset
from jqkd.data.drawing import draw_image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's palette: tells apart for colour-blind readers.
COLOURS = {"alone": "#0072B2", "distilled": "#D55E00", "wrong": "#CC79A7"}


def loss_axes(axes: Any, result: dict[str, Any], metric: str, label: str) -> None:
    """Mean over seeds as a line, range over seeds as a band, one colour per arm."""
    student = result["student"]
    every = student.get("evaluate_every", 1)
    for arm, recorded in result["arms"].items():
        curves = np.asarray(recorded["curves"][metric])
        epochs = np.minimum(every * np.arange(1, curves.shape[1] + 1), student["epochs"])
        axes.plot(epochs, curves.mean(0), color=COLOURS[arm], label=arm)
        band = {"color": COLOURS[arm], "alpha": 0.15, "lw": 0}
        axes.fill_between(epochs, curves.min(0), curves.max(0), **band)
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    axes.spines[["top", "right"]].set_visible(False)


def curves_figure(result: dict[str, Any], path: Path) -> None:
    """Validation loss and test accuracy of a result over epochs, mean and range over seeds.

    Raises:
        InputError: a file ending of no format, or a file that cannot be written.
    """
    path = check_picture("path", path)
    write_figure(draw_curves(result), path)


def draw_curves(result: dict[str, Any]) -> Figure:
    """The picture of ``curves_figure``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.3), layout="constrained")
    _draw_curves(figure, result)
    return figure


def _draw_curves(figure: Any, result: dict[str, Any]) -> None:
    from matplotlib.ticker import PercentFormatter

    check_type("result", result, dict, "the result of `run_student`")
    missing = [name for name in ("arms", "seeds", "student") if name not in result]
    if missing:
        fail("result", "be the result of `run_student`", f"one without {', '.join(missing)}")
    left, right = figure.subplots(1, 2)
    loss_axes(left, result, "validation_loss", "validation cross-entropy (nats)")
    loss_axes(right, result, "test_accuracy", "test accuracy")
    right.yaxis.set_major_formatter(PercentFormatter(1))
    right.legend(frameon=False, loc="lower right")
    students = f"{result['student']['qubits']}-qubit students"
    figure.suptitle(f"{students}: mean and range over {len(result['seeds'])} seeds")


def demo_figure(result: dict[str, Any], test: Subset, predicted: np.ndarray, path: Path) -> None:
    """Loss and accuracy over epochs, and some test images with what a student answers, (N,).

    Raises:
        InputError: images that do not fill the rows evenly, a file ending of no format, or a file
            that cannot be written.
    """
    path = check_picture("path", path)
    write_figure(draw_demo(result, test, predicted), path)


def draw_demo(result: dict[str, Any], test: Subset, predicted: np.ndarray) -> Figure:
    """The picture of ``demo_figure``."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5.4), layout="constrained")
    subfigures: Any = figure.subfigures(2, 1, height_ratios=[3, 2])
    curves, digits = subfigures
    _draw_curves(curves, result)
    rows, columns = 2, 12
    check_type("test", test, Subset, "a Subset")
    predicted = check_array("predicted", predicted, (len(test),), kinds="iu")
    counts = np.bincount(test.labels)
    each = rows * columns // max(1, len(counts))
    if len(set(counts)) != 1 or len(counts) * each != rows * columns or counts[0] < each:
        must = f"hold as many images of every class, and fill {rows * columns} places evenly"
        fail("test", must, f"images by class {shown(counts.tolist())}")
    # The same number of images of every class, in the order of the classes.
    order = np.argsort(test.labels, kind="stable").reshape(test.labels.max() + 1, -1)
    chosen = order[:, : rows * columns // len(order)].reshape(-1)
    for place, row in zip(np.ravel(digits.subplots(rows, columns)), chosen, strict=True):
        draw_image(place, test.images[row])
        right_answer = predicted[row] == test.labels[row]
        colour = "black" if right_answer else COLOURS["wrong"]
        weight = "normal" if right_answer else "bold"
        place.set_title(str(predicted[row]), color=colour, fontsize=9, fontweight=weight)
    digits.suptitle("Test digits and what a distilled student says (wrong ones bold)", fontsize=10)
    return figure
