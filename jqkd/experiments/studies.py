"""The studies themselves. A line is changed or added by editing one entry.

``ladder``    from the paper's student to one that always trains, one change after the other
``recipes``   which distillation loss teaches
``controls``  what is left of a gain when the teacher knows nothing
``circuits``  what is left of a student, and of its gain, when the circuit is replaced
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from jqkd.experiments.study import Study, Variant
from jqkd.training.config import TRAINING, StudentConfig
from jqkd.training.controls import CONTROLS
from jqkd.training.recipes import RECIPES

# Read, not repeated: the ladder always ends at robust.
_PAPER, _ROBUST = TRAINING["paper-code"], TRAINING["robust"]
_NO_DROPOUT = "paper-code/scaled-head/true-gradient/no-dropout"
# The same network as robust's, trained as the paper's.
_NETWORK = f"{_NO_DROPOUT}/half-turn"


def _taught(name: str, label: str, preset: str, against: str, **changes: Any) -> Variant:
    return Variant(name, label, preset, changes, "lenet", against)


# Fields in which robust's training differs from the paper's, in the order of the ladder.
_STEPS: dict[str, Callable[[Any], str]] = {
    "batch_size": lambda value: f"+ batches of {value}",
    "learning_rate": lambda value: f"+ learning rate {value:g}",
    "schedule": lambda value: f"+ {value} schedule",
    "augmentation": lambda value: f"+ {value}",
    "epochs": lambda value: f"+ {value} epochs",
}


def _ladder() -> Study:
    return Study(
        "ladder",
        "From paper-code to robust",
        "Each line from the first to robust adds one change to the line before; the lines after it "
        "take one change back, or are taught by a teacher.",
        (*_steps_up(), *_steps_back(), *_taught_ends()),
        shows_mechanism=True,
    )


def _steps_up() -> list[Variant]:
    steps = [
        Variant("paper-code", "paper-code", "paper-code"),
        Variant("head", "+ one logit a class", "paper-code/scaled-head"),
        Variant("gradient", "+ true gradient", "paper-code/scaled-head/true-gradient"),
        Variant("no-dropout", "+ no dropout", _NO_DROPOUT),
        Variant("half-turn", "+ angles up to ± pi / 2", _NETWORK),
    ]
    changes: dict[str, Any] = {}
    for name in (name for name in _STEPS if _PAPER[name] != _ROBUST[name]):
        changes = changes | {name: _ROBUST[name]}
        label = _STEPS[name](_ROBUST[name])
        steps.append(Variant(name.replace("_", "-"), label, _NETWORK, changes))
    # With the last step all is as in robust, which is trained here under its own name.
    steps[-1] = Variant("robust", f"{steps[-1].label} = robust", "robust")
    return steps[:1] + [replace(step, against=last.name) for last, step in pairwise(steps)]


def _steps_back() -> list[Variant]:
    few, exact = {"epochs": _PAPER["epochs"]}, {"shots": None}
    back = [
        Variant("robust-few-epochs", f"robust, {few['epochs']} epochs", "robust", few),
        Variant("robust-exact", "robust, exact probabilities", "robust", exact),
        Variant("robust-paper-head", "robust, the paper's head", "robust/paper-head"),
        Variant("robust-gradient", "robust, the notebooks' gradient", "robust/notebook-gradient"),
        Variant("robust-dropout", "robust, dropout", "robust/dropout"),
        Variant("robust-full-turn", "robust, angles up to ± pi", "robust/full-turn"),
    ]
    return [replace(variant, against="robust") for variant in back]


def _taught_ends() -> list[Variant]:
    theirs = {name: _PAPER[name] for name in ("recipe", "temperature", "weight", "label_weight")}
    loss = "robust, the paper's loss"
    return [
        _taught("paper-code-lenet", "paper-code", "paper-code", "paper-code"),
        _taught("robust-paper-loss", loss, "robust", "robust", **theirs),
        _taught("robust-lenet", "robust", "robust", "robust"),
    ]


def _recipes() -> Study:
    taught = [
        _taught(name, _recipe_label(name), "robust", "alone", recipe=name) for name in RECIPES
    ]
    return Study(
        "recipes",
        "Distillation recipes",
        "The same robust students, images, steps and teacher; only the loss differs. Each recipe "
        f"has the weights of its authors, {_ROBUST['recipe']} those of preset robust.",
        (Variant("alone", "alone", "robust"), *taught),
    )


def _recipe_label(name: str) -> str:
    """With the weights that its students are trained with, on whatever data."""
    config = StudentConfig("digits", "0-1", 1, "robust", recipe=name)
    heat = f"T = {config.temperature:g}, " if RECIPES[name].temperature else ""
    labels = "" if config.label_weight else ", no labels"
    return f"{name} ({heat}weight {config.weight:g}{labels})"


def _controls() -> Study:
    says = {
        "none": "the teacher",
        "shuffled": "its logits, of other images",
        "constant": "its mean, for every image",
        "smoothed": "labels smoothed to its entropy",
    }
    taught = [
        _taught(name, says.get(name, name), "robust", "alone", control=name) for name in CONTROLS
    ]
    return Study(
        "controls",
        "Teachers that know nothing",
        "Robust students with preset robust's own recipe; what they are told comes from the "
        "teacher, or from something that lacks its knowledge.",
        (Variant("alone", "alone", "robust"), *taught),
    )


def _circuits() -> Study:
    says = {
        "robust": "the circuit, with shots",
        "closed-form": "its closed form, exact",
        "classical": "a classical layer of its width",
        "random": "the circuit and a frozen random one",
        "entangled": "the circuit and a trained entangling one",
    }
    variants = []
    for name, label in says.items():
        preset = name if name == "robust" else f"robust/{name}"
        variants += [
            Variant(name, label, preset, against=None if name == "robust" else "robust"),
            _taught(f"{name}-lenet", label, preset, name),
        ]
    return Study(
        "circuits",
        "What the circuit does",
        "Robust students whose circuit is replaced; alone, compared with the circuit itself, and "
        "taught with preset robust's own recipe, compared with the same student alone.",
        tuple(variants),
    )


STUDIES: dict[str, Study] = {
    study.name: study for study in (_ladder(), _recipes(), _controls(), _circuits())
}
