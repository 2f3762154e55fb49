"""The paper's two tables as data: what was published, and what each notebook ran.

A row is changed or added by editing one entry. Accuracies are in per cent of the test images,
gains in percentage points over the student trained alone (arXiv:2311.13810v1, tables 1 and 2).
Head, term and shots are what the notebook behind the row really ran; see ``training.config``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from jqkd._checks import check_choice, check_integer, fail, shown
from jqkd.experiments.catalogue.entry import EXPERIMENTS, Entry
from jqkd.experiments.model import Arm, Comparison, Experiment, Mean
from jqkd.experiments.planner import dataset_label, teacher_label
from jqkd.training.config import MOST_EPOCHS, StudentConfig, TeacherConfig

_NOTEBOOK = "notebook"
# How the teacher that the paper calls an ensemble is made.
_ENSEMBLES = {"average": "ensemble", "joint": "joint-ensemble"}
# What a row's notebook does instead of distilling as the paper says.
_UNTAUGHT = "(a) In this row's notebook no gradient of the distillation term reaches the student."
_NOTES = {
    "constant": _UNTAUGHT,
    "kl * 0": _UNTAUGHT,
    "kl * 6/8": "(b) The notebook scales the term by 6/8.",
}


@dataclass(frozen=True)
class Row:
    """One published number, or two where there is a gain.

    Attributes:
        dataset, classes: of all its images.
        qubits: Q; ``None`` where the row is a teacher.
        teacher: lenet, alexnet or ensemble; ``None`` for a student alone.
        accuracy: published test accuracy, %.
        gain: published gain, points.
        head, term, shots: of the notebook.
    """

    dataset: str
    classes: str
    qubits: int | None = None
    teacher: str | None = None
    accuracy: float | None = None
    gain: float | None = None
    head: str = "concat-sigmoid"
    term: str = "kl"
    shots: int = 5000

    @property
    def name(self) -> str:
        """Names the row on the command line.

        Example:
            >>> Row("mnist", "0-5", 3, "lenet").name
            'mnist-0-5-3q-lenet'
        """
        data = f"{self.dataset}-{self.classes}"
        if self.qubits is None:
            return f"{data}-teacher-{self.teacher}"
        return f"{data}-{self.qubits}q-{self.teacher or 'alone'}"

    @property
    def is_distilled(self) -> bool:
        """Whether it is a student with a teacher."""
        return self.qubits is not None and self.teacher is not None


_M5, _M7 = ("mnist", "0-5"), ("mnist", "0-7")
_F5, _F7 = ("fashion_mnist", "0-5"), ("fashion_mnist", "0-7")

ROWS: tuple[Row, ...] = (
    # Table 1.
    Row(*_M5, 3, None, 96.56),
    Row(*_M7, 3, None, 93.75, shots=3000),
    Row(*_M7, 4, None, 93.83, shots=2000),
    Row(*_M5, None, "alexnet", 99.72),
    Row(*_M7, None, "alexnet", 99.51),
    Row(*_M5, None, "lenet", 99.50),
    Row(*_M7, None, "lenet", 99.16),
    Row(*_M5, None, "ensemble", 99.73),
    Row(*_M7, None, "ensemble", 99.58),
    Row(*_M5, 3, "alexnet", 97.44, 0.88),
    Row(*_M7, 3, "alexnet", 94.92, 1.17, shots=3000),
    Row(*_M7, 4, "alexnet", 94.17, 0.34, shots=2000),
    Row(*_M5, 3, "lenet", 97.89, 1.33),
    Row(*_M7, 3, "lenet", 93.75, 0.00, shots=3000),
    Row(*_M7, 4, "lenet", 94.33, 0.50, shots=2000, term="constant"),
    Row(*_M5, 3, "ensemble", 97.33, 0.77),
    Row(*_M7, 3, "ensemble", 95.42, 1.67, shots=3000),
    Row(*_M7, 4, "ensemble", 94.00, 0.17, shots=2000),
    # Table 2.
    Row(*_F5, 3, None, 65.00, head="softmax"),
    Row(*_F7, 3, None, 68.00, head="softmax", shots=3000),
    Row(*_F7, 4, None, 74.25, shots=2000),
    Row(*_F5, None, "alexnet", 94.90),
    Row(*_F7, None, "alexnet", 91.64),
    Row(*_F5, None, "lenet", 91.57),
    Row(*_F7, None, "lenet", 85.97),
    Row(*_F5, None, "ensemble", 95.67),
    Row(*_F7, None, "ensemble", 91.79),
    Row(*_F5, 3, "alexnet", 83.44, 18.44),
    Row(*_F7, 3, "alexnet", 73.42, 5.42, term="kl * 6/8"),
    Row(*_F7, 4, "alexnet", 75.42, 1.17, shots=2000),
    Row(*_F5, 3, "lenet", 77.00, 12.00),
    Row(*_F7, 3, "lenet", 68.67, 0.67, shots=3000, head="softmax", term="kl * 0"),
    Row(*_F7, 4, "lenet", 75.83, 1.58, shots=2000, term="constant"),
    Row(*_F5, 3, "ensemble", 67.89, 2.89),
    Row(*_F7, 3, "ensemble", 74.42, 6.42, shots=3000),
    Row(*_F7, 4, "ensemble", 72.50, 0.00, shots=2000),
)
# The mean gain that the paper's text states for a table; its own rows do not all agree.
_STATED = {"mnist": ("Table 1", 0.80), "fashion_mnist": ("Table 2", 5.40)}


def alone_of(row: Row, rows: Sequence[Row] = ROWS) -> Row:
    """The student trained alone that a distilled row's gain refers to.

    Raises:
        InputError: there is none.
    """
    for other in rows:
        same = (other.dataset, other.classes, other.qubits)
        if other.teacher is None and same == (row.dataset, row.classes, row.qubits):
            return other
    given = f"{row.name}, which has no student trained alone to compare with,"
    fail("row", "have a row that its gain refers to", given, "add that row")


@dataclass(frozen=True)
class Paper(Entry):
    """Options of every experiment that is made of rows.

    Args:
        shots: of every circuit: a number, ``exact``, or ``notebook`` for each row's own.
        epochs: of the students; the preset's by default.
        ensemble: ``average`` of the probabilities of LeNet and AlexNet (eq. 16), or ``joint``:
            trained as one, as the notebooks do.
        lenet_epochs: of LeNet.
        alexnet_epochs: of AlexNet and the joint ensemble.
    """

    shots: str = "5000"
    epochs: int | None = None
    ensemble: str = "average"
    lenet_epochs: int = 10
    alexnet_epochs: int = 10

    def __post_init__(self) -> None:
        # Longer ones are no numbers that Python reads.
        whole = str(self.shots).isdecimal() and len(str(self.shots)) < 20
        if self.shots not in ("exact", _NOTEBOOK) and not whole:
            fail("shots", "be a whole number, `exact` or `notebook`", shown(self.shots))
        check_choice("ensemble", self.ensemble, _ENSEMBLES)
        for name in ("lenet_epochs", "alexnet_epochs"):
            check_integer(name, getattr(self, name), 1, MOST_EPOCHS)

    def student(self, row: Row, preset: str, as_notebook: bool) -> StudentConfig:
        """A row's student; head and term are its notebook's where the preset is the notebooks'."""
        given: dict[str, Any] = {"head": row.head, "term": row.term} if as_notebook else {}
        named = {"exact": None, _NOTEBOOK: row.shots}
        shots = named[self.shots] if self.shots in named else int(self.shots)
        data = (row.dataset, row.classes, row.qubits, preset)
        return StudentConfig(*data, shots=shots, epochs=self.epochs, **given)

    def teacher(self, row: Row) -> TeacherConfig:
        """A row's teacher."""
        data, lenet, alexnet = (row.dataset, row.classes), self.lenet_epochs, self.alexnet_epochs
        if row.teacher == "lenet":
            return TeacherConfig("lenet", *data, lenet)
        arch = _ENSEMBLES[self.ensemble] if row.teacher == "ensemble" else row.teacher
        if arch == "ensemble" and lenet != alexnet:
            pair = (("lenet", lenet), ("alexnet", alexnet))
            members = tuple(TeacherConfig(one, *data, epochs) for one, epochs in pair)
            return TeacherConfig(arch, *data, alexnet, members=members)
        return TeacherConfig(arch, *data, alexnet)


def experiment_of(
    options: Paper, preset: str, title: str, about: str, rows: Sequence[Row], **more: Any
) -> Experiment:
    """Rows as arms; each distilled row is compared with the student trained alone.

    Where head or shots differ between the two there is a second comparison, with a student alone
    that has the distilled row's own.
    """
    as_notebook = preset == "paper-code"
    if options.shots == _NOTEBOOK and not as_notebook:
        fail("shots", f"be a number or exact where the preset is {preset}", "'notebook'")
    arms: list[Arm] = []
    comparisons: list[Comparison] = []
    for row in rows:
        arm = _arm(row, options, preset, as_notebook)
        arms.append(arm)
        if not row.is_distilled:
            continue
        alone = alone_of(row, rows)
        comparisons.append(Comparison(row.name, alone.name, "gain", row.gain, "gain"))
        matched = replace(arm.student, term="kl")
        if matched != options.student(alone, preset, as_notebook):
            name, label = f"{row.name}-matched", f"{row.qubits} qubits, alone, the same head"
            arms.append(Arm(name, label, arm.group, matched, hidden=True))
            comparisons.append(Comparison(row.name, name, "one head", row.gain, "one head"))
    means = _means(rows, comparisons)
    return Experiment(
        options.name, title, about, tuple(arms), tuple(comparisons), means=means, **more
    )


def _arm(row: Row, options: Paper, preset: str, as_notebook: bool) -> Arm:
    group = f"{dataset_label(row.dataset)} {row.classes}"
    taught = "alone" if row.teacher is None else teacher_label(row.teacher)
    teacher = None if row.teacher is None else options.teacher(row)
    if row.qubits is None:
        return Arm(row.name, f"{taught} (teacher)", group, None, teacher, row.accuracy)
    note = _NOTES.get(row.term, "") if as_notebook else ""
    student = options.student(row, preset, as_notebook)
    label = f"{row.qubits} qubits, {taught}"
    return Arm(row.name, label, group, student, teacher, row.accuracy, note)


def _means(rows: Sequence[Row], comparisons: Sequence[Comparison]) -> tuple[Mean, ...]:
    """Of a table's gains, as the notebooks run them and with one head for both arms."""
    means = []
    for dataset, (table, stated) in _STATED.items():
        names = {row.name for row in rows if row.dataset == dataset and row.is_distilled}
        plain = {c.arm: c.baseline for c in comparisons if c.arm in names and c.label == "gain"}
        heads = {c.arm: c.baseline for c in comparisons if c.arm in names and c.label != "gain"}
        if not names:
            continue
        of_rows = float(np.mean([row.gain for row in rows if row.name in names]))
        means.append(Mean(f"{table}, gain", tuple(plain.items()), stated, of_rows))
        if heads:
            both = tuple((plain | heads).items())
            means.append(Mean(f"{table}, one head", both, stated, of_rows))
    return tuple(means)


@EXPERIMENTS.register("paper-code")
@dataclass(frozen=True)
class PaperCode(Paper):
    """Both tables as the published notebooks run them."""

    def experiment(self) -> Experiment:
        """All 36 rows."""
        about = (
            "What the published notebooks run: each row with the head and the distillation term "
            "of its own notebook."
        )
        title = "The paper's tables, by its notebooks"
        return experiment_of(self, "paper-code", title, about, ROWS, protocol="best")


@EXPERIMENTS.register("paper-text")
@dataclass(frozen=True)
class PaperText(Paper):
    """Both tables as the paper's text describes them."""

    def experiment(self) -> Experiment:
        """All 36 rows."""
        about = (
            "What the paper's text describes: amplitude encoding, trainable circuit, one loss for "
            "all rows."
        )
        title = "The paper's tables, by its text"
        return experiment_of(self, "paper-text", title, about, ROWS, protocol="best")


@EXPERIMENTS.register("robust")
@dataclass(frozen=True)
class Robust(Paper):
    """Both tables with a student that always trains."""

    def experiment(self) -> Experiment:
        """All 36 rows."""
        about = (
            "The paper's circuits with a student that always trains: one logit a class, batches, "
            "a falling learning rate, mixed images; the teacher sees the student's very images."
        )
        return experiment_of(self, "robust", "The paper's tables, robust", about, ROWS)
