"""Experiments through the command line, over real training of the smallest of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from jqkd._checks import InputError
from jqkd.cli import app
from jqkd.experiments.analysis import records
from jqkd.experiments.asked import Asked, ask, asked
from jqkd.experiments.catalogue import EXPERIMENTS
from jqkd.experiments.planner import plan
from jqkd.experiments.store import Store

from .pretended import TINY

SMALL = ["run", TINY, "--block", "2", "--seeds", "2"]
NAME = "demo-epochs=1-lenet_epochs=1"


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "out"
    done = call(*SMALL, "--out", folder)
    assert done.exit_code == 0, done.output
    assert "7 jobs done" in done.output and f"Next: jqkd report {NAME} --out" in done.output
    return folder


def test_a_second_run_has_nothing_to_do(trained):
    again = call(*SMALL, "--out", trained)
    assert again.exit_code == 0
    assert "0 jobs done" in again.output
    # By the name that the store knows it by.
    assert "0 jobs done" in call("run", NAME, "--seeds", 2, "--out", trained).output


def test_results_do_not_depend_on_how_seeds_are_grouped(trained, tmp_path):
    done = call(*SMALL[:2], "--seeds", 2, "--block", 1, "--out", tmp_path)
    assert "7 jobs done" in done.output
    files = [
        {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("seed-*.json")}
        for root in (trained, tmp_path)
    ]
    assert files[0] == files[1] and len(files[0]) == 6


def test_records_and_status(trained):
    experiment = EXPERIMENTS.build(TINY).experiment()
    known = records(experiment, Store.open(trained))
    assert set(known) == {arm.name for arm in experiment.arms}
    taught = known["digits-0-1-2q-lenet"]
    assert taught.seeds == [0, 1] and all(50 <= n <= 100 for n in taught.right["final"])
    assert taught.test_images == 100
    assert taught.curves["test_accuracy"].shape == (2, 1) and len(taught.mechanism["dead"]) == 2
    for words in (("status", NAME), ("status", TINY), ("status",), ("tables", "status")):
        shown = call(*words, "--out", trained)
        assert shown.exit_code == 0, shown.output
        assert "teachers lenet digits 0-1" in shown.output and NAME in shown.output
        # On a line of its own: a title is folded to the width of its table.
        assert f"{trained}: {NAME}, " in shown.output


def test_status_says_what_failed_where_it_runs_and_how_long_it_takes(tmp_path):
    """Of six students, 10 s each by the log, one is done, one at work, and one has failed."""
    store, asking = Store.create(tmp_path), Asked("demo:epochs=1", 2)
    ask(store, "demo-epochs=1", asking)
    jobs = plan(asking.experiment(), 2)
    teacher, *students = jobs
    for job in (teacher, students[0]):
        arrays = None if job.seed is not None else {"ids": np.arange(1)}
        store.write(job.name, {}, arrays)
    store.log({"job": students[0].name, "seconds": {"total": 10.0}})
    store.log({"job": students[1].name, "failed": "no room"})
    store.log({"job": students[0].name, "failed": "of an earlier attempt"})
    with store.claim(students[2].name):
        store.note_holder(students[2].name, "Dask worker tcp://node:1")
        shown = call("status", "--out", tmp_path)
    assert f"Failed: {students[1].name}: no room" in shown.output
    assert shown.output.count("Failed: ") == 1
    assert "Dask worker tcp://node:1" in shown.output
    # Five times as much is left, for one worker; all students cost the same.
    assert len({job.cost for job in students}) == 1 and len(students) == 6
    assert "About 50 s left." in shown.output


def test_a_damaged_job_ends_in_exit_code_1(trained):
    path = min(trained.rglob("seed-*.json"))
    whole = path.read_text()
    path.write_text(whole[:100])
    ended = call(*SMALL, "--out", trained)
    assert ended.exit_code == 1
    assert "is damaged" in ended.output
    status = call("status", "--out", trained)
    assert path.name in status.output and status.exit_code == 1
    redone = call(*SMALL, "--redo", "--out", trained)
    assert redone.exit_code == 0 and "1 jobs done" in redone.output
    assert path.read_text() == whole


def test_a_damaged_teacher_is_told_and_redone(trained):
    path = min((trained / "teachers").glob("*.npz"))
    whole, contents = path.read_bytes(), bytearray(path.read_bytes())
    contents[60:90] = bytes(30)
    path.write_bytes(contents)
    ended = call(*SMALL, "--out", trained)
    assert ended.exit_code == 1 and path.name in "".join(ended.output.split())
    redone = call(*SMALL, "--redo", "--out", trained)
    assert redone.exit_code == 0, redone.output
    assert path.read_bytes() == whole


def test_teachers_of_another_store_are_taken(trained, tmp_path):
    words = ("run", TINY, "--arms", "*-lenet", "--seeds", 1, "--out", tmp_path)
    done = call(*words, "--teachers", trained)
    assert done.exit_code == 0, done.output
    (path,) = (tmp_path / "teachers").glob("*.json")
    assert path.read_bytes() == (trained / "teachers" / path.name).read_bytes()
    other = call("run", "demo:lenet_epochs=2", "--teachers", trained, "--out", tmp_path / "none")
    assert "no lenet digits 0-1 trained for so many" in str(other.exception)
    assert not (tmp_path / "none").exists()


def test_a_dry_run_leaves_nothing(tmp_path):
    shown = call("run", "paper-code", "--dry-run", "--block", 2, "--out", tmp_path / "none")
    assert shown.exit_code == 0
    assert "142 tasks, 272 jobs" in shown.output
    assert "mnist-0-5-3q-lenet" in shown.output
    assert not (tmp_path / "none").exists()


def test_the_earlier_names(tmp_path):
    words = ("--dry-run", "--seeds", 2, "--block", 2, "--out", tmp_path / "none")
    tables = call("tables", "run", "--table", "demo", "--epochs", 1, "--lenet-epochs", 1, *words)
    assert tables.output == call("run", TINY, *words).output
    assert "4 tasks, 7 jobs" in tables.output
    study = call("study", "run", "controls", "--datasets", "digits", *words)
    assert study.output == call("run", "placebos:datasets=digits", *words).output
    every = call("study", "run", "all", "--datasets", "digits", *words)
    assert every.exit_code == 0 and every.output.count("Arms: ") == 4
    assert not (tmp_path / "none").exists()


TOML = """
name = "own"
[defaults]
dataset = "digits"
classes = "0-1"
preset = "paper-text"
qubits = 1
epochs = 1
shots = "exact"
[[arms]]
name = "few"
per_class = 10
[[arms]]
name = "fewer"
per_class = 5
against = "few"
"""


def test_an_experiment_of_ones_own(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(TOML)
    done = call("run", path, "--seeds", 2, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "4 jobs done" in done.output
    store = Store.open(tmp_path / "out")
    assert asked(store, "own").source == TOML
    known = records(asked(store, "own").experiment(), store)
    assert {name: record.seeds for name, record in known.items()} == {
        "few": [0, 1],
        "fewer": [0, 1],
    }
    # The store knows it without the file.
    path.unlink()
    assert "own" in call("status", "own", "--out", tmp_path / "out").output
    replayed = call("verify", tmp_path / "out", "--json", tmp_path / "verified.json")
    assert replayed.exit_code == 0 and "4 of 4 identical" in replayed.output
    verdicts = json.loads((tmp_path / "verified.json").read_text())["replays"]
    assert {one["verdict"] for one in verdicts} == {"identical"}


PLUGIN = '''
from dataclasses import dataclass
from jqkd.experiments.catalogue import EXPERIMENTS, Entry
from jqkd.experiments.model import Arm, Experiment
from jqkd.training.config import StudentConfig

@EXPERIMENTS.register("sizes")
@dataclass(frozen=True)
class Sizes(Entry):
    """Students with few images."""
    images: tuple[int, ...] = (5, 10)

    def experiment(self):
        fields = dict(shots=None, epochs=1)
        student = lambda n: StudentConfig("digits", "0-1", 1, "paper-text", per_class=n, **fields)
        arms = tuple(Arm(f"{n}-images", f"{n} images", "digits", student(n)) for n in self.images)
        return Experiment(self.name, "Few images", "Few images a class.", arms, seeds=1)
'''


def test_an_experiment_from_a_plug_in(tmp_path):
    path = tmp_path / "sizes.py"
    path.write_text(PLUGIN)
    try:
        shown = call("list", "--plugin", path)
        assert "images=5+10" in shown.output and "Students with few images." in shown.output
        words = ("run", "sizes:images=3+6", "--out", tmp_path / "out", "--plugin", path)
        done = call(*words)
        assert done.exit_code == 0, done.output
        known = records(
            EXPERIMENTS.build("sizes:images=3+6").experiment(), Store.open(tmp_path / "out")
        )
        assert list(known) == ["3-images", "6-images"]
        # A worker in a process of its own loads it too.
        more = call(*words, "--seeds", 2, "--on", "processes:workers=1")
        assert "2 jobs done" in more.output, more.output
    finally:
        EXPERIMENTS._classes.pop("sizes", None)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (
            ["paper-code", "--arms", "cifar*"],
            "`arms` must match arms of experiment paper-code, but",
        ),
        (["paper"], "`name` must be one of .*paper-code"),
        (["paper-code:shots=many"], "`shots` must be a whole number, .* or `notebook`"),
        (["demo", "--seeds", "0"], "`seeds` must be an integer from 1 to 1000, but 0"),
        (["demo", "--on", "cluster"], "`on` must be one of dask, here, processes, slurm"),
        (["none.toml"], "`name` must be a TOML file that can be read, but none.toml"),
    ],
)
def test_bad_input(arguments, match, tmp_path):
    done = call("run", *arguments, "--out", tmp_path / "none")
    assert isinstance(done.exception, InputError)
    with pytest.raises(InputError, match=match):
        raise done.exception
    assert not (tmp_path / "none").exists()


def test_a_folder_without_results(tmp_path):
    assert "has no store.json" in str(call("status", "--out", tmp_path).exception)
    Store.create(tmp_path)
    match = "must be a store that was asked for an experiment"
    assert match in str(call("status", "--out", tmp_path).exception)
