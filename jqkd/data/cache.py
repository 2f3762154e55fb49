"""Decoded images on disk: one file a data set, checked when read, replaced in one step."""

from __future__ import annotations

import hashlib
import math
import warnings
from pathlib import Path

import numpy as np

from jqkd._checks import InputError
from jqkd.common.arrays import Most, read_npz, write_npz
from jqkd.common.files import DamagedFile, remove_leftovers

Arrays = dict[str, np.ndarray]
PARTS = ("train_images", "train_labels", "test_images", "test_labels")
# Data sets have some 70,000 images; what claims to be larger is not read.
_MOST_IMAGES = 100_000


class CacheWarning(UserWarning):
    """A cache file is damaged (it is rebuilt) or cannot be written (nothing is lost)."""


def digest(arrays: Arrays) -> str:
    """SHA-256 (hex) of the four arrays: names, types, shapes and every byte.

    >>> images, labels = np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.int32)
    >>> len(digest(dict(zip(PARTS, (images, labels, images, labels)))))
    64
    """
    total = hashlib.sha256()
    for part in PARTS:
        array = np.ascontiguousarray(arrays[part])
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
        total.update(f"{part} {array.dtype.str} {array.shape};".encode())
        total.update(array.data)
    return total.hexdigest()


def read_cache(path: Path, expected: str, image_shape: tuple[int, ...]) -> Arrays | None:
    """The arrays in ``path``, or None where there is no file or not the ``expected`` digest."""
    remove_leftovers(path.parent, path.name)
    advice = "it is rebuilt from the source"
    images, labels = Most("uf", _MOST_IMAGES * math.prod(image_shape)), Most("iu", _MOST_IMAGES)
    try:
        most = {part: images if "images" in part else labels for part in PARTS}
        arrays = read_npz(path, most, advice)
        if digest(arrays) == expected:
            return arrays
        raise DamagedFile(path, "its contents are not those of the data set", advice)
    except FileNotFoundError:
        return None
    except DamagedFile as error:
        warnings.warn(str(error), CacheWarning, stacklevel=3)
        return None


def write_cache(path: Path, arrays: Arrays) -> None:
    """Write ``arrays`` whole; warn where that fails."""
    try:
        write_npz(path, arrays)
    except InputError as error:
        warnings.warn(
            f"The cache folder {path.parent} cannot be written ({type(error.__cause__).__name__}), "
            "so its share is made again next time; set JQKD_CACHE to a folder that can be written.",
            CacheWarning,
            stacklevel=3,
        )
