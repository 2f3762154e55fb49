"""What images and labels must be, wherever they come in."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from jqkd._checks import check_array, fail


def check_images(
    images: ArrayLike,
    labels: ArrayLike,
    *,
    names: tuple[str, str] = ("images", "labels"),
    classes: int | None = None,
    image_shape: tuple[int, ...] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Refuse images and labels that are not what the models read.

    Args:
        images: (N, H, W), (N, H, W, channels) or (N, F), uint8 or floating point in [0, 1].
        labels: (N,) integers, 0 or more.
        names: what the two are called in a message.
        classes: labels must be below; any number of classes by default.
        image_shape: (H, W), (H, W, channels) or (F,), if it is known.

    Returns:
        Images of the precision they had, labels as int32.

    Raises:
        InputError: another shape, dtype or range.

    >>> check_images(np.zeros((2, 28, 28), np.uint8), [0, 1])[1]
    array([0, 1], dtype=int32)
    """
    images = np.asarray(check_array(names[0], images, kinds="iuf", finite=False))
    labels = np.asarray(check_array(names[1], labels, kinds="iuf", finite=False))
    _check_shape(names[0], images, image_shape)
    _check_pixels(names[0], images)
    if labels.shape != images.shape[:1]:
        must = f"have shape ({len(images)},) like the images"
        fail(names[1], must, f"shape {labels.shape}")
    if not np.issubdtype(labels.dtype, np.integer):
        fail(names[1], "be integers", f"dtype {labels.dtype}")
    if labels.size and labels.min() < 0:
        fail(names[1], "be 0 or more", int(labels.min()))
    if labels.size and labels.max() >= (2**31 if classes is None else classes):
        most = 2**31 - 1 if classes is None else classes - 1
        fail(names[1], f"be at most {most}", int(labels.max()))
    return images, labels.astype(np.int32, copy=False)


def _check_shape(name: str, images: np.ndarray, image_shape: tuple[int, ...] | None) -> None:
    must = "(N, H, W), (N, H, W, channels) or (N, F)"
    fits = 2 <= images.ndim <= 4 and 0 not in images.shape[1:]
    if image_shape is not None:
        must = f"(N, {', '.join(map(str, image_shape))})"
        fits = images.shape[1:] == tuple(image_shape) and images.ndim > 1
    if not fits:
        fail(name, f"have shape {must}", f"shape {images.shape}")


def _check_pixels(name: str, images: np.ndarray) -> None:
    floating = np.issubdtype(images.dtype, np.floating)
    if images.dtype != np.uint8 and not floating:
        fail(name, "be uint8, or floating point in [0, 1]", f"dtype {images.dtype}")
    if floating and images.size and not (images.min() >= 0 and images.max() <= 1):
        given = f"a range of {images.min():g} to {images.max():g}"
        fail(name, "lie in [0, 1] where they are floating point", given)
