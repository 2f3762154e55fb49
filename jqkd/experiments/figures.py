"""Pictures that could stand in a paper. Matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from jqkd._checks import InputError
from jqkd.common.outputs import write_figure
from jqkd.data import Dataset, student_splits
from jqkd.experiments.charts import (
    ONE_COLUMN,
    TWO_COLUMNS,
    draw_accuracies,
    draw_gains,
    draw_losses,
)
from jqkd.experiments.presets import TABLE_PRESETS
from jqkd.experiments.render import PRINT_DPI
from jqkd.experiments.results import Summary
from jqkd.experiments.rows import NAMES
from jqkd.experiments.store import Store
from jqkd.experiments.summary import headline
from jqkd.models import PRESETS
from jqkd.quantum import Circuit, amplitude_encoding

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


def draw_all(
    summary: Summary, store: Store, folder: Path, datasets: Callable[[str], Dataset]
) -> list[tuple[Path, str]]:
    """Draw every picture of the report, as PNG, SVG and PDF; the same numbers give the same bytes.

    Args:
        summary: the numbers.
        store: where the curves are.
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
        "losses": partial(draw_losses, store=store),
        "accuracies": draw_accuracies,
        "gains": draw_gains,
    }
    # Not the reader's own settings: they would change the bytes.
    with matplotlib.style.context(["default", STYLE]):
        found = sample_images(summary, folder / "images", datasets)
        for name, draw in drawings.items():
            made = draw(summary)
            if made is not None:
                figure, caption = made
                digest = picture_digest(name, summary)
                found.append((save(figure, folder / name, digest), caption))
    return found


def picture_digest(name: str, summary: Summary) -> str:
    """What a picture's files carry: a name for all that it shows."""
    if name == "images":
        return " ".join(["images", *_dataset_names(summary)])
    return f"{summary.digest()} {headline(summary.settings)}"


def _dataset_names(summary: Summary) -> list[str]:
    return list(dict.fromkeys(result.row.dataset for result in summary.rows))


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
    """The first image of every class (fig. 2), drawn, or kept if the folder has them already.

    They depend on no number, so a report made without the data is the same report.

    Args:
        summary: names the data sets.
        path: where to, without suffix.
        datasets: name -> images.

    Returns:
        The PNG file and its caption; nothing if no data set can be had.
    """
    found, lacking = [], []
    for name in _dataset_names(summary):
        try:
            found.append(datasets(name))
        except InputError:
            lacking.append(NAMES[name])
    digest, there = picture_digest("images", summary), path.with_suffix(".png")
    caption = "The first image of each class, 0 to 7 (the paper's fig. 2)."
    if lacking and digest_of(there) == digest:
        return [(there, caption)]
    if lacking:
        digest, caption = "images, some", f"{caption} Not at hand here: {', '.join(lacking)}."
    return [(save(draw_images(found), path, digest), caption)] if found else []


def draw_images(found: list[Dataset]) -> Any:
    """Eight images for each of some data sets."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        len(found), 8, figsize=(TWO_COLUMNS, 1.05 * len(found)), layout="constrained", squeeze=False
    )
    for line, dataset in zip(axes, found, strict=True):
        train = student_splits(dataset, tuple(range(8)), per_class=1).train
        for place, label in zip(line, range(8), strict=True):
            place.imshow(train.images[train.labels == label][0], cmap="gray_r")
            place.set_title(dataset.class_names[label], fontsize=7)
            place.set_xticks([]), place.set_yticks([])
            place.spines[:].set_visible(False)
        line[0].set_ylabel(NAMES[dataset.name])
    return figure


def draw_circuits(summary: Summary) -> tuple[Any, str]:
    """The students' circuits without their encoding (fig. 5)."""
    import matplotlib.pyplot as plt

    preset = PRESETS[TABLE_PRESETS[summary.settings.preset].student]
    widths = sorted({r.row.qubits for r in summary.rows if r.row.qubits}) or [3, 4]
    sizes = {"figsize": (ONE_COLUMN, 1.6), "layout": "constrained", "squeeze": False}
    figure, axes = plt.subplots(1, len(widths), **sizes)
    for place, qubits in zip(axes[0], widths, strict=True):
        _draw_circuit(place, preset.circuit(qubits), qubits)
        place.set_title(f"{qubits} qubits")
    encoded = any(map(_is_encoded, map(preset.circuit, widths), widths))
    encoding = " E: amplitude encoding of the features." if encoded else ""
    return figure, f"The students' circuits, each qubit measured (the paper's fig. 5).{encoding}"


def _is_encoded(circuit: Circuit, qubits: int) -> bool:
    encoding = amplitude_encoding(qubits).ops
    return circuit.ops[: len(encoding)] == encoding


def _draw_circuit(place: Any, circuit: Circuit, qubits: int) -> None:
    encoded = _is_encoded(circuit, qubits)
    column = [0.0] * qubits
    shapes = {"ha": "center", "va": "center", "fontsize": 7, "zorder": 3}
    box = {
        "boxstyle": "square,pad=0.3",
        "facecolor": "white",
        "edgecolor": "black",
        "linewidth": 0.7,
    }
    if encoded:
        for wire in range(qubits):
            place.text(0, -wire, "E", bbox=box, **shapes)
        column = [1.0] * qubits
    for op in circuit.ops[len(amplitude_encoding(qubits).ops) if encoded else 0 :]:
        wire = op.wires[0]
        angle = rf"($\theta_{wire}$)" if op.num_slots else ""
        place.text(column[wire], -wire, op.name + angle, bbox=box, **shapes)
        column[wire] += 1
    for wire in range(qubits):
        place.plot([-0.6, max(column)], [-wire, -wire], color="black", lw=0.7, zorder=1)
        place.text(max(column), -wire, "M", bbox=box, **shapes)
        place.text(-0.7, -wire, rf"$q_{wire}$", ha="right", va="center", fontsize=7)
    place.set_xlim(-1.2, max(column) + 0.5)
    place.set_ylim(-qubits + 0.4, 0.6)
    place.set_axis_off()
