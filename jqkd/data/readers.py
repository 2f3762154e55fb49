"""Images and labels from files; nothing is unpacked before its size is known."""

from __future__ import annotations

import csv
import zipfile
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jqkd._checks import check_list, check_path, fail, shown
from jqkd.common.arrays import Most, member_array, read_array
from jqkd.data.arranged import Given
from jqkd.data.cleaned import MOST_BYTES, readable
from jqkd.data.folders import read_folder
from jqkd.data.tfds import read_tfds

# Of an npz file, in the order of ``_parts``: MedMNIST's, Keras's, and short ones.
_KEYS = (
    "train_images,train_labels,val_images,val_labels,test_images,test_labels",
    "train_images,train_labels,test_images,test_labels",
    "x_train,y_train,x_test,y_test",
    "images,labels",
    "x,y",
)
_MOST = Most("biufU", MOST_BYTES)
_PARTS = {2: ("train",), 4: ("train", "test"), 6: ("train", "validation", "test")}


def read_source(sources: Sequence[Any], **options: Any) -> Given:
    """Images and labels from files, a folder, or tensorflow-datasets; see ``import_data``.

    Raises:
        InputError: one sentence about what cannot be read, or an option that has no effect.
    """
    texts = [str(one) for one in check_list("source", sources, (str, Path), "paths")]
    kinds = {_kind(text) for text in texts} or {"nothing"}
    kind = kinds.pop()
    if kinds or kind not in _READERS or len(texts) not in _READERS[kind].counts:
        must = "be one .npz, 2, 4 or 6 .npy, one or two .csv, one folder, or one tfds:NAME"
        fail("source", must, ", ".join(texts)[:100] or "nothing")
    given = {name: value for name, value in options.items() if value not in (None, [])}
    for name in given:
        if name not in _READERS[kind].options:
            fail(name, f"not be given with {kind}", shown(given[name]), "leave it out")
    return _READERS[kind].read(texts, **given)


def _kind(text: str) -> str:
    if text.startswith("tfds:"):
        return "tfds"
    path = check_path("source", text).expanduser()
    return "a folder" if path.is_dir() else path.suffix.lower()


def _parts(arrays: list[np.ndarray]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    names = _PARTS[len(arrays)]
    return dict(zip(names, zip(arrays[::2], arrays[1::2], strict=True), strict=True))


def _check_length(name: str, length: int) -> None:
    if length > MOST_BYTES:
        must = f"hold at most {MOST_BYTES // 2**30} GiB an array"
        fail("source", must, f"{name} of {length / 2**30:.1f} GiB")


def _read_npz(texts: list[str], keys: Sequence[str] | None = None) -> Given:
    path = Path(texts[0]).expanduser()
    with readable(path), zipfile.ZipFile(path) as archive:
        members = {m.filename.removesuffix(".npy"): m for m in archive.infolist()}
        chosen = [members[key] for key in _chosen(keys, list(members))]
        for member in chosen:
            _check_length(member.filename, member.file_size)
        arrays = [member_array(archive, member, _MOST) for member in chosen]
    return Given(_parts(arrays), None, path.name)


def _chosen(keys: Sequence[str] | None, held: list[str]) -> list[str]:
    """Keys of an npz file, images and labels in turns."""
    listed = f"which holds {', '.join(held)[:200] or 'nothing'}"
    if keys is None:
        known = (one.split(",") for one in _KEYS)
        fits = next((one for one in known if set(one) <= set(held)), None)
        if fits is None:
            advice = "name images and labels in turns, such as x_train,y_train,x_test,y_test"
            fail("keys", f"be given for a file with names of its own, {listed}", "nothing", advice)
        return list(fits)
    keys = check_list("keys", keys, str, "texts")
    if len(keys) not in _PARTS or not set(keys) <= set(held):
        must = f"be 2, 4 or 6 keys of the file, {listed}"
        fail("keys", must, ",".join(keys)[:100], "images and labels in turns")
    return keys


def _read_npy(texts: list[str]) -> Given:
    paths, arrays = [Path(text).expanduser() for text in texts], []
    for path in paths:
        with readable(path), path.open("rb") as file:
            length = path.stat().st_size
            _check_length(path.name, length)
            arrays.append(read_array(file, path.name, length, _MOST))
    return Given(_parts(arrays), None, ", ".join(path.name for path in paths))


def _read_csv(texts: list[str], label_column: str = "label", drop: Sequence[str] = ()) -> Given:
    paths, tables = [Path(text).expanduser() for text in texts], []
    for path in paths:
        with readable(path), path.open(newline="", encoding="utf-8-sig") as file:
            _check_length(path.name, path.stat().st_size)
            tables.append(_table(path.name, csv.reader(file, strict=True), label_column, drop))
    parts = dict(zip(("train", "test"), tables, strict=False))
    return Given(parts, None, ", ".join(path.name for path in paths))


def _table(
    name: str, rows: Any, label_column: str, drop: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, F) and labels, as texts."""
    header = [cell.strip() for cell in next(rows, [])]
    for option, columns in (("label_column", [label_column]), ("drop", drop)):
        for column in columns:
            if header.count(column) != 1:
                must = f"be one column of {name}, which has {', '.join(header)[:200] or 'none'}"
                fail(option, must, shown(column))
    place = header.index(label_column)
    kept = [k for k, column in enumerate(header) if k != place and column not in drop]
    labels, numbers = [], array("d")
    for row in filter(None, rows):
        if len(row) != len(header):
            fail("source", f"have {len(header)} cells a row", f"{name}, line {rows.line_num}")
        labels.append(row[place].strip())
        numbers.extend(_number(name, rows.line_num, header[k], row[k]) for k in kept)
    if not labels or not kept:
        fail("source", "hold rows of features", f"{name}, which has none,")
    return np.array(numbers).reshape(len(labels), -1), np.array(labels)


def _number(name: str, line: int, column: str, cell: str) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        given = f"{cell[:40]!r} in {name}, line {line}, column {column},"
        fail("source", "hold finite numbers beside the labels", given, "drop that column or row")
    return number


class _Reader(NamedTuple):
    """What reads a kind of source, how many it takes, and the options that it reads."""

    read: Callable[..., Given]
    counts: tuple[int, ...]
    options: tuple[str, ...] = ()


_READERS = {
    ".npz": _Reader(_read_npz, (1,), ("keys",)),
    ".npy": _Reader(_read_npy, (2, 4, 6)),
    ".csv": _Reader(_read_csv, (1, 2), ("label_column", "drop")),
    "a folder": _Reader(read_folder, (1,), ("resize", "mode")),
    "tfds": _Reader(read_tfds, (1,), ("resize", "mode", "data_dir")),
}
