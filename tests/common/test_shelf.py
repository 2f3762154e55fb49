"""What is imported: kept under its digest, one meaning a name, whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.common.arrays import write_npz
from jqkd.common.files import DamagedFile
from jqkd.common.registry import Registry
from jqkd.common.shelf import Shelf

FACTS = {"classes": ["no", "yes"], "mean": 1 / 3}


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    monkeypatch.setenv("JQKD_CACHE", str(tmp_path / "cache"))
    return Shelf("shape")


def arrays():
    return {"x": np.arange(6.0).reshape(2, 3), "names": np.array(["a", "bc"])}


def test_what_is_kept_is_read_again_under_its_name_and_its_title(shelf):
    title = shelf.add("tiny", FACTS, arrays())
    assert shelf.resolve("tiny") == shelf.resolve(title) == title
    assert shelf.titles() == [title]
    assert shelf.facts(title) == FACTS
    kept = shelf.arrays(title)
    assert all(np.array_equal(kept[key], value) for key, value in arrays().items())
    assert shelf.arrays(shelf.add("bare", {"n": 1})) == {}


def test_a_title_names_all_that_an_entry_holds(shelf, tmp_path, monkeypatch):
    def title(facts=FACTS, **changes):
        return shelf.add("tiny", facts, arrays() | changes, replace=True)

    first = title()
    flipped = arrays()["x"]
    flipped.view(np.uint64)[1, 2] ^= 1
    others = {title(x=flipped), title(FACTS | {"mean": 0.3}), title(x=arrays()["x"].T)}
    assert first not in others and len(others) == 3
    assert title() == first and shelf.titles() == [first]
    monkeypatch.setenv("JQKD_CACHE", str(tmp_path / "other"))
    assert shelf.titles() == [] and title() == first


def test_one_name_has_one_meaning(shelf):
    title = shelf.add("tiny", FACTS, arrays())
    assert shelf.add("tiny", FACTS, arrays()) == title
    with pytest.raises(InputError, match="`name` must be new.*choose another name"):
        shelf.add("tiny", {}, arrays())
    assert shelf.titles() == [title]
    shelf.remove(title)
    assert shelf.titles() == [] and shelf.files(title) == [] and shelf.resolve("tiny") is None


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a@b", ".hidden", "a" * 65, "a b", 3, None])
def test_a_name_can_be_no_path(shelf, name):
    with pytest.raises(InputError, match="`name` must be"):
        shelf.add(name, FACTS, arrays())
    assert not shelf.folder.exists()


def test_a_copied_entry_is_the_entry(shelf, tmp_path, monkeypatch):
    title = shelf.add("tiny", FACTS, arrays())
    files = shelf.files(title)
    monkeypatch.setenv("JQKD_CACHE", str(tmp_path / "other"))
    shelf.folder.mkdir(parents=True)
    for path in files:
        shutil.copy(path, shelf.folder)
    assert shelf.resolve("tiny") == title and shelf.arrays(title)["x"].shape == (2, 3)


def test_damage_is_named(shelf):
    title = shelf.add("tiny", FACTS, arrays())
    array_file, fact_file = shelf.files(title)
    whole = array_file.read_bytes()
    array_file.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    with pytest.raises(DamagedFile, match="import it again"):
        shelf.arrays(title)
    write_npz(array_file, arrays() | {"x": arrays()["x"] + 1})
    with pytest.raises(DamagedFile, match="its contents are others"):
        shelf.arrays(title)
    array_file.unlink()
    with pytest.raises(DamagedFile, match="it is missing"):
        shelf.arrays(title)
    about = json.loads(fact_file.read_text())
    for change in ({"facts": {}}, {"arrays": {"x": [1, 2]}}, {"arrays": 3}, {"arrays_digest": "0"}):
        fact_file.write_text(json.dumps(about | change))
        with pytest.raises(DamagedFile, match="import it again"):
            shelf.facts(title)


def test_a_registry_takes_what_is_on_its_shelf(shelf):
    registry = Registry("shape", object, has_shelf=True)

    @registry.register("box")
    @dataclasses.dataclass(frozen=True)
    class Box:
        """A part."""

    @registry.imported
    @dataclasses.dataclass(frozen=True)
    class Imported:
        """From the shelf."""

        title: str

    part = registry.keep("tiny", FACTS, arrays())
    title = registry.text(part)
    assert (
        part == Imported(shelf.resolve("tiny")) == registry.build("tiny") == registry.build(title)
    )
    assert registry.text(registry.build("tiny")) == title == registry.name_of(part)
    assert registry.build(part) is part and registry.plugin_of(title) is None
    assert registry.build("box") == Box() and registry.text(Box()) == "box"
    registry.check("tiny")
    with pytest.raises(InputError, match="`name` must be a name that no shape"):
        registry.keep("box", FACTS, {})
    with pytest.raises(InputError, match="no options where it is imported"):
        registry.build("tiny:width=2")
    for text in ("tinier", "tiny@0123456789ab"):
        with pytest.raises(InputError, match="box, tiny"):
            registry.build(text)
