"""Decoded images on disk: one file a data set, checked when read, replaced in one step."""

from __future__ import annotations

import contextlib
import hashlib
import os
import warnings
import zipfile
from pathlib import Path

import numpy as np

from jqkd._checks import InputError

Arrays = dict[str, np.ndarray]
PARTS = ("train_images", "train_labels", "test_images", "test_labels")


class CacheWarning(UserWarning):
    """A cache file is damaged (it is rebuilt) or cannot be written (nothing is lost)."""


def cache_folder(cache_dir: str | os.PathLike[str] | None = None) -> Path:
    """Where decoded data sets are kept: ``cache_dir``, else ``JQKD_CACHE``, else the platform's.

    >>> cache_folder("somewhere").name
    'somewhere'
    """
    chosen = cache_dir or os.environ.get("JQKD_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    try:
        import platformdirs
    except ImportError:
        raise InputError(
            "No cache folder is known because platformdirs is not installed; "
            "set JQKD_CACHE to a folder or run `pip install platformdirs`."
        ) from None
    return Path(platformdirs.user_cache_dir("jqkd", appauthor=False))


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


def read_cache(path: Path, expected: str) -> Arrays | None:
    """The arrays in ``path``, or None where there is no file or not the ``expected`` digest."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {part: stored[part] for part in PARTS}
        if digest(arrays) == expected:
            return arrays
        reason = "its contents are not those of the data set"
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        reason = f"it cannot be read ({type(error).__name__})"
    warnings.warn(
        f"The cache file {path} is damaged: {reason}; it is rebuilt from the source.",
        CacheWarning,
        stacklevel=3,
    )
    return None


def write_cache(path: Path, arrays: Arrays) -> None:
    """Write ``arrays`` beside ``path`` and move them there at once; warn where that fails."""
    scratch = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with scratch.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        os.replace(scratch, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            scratch.unlink(missing_ok=True)
        warnings.warn(
            f"The cache folder {path.parent} cannot be written ({type(error).__name__}), so the "
            "images are decoded again next time; set JQKD_CACHE to a folder that can be written.",
            CacheWarning,
            stacklevel=3,
        )
