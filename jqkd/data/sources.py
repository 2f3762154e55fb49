"""The data sets: what they hold, and how to get one.

A data set is read from the decoded cache if it is there, else from its source, and cached then.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from jqkd._checks import InputError, check_choice, check_list, check_path, check_type, fail
from jqkd.data.cache import Arrays, cache_folder, digest, read_cache, write_cache
from jqkd.data.digits import read_digits
from jqkd.data.images import check_images
from jqkd.data.mnist import read_mnist

_NUMERALS = tuple("0123456789")
_GARMENTS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)


@dataclass(frozen=True)
class Facts:
    """What is known of a data set before it is loaded.

    Attributes:
        class_names: one name for each class, in the order of the labels.
        train_per_class: images a class that a student trains on by default.
        validation_per_class: images a class of the validation set by default.
        test_per_class: images a class of a student's test set by default.
        digest: SHA-256 of the decoded arrays; whatever the source, it must match.
    """

    class_names: tuple[str, ...]
    train_per_class: int
    validation_per_class: int
    test_per_class: int
    digest: str

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)


DATASETS: Mapping[str, Facts] = MappingProxyType(
    {
        "mnist": Facts(
            class_names=_NUMERALS,
            train_per_class=150,
            validation_per_class=150,
            test_per_class=150,
            digest="12e36daeb4c30174bb818e72f329e8ea6d34a1b9a49e70aaf6035312225ff4fe",
        ),
        "fashion_mnist": Facts(
            class_names=_GARMENTS,
            train_per_class=150,
            validation_per_class=150,
            test_per_class=150,
            digest="bc7d4233ea2e998fb71e41f434b759f8fcb7727c9b380426153ac15292dc5ef7",
        ),
        "digits": Facts(
            class_names=_NUMERALS,
            train_per_class=100,
            validation_per_class=20,
            test_per_class=50,
            digest="e3a11acf4bce530eb5fbb4549af8e426cd22db1abbf93dd919a79e22511bfc9b",
        ),
    }
)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A decoded data set, images in the order of the published files.

    Attributes:
        name: one of ``DATASETS``, or a name of your own.
        train_images: (N, 28, 28) uint8, or floating point in [0, 1], which is used as it is.
        train_labels: (N,) int32, 0 to C - 1.
        test_images: like ``train_images``.
        test_labels: (N,) int32, 0 to C - 1.
        class_names: one name for each of the C classes.
        digest: SHA-256 of the four arrays, hex.

    Raises:
        InputError: arrays that do not fit each other, other numbers in them.
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]
    digest: str

    def __post_init__(self) -> None:
        for name in ("name", "digest"):
            check_type(name, getattr(self, name), str, "a text")
        names = tuple(check_list("class_names", self.class_names, str, "texts"))
        if len(names) < 2:
            fail("class_names", "name at least 2 classes", self.class_names)
        object.__setattr__(self, "class_names", names)
        for part in ("train", "test"):
            images, labels = f"{part}_images", f"{part}_labels"
            arrays = getattr(self, images), getattr(self, labels)
            checked = check_images(*arrays, names=(images, labels), classes=len(names))
            for name, array in zip((images, labels), checked, strict=True):
                object.__setattr__(self, name, array)


def load(
    name: str,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
) -> Dataset:
    """A data set as decoded arrays.

    Args:
        name: one of ``DATASETS``.
        data_dir: tensorflow-datasets' data folder; by default the environment variable
            ``TFDS_DATA_DIR``, else ``~/tensorflow_datasets``. Looked at only if the decoded
            arrays are not in the cache yet.
        cache_dir: cache folder; by default ``JQKD_CACHE``, else the platform's cache folder.

    Raises:
        InputError: an unknown name, folders that are no paths, or the images are neither here nor
            can be downloaded.

    Warns:
        CacheWarning: the cache file is damaged and rebuilt, or cannot be written.

    >>> dataset = load("digits")
    >>> dataset.test_images.shape
    (500, 28, 28)
    """
    check_choice("dataset", name, DATASETS)
    for folder_name, given in (("data_dir", data_dir), ("cache_dir", cache_dir)):
        if given is not None:
            check_path(folder_name, given)
    facts = DATASETS[name]
    folder = cache_folder(cache_dir)
    path = folder / "data" / f"{name}.npz"
    arrays = read_cache(path, facts.digest)
    if arrays is None:
        arrays = _read_source(name, facts, data_dir, folder)
        write_cache(path, arrays)
    for array in arrays.values():
        array.flags.writeable = False
    return Dataset(name=name, **arrays, class_names=facts.class_names, digest=facts.digest)


def _read_source(
    name: str, facts: Facts, data_dir: str | os.PathLike[str] | None, spare_dir: Path
) -> Arrays:
    """The arrays from where they come from, with the digest that the table names."""
    if name != "digits":
        chosen = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
        return read_mnist(name, facts.digest, Path(chosen).expanduser(), spare_dir)
    arrays = read_digits()
    if digest(arrays) != facts.digest:
        raise InputError(
            "The digits that this scikit-learn carries are not the 1797 that the table was made "
            "from; install another version of scikit-learn."
        )
    return arrays
