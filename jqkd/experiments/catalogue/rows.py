"""The rows of the paper's two tables as data: what was published, and what each notebook ran.

A row is changed or added by editing one entry. Accuracies are in per cent of the test images,
gains in percentage points over the student trained alone (arXiv:2311.13810v1, tables 1 and 2).
Readout, term and shots are what the notebook behind the row really ran; see ``training.config``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jqkd._checks import fail


@dataclass(frozen=True)
class Row:
    """One published number, or two where there is a gain.

    Attributes:
        dataset, classes: of all its images.
        qubits: Q; ``None`` where the row is a teacher.
        teacher: lenet, alexnet or ensemble; ``None`` for a student alone.
        accuracy: published test accuracy, %.
        gain: published gain, points.
        readout, term, shots: of the notebook.
    """

    dataset: str
    classes: str
    qubits: int | None = None
    teacher: str | None = None
    accuracy: float | None = None
    gain: float | None = None
    readout: str = "concat-sigmoid"
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
    Row(*_F5, 3, None, 65.00, readout="softmax"),
    Row(*_F7, 3, None, 68.00, readout="softmax", shots=3000),
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
    Row(*_F7, 3, "lenet", 68.67, 0.67, shots=3000, readout="softmax", term="kl * 0"),
    Row(*_F7, 4, "lenet", 75.83, 1.58, shots=2000, term="constant"),
    Row(*_F5, 3, "ensemble", 67.89, 2.89),
    Row(*_F7, 3, "ensemble", 74.42, 6.42, shots=3000),
    Row(*_F7, 4, "ensemble", 72.50, 0.00, shots=2000),
)


def alone_of(row: Row, rows: Sequence[Row] = ROWS) -> Row:
    """The student trained alone that a distilled row's gain refers to."""
    for other in rows:
        same = (other.dataset, other.classes, other.qubits)
        if other.teacher is None and same == (row.dataset, row.classes, row.qubits):
            return other
    given = f"{row.name}, which has no student trained alone to compare with,"
    fail("row", "have a row that its gain refers to", given, "add that row")
