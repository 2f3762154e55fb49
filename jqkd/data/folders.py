"""Pictures of a folder as arrays; each is looked at before it is decoded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import InputError, check_choice, check_integer, check_list, fail
from jqkd.data.arranged import Given
from jqkd.data.cleaned import check_size, natural

_PARTS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
# What Pillow reads by itself; of others it starts programs.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_MODES = ("L", "RGB")
# Pillow's number of bilinear interpolation.
_BILINEAR = 2
NOT_INSTALLED = 'which is not installed; run `pip install "jqkd[data]"`'


def read_folder(
    texts: list[str], resize: Sequence[int] | None = None, mode: str | None = None
) -> Given:
    """A folder a class, perhaps below train, validation and test; other folders are refused."""
    root = Path(texts[0]).expanduser()
    tops = _folders(root)
    parts = {_PARTS[path.name]: path for path in tops if path.name in _PARTS}
    if "train" not in parts:
        parts = {"train": root}
    elif len(parts) < len(tops):
        others = ", ".join(path.name for path in tops if path.name not in _PARTS)
        fail("source", "hold train, validation and test only where it holds train", others[:100])
    names = [path.name for path in _folders(parts["train"])]
    if len(names) < 2:
        fail("source", "hold a folder for each of 2 classes or more", f"{root} with {len(names)}")
    read = {part: _read_classes(path, names, resize, mode) for part, path in parts.items()}
    return Given(read, names, root.name)


def _folders(path: Path) -> list[Path]:
    try:
        folders = [p for p in path.iterdir() if p.is_dir() and not p.name.startswith(".")]
    except OSError as error:
        fail("source", "be a folder that can be read", f"{path} ({error.strerror})")
    return sorted(folders, key=lambda one: natural(one.name))


def _read_classes(
    path: Path, names: list[str], resize: Any, mode: str | None
) -> tuple[np.ndarray, np.ndarray]:
    strangers = [one.name for one in _folders(path) if one.name not in names]
    if strangers:
        fail("source", "hold the classes of train in every part", f"{path.name}/{strangers[0]}")
    files, labels = [], []
    for label, name in enumerate(names):
        own = (path / name).iterdir() if (path / name).is_dir() else ()
        own = sorted(one for one in own if one.is_file() and not one.name.startswith("."))
        if not own:
            fail("source", "hold images of every class in every part", f"{path / name} without any")
        files += own
        labels += [label] * len(own)
    return stack(_opened(files), len(files), resize, mode), np.array(labels)


def _opened(files: list[Path]) -> Iterator[tuple[str, Any]]:
    try:
        from PIL import Image
    except ImportError:
        raise InputError(f"Reading pictures needs Pillow, {NOT_INSTALLED}.") from None
    for file in files:
        try:
            with Image.open(file, formats=_FORMATS) as image:
                yield str(file), image
        except InputError:
            raise
        except Exception as error:  # Pillow raises all kinds for damaged files
            reason = str(error).partition(" '")[0] or type(error).__name__
            fail("source", "hold images that can be read", f"{file} ({reason})", "take it away")


def stack(
    images: Iterable[tuple[str, Any]], count: int, resize: Sequence[int] | None, mode: str | None
) -> np.ndarray:
    """Pictures of Pillow, each with what it is called, as one array.

    Raises:
        InputError: one that differs from the first in size or mode, or is neither grey nor RGB.
    """
    if resize is not None:
        sides = check_list("resize", resize, int, "two integers")
        if len(sides) != 2:
            fail("resize", "be rows and columns", sides)
        for side in sides:
            check_integer("resize", side, 1, 2**10)
    if mode is not None:
        check_choice("mode", mode, _MODES)
    made, first = np.empty(0), None
    for row, (name, image) in enumerate(images):
        image = image.convert("L") if image.mode == "1" and mode is None else image
        kind = ((image.height, image.width), image.mode)
        wanted = (tuple(resize or kind[0]), mode or kind[1])
        if wanted[1] not in _MODES:
            fail("source", "hold grey or RGB images", f"{name} of mode {kind[1]}", "give `mode`")
        if first is None:
            first, colours = wanted, (3,) if wanted[1] == "RGB" else ()
            check_size("source", count, (*wanted[0], *colours))
            made = np.empty((count, *wanted[0], *colours), np.uint8)
        if wanted != first:
            sizes = [f"{'x'.join(map(str, size))} {colour}" for size, colour in (first, wanted)]
            must = f"hold images of one size and mode, here {sizes[0]}"
            fail("source", must, f"{name} of {sizes[1]}", "give `resize` or `mode`")
        image = image.convert(wanted[1])
        made[row] = image if wanted[0] == kind[0] else image.resize(wanted[0][::-1], _BILINEAR)
    return made
