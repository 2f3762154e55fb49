"""A run's life at the command line: more epochs, more seeds, its answers; each command as typed."""

import csv
import json

import numpy as np
import pytest

from jqkd import load, load_run

pytestmark = pytest.mark.quick
WORDS = "--dataset digits --classes 0-3 --qubits 2 --per-class 10 --teacher-epochs 2"
START = f"student {WORDS} --seeds 1 --epochs 1 --evaluate-every 1 --schedule constant"


@pytest.fixture
def student(run, tmp_path):
    """A finished run of one epoch and one seed."""
    code, _, err = run(*START.split(), "--out", tmp_path / "run")
    assert code == 0, err
    return tmp_path / "run"


def test_a_run_takes_epochs_and_seeds_and_answers(run, student, tmp_path):
    first = load_run(student)
    code, out, err = run("student", "--out", student, "--epochs", 2, "--seeds", 2)
    assert code == 0, err
    assert "what is not given is as it is there" in out
    both = load_run(student)
    assert (both.config.epochs, both.job.seeds) == (2, (0, 1))
    assert both.job.teacher == first.job.teacher and both.config.per_class == 10
    losses = both.history.train_loss
    np.testing.assert_array_equal(losses[[0, 2], 0], first.history.train_loss[:, 0])
    data = load("digits")
    chosen = data.test_labels < 4
    images, labels = data.test_images[chosen][:9], data.test_labels[chosen][:9]
    np.savez(tmp_path / "some.npz", images=images, labels=labels)
    table = tmp_path / "classes.csv"
    code, out, err = run("predict", student, tmp_path / "some.npz", "--json", "-", "--out", table)
    assert code == 0, err
    result, expected = json.loads(out), both.predict(images)
    assert result["classes"] == expected.classes.tolist()
    assert result["majority"] == {k: v.tolist() for k, v in expected.majority.items()}
    right = (expected.classes == labels).mean(-1)
    assert result["accuracy"]["distilled"]["students"] == pytest.approx(right[2:])
    with table.open() as file:
        rows = [row for row in csv.DictReader(file) if row["seed"] != "majority"]
    classes = np.array([int(row["class"]) for row in rows]).reshape(9, 4)
    np.testing.assert_array_equal(classes.T, expected.classes)
    likely = [[float(row[f"probability_{k}"]) for k in range(4)] for row in rows]
    np.testing.assert_allclose(np.reshape(likely, (9, 4, 4)).swapaxes(0, 1), expected.probabilities)
    code, out, err = run("predict", student, "digits", "--shots", 100, "--json", "-")
    assert code == 0 and len(json.loads(out)["classes"][0]) == chosen.sum(), err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--learning-rate 0.5", "another configuration (learning_rate 0.004, not 0.5); choose"),
        ("--schedule cosine --epochs 2", "another configuration (schedule 'constant', not"),
        ("--preset paper-text", "another configuration ("),
        ("--qubits 3", "another configuration (qubits 2, not 3)"),
        ("--first-seed 7", "(seed 0, which is not asked for)"),
        ("--teacher none", "another configuration (teacher TeacherConfig"),
        ("--seeds 2 --audit", "`--audit` must not be given where"),
    ],
)
def test_what_a_run_cannot_become_is_one_sentence(run, student, words, sentence):
    before = {path: path.stat().st_mtime_ns for path in student.rglob("*") if path.is_file()}
    code, _, err = run("student", "--out", student, *words.split())
    assert code == 2 and sentence in err and err.count("\n") == 1, err
    assert before == {p: p.stat().st_mtime_ns for p in student.rglob("*") if p.is_file()}
