"""Arms become the right jobs, each once, named by all that decides their bits."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.common import plugins
from jqkd.data import load
from jqkd.experiments import planner
from jqkd.experiments.catalogue import EXPERIMENTS
from jqkd.experiments.jobs import Datasets, do_answers
from jqkd.experiments.model import Arm, Experiment
from jqkd.experiments.planner import (
    answer_job,
    jobs_of,
    plan,
    student_jobs,
    tasks_of,
    teacher_job,
)
from jqkd.models import TEACHERS
from jqkd.models.teachers.ensembles import Ensemble
from jqkd.training import student_task, students
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.recipes import RECIPES, FunctionMatching, Output
from jqkd.training.runs import Run
from jqkd.training.student_run import splits_for
from jqkd.training.students import Block
from jqkd.training.teacher_store import obtain_teacher
from tests.parts import registered
from tests.small import LENET

pytestmark = pytest.mark.quick


def build(text, *arms) -> Experiment:
    return EXPERIMENTS.build(text).experiment().select(arms)


def kinds(jobs, kind):
    return [job for job in jobs if job.kind == kind]


STUDENT = StudentConfig("digits", "0-1", 2, "robust")
TEACHER = TeacherConfig("lenet", "digits", "0-1")


def name_of(student=STUDENT, teacher=TEACHER, **more):
    return student_jobs(student, teacher, [0], **more)[0].name


def test_every_row_of_the_paper_has_its_jobs():
    jobs = plan(build("paper-code"), seeds=10)
    assert len(kinds(jobs, "teachers")) == 12 and not kinds(jobs, "answers")
    # 6 students alone, 2 of them again with the distilled rows' head, 18 distilled.
    assert len({job.group for job in kinds(jobs, "students")}) == 26
    assert len(kinds(jobs, "students")) == 260
    names = [job.name for job in jobs]
    assert len(set(names)) == len(names)
    assert all(names.index(need) < names.index(job.name) for job in jobs for need in job.needs)
    assert len(tasks_of(jobs, 2)) == 142


def test_names_depend_on_all_that_numbers_depend_on(monkeypatch):
    changes = [{"shots": 3000}, {"epochs": 9}, {"qubits": 3}, {"weight": 2.0}, {"per_class": 50}]
    names = [name_of(), name_of(teacher=None), name_of(algorithm=1)]
    names += [name_of(replace(STUDENT, **change)) for change in changes]
    changes = [{"epochs": 9}, {"seed": 1}, {"arch": "alexnet"}, {"batch_size": 64}]
    names += [name_of(teacher=replace(TEACHER, **change)) for change in changes]
    facts = SimpleNamespace(digest="other", train_images=120)
    monkeypatch.setattr(planner, "DATASETS", {"digits": facts})
    names.append(name_of())
    # A data set that does not say its digest beforehand is read.
    facts.digest = None
    monkeypatch.setattr(planner, "_read_digest", lambda name: "as it was read")
    names.append(name_of())
    assert len(set(names)) == len(names)
    monkeypatch.undo()
    assert name_of() == names[0]


def test_the_same_arm_in_two_experiments_is_the_same_job():
    both = [plan(build(text), 2) for text in ("placebos", "recipes")]
    shared = {job.name for job in both[0]} & {job.name for job in both[1]}
    # On each data set: LeNet, its answers, two students alone, and two taught by preset's recipe.
    assert len(shared) == 2 * (1 + 1 + 2 + 2)


def test_an_average_needs_its_members():
    jobs = plan(build("paper-code", "mnist-0-5-3q-ensemble"), 1)
    teachers = kinds(jobs, "teachers")
    assert [job.teacher.arch for job in teachers] == ["lenet", "alexnet", "ensemble"]
    assert teachers[2].needs == (teachers[0].name, teachers[1].name) and not teachers[2].images
    joint = kinds(plan(build("paper-code:ensemble=joint", "mnist-0-5-3q-ensemble"), 1), "teachers")
    assert [(job.teacher.arch, job.needs) for job in joint] == [("joint-ensemble", ())]


def test_answers_are_asked_once_and_an_average_waits_for_its_parts():
    jobs = plan(build("robust", "mnist-0-5-3q-ensemble", "mnist-0-5-3q-lenet"), 2)
    answers = {job.teacher.arch: job for job in kinds(jobs, "answers")}
    assert set(answers) == {"lenet", "alexnet", "ensemble"} and len(kinds(jobs, "answers")) == 3
    assert {answers["lenet"].name, answers["alexnet"].name} < set(answers["ensemble"].needs)
    places = {job.name: place for place, job in enumerate(jobs)}
    assert all(places[name] < places[job.name] for job in jobs for name in job.needs)


def test_tasks_are_blocks_of_seeds_that_are_left():
    jobs = plan(build("paper-code", "mnist-0-5-3q-alone"), 6)
    seeds = lambda **k: [tuple(j.seed for j in t.jobs) for t in tasks_of(jobs, 4, **k)]  # noqa: E731
    assert seeds() == [(0, 1, 2, 3), (4, 5)]
    assert seeds(done=lambda job: job.seed in {0, 1, 4}) == [(2, 3), (5,)]
    two = tasks_of(plan(build("placebos", "mnist-shuffled"), 3), 2)
    labels = [task.label for task in two if task.jobs[0].seed is not None]
    assert labels == [
        "mnist 0-5 3q alone seeds 0-1",
        "mnist 0-5 3q lenet seeds 0-1",
        "mnist 0-5 3q alone seeds 2-2",
        "mnist 0-5 3q lenet seeds 2-2",
    ]


def test_teachers_of_several_seeds():
    taught = plan(build("paper-code", "mnist-0-5-3q-lenet"), 1, teacher_seeds=3)
    assert [job.teacher.seed for job in kinds(taught, "teachers")] == [0]
    lines = plan(build("paper-code", "mnist-0-5-teacher-ensemble"), 1, teacher_seeds=2)
    seeds = [(job.teacher.arch, job.teacher.seed) for job in lines]
    assert sorted(seeds) == [(a, s) for a in ("alexnet", "ensemble", "lenet") for s in (0, 1)]
    assert {m.seed for job in lines for m in job.teacher.members if job.teacher.seed} == {1}


def test_costs_weigh_epochs_images_and_seeds():
    few, many = (student_jobs(replace(STUDENT, epochs=e), None, [0])[0] for e in (1, 40))
    assert many.cost == 40 * few.cost and many.images == 40 * 200
    assert teacher_job(replace(TEACHER, epochs=20)).cost == 2 * teacher_job(TEACHER).cost


def test_numpys_numbers_are_the_same_plans():
    experiment = build("demo")
    expected = [job.name for job in plan(experiment, 3, 2)]
    assert [job.name for job in plan(experiment, np.int64(3), np.uint8(2))] == expected


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: plan(build("demo"), 0), "`seeds` must be an integer of at least 1, but 0"),
        (lambda: plan(build("demo"), 1.5), "`seeds` must be an integer of at least 1, but 1.5"),
        (lambda: plan(build("demo"), 1, 0), "`teacher_seeds` must be an integer of at least 1"),
        (lambda: plan("demo", 1), "`experiment` must be an Experiment, but 'demo'"),
        (lambda: tasks_of([], 0), "`block` must be an integer of at least 1, but 0"),
        (lambda: teacher_job(STUDENT), "`teacher` must be a TeacherConfig"),
        (lambda: student_jobs(TEACHER, None, [0]), "`student` must be a StudentConfig"),
    ],
)
def test_wrong_plans(call, match):
    with pytest.raises(InputError, match=match):
        call()


# Plug-ins


@dataclass(frozen=True)
class Softer(FunctionMatching):
    pass


def test_a_plug_ins_source_goes_into_the_keys_of_jobs_that_use_it():
    before, names = name_of(), []
    for digest in ("one", "two"):
        plugin = plugins.Plugin("softer.py", digest)
        with plugins._as_loading(plugin), registered(RECIPES, "softer", Softer):
            student = replace(STUDENT, recipe="softer")
            assert student.plugins == [plugin] and STUDENT.plugins == []
            names.append(name_of(student))
            # What students alone never read is not in their names.
            assert name_of(student, None) == name_of(teacher=None)
            assert name_of() == before
    assert names[0] != names[1]


@dataclass(frozen=True)
class Mixed(Ensemble):
    pass


def test_the_source_of_an_average_counts_beside_its_members():
    names = []
    for digest in ("one", "two"):
        plugin = plugins.Plugin("mixed.py", digest)
        with plugins._as_loading(plugin), registered(TEACHERS, "mixed", Mixed):
            average = TeacherConfig("mixed", "mnist", "0-5")
            names.append(teacher_job(average).name)
            assert all(member.plugins == [] for member in average.members)
    assert names[0] != names[1]


def test_arms_are_jobs_with_seeds():
    arm = Arm("a", "a", "g", STUDENT, TEACHER)
    assert [job.seed for job in jobs_of(arm, [3, 7])] == [3, 7]
    assert jobs_of(arm, [3])[0].name.endswith("/seed-003")
    line = Arm("t", "t", "g", None, TEACHER)
    assert [job.teacher.seed for job in jobs_of(line, [0, 5])] == [0, 5]


def test_one_training_program_serves_all_rows_of_a_width(monkeypatch, caplog):
    # Small stand-ins: 3 and 6 classes are 300 and 600 steps, as 900 and 1200 in the tables.
    monkeypatch.setattr(student_task, "_CAPACITY", 600)
    # Evaluation has a program of its own.
    nothing = lambda block, subset: np.zeros((2, len(subset), 8))  # noqa: E731
    monkeypatch.setattr(Block, "logits", nothing)
    students._train_steps.clear_cache()
    tables = build("paper-code:shots=notebook")
    with jax.log_compiles(), caplog.at_level(logging.WARNING):
        for name in ("0-5-3q-lenet", "0-5-3q-alexnet", "0-7-3q-alexnet"):
            given = tables.arm(f"fashion_mnist-{name}").student
            same = {"readout": given.readout, "term": given.term, "shots": given.shots}
            classes = "0-2" if given.classes == "0-5" else "0-5"
            config = StudentConfig("digits", classes, 3, epochs=1, **same)
            splits = splits_for(config, load("digits"))
            logits = np.zeros((len(splits.train), config.num_classes), np.float32)
            runs = [Run(0, "alone"), Run(0, "distilled")]
            Block(config, splits, runs, Output(logits)).next_epoch()
    compiled = [r.getMessage() for r in caplog.records if "Compiling jit(" in r.getMessage()]
    assert sum("jit(_train_steps)" in message for message in compiled) == 1


@pytest.mark.parametrize("changes", [{"per_class": 10}, {"selection": "random"}])
def test_a_teacher_is_asked_about_a_students_own_images(changes):
    """Without views too, where they are not the data set's first ones; nothing is rounded then."""
    student = StudentConfig("digits", "0-1", 1, **changes)
    (job,) = student_jobs(student, LENET, [0])
    asked = answer_job(LENET, student)
    assert job.needs == (asked.name,) and asked.kind == "answers"
    experiment = Experiment("a", "A", "", (Arm("a", "a", "digits", student, LENET),))
    assert [one.kind for one in plan(experiment, 1)] == ["teachers", "answers", "students"]
    datasets = Datasets()
    _, arrays = do_answers(asked, datasets, lambda *_: None)
    train = splits_for(student, datasets["digits"]).train
    logits = obtain_teacher(LENET, datasets["digits"]).logits_for(train)
    np.testing.assert_array_equal(arrays["ids"], train.ids)
    np.testing.assert_array_equal(arrays["logits"], logits)
    assert arrays["logits"].dtype == np.float32
    (usual,) = student_jobs(StudentConfig("digits", "0-1", 1), LENET, [0])
    assert usual.needs == (teacher_job(LENET).name,)
