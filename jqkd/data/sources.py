"""What is known of a data set before it is loaded, and how one is loaded.

A data set is read from the decoded cache if it is there, else from its source, and cached then.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from jqkd._checks import InputError, check_list, check_path, check_type, fail, shown
from jqkd.common.cache import cache_folder
from jqkd.common.registry import Registry
from jqkd.data.cache import PARTS, Arrays, digest, read_cache, write_cache
from jqkd.data.images import check_images


class Source(ABC):
    """A data set as a part: a frozen dataclass that says these facts as class attributes.

    Attributes:
        label: names it for a reader.
        class_names: one name for each class, in the order of the labels.
        image_shape: (H, W), (H, W, channels), or (F,) where images are features.
        train_images: all train images of a class, roughly: what a teacher's training costs.
        train_per_class: images a class that a student trains on by default.
        validation_per_class: images a class of the validation set by default.
        test_per_class: images a class of a student's test set by default.
        digest: SHA-256 of the decoded arrays; whatever the source, it must match. ``None``: it is
            taken from what is read, and nothing is cached.
        advice: what to do where it does not match.
        needs_data_dir: whether it is read from a folder of data, and not shipped with a package.
    """

    label: ClassVar[str]
    class_names: ClassVar[tuple[str, ...]]
    image_shape: ClassVar[tuple[int, ...]]
    train_images: ClassVar[int]
    train_per_class: ClassVar[int]
    validation_per_class: ClassVar[int]
    test_per_class: ClassVar[int]
    digest: ClassVar[str | None] = None
    advice: ClassVar[str] = "bring the source back to what it was"
    needs_data_dir: ClassVar[bool] = False

    @property
    def num_classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)

    @abstractmethod
    def read(self, data_dir: Path, cache_dir: Path) -> Arrays:
        """``train_images``, ``train_labels``, ``test_images`` and ``test_labels``.

        Args:
            data_dir: tensorflow-datasets' data folder; it may be read-only.
            cache_dir: folder that downloads may go to.
        """


class _Datasets(Registry[Source]):
    """As a mapping: the data sets by name, or by text with options, not their classes."""

    def __getitem__(self, name: str) -> Source:  # ty: ignore[incompatible-method-override]  As said.
        if name.partition(":")[0] not in self._classes and self.title_of(name) is None:
            raise KeyError(name)
        return self.build(name)

    def build(self, text: str | Source, argument: str = "") -> Source:
        """A data set that says all its facts."""
        part = super().build(text, argument)
        lacking = [fact for fact in Source.__annotations__ if not hasattr(part, fact)]
        if lacking:
            fail("dataset", f"say its {', '.join(lacking)}", shown(text))
        return part


DATASETS = _Datasets("dataset", Source, has_shelf=True)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A decoded data set, images in the order of the published files.

    Attributes:
        name: one of ``DATASETS``, or a name of your own.
        train_images: (N, H, W), (N, H, W, channels) or (N, F), uint8, or floating point in
            [0, 1], which is used as it is.
        train_labels: (N,) int32, 0 to C - 1.
        test_images: like ``train_images``.
        test_labels: (N,) int32, 0 to C - 1.
        class_names: one name for each of the C classes.
        digest: SHA-256 of the four arrays, hex.
        source: what says how many images a student takes by default; ``None`` for no default.

    Raises:
        InputError: arrays that do not fit each other, other numbers in them.

    Example:
        >>> images, labels = np.zeros((4, 8, 8), np.uint8), np.arange(4) % 2
        >>> mine = Dataset("mine", images, labels, images, labels, ("no", "yes"), "of its arrays")
        >>> mine.image_shape
        (8, 8)
    """

    name: str
    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    class_names: tuple[str, ...]
    digest: str
    source: Source | None = None

    def __post_init__(self) -> None:
        for name in ("name", "digest"):
            check_type(name, getattr(self, name), str, "a text")
        names = tuple(check_list("class_names", self.class_names, str, "texts"))
        if len(names) < 2:
            fail("class_names", "name at least 2 classes", self.class_names)
        object.__setattr__(self, "class_names", names)
        shape = None if self.source is None else self.source.image_shape
        for part in ("train", "test"):
            both = f"{part}_images", f"{part}_labels"
            arrays = (getattr(self, name) for name in both)
            checked = check_images(*arrays, names=both, classes=len(names), image_shape=shape)
            shape = checked[0].shape[1:]
            for name, array in zip(both, checked, strict=True):
                object.__setattr__(self, name, array)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(H, W), (H, W, channels) or (F,)."""
        return self.train_images.shape[1:]


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

    >>> from jqkd.data import load
    >>> dataset = load("digits")
    >>> dataset.test_images.shape
    (500, 28, 28)
    """
    part = DATASETS.build(name)
    for folder_name, given in (("data_dir", data_dir), ("cache_dir", cache_dir)):
        if given is not None:
            check_path(folder_name, given)
    name, folder = DATASETS.text(part), cache_folder(cache_dir)
    path = folder / "data" / f"{re.sub('[^A-Za-z0-9._-]', '-', name)}.npz"
    arrays = read_cache(path, part.digest, part.image_shape) if part.digest else None
    if not arrays:
        chosen = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
        arrays = _read(name, part, Path(chosen).expanduser(), folder)
        if part.digest:
            write_cache(path, arrays)
    for array in arrays.values():
        array.flags.writeable = False
    sha = part.digest or digest(arrays)
    return Dataset(name, **arrays, class_names=part.class_names, digest=sha, source=part)


def _read(name: str, part: Source, data_dir: Path, folder: Path) -> Arrays:
    """The arrays from where they come from: the four, with the digest that is expected."""
    arrays = part.read(data_dir, folder)
    if set(arrays) != set(PARTS):
        fail("dataset", f"be read as {', '.join(PARTS)}", f"{name}, read as {', '.join(arrays)},")
    arrays = {key: np.asarray(value).view() for key, value in arrays.items()}
    if part.digest and digest(arrays) != part.digest:
        raise InputError(
            f"The images of {name} are not those that this version of jqkd was made for; "
            f"{part.advice}."
        )
    return arrays
