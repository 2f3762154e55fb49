"""What shots are worth, and whether a teacher saves some.

Written before the run. Questions: (1) how many shots of training does a taught student need,
against the same student alone, to reach 95 and 99 % of what the student alone reaches in the end
(mean over seeds), under each rule that gives out shots; (2) how many does each rule need against
5000 for every circuit, alone. Students: preset robust, MNIST and FashionMNIST 0-5, 3 qubits, taught
by a LeNet, 20 seeds; looks after every epoch. Rules: 5000 to every circuit, 500, 50, a ramp from 50
to 5000, relative variance with share 0.1 and gCANS with shares 0.1 and 0.01, all at least 10 and at
most 5000. Contrasts: taught minus alone, final accuracy, under each rule, one family over both data
sets (Holm). Ratios have intervals and no p-values; one that includes 1 is undecided. A run
that never gets there is left out of a ratio, and counted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from jqkd.experiments.catalogue.entry import EXPERIMENTS, Study, Variant
from jqkd.experiments.model import Experiment, Pace
from jqkd.training.config import StudentConfig

# Name -> what a reader is told, and fields of the configuration.
_RULES: dict[str, tuple[str, dict[str, Any]]] = {
    "5000": ("5000 to each circuit", {"shots": 5000}),
    "500": ("500 to each circuit", {"shots": 500}),
    "50": ("50 to each circuit", {"shots": 50}),
    "ramp": ("ramp from 50 to 5000", {"allocation": "ramp"}),
    "variance": ("relative variance", {"allocation": "relative-variance"}),
    "gcans": ("gCANS", {"allocation": "gcans"}),
    "gcans-1": ("gCANS, 0.01", {"allocation": "gcans:share=0.01"}),
}


@EXPERIMENTS.register("shots")
@dataclass(frozen=True)
class Shots(Study):
    """Robust students alone and taught, under every rule that gives out shots."""

    def experiment(self) -> Experiment:
        about = (
            "Robust students alone and taught, under rules that give out their shots; how many of "
            "the training's shots it takes to be as accurate as the student alone is in the end."
        )
        lines, paces = [], []
        for name, (label, changes) in _RULES.items():
            alone = Variant(f"{name}-alone", f"{label}, alone", changes)
            taught = Variant(f"{name}-taught", f"{label}, taught", changes, True, alone.name)
            lines += [alone, taught]
        for data in dict.fromkeys(self.datasets):
            first, goals = f"{data}-5000-alone", [f"{data}-{name}-alone" for name in _RULES]
            for goal, (label, _) in zip(goals, _RULES.values(), strict=True):
                taught = goal.removesuffix("alone") + "taught"
                paces.append(Pace(f"taught, {label}", taught, goal, goal))
            for goal, (label, _) in zip(goals[1:], [*_RULES.values()][1:], strict=True):
                paces.append(Pace(f"{label}, against 5000 to each", goal, first, first))
        made = self.study("Shots as a budget", about, lines, seeds=20)
        return replace(made, paces=tuple(paces))

    def student(self, dataset: str, changes: dict[str, Any]) -> StudentConfig:
        usual = StudentConfig(dataset, self.classes, self.qubits, "robust", evaluate_every=1)
        return replace(usual, **changes)
