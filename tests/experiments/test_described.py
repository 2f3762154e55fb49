"""An experiment made in Python: its text, its run, its report; what is declared beforehand."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import pytest

import jqkd
from jqkd._checks import InputError
from jqkd.experiments import described
from jqkd.experiments.asked import Asked, ask, asked, experiment_of
from jqkd.experiments.catalogue import EXPERIMENTS
from jqkd.experiments.model import Arm, Comparison, Experiment
from jqkd.experiments.store import Store
from jqkd.report.stored import report_experiment, summary_of
from jqkd.training.config import StudentConfig, TeacherConfig
from tests.experiments.pretended import TINY, fill
from tests.small import STUDENT

CATALOGUE = ["paper-code", "ladder", "placebos", "images", "robust:alexnet_epochs=3"]
FILE = """
name = "declared"
seeds = 3
[defaults]
dataset = "digits"
classes = "0-1"
qubits = 1
per_class = [10, 20]
[[arms]]
name = "alone"
[[arms]]
name = "taught"
teacher = "lenet"
against = "alone"
"""


def small(**more) -> Experiment:
    arms = tuple(Arm(f"e{n}", f"{n}", "digits", replace(STUDENT, epochs=n)) for n in (1, 2))
    return Experiment("python", "Python", "In Python.", arms, (Comparison("e2", "e1"),), **more)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_text_makes_an_equal_experiment(name):
    """Teachers as arms, averages with members of their own, means, curves."""
    experiment = replace(EXPERIMENTS.build(name).experiment(), name="mine")
    text = described.text_of(experiment)
    assert described.experiment_from(text) == experiment == experiment_of(text)
    assert described.text_of(described.experiment_from(text)) == text


def test_members_of_an_average_are_kept():
    members = [TeacherConfig(arch, "mnist", "0-5", n) for arch, n in (("lenet", 3), ("alexnet", 1))]
    teacher = TeacherConfig("ensemble", "mnist", "0-5", members=members)
    arm = Arm("a", "A", "MNIST", StudentConfig("mnist", "0-5", 3), teacher)
    experiment = Experiment("one", "One", "", (arm,))
    again = described.experiment_from(described.text_of(experiment))
    assert again.arms[0].teacher.members == tuple(members) and again == experiment


def test_it_runs_and_reports(tmp_path):
    """From Python alone; workers make it again from the store."""
    experiment = small(seeds=2)
    found = experiment.run(tmp_path / "runs")
    assert {name: len(arm.seeds) for name, arm in found.items()} == {"e1": 2, "e2": 2}
    assert asked(Store.open(tmp_path / "runs"), "python").experiment() == experiment
    files = experiment.report(tmp_path / "runs", to=tmp_path / "to", pictures=False)
    assert {path.parent for path in files} == {tmp_path / "to"}
    text = (tmp_path / "to" / "report.md").read_text()
    assert "Written down before the run" in text and "contrasts (in brackets" in text
    # Nothing is trained twice.
    log = (tmp_path / "runs" / "log.jsonl").read_text()
    assert experiment.run(tmp_path / "runs").keys() == found.keys()
    assert (tmp_path / "runs" / "log.jsonl").read_text() == log


def test_a_report_by_name_or_by_experiment(tmp_path):
    store = fill(tmp_path / "store", TINY, 3, lambda job, seed: 60 + seed)
    name = asked(store, EXPERIMENTS.build(TINY).name).experiment().name
    written = [report_experiment(one, store.root, pictures=False) for one in (TINY, name)]
    assert written[0] == written[1] and written[0][0].parent == store.root / "reports" / name


def declared(store, name="declared"):
    return summary_of(name, store).declared


@pytest.fixture
def filled(tmp_path):
    return fill(tmp_path / "store", FILE, 3, lambda job, seed: 60 + seed)


def test_digest_seeds_and_contrasts_stand_in_the_head(filled, tmp_path):
    path = tmp_path / "declared.toml"
    path.write_text(FILE)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    report_experiment("declared", filled.root, to=tmp_path / "to", pictures=False)
    head = (tmp_path / "to" / "report.md").read_text().split("\n\n")[1]
    assert f"SHA-256 {digest}, first asked for on 20" in head and "seeds 0 to 2;" in head
    assert "taught-per_class=10 − alone-per_class=10 (taught), taught-per_class=20 −" in head
    assert "other texts" not in head and "protocol final" in head


def test_the_time_is_that_of_the_first_asking(filled):
    """Asked again it stays; more seeds do not move it; another text is counted."""
    (entry,) = [one for one in filled.times() if "asked" in one]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", entry["time"])
    lines = (filled.root / "log.jsonl").read_text().replace(entry["time"], "2020-01-01T00:00:00")
    (filled.root / "log.jsonl").write_text(lines)
    ask(filled, "declared", Asked(FILE, 3))
    assert len(filled.times()) == 1
    ask(filled, "declared", Asked(FILE, 5))
    assert len(filled.times()) == 2
    found = declared(filled)
    assert "first asked for on 2020-01-01T00:00:00; seeds 0 to 4;" in found
    ask(filled, "declared", Asked(FILE + "# changed\n", 3))
    assert "2020-01-01" not in declared(filled)
    assert "; under this name 1 other text was asked for; seeds 0 to 2;" in declared(filled)


def test_an_old_store_knows_no_time(filled):
    (filled.root / "log.jsonl").unlink()
    assert "SHA-256" in declared(filled) and "asked for" not in declared(filled)


def test_the_catalogue_is_declared_in_its_code(tmp_path):
    store = fill(tmp_path / "store", "demo", 2, lambda job, seed: 60)
    assert declared(store, "demo") == ""


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("{", "experiment's text is damaged"),
        ("{}", "experiment's text is damaged"),
        ('{"arms": 3}', "experiment's text is damaged"),
        ('{"arms": [{"student": null, "teacher": null}]}', "experiment's text is damaged"),
        ("{" + "[" * 100_000, "experiment's text is damaged"),
    ],
)
def test_damaged_texts(text, match):
    with pytest.raises(InputError, match=match):
        experiment_of(text)


@pytest.mark.parametrize("name", ["demo", "a/b", "", "x" * 200])
def test_names_that_cannot_be(name, tmp_path):
    with pytest.raises(InputError, match="`name` must be a text without / and :"):
        replace(small(), name=name).run(tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_wrong_calls(tmp_path):
    with pytest.raises(InputError, match="`arms` must make at most 10,000 jobs"):
        small(seeds=6000).run(tmp_path / "runs")
    with pytest.raises(InputError, match="`out` must be a folder that `jqkd run` has written"):
        small().report(tmp_path / "runs")
    with pytest.raises(InputError, match="`name` must be the name of an experiment"):
        jqkd.run_experiment(3, tmp_path / "runs")
    with pytest.raises(InputError, match="`comparisons` must be a list of Comparisons"):
        Experiment("a", "A", "", small().arms, (("e2", "e1"),))
    with pytest.raises(InputError, match="`baseline` must be one of e1, e2"):
        Experiment("a", "A", "", small().arms, (Comparison("e2", "e3"),))
    assert not (tmp_path / "runs").exists()
    Store.create(tmp_path / "empty")
    with pytest.raises(InputError, match="`name` must be an experiment that .* was asked for"):
        small().report(tmp_path / "empty")
