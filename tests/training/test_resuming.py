"""More epochs and seeds for a run folder: the bits of a run that asked for all of them at once."""

import dataclasses
import json
import shutil

import jax
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.training import student_run
from jqkd.training.config import TeacherConfig
from jqkd.training.student_job import StudentJob
from jqkd.training.student_run import run_student
from jqkd.training.trained import load_run
from tests.small import LENET, STUDENT

# A look after every second epoch: the last one of three epochs is none of five's.
CONFIG = dataclasses.replace(STUDENT, augmentation="half-mixup", epochs=5, evaluate_every=2)
SHORT = dataclasses.replace(CONFIG, epochs=3)
TEACHER = dataclasses.replace(LENET, classes="0-3")
JOB = StudentJob(CONFIG, TEACHER, (0, 1, 2))


class Stop(Exception):
    pass


@pytest.fixture(scope="module")
def whole():
    return run_student(JOB)


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """Three epochs of two seeds."""
    folder = tmp_path_factory.mktemp("short") / "run"
    run_student(StudentJob(SHORT, TEACHER, (0, 1)), out=folder)
    return folder


@pytest.fixture
def copy(short, tmp_path):
    return shutil.copytree(short, tmp_path / "run")


def assert_same(one, other, seeds):
    """Results and weights of some seeds are the same, bit for bit."""
    for arm, kept in one.result["arms"].items():
        rows = [[kept["seeds"].index(seed) for seed in seeds]]
        again = other.result["arms"][arm]
        rows.append([again["seeds"].index(seed) for seed in seeds])
        for name, curve in kept["curves"].items():
            np.testing.assert_array_equal(curve[rows[0]], again["curves"][name][rows[1]])
    for run in one.block.runs:
        if run.seed in seeds:
            rows = [block.runs.index(run) for block in (one.block, other.block)]
            states = [outcome.block.state for outcome in (one, other)]
            for a, b in zip(*map(jax.tree.leaves, states), strict=True):
                np.testing.assert_array_equal(np.asarray(a)[rows[0]], np.asarray(b)[rows[1]])


def test_more_epochs_have_the_bits_of_a_run_of_all_of_them(copy, whole):
    numbers = []
    job = StudentJob(CONFIG, TEACHER, (0, 1))
    outcome = run_student(job, out=copy, on_epoch=lambda epoch: numbers.append(epoch.number))
    assert numbers == [4, 5]
    assert_same(outcome, whole, (0, 1))
    assert load_run(copy).job == job


def test_more_seeds_and_epochs_at_once_even_where_they_are_stopped(copy, whole, monkeypatch):
    """The first stop is among the seeds that were there, the second among those that are added."""
    seen = []

    def stop(epoch):
        seen.append((epoch.number, len(epoch.metrics["test_loss"])))
        if seen[-1] in ((4, 4), (4, 2)) and seen.count(seen[-1]) == 1:
            raise Stop

    for _ in range(2):
        with pytest.raises(Stop):
            run_student(JOB, out=copy, on_epoch=stop)
    with pytest.raises(InputError, match="on their way to more epochs or seeds; finish them"):
        load_run(copy)
    outcome = run_student(JOB, out=copy, on_epoch=stop)
    assert seen == [(4, 4), (5, 4), (2, 2), (4, 2), (5, 2)]
    assert_same(outcome, whole, (0, 1, 2))
    assert {path.name for path in copy.iterdir()} == {"result.json", "checkpoints"}
    monkeypatch.setattr(student_run.Block, "next_epoch", lambda block: pytest.fail("trained"))
    assert_same(run_student(JOB, out=copy), whole, (0, 1, 2))


def test_more_seeds_where_the_rate_falls_keep_those_that_were_there(tmp_path):
    config = dataclasses.replace(STUDENT, schedule="cosine", epochs=2)
    before = run_student(StudentJob(config, None, (1,)), out=tmp_path)
    stored = json.loads((tmp_path / "result.json").read_text())["arms"]["alone"]["curves"]
    after = run_student(StudentJob(config, None, (0, 1)), out=tmp_path)
    assert_same(before, after, (1,))
    assert_same(after, run_student(StudentJob(config, None, (2, 0))), (0,))
    now = json.loads((tmp_path / "result.json").read_text())["arms"]["alone"]["curves"]
    assert all(now[name][1] == stored[name][0] for name in stored)


def test_a_stopped_run_ends_earlier_than_was_meant(copy, whole):
    """Five epochs of eight that were asked for."""

    def stop(epoch):
        raise Stop

    job = StudentJob(dataclasses.replace(CONFIG, epochs=8), TEACHER, (0, 1))
    with pytest.raises(Stop):
        run_student(job, out=copy, on_epoch=stop)
    assert_same(run_student(StudentJob(CONFIG, TEACHER, (0, 1)), out=copy), whole, (0, 1))


REFUSED = {
    "fewer epochs": ({"epochs": 2}, {}, "`epochs` must be at least 3, which are done, but 2 was"),
    "rate": ({"learning_rate": 0.5}, {}, r"another configuration \(learning_rate 0.001, not 0.5\)"),
    "falling": ({"schedule": "cosine"}, {}, r"\(schedule 'constant', not 'cosine'\)"),
    "fewer seeds": ({"epochs": 5}, {"seeds": (1, 2)}, r"\(seed 0, which is not asked for\)"),
    "teacher": ({}, {"teacher": None}, r"another configuration \(teacher TeacherConfig"),
    "teacher's epochs": (
        {},
        {"teacher": TeacherConfig("lenet", "digits", "0-3", epochs=3)},
        r"another configuration \(teacher TeacherConfig",
    ),
}


@pytest.mark.parametrize(("fields", "rest", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_go_on_is_refused_before_any_work(short, monkeypatch, fields, rest, sentence):
    monkeypatch.setattr(student_run, "prepare", lambda *_, **__: pytest.fail("work has begun"))
    job = StudentJob(SHORT, TEACHER, (0, 1))
    job = dataclasses.replace(job, config=dataclasses.replace(SHORT, **fields), **rest)
    with pytest.raises(InputError, match=sentence):
        run_student(job, out=short)


def test_a_falling_rate_and_a_placebo_of_all_views_depend_on_the_number_of_epochs(tmp_path):
    few = dataclasses.replace(CONFIG, per_class=2, epochs=2)
    cosine = StudentJob(dataclasses.replace(few, schedule="cosine"), None, (0,))
    run_student(cosine, out=tmp_path / "cosine")
    more = dataclasses.replace(cosine, config=dataclasses.replace(cosine.config, epochs=4))
    with pytest.raises(InputError, match="`epochs` must be 2 as before, where the schedule is cos"):
        run_student(more, out=tmp_path / "cosine")
    shuffled = StudentJob(dataclasses.replace(few, placebo="shuffled"), TEACHER, (0,))
    run_student(shuffled, out=tmp_path / "placebo")
    more = dataclasses.replace(shuffled, config=dataclasses.replace(shuffled.config, epochs=4))
    with pytest.raises(InputError, match="`epochs` must be 2 as before, where a placebo is made"):
        run_student(more, out=tmp_path / "placebo")


def test_an_audit_knows_nothing_of_seeds_that_are_added(short, monkeypatch):
    monkeypatch.setattr(student_run, "prepare", lambda *_, **__: pytest.fail("work has begun"))
    with pytest.raises(InputError, match="`audit` must not be given where .* holds other seeds"):
        run_student(StudentJob(SHORT, TEACHER, (0, 1, 2)), out=short, audit=True)
