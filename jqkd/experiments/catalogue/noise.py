"""Noise while it learns: does a teacher's gain survive, and does a teacher replace such learning?

Written before the run. Every gate is followed by depolarising noise of strength p on its wires,
every bit is read wrongly with probability p; six p, from hardly any to much. Students learn ideal
or noisy and are looked at ideal or noisy, alone and taught by a LeNet: preset robust (3 qubits,
5000 shots, MNIST 0-5), and a pure student (6 qubits, 4 layers, exact, MNIST 0-9, 150 images a
class), whose circuit is deep and whose p are a tenth; 10 seeds. Questions: (1) the gain, taught
minus alone, at each p, on the machine that it learns on (family "taught"); (2) what learning under
noise is worth to a student alone: noisy minus ideal, both looked at under noise (family
"learning"); (3) whether a teacher replaces it: taught and learnt ideal, minus alone and learnt
noisy, both looked at under noise (family "instead"). Contrast: the gain's slope per step of p.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from jqkd.experiments.catalogue.entry import EXPERIMENTS, Entry
from jqkd.experiments.model import Arm, Comparison, Contrast, Experiment
from jqkd.experiments.planner import dataset_label
from jqkd.training.config import IDEAL, StudentConfig, TeacherConfig

_STRENGTHS = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5)
# A deep circuit has many gates.
_DEEP = 0.1


@EXPERIMENTS.register("noise")
@dataclass(frozen=True)
class Noise(Entry):
    """Students that learn and are looked at on ideal and on noisy machines, alone and taught."""

    def experiment(self) -> Experiment:
        arms: list[Arm] = []
        comparisons: list[Comparison] = []
        contrasts: list[Contrast] = []
        robust = StudentConfig("mnist", "0-5", 3, "robust")
        pure = StudentConfig(
            "mnist", "0-9", 6, "pure", ansatz="layered:layers=4", per_class=150, shots=None
        )
        for name, student, scale in (("robust", robust, 1.0), ("pure", pure, _DEEP)):
            made = _Kind(name, student, [scale * p for p in _STRENGTHS])
            arms += made.arms()
            comparisons += made.comparisons()
            contrasts.append(made.slope())
        about = (
            "Students that learn on an ideal or a noisy machine and are looked at on an ideal or a "
            "noisy one, alone and taught: depolarising noise p behind every gate, each bit read "
            "wrongly with probability p."
        )
        return Experiment(
            self.name, "Noise while it learns", about, tuple(arms), tuple(comparisons),
            seeds=10, contrasts=tuple(contrasts),
        )  # fmt: skip


@dataclass(frozen=True)
class _Kind:
    """One kind of student under all strengths."""

    name: str
    student: StudentConfig
    strengths: list[float]

    def arms(self) -> Iterator[Arm]:
        yield from self._pair("ideal-ideal", "learns and tested ideal", {})
        for p in self.strengths:
            noise = f"depolarising:{p:g},readout:{p:g}"
            cells: dict[str, tuple[str, dict[str, Any]]] = {
                "ideal-noisy": ("learns ideal, tested noisy", {"test_noise": noise}),
                "noisy-noisy": ("learns and tested noisy", {"noise": noise}),
                "noisy-ideal": (
                    "learns noisy, tested ideal",
                    {"noise": noise, "test_noise": IDEAL},
                ),
            }
            for cell, (words, changes) in cells.items():
                yield from self._pair(f"{p:g}-{cell}", f"p = {p:g}, {words}", changes)

    def _pair(self, cell: str, words: str, changes: dict[str, Any]) -> Iterator[Arm]:
        student = replace(self.student, **changes)
        teacher = TeacherConfig("lenet", student.dataset, student.classes)
        group = f"{dataset_label(student.dataset)} {student.classes}, {self.name}"
        for end, who in (("alone", None), ("taught", teacher)):
            yield Arm(self._name(cell, end), f"{words}, {end}", group, student, who)

    def _name(self, cell: str, end: str) -> str:
        return f"{self.name}-{cell}-{end}"

    def comparisons(self) -> Iterator[Comparison]:
        cells = ("ideal-noisy", "noisy-noisy", "noisy-ideal")
        for cell in ("ideal-ideal", *(f"{p:g}-{cell}" for p in self.strengths for cell in cells)):
            pair = self._name(cell, "taught"), self._name(cell, "alone")
            yield Comparison(*pair, family="taught" if _own_machine(cell) else "")
        for p in self.strengths:
            noisy = self._name(f"{p:g}-noisy-noisy", "alone")
            ideal = f"{p:g}-ideal-noisy"
            yield Comparison(
                noisy, self._name(ideal, "alone"), "learning under noise", family="learning"
            )
            yield Comparison(
                self._name(ideal, "taught"), noisy, "a teacher instead", family="instead"
            )

    def slope(self) -> Contrast:
        """Least squares over the place of p, from 0 for none."""
        cells = ["ideal-ideal", *(f"{p:g}-noisy-noisy" for p in self.strengths)]
        middle = (len(cells) - 1) / 2
        norm = sum((place - middle) ** 2 for place in range(len(cells)))
        terms = (
            ((place - middle) / norm, self._name(cell, "taught"), self._name(cell, "alone"))
            for place, cell in enumerate(cells)
        )
        return Contrast(f"{self.name}: gain per step of p", tuple(terms), family="slope")


def _own_machine(cell: str) -> bool:
    """Whether it is looked at where it has learnt."""
    return cell.endswith(("ideal-ideal", "noisy-noisy"))
