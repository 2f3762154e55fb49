"""jqkd report: from a store with results made up here to files, a share of a README, sentences."""

from __future__ import annotations

import csv
import io
import re

import pytest

from tests.experiments.pretended import TINY, fill

NAME = "demo-epochs=1-lenet_epochs=1"
MARKERS = f"before <!-- experiment {NAME}: begin -->old<!-- experiment {NAME}: end --> after\n"
FILES = ["comparisons.csv", "report.csv", "report.html", "report.md", "report.tex"]


@pytest.fixture
def store(tmp_path):
    """Students alone have 70, 71 and 72 of 100 right; those with a teacher four more."""
    fill(tmp_path / "store", TINY, 3, lambda job, seed: 70 + seed + 4 * (job.teacher is not None))
    return tmp_path / "store"


def test_a_report_of_the_only_experiment(run, store):
    code, out, _ = run("report", "--out", store, "--no-pictures")
    folder = store / "reports" / NAME
    assert code == 0 and sorted(path.name for path in folder.iterdir()) == FILES
    assert f"{folder / 'report.md'}" in out.replace("\n", "")
    rows = csv.DictReader(io.StringIO((folder / "comparisons.csv").read_text()))
    gains = [row for row in rows if row["label"] == "gain"]
    assert [(float(row["final"]), row["seeds"]) for row in gains] == [(4.0, "3")]


@pytest.mark.parametrize("name", [TINY, NAME])
def test_an_experiment_by_its_name_or_its_text(run, store, tmp_path, name):
    """Where one is named, the folder is its own."""
    words = ("--out", store, "--to", tmp_path / "to", "--no-pictures")
    assert run("report", name, *words)[0] == 0
    assert sorted(path.name for path in (tmp_path / "to").iterdir()) == FILES
    assert run("report", *words)[0] == 0
    assert (tmp_path / "to" / NAME / "report.md").exists()


def test_pictures_and_a_share_of_a_readme(run, store, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(MARKERS)
    assert run("report", NAME, "--out", store, "--readme", readme)[0] == 0
    text = readme.read_text()
    assert text.startswith("before <!--") and text.endswith("--> after\n") and "old" not in text
    assert "+4.00 [+4.00 to +4.00]" in text
    drawn = {path.stem for path in (store / "reports" / NAME).glob("*.png")}
    assert drawn == {"images", "circuits", "losses", "accuracies", "gains"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ladder"], "`name` must be an experiment that .* was asked for, but 'ladder' was given"),
        (["laddr"], "`name` must be one of .* perhaps 'ladder' is meant"),
        (["--readme", "README.md"], "lacks the lines <!-- experiment demo"),
        (["--no-pictures", "--data-dir", "."], "`--data-dir` must .*images are only drawn"),
    ],
)
def test_wrong_calls_write_nothing(run, store, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "README.md").write_text("no place\n")
    code, _, err = run("report", *words, "--out", store)
    assert code == 2 and len(err.splitlines()) == 1
    assert re.search(said, err), err
    assert not (store / "reports").exists()


def test_a_store_without_results(run, tmp_path):
    store = fill(tmp_path / "store", TINY, 1, lambda job, seed: 70)
    for path in [*store.root.glob("students/*/*"), *store.root.glob("teachers/*")]:
        path.unlink()
    code, _, err = run("report", "--out", store.root)
    assert code == 2 and "must hold at least one finished arm" in err
