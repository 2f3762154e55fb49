"""Images and labels of a user's own as a data set: one form, disjoint parts, scaled features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import check_array, check_list, check_seed, fail, shown
from jqkd.data.cache import PARTS, Arrays, digest
from jqkd.data.sources import Source, describe

# Train images a class by default, and validation images that are held out, at most: the paper's.
_MOST = 150
# Share of the train images that is held out where there are no validation images.
_HELD_OUT = 0.15
# As many classes as ``parse_classes`` can name; letters of a name that fits a table.
_MOST_CLASSES, _LONGEST = 1000, 100
_SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Arranged(Source):
    """A data set in memory: what a ``Source`` says of it, the four arrays, and where from."""

    facts: Mapping[str, Any]
    arrays: Arrays = field(repr=False)
    origin: str

    def __post_init__(self) -> None:
        describe(self, self.facts)

    def read(self, data_dir: Path, cache_dir: Path) -> Arrays:
        return self.arrays


def arrange(
    label: str, parts: Mapping[str, Any], class_names: Any, split: Any, split_seed: Any, origin: str
) -> Arranged:
    """Pairs of images and labels by part as a data set, see ``Dataset.from_arrays``."""
    for part, pair in parts.items():
        if len(check_list(part, pair, object, "images and labels")) != 2:
            fail(part, "be a pair, images and labels", shown(pair))
    images = _images({part: pair[0] for part, pair in parts.items()})
    labels, names = _labels({part: pair[1] for part, pair in parts.items()}, class_names)
    for part in images:
        if len(images[part]) != len(labels[part]):
            fail(f"{part}_labels", f"be {len(images[part])}, like the images", len(labels[part]))
    if split is not None:
        rows, how = _split(np.concatenate([*labels.values()]), names, split, split_seed)
        images, labels = (_chosen(arrays, rows) for arrays in (images, labels))
        origin = f"{origin}, split {how}"
    elif "test" not in images:
        fail("split", "be given where there are no test images", "nothing", "such as 0.7,0.15,0.15")
    elif split_seed is not None:
        fail("split_seed", "be left out without `split`", split_seed)
    counts = {part: np.bincount(own, minlength=len(names)) for part, own in labels.items()}
    for part, count in counts.items():
        if not count.all():
            lacking = int(count.argmin())
            fail(f"{part}_labels", "hold every class", f"none of {lacking} ({names[lacking]})")
    images, limits = scale(images)
    least = int(counts["train"].min())
    if "validation" in labels:
        held_out = int(counts["validation"].min())
        own = labels["validation"]
        first = [np.flatnonzero(own == label)[:held_out] for label in range(len(names))]
        rows = np.sort(np.concatenate(first))
        for arrays in (images, labels):
            arrays["train"] = np.concatenate([arrays["train"], arrays["validation"][rows]])
    else:
        held_out = min(_MOST, max(1, round(_HELD_OUT * least)))
        least -= held_out
    if least < 1:
        fail("train_images", "be two of every class or more, of which one is for validation", "one")
    arrays = {name: {"images": images, "labels": labels}[name[-6:]][name[:-7]] for name in PARTS}
    facts = {
        "label": label,
        "class_names": list(names),
        "image_shape": list(images["train"].shape[1:]),
        "train_images": -(-len(labels["train"]) // len(names)),
        "train_per_class": min(least, _MOST),
        "validation_per_class": held_out,
        "test_per_class": int(counts["test"].min()),
        "digest": digest(arrays),
    }
    return Arranged(facts | {name: own.tolist() for name, own in limits.items()}, arrays, origin)


def _images(parts: Mapping[str, Any]) -> Arrays:
    arrays = {part: _form(f"{part}_images", images) for part, images in parts.items()}
    first = arrays["train"]
    for part, images in arrays.items():
        if (images.shape[1:], images.dtype) != (first.shape[1:], first.dtype):
            must = f"be {first.dtype} of shape (N, {', '.join(map(str, first.shape[1:]))})"
            given = f"{images.dtype} of shape {images.shape}"
            fail(f"{part}_images", f"{must}, like the train images", given)
    return arrays


def _form(name: str, images: Any) -> np.ndarray:
    """uint8, or float32 in [0, 1]; features other than bytes stay numbers of any size."""
    images = np.asarray(check_array(name, images, kinds="biuf"))
    images = images[..., 0] if images.ndim == 4 and images.shape[-1] == 1 else images
    in_colour = images.ndim == 4 and images.shape[-1] == 3
    if not images.size or (images.ndim not in (2, 3) and not in_colour):
        must = "hold images (N, H, W), (N, H, W, 3) or (N, F)"
        fail(name, must, f"shape {images.shape}", "channels come last")
    images = images * np.uint8(255) if images.dtype == bool else images
    if images.ndim == 2 and images.dtype != np.uint8:
        return images.astype(np.float64)
    low, high, most = images.min(), images.max(), 1 if images.dtype.kind == "f" else 255
    if low < 0 or high > most:
        advice = "divide them by 255" if most == 1 and 0 <= low and high <= 255 else ""
        must = f"lie from 0 to {most} where they are {images.dtype}"
        fail(name, must, f"{low} to {high}", advice)
    return images.astype(np.float32 if most == 1 else np.uint8)


def _labels(parts: Mapping[str, Any], names: Any) -> tuple[Arrays, tuple[str, ...]]:
    """Numbers from 0, and names of the classes: by default texts in natural order, or numbers."""
    arrays = {part: np.asarray(labels) for part, labels in parts.items()}
    for part, labels in arrays.items():
        arrays[part] = labels[:, 0] if labels.shape[1:] == (1,) else labels
        if arrays[part].ndim != 1 or labels.dtype.kind not in "iuU":
            fail(f"{part}_labels", "be (N,) integers or texts", shown(labels))
    train = arrays["train"]
    are_texts = train.dtype.kind == "U"
    if names is None:
        highest = 0 if are_texts else min(int(train.max(initial=0)), _MOST_CLASSES - 1)
        names = sorted(set(train.tolist()), key=natural) if are_texts else range(highest + 1)
        names = [*map(str, names)]
    names = tuple(check_list("class_names", names, str, "texts"))
    if not 2 <= len(names) <= _MOST_CLASSES or len(set(names)) < len(names):
        fail("class_names", f"be 2 to {_MOST_CLASSES} different names", shown(names))
    for name in names:
        if not name.strip() or len(name) > _LONGEST or not name.isprintable():
            fail("class_names", f"be 1 to {_LONGEST} printable letters each", shown(name))
    numbers = {name if are_texts else number: number for number, name in enumerate(names)}
    for part, labels in arrays.items():
        strange = [label for label in dict.fromkeys(labels.tolist()) if label not in numbers]
        if strange:
            must = f"be classes of the train images, {', '.join(map(str, numbers))[:100]}"
            fail(f"{part}_labels", must, shown(strange[0]))
        arrays[part] = np.array([numbers[label] for label in labels.tolist()], np.int32)
    return arrays, names


def natural(name: str) -> tuple[bool, int, str]:
    """Sorts numbers by size, before other names."""
    is_number = name.isascii() and name.isdigit() and len(name) < 10
    return not is_number, int(name) if is_number else 0, name


def _chosen(arrays: Arrays, rows: Arrays) -> Arrays:
    """Rows by part, of the arrays of all parts together."""
    every = np.concatenate([*arrays.values()])
    return {part: every[chosen] for part, chosen in rows.items()}


def _split(labels: np.ndarray, names: tuple[str, ...], split: Any, seed: Any) -> tuple[Arrays, str]:
    """Which rows go where, every class in the same shares; and how, for a reader."""
    seed = check_seed("split_seed", 0 if seed is None else seed)
    shares = check_list("split", split, (int, float), "three numbers")
    if len(shares) != 3 or not all(0 < one < 1 for one in shares) or abs(sum(shares) - 1) > 1e-9:
        must = "be three shares above 0 that sum to 1, of train, validation and test images"
        fail("split", must, shown(shares), "such as 0.7,0.15,0.15")
    rows: dict[str, list[np.ndarray]] = {part: [] for part in _SPLITS}
    for label, name in enumerate(names):
        # A seed of its own for each class: what others hold does not matter.
        own = np.random.default_rng((seed, label)).permutation(np.flatnonzero(labels == label))
        cuts = np.round(np.cumsum(shares[:2]) * len(own)).astype(int)
        for part, chosen in zip(rows, np.split(own, cuts), strict=True):
            if not len(chosen):
                given = f"{shown(shares)} of {len(own)} of class {label} ({name})"
                fail("split", f"leave {part} images of every class", given)
            rows[part].append(chosen)
    how = f"{','.join(f'{one:g}' for one in shares)} by seed {seed}"
    return {part: np.sort(np.concatenate(chosen)) for part, chosen in rows.items()}, how


def scale(parts: Arrays) -> tuple[Arrays, Arrays]:
    """Features brought to [0, 1] by minimum and maximum of the train rows, if they are not there.

    >>> parts, limits = scale({"train": np.array([[1.0], [3.0]]), "test": np.array([[9.0]])})
    >>> parts["test"].tolist(), limits["maximum"].tolist()
    ([[1.0]], [3.0])
    """
    rows = parts["train"]
    if rows.dtype != np.float64:
        return parts, {}
    if all(0 <= one.min() and one.max() <= 1 for one in parts.values()):
        return {part: one.astype(np.float32) for part, one in parts.items()}, {}
    low, high = rows.min(0), rows.max(0)
    # What is the same in all train rows says nothing.
    width = np.where(high > low, high - low, np.inf)
    scaled = {p: np.clip((one - low) / width, 0, 1).astype(np.float32) for p, one in parts.items()}
    return scaled, {"minimum": low, "maximum": high}
