"""How far a circuit without a classical weight before it gets on all images, by its angles.

Written before the run. Students: preset pure on 8 qubits, exact, 1 to 32 layers (24 to 768 angles),
MNIST 0-9, 5000 images a class, 10 epochs, alone and taught by a LeNet; beside them the classical
twins of the same amplitudes. Nothing is tuned: settings are the preset's. 3 seeds: the curve is
wanted, and where it ends; gains are shown, and are no contrast that was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jqkd.experiments.catalogue.entry import EXPERIMENTS, Entry
from jqkd.experiments.model import Arm, Comparison, Experiment
from jqkd.experiments.planner import dataset_label
from jqkd.training.config import StudentConfig, TeacherConfig

_TWINS = ("linear-map", "squared-map")


@EXPERIMENTS.register("angles")
@dataclass(frozen=True)
class Angles(Entry):
    """Pure students of ever more layers on all images, and their classical twins.

    Args:
        dataset: name of ``DATASETS``.
        classes: such as ``0-9``.
        qubits: n.
        layers: of each kind, ascending.
        per_class: images a class.
        epochs: of every student.
    """

    dataset: str = "mnist"
    classes: str = "0-9"
    qubits: int = 8
    layers: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    per_class: int = 5000
    epochs: int = 10

    def experiment(self) -> Experiment:
        kinds = [(f"{n}l", self._layered(n)) for n in self.layers]
        kinds += [(twin, self._student({"stand_in": twin})) for twin in _TWINS]
        arms = [arm for kind in kinds for arm in self._pair(*kind)]
        comparisons = tuple(Comparison(f"{name}-taught", f"{name}-alone") for name, _ in kinds)
        about = (
            f"Students of {self.per_class} images a class whose images become amplitudes of "
            f"{self.qubits} qubits without a classical weight: accuracy by the number of angles, "
            "alone and taught, and classical twins of the same amplitudes."
        )
        title = "What ever more angles are worth"
        return Experiment(self.name, title, about, tuple(arms), comparisons, seeds=3)

    def _student(self, changes: dict[str, Any]) -> StudentConfig:
        about: tuple[Any, ...] = (self.dataset, self.classes, self.qubits, "pure", None)
        return StudentConfig(*about, per_class=self.per_class, epochs=self.epochs, **changes)

    def _layered(self, layers: int) -> StudentConfig:
        return self._student({"ansatz": f"layered:layers={layers}"})

    def _pair(self, name: str, student: StudentConfig) -> Iterator[Arm]:
        teacher = TeacherConfig("lenet", self.dataset, self.classes)
        words = name
        if student.stand_in is None:
            words = f"{name[:-1]} layers, {student.spec.circuit.num_weights} angles"
        group = f"{dataset_label(self.dataset)} {self.classes}"
        for end, who in (("alone", None), ("taught", teacher)):
            yield Arm(f"{name}-{end}", f"{words}, {end}", group, student, who)
