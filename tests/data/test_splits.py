"""Subsets: balanced, disjoint, traceable to their image, and the same for teacher and student."""

from __future__ import annotations

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.data import Dataset, check_images, student_splits, teacher_splits

CLASSES = (0, 2, 3)
SIZES = {"per_class": 5, "validation_per_class": 3, "test_per_class": 4}


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Four classes in a mixed order; every image carries its own position in two pixels."""
    generator = np.random.default_rng(7)

    def part(each: int) -> tuple[np.ndarray, np.ndarray]:
        labels = generator.permutation(np.repeat(np.arange(4), each)).astype(np.int32)
        images = np.zeros((len(labels), 28, 28), np.uint8)
        images[:, 0, 0] = np.arange(len(labels))
        images[:, 27, 27] = labels
        return images, labels

    return Dataset("mine", *part(20), *part(10), ("a", "b", "c", "d"), "")


def traced(subset) -> np.ndarray:
    return np.round(subset.images[:, 0, 0] * 255).astype(int)


@pytest.mark.parametrize("selection", ["first", "random"])
def test_balanced_disjoint_and_traceable(dataset, selection):
    splits = student_splits(dataset, CLASSES, selection=selection, seed=3, **SIZES)
    for subset, size in zip((splits.train, splits.validation, splits.test), (5, 3, 4), strict=True):
        assert len(subset) == 3 * size
        assert subset.images.dtype == np.float32 and subset.labels.dtype == np.int32
        np.testing.assert_array_equal(np.bincount(subset.labels), [size] * 3)
        np.testing.assert_array_equal(traced(subset), subset.ids)
        drawn = np.round(subset.images[:, 27, 27] * 255).astype(int)
        np.testing.assert_array_equal(np.array(CLASSES)[subset.labels], drawn)
        assert (np.diff(subset.ids) > 0).all()
    assert not set(splits.train.ids) & set(splits.validation.ids)
    assert [splits.train.part, splits.validation.part, splits.test.part] == ["train"] * 2 + ["test"]


def test_first_and_last_in_file_order(dataset):
    splits = student_splits(dataset, CLASSES, **SIZES)
    for k, label in enumerate(CLASSES):
        own = [i for i, other in enumerate(dataset.train_labels) if other == label]
        tested = [i for i, other in enumerate(dataset.test_labels) if other == label]
        assert list(splits.train.ids[splits.train.labels == k]) == own[:5]
        assert list(splits.validation.ids[splits.validation.labels == k]) == own[-3:]
        assert list(splits.test.ids[splits.test.labels == k]) == tested[:4]


def test_random_depends_on_the_seed_alone(dataset):
    def chosen(seed, classes=CLASSES, per_class=5):
        sizes = SIZES | {"per_class": per_class}
        train = student_splits(dataset, classes, selection="random", seed=seed, **sizes).train
        return {int(i) for i in train.ids if dataset.train_labels[i] == 2}

    assert chosen(1) == chosen(1) == chosen(1, classes=(1, 2))
    assert chosen(1) != chosen(2)
    assert chosen(1, per_class=4) < chosen(1)


@pytest.mark.parametrize("seed", range(3))
def test_teacher_leaves_out_the_students_validation_images(dataset, seed):
    student = student_splits(dataset, CLASSES, selection="random", seed=seed, **SIZES)
    teacher = teacher_splits(dataset, CLASSES, validation_per_class=3)
    np.testing.assert_array_equal(teacher.validation.ids, student.validation.ids)
    assert not set(teacher.train.ids) & set(student.validation.ids)
    assert set(student.train.ids) <= set(teacher.train.ids)
    assert len(teacher.train) == 3 * 17 and len(teacher.test) == 3 * 10


def test_scaled_to_one():
    images = np.tile(np.arange(256, dtype=np.uint8)[:, None, None], (1, 28, 28))
    labels = (np.arange(256) % 2).astype(np.int32)
    own = Dataset("mine", images, labels, images, labels, ("a", "b"), "")
    test = teacher_splits(own, (0, 1), validation_per_class=1).test
    np.testing.assert_allclose(test.images[:, 3, 4], np.arange(256) / 255, rtol=1e-7)
    assert test.images.max() == 1.0 and test.images.min() == 0.0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"per_class": 18}, r"`per_class` must be at most 17: class 0 \(a\) of mine has 20 train"),
        ({"test_per_class": 11}, r"at most 10: class 0 \(a\) of mine has 10 test images, but 11"),
        ({"per_class": 0}, "at least 1"),
        ({"selection": "best"}, "first, random"),
        ({"seed": -1}, "`seed` must be an integer from 0"),
        ({"per_class": None}, "be given for the data set 'mine'"),
    ],
)
def test_what_cannot_be_split_is_explained(dataset, change, says):
    with pytest.raises(InputError, match=says):
        student_splits(dataset, CLASSES, **(SIZES | change))


@pytest.mark.parametrize("classes", [(0,), (0, 4), (2, 0), (1, 1), (-1, 2)])
def test_classes_that_do_not_exist(dataset, classes):
    with pytest.raises(InputError, match="ascending class numbers within 0-3"):
        student_splits(dataset, classes, **SIZES)


GOOD = np.zeros((3, 28, 28), np.uint8)


@pytest.mark.parametrize(
    ("images", "labels", "says"),
    [
        (np.zeros((3, 32, 32), np.uint8), [0, 1, 2], r"shape \(N, 28, 28\), but shape \(3, 32, 32"),
        (np.zeros((3, 28, 28, 3), np.uint8), [0, 1, 2], r"but shape \(3, 28, 28, 3\)"),
        (np.zeros(3, np.uint8), [0, 1, 2], r"shape \(N, 28, 28\), but shape \(3,\)"),
        (GOOD.astype(np.int64), [0, 1, 2], "dtype int64"),
        (GOOD + np.float32(7), [0, 1, 2], "a range of 7 to 7"),
        (GOOD + np.float32(np.nan), [0, 1, 2], r"lie in \[0, 1\]"),
        (GOOD, [0, 1], r"shape \(3,\) like the images, but shape \(2,\)"),
        (GOOD, [0.0, 1.0, 2.0], "be integers, but dtype float64"),
        (GOOD, [0, -1, 2], "be 0 or more, but -1"),
    ],
)
def test_images_of_another_kind_are_refused(images, labels, says):
    with pytest.raises(InputError, match=says):
        check_images(images, np.array(labels), image_shape=(28, 28))


def test_good_images_pass():
    check_images(GOOD, np.array([0, 1, 2]))
    check_images(GOOD + np.float32(1), np.array([0, 1, 2]))
