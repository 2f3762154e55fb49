"""A decoded data set: loaded by name, or made of arrays.

It is read from the decoded cache if it is there, else from its source, and cached then.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import InputError, check_list, check_path, check_type, fail, shown
from jqkd.common.cache import cache_folder
from jqkd.data.arranged import Arranged, arrange
from jqkd.data.cache import PARTS, Arrays, digest, read_cache, write_cache
from jqkd.data.images import check_images
from jqkd.data.sources import DATASETS, Source


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

    @classmethod
    def from_arrays(
        cls,
        name: str,
        train: tuple[Any, Any],
        test: tuple[Any, Any] | None = None,
        *,
        validation: tuple[Any, Any] | None = None,
        class_names: Sequence[str] | None = None,
        split: Sequence[float] | None = None,
        split_seed: int | None = None,
        origin: str = "arrays",
    ) -> Dataset:
        """A data set of your own arrays; ``keep`` makes its name known to configurations.

        Of validation images as many of each class are kept as the smallest has; without any, 15 %
        of the smallest class's train images are held out of every class. Features outside [0, 1]
        are scaled by minimum and maximum of the train rows, and clipped.

        Args:
            name: what it will be called.
            train: images (N, H, W), (N, H, W, 1 or 3) or (N, F), integers to 255 or floating point
                in [0, 1], features of any size; labels (N,), integers from 0, or texts.
            test: the same; left out where there is a ``split``.
            validation: the same.
            class_names: in the order of the labels.
            split: shares of train, validation and test, drawn from all of each class.
            split_seed: draws them; by default 0.
            origin: where it comes from, for a reader.

        Raises:
            InputError: one sentence about what cannot be a data set.

        Example:
            >>> rng = np.random.default_rng(0)
            >>> rows, labels = rng.normal(size=(60, 5)), np.arange(60) % 3
            >>> flowers = Dataset.from_arrays("flowers", (rows, labels), split=(0.6, 0.2, 0.2))
            >>> flowers.train_images.shape, flowers.source.validation_per_class
            ((48, 5), 4)
        """
        check_type("name", name, str, "a text")
        pairs = {"train": train, "validation": validation, "test": test}
        pairs = {part: pair for part, pair in pairs.items() if pair is not None}
        source = arrange(name, pairs, class_names, split, split_seed, origin)
        names, sha = source.class_names, source.digest or ""
        return cls(name, **source.arrays, class_names=names, digest=sha, source=source)

    def keep(self, *, replace: bool = False) -> str:
        """Keep what ``from_arrays`` made, so that configurations can name it ``NAME@DIGEST``.

        Args:
            replace: whether a data set of that name and other contents goes.

        Raises:
            InputError: the name is taken or cannot be one, or the data set was not made so.
        """
        own = self.source
        if not isinstance(own, Arranged):
            fail("dataset", "be made by Dataset.from_arrays", shown(self.name))
        how = {"origin": own.origin, "replace": replace}
        return DATASETS.text(DATASETS.keep(self.name, own.facts, own.arrays, **how))


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
    cached = None if part.is_decoded else part.digest
    arrays = read_cache(path, cached, part.image_shape) if cached else None
    if not arrays:
        chosen = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
        arrays = _read(name, part, Path(chosen).expanduser(), folder)
        if cached:
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
