"""A user's own pictures and tables by the command line alone: from a folder to a certificate."""

from __future__ import annotations

import json

import numpy as np
import pytest

from jqkd.data import DATASETS
from jqkd.experiments.analysis import records
from jqkd.experiments.asked import asked
from jqkd.experiments.store import Store

pytestmark = pytest.mark.quick

SETTINGS = {
    "dataset": "tints", "classes": "0-1", "qubits": 2, "preset": "robust", "shots": "exact",
    "epochs": 4, "evaluate_every": 2, "learning_rate": 0.003, "batch_size": 10,
    "augmentation": "none",
}  # fmt: skip
DEFAULTS = "\n".join(f"{name} = {json.dumps(value)}" for name, value in SETTINGS.items())
EXPERIMENT = f"""
name = "tints"
title = "Tints"
about = "Students of pictures in a folder."
seeds = 2

[defaults]
{DEFAULTS}

[[arms]]
name = "alone"

[[arms]]
name = "taught"
teacher = "lenet"
teacher_epochs = 4
against = "alone"
"""
WORDS = " ".join(f"--{name.replace('_', '-')} {value}" for name, value in SETTINGS.items()).split()


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of 32x32 pictures in colour; the cache is this module's own."""
    image = pytest.importorskip("PIL.Image", reason="needs the data extra")
    root, rng = tmp_path_factory.mktemp("own"), np.random.default_rng(3)
    for part, count in (("train", 40), ("test", 20)):
        for channel, name in enumerate(("red", "green")):
            folder = root / "tints" / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = rng.normal(100, 40, (32, 32, 3))
                pixels[..., channel] += 30
                picture = image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
                picture.save(folder / f"{number}.png")
    (root / "tints.toml").write_text(EXPERIMENT)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JQKD_CACHE", str(root / "cache"))
        patch.chdir(root)
        yield root


@pytest.fixture
def title(place, run):
    """Of the pictures, imported by whoever comes first."""
    code, out, err = run("data", "import", "tints", "tints")
    assert code == 0 and "green" in out, err
    return DATASETS.title_of("tints")


def test_pictures_become_a_table_with_statistics(run, place, title):
    code, out, err = run("run", "tints.toml")
    assert code == 0 and "Failed" not in out, out + err
    code, _, err = run("report", "tints")
    assert code == 0, err
    text = (place / "runs" / "reports" / "tints" / "report.md").read_text()
    assert "# Tints" in text and "## tints 0-1: accuracy" in text and "| taught | LeNet |" in text
    store = Store.open(place / "runs")
    known = records(asked(store, "tints").experiment(), store)
    assert {name: record.seeds for name, record in known.items()} == {
        "alone": [0, 1], "taught": [0, 1],
    }  # fmt: skip
    for record in known.values():
        # Of 40 pictures, 32 are right by chance once in 10,000 times.
        assert record.test_images == 40 and min(record.accuracy("final")) > 80
    students = [path.parent.name for path in (place / "runs" / "students").glob("*/*.json")]
    assert len(students) == 4 and all(title.replace("@", "_") in name for name in students)


def test_pictures_become_an_audit_and_a_certificate(run, place, title):
    pytest.importorskip("qiskit_aer")
    words = ("--teacher-epochs", 4, "--seeds", 1, "--audit", "--out", "one")
    code, _, err = run("student", *WORDS, *words)
    assert code == 0, err
    result = json.loads((place / "one" / "result.json").read_text())
    assert result["student"]["dataset"] == result["teacher"]["dataset"] == title
    assert {one["arm"] for one in result["audit"]["runs"]} == {"alone", "distilled"}
    code, out, err = run("crosscheck", "--run", "one", "--students", 1, "--no-noise")
    assert code == 0, out + err
    certificates = json.loads((place / "one" / "certificate.json").read_text())["certificates"]
    assert [one["agrees"] for one in certificates] == [True, True]
    assert certificates[0]["agreement"]["images"] == 40


def test_a_table_becomes_students(run, place):
    """One dense layer on features that are mixed, and one qubit."""
    words = "--dataset wine --classes 0-1 --qubits 1 --features dense --shots exact --epochs 20"
    more = "--augmentation mixup --learning-rate 0.1 --evaluate-every 20 --teacher none --seeds 2"
    code, out, err = run("student", *words.split(), *more.split(), "--json", "-")
    assert code == 0, err
    accuracy = json.loads(out)["arms"]["alone"]["test_accuracy"]["final"]
    assert min(accuracy) > 0.8, accuracy


def test_examples_of_a_generator_become_a_teacher_and_students(run, place):
    """MNIST-1D by convolutions along its rows, and its students."""
    words = "--dataset mnist1d --classes 0-1 --qubits 1 --features dense --shots exact --epochs 6"
    more = "--augmentation none --learning-rate 0.03 --evaluate-every 6 --seeds 2 --teacher conv1d"
    last = ("--teacher-epochs", 60, "--json", "-")
    code, out, err = run("student", *words.split(), *more.split(), *last)
    assert code == 0, err
    result = json.loads(out)
    # Of 26 examples chance has 13, and 21 or more once in 1,000 times.
    assert result["teacher_result"]["test_accuracy"]["final"] > 0.85
    for arm in ("alone", "distilled"):
        assert min(result["arms"][arm]["test_accuracy"]["picked"]) > 0.6, arm
    assert (result["student"]["dataset"], result["teacher"]["arch"]) == ("mnist1d", "conv1d")
