"""Data sets of a user's own on the shelf, and the way there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jqkd.common.shelf import Shelf
from jqkd.data.cache import PARTS, Arrays
from jqkd.data.dataset import Dataset
from jqkd.data.readers import read_source
from jqkd.data.sources import DATASETS, Source, describe


@DATASETS.imported
@dataclass(frozen=True)
class Imported(Source):
    """A data set on the shelf, by its title."""

    title: str
    is_decoded = True

    def __post_init__(self) -> None:
        describe(self, _facts(shelf().folder, self.title))

    def read(self, data_dir: Path, cache_dir: Path) -> Arrays:
        arrays = shelf().arrays(self.title)
        return {part: arrays[part] for part in PARTS}


@lru_cache
def _facts(folder: Path, title: str) -> dict[str, Any]:
    return shelf().facts(title)


def shelf() -> Shelf:
    """Where imported data sets are."""
    assert DATASETS.shelf is not None
    return DATASETS.shelf


def import_data(name: str, *sources: Any, replace: bool = False, **options: Any) -> str:
    """Read a data set from files, and keep it under a name.

    Args:
        name: what it will be called.
        *sources: one ``.npz``; two, four or six ``.npy``, images and labels in turns; one or two
            ``.csv``, train and test; a folder of class folders, perhaps below train, validation and
            test; or ``tfds:NAME``, which tensorflow-datasets has on disk.
        replace: whether a data set of that name and other contents goes.
        **options: those of ``jqkd data import``; lists where it has commas.

    Returns:
        ``NAME@DIGEST``, which stands for it in configurations; the name alone does, too.

    Raises:
        InputError: one sentence about what cannot be read or meant, or the name is taken.
    """
    how = {key: options.pop(key, None) for key in ("class_names", "split", "split_seed")}
    parts, names, origin = read_source(sources, **options)
    how["class_names"] = how["class_names"] or names
    return Dataset.from_arrays(name, **parts, **how, origin=origin).keep(replace=replace)
