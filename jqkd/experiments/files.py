"""Files of a results folder: written whole or not at all, checked when read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from jqkd.common.arrays import Most, arrays_digest, read_npz
from jqkd.common.digests import json_digest
from jqkd.common.files import DamagedFile, plain, read_json, write_json

STORE_SCHEMA = 1
_ADVICE = "run again with --redo to do it anew"
# Answers to all views of all images; hidden layers are the largest of it.
_MOST = {
    "ids": Most("iu", 2**20),
    "logits": Most("f", 2**26),
    "features": Most("f", 2**26),
}


class DamagedUnit(DamagedFile):
    """A unit's file that is not what was written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason, _ADVICE)


def write_unit(path: Path, name: str, content: dict[str, Any]) -> None:
    """Write a unit's JSON under its checksum."""
    content = plain(content)
    about = {"schema": STORE_SCHEMA, "unit": name, "sha256": json_digest(content)}
    write_json(path, about | {"content": content})


def read_unit(path: Path, name: str) -> dict[str, Any]:
    """A unit's content.

    Raises:
        DamagedUnit: the file is not what was written under that name.
    """
    try:
        about = read_json(path, _ADVICE)
        if about["schema"] != STORE_SCHEMA or about["unit"] != name:
            raise DamagedUnit(path, "it is another unit's, or of another version")
        if json_digest(about["content"]) != about["sha256"]:
            raise DamagedUnit(path, "its numbers are not those written")
    except DamagedFile as error:
        raise DamagedUnit(path, error.reason) from error
    except FileNotFoundError as error:
        raise DamagedUnit(path, "it is missing") from error
    except KeyError as error:
        raise DamagedUnit(path, f"it lacks {error}") from error
    return about["content"]


def read_arrays(path: Path, digest: str) -> dict[str, np.ndarray]:
    """Arrays with that digest.

    Raises:
        DamagedUnit: the file is not what was written.
    """
    try:
        arrays = read_npz(path, _MOST, _ADVICE, optional=("logits", "features"))
    except DamagedFile as error:
        raise DamagedUnit(path, error.reason) from error
    except FileNotFoundError as error:
        raise DamagedUnit(path, "it is missing") from error
    if arrays_digest(arrays) != digest:
        raise DamagedUnit(path, "its numbers are not those written")
    return arrays
