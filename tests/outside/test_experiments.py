"""An experiment, an executor and all parts of a stranger's: from images to report and certificate.

Nothing in the package knows any of them: the data set and teacher of ``test_teachers``, the parts
of ``toys``, and the experiment and the executor below.
"""

from __future__ import annotations

import csv
import json
from contextlib import ExitStack
from dataclasses import dataclass, replace

import numpy as np
import pytest

from jqkd.crosscheck.certificate import certify
from jqkd.crosscheck.students import students_of
from jqkd.data import DATASETS, load
from jqkd.experiments.analysis import machines, records
from jqkd.experiments.asked import Asked, ask, names_in
from jqkd.experiments.catalogue import EXPERIMENTS, Entry
from jqkd.experiments.executors import EXECUTORS, Executor
from jqkd.experiments.model import Arm, Comparison, Contrast, Experiment
from jqkd.experiments.planner import plan, tasks_of
from jqkd.experiments.store import Store
from jqkd.experiments.verify import IDENTICAL, replay, sample_students
from jqkd.experiments.worker import Order, Outcome, do_jobs
from jqkd.models import TEACHERS
from jqkd.report.document import readme_block, write_report
from jqkd.report.figures import FORMATS, draw_all
from jqkd.report.summary import summarise
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.student_run import StudentJob, run_student
from jqkd.training.trained import load_run
from tests.outside.test_teachers import Normalised, Tints
from tests.outside.toys import all_registered
from tests.parts import registered

SEEDS = 3


@dataclass(frozen=True)
class Opposites(Entry):
    """Students of tints alone, taught, and taught the opposite."""

    layers: int = 2

    def experiment(self):
        config = StudentConfig(
            "tints", "0-1", 2, "robust", None, "own-pca", "angle:turn=0.25",
            f"again:layers={self.layers}", "expectations", epochs=10, evaluate_every=5,
            batch_size=20, learning_rate=0.1, augmentation="none",
            recipe="softened:softness=2",
        )  # fmt: skip
        opposite = replace(config, placebo="reversed")
        teacher = TeacherConfig("normalised", "tints", "0-1", 4, 50, 0.02)
        arms = (
            Arm("alone", "alone", "Tints 0-1", config, published=90.0),
            Arm("teacher", "two convolutions (teacher)", "Tints 0-1", None, teacher),
            Arm("taught", "taught", "Tints 0-1", config, teacher, note="A stranger's loss."),
            Arm("opposite", "taught the opposite", "Tints 0-1", opposite, teacher),
        )
        pairs = (("taught", "alone"), ("opposite", "alone"))
        return Experiment(
            self.name, "Opposites", "What the opposite teaches.", arms,
            tuple(Comparison(*pair, family="taught") for pair in pairs), seeds=SEEDS,
            contrasts=(Contrast("both", tuple((0.5, *pair) for pair in pairs)),),
        )  # fmt: skip


@dataclass(frozen=True)
class Shuffled(Executor):
    """Whatever can be done next, drawn at random."""

    seed: int = 0

    def run(self, tasks, order, on_progress):
        rng, left, outcome = np.random.default_rng(self.seed), list(tasks), Outcome()
        while left:
            ready = [task for task in left if set(task.jobs[0].needs) <= set(outcome.done)]
            task = ready[rng.integers(len(ready))]
            left.remove(task)
            outcome.done += do_jobs(order, task.names).done
            on_progress(task, 1.0, "")
        return outcome


@pytest.fixture(scope="module", autouse=True)
def _parts():
    with ExitStack() as stack, all_registered():
        for part in (
            (DATASETS, "tints", Tints),
            (TEACHERS, "normalised", Normalised),
            (EXPERIMENTS, "opposites", Opposites),
            (EXECUTORS, "shuffled", Shuffled),
        ):
            stack.enter_context(registered(*part))
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("opposites")


@pytest.fixture(scope="module")
def experiment(_parts):
    return EXPERIMENTS.build("opposites:layers=1").experiment()


@pytest.fixture(scope="module")
def store(experiment, folder):
    """All jobs, done by the executor."""
    store, asking = Store.create(folder / "store"), Asked("opposites:layers=1", SEEDS)
    ask(store, experiment.name, asking)
    assert names_in(store) == [experiment.name] == ["opposites-layers=1"]
    tasks, seen = tasks_of(plan(asking.experiment(), SEEDS), 2), []
    executor, order = EXECUTORS.build("shuffled:seed=3"), Order(str(store.root), experiment.name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JQKD_CACHE", str(folder / "cache"))
        outcome = executor.run(tasks, order, lambda task, *_: seen.append(task))
    # A teacher, and seeds of three kinds in blocks of two.
    assert len(outcome.done) == 1 + 3 * SEEDS and len(seen) == len(tasks) == 1 + 3 * 2
    assert seen != tasks and set(seen) == set(tasks) and not outcome.failed
    return store


@pytest.fixture(scope="module")
def summary(experiment, store):
    return summarise(experiment, records(experiment, store), machines(store)[0])


def test_its_table_has_statistics(experiment, store, summary):
    known = records(experiment, store)
    assert {n: r.seeds for n, r in known.items()} == {
        "alone": [0, 1, 2], "teacher": [0], "taught": [0, 1, 2], "opposite": [0, 1, 2],
    }  # fmt: skip
    assert known["taught"].test_images == 40
    assert known["taught"].curves["train_loss"].shape == (SEEDS, 2)
    accuracy = {name: np.array(record.accuracy("final")) for name, record in known.items()}
    # Recipe and placebo from outside decide: one class for the other.
    assert accuracy["taught"].min() > 90 and accuracy["opposite"].max() < 10
    taught, opposite = summary.differences
    np.testing.assert_allclose(opposite.main.values, accuracy["opposite"] - accuracy["alone"])
    # Of eight patterns of signs two are as far from 0; and two comparisons are in the family.
    assert opposite.main.p == 0.25 and opposite.main.p_holm == 0.5
    assert taught.main.p_holm is not None and summary.lines["alone"].verdict == "undecidable"
    ((_, mean),) = summary.contrasts
    both = (taught.main.mean + opposite.main.mean) / 2
    assert mean["final"].mean == pytest.approx(both)


def test_its_report_names_its_parts(summary, folder):
    place = folder / "report"
    pictures = draw_all(summary, place, load)
    names = ["images", "circuits", "losses", "accuracies", "gains", "probes"]
    assert [path.stem for path, _ in pictures] == names
    assert all((place / f"{name}.{ending}").stat().st_size for name in names for ending in FORMATS)
    files = {path.name: path.read_text() for path in write_report(summary, place, pictures)}
    text = files["report.md"]
    for words in ("# Opposites", "## Tints 0-1: accuracy", "two convolutions", "(a) A stranger's"):
        assert words in text
    lines = {one["name"]: one for one in csv.DictReader(files["report.csv"].splitlines())}
    alone = summary.lines["alone"]
    assert float(lines["alone"]["final_mean"]) == pytest.approx(np.mean(alone.values), abs=1e-3)
    assert lines["taught"]["teacher"] == lines["teacher"]["teacher"] == "normalised"
    assert "taught the opposite" in readme_block(summary)


def test_its_students_are_replayed(store):
    (job,) = sample_students(store, 1)
    (again,) = replay(store, [job])
    assert again.verdict == IDENTICAL, again


def test_a_kind_of_student_is_certified(experiment, store, folder, monkeypatch):
    pytest.importorskip("qiskit_aer")
    monkeypatch.setenv("JQKD_CACHE", str(folder / "cache"))
    arm = experiment.arm("taught")
    run_student(StudentJob(arm.student, arm.teacher, (1,)), out=folder / "run")
    trained = load_run(folder / "run")
    student = next(one for one in students_of(trained, [1]) if one.name.startswith("distilled"))
    certificate = certify(student, seed=5, noise=False, directory=folder)
    assert certificate["agrees"], certificate["agreement"]
    assert json.loads((folder / "certificate.json").read_text())["student"] == "distilled, seed 1"
    # Data, two weights on each of two qubits, and what is certified is the arm's own student.
    assert student.circuit == arm.student.spec.circuit and student.circuit.num_weights == 2 * 2
    record = records(experiment, store)["taught"]
    assert round(40 * student.recorded.accuracy) == record.right["final"][1]
