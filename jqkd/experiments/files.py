"""Files of a results folder: written whole or not at all, checked when read."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import InputError
from jqkd.training.result import plain, write_json, written_whole

STORE_SCHEMA = 1


class DamagedUnit(InputError):
    """A unit's file that is not what was written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} is damaged ({reason}); run again with --redo to do it anew.")
        self.path = path


def write_unit(path: Path, name: str, content: dict[str, Any]) -> None:
    """Write a unit's JSON under its checksum."""
    content = plain(content)
    about = {"schema": STORE_SCHEMA, "unit": name, "sha256": _sha(content)}
    write_json(path, about | {"content": content})


def _sha(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def read_unit(path: Path, name: str) -> dict[str, Any]:
    """A unit's content.

    Raises:
        DamagedUnit: the file is not what was written under that name.
    """
    try:
        about = json.loads(path.read_text())
        if about["schema"] == STORE_SCHEMA and about["unit"] == name:
            if _sha(about["content"]) == about["sha256"]:
                return about["content"]
            raise DamagedUnit(path, "its numbers are not those written")
        reason = "it is another unit's, or of another version"
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, DamagedUnit):
            raise
        reason = type(error).__name__
    raise DamagedUnit(path, reason)


def write_arrays(path: Path, arrays: dict[str, Any]) -> None:
    """Write compressed arrays; the same arrays give the same bytes."""
    with written_whole(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read_arrays(path: Path, digest: str) -> dict[str, np.ndarray]:
    """Arrays with that digest.

    Raises:
        DamagedUnit: the file is not what was written.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        if arrays_digest(arrays) == digest:
            return arrays
        reason = "its numbers are not those written"
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        reason = type(error).__name__
    raise DamagedUnit(path, reason)


def arrays_digest(arrays: dict[str, Any]) -> str:
    """Sixteen hex digits that name some arrays."""
    sha = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        sha.update(f"{name} {array.dtype.str} {array.shape};".encode())
        sha.update(np.ascontiguousarray(array))
    return sha.hexdigest()[:16]
