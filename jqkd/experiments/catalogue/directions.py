"""Who may teach whom: quantum and classical, in every direction.

Written before the run. Question: is a quantum teacher worth as much as a classical one, and to
whom? Students of MNIST 0-9, 150 images a class, exact, 40 epochs: circuits of 4, 6 and 8 qubits and
8 layers, the squared map of 8 qubits (the twin of a circuit) and an MLP of 32 hidden units on the
same amplitudes. Teachers: a LeNet, an MLP of the pixels, circuits of 8 and 10 qubits and 8 layers,
each trained on all images for ten epochs with Adam (circuits at 0.06). The circuit of 8 qubits
teaches itself, too. Contrasts: taught minus alone, one family (Holm); the quantum teacher's gain
minus the MLP teacher's, for each student.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jqkd.experiments.catalogue.entry import EXPERIMENTS, Entry
from jqkd.experiments.model import Arm, Comparison, Contrast, Experiment
from jqkd.experiments.planner import dataset_label, teacher_label
from jqkd.training.config import StudentConfig, TeacherConfig

# Name -> fields of ``TeacherConfig``.
TEACHERS: dict[str, dict[str, Any]] = {
    "lenet": {"arch": "lenet"},
    "mlp": {"arch": "mlp"},
    "8q": {"arch": "pure:qubits=8,layers=8", "learning_rate": 6e-2},
    "10q": {"arch": "pure:qubits=10,layers=8", "learning_rate": 6e-2},
}
# Name -> (label, fields of ``StudentConfig``).
STUDENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "4q": ("4 qubits", {"qubits": 4}),
    "6q": ("6 qubits", {"qubits": 6}),
    "8q": ("8 qubits", {"qubits": 8}),
    "twin": ("squared map", {"qubits": 8, "stand_in": "squared-map"}),
    "mlp": ("MLP of 32", {"qubits": 8, "stand_in": "mlp:hidden=32"}),
}


@EXPERIMENTS.register("directions")
@dataclass(frozen=True)
class Directions(Entry):
    """Circuits, their twin and an MLP, alone and taught by classical and quantum teachers.

    Args:
        dataset: name of ``DATASETS``.
        classes: such as ``0-9``.
        per_class: images a class.
        epochs: of every student.
    """

    dataset: str = "mnist"
    classes: str = "0-9"
    per_class: int = 150
    epochs: int = 40

    def experiment(self) -> Experiment:
        arms = tuple(self._arms())
        comparisons = tuple(
            Comparison(f"{student}-{teacher}", f"{student}-alone", family="taught")
            for student in STUDENTS
            for teacher in TEACHERS
        )
        contrasts = tuple(self._contrasts())
        about = (
            "Circuits that do the work themselves, a classical twin and an MLP of the same "
            "amplitudes, each alone and taught by classical and by quantum teachers."
        )
        title = "Distillation in every direction"
        return Experiment(self.name, title, about, arms, comparisons, contrasts=contrasts)

    def _arms(self) -> Iterator[Arm]:
        group = f"{dataset_label(self.dataset)} {self.classes}"
        data: dict[str, Any] = {"dataset": self.dataset, "classes": self.classes}
        for name, how in TEACHERS.items():
            teacher = TeacherConfig(**data | how)
            qubits = f" of {name[:-1]} qubits" if name[0].isdigit() else ""
            label = f"{teacher_label(teacher.arch)}{qubits} (teacher)"
            yield Arm(f"teacher-{name}", label, group, None, teacher)
        for name, (label, changes) in STUDENTS.items():
            fields: dict[str, Any] = {"ansatz": "layered:layers=8", "per_class": self.per_class}
            student = StudentConfig(
                **data | fields | changes, preset="pure", shots=None, epochs=self.epochs
            )
            yield Arm(f"{name}-alone", f"{label}, alone", group, student)
            for other, how in TEACHERS.items():
                teacher = TeacherConfig(**data | how)
                yield Arm(f"{name}-{other}", f"{label}, by {other}", group, student, teacher)

    def _contrasts(self) -> Iterator[Contrast]:
        for name, (label, _) in STUDENTS.items():
            for quantum in ("8q", "10q"):
                terms = (
                    (1.0, f"{name}-{quantum}", f"{name}-alone"),
                    (-1.0, f"{name}-mlp", f"{name}-alone"),
                )
                yield Contrast(f"{label}: gain by {quantum} minus gain by MLP", terms, "answers")
