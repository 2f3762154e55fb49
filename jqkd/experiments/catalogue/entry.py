"""An entry of the catalogue: a frozen dataclass whose fields are an experiment's options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from jqkd._checks import check_choice, check_list
from jqkd.common.registry import Registry
from jqkd.data import DATASETS, parse_classes
from jqkd.experiments.model import Arm, Comparison, Experiment
from jqkd.experiments.planner import dataset_label
from jqkd.training.config import StudentConfig, TeacherConfig


class Entry:
    """An experiment with options; derived classes are registered in ``EXPERIMENTS``."""

    def experiment(self) -> Experiment:
        """What the options make of it."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """Names the experiment and its files: the entry's text, as a file may be called."""
        return re.sub(r"[:,]", "-", EXPERIMENTS.text(self)).replace("/", "_")


EXPERIMENTS: Registry[Entry] = Registry("experiment", Entry)


@dataclass(frozen=True)
class Variant:
    """Students of a study, the same on each of its data sets.

    Attributes:
        name: names them, behind the data set.
        label: names them for a reader.
        changes: fields of ``StudentConfig``, the preset among them.
        taught: whether they have the study's teacher.
        against: name of the line that they are compared with; ``None`` for none.
    """

    name: str
    label: str
    changes: dict[str, Any] = field(default_factory=dict)
    distilled: bool = False
    against: str | None = None


@dataclass(frozen=True)
class Study(Entry):
    """Students that differ in one thing, on several data sets.

    Args:
        datasets: names of ``DATASETS``.
        classes: of each, such as ``0-5``.
        qubits: of every circuit.
        teacher: of the lines that are taught.
    """

    datasets: tuple[str, ...] = ("mnist", "fashion_mnist")
    classes: str = "0-5"
    qubits: int = 3
    teacher: str = "lenet"

    def __post_init__(self) -> None:
        for name in check_list("datasets", self.datasets, str, "names of data sets"):
            check_choice("datasets", name, DATASETS)
            parse_classes(self.classes, DATASETS[name].num_classes)

    def study(self, title: str, about: str, lines: Sequence[Variant], **more: Any) -> Experiment:
        """The experiment of some lines, data set by data set."""
        pairs = [(dataset, line) for dataset in dict.fromkeys(self.datasets) for line in lines]
        arms = tuple(self._arm(*pair) for pair in pairs)
        # Holm's correction is over the taught lines, each compared with its student alone.
        comparisons = tuple(
            Comparison(
                f"{dataset}-{line.name}",
                f"{dataset}-{line.against}",
                "gain" if line.distilled else "difference",
                family="taught" if line.distilled else "",
            )
            for dataset, line in pairs
            if line.against is not None
        )
        return Experiment(self.name, title, about, arms, comparisons, **more)

    def _arm(self, dataset: str, line: Variant) -> Arm:
        student = self.student(dataset, line.changes)
        teacher = TeacherConfig(self.teacher, dataset, self.classes) if line.distilled else None
        group = f"{dataset_label(dataset)} {self.classes}"
        return Arm(f"{dataset}-{line.name}", line.label, group, student, teacher)

    def student(self, dataset: str, changes: dict[str, Any]) -> StudentConfig:
        """How a line's students are trained on a data set."""
        return StudentConfig(dataset, self.classes, self.qubits, **changes)
