"""Balanced, disjoint train, validation and test sets of some classes.

Wherever images keep an order it is that of the published files. The validation set is the last
images of each class in the train split: it depends neither on how many images a student trains
on nor on the seed that picks them, so one teacher is blind to it for all its students.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal

import numpy as np

from jqkd._checks import InputError, check_choice, check_integer, fail
from jqkd.data.sources import DATASETS, Dataset

Part = Literal["train", "test"]
Selection = Literal["first", "random"]


@dataclass(frozen=True, eq=False)
class Subset:
    """Some images of one split, in the order of the published files.

    Attributes:
        images: (N, 28, 28) float32 in [0, 1].
        labels: (N,) int32 in 0..C-1: the position of the class among the chosen ones.
        ids: (N,) int32, the image's position within its split; names it for good.
        part: the split that ``ids`` counts in.
    """

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray
    part: Part

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Splits:
    """Three disjoint sets; ``train`` and ``validation`` are of the train split."""

    train: Subset
    validation: Subset
    test: Subset


def student_splits(
    dataset: Dataset,
    classes: tuple[int, ...],
    *,
    per_class: int | None = None,
    validation_per_class: int | None = None,
    test_per_class: int | None = None,
    selection: Selection = "first",
    seed: int = 0,
) -> Splits:
    """The same number of images of each class, in three disjoint sets.

    Args:
        dataset: where the images come from.
        classes: class numbers, ascending; label k of the result is ``classes[k]``.
        per_class: train images a class; by default what ``DATASETS`` says, like the next two.
        validation_per_class: validation images a class, the last ones of the train split.
        test_per_class: test images a class.
        selection: train and test images are the first of each class, or random ones.
        seed: picks the random images; a smaller ``per_class`` is part of a larger one.

    Raises:
        InputError: a class has too few images, or an argument is out of range.

    >>> from jqkd.data.sources import load
    >>> splits = student_splits(load("digits"), (0, 1, 2))
    >>> len(splits.train), len(splits.validation), len(splits.test)
    (300, 60, 150)
    """
    _check_classes(dataset, classes)
    check_choice("selection", selection, ("first", "random"))
    check_integer("seed", seed, 0)
    count = _count(dataset, "per_class", per_class)
    held_out = _count(dataset, "validation_per_class", validation_per_class)
    test_count = _count(dataset, "test_per_class", test_per_class)
    train, validation, test = [], [], []
    for label in classes:
        rest, last = _leave_out(dataset, label, held_out)
        available = np.flatnonzero(dataset.test_labels == label)
        _check_enough(dataset, label, "train", count + held_out, len(rest) + len(last))
        _check_enough(dataset, label, "test", test_count, len(available))
        train.append(_pick(rest, count, selection, (seed, 0, label)))
        validation.append(last)
        test.append(_pick(available, test_count, selection, (seed, 1, label)))
    return Splits(
        _subset(dataset, classes, "train", train),
        _subset(dataset, classes, "train", validation),
        _subset(dataset, classes, "test", test),
    )


def teacher_splits(
    dataset: Dataset,
    classes: tuple[int, ...],
    *,
    per_class: int | None = None,
    validation_per_class: int | None = None,
    test_per_class: int | None = None,
    selection: Selection = "first",
    seed: int = 0,
) -> Splits:
    """All images of the classes, except that the students' validation images are not trained on.

    It takes the arguments of ``student_splits``, so that one set of options serves both; of
    these only ``validation_per_class`` changes the result.

    Returns:
        train: every image of the train split but the validation images; validation: the very
        same images as the students'; test: the whole test split of the classes.

    Raises:
        InputError: a class has too few images.

    >>> from jqkd.data.sources import load
    >>> len(teacher_splits(load("digits"), (0, 1, 2)).test)
    150
    """
    del per_class, test_per_class, selection, seed
    _check_classes(dataset, classes)
    held_out = _count(dataset, "validation_per_class", validation_per_class)
    train, validation, test = [], [], []
    for label in classes:
        rest, last = _leave_out(dataset, label, held_out)
        _check_enough(dataset, label, "train", held_out + 1, len(rest) + len(last))
        train.append(rest)
        validation.append(last)
        test.append(np.flatnonzero(dataset.test_labels == label))
    return Splits(
        _subset(dataset, classes, "train", train),
        _subset(dataset, classes, "train", validation),
        _subset(dataset, classes, "test", test),
    )


def check_images(images: np.ndarray, labels: np.ndarray) -> None:
    """Refuse images and labels that are not what the models read.

    Args:
        images: (N, 28, 28), uint8 or floating point in [0, 1].
        labels: (N,) integers, 0 or more.

    >>> check_images(np.zeros((2, 28, 28), np.uint8), np.array([0, 1]))
    """
    images, labels = np.asarray(images), np.asarray(labels)
    if images.ndim != 3 or images.shape[1:] != (28, 28):
        advice = "bring the images to 28x28 pixels and one channel"
        fail("images", "have shape (N, 28, 28)", f"shape {images.shape}", advice)
    floating = np.issubdtype(images.dtype, np.floating)
    if images.dtype != np.uint8 and not floating:
        fail("images", "be uint8, or floating point in [0, 1]", f"dtype {images.dtype}")
    if floating and images.size and not (images.min() >= 0 and images.max() <= 1):
        given = f"a range of {images.min():g} to {images.max():g}"
        fail("images", "lie in [0, 1] where they are floating point", given)
    if labels.shape != images.shape[:1]:
        fail("labels", f"have shape ({len(images)},) like the images", f"shape {labels.shape}")
    if not np.issubdtype(labels.dtype, np.integer):
        fail("labels", "be integers", f"dtype {labels.dtype}")
    if labels.size and labels.min() < 0:
        fail("labels", "be 0 or more", int(labels.min()))


def _check_classes(dataset: Dataset, classes: tuple[int, ...]) -> None:
    """``classes`` are at least two existing classes, ascending."""
    last = len(dataset.class_names) - 1
    ascending = all(a < b for a, b in itertools.pairwise(classes))
    if len(classes) < 2 or not ascending or classes[0] < 0 or classes[-1] > last:
        fail("classes", f"be at least 2 ascending class numbers within 0-{last}", repr(classes))


def _count(dataset: Dataset, name: str, given: int | None) -> int:
    """``given``, else the data set's default; at least 1."""
    if given is None:
        if dataset.name not in DATASETS:
            fail(name, f"be given for the data set {dataset.name!r}", "nothing")
        default = "train_per_class" if name == "per_class" else name
        return int(getattr(DATASETS[dataset.name], default))
    check_integer(name, given, 1)
    return int(given)


def _leave_out(dataset: Dataset, label: int, held_out: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of a class in the train split: those that may be trained on, and the last ones."""
    positions = np.flatnonzero(dataset.train_labels == label)
    cut = max(0, len(positions) - held_out)
    return positions[:cut], positions[cut:]


def _check_enough(dataset: Dataset, label: int, part: Part, needed: int, available: int) -> None:
    """The class has as many images as are asked for."""
    if needed > available:
        wanted = f"{needed} (train and validation together)" if part == "train" else f"{needed}"
        raise InputError(
            f"Class {label} ({dataset.class_names[label]}) of {dataset.name} has {available} "
            f"{part} images, but {wanted} were asked for; ask for fewer images a class."
        )


def _pick(
    positions: np.ndarray, count: int, selection: Selection, seed: tuple[int, int, int]
) -> np.ndarray:
    """``count`` of the positions: the first ones, or the head of a random order."""
    if selection == "random":
        # A seed of its own for each class: what else is chosen does not matter.
        positions = np.random.default_rng(seed).permutation(positions)
    return positions[:count]


def _subset(
    dataset: Dataset, classes: tuple[int, ...], part: Part, positions: list[np.ndarray]
) -> Subset:
    """The images at ``positions``, in the order of the split."""
    ids = np.sort(np.concatenate(positions)).astype(np.int32)
    images, labels = (
        (dataset.train_images, dataset.train_labels)
        if part == "train"
        else (dataset.test_images, dataset.test_labels)
    )
    return Subset(
        images=images[ids].astype(np.float32) / np.float32(255),
        labels=np.searchsorted(np.array(classes), labels[ids]).astype(np.int32),
        ids=ids,
        part=part,
    )
