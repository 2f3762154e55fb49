"""Pictures as arrays: of a folder of class folders, or prepared by tensorflow-datasets."""

from __future__ import annotations

import io
import math
import os
import re
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import InputError, check_choice, check_list, fail, shown
from jqkd.data.arranged import natural
from jqkd.data.mnist import quiet

# What a source holds: images and labels by part, names of the classes, where it comes from.
Given = tuple[dict[str, Any], Sequence[str] | None, str]
# They are decoded in memory.
MOST_BYTES = 2**31
_PARTS = {"train": "train", "validation": "validation", "val": "validation", "test": "test"}
# What Pillow reads by itself; of others it starts programs.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")
_MODES = ("L", "RGB")
_BILINEAR = 2  # Pillow's number of it.


@contextmanager
def readable(what: object) -> Generator[None]:
    """Whatever a damaged source raises, and libraries raise all kinds, as one sentence."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        text = "too large for memory" if isinstance(error, MemoryError) else str(error).strip()
        text = getattr(error, "strerror", None) or text or type(error).__name__
        reason = re.split(r"\n|\. | '/", text)[0][:100].rstrip(".")
        fail("source", "be a source that can be read", f"{what} ({reason})")


def read_folder(root: Path, *, resize: Any = None, mode: str | None = None) -> Given:
    """A folder a class, perhaps below train, validation and test; other folders are refused."""
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
    return read, names, root.name


def _folders(path: Path) -> list[Path]:
    folders = [one for one in path.iterdir() if one.is_dir() and not one.name.startswith(".")]
    return sorted(folders, key=lambda one: natural(one.name))


def _read_classes(path: Path, names: list[str], resize: Any, mode: str | None) -> Any:
    if [one.name for one in _folders(path)] != names:
        own = ", ".join(one.name for one in _folders(path))
        fail("source", "hold the classes of train in every part", f"{path} with {own}"[:200])
    opens, labels = [], []
    for label, name in enumerate(names):
        files = sorted(one for one in (path / name).iterdir() if not one.name.startswith("."))
        if not files:
            fail("source", "hold images of every class in every part", f"{path / name} without any")
        opens += [(file, partial(_pillow().open, file, formats=_FORMATS)) for file in files]
        labels += [label] * len(files)
    return _stack(opens, len(opens), resize, mode), np.array(labels)


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        needs = "Reading pictures needs Pillow, which is not installed"
        raise InputError(f'{needs}; run `pip install "jqkd[data]"`.') from None
    return Image


def _stack(
    pictures: Iterable[tuple[object, Callable[[], Any]]], count: int, resize: Any, mode: str | None
) -> np.ndarray:
    """Pictures, what each is called and what opens it, as one array; all like the first."""
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
            own = f"{rows}x{columns} {colour}"
            if row == 0:
                shape = (count, rows, columns, 3) if colour == "RGB" else (count, rows, columns)
                if math.prod(shape) > MOST_BYTES:
                    must = f"be at most {MOST_BYTES // 2**30} GiB, as it is kept decoded in memory"
                    fail("source", must, f"{count} images of {own}", "give `resize`")
                made, first = np.empty(shape, np.uint8), own
            if own != first:
                must = f"hold images of one size and mode, here {first}"
                fail("source", must, f"{name} of {own}", "give `resize` or `mode`")
            made[row] = image.convert(colour).resize((columns, rows), _BILINEAR)
    return made


def read_tfds(name: str, *, resize: Any = None, mode: Any = None, data_dir: Any = None) -> Given:
    """What tensorflow-datasets has prepared on disk, in the order of its records."""
    try:
        import importlib_resources  # noqa: F401  TFDS needs it and does not declare it
        import tensorflow_datasets as tfds
    except ImportError:
        needs = f"Reading {name} needs tensorflow-datasets, which is not installed"
        raise InputError(f'{needs}; run `pip install "jqkd[data]"`.') from None
    folder = Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")
    with quiet(tfds):
        builder: Any = tfds.builder(name.partition(":")[2], data_dir=folder.expanduser())
        if not builder.is_prepared():
            fail("source", f"be a data set that is prepared in {folder}", name)
        features = builder.info.features
        if not {"image", "label"} <= set(features) or not hasattr(features["label"], "names"):
            fail("source", "have an image and a label", f"{name} with {', '.join(features)}")
        source = builder.as_data_source(decoders={"image": tfds.decode.SkipDecoding()})
        parts = {}
        for part in ("train", "validation", "test"):
            if part in source:
                records = list(source[part])
                files = [io.BytesIO(record["image"]) for record in records]
                opens = [(f"{name} {part}", partial(_pillow().open, file)) for file in files]
                labels = np.array([record["label"] for record in records])
                parts[part] = _stack(opens, len(opens), resize, mode), labels
    return parts, features["label"].names, f"{name} {builder.info.version}"
