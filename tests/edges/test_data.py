"""Wrong calls of ``jqkd.data``, each refused in one sentence; unusual ones that are right."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from jqkd.data import (
    Dataset,
    Splits,
    Subset,
    check_images,
    load,
    parse_classes,
    student_splits,
    teacher_splits,
    view,
)
from tests.edges.wrong import check_refused

NAN, INF = float("nan"), float("inf")
IMAGES = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
LABELS = np.arange(40, dtype=np.int32) % 4
FLOATS = (IMAGES / 255).astype(np.float32)
GOOD = {
    "name": "own",
    "train_images": IMAGES,
    "train_labels": LABELS,
    "test_images": IMAGES[:20],
    "test_labels": LABELS[:20],
    "class_names": ("a", "b", "c", "d"),
    "digest": "",
}
DATA = Dataset(**GOOD)
SIZES = {"per_class": 5, "validation_per_class": 2, "test_per_class": 3}
SUBSET = {"images": FLOATS, "labels": LABELS, "ids": np.arange(40), "part": "train"}
TRAIN = Subset(**SUBSET)


def dataset(**changes):
    return lambda: Dataset(**(GOOD | changes))


def subset(**changes):
    return lambda: Subset(**(SUBSET | changes))


def split(classes=(0, 1), data=DATA, **changes):
    return lambda: student_splits(data, classes, **(SIZES | changes))


def spoilt(value, dtype=np.float32):
    images = FLOATS.astype(dtype)
    images[3, 4, 5] = value
    return images


WRONG = {
    # A data set of one's own.
    "dataset name of no text": (dataset(name=3), "`name` must be a text, but 3"),
    "dataset digest None": (dataset(digest=None), "`digest` must be a text, but None"),
    "dataset of ints": (dataset(train_images=IMAGES.astype(int)), "`train_images` .*dtype int64"),
    "dataset of flags": (dataset(test_images=IMAGES > 9), "`test_images` must hold .*dtype bool"),
    "dataset of 0 to 255": (
        dataset(train_images=IMAGES.astype(np.float32)),
        r"`train_images` must lie in \[0, 1\] .* but a range of 0 to 255",
    ),
    "dataset of negatives": (dataset(test_images=spoilt(-0.5)[:20]), "a range of -0.5 to 1"),
    "dataset with NaN": (dataset(train_images=spoilt(NAN)), r"must lie in \[0, 1\].*nan"),
    "dataset with infinity": (dataset(train_images=spoilt(INF)), r"must lie in \[0, 1\].*inf"),
    "dataset of other pixels": (
        dataset(test_images=IMAGES[:20, :14]),
        r"`test_images` must have shape \(N, 28, 28\), but shape \(20, 14, 28\)",
    ),
    "dataset of one image": (
        dataset(train_images=IMAGES[0, 0]),
        r"channels\) or \(N, F\), but shape \(28,\)",
    ),
    "dataset of colours": (
        dataset(test_images=np.zeros((20, 28, 28, 3), np.uint8)),
        r"`test_images` must have shape \(N, 28, 28\), but shape \(20, 28, 28, 3\)",
    ),
    "dataset of films": (
        dataset(train_images=np.zeros((40, 2, 8, 8, 3), np.uint8)),
        r"`train_images` must have shape \(N, H, W\), \(N, H, W, channels\) or \(N, F\)",
    ),
    "dataset of no pixels": (
        dataset(train_images=IMAGES[:, :0]),
        r"`train_images` must have shape .*but shape \(40, 0, 28\)",
    ),
    "dataset of ragged lists": (
        dataset(train_images=[[1, 2], [3]]),
        "`train_images` must be an array of numbers",
    ),
    "dataset of text": (dataset(train_images="images"), "`train_images` must hold"),
    "dataset of None": (dataset(train_images=None), "`train_images` must "),
    "dataset lengths": (
        dataset(train_labels=LABELS[:39]),
        r"`train_labels` must have shape \(40,\) like the images, but shape \(39,\)",
    ),
    "dataset labels too large": (
        dataset(test_labels=LABELS[:20] + 1),
        "`test_labels` must be at most 3, but 4",
    ),
    "dataset labels below 0": (dataset(train_labels=LABELS - 1), "`train_labels` .*more, but -1"),
    "dataset labels of floats": (dataset(train_labels=LABELS / 1), "be integers, but dtype float"),
    "dataset labels of flags": (dataset(train_labels=LABELS > 1), "`train_labels` .*dtype bool"),
    "dataset labels one-hot": (dataset(train_labels=np.eye(4)[LABELS]), r"shape \(40, 4\)"),
    "dataset names as text": (dataset(class_names="abcd"), "`class_names` must be a list of texts"),
    "dataset names of numbers": (dataset(class_names=(0, 1, 2, 3)), "`class_names` .* one with 0"),
    "dataset of one class": (dataset(class_names=("a",)), "`class_names` must name at least 2"),
    "dataset too few names": (dataset(class_names=("a", "b")), "`train_labels` must be at most 1"),
    # A subset.
    "subset of bytes": (
        subset(images=IMAGES),
        "`images` must be floating point .*uint8 was given; divide them by 255",
    ),
    "subset of 0 to 255": (subset(images=FLOATS * 255), r"`images` must lie in \[0, 1\]"),
    "subset with NaN": (subset(images=spoilt(NAN)), r"`images` must lie in \[0, 1\]"),
    "subset ids short": (subset(ids=np.arange(3)), r"`ids` must have shape \(40,\), but .*\(3,\)"),
    "subset ids of floats": (subset(ids=LABELS / 1), "`ids` must hold integers, but dtype float64"),
    "subset labels short": (subset(labels=LABELS[:3]), r"`labels` must have shape \(40,\)"),
    "subset part": (subset(part="validation"), "`part` must be one of train, test, but 'validat"),
    "splits of arrays": (
        lambda: Splits(FLOATS, TRAIN, TRAIN),
        r"`train` must be a Subset, but an array of shape \(40, 28, 28\)",
    ),
    "splits of None": (lambda: Splits(TRAIN, None, TRAIN), "`validation` must .* but None"),
    # Splits.
    "classes as text": (split("0-1"), "`classes` must be at least 2 ascending .* but '0-1'"),
    "classes of floats": (split((0.0, 1.0)), r"`classes` .*but \(0.0, 1.0\)"),
    "classes of flags": (split((False, True)), r"`classes` .*but \(False, True\)"),
    "classes of texts": (split(("0", "1")), "`classes` must be at least 2 ascending"),
    "one class": (split((0,)), r"`classes` must be at least 2 .* but \(0,\)"),
    "no classes": (split(()), "`classes` must be at least 2 ascending"),
    "classes descending": (split((1, 0)), r"within 0-3, but \(1, 0\)"),
    "a class twice": (split((1, 1)), r"within 0-3, but \(1, 1\)"),
    "class beyond": (split((0, 4)), r"within 0-3, but \(0, 4\)"),
    "class below": (split((-1, 2)), r"within 0-3, but \(-1, 2\)"),
    "classes without end": (split(range(10**15)), r"within 0-3, but range\(0, 10{15}\)"),
    "classes as a set": (split({0, 1}), r"`classes` .*but \{0, 1\}"),
    "classes None": (split(None), "`classes` must be .*but None"),
    "classes an int": (split(2), "`classes` must be .*but 2"),
    "dataset by name": (split(data="digits"), "`dataset` must be a Dataset.*but 'digits'"),
    "dataset by None": (lambda: teacher_splits(None, (0, 1)), "`dataset` must be a Dataset"),
    "teacher's classes": (lambda: teacher_splits(DATA, (0, 9)), r"within 0-3, but \(0, 9\)"),
    "teacher's validation": (
        lambda: teacher_splits(DATA, (0, 1), validation_per_class=10),
        r"`validation_per_class` must be at most 9, all but one of the 10 .* class 0 \(a\)",
    ),
    "too many to train on": (
        split(per_class=9),
        r"`per_class` must be at most 8: class 0 \(a\) of own has 10 train images, 2 of them",
    ),
    "far too many": (split(per_class=10**12), "`per_class` must be at most 8"),
    "too many to test": (split(test_per_class=6), "`test_per_class` must be at most 5: .* but 6"),
    "too many to hold out": (split(validation_per_class=10), "`validation_per_class` must be at m"),
    "selection": (split(selection="best"), "`selection` must be one of first, random"),
    "selection None": (split(selection=None), "`selection` must be one of .* but None"),
    "seed below": (split(seed=-1), "`seed` must be an integer from 0 to 4294967295, but -1"),
    "seed beyond": (split(seed=2**32), "`seed` must .*but 4294967296"),
    "seed of text": (split(seed="1"), "`seed` must be an integer .* but '1'"),
    "seed a fraction": (split(seed=1.0), "`seed` must be an integer .* but 1.0"),
    "seed None": (split(seed=None), "`seed` must be an integer"),
    "no default": (split(per_class=None), "`per_class` must be given for the data set 'own'"),
    # Views.
    "view of an array": (lambda: view(FLOATS, "none", 0), "`subset` must be a Subset"),
    "view of nothing": (
        lambda: view(Subset(FLOATS[:0], LABELS[:0], LABELS[:0], "train"), "none", 0),
        "`subset` must hold at least one image",
    ),
    "view unknown": (lambda: view(TRAIN, "flip", 0), "`augmentation` must be one of none"),
    "view None": (lambda: view(TRAIN, None, 0), "`augmentation` must .* but None"),
    "view of moved features": (
        lambda: view(Subset(**(SUBSET | {"images": FLOATS[:, 0]})), "affine+mixup", 0),
        r"`augmentation` must be one of none, half-mixup, mixup where images are features",
    ),
    "view number below": (lambda: view(TRAIN, "mixup", -1), "`number` must .*least 0, but -1"),
    "view number a fraction": (lambda: view(TRAIN, "none", 0.5), "`number` must .* but 0.5"),
    "view number NaN": (lambda: view(TRAIN, "none", NAN), "`number` must .* but nan"),
    "view number a flag": (lambda: view(TRAIN, "none", True), "`number` must .* but True"),
    "view number text": (lambda: view(TRAIN, "none", "1"), "`number` must .* but '1'"),
    # Images and labels of any kind.
    "images None": (lambda: check_images(None, [0]), "`images` must "),
    "images of text": (lambda: check_images(["a"], [0]), "`images` must hold"),
    "labels of text": (lambda: check_images(IMAGES[:1], ["a"]), "`labels` must hold"),
    "labels beyond 32 bits": (
        lambda: check_images(IMAGES[:1], [2**40]),
        "`labels` must be at most 2147483647, but 1099511627776",
    ),
    # Names, folders and classes as text.
    "load nothing": (lambda: load(None), "`dataset` must be one of mnist, .* but None"),
    "load a misspelt one": (lambda: load("digit"), "perhaps 'digits' is meant"),
    "load a number": (lambda: load(0), "`dataset` must be one of mnist"),
    "load a list": (lambda: load(["digits"]), r"`dataset` must be one of .*\['digits'\]"),
    "data_dir a number": (lambda: load("digits", data_dir=3), "`data_dir` must be a path, but 3"),
    "data_dir empty": (lambda: load("mnist", data_dir=""), "`data_dir` must be a path, but ''"),
    "cache_dir a number": (lambda: load("digits", cache_dir=1.5), "`cache_dir` must be a path"),
    "cache_dir with a zero": (lambda: load("digits", cache_dir="a\0b"), "`cache_dir` must be a"),
} | {
    f"classes {text!r:.20}": (lambda text=text: parse_classes(text), f"`classes` must {must}")
    for text, must in {
        "": "be class numbers such as 0-5",
        "0-": "be class numbers such as .*'0-'",
        "-5": "be class numbers such as .*'-5'",
        "0-2-4": "be class numbers such as",
        "0;1": "be class numbers such as .*'0;1'",
        "0,,1": "be class numbers such as",
        "0.5,1": "be class numbers such as",
        "a-b": "be class numbers such as",
        "٠,١": "be class numbers such as",
        "5-0": "be ranges from low to high, but '5-0' was given; write 0-5",
        "0,0": "name each class once, but '0,0'",
        "0-2,1": "name each class once",
        "3": "name at least 2 classes, but '3'",
        "0-10": "stay within 0-9, but '0-10'",
        "0-999999999": "stay within 0-9",
        "0-5," * 10**6: "have at most 1000 characters",
        (0, 1, 2): r"be a text such as 0-5 or 0,2,4, but \(0, 1, 2\)",
        5: "be a text such as .* but 5",
        None: "be a text such as .* but None",
        b"0-5": "be a text such as",
    }.items()
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls_are_refused(name):
    check_refused(*WRONG[name])


def test_a_count_that_is_no_integer_is_refused_wherever_it_is_given():
    for field in SIZES:
        for value in ("5", 5.0, 1.5, True, NAN, INF, [5], 0, -1, -(10**30)):
            given = re.escape(f"but {value!r}")
            check_refused(split(**{field: value}), f"`{field}` must be an integer .*{given}")


def test_available_classes_are_a_number():
    for value in ("10", 0, -1, 2.5, None, 10**9):
        check_refused(lambda value=value: parse_classes("0-1", value), "`available` must be an int")


# --- unusual, and right -----------------------------------------------------------------------


def same(a: Splits, b: Splits) -> bool:
    pairs = ((getattr(a, part), getattr(b, part)) for part in ("train", "validation", "test"))
    return all(
        np.array_equal(getattr(x, name), getattr(y, name))
        for x, y in pairs
        for name in ("images", "labels", "ids")
    )


WANTED = student_splits(DATA, (0, 1), **SIZES)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_images_as_floats_are_used_as_they_are(dtype):
    images = {f"{part}_images": (GOOD[f"{part}_images"] / 255).astype(dtype) for part in PARTS}
    splits = student_splits(Dataset(**(GOOD | images)), (0, 1), **SIZES)
    assert splits.train.images.dtype == np.float32
    # Half precision has eleven bits.
    tolerance = 1e-3 if dtype == np.float16 else 1e-6
    np.testing.assert_allclose(splits.train.images, WANTED.train.images, atol=tolerance)
    assert splits.train.images.max() > 0.99


PARTS = ("train", "test")


@pytest.mark.parametrize(
    "call",
    [
        split([0, 1]),
        split(np.array([0, 1])),
        split((np.int64(0), np.uint8(1))),
        split(range(2)),
        split(**{name: np.int64(size) for name, size in SIZES.items()}),
        split(seed=np.uint32(2**32 - 1)),
        split(seed=2**32 - 1),
        split(data=dataset(class_names=list("abcd"))()),
        split(data=dataset(train_labels=LABELS.tolist(), test_labels=LABELS[:20].tolist())()),
        split(data=dataset(train_labels=LABELS.astype(np.uint8))()),
    ],
)
def test_other_types_of_the_same_numbers_give_the_same_images(call):
    assert same(call(), WANTED)


def test_all_images_may_be_used():
    splits = split(per_class=8, test_per_class=5)()
    assert [len(getattr(splits, part)) for part in ("train", "validation", "test")] == [16, 4, 10]
    most = teacher_splits(DATA, (0, 1), validation_per_class=9)
    assert len(most.train) == 2 and len(most.validation) == 18


def test_views_of_numbers_of_other_types_are_the_same():
    for number in (np.int64(7), np.uint8(7)):
        (a, x), (b, y) = view(TRAIN, "affine+mixup", number), view(TRAIN, "affine+mixup", 7)
        assert np.array_equal(a.images, b.images) and np.array_equal(x, y)
    assert view(TRAIN, "mixup", 10**30)[0].images.shape == FLOATS.shape


def test_a_subset_holds_single_precision():
    kept = dataclasses.replace(TRAIN, images=FLOATS.astype(np.float64), labels=LABELS.tolist())
    assert (kept.images.dtype, kept.labels.dtype, kept.ids.dtype) == (np.float32, *[np.int32] * 2)


@pytest.mark.parametrize(
    ("text", "classes"), [(" 0 - 1 , 3", (0, 1, 3)), ("5,0", (0, 5)), ("0-0,1", (0, 1))]
)
def test_classes_may_have_spaces_and_any_order(text, classes):
    assert parse_classes(text) == parse_classes(text, np.int64(10)) == classes


def test_paths_may_be_texts_and_paths(tmp_path):
    for folder in (str(tmp_path), Path(tmp_path)):
        assert len(load("digits", cache_dir=folder, data_dir=folder).train_labels) > 1000
