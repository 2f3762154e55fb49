"""A results folder: what goes wrong with it is said in one sentence, and nothing is lost."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import zipfile

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.experiments import files, runner
from jqkd.experiments.files import DamagedUnit
from jqkd.experiments.plan import StudentUnit, TeacherUnit, arms_of, plan_units, teachers_of
from jqkd.experiments.presets import Settings
from jqkd.experiments.rows import select
from jqkd.experiments.runner import redo, run_units
from jqkd.experiments.store import Store
from jqkd.experiments.work import shipped_teacher, teacher_stores
from jqkd.training.algorithm import ALGORITHM

from .pretended import fill

ROWS = select("demo")
SETTINGS = Settings()


@pytest.fixture
def store(tmp_path):
    return fill(tmp_path / "out", ROWS, SETTINGS, 4, lambda arm, seed: 90 + seed)


def units(store, seeds=4):
    return plan_units(ROWS, SETTINGS, seeds, block=2, present=store.present)


def damage(store):
    return store.damage(teachers_of(ROWS, SETTINGS), arms_of(ROWS, SETTINGS))


def pretend(unit, *_):
    if isinstance(unit, TeacherUnit):
        return {"test_accuracy": {}}, {"ids": np.arange(2)}
    return {"seeds": list(unit.seeds), "curves": {}, "test_accuracy": {}}, None


@pytest.fixture
def no_training(monkeypatch):
    monkeypatch.setattr(runner, "_compute", pretend)


def test_what_was_written_is_read(store):
    arm = arms_of(ROWS, SETTINGS)[0]
    runs = store.runs(arm)
    assert list(runs) == [0, 1, 2, 3]
    assert runs[3]["test_accuracy"]["best"] == 0.93
    assert units(store) == teachers_of(ROWS, SETTINGS)
    assert damage(store) == []
    assert not list(store.root.rglob(".*"))


def test_more_seeds_are_added_to_what_is_there(store):
    Store.create(store.root, SETTINGS, [], 7)
    more = [u for u in units(store, 7) if isinstance(u, StudentUnit)]
    assert {u.seeds for u in more} == {(4, 5), (6,)}
    assert Store.open(store.root).asked["seeds"] == 7


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"preset": "paper-text"}, "made with preset paper-code, but preset paper-text was asked"),
        ({"shots": None}, "made with shots 5000, but shots None was asked for; choose another"),
    ],
)
def test_a_folder_of_other_settings(store, change, match):
    with pytest.raises(InputError, match=match):
        Store.create(store.root, Settings(**change), [], 4)


def test_a_folder_of_another_version(store):
    path = store.root / "tables.json"
    about = json.loads(path.read_text())
    path.write_text(json.dumps(about | {"schema": 99}))
    with pytest.raises(InputError, match=r"have schema \(99, \d+\), but this version .* choose an"):
        Store.open(store.root)


def test_a_damaged_description(store):
    (store.root / "tables.json").write_text("{")
    with pytest.raises(InputError, match="tables.json cannot be read or is damaged"):
        Store.open(store.root)


def test_no_folder(tmp_path):
    with pytest.raises(InputError, match="must be a folder that `jqkd tables run` has written"):
        Store.open(tmp_path)


@pytest.mark.parametrize("how", ["cut", "changed", "empty", "moved"])
def test_a_damaged_unit_is_named_and_redone(store, how, no_training):
    blocks = sorted(store.root.rglob("seeds-*.json"))
    path, text = blocks[0], blocks[0].read_text()
    new = {
        "cut": text[: len(text) // 2],
        "changed": text.replace("0.9", "0.8", 1),
        "empty": "",
        "moved": blocks[1].read_text(),
    }[how]
    path.write_text(new)
    found = damage(store)
    assert [error.path for error in found] == [path]
    assert str(path) in str(found[0])
    assert "run again with --redo" in str(found[0])
    # Without being asked, nothing is done again and nothing of it is used.
    assert not any(isinstance(unit, StudentUnit) for unit in units(store))
    assert sum(len(store.runs(arm)) for arm in arms_of(ROWS, SETTINGS)) == 4 * 3 - 2
    redo(found)
    outcome = run_units(units(store), store)
    assert outcome.done == [str(path.relative_to(store.root).with_suffix(""))]
    assert damage(store) == []


def test_damaged_logits_are_named(store):
    unit = teachers_of(ROWS, SETTINGS)[0]
    path = store.path(unit).with_suffix(".npz")
    np.savez(path, ids=np.arange(2), logits=np.ones((2, 2)))
    with pytest.raises(DamagedUnit, match="its numbers are not those written"):
        store.read_logits(unit)
    path.unlink()
    assert [error.path for error in damage(store)] == [path]
    redo(damage(store))
    assert not store.done(unit)


def scribble(path):
    """Change compressed bytes, as a failing disk does: what unpacks them stumbles."""
    contents = bytearray(path.read_bytes())
    contents[60:90] = bytes(30)
    path.write_bytes(contents)


def claim_4_tib(path):
    head = io.BytesIO()
    about = {"descr": "<f8", "fortran_order": False, "shape": (2**39,)}
    np.lib.format.write_array_header_1_0(head, about)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ids.npy", head.getvalue())


LOGITS = {
    "scribbled": scribble,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "empty": lambda path: path.write_bytes(b""),
    "4 TiB": claim_4_tib,
    "objects": lambda path: np.savez(path, ids=np.array([None, {}])),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("how", LOGITS)
def test_damaged_logits_stop_nothing_and_are_redone(how, store, no_training):
    unit = teachers_of(ROWS, SETTINGS)[0]
    path = store.path(unit).with_suffix(".npz")
    LOGITS[how](path)
    found = damage(store)
    assert [error.path for error in found] == [path]
    assert "; run again with --redo" in str(found[0])
    assert run_units(units(store), store).failed == {}
    if how == "a folder":
        path.rmdir()  # Not made by a process of ours, so none of ours removes it.
    redo(found)
    assert run_units(units(store), store).done == [unit.name]
    assert damage(store) == []


def test_a_teacher_without_the_digest_of_its_logits_is_damaged(store):
    unit = teachers_of(ROWS, SETTINGS)[0]
    files.write_unit(store.path(unit), unit.name, {"kind": "teacher"})
    assert [error.path for error in damage(store)] == [store.path(unit).with_suffix(".npz")]


@pytest.mark.parametrize("text", ["null", "[1]", "[" * 100_000, '"a"', "", '{"a": ' + "9" * 5000])
def test_a_unit_that_is_not_even_an_object(store, text):
    path = min(store.root.rglob("seeds-*.json"))
    path.write_text(text)
    assert [error.path for error in damage(store)] == [path]


@pytest.mark.parametrize(
    "change",
    [
        {"asked": None},
        {"asked": {"rows": [], "seeds": 4}},
        {"asked": {"rows": [1], "seeds": 4, "teacher_seeds": 1}},
        {"asked": {"rows": [], "seeds": "4", "teacher_seeds": 1}},
        {"settings": None},
        {"settings": {"schema": 1, "preset": "none"}},
        {"kind": ["tables"]},
    ],
)
def test_a_description_of_wrong_values_is_damaged(store, change):
    path = store.root / "tables.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=f"{path} cannot be read or is damaged: .*; choose anoth"):
        Store.open(store.root)


def test_a_failing_unit_does_not_stop_the_others(tmp_path, monkeypatch):
    def fail(unit, *rest):
        if isinstance(unit, TeacherUnit):
            raise FloatingPointError("the loss is nan")
        return pretend(unit)

    monkeypatch.setattr(runner, "_compute", fail)
    store = Store.create(tmp_path, SETTINGS, [], 2)
    outcome = run_units(units(store, 2), store)
    (teacher, reason), *others = outcome.failed.items()
    assert reason == "FloatingPointError: the loss is nan"
    assert [text for _, text in others] == [f"needs {teacher}, which failed"]
    assert len(outcome.done) == 2


def test_a_unit_that_another_finished_meanwhile_is_not_done_again(tmp_path, monkeypatch):
    store = Store.create(tmp_path, SETTINGS, [], 2)
    claim = store.claim

    @contextlib.contextmanager
    def late(unit):
        store.write(unit, *pretend(unit))
        with claim(unit) as other:
            yield other

    monkeypatch.setattr(store, "claim", late)
    monkeypatch.setattr(runner, "_compute", lambda *_: pytest.fail("done twice"))
    outcome = run_units(units(store, 2), store)
    assert (outcome.done, outcome.failed) == ([], {})


def test_a_plan_without_a_needed_unit_ends(tmp_path, no_training):
    store = Store.create(tmp_path, SETTINGS, [], 2)
    students = [unit for unit in units(store, 2) if isinstance(unit, StudentUnit)]
    outcome = run_units(students, store)
    assert list(outcome.failed.values()) == ["needs a unit that is not in the plan"]
    assert len(outcome.done) == 2


def test_a_full_disk_stops_the_run_and_loses_nothing(tmp_path, monkeypatch, no_training):
    store = Store.create(tmp_path, SETTINGS, [], 4)
    before = run_units(units(store)[:3], store).done
    replace = os.replace

    def full(source, target):
        if "seeds" in str(target):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="No space left on device"):
        run_units(units(store), store)
    monkeypatch.setattr(os, "replace", replace)
    assert all((tmp_path / f"{name}.json").exists() for name in before)
    assert not list(tmp_path.rglob(".*seeds*"))
    assert not run_units(units(store), store).failed
    assert damage(store) == []


def test_a_lost_log_costs_no_number(store):
    store.log({"unit": "a", "seconds": {"total": 1.0}})
    with (store.root / "log.jsonl").open("a") as file:
        file.write('{"unit": "b", "sec')
    assert [entry["unit"] for entry in store.times()] == ["a"]


def test_results_of_another_version_of_the_algorithm_are_never_added_to(store, tmp_path):
    path = store.root / "tables.json"
    about = json.loads(path.read_text())
    assert about.pop("algorithm") == ALGORITHM
    path.write_text(json.dumps(about))
    assert Store.open(store.root).algorithm == 1
    for call in (
        lambda: Store.create(store.root, store.settings, store.asked["rows"], 2),
        lambda: teacher_stores(str(store.root)),
    ):
        with pytest.raises(InputError, match=f"made by version 1 .* this is version {ALGORITHM}"):
            call()


def test_shipped_teachers(store, tmp_path):
    unit = teachers_of(ROWS, SETTINGS)[0]
    content, arrays = shipped_teacher(unit, str(store.root))
    other = Store.create(tmp_path / "other", SETTINGS, [], 1)
    other.write(unit, content, arrays)
    assert other.path(unit).read_bytes() == store.path(unit).read_bytes()
    assert files.arrays_digest(other.read_logits(unit)) == files.arrays_digest(arrays)
    scribble(store.path(unit).with_suffix(".npz"))
    with pytest.raises(InputError, match=r"npz .*damaged: .*; use --teachers train, or another"):
        shipped_teacher(unit, str(store.root))
    longer = teachers_of(ROWS, Settings(lenet_epochs=11))[0]
    with pytest.raises(InputError, match=r"no lenet digits 0-1 trained for \{'lenet': 11\} epochs"):
        shipped_teacher(longer, str(store.root))
    with pytest.raises(InputError, match="must be train, shipped .* or a results folder, but `no`"):
        shipped_teacher(unit, "no")


def test_files_are_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        fill(tmp_path / name, ROWS, SETTINGS, 2, lambda arm, seed: 90)
    read = lambda name: {  # noqa: E731
        path.name: path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()
    }
    assert read("a") == read("b")
