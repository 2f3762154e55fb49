"""How many labelled images a teacher is worth.

Written before the run. Question: at n images a class, how many images n' would a student without
a teacher need to be as accurate as one that a LeNet has taught, which itself saw all images?
Students: preset robust, 3 qubits, MNIST and FashionMNIST 0-5, n from 10 to 1000, the first n of
each class, 10 seeds. Every student takes as many steps as the preset does with its own number of
images (1200), or fewer images would also be less training; ``epochs`` gives all the same epochs
instead. Contrasts: at each n, taught minus alone, one family over both data sets (Holm). Answer:
n' / n and n' - n with a bootstrap over seeds, see ``statistics.worth``; first of all at n = 50.
The images are the same for all seeds: intervals are about training, not about the choice of images.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from jqkd._checks import check_integer, check_list, fail, shown
from jqkd.experiments.catalogue.entry import EXPERIMENTS, Study, Variant
from jqkd.experiments.model import Arm, Curve, Experiment
from jqkd.experiments.planner import teacher_label
from jqkd.training.config import StudentConfig


@EXPERIMENTS.register("images")
@dataclass(frozen=True)
class Images(Study):
    """Robust students of few and of many images a class, alone and with a teacher of all images.

    Args:
        per_class: images a class, ascending.
        epochs: of every student; by default as many as make equal numbers of steps.
    """

    per_class: tuple[int, ...] = (10, 20, 50, 100, 150, 300, 1000)
    epochs: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for count in check_list("per_class", self.per_class, int, "numbers of images"):
            check_integer("per_class", count, 1)
        if len(self.per_class) < 2 or list(self.per_class) != sorted(set(self.per_class)):
            fail("per_class", "be two numbers or more, ascending", shown(self.per_class))

    def experiment(self) -> Experiment:
        steps = "as many epochs" if self.epochs else "as many steps"
        about = (
            "Robust students of n images a class, alone and taught by a teacher that saw all "
            f"images; all take {steps}. Equal accuracy says how many images the teacher is worth. "
            "The images are the same for all seeds: intervals are about training, not their choice."
        )
        lines = []
        for n in self.per_class:
            alone = Variant(f"{n}-alone", f"{n} images a class", {"per_class": n})
            taught = replace(alone, name=f"{n}-{self.teacher}", distilled=True, against=alone.name)
            lines += [alone, taught]
        made = self.study("How many labelled images a teacher is worth", about, lines)
        name = teacher_label(self.teacher)
        article = "an" if name[0] in "AEIOU" else "a"
        curves = (
            Curve(
                f"{article} {name}",
                "images a class",
                self.per_class,
                self._names(dataset, self.teacher),
                self._names(dataset, "alone"),
                50 if 50 in self.per_class else self.per_class[len(self.per_class) // 2],
            )
            for dataset in dict.fromkeys(self.datasets)
        )
        # What the teacher itself knows, beside them: no more can be expected of those it teaches.
        teachers = (
            Arm(f"{t.dataset}-{self.teacher}", name, group, None, t)
            for t, group in dict.fromkeys((a.teacher, a.group) for a in made.arms if a.teacher)
        )
        return replace(made, arms=(*teachers, *made.arms), curves=tuple(curves))

    def student(self, dataset: str, changes: dict[str, Any]) -> StudentConfig:
        usual = StudentConfig(dataset, self.classes, self.qubits, "robust")
        epochs = self.epochs or self._epochs(usual, changes["per_class"])
        looks = max(1, epochs // 8)
        return replace(usual, **changes, epochs=epochs, evaluate_every=looks)

    def _epochs(self, usual: StudentConfig, per_class: int) -> int:
        """As many as take the preset's number of steps, or next to it."""
        steps = lambda n: -(-n * usual.num_classes // usual.batch_size)  # noqa: E731
        return max(1, round(usual.epochs * steps(usual.per_class) / steps(per_class)))

    def _names(self, dataset: str, end: str) -> tuple[str, ...]:
        return tuple(f"{dataset}-{n}-{end}" for n in self.per_class)
