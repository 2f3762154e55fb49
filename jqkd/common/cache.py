"""The cache folder: decoded images, teachers, imported things, compiled programs."""

from __future__ import annotations

import os
from pathlib import Path

from jqkd._checks import InputError, check_path
from jqkd.common.files import try_to_write


def cache_folder(cache_dir: str | os.PathLike[str] | None = None) -> Path:
    """The cache folder: ``cache_dir``, else ``JQKD_CACHE``, else the platform's.

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
