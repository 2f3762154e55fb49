"""A store: what goes wrong with it is said in one sentence, and nothing is lost."""

from __future__ import annotations

import errno
import io
import json
import os
import zipfile

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.common.arrays import arrays_digest
from jqkd.experiments import worker
from jqkd.experiments.asked import Asked, ask, asked, names_in, source_of
from jqkd.experiments.executors.here import Here
from jqkd.experiments.planner import plan, tasks_of
from jqkd.experiments.store import DamagedJob, Store
from jqkd.experiments.worker import Order, check_teachers, do_jobs, taken
from jqkd.training.algorithm import ALGORITHM

from .pretended import fill

DEMO = Asked("demo", 4).experiment()


@pytest.fixture
def store(tmp_path):
    return fill(tmp_path / "out", "demo", 4, lambda job, seed: 90 + seed)


def jobs(seeds=4):
    return plan(DEMO, seeds)


def pretend(free, *_):
    arrays = {"ids": np.arange(2), "logits": np.zeros((2, 2))}
    return [({"seed": job.seed}, None if job.seed is not None else arrays) for job in free]


@pytest.fixture
def no_training(monkeypatch):
    monkeypatch.setattr(worker, "compute", pretend)


def run(store, seeds=4, only=None):
    tasks = tasks_of(jobs(seeds)[:only], 2, lambda job: store.done(job.name))
    return Here().run(tasks, Order(str(store.root), "demo"), lambda *_: None)


def started(root, seeds=2):
    store = Store.create(root)
    ask(store, "demo", Asked("demo", seeds))
    return store


def test_what_was_written_is_read(store):
    (*_, last) = jobs()
    assert store.seeds(last.group) == [0, 1, 2, 3]
    assert store.read(last.name)["right"]["best"] == 93
    assert all(store.done(job.name) for job in jobs())
    assert store.damage(jobs()) == []
    assert not list(store.root.rglob("*.tmp"))


def test_more_seeds_are_added_to_what_is_there(store, no_training):
    before = {path: path.read_bytes() for path in store.root.rglob("seed-*.json")}
    ask(store, "demo", Asked("demo", 7))
    assert run(store, 7).done == [job.name for job in jobs(7) if job.seed in (4, 5)] + [
        job.name for job in jobs(7) if job.seed == 6
    ]
    assert all(path.read_bytes() == text for path, text in before.items())
    assert asked(store, "demo").seeds == 7


def test_what_was_asked_for_is_joined(store):
    ask(store, "demo", Asked("demo", 2, 3, ("*-alone",)))
    # All arms were asked for before.
    assert asked(store, "demo") == Asked("demo", 4, 3, ())
    ask(store, "other", Asked("demo", 2, 1, ("a",)))
    ask(store, "other", Asked("demo", 1, 1, ("b", "a")))
    assert asked(store, "other") == Asked("demo", 2, 1, ("a", "b"))
    assert names_in(store) == ["demo", "other"]
    assert source_of("other", store) == "demo"
    # One experiment has one text.
    assert source_of("demo:shots=5000,epochs=1", store) == "demo:epochs=1"
    with pytest.raises(InputError, match="`name` must be an experiment that .* was asked for, but"):
        asked(store, "none")


def test_a_store_of_another_schema(store):
    path = store.root / "store.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 99}))
    with pytest.raises(InputError, match="schema 99, where this version of jqkd reads 2; choose"):
        Store.open(store.root)


@pytest.mark.parametrize("text", ["{", "[]", '{"schema": 2}', '{"schema": 2, "kind": "store"}', ""])
def test_a_damaged_header(store, text):
    (store.root / "store.json").write_text(text)
    with pytest.raises(
        InputError, match="store.json cannot be read or is damaged: .*; choose anot"
    ):
        Store.open(store.root)


def test_no_folder(tmp_path):
    with pytest.raises(
        InputError, match="must be a folder that `jqkd run` has written, but .* has"
    ):
        Store.open(tmp_path)


def test_an_earlier_layout_is_told(tmp_path):
    (tmp_path / "tables.json").write_text("{}")
    for call in (Store.open, Store.create):
        with pytest.raises(
            InputError, match="made by version 1 of the algorithm, in the layout of"
        ):
            call(tmp_path)


@pytest.mark.parametrize(
    "change", [{"seeds": 0}, {"seeds": "4"}, {"source": 1}, {"arms": "a"}, None]
)
def test_damaged_notes_of_what_was_asked_for(store, change):
    path = store.root / "experiments" / "demo.json"
    about = json.loads(path.read_text())
    path.write_text(json.dumps({} if change is None else about | change))
    with pytest.raises(InputError, match="demo.json cannot be read or is damaged: .*; ask for"):
        asked(store, "demo")


@pytest.mark.parametrize("how", ["cut", "changed", "empty", "moved"])
def test_a_damaged_job_is_named_and_redone(store, how, no_training):
    files = sorted(store.root.rglob("seed-*.json"))
    path, text = files[0], files[0].read_text()
    new = {
        "cut": text[: len(text) // 2],
        "changed": text.replace('"final": 9', '"final": 8', 1),
        "empty": "",
        "moved": files[1].read_text(),
    }[how]
    assert new != text
    path.write_text(new)
    damaged = store.damage(jobs())
    assert [error.path for error in damaged] == [path]
    assert str(path) in str(damaged[0]) and "run again with --redo" in str(damaged[0])
    # Without being asked, nothing is done again.
    assert run(store).done == []
    store.forget(damaged)
    assert run(store).done == [str(path.relative_to(store.root).with_suffix(""))]
    assert store.damage(jobs()) == []


def test_damaged_logits_are_named(store):
    teacher = jobs()[0]
    path = store.path(teacher.name).with_suffix(".npz")
    np.savez(path, ids=np.arange(2), logits=np.ones((2, 2)))
    with pytest.raises(DamagedJob, match="its numbers are not those written"):
        store.read_arrays(teacher.name)
    path.unlink()
    damaged = store.damage(jobs())
    assert [error.path for error in damaged] == [path]
    store.forget(damaged)
    assert not store.done(teacher.name)


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
    teacher = jobs()[0]
    path = store.path(teacher.name).with_suffix(".npz")
    LOGITS[how](path)
    damaged = store.damage(jobs())
    assert [error.path for error in damaged] == [path]
    assert "; run again with --redo" in str(damaged[0])
    assert run(store).failed == {}
    if how == "a folder":
        path.rmdir()  # Not made by a process of ours, so none of ours removes it.
    store.forget(damaged)
    assert run(store).done == [teacher.name]
    assert store.damage(jobs()) == []


def test_a_teacher_without_the_digest_of_its_logits_is_damaged(store):
    teacher = jobs()[0]
    store.write(teacher.name, {"kind": "teacher"})
    path = store.path(teacher.name).with_suffix(".npz")
    assert [error.path for error in store.damage(jobs())] == [path]


@pytest.mark.parametrize("text", ["null", "[1]", "[" * 100_000, '"a"', "", '{"a": ' + "9" * 5000])
def test_a_job_that_is_not_even_an_object(store, text):
    path = min(store.root.rglob("seed-*.json"))
    path.write_text(text)
    assert [error.path for error in store.damage(jobs())] == [path]


def test_a_failing_job_does_not_stop_the_others(tmp_path, monkeypatch):
    def fail(free, *rest):
        if free[0].kind == "teachers":
            raise FloatingPointError("the loss is nan")
        return pretend(free)

    monkeypatch.setattr(worker, "compute", fail)
    outcome = run(started(tmp_path), 2)
    (teacher, reason), *others = outcome.failed.items()
    assert reason == "FloatingPointError: the loss is nan"
    assert [text for _, text in others] == [f"needs {teacher}, which failed"] * 2
    assert len(outcome.done) == 4


def test_a_job_that_another_finished_meanwhile_is_not_done_again(tmp_path, monkeypatch):
    store = started(tmp_path)
    for job, (content, arrays) in zip(jobs(2), pretend(jobs(2)), strict=True):
        store.write(job.name, content, arrays)
    monkeypatch.setattr(worker, "compute", lambda *_: pytest.fail("done twice"))
    outcome = Here().run(tasks_of(jobs(2), 2), Order(str(tmp_path), "demo"), lambda *_: None)
    assert (outcome.done, outcome.failed) == ([], {})


def test_what_another_process_does_is_left_to_it(tmp_path, no_training, monkeypatch):
    store = started(tmp_path)
    last = jobs(2)[-1]
    with store.claim(last.name) as other:
        assert other is None
        outcome = run(store, 2)
        assert list(outcome.held) == [last.name]
        assert outcome.held[last.name] == store.holder(last.name) == store.at_work(last.group)[0]
    assert len(outcome.done) == len(jobs(2)) - 1
    assert run(store, 2).done == [last.name]


def test_a_plan_without_a_needed_job_ends(tmp_path, no_training, monkeypatch):
    store = started(tmp_path)
    monkeypatch.undo()
    (*_, taught) = jobs(2)
    outcome = do_jobs(Order(str(tmp_path), "demo"), [taught.name])
    assert "it is missing" in outcome.failed[taught.name] and not store.done(taught.name)


def test_an_unknown_job_is_refused(store):
    with pytest.raises(
        InputError, match="`name` must be of a job of experiment demo, but students/x"
    ):
        do_jobs(Order(str(store.root), "demo"), ["students/x/seed-000"])


def test_a_full_disk_stops_the_run_and_loses_nothing(tmp_path, monkeypatch, no_training):
    store = started(tmp_path, 4)
    before = run(store, 4, only=3).done
    replace = os.replace

    def full(source, target):
        if "seed" in str(target):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(InputError, match="No space left on device"):
        run(store)
    monkeypatch.setattr(os, "replace", replace)
    assert all((tmp_path / f"{name}.json").exists() for name in before)
    assert not list(tmp_path.rglob("*.tmp"))
    assert not run(store).failed
    assert store.damage(jobs()) == []


def test_a_lost_log_costs_no_number(store):
    store.log({"job": "a", "seconds": {"total": 1.0}})
    with (store.root / "log.jsonl").open("a") as file:
        file.write('{"job": "b", "sec')
    assert [entry["job"] for entry in store.times() if "job" in entry] == ["a"]


def test_results_of_another_version_of_the_algorithm_are_never_added_to(store):
    path = store.root / "store.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"algorithm": 1}))
    assert Store.open(store.root).algorithm == 1
    for call in (
        lambda: Store.create(store.root),
        lambda: do_jobs(Order(str(store.root), "demo"), [jobs()[0].name]),
        lambda: check_teachers(jobs(), str(store.root)),
    ):
        with pytest.raises(InputError, match=f"made by version 1 .* this is version {ALGORITHM}"):
            call()


def test_teachers_of_another_store(store, tmp_path):
    teacher = jobs()[0]
    content, arrays = taken(teacher, str(store.root))
    other = Store.create(tmp_path / "other")
    other.write(teacher.name, content, arrays)
    assert other.path(teacher.name).read_bytes() == store.path(teacher.name).read_bytes()
    assert arrays_digest(other.read_arrays(teacher.name)) == arrays_digest(arrays)
    longer = plan(Asked("demo:lenet_epochs=11", 1).experiment(), 1)
    with pytest.raises(
        InputError, match=r"no lenet digits 0-1 trained for so many epochs \(lenet 11"
    ):
        check_teachers(longer, str(store.root))
    with pytest.raises(InputError, match="must be train, shipped .* or a store, but `no`"):
        taken(teacher, "no")


def test_files_are_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        fill(tmp_path / name, "demo", 2, lambda job, seed: 90)
    read = lambda name: {  # noqa: E731
        str(path.relative_to(tmp_path / name)): path.read_bytes()
        for path in (tmp_path / name).rglob("*")
        # Where the times are.
        if path.is_file() and path.name != "log.jsonl"
    }
    assert read("a") == read("b")
