"""Pictures that could stand in a paper. Matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import InputError
from jqkd.common.outputs import write_figure
from jqkd.data import Dataset, student_splits
from jqkd.models import NETWORKS
from jqkd.quantum import Circuit, amplitude_encoding
from jqkd.report.charts import (
    TWO_COLUMNS,
    draw_accuracies,
    draw_gains,
    draw_losses,
    draw_mechanism,
)
from jqkd.report.formats import PRINT_DPI
from jqkd.report.summary import Summary
from jqkd.training.config import StudentConfig

FORMATS = ("png", "svg", "pdf")
STYLE = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "legend.frameon": False,
    "svg.hashsalt": "jqkd",
    "pdf.fonttype": 42,
}
# The most images that are shown of a data set: one a class.
_MOST_CLASSES = 10


def draw_all(
    summary: Summary, folder: Path, datasets: Callable[[str], Dataset]
) -> list[tuple[Path, str]]:
    """Draw every picture of the report, as PNG, SVG and PDF; the same numbers give the same bytes.

    Args:
        summary: the numbers.
        folder: where to.
        datasets: name -> images. Where one cannot be had, sample images of an earlier report in
            the folder stay; without such, only what can be had is shown.

    Returns:
        The PNG files with their captions.

    Raises:
        InputError: a file that cannot be written.
    """
    import matplotlib
    import matplotlib.style

    matplotlib.use("agg")
    drawings = {
        "circuits": draw_circuits,
        "losses": draw_losses,
        "accuracies": draw_accuracies,
        "gains": draw_gains,
        "mechanism": draw_mechanism,
    }
    # Not the reader's own settings: they would change the bytes.
    with matplotlib.style.context(["default", STYLE]):
        pictures = sample_images(summary, folder / "images", datasets)
        for name, draw in drawings.items():
            drawn = draw(summary)
            if drawn is not None:
                path = save(drawn[0], folder / name, picture_digest(name, summary))
                pictures.append((path, drawn[1]))
    return pictures


def picture_digest(name: str, summary: Summary) -> str:
    """What a picture's files carry: a name for all that it shows."""
    if name == "images":
        return " ".join(["images", *(f"{k} {v}" for k, v in _classes(summary).items())])
    return summary.digest()


def save(figure: Any, path: Path, digest: str) -> Path:
    """Write a figure in all formats, each with the digest of its numbers; returns the PNG."""
    import matplotlib.pyplot as plt

    about = {
        "png": {"Description": digest, "Software": None},
        "svg": {"Description": digest, "Date": None},
        "pdf": {"Subject": digest, "CreationDate": None},
    }
    for ending in FORMATS:
        place = path.with_suffix(f".{ending}")
        write_figure(figure, place, dpi=PRINT_DPI, metadata=about[ending])
    plt.close(figure)
    return path.with_suffix(".png")


def digest_of(path: Path) -> str | None:
    """What a PNG was drawn from; ``None`` if it is no such PNG."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as image:
            return image.info.get("Description")
    except (OSError, UnidentifiedImageError):
        return None


def sample_images(
    summary: Summary, path: Path, datasets: Callable[[str], Dataset]
) -> list[tuple[Path, str]]:
    """The first image of every class, drawn, or kept if the folder has them already.

    They depend on no number, so a report made without the data is the same report.

    Args:
        summary: names the data sets and their classes.
        path: where to, without suffix.
        datasets: name -> images.

    Returns:
        The PNG file and its caption; nothing if no data set can be had.
    """
    chosen, lacking = [], []
    for name, classes in _classes(summary).items():
        try:
            chosen.append((_title(summary, name), datasets(name), classes))
        except InputError:
            lacking.append(_title(summary, name))
    digest, png = picture_digest("images", summary), path.with_suffix(".png")
    caption = "The first image of each class."
    if lacking and digest_of(png) == digest:
        return [(png, caption)]
    if lacking:
        digest, caption = "images, some", f"{caption} Not at hand here: {', '.join(lacking)}."
    # Features are no picture.
    chosen = [one for one in chosen if one[1].train_images.ndim > 2]
    return [(save(draw_images(chosen), path, digest), caption)] if chosen else []


def _classes(summary: Summary) -> dict[str, list[int]]:
    """Classes that are seen, by data set."""
    seen: dict[str, set[int]] = {}
    for line in summary.shown:
        seen.setdefault(line.config.dataset, set()).update(line.config.class_numbers)
    return {name: sorted(classes)[:_MOST_CLASSES] for name, classes in seen.items()}


def _title(summary: Summary, dataset: str) -> str:
    sections = summary.sections.items()
    return next(title for title, lines in sections if lines[0].config.dataset == dataset)


def draw_images(chosen: list[tuple[str, Dataset, list[int]]]) -> Any:
    """An image of each class, for each of some titled data sets."""
    import matplotlib.pyplot as plt

    size = {"figsize": (TWO_COLUMNS, 1.05 * len(chosen)), "layout": "constrained"}
    columns = max(len(classes) for _, _, classes in chosen)
    figure, axes = plt.subplots(len(chosen), columns, squeeze=False, **size)
    for row, (title, dataset, classes) in zip(axes, chosen, strict=True):
        train = student_splits(dataset, tuple(classes), per_class=1).train
        for place, label in zip(row, range(len(classes)), strict=False):
            place.imshow(train.images[train.labels == label][0], cmap="gray_r")
            place.set_title(dataset.class_names[classes[label]], fontsize=7)
        for place in row:
            place.set_xticks([]), place.set_yticks([])
            place.spines[:].set_visible(False)
        row[0].set_ylabel(title)
    return figure


def draw_circuits(summary: Summary) -> tuple[Any, str] | None:
    """The students' circuits, each once."""
    import matplotlib.pyplot as plt

    titles: dict[Circuit, str] = {}
    for line in summary.students:
        circuit = _circuit(line.arm.student)
        if circuit is not None:
            titles.setdefault(circuit, line.arm.label)
    circuits = sorted(titles, key=lambda circuit: circuit.num_qubits)
    if not circuits:
        return None
    widths = [circuit.num_qubits for circuit in circuits]
    columns, rows = min(2, len(circuits)), -(-len(circuits) // 2)
    size = {"figsize": (1.7 * columns * (1 + (rows > 1)), 0.4 * max(widths) * rows)}
    figure, axes = plt.subplots(rows, columns, layout="constrained", squeeze=False, **size)
    for place, circuit in zip(axes.flat, circuits, strict=False):
        _draw_circuit(place, circuit)
        unique = len(set(widths)) == len(widths)
        place.set_title(f"{circuit.num_qubits} qubits" if unique else titles[circuit])
    for place in axes.flat[len(circuits) :]:
        place.set_axis_off()
    encoding = " E: amplitude encoding of the features." if any(map(_is_encoded, circuits)) else ""
    return figure, f"The students' circuits, each qubit measured.{encoding}"


def _circuit(config: StudentConfig) -> Circuit | None:
    """A student's circuit; ``None`` where something else stands in its place."""
    network = NETWORKS[config.preset]
    return network.circuit(config.qubits) if network.draws_shots else None


def _is_encoded(circuit: Circuit) -> bool:
    encoding = amplitude_encoding(circuit.num_qubits).ops
    return circuit.ops[: len(encoding)] == encoding


def _draw_circuit(place: Any, circuit: Circuit) -> None:
    shapes = {"ha": "center", "va": "center", "fontsize": 7, "zorder": 3}
    box = {"boxstyle": "square,pad=0.3", "facecolor": "white", "edgecolor": "black"}
    shapes["bbox"] = box | {"linewidth": 0.7}
    qubits, encoded = circuit.num_qubits, _is_encoded(circuit)
    column, slot = np.zeros(qubits), 0
    for wire in range(qubits if encoded else 0):
        place.text(0, -wire, "E", **shapes)
        column[wire] = 1
    for op in circuit.ops[len(amplitude_encoding(qubits).ops) if encoded else 0 :]:
        # A gate on several wires stands alone on all between them.
        wires = slice(min(op.wires), max(op.wires) + 1)
        x = column[wires].max()
        angle = ", ".join(rf"\theta_{{{slot + i}}}" for i in range(op.num_slots))
        slot += op.num_slots
        place.plot([x, x], [-min(op.wires), -max(op.wires)], color="black", lw=0.7, zorder=1)
        name = op.name.removeprefix("C") + (f"(${angle}$)" if angle else "")
        for i, wire in enumerate(op.wires):
            if op.name.startswith("C") and i == 0:  # The first wire controls.
                place.plot([x], [-wire], "o", color="black", markersize=3)
            else:
                place.text(x, -wire, name, **shapes)
        column[wires] = x + 1
    for wire in range(qubits):
        place.plot([-0.6, column.max()], [-wire, -wire], color="black", lw=0.7, zorder=1)
        place.text(column.max(), -wire, "M", **shapes)
        place.text(-0.7, -wire, rf"$q_{wire}$", ha="right", va="center", fontsize=7)
    place.set_xlim(-1.2, column.max() + 0.5)
    place.set_ylim(-qubits + 0.4, 0.6)
    place.set_axis_off()
