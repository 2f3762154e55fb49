"""The rows of the paper's two tables as data: what was published, and what each notebook ran.

A row is changed or added by editing one entry. Accuracies are in per cent of the test images,
gains in percentage points over the student trained alone (arXiv:2311.13810v1, tables 1 and 2).
Head, term and shots are what the notebook behind the row really ran; see ``training.config``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from jqkd._checks import (
    check_choice,
    check_integer,
    check_list,
    check_number,
    check_type,
    fail,
    shown,
)
from jqkd.data import DATASETS, parse_classes
from jqkd.models.arguments import WIDEST
from jqkd.models.heads import HEADS
from jqkd.quantum.measurement import check_shots
from jqkd.training.config import DISTILLATION_TERMS

TEACHER, STUDENT, DISTILLED = "teacher", "student", "distilled"
_TEACHERS = ("lenet", "alexnet", "ensemble")
# The mean gain that the paper's text states for a table; its own rows do not all agree.
STATED_MEAN_GAIN = {1: 0.80, 2: 5.40}


@dataclass(frozen=True)
class Row:
    """One published number, or two where there is a gain.

    Attributes:
        table: 1 or 2; 0 for the small table of this package that nobody published.
        kind: ``student``, ``teacher`` or ``distilled``.
        dataset: a name of ``jqkd.data.DATASETS``.
        classes: such as ``0-5``.
        qubits: Q; ``None`` for a teacher.
        teacher: lenet, alexnet or ensemble; ``None`` for a student alone.
        accuracy: published test accuracy, %.
        gain: published gain, points.
        head: of the notebook's student.
        term: of the notebook's loss, a name of ``DISTILLATION_TERMS``.
        shots: of the notebook.

    Raises:
        InputError: one sentence about the first argument that is out of range.
    """

    table: int
    kind: str
    dataset: str
    classes: str
    qubits: int | None = None
    teacher: str | None = None
    accuracy: float | None = None
    gain: float | None = None
    head: str = "concat-sigmoid"
    term: str = "kl"
    shots: int = 5000

    def __post_init__(self) -> None:
        check_choice("kind", self.kind, (TEACHER, STUDENT, DISTILLED))
        check_choice("dataset", self.dataset, DATASETS)
        parse_classes(self.classes, DATASETS[self.dataset].num_classes)
        check_choice("head", self.head, HEADS)
        check_choice("term", self.term, DISTILLATION_TERMS)
        check_shots(self.shots)
        numbers = {"table": check_integer("table", self.table, 0), "shots": int(self.shots)}
        if self.kind != TEACHER:
            numbers["qubits"] = check_integer("qubits", self.qubits, 1, WIDEST)
        elif self.qubits is not None:
            fail("qubits", "be None where the row is a teacher", self.qubits)
        if self.kind != STUDENT:
            check_choice("teacher", self.teacher, _TEACHERS)
        elif self.teacher is not None:
            fail("teacher", "be None where the row is a student alone", self.teacher)
        for name, least in (("accuracy", 0), ("gain", -100)):
            if getattr(self, name) is not None:
                numbers[name] = check_number(name, getattr(self, name), least=least, most=100)
        if self.gain is not None and self.kind != DISTILLED:
            fail("gain", f"be None where the row is a {self.kind}", self.gain)
        for name, number in numbers.items():
            object.__setattr__(self, name, number)

    @property
    def name(self) -> str:
        """Names the row on the command line.

        Example:
            >>> Row(1, "distilled", "mnist", "0-5", 3, "lenet").name
            'mnist-0-5-3q-lenet'
        """
        data = f"{self.dataset}-{self.classes}"
        if self.kind == TEACHER:
            return f"{data}-teacher-{self.teacher}"
        return f"{data}-{self.qubits}q-{self.teacher or 'alone'}"

    @property
    def label(self) -> str:
        """Names the row for a reader, beside its data set and classes."""
        if self.kind == TEACHER:
            return f"{NAMES[self.teacher]} (teacher)"
        student = f"{self.qubits} qubits"
        return f"{student}, alone" if self.teacher is None else f"{student}, {NAMES[self.teacher]}"


NAMES = {
    "lenet": "LeNet",
    "alexnet": "AlexNet",
    "ensemble": "ensemble",
    "mnist": "MNIST",
    "fashion_mnist": "FashionMNIST",
    "digits": "digits",
}


def _alone(table: int, dataset: str, classes: str, qubits: int, accuracy: float, **notebook) -> Row:
    return Row(table, STUDENT, dataset, classes, qubits, None, accuracy, **notebook)


def _teacher(table: int, dataset: str, classes: str, teacher: str, accuracy: float) -> Row:
    return Row(table, TEACHER, dataset, classes, None, teacher, accuracy)


def _distilled(
    table: int,
    dataset: str,
    classes: str,
    qubits: int,
    teacher: str,
    accuracy: float,
    gain: float,
    **notebook,
) -> Row:
    return Row(table, DISTILLED, dataset, classes, qubits, teacher, accuracy, gain, **notebook)


ROWS: tuple[Row, ...] = (
    _alone(1, "mnist", "0-5", 3, 96.56),
    _alone(1, "mnist", "0-7", 3, 93.75, shots=3000),
    _alone(1, "mnist", "0-7", 4, 93.83, shots=2000),
    _teacher(1, "mnist", "0-5", "alexnet", 99.72),
    _teacher(1, "mnist", "0-7", "alexnet", 99.51),
    _teacher(1, "mnist", "0-5", "lenet", 99.50),
    _teacher(1, "mnist", "0-7", "lenet", 99.16),
    _teacher(1, "mnist", "0-5", "ensemble", 99.73),
    _teacher(1, "mnist", "0-7", "ensemble", 99.58),
    _distilled(1, "mnist", "0-5", 3, "alexnet", 97.44, 0.88),
    _distilled(1, "mnist", "0-7", 3, "alexnet", 94.92, 1.17, shots=3000),
    _distilled(1, "mnist", "0-7", 4, "alexnet", 94.17, 0.34, shots=2000),
    _distilled(1, "mnist", "0-5", 3, "lenet", 97.89, 1.33),
    _distilled(1, "mnist", "0-7", 3, "lenet", 93.75, 0.00, shots=3000),
    _distilled(1, "mnist", "0-7", 4, "lenet", 94.33, 0.50, shots=2000, term="constant"),
    _distilled(1, "mnist", "0-5", 3, "ensemble", 97.33, 0.77),
    _distilled(1, "mnist", "0-7", 3, "ensemble", 95.42, 1.67, shots=3000),
    _distilled(1, "mnist", "0-7", 4, "ensemble", 94.00, 0.17, shots=2000),
    _alone(2, "fashion_mnist", "0-5", 3, 65.00, head="softmax"),
    _alone(2, "fashion_mnist", "0-7", 3, 68.00, head="softmax", shots=3000),
    _alone(2, "fashion_mnist", "0-7", 4, 74.25, shots=2000),
    _teacher(2, "fashion_mnist", "0-5", "alexnet", 94.90),
    _teacher(2, "fashion_mnist", "0-7", "alexnet", 91.64),
    _teacher(2, "fashion_mnist", "0-5", "lenet", 91.57),
    _teacher(2, "fashion_mnist", "0-7", "lenet", 85.97),
    _teacher(2, "fashion_mnist", "0-5", "ensemble", 95.67),
    _teacher(2, "fashion_mnist", "0-7", "ensemble", 91.79),
    _distilled(2, "fashion_mnist", "0-5", 3, "alexnet", 83.44, 18.44),
    _distilled(2, "fashion_mnist", "0-7", 3, "alexnet", 73.42, 5.42, term="kl * 6/8"),
    _distilled(2, "fashion_mnist", "0-7", 4, "alexnet", 75.42, 1.17, shots=2000),
    _distilled(2, "fashion_mnist", "0-5", 3, "lenet", 77.00, 12.00),
    _distilled(
        *(2, "fashion_mnist", "0-7", 3, "lenet", 68.67, 0.67),
        **{"shots": 3000, "head": "softmax", "term": "kl * 0"},
    ),
    _distilled(2, "fashion_mnist", "0-7", 4, "lenet", 75.83, 1.58, shots=2000, term="constant"),
    _distilled(2, "fashion_mnist", "0-5", 3, "ensemble", 67.89, 2.89),
    _distilled(2, "fashion_mnist", "0-7", 3, "ensemble", 74.42, 6.42, shots=3000),
    _distilled(2, "fashion_mnist", "0-7", 4, "ensemble", 72.50, 0.00, shots=2000),
    # Small and published nowhere: what the whole machinery is tried with, in a minute.
    Row(0, STUDENT, "digits", "0-1", 2, head="softmax"),
    Row(0, TEACHER, "digits", "0-1", teacher="lenet"),
    Row(0, DISTILLED, "digits", "0-1", 2, "lenet"),
)

TABLES = {"1": (1,), "2": (2,), "all": (1, 2), "demo": (0,)}


def select(
    table: str = "all", patterns: Sequence[str] = (), rows: Sequence[Row] = ROWS
) -> list[Row]:
    """Rows of a table whose names match one of some glob patterns.

    Args:
        table: a name of ``TABLES``.
        patterns: such as ``*-3q-lenet``; none means all.
        rows: where to look.

    Raises:
        InputError: an unknown table, or a pattern that no row matches.

    Example:
        >>> [row.accuracy for row in select("1", ["mnist-0-5-3q-*"])]
        [96.56, 97.44, 97.89, 97.33]
    """
    check_choice("table", table, TABLES)
    patterns = check_list("patterns", patterns, str, "texts, such as *-3q-lenet")
    there = [row for row in _checked(rows) if row.table in TABLES[table]]
    for pattern in patterns:
        if not any(fnmatchcase(row.name, pattern) for row in there):
            some = ", ".join(row.name for row in there[:4])
            advice = f"they are called {some}, ..., and `jqkd tables run --dry-run` lists them all"
            fail("patterns", f"match rows of table {table}", shown(pattern), advice)
    return [r for r in there if not patterns or any(fnmatchcase(r.name, p) for p in patterns)]


def alone_of(row: Row, rows: Sequence[Row] = ROWS) -> Row:
    """The row of the student trained alone that a distilled row's gain refers to.

    Raises:
        InputError: there is none.
    """
    check_type("row", row, Row, "a Row")
    mine = (row.dataset, row.classes, row.qubits)
    for other in _checked(rows):
        if other.kind == STUDENT and (other.dataset, other.classes, other.qubits) == mine:
            return other
    given = f"{row.name}, which has no student trained alone to compare with,"
    fail("row", "have a row that its gain refers to", given, "add that row")


def _checked(rows: Sequence[Row]) -> list[Row]:
    return check_list("rows", rows, Row, "rows")
