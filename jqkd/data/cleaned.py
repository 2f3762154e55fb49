"""A user's arrays as those of a data set: what can be meant is brought to one form, or refused."""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from jaxtyping import Float32

from jqkd._checks import InputError, check_array, check_list, fail, shown
from jqkd.data.cache import Arrays

# Numbers of an image (512 x 512 in colour), and bytes of all: they are decoded in memory.
MOST_NUMBERS, MOST_BYTES = 3 * 2**18, 2**31
# As many as ``parse_classes`` can name; letters of a name that fits a table.
_MOST_CLASSES, _LONGEST = 1000, 100


@contextmanager
def readable(what: object) -> Generator[None]:
    """Whatever a damaged source raises, and libraries raise all kinds, as one sentence.

    Raises:
        InputError: instead of any other exception.
    """
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        text = getattr(error, "strerror", None) or str(error).strip() or type(error).__name__
        reason = re.split(r"\n|\. | '/", text)[0][:100].rstrip(".")
        fail("source", "be a source that can be read", f"{what} ({reason})")


def clean_images(parts: Mapping[str, Any]) -> Arrays:
    """Images of every part: of one shape, uint8 or floating point; features of any size.

    Raises:
        InputError: another shape or range, or more than memory should hold.

    >>> clean_images({"train": np.ones((2, 4, 4, 1), bool)})["train"][0, 0]
    array([255, 255, 255, 255], dtype=uint8)
    """
    arrays = {part: _images(f"{part}_images", images) for part, images in parts.items()}
    first = arrays["train"]
    for part, images in arrays.items():
        if (images.shape[1:], images.dtype) != (first.shape[1:], first.dtype):
            must = f"be {first.dtype} of shape (N, {', '.join(map(str, first.shape[1:]))})"
            given = f"{images.dtype} of shape {images.shape}"
            fail(f"{part}_images", f"{must}, like the train images", given)
    return arrays


def _images(name: str, images: Any) -> np.ndarray:
    images = np.asarray(check_array(name, images, kinds="biuf"))
    images = images[..., 0] if images.ndim == 4 and images.shape[-1] == 1 else images
    if images.ndim not in (2, 3) and not (images.ndim == 4 and images.shape[-1] == 3):
        advice = "channels come last" if images.ndim == 4 else ""
        fail(name, "have shape (N, H, W), (N, H, W, 3) or (N, F)", f"shape {images.shape}", advice)
    if not images.size:
        fail(name, "hold images", f"shape {images.shape}")
    check_size(name, len(images), images.shape[1:])
    if images.dtype == bool:
        return images.astype(np.uint8) * np.uint8(255)
    if images.dtype == np.uint8 or images.ndim == 2:
        return images if images.dtype == np.uint8 else images.astype(np.float64)
    low, high, most = images.min(), images.max(), 1 if images.dtype.kind == "f" else 255
    if low < 0 or high > most:
        advice = "divide them by 255" if most == 1 and 0 <= low and high <= 255 else ""
        fail(
            name, f"lie from 0 to {most} where they are {images.dtype}", f"{low} to {high}", advice
        )
    return images.astype(np.float32 if most == 1 else np.uint8)


def check_size(name: str, count: int, shape: Sequence[int]) -> None:
    """So many images of a shape can be held in memory.

    Raises:
        InputError: they cannot.
    """
    numbers, given = math.prod(shape), f"{count} image(s) of shape {tuple(shape)}"
    if numbers > MOST_NUMBERS or count * numbers > MOST_BYTES:
        must = f"be at most {MOST_NUMBERS} numbers an image and {MOST_BYTES // 2**30} GiB in all"
        fail(name, f"{must}, as they are kept decoded in memory", given, "make them smaller")


def clean_labels(
    parts: Mapping[str, Any], class_names: Sequence[str] | None = None
) -> tuple[Arrays, tuple[str, ...]]:
    """Labels of every part from 0, and the names of the classes.

    Args:
        parts: (N,) or (N, 1), integers from 0, or texts.
        class_names: by default the texts, in natural order, or the numbers.

    Raises:
        InputError: labels of another kind or range.

    >>> clean_labels({"train": ["10", "9", "9"]})
    ({'train': array([1, 0, 0], dtype=int32)}, ('9', '10'))
    """
    arrays = {part: _labels(f"{part}_labels", labels) for part, labels in parts.items()}
    train = arrays["train"]
    if class_names is None and train.dtype.kind == "U":
        class_names = sorted(set(train.tolist()), key=natural)
    elif class_names is None:
        most = int(train.max(initial=0))
        class_names = [str(k) for k in range(min(most, _MOST_CLASSES - 1) + 1)]
    names = _names(class_names)
    numbers = {name: number for number, name in enumerate(names)}
    for part, labels in arrays.items():
        known = numbers if labels.dtype.kind == "U" else range(len(names))
        strange = [label for label in dict.fromkeys(labels.tolist()) if label not in known]
        if strange:
            must = f"be classes of the train images, {', '.join(map(str, known))[:100]}"
            fail(f"{part}_labels", must, shown(strange[0]))
        if labels.dtype.kind == "U":
            arrays[part] = np.array([numbers[label] for label in labels.tolist()])
    return {part: labels.astype(np.int32) for part, labels in arrays.items()}, names


def _labels(name: str, labels: Any) -> np.ndarray:
    labels = np.asarray(labels)
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.ndim != 1 or labels.dtype.kind not in "iuU":
        advice = "convert them" if labels.dtype.kind == "f" else ""
        fail(name, "be (N,) integers or texts", shown(labels), advice)
    return labels


def _names(class_names: Any) -> tuple[str, ...]:
    names = tuple(check_list("class_names", class_names, str, "texts"))
    if not 2 <= len(names) <= _MOST_CLASSES or len(set(names)) < len(names):
        fail("class_names", f"be 2 to {_MOST_CLASSES} different names", shown(names))
    for name in names:
        if not name.strip() or len(name) > _LONGEST or not name.isprintable():
            fail("class_names", f"be 1 to {_LONGEST} printable letters each", shown(name))
    return names


def natural(name: str) -> tuple[bool, int, str]:
    """Sorts numbers by size, before other names."""
    is_number = name.isascii() and name.isdigit() and len(name) < 10
    return not is_number, int(name) if is_number else 0, name


def scale(parts: Arrays) -> tuple[Arrays, Arrays]:
    """Features brought to [0, 1] by minimum and maximum of the train rows, and clipped.

    Images stay as they are, and so do features that lie in [0, 1] already.

    Returns:
        The parts; ``minimum`` and ``maximum``, (F,), where they were needed.

    >>> parts, limits = scale({"train": np.array([[1.0], [3.0]]), "test": np.array([[9.0]])})
    >>> parts["test"].tolist(), limits["maximum"].tolist()
    ([[1.0]], [3.0])
    """
    rows = parts["train"]
    if rows.ndim > 2 or rows.dtype == np.uint8:
        return parts, {}
    if all(0 <= images.min() and images.max() <= 1 for images in parts.values()):
        return {part: images.astype(np.float32) for part, images in parts.items()}, {}
    low, high = rows.min(0), rows.max(0)

    def scaled(images: np.ndarray) -> Float32[np.ndarray, "N F"]:
        # What is the same in all train rows says nothing.
        shares = (images - low) / np.where(high > low, high - low, np.inf)
        return np.clip(shares, 0, 1).astype(np.float32)

    limits = {"minimum": low, "maximum": high}
    return {part: scaled(images) for part, images in parts.items()}, limits
