"""Where results may go, looked at before the work; and the one way to write a picture."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jqkd._checks import check_path, check_type, fail, shown
from jqkd.common.files import state_of, try_to_write, written_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What Matplotlib and Pillow write without other programs.
PICTURES = (
    *(".eps", ".jpeg", ".jpg", ".pdf", ".png", ".ps"),
    *(".svg", ".svgz", ".tif", ".tiff", ".webp"),
)


def check_out_folder(name: str, value: Any) -> Path:
    """``value`` as a folder that can be written, or can be made; nothing is left behind."""
    path = check_path(name, value)
    try:
        try_to_write(path)
    except OSError as error:
        given = f"{path} ({error.strerror})"
        fail(name, "be a folder that can be written", given, "choose another")
    return path


def check_out_file(name: str, value: Any, endings: Collection[str] = ()) -> Path:
    """``value`` as a file that can be written, in a folder that exists or can be made.

    What it holds stays. Its ending is one of ``endings``, such as ``.png``, or any.
    """
    path = check_path(name, value)
    if endings and path.suffix.lower() not in endings:
        fail(name, f"end in one of {', '.join(endings)}", shown(str(path)))
    try:
        state = state_of(path)
        if state is not None and not stat.S_ISREG(state.st_mode):
            raise OSError(0, "a folder" if stat.S_ISDIR(state.st_mode) else "no plain file")
        if state is not None and not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        try_to_write(path.parent, path.name)
    except OSError as error:
        given = f"{path} ({error.strerror})"
        fail(name, "be a file that can be written", given, "choose another")
    return path


def check_picture(name: str, value: Any) -> Path:
    """``value`` is a file that can be written, with the ending of a picture.

    Example:
        >>> check_picture("path", "curves.xyz")
        Traceback (most recent call last):
        jqkd._checks.InputError: Argument `path` must end in one of .eps, .jpeg, .jpg, .pdf, .png, \
.ps, .svg, .svgz, .tif, .tiff, .webp, but 'curves.xyz' was given.
    """
    return check_out_file(name, value, PICTURES)


def write_figure(figure: Figure, path: Path, *, dpi: int = 150, **options: Any) -> Path:
    """Write a figure whole or not at all; ``options`` are those of ``Figure.savefig``."""
    with written_whole(path) as temporary, temporary.open("wb") as file:
        figure.savefig(file, format=path.suffix[1:].lower(), dpi=dpi, **options)
    return path


def write_text(path: Path, text: str) -> Path:
    """Write a file whole or raise ``InputError``, in a folder that is made if need be."""
    path = check_path("path", path)
    check_type("text", text, str, "a text")
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path
