"""Balanced, disjoint train, validation and test sets of some classes.

Wherever images keep an order it is that of the published files. The validation set is the last
images of each class in the train split: it depends neither on how many images a student trains
on nor on the seed that picks them, so one teacher is blind to it for all its students.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int32

from jqkd._checks import (
    check_array,
    check_choice,
    check_integer,
    check_seed,
    check_type,
    fail,
    shown,
)
from jqkd.data.dataset import Dataset
from jqkd.data.images import check_images

Part = Literal["train", "test"]


@dataclass(frozen=True, eq=False)
class Subset:
    """Some images of one split, in the order of the published files.

    Attributes:
        images: (N, H, W), (N, H, W, channels) or (N, F), in [0, 1].
        labels: 0 to C - 1: the position of the class among the chosen ones.
        ids: the image's position within its split; names it for good.
        part: the split that ``ids`` counts in.

    Raises:
        InputError: arrays of another shape or dtype, or images outside [0, 1].
    """

    images: Float32[np.ndarray, "N ..."]
    labels: Int32[np.ndarray, " N"]
    ids: Int32[np.ndarray, " N"]
    part: Part

    def __post_init__(self) -> None:
        images, labels = check_images(self.images, self.labels)
        if not np.issubdtype(images.dtype, np.floating):
            given = f"dtype {images.dtype}"
            fail("images", "be floating point in [0, 1]", given, "divide them by 255")
        ids = np.asarray(check_array("ids", self.ids, labels.shape, kinds="iu"))
        check_choice("part", self.part, ("train", "test"))
        arrays = {"images": images.astype(np.float32, copy=False), "labels": labels}
        for name, array in (arrays | {"ids": ids.astype(np.int32, copy=False)}).items():
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Splits:
    """Three disjoint sets; ``train`` and ``validation`` are of the train split."""

    train: Subset
    validation: Subset
    test: Subset

    def __post_init__(self) -> None:
        for name in ("train", "validation", "test"):
            check_type(name, getattr(self, name), Subset, "a Subset")


def student_splits(
    dataset: Dataset,
    classes: Sequence[int],
    *,
    per_class: int | None = None,
    validation_per_class: int | None = None,
    test_per_class: int | None = None,
    selection: str = "first",
    seed: int = 0,
) -> Splits:
    """The same number of images of each class, in three disjoint sets.

    Args:
        dataset: where the images come from.
        classes: class numbers, ascending; label k of the result is ``classes[k]``.
        per_class: train images a class; by default what the data set says, like the next two.
        validation_per_class: validation images a class, the last ones of the train split.
        test_per_class: test images a class.
        selection: train and test images are the first of each class, or random ones.
        seed: picks the random images; a smaller ``per_class`` is part of a larger one.

    Raises:
        InputError: a class has too few images, or an argument is out of range.

    >>> from jqkd.data.dataset import load
    >>> splits = student_splits(load("digits"), (0, 1, 2))
    >>> len(splits.train), len(splits.validation), len(splits.test)
    (300, 60, 150)
    """
    classes = _checked_classes(dataset, classes)
    check_choice("selection", selection, ("first", "random"))
    seed = check_seed("seed", seed)
    count = _count(dataset, "per_class", per_class)
    held_out = _count(dataset, "validation_per_class", validation_per_class)
    test_count = _count(dataset, "test_per_class", test_per_class)
    train, validation, test = [], [], []
    for label in classes:
        rest, last, tests = _positions(dataset, label, held_out)
        _check_enough(dataset, label, "per_class", count, len(rest), held_out)
        _check_enough(dataset, label, "test_per_class", test_count, len(tests))
        train.append(_pick(rest, count, selection, (seed, 0, label)))
        validation.append(last)
        test.append(_pick(tests, test_count, selection, (seed, 1, label)))
    return _splits(dataset, classes, train, validation, test)


def teacher_splits(
    dataset: Dataset, classes: Sequence[int], *, validation_per_class: int | None = None
) -> Splits:
    """All images of the classes, except that the students' validation images are not trained on.

    Returns:
        train: every image of the train split but the validation images; validation: the very
        same images as the students'; test: the whole test split of the classes.

    Raises:
        InputError: a class has too few images.

    >>> from jqkd.data.dataset import load
    >>> len(teacher_splits(load("digits"), (0, 1, 2)).test)
    150
    """
    classes = _checked_classes(dataset, classes)
    held_out = _count(dataset, "validation_per_class", validation_per_class)
    positions = (_positions(dataset, label, held_out) for label in classes)
    return _splits(dataset, classes, *zip(*positions, strict=True))


def _checked_classes(dataset: Dataset, classes: Sequence[int]) -> tuple[int, ...]:
    """``classes`` as plain integers, if they are at least two existing classes, ascending."""
    check_type("dataset", dataset, Dataset, "a Dataset, as `load` returns one")
    known = range(len(dataset.class_names))
    # The length first: a range can be longer than all memory.
    listed = isinstance(classes, Sequence | np.ndarray) and 2 <= len(classes) <= len(known)
    if listed and all(isinstance(c, int | np.integer) and not isinstance(c, bool) for c in classes):
        numbers = tuple(map(int, classes))
        if numbers == tuple(sorted(set(numbers) & set(known))):
            return numbers
    must = f"be at least 2 ascending class numbers within 0-{len(known) - 1}"
    fail("classes", must, shown(classes))


def _count(dataset: Dataset, name: str, given: int | None) -> int:
    """``given``, else the data set's default; at least 1."""
    if given is None:
        if dataset.source is None:
            fail(name, f"be given for the data set {dataset.name!r}", "nothing")
        default = "train_per_class" if name == "per_class" else name
        return int(getattr(dataset.source, default))
    return check_integer(name, given, 1)


def _positions(
    dataset: Dataset, label: int, held_out: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A class in the train split: what may be trained on, and the last ones; and in the test split.

    Raises:
        InputError: nothing is left to train on beside the validation images.
    """
    positions = np.flatnonzero(dataset.train_labels == label)
    cut = len(positions) - held_out
    if cut < 1:
        count = len(positions)
        must = f"be at most {max(0, count - 1)}, all but one of the {count} train images of"
        fail("validation_per_class", f"{must} {_named(dataset, label)}", held_out)
    return positions[:cut], positions[cut:], np.flatnonzero(dataset.test_labels == label)


def _check_enough(
    dataset: Dataset, label: int, name: str, needed: int, available: int, held_out: int = 0
) -> None:
    """The class has as many images as are asked for."""
    if needed > available:
        split = "test" if name == "test_per_class" else "train"
        apart = f", {held_out} of them for validation" if held_out else ""
        must = f"be at most {available}: {_named(dataset, label)} has {available + held_out}"
        fail(name, f"{must} {split} images{apart}", needed)


def _named(dataset: Dataset, label: int) -> str:
    return f"class {label} ({dataset.class_names[label]}) of {dataset.name}"


def _pick(
    positions: np.ndarray, count: int, selection: str, seed: tuple[int, int, int]
) -> np.ndarray:
    """``count`` of the positions: the first ones, or the head of a random order."""
    if selection == "random":
        # A seed of its own for each class: what else is chosen does not matter.
        positions = np.random.default_rng(seed).permutation(positions)
    return positions[:count]


def _splits(dataset: Dataset, classes: tuple[int, ...], *positions: Sequence[np.ndarray]) -> Splits:
    """Of positions of train, validation and test images, class by class."""
    parts: tuple[Part, ...] = ("train", "train", "test")
    subsets = zip(parts, positions, strict=True)
    return Splits(*(_subset(dataset, classes, part, rows) for part, rows in subsets))


def _subset(
    dataset: Dataset, classes: tuple[int, ...], part: Part, positions: Sequence[np.ndarray]
) -> Subset:
    """The images at ``positions``, in the order of the split."""
    ids = np.sort(np.concatenate(positions)).astype(np.int32)
    images, labels = (getattr(dataset, f"{part}_{what}") for what in ("images", "labels"))
    chosen = images[ids].astype(np.float32)
    if images.dtype == np.uint8:
        chosen /= np.float32(255)
    numbers = np.searchsorted(np.array(classes), labels[ids]).astype(np.int32)
    return Subset(chosen, numbers, ids, part)
