"""Pictures that could stand in a paper. Matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jqkd._checks import InputError
from jqkd.common.outputs import write_figure
from jqkd.data import Dataset, student_splits
from jqkd.report.charts import TWO_COLUMNS, draw_accuracies, draw_gains, draw_mechanism
from jqkd.report.circuits import draw_circuits
from jqkd.report.curves import draw_worth
from jqkd.report.formats import PRINT_DPI
from jqkd.report.losses import draw_losses
from jqkd.report.pacing import draw_pace
from jqkd.report.probes import draw_probes
from jqkd.report.summary import Summary
from jqkd.report.turning import draw_turning

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

    Returns:
        The PNG files with their captions.

    Raises:
        InputError: a file that cannot be written.
    """
    import matplotlib
    import matplotlib.style

    matplotlib.use("agg")
    drawings = (
        *(draw_turning, draw_worth, draw_pace, draw_circuits, draw_losses),
        *(draw_accuracies, draw_gains, draw_mechanism, draw_probes),
    )
    # Not the reader's own settings: they would change the bytes.
    with matplotlib.style.context(["default", STYLE]):
        pictures = sample_images(summary, folder / "images", datasets)
        for draw in drawings:
            drawn, name = draw(summary), draw.__name__.removeprefix("draw_")
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

    They depend on no number, so a report made without the data is the same report. Where some data
    set cannot be had, only the others are shown; nothing if none can.
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

    size: dict[str, Any] = {"figsize": (TWO_COLUMNS, 1.05 * len(chosen)), "layout": "constrained"}
    columns = max(len(classes) for _, _, classes in chosen)
    figure, axes = plt.subplots(len(chosen), columns, squeeze=False, **size)
    for row, (title, dataset, classes) in zip(axes, chosen, strict=True):
        train = student_splits(dataset, tuple(classes), per_class=1).train
        for place, label in zip(row, range(len(classes)), strict=False):
            image = train.images[train.labels == label][0]
            # One channel is as good as none.
            place.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray_r")
            place.set_title(dataset.class_names[classes[label]], fontsize=7)
        for place in row:
            place.set_xticks([]), place.set_yticks([])
            place.spines[:].set_visible(False)
        row[0].set_ylabel(title)
    return figure
