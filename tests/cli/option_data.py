"""Every option of ``jqkd data``, as ``option_work_table`` has those of other commands."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from jqkd.cli import data
from jqkd.data import Dataset, load
from jqkd.data.imported import shelf
from tests.cli.option_facts import call, told
from tests.cli.option_table import PLUGIN, Case
from tests.data.own import labelled, pictures, table

_SPLIT = "--split 0.6,0.2,0.2"
_NPZ = "data import own one.npz"
BASES = {
    "data import": (_NPZ, {}),
    "keyed": (f"{_NPZ} --keys p,q,r,s", {}),
    "table": (f"data import own one.csv --drop kind {_SPLIT}", {}),
    "pictures": (f"data import own pictures {_SPLIT}", {}),
    "tfds": ("data import own tfds:cifar10", {}),
    "data list": ("data list", {}),
    "data show": ("data show kept", {}),
    "data remove": ("data remove kept", {}),
}
_ROWS = {"digest", "scaled by"}
IMPORT = {
    "name": [Case("other one.npz", {"titles", "loaded"}, {}, without="own one.npz")],
    "sources": [Case("two.npz", {"digest"}, {}, without="one.npz")],
    "keys": [Case("--keys r,s,p,q", {"digest", "counts"}, {}, "keyed", "--keys p,q,r,s")],
    "label_column": [
        Case(
            "--label-column kind",
            {*_ROWS, "classes", "shape", "counts"},
            {"classes": ["a", "b"], "shape": [4]},
            "table",
            "--drop kind",
        )
    ],
    "drop": [Case("--drop kind,x0", {*_ROWS, "shape"}, {"shape": [2]}, "table", "--drop kind")],
    "class_names": [Case("--class-names x,y,z", {"classes"}, {"classes": ["x", "y", "z"]})],
    "split": [
        Case(
            "--split 0.4,0.3,0.3",
            {*_ROWS, "counts"},
            {"counts": [[7] * 3, [3] * 3]},
            "table",
            _SPLIT,
        )
    ],
    "split_seed": [Case("--split-seed 1", {*_ROWS}, {}, "table")],
    "resize": [Case("--resize 8,4", {"digest", "shape"}, {"shape": [8, 4, 3]}, "pictures")],
    "mode": [Case("--mode L", {"digest", "shape"}, {"shape": [16, 18]}, "pictures")],
    "data_dir": [
        Case("--data-dir my", set(), {"~said": lambda v, b: "prepared in my, " in v}, "tfds")
    ],
}
SHOW = {
    "name": [Case("digits", {"loaded"}, {"loaded": [("digits", None)]}, without="kept")],
    "picture": [Case("--picture here.png", {"files"}, {"files": ["here.png"]})],
    "json": [
        Case("--json here.json", {"files"}, {"files": ["here.json"]}),
        Case("--json -", {"JSON spoken"}),
    ],
    "data_dir": [Case("--data-dir my", {"loaded"}, {"loaded": [("kept", "my")]})],
    "plugin": [Case(PLUGIN, {"files"})],
}
REMOVE = {"name": [Case("own", {"exit", "titles"}, {"exit": 2}, without="kept")]}
TABLE = {
    "data import": IMPORT,
    "data list": {"plugin": [Case(PLUGIN, {"files"})]},
    "data show": SHOW,
    "data remove": REMOVE,
}


def data_facts(words: list[str], folder: Path) -> dict:
    """Of commands about data sets: what is loaded, and what is on the shelf then."""
    loaded = []

    def noted(name, *, data_dir=None):
        loaded.append((name.partition("@")[0], data_dir and str(data_dir)))
        return load(name)

    if "pictures" in words:
        pytest.importorskip("PIL", reason="needs the data extra")
    if "tfds:cifar10" in words:
        pytest.importorskip("tensorflow_datasets", reason="needs the data extra")
    sources = folder.parent / f"sources of {folder.name}"
    _write(sources)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("JQKD_CACHE", str(sources / "cache"))
        Dataset.from_arrays("kept", labelled(30), labelled(12, seed=1)).keep()
        patch.setattr(data, "load", noted)
        held = {path.name for path in sources.iterdir()}
        facts = told(*call([str(sources / w) if w in held else w for w in words]), folder)
        titles = shelf().titles()
        facts |= {"titles": [title.partition("@")[0] for title in titles], "loaded": loaded}
        for title in titles:
            if title.partition("@")[0] != "kept":
                own, kept = shelf().facts(title), load(title)
                labels = kept.train_labels, kept.test_labels
                facts["classes"], facts["shape"] = own["class_names"], own["image_shape"]
                facts["counts"] = [np.bincount(one).tolist() for one in labels]
                facts["digest"], facts["scaled by"] = own["digest"], own.get("maximum")
    return facts


def _write(root: Path) -> None:
    """Two npz files, a csv file and a folder of pictures."""
    root.mkdir()
    for number, name in enumerate(("one", "two")):
        (images, labels), (tested, test_labels) = labelled(30, seed=number), labelled(12, seed=2)
        arrays = {"x_train": images, "y_train": labels, "x_test": tested, "y_test": test_labels}
        np.savez(root / f"{name}.npz", **arrays, **dict(zip("pqrs", arrays.values(), strict=True)))
    table(root / "one.csv", np.random.default_rng(0).normal(size=(30, 3)), labels)
    lines = (root / "one.csv").read_text().splitlines()
    ends = ["kind", *("ab"[k % 2] for k in range(30))]
    text = "".join(f"{line},{end}\n" for line, end in zip(lines, ends, strict=True))
    (root / "one.csv").write_text(text)
    with contextlib.suppress(ImportError):
        pictures(root / "pictures", *labelled(30, shape=(16, 18, 3)), ("cat", "dog", "owl"))
