"""Files of a user's own, as tests make them."""

from __future__ import annotations

import numpy as np

SHAPE = (16, 18)


def labelled(count, classes=3, shape=SHAPE, seed=0):
    """Images of noise, and labels in turns."""
    images = np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)
    return images, np.arange(count) % classes


def pictures(root, images, labels, names, ending=".png", **how):
    """A folder a class, its images numbered in their order."""
    from PIL import Image

    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = root / names[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{number:04}{ending}", **how)
    return root


def table(path, rows, labels, column="label"):
    """A csv file, the labels in the middle."""
    half = rows.shape[1] // 2
    names = [f"x{k}" for k in range(rows.shape[1])]
    lines = [[*names[:half], column, *names[half:]]]
    lines += [[*row[:half], label, *row[half:]] for row, label in zip(rows, labels, strict=True)]
    path.write_text("".join(",".join(map(str, line)) + "\n" for line in lines))
    return path
