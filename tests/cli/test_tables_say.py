"""Tables of the commands, read back: every cell is the number that its row and column name."""

from __future__ import annotations

from statistics import mean, stdev

import numpy as np
from rich.console import Group
from rich.table import Table

from jqkd.cli.audit_table import audit_table
from jqkd.cli.console import epoch_text, student_table, teacher_table, teacher_text
from jqkd.cli.demo import compared_with_teacher, verdict
from jqkd.training.runs import Epoch
from jqkd.training.teachers import Progress

HEADER = ["", "last epoch", "picked on validation", "best on test (paper)"]
PROTOCOLS = ("final", "picked", "best")


def accuracies(start: float) -> dict[str, list[float]]:
    """Of four seeds, skewed; protocols in another order than the table's."""
    return {
        name: [start + 0.1 * place + 0.01 * seed**2 for seed in range(4)]
        for place, name in enumerate(("best", "final", "picked"))
    }


ALONE, DISTILLED, GAIN = (accuracies(start) for start in (0.2, 0.5, -0.07))
TEACHER = {"config": {"arch": "alexnet"}, "test_accuracy": {"best": 0.991, "final": 0.952}}
TEACHER["test_accuracy"]["picked"] = 0.973
RESULT = {
    "seeds": [0, 1, 2, 3],
    "arms": {"alone": {"test_accuracy": ALONE}, "distilled": {"test_accuracy": DISTILLED}},
    "gain": GAIN,
    "teacher_result": TEACHER,
}


def rows_of(table: Table) -> dict[str, list[str]]:
    rows = list(zip(*(column.cells for column in table.columns), strict=True))
    return {row[0]: list(row[1:]) for row in rows}


def with_error(values: list[float]) -> str:
    """Mean ± standard error, in per cent: not the deviation, not the share."""
    values = [100 * value for value in values]
    return f"{mean(values):.2f} ± {stdev(values) / 2:.2f}"


def test_students_by_arm_and_protocol():
    table = student_table(RESULT)
    assert [column.header for column in table.columns] == HEADER
    assert rows_of(table) == {
        "student, alone": [with_error(ALONE[p]) for p in PROTOCOLS],
        "student, distilled": [with_error(DISTILLED[p]) for p in PROTOCOLS],
        "paired difference": [with_error(GAIN[p]) for p in PROTOCOLS],
        "teacher, alexnet": ["95.20", "97.30", "99.10"],
    }
    assert list(rows_of(table)) == [
        *("student, alone", "student, distilled"),
        *("paired difference", "teacher, alexnet"),
    ]
    assert table.title == "Test accuracy in %, mean ± standard error over 4 seed(s)"


def test_a_teacher_by_protocol():
    table = teacher_table(TEACHER)
    assert [column.header for column in table.columns] == HEADER
    assert rows_of(table) == {"teacher, alexnet": ["95.20", "97.30", "99.10"]}


def test_bars_say_alone_before_distilled():
    metrics = {"train_loss": np.array([1.0, 2.0, 5.0, 6.0]), "train_accuracy": np.zeros(4)}
    metrics["validation_accuracy"] = np.array([0.1, 0.2, 0.7, 0.9])
    text = epoch_text(Epoch(1, metrics), ("alone", "distilled"), 0, 1.0)
    assert text.split() == ["loss", "1.500|5.500", "val", "15.0|80.0", "%"]
    progress = Progress(0, 640, {"train_loss": 1.5, "validation_accuracy": 0.75})
    assert teacher_text(progress, 2.0) == "loss 1.500 val 75.00 % 320 img/s"


def test_the_demos_sentences():
    gains = [0.01, 0.02, 0.06, 0.03]
    half = 3.182446 * stdev(gains) / 2
    low, high = 100 * (mean(gains) - half), 100 * (mean(gains) + half)
    expected = f"+3.0 points (95 % interval {low:+.1f} to {high:+.1f}, 4 seeds)"
    assert expected in verdict(gains)
    assert "not to be told from luck" in verdict(gains)
    assert "luck" not in verdict([0.03, 0.031, 0.03, 0.029])
    text = compared_with_teacher(RESULT)
    alone = 100 * mean(ALONE["picked"])
    assert f"The teacher (97.3 %) knows more than the students alone ({alone:.1f} %)" in text
    lesser = RESULT | {"teacher_result": TEACHER | {"test_accuracy": {"picked": 0.1}}}
    assert "knows no more than" in compared_with_teacher(lesser)


# Audits.

ROWS = [("alone", 0), ("distilled", 0), ("alone", 1), ("distilled", 1)]


def look(epoch: int) -> dict:
    """Every number of every run differs; arms take turns, so that a row may be mixed up."""
    numbers = iter(0.011 * n + 0.1 * epoch for n in range(1, 100))
    many = lambda: [next(numbers) for _ in ROWS]  # noqa: E731
    pairs = lambda: [[next(numbers), next(numbers)] for _ in ROWS]  # noqa: E731
    return {
        "epoch": epoch,
        "gradients": {"norm": pairs(), "cosine": pairs(), "cross_entropy": many()},
        "angles": {"slope": many(), "sine": many(), "saturated": many()},
        "agreement": {"train": many(), "validation": many()},
        "calibration": {"error": many(), "confidence": many(), "accuracy": many()},
    }


REPORT = {
    "student": {"readout": "softmax"},
    "runs": [{"arm": arm, "seed": seed} for arm, seed in ROWS],
    "history": [look(0), look(3)],
    "readout": {"lowest": [0.3, 0.2, -9], "highest": [0.7, 0.8, 9], "probability": [0.25, 0.5]},
    "teacher": {"accuracy": 0.9, "confidence": 0.8, "error": 0.1},
}


def test_an_audit_by_epoch_and_arm():
    found = audit_table(REPORT)
    assert isinstance(found, Group)
    gradients, answers, *sentences = found.renderables
    names = ["epoch", "student", "from\nlabels", "from\nteacher", "cosine", "dθ/df"]
    assert [c.header for c in gradients.columns] == [*names, "|sin θ|", "stuck\n%"]
    names = ["epoch", "student", "train", "validation", "right", "sure", "error"]
    assert [c.header for c in answers.columns] == names
    rows = [
        list(zip(*(column.cells for column in table.columns), strict=True))
        for table in (gradients, answers)
    ]
    places = [(0, "alone"), (0, "distilled"), (1, "alone"), (1, "distilled")]
    for place, (number, arm) in enumerate(places):
        seen = REPORT["history"][number]
        mine = [i for i, row in enumerate(ROWS) if row[0] == arm]

        def average(part, name, column=None, seen=seen, mine=mine):
            values = [seen[part][name][i] for i in mine]
            return mean(values if column is None else [value[column] for value in values])

        taught = arm == "distilled"
        assert rows[0][place] == (
            str(seen["epoch"]),
            arm,
            f"{average('gradients', 'norm', 0):.2g}",
            f"{average('gradients', 'norm', 1):.2g}" if taught else "–",
            f"{average('gradients', 'cosine', 1):.2f}" if taught else "–",
            f"{average('angles', 'slope'):.2g}",
            f"{average('angles', 'sine'):.2f}",
            f"{100 * average('angles', 'saturated'):.1f}",
        )
        shares = [average("agreement", part) for part in ("train", "validation")]
        shares += [average("calibration", n) for n in ("accuracy", "confidence", "error")]
        assert rows[1][place] == (str(seen["epoch"]), arm, *(f"{100 * s:.1f}" for s in shares))
    assert gradients.title == "Gradients and angles, mean over 2 seed(s)"
    readout, teacher, _ = sentences
    assert "Readout softmax: the classes' logits lie between 0.20 and 0.80" in readout
    assert "probability is 0.5 at most, and cross-entropy 0.69 at least" in readout
    assert teacher == "The teacher on test images: 90.0 % right, 80.0 % sure, error 10.0 %."
