"""Images drawn: grey, coloured, or features as a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from jqkd.data.dataset import Dataset

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Classes that a picture shows, and how many stand in a row.
_MOST, _COLUMNS = 60, 10


def draw_image(axes: Any, image: np.ndarray) -> None:
    """(H, W) and (H, W, 1) as a picture, black on white; (H, W, 3) in colours; (F,) as a line."""
    axes.set_xticks([]), axes.set_yticks([])
    if image.ndim == 1:
        axes.plot(image, color="black", lw=0.8)
        axes.set_ylim(-0.05, 1.05)
    else:
        axes.imshow(image[..., 0] if image.shape[-1] == 1 else image, cmap="gray_r")
        axes.set_axis_off()


def draw_classes(dataset: Dataset) -> Figure:
    """The first train image of every class."""
    from matplotlib.figure import Figure

    names = dataset.class_names[:_MOST]
    rows = -(-len(names) // _COLUMNS)
    columns = -(-len(names) // rows)
    figure = Figure(figsize=(1.1 * columns, 1.3 * rows), layout="constrained")
    for label, name in enumerate(names):
        axes = figure.add_subplot(rows, columns, label + 1)
        image = dataset.train_images[np.argmax(dataset.train_labels == label)]
        draw_image(axes, image / 255 if image.dtype == np.uint8 else image.astype(np.float32))
        axes.set_title(name, fontsize=7)
    return figure
