"""Images and labels from files; nothing is unpacked before its size is known."""

from __future__ import annotations

import csv
import inspect
import math
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import check_list, check_path, fail, shown
from jqkd.data.pictures import MOST_BYTES, Given, read_folder, read_tfds, readable

# Of an npz file, in the order of ``_PARTS``: MedMNIST's, Keras's, and short ones.
_KEYS = (
    "train_images,train_labels,val_images,val_labels,test_images,test_labels",
    "train_images,train_labels,test_images,test_labels",
    "x_train,y_train,x_test,y_test",
    "images,labels",
    "x,y",
)
_PARTS = {2: ("train",), 4: ("train", "test"), 6: ("train", "validation", "test")}


def read_source(sources: Sequence[Any], **options: Any) -> Given:
    """Images and labels by part, names of classes, and origin; see ``import_data``."""
    texts = [str(one) for one in check_list("source", sources, (str, Path), "paths")]
    kinds = [_kind(text) for text in texts]
    read, counts = _READERS.get(kinds[0] if len(set(kinds)) == 1 else "", (None, ()))
    if read is None or len(texts) not in counts:
        must = "be one .npz, 2, 4 or 6 .npy, one or two .csv, one folder, or one tfds:NAME"
        fail("source", must, ", ".join(texts)[:100] or "nothing")
    given = {name: value for name, value in options.items() if value is not None}
    for name in given:
        if name not in inspect.signature(read).parameters:
            fail(name, f"not be given with {kinds[0]}", shown(given[name]), "leave it out")
    paths = texts if kinds[0] == "tfds" else [Path(text).expanduser() for text in texts]
    with readable(", ".join(texts)):
        return read(*paths, **given)


def _kind(text: str) -> str:
    if text.startswith("tfds:"):
        return "tfds"
    path = check_path("source", text).expanduser()
    return "a folder" if path.is_dir() else path.suffix.lower()


def _by_part(arrays: list[np.ndarray]) -> dict[str, Any]:
    return dict(zip(_PARTS[len(arrays)], zip(arrays[::2], arrays[1::2], strict=True), strict=True))


def _read_npz(path: Path, *, keys: Any = None) -> Given:
    with zipfile.ZipFile(path) as archive:
        members = {one.filename.removesuffix(".npy"): one for one in archive.infolist()}
        listed = f"which holds {', '.join(members)[:200] or 'nothing'}"
        if keys is None:
            known = (one.split(",") for one in _KEYS)
            keys = next((one for one in known if set(one) <= set(members)), None)
            if keys is None:
                must = f"be given for a file with names of its own, {listed}"
                fail("keys", must, "nothing", "name images and labels in turns")
        keys = check_list("keys", keys, str, "texts")
        if len(keys) not in _PARTS or not set(keys) <= set(members):
            must = f"be 2, 4 or 6 keys of the file, {listed}"
            fail("keys", must, ",".join(keys)[:100], "name images and labels in turns")
        size = sum(members[key].file_size for key in keys)
        if size > MOST_BYTES:
            must = f"unpack to at most {MOST_BYTES // 2**30} GiB"
            fail("source", must, f"{path.name} of {size / 2**30:.1f} GiB")
        arrays = []
        for key in keys:
            with archive.open(members[key]) as file:
                arrays.append(np.lib.format.read_array(file, allow_pickle=False))
    return _by_part(arrays), None, path.name


def _read_npy(*paths: Path) -> Given:
    arrays = []
    for path in paths:
        with path.open("rb") as file:
            arrays.append(np.lib.format.read_array(file, allow_pickle=False))
    return _by_part(arrays), None, ", ".join(path.name for path in paths)


def _read_csv(*paths: Path, label_column: str = "label", drop: Sequence[str] = ()) -> Given:
    parts = {}
    for part, path in zip(("train", "test"), paths, strict=False):
        with path.open(newline="", encoding="utf-8-sig") as file:
            parts[part] = _table(path.name, csv.reader(file, strict=True), label_column, drop)
    return parts, None, ", ".join(path.name for path in paths)


def _table(name: str, lines: Any, label_column: str, drop: Sequence[str]) -> tuple[Any, Any]:
    """Features (N, F) and labels, as texts."""
    header = [cell.strip() for cell in next(lines, [])]
    for option, column in [("label_column", label_column), *(("drop", one) for one in drop)]:
        if header.count(column) != 1:
            must = f"be one column of {name}, which has {', '.join(header)[:200] or 'none'}"
            fail(option, must, shown(column))
    place = header.index(label_column)
    kept = [k for k, column in enumerate(header) if column not in (label_column, *drop)]
    rows, labels = [], []
    for row in filter(None, lines):
        if len(row) != len(header):
            fail("source", f"have {len(header)} cells a row", f"{name}, line {lines.line_num}")
        rows.append([_number(row[k]) for k in kept])
        labels.append(row[place].strip())
        if not all(map(math.isfinite, rows[-1])):
            k = next(k for k in kept if not math.isfinite(_number(row[k])))
            cell = f"{row[k][:40]!r} in {name}, line {lines.line_num}, column {header[k]},"
            fail("source", "hold finite numbers beside the labels", cell, "drop that column or row")
    if not labels or not kept:
        fail("source", "hold rows of features", f"{name}, which has none,")
    return np.array(rows), np.array(labels)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


# What reads each kind of source, and how many of them it takes; its keywords are its options.
_READERS: dict[str, tuple[Any, tuple[int, ...]]] = {
    ".npz": (_read_npz, (1,)),
    ".npy": (_read_npy, (2, 4, 6)),
    ".csv": (_read_csv, (1, 2)),
    "a folder": (read_folder, (1,)),
    "tfds": (read_tfds, (1,)),
}
