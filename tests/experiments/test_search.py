"""jqkd search: trials with seeds of their own, judged by validation images, taken up again."""

from __future__ import annotations

import json
import sys
from collections import defaultdict

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.experiments import jobs, search, toml
from jqkd.experiments.planner import plan
from jqkd.experiments.store import Store
from jqkd.training.loop import TrainingError
from tests.experiments.pretended import content_of

TEXT = """
name = "heat"

[defaults]
dataset = "digits"
classes = "0-3"
qubits = 2
epochs = 1
per_class = 10
learning_rate = 0.01

[[arms]]
name = "alone"

[[arms]]
name = "taught"
teacher = "lenet"
against = "alone"

[search]
arm = "taught"
seeds = 2
learning_rate = {low = 1e-4, high = 1e-1, log = true}
temperature = [1.0, 2.0, 4.0]
epochs = {low = 1, high = 4}
"""
HEAT = {1.0: 10, 2.0: 30, 4.0: 20}


def change(old, new):
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def right(job) -> int:
    """Of 200: best at temperature 2 and a rate of 0.01."""
    rate = job.student.learning_rate
    return (
        120 + HEAT[job.student.temperature] - round(10 * abs(np.log10(rate / 0.01))) + job.seed % 2
    )


@pytest.fixture
def pretended(monkeypatch):
    """Students and teachers that are not trained; the seeds that were asked for."""
    seeds: list[int] = []

    def students(left, datasets, teaching, report):
        assert (teaching is None) == (not left[0].needs)
        seeds.extend(job.seed for job in left)
        return [content_of(job, right(job)) for job in left]

    def other(job, datasets, report):
        return content_of(job, 95), {"logits": np.zeros((2, 2)), "ids": np.arange(2)}

    monkeypatch.setattr(jobs, "do_students", students)
    monkeypatch.setattr(jobs, "do_teacher", other)
    monkeypatch.setattr(jobs, "do_answers", other)
    return seeds


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "heat.toml"
    path.write_text(TEXT)
    return path


def searched(file, trials, out, **options):
    done: list[search.Trial] = []
    best, where = search.run_search(file, trials, out, on_trial=done.append, **options)
    return best, where, done


def test_it_finds_what_is_best_and_goes_on_where_it_was(file, tmp_path, pretended):
    pytest.importorskip("optuna", reason="an extra of its own")
    best, _where, done = searched(file, 12, tmp_path / "runs")
    assert [trial.number for trial in done] == [*range(12)]
    assert best.accuracy == max(trial.accuracy for trial in done)
    assert best.settings["temperature"] == 2.0
    # Pretended validation images are twice the test images, and as often right.
    for trial in done:
        assert (
            0.0001 <= trial.settings["learning_rate"] <= 0.1 and 1 <= trial.settings["epochs"] <= 4
        )
    assert min(pretended) == search.FIRST_SEED and set(pretended) == {1000, 1001}
    # In two parts the same trials, and nothing twice.
    parts = [searched(file, n, tmp_path / "again") for n in (5, 12)]
    assert parts[0][2] + parts[1][2] == done and parts[1][0] == best
    assert searched(file, 12, tmp_path / "again")[2] == []
    # Other text, other search.
    file.write_text(change("[1.0, 2.0, 4.0]", "[1.0, 2.0]"))
    assert len(searched(file, 3, tmp_path / "again")[2]) == 3


def test_a_range_is_over_what_the_field_holds(file, tmp_path, pretended):
    """Ends that are written as whole numbers do not make temperatures whole."""
    pytest.importorskip("optuna", reason="an extra of its own")
    file.write_text(change("[1.0, 2.0, 4.0]", "{low = 1, high = 4}"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(globals(), "HEAT", defaultdict(int))
        done = searched(file, 3, tmp_path / "runs")[2]
    assert not any(float(trial.settings["temperature"]).is_integer() for trial in done)
    assert all(type(trial.settings["epochs"]) is int for trial in done)


def test_a_search_that_was_killed_does_its_trial_again(file, tmp_path, pretended, monkeypatch):
    pytest.importorskip("optuna", reason="an extra of its own")
    whole = searched(file, 3, tmp_path / "whole")[2]
    with monkeypatch.context() as patch:
        patch.setattr(search, "students", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            searched(file, 3, tmp_path / "killed")
    assert searched(file, 3, tmp_path / "killed")[2] == whole


def test_the_best_is_a_file_that_can_be_run(file, tmp_path, pretended):
    pytest.importorskip("optuna", reason="an extra of its own")
    best, where, _ = searched(file, 5, tmp_path / "runs")
    experiment = toml.experiment(where.read_text())
    taught, alone = experiment.arm("taught").student, experiment.arm("alone").student
    assert {k: getattr(taught, k) for k in best.settings} == best.settings
    assert (experiment.name, alone.learning_rate, alone.epochs) == ("heat-best", 0.01, 1)
    assert [(c.arm, c.baseline) for c in experiment.comparisons] == [("taught", "alone")]
    # Searched students are in a store of their own, and have other seeds than those of reports.
    reported = {job.name for job in plan(experiment, 10)}
    tried = {
        p.relative_to(where.parent).with_suffix("").as_posix()
        for p in where.parent.rglob("seed-*.json")
    }
    assert tried and not tried & reported
    assert not list((tmp_path / "runs").glob("students/*"))


def test_a_default_that_nobody_reads_any_more_is_left_out():
    text = change('[[arms]]\nname = "alone"\n\n', "").replace('against = "alone"\n', "")
    top = toml.parsed(text)
    found = search.search_of(top)
    best = search.with_best(top, found, {"learning_rate": 0.02, "temperature": 2.0, "epochs": 3})
    assert "learning_rate" not in best["defaults"] and "qubits" in best["defaults"]
    assert toml.experiment(toml.text_of(best)).arms[0].student.learning_rate == 0.02


def test_no_test_image_is_read(file, tmp_path, pretended):
    """Whatever a store says of the test split, the search finds the same."""
    pytest.importorskip("optuna", reason="an extra of its own")
    before = searched(file, 4, tmp_path / "runs")
    store = Store.open(before[1].parent)
    students = list(store.root.rglob("seed-*.json"))
    for path in students:
        name = path.relative_to(store.root).with_suffix("").as_posix()
        content = store.read(name)
        right = content["right"]
        right |= dict.fromkeys(("final", "picked", "best"), 0) | {"test": [0] * len(right["test"])}
        content["losses"]["test_loss"] = [9.9] * len(content["losses"]["test_loss"])
        content["images"]["test"] = 7
        store.write(name, content)
    (store.root / "journal.log").unlink()
    pretended.clear()
    assert searched(file, 4, tmp_path / "runs") == before
    # They were read again, not trained again; and of validation every image counts.
    assert pretended == []
    content["right"]["validation"][-1] += 1
    assert search.accuracy(content, "final") > before[0].accuracy - 100


@pytest.mark.parametrize(("protocol", "expected"), [("final", 45.0), ("picked", 60.0)])
def test_the_objective_by_hand(protocol, expected):
    right = {"validation": [6, 12, 9], "test": [1, 2, 3], "final": 3, "picked": 2, "best": 3}
    content = {"epochs": [2, 4, 5], "picked_epoch": 4, "images": {"validation": 20, "test": 20}}
    assert search.accuracy(content | {"right": right}, protocol) == expected


def test_real_students_are_trained(file, tmp_path):
    """Two trials of a real student alone: what their files say is what was found."""
    pytest.importorskip("optuna", reason="an extra of its own")
    file.write_text(
        change('arm = "taught"', 'arm = "alone"')
        .replace("temperature = [1.0, 2.0, 4.0]\n", "")
        .replace("high = 4", "high = 2")
    )
    _best, where, done = searched(file, 2, tmp_path / "runs")
    store = Store.open(where.parent)
    for trial in done:
        arm = search.arm_with(toml.parsed(file.read_text()), found(file), trial.settings)
        contents = search.students(arm, [1000, 1001], store, None)
        shares = [c["right"]["validation"][-1] / c["images"]["validation"] for c in contents]
        assert trial.accuracy == pytest.approx(100 * np.mean(shares))
        assert [c["seed"] for c in contents] == [1000, 1001]
        rate = trial.settings["learning_rate"]
        assert contents[0]["student"]["learning_rate"] == pytest.approx(rate, rel=1e-6)


def found(file):
    return search.search_of(toml.parsed(file.read_text()))


def test_settings_that_cannot_be_trained_are_no_result(file, tmp_path, pretended, monkeypatch):
    pytest.importorskip("optuna", reason="an extra of its own")

    def fails(left, *rest):
        if left[0].student.temperature != 2.0:
            raise TrainingError("The loss is nan.")
        return [content_of(job, right(job)) for job in left]

    monkeypatch.setattr(jobs, "do_students", fails)
    best, _, done = searched(file, 6, tmp_path / "runs")
    assert best.settings["temperature"] == 2.0
    assert {t.reason for t in done if t.accuracy is None} == {"The loss is nan."}
    monkeypatch.setattr(jobs, "do_students", lambda *_: (_ for _ in ()).throw(TrainingError("no")))
    with pytest.raises(InputError, match=r"No settings could be trained; .* \[search\]"):
        searched(file, 2, tmp_path / "none")


WRONG = {
    "no search": (TEXT[: TEXT.index("[search]")], "`search` must be a table of the file"),
    "nothing to try": (
        TEXT[: TEXT.index("learning_rate = {")],
        "`search` must name at least one field",
    ),
    "a missing arm": (
        change('arm = "taught"', 'arm = "x"'),
        "`arm of .search.` must be one of alo",
    ),
    "no arm": (
        change('arm = "taught"\n', ""),
        "`arm of .search.` must be one of alone, taught, bu",
    ),
    "an unknown field": (
        change("temperature = [", "temperatur = ["),
        "`field of .search.` must be one of .*perhaps 'temperature'",
    ),
    "a reversed range": (
        change("high = 1e-1", "high = 1e-5"),
        "`high` must be a finite number abo",
    ),
    "a range of one": (
        change("high = 1e-1", "high = 1e-4"),
        "`high` must be a finite number above",
    ),
    "log of 0": (change("low = 1e-4", "low = 0"), "`low` must be a finite number above 0, but 0"),
    "log of a text": (change("log = true", 'log = "yes"'), "`log` must be true or false"),
    "a range without an end": (
        change(", high = 1e-1", ""),
        "`high` must be a finite number above 0.0001, but None",
    ),
    "a field of a range": (
        change("log = true", "step = 3"),
        "`field of learning_rate` must be one",
    ),
    "halves of epochs": (
        change("high = 4", "high = 4.5"),
        "`epochs` must be an integer of at least 1, but 4.5",
    ),
    "a range of texts": (
        change("temperature = [1.0, 2.0, 4.0]", "recipe = {low = 1, high = 2}"),
        "`recipe` must be one of hinton",
    ),
    "an empty list": (change("[1.0, 2.0, 4.0]", "[]"), "`temperature` must hold one value or more"),
    "a value twice": (change("[1.0, 2.0, 4.0]", "[1.0, 1.0]"), "`temperature` must hold one value"),
    "neither": (change("[1.0, 2.0, 4.0]", "2.0"), "`temperature` must be a range {low"),
    "a value that cannot be": (change("[1.0, 2.0, 4.0]", "[1.0, -2.0]"), "`temperature` must"),
    "an end that cannot be": (
        change("low = 1, high", "low = 0, high"),
        "`epochs` must be an integer",
    ),
    "an end in the test split": (
        change("seeds = 2", 'seeds = 2\nprotocol = "best"'),
        "`protocol` must be one of final, picked, but 'best'",
    ),
    "no seeds": (change("seeds = 2", "seeds = 0"), "`seeds` must be an integer from 1 to 1000"),
    "what an arm alone does not read": (
        change('arm = "taught"', 'arm = "alone"'),
        "`temperature` must not be given where an arm has no teacher",
    ),
    "an arm with lists": (
        change('teacher = "lenet"', 'teacher = "lenet"\nbatch_size = [1, 2]'),
        "`arm of .search.` must be an arm without lists, .* but taught, which is 2 arms",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_searches(run, tmp_path, name):
    text, match = WRONG[name]
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=match):
        found(path)
    code, _, err = run("search", path, "--out", tmp_path / "runs")
    assert code == 2 and err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("trials", ["0", "-1", "1.5", "many", "100000"])
def test_wrong_numbers_of_trials(run, file, tmp_path, trials):
    code, _, err = run("search", file, "--trials", trials, "--out", tmp_path / "runs")
    assert code == 2 and "trials" in err and err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_without_optuna(run, file, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    code, _, err = run("search", file, "--out", tmp_path / "runs")
    assert code == 2 and 'pip install "jqkd[search]"' in err and err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_one_searches_at_a_time(run, file, tmp_path, pretended):
    pytest.importorskip("optuna", reason="an extra of its own")
    store = Store.create(tmp_path / "runs" / "search" / "heat")
    with store.claim("search"):
        code, _, err = run("search", file, "--trials", "1", "--out", tmp_path / "runs")
    assert code == 2 and "`--out` must be a store where nobody else searches" in err


def test_the_command_says_each_trial_and_what_is_next(run, file, tmp_path, pretended):
    pytest.importorskip("optuna", reason="an extra of its own")
    code, out, _ = run("search", file, "--trials", "2", "--out", tmp_path / "runs")
    first, second, best, after = out.splitlines()
    assert code == 0 and first.startswith("trial 0: learning_rate = ") and "validation" in second
    assert best.startswith("Best: trial") and after.startswith("Next: jqkd run ")
    assert json.loads((tmp_path / "runs/search/heat/store.json").read_text())["kind"] == "store"
