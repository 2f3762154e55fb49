"""Pictures of a folder as arrays; each is looked at before it is decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import InputError, check_choice, check_list, fail, shown
from jqkd.data.arranged import Given
from jqkd.data.cleaned import check_size, natural, readable

_PARTS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
# What Pillow reads by itself; of others it starts programs.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_MODES = ("L", "RGB")
# Pillow's number of bilinear interpolation.
_BILINEAR = 2
Opens = Callable[[], Any]
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
    with readable(path):
        folders = [p for p in path.iterdir() if p.is_dir() and not p.name.startswith(".")]
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
    return stack(_pictures(files), len(files), resize, mode), np.array(labels)


def _pictures(files: list[Path]) -> Iterator[tuple[str, Opens]]:
    try:
        from PIL import Image
    except ImportError:
        raise InputError(f"Reading pictures needs Pillow, {NOT_INSTALLED}.") from None
    for file in files:
        yield str(file), partial(Image.open, file, formats=_FORMATS)


def stack(
    pictures: Iterable[tuple[str, Opens]],
    count: int,
    resize: Sequence[int] | None,
    mode: str | None,
) -> np.ndarray:
    """Pictures as one array.

    Args:
        pictures: what each is called, and what opens it as Pillow's image.
        count: how many there are.
        resize: rows and columns that all are brought to.
        mode: L or RGB, likewise.

    Raises:
        InputError: one that differs from the first in size or mode, or is neither grey nor RGB.
    """
    sides = None if resize is None else check_list("resize", resize, int, "two integers")
    if sides is not None and (len(sides) != 2 or not all(0 < side <= 2**10 for side in sides)):
        fail("resize", f"be rows and columns from 1 to {2**10}", shown(sides))
    check_choice("mode", mode or "L", _MODES)
    made, first = np.empty(0), ""
    for row, (name, opens) in enumerate(pictures):
        with readable(name), opens() as image:
            colour = mode or ("L" if image.mode == "1" else image.mode)
            if colour not in _MODES:
                fail("source", "hold grey or RGB images", f"{name} of mode {colour}", "give `mode`")
            rows, columns = sides or (image.height, image.width)
            if row == 0:
                shape = (rows, columns, 3) if colour == "RGB" else (rows, columns)
                check_size("source", count, shape)
                made, first = np.empty((count, *shape), np.uint8), f"{rows}x{columns} {colour}"
            if f"{rows}x{columns} {colour}" != first:
                must = f"hold images of one size and mode, here {first}"
                given = f"{name} of {rows}x{columns} {colour}"
                fail("source", must, given, "give `resize` or `mode`")
            picture = image.convert(colour)
            same = picture.size == (columns, rows)
            made[row] = picture if same else picture.resize((columns, rows), _BILINEAR)
    return made
