"""Decoded images on disk: one file a data set, checked when read, replaced in one step."""

from __future__ import annotations

import hashlib
import math
import os
import warnings
from pathlib import Path

import numpy as np

from jqkd._checks import InputError, check_path
from jqkd.common.arrays import Most, read_npz, write_npz
from jqkd.common.files import DamagedFile, remove_leftovers, try_to_write

Arrays = dict[str, np.ndarray]
PARTS = ("train_images", "train_labels", "test_images", "test_labels")
# Data sets have some 70,000 images; what claims to be larger is not read.
_MOST_IMAGES = 100_000


class CacheWarning(UserWarning):
    """A cache file is damaged (it is rebuilt) or cannot be written (nothing is lost)."""


def cache_folder(cache_dir: str | os.PathLike[str] | None = None) -> Path:
    """Where decoded data sets are kept: ``cache_dir``, else ``JQKD_CACHE``, else the platform's.

    Raises:
        InputError: ``JQKD_CACHE`` is set to what can be no folder.

    >>> cache_folder("somewhere").name
    'somewhere'
    """
    if cache_dir is not None:
        return check_path("cache_dir", cache_dir).expanduser()
    chosen = os.environ.get("JQKD_CACHE")
    if chosen is not None:
        return _checked(chosen)
    try:
        import platformdirs
    except ImportError:
        raise InputError(
            "No cache folder is known because platformdirs is not installed; "
            "set JQKD_CACHE to a folder or run `pip install platformdirs`."
        ) from None
    return Path(platformdirs.user_cache_dir("jqkd", appauthor=False))


def _checked(chosen: str) -> Path:
    """What ``JQKD_CACHE`` names, unless something that is no folder lies there or on the way."""
    try:
        folder = nearest = Path(chosen).expanduser()
        while not os.path.lexists(nearest) and nearest != nearest.parent:
            nearest = nearest.parent
        if chosen and os.path.isdir(nearest):
            return folder
    except RuntimeError:  # ~ of somebody unknown
        pass
    raise InputError(
        f"JQKD_CACHE is {chosen!r}, which is no folder and cannot be made one; set it to a folder "
        "that can be written, or unset it."
    )


def check_cache(folder: Path) -> None:
    """Try to write into the cache folder, before hours of training.

    Raises:
        InputError: it cannot be written, or the disk is full.
    """
    try:
        try_to_write(folder)
    except OSError as error:
        raise InputError(
            f"The cache folder {folder} cannot be written ({error.strerror}); set JQKD_CACHE to a "
            "folder that can be written and has room."
        ) from error


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
