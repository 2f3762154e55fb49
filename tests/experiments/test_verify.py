"""A results folder replayed: identical, damaged, forged, of another machine, of another version."""

from __future__ import annotations

import json

import pytest

from jqkd._checks import InputError
from jqkd.experiments import verify
from jqkd.experiments.files import DamagedUnit, read_unit, write_unit
from jqkd.experiments.plan import StudentUnit
from jqkd.experiments.presets import Settings
from jqkd.experiments.runner import run_units
from jqkd.experiments.store import Store
from jqkd.experiments.studies import STUDIES
from jqkd.experiments.study import DATA, MARK, arms_of, units_of


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Students alone and taught by a teacher's mean, one seed each."""
    root = tmp_path_factory.mktemp("results")
    arms = arms_of([STUDIES["controls"]], [DATA["digits"]], "constant")
    store = Store.create(root, Settings("robust", epochs=40), [MARK + "controls"], 1)
    outcome = run_units(units_of(arms, 1), store)
    assert not outcome.failed
    return store


def verdicts(store):
    return [one.verdict for one in verify.replay(store, verify.sample_students(store, 20))]


def block_of(store, arm):
    return next(
        path for path in sorted(store.root.glob("students/*/seeds-*.json")) if arm in str(path)
    )


def test_what_was_made_here_is_identical(store):
    assert verdicts(store) == [verify.IDENTICAL] * 2


def changed(store, monkeypatch, change):
    """A stored unit with other numbers, and a checksum that fits them."""
    path = block_of(store, "lenet")
    before = path.read_text()
    name = json.loads(before)["unit"]
    content = read_unit(path, name)
    change(content)
    write_unit(path, name, content)
    monkeypatch.undo()
    return path, before


def test_a_flipped_digit_is_damage(store):
    path = block_of(store, "lenet")
    before = path.read_text()
    digit = before.index("0.", before.index("test_loss")) + 4
    path.write_text(before[:digit] + ("1" if before[digit] != "1" else "2") + before[digit + 1 :])
    with pytest.raises(DamagedUnit, match="its numbers are not those written"):
        verdicts(store)
    path.write_text(before)


@pytest.mark.parametrize("name", ["test_loss", "train_accuracy"])
def test_a_forged_number_is_different(store, monkeypatch, name):
    def forge(content):
        content["curves"][name][0][-1] += 1e-6

    path, before = changed(store, monkeypatch, forge)
    replays = list(verify.replay(store, verify.sample_students(store, 20)))
    path.write_text(before)
    assert [one.verdict for one in replays] == [verify.IDENTICAL, verify.DIFFERENT]
    assert replays[1].reason == f"{name} differ" and 0 < replays[1].largest < 2e-6


def test_a_last_digit_of_another_machine_is_rounding(store, monkeypatch):
    def round_otherwise(content):
        content["curves"]["test_loss"][0][-1] += 1e-6

    path, before = changed(store, monkeypatch, round_otherwise)
    log = store.root / "log.jsonl"
    lines = log.read_text()
    log.write_text(lines.replace('"jaxlib": "', '"jaxlib": "9.'))
    replays = list(verify.replay(store, verify.sample_students(store, 20)))
    log.write_text(lines)
    path.write_text(before)
    assert [one.verdict for one in replays] == [verify.IDENTICAL, verify.ROUNDING]
    assert replays[1].reason.startswith("made with jaxlib 9.")


def test_another_seed_is_no_rounding(store, monkeypatch):
    """Whatever the machine."""

    def swap(content):
        unit = next(s for s in verify.stored_students(store) if s.arm.teacher is None)
        content["curves"] = unit.content["curves"]

    path, before = changed(store, monkeypatch, swap)
    monkeypatch.setattr(verify, "_machines", lambda store: {"x": {}})
    assert verdicts(store) == [verify.IDENTICAL, verify.DIFFERENT]
    path.write_text(before)


def test_an_older_version_is_told(store):
    older = Store(store.root, store.settings, store.asked, algorithm=1)
    with pytest.raises(InputError, match="made by version 1 of the algorithm"):
        verify.sample_students(older, 2)


def test_a_sample_is_some_students_each_once(store):
    students = verify.stored_students(store)
    assert len({(s.arm.name, s.seed) for s in students}) == len(students) == 2
    assert [s.arm.name for s in verify.sample_students(store, 1)] != []
    assert len(verify.sample_students(store, 1)) == 1
    assert isinstance(StudentUnit(students[0].arm, (students[0].seed,)).name, str)
