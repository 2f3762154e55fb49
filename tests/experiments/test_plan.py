"""Rows become the right units, each once, and every row of a width runs in one program."""

from __future__ import annotations

import logging

import jax
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.data import load
from jqkd.experiments.plan import (
    AnswerUnit,
    StudentUnit,
    TeacherUnit,
    alone_arm,
    arms_of,
    distilled_arm,
    matched_arm,
    plan_units,
    teachers_of,
)
from jqkd.experiments.presets import Settings, alone_config, distilled_config, teacher_of
from jqkd.experiments.rows import select
from jqkd.training import student_task, students
from jqkd.training.config import StudentConfig
from jqkd.training.recipes import Output
from jqkd.training.student_run import splits_for
from jqkd.training.students import Block, Run

ALL = select("all")


def row(name):
    return next(row for row in select("all", [name]))


def test_every_row_of_the_paper_has_its_units():
    units = plan_units(ALL, Settings(), seeds=10)
    teachers = [u for u in units if isinstance(u, TeacherUnit)]
    blocks = [u for u in units if isinstance(u, StudentUnit)]
    assert len(teachers) == 12
    # 6 students alone, 2 of them again with the distilled rows' head, 18 distilled.
    assert len({u.arm.name for u in blocks}) == 26
    assert sum(len(u.seeds) for u in blocks) == 260
    names = [u.name for u in units]
    assert len(set(names)) == len(names)
    assert all(names.index(need) < names.index(u.name) for u in units for need in u.needs)


def test_students_of_the_text_are_shared_by_both_arms():
    arms = arms_of(ALL, Settings("paper-text"))
    assert len(arms) == 6 + 18
    assert {arm.config.term for arm in arms} == {"kl"}
    assert {arm.config.head for arm in arms} == {"log-probability"}


def test_rows_follow_their_notebooks():
    settings = Settings(shots="notebook")
    alexnet = row("fashion_mnist-0-7-3q-alexnet")
    mine, alone = distilled_config(alexnet, settings), alone_config(alexnet, settings)
    assert (mine.head, mine.shots, mine.term) == ("concat-sigmoid", 5000, "kl * 6/8")
    assert (alone.head, alone.shots, alone.term) == ("softmax", 3000, "kl")
    assert alone_arm(alexnet, settings) == alone_arm(row("fashion_mnist-0-7-3q-alone"), settings)
    matched = matched_arm(alexnet, settings)
    assert (matched.config.head, matched.config.shots) == ("concat-sigmoid", 5000)
    # The LeNet row has the head of its student alone: nothing to match.
    lenet = row("fashion_mnist-0-7-3q-lenet")
    assert matched_arm(lenet, settings) == alone_arm(lenet, settings)


def test_names_depend_on_all_that_numbers_depend_on():
    lenet, ensemble = row("mnist-0-5-3q-lenet"), row("mnist-0-5-3q-ensemble")
    changes = [{}, {"shots": 3000}, {"epochs": 9}, {"lenet_epochs": 9}]
    assert len({distilled_arm(lenet, Settings(**change)).name for change in changes}) == 4
    assert alone_arm(lenet, Settings(lenet_epochs=9)) == alone_arm(lenet, Settings())
    changes = [{}, {"alexnet_epochs": 1}, {"lenet_epochs": 1}, {"ensemble": "joint-ensemble"}]
    assert len({distilled_arm(ensemble, Settings(**change)).name for change in changes}) == 4


def test_an_average_needs_its_members():
    one_epoch = Settings(alexnet_epochs=1)
    units = teachers_of([row("mnist-0-5-3q-ensemble")], one_epoch)
    assert [u.plan.config.arch for u in units] == ["lenet", "alexnet", "ensemble"]
    assert units[2].needs == (units[0].name, units[1].name)
    assert teacher_of(row("mnist-0-5-3q-ensemble"), one_epoch).epochs == {"lenet": 10, "alexnet": 1}
    joint = teachers_of([row("mnist-0-5-3q-ensemble")], Settings(ensemble="joint-ensemble"))
    assert [(u.plan.config.arch, u.needs) for u in joint] == [("joint-ensemble", ())]


def test_seeds_that_are_there_are_left_out():
    rows = select("all", ["mnist-0-5-3q-alone"])
    seeds = lambda **k: [u.seeds for u in plan_units(rows, Settings(), 6, **k)]  # noqa: E731
    assert seeds(block=4) == [(0, 1, 2, 3), (4, 5)]
    assert seeds(block=4, present=lambda arm: {0, 1, 4}) == [(2, 3), (5,)]


def test_teachers_of_several_seeds():
    units = teachers_of(select("all", ["mnist-0-5-3q-lenet"]), Settings(), teacher_seeds=3)
    assert [u.plan.config.seed for u in units] == [0]
    units = teachers_of(select("all", ["mnist-0-5-teacher-lenet"]), Settings(), teacher_seeds=3)
    assert [u.plan.config.seed for u in units] == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (
            {"preset": "paper"},
            "`preset` must be one of paper-code, paper-text, robust, but 'paper'",
        ),
        ({"preset": "paper-text", "shots": "notebook"}, "`shots` must be a number where"),
        ({"shots": 0}, "shots"),
        ({"ensemble": "average"}, "`ensemble` must be one of ensemble, joint-ensemble"),
        ({"alexnet_epochs": 0}, "`alexnet_epochs` must be an integer of at least 1"),
    ],
)
def test_bad_settings(arguments, match):
    with pytest.raises(InputError, match=match):
        Settings(**arguments)


def test_no_seeds():
    with pytest.raises(InputError, match="`seeds` must be an integer of at least 1, but 0"):
        plan_units(ALL, Settings(), 0)


def test_one_training_program_serves_all_rows_of_a_width(monkeypatch, caplog):
    # Small stand-ins: 3 and 6 classes are 300 and 600 steps, as 900 and 1200 in the tables.
    monkeypatch.setattr(student_task, "_CAPACITY", 600)
    # Evaluation has a program of its own.
    nothing = lambda block, subset: np.zeros((2, len(subset), 16))  # noqa: E731
    monkeypatch.setattr(Block, "logits", nothing)
    students._train_steps.clear_cache()
    rows = ("0-5-3q-lenet", "0-7-3q-lenet", "0-7-3q-alexnet")
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        for name in rows:
            given = distilled_config(row(f"fashion_mnist-{name}"), Settings(shots="notebook"))
            same = {"head": given.head, "term": given.term, "shots": given.shots}
            classes = "0-2" if given.classes == "0-5" else "0-5"
            config = StudentConfig("digits", classes, 3, epochs=1, **same)
            splits = splits_for(config, load("digits"))
            logits = np.zeros((len(splits.train), config.num_classes), np.float32)
            runs = [Run(0, "alone"), Run(0, "distilled")]
            Block(config, splits, runs, Output(logits)).next_epoch()
    compiled = [r.getMessage() for r in caplog.records if "Compiling jit(" in r.getMessage()]
    assert sum("jit(_train_steps)" in message for message in compiled) == 1


def test_answers_are_asked_once_and_an_average_waits_for_its_parts():
    rows = select("all", ["mnist-0-5-3q-ensemble", "mnist-0-5-3q-lenet"])
    units = plan_units(rows, Settings("robust"), 2)
    answers = {u.plan.config.arch: u for u in units if isinstance(u, AnswerUnit)}
    assert set(answers) == {"lenet", "alexnet", "ensemble"}
    assert len([u for u in units if isinstance(u, AnswerUnit)]) == 3
    needed = set(answers["ensemble"].needs)
    assert {answers["lenet"].name, answers["alexnet"].name} < needed
    places = {unit.name: place for place, unit in enumerate(units)}
    assert all(places[name] < places[unit.name] for unit in units for name in unit.needs)
