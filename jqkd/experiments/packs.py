"""A store's students of one kind in one file, for folders that are kept or sent.

students/<arm>/seeds.json holds what all of them say alike, once, and of each seed the rest and the
digest of all it says. A seed's own file beside it, of a later run, goes before.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jqkd.common.files import DamagedFile, read_json, write_json

if TYPE_CHECKING:
    from jqkd.experiments.store import Store

FILE = "seeds.json"
_ADVICE = "delete it, and run again what it held"


def packed(folder: Path) -> Mapping[str, dict[str, Any]]:
    """What the files of a folder's seeds would say, by their stems; empty where none are packed.

    Raises:
        DamagedFile: the pack cannot be read.
    """
    path = folder / FILE
    try:
        stat = path.stat()
    except OSError:
        return {}
    return _read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _read(path: Path, mtime: int, size: int) -> dict[str, dict[str, Any]]:
    about = read_json(path, _ADVICE)
    try:
        alike, schema, group = about["alike"], about["schema"], about["group"]
        return {
            stem: {
                "schema": schema,
                "job": f"{group}/{stem}",
                "sha256": one["sha256"],
                "content": alike | one["content"],
            }
            for stem, one in about["seeds"].items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise DamagedFile(path, f"{type(error).__name__}: {error}", _ADVICE) from error


def _write(folder: Path, seeds: Mapping[str, dict[str, Any]]) -> None:
    contents = [one["content"] for one in seeds.values()]
    first = contents[0]
    alike = {
        name: value
        for name, value in first.items()
        if all(name in one and one[name] == value for one in contents)
    }
    rest = {
        stem: {
            "sha256": one["sha256"],
            "content": {k: v for k, v in one["content"].items() if k not in alike},
        }
        for stem, one in seeds.items()
    }
    schema, group = next(iter(seeds.values()))["schema"], f"students/{folder.name}"
    about = {"schema": schema, "group": group, "alike": alike, "seeds": rest}
    write_json(folder / FILE, about)


def pack(store: Store) -> int:
    """Put the seeds of every kind of student into one file; what somebody works at is left.

    Returns:
        How many files have gone into others.

    Raises:
        DamagedJob: a file is not what was written; what is packed by then stays so.
    """
    moved = 0
    for folder in sorted((store.root / "students").glob("*")):
        group = f"students/{folder.name}"
        with store.claim(f"{group}/pack") as holder:
            if holder is not None or store.at_work(f"{group}/seed"):
                continue
            files = sorted(folder.glob("seed-*.json"))
            if not files:
                continue
            own = {path.stem: store.about(f"{group}/{path.stem}") for path in files}
            _write(folder, dict(sorted({**packed(folder), **own}.items())))
            for path in files:
                path.unlink()
            moved += len(files)
    return moved


def drop(folder: Path, stem: str) -> None:
    """Take a seed out of a pack, if it is there."""
    seeds = dict(packed(folder))
    if seeds.pop(stem, None) is None:
        return
    if seeds:
        _write(folder, seeds)
    else:
        (folder / FILE).unlink()
