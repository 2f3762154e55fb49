"""From the paper's student to one that always trains, one change after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from jqkd.experiments.catalogue.entry import EXPERIMENTS, Study, Variant
from jqkd.experiments.model import Experiment
from jqkd.training.config import StudentConfig

# Parts in which robust's student differs from the paper's, in the order of the ladder.
_PARTS = {
    "readout": ("head", "+ one logit a class"),
    "gradient": ("gradient", "+ true gradient"),
    "features": ("no-dropout", "+ no dropout"),
    "encoding": ("half-turn", "+ angles up to ± pi / 2"),
}
# Fields in which robust's training differs from the paper's, in the order of the ladder.
_TRAINING: dict[str, Callable[[Any], str]] = {
    "batch_size": lambda value: f"+ batches of {value}",
    "learning_rate": lambda value: f"+ learning rate {value:g}",
    "schedule": lambda value: f"+ {value} schedule",
    "augmentation": lambda value: f"+ {value}",
    "epochs": lambda value: f"+ {value} epochs",
}
# One change back from robust.
_BACK = {
    "readout": ("robust-paper-head", "robust, the paper's head"),
    "gradient": ("robust-gradient", "robust, the notebooks' gradient"),
    "features": ("robust-dropout", "robust, dropout"),
    "encoding": ("robust-full-turn", "robust, angles up to ± pi"),
}
_LOSS = ("recipe", "temperature", "weight", "label_weight")


@EXPERIMENTS.register("ladder")
@dataclass(frozen=True)
class Ladder(Study):
    """Which of its changes makes preset robust train where the paper's students collapse."""

    def experiment(self) -> Experiment:
        about = (
            "Each line from the first to robust adds one change to the line before; the lines "
            "after it take one change back, or are taught by a teacher."
        )
        # Read, not repeated: the ladder always ends at robust.
        presets = ("paper-code", "robust")
        paper, robust = (StudentConfig("digits", "0-1", 1, preset) for preset in presets)
        lines = [*_up(paper, robust), *_back(paper), *_taught(paper)]
        return self.study("From paper-code to robust", about, lines, shows_mechanism=True)


def _up(paper: StudentConfig, robust: StudentConfig) -> list[Variant]:
    changes: dict[str, Any] = {"preset": "paper-code"}
    steps = [Variant("paper-code", "paper-code", changes)]
    for part, (name, label) in _PARTS.items():
        changes = changes | {part: getattr(robust, part)}
        steps.append(Variant(name, label, changes))
    for name, label in _TRAINING.items():
        value = getattr(robust, name)
        if value != getattr(paper, name):
            changes = changes | {name: value}
            steps.append(Variant(name.replace("_", "-"), label(value), changes))
    # With the last step all is as in robust, which is trained here under its own name.
    steps[-1] = Variant("robust", f"{steps[-1].label} = robust", {"preset": "robust"})
    return steps[:1] + [replace(step, against=last.name) for last, step in pairwise(steps)]


def _back(paper: StudentConfig) -> list[Variant]:
    back = [
        ("robust-few-epochs", f"robust, {paper.epochs} epochs", {"epochs": paper.epochs}),
        ("robust-exact", "robust, exact probabilities", {"shots": None}),
        *((*names, {part: getattr(paper, part)}) for part, names in _BACK.items()),
    ]
    return [
        Variant(name, label, {"preset": "robust"} | changes, against="robust")
        for name, label, changes in back
    ]


def _taught(paper: StudentConfig) -> list[Variant]:
    loss = {name: getattr(paper, name) for name in _LOSS}
    robust = {"preset": "robust"}
    code = Variant("paper-code-lenet", "paper-code", {"preset": "paper-code"}, True, "paper-code")
    label = "robust, the paper's loss"
    ends = (("robust-paper-loss", label, robust | loss), ("robust-lenet", "robust", robust))
    return [code, *(Variant(*end, distilled=True, against="robust") for end in ends)]
