"""Every option of every command that trains: what must change with it, and nothing else.

``TABLE`` has an entry for each parameter of each command, by the command line's own names. A case
is compared with a base: the facts that differ must be those in ``changes``, and no other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.cli.option_facts import TINY

PLUGIN = f"--plugin {Path(__file__).with_name('noted.py')}"

# A learning rate of 0.01.
CONFIG = f"--config {Path(__file__).with_name('faster.toml')}"
TAUGHT = f"student {TINY} --teacher-epochs 1"
# Name -> command line, and how it is watched (see ``option_facts``).
BASES: dict[str, tuple[str, dict[str, Any]]] = {
    # Two steps of a taught student and of one alone, exact.
    "trained": (TAUGHT, {}),
    # The same students before their first step.
    "start": (TAUGHT, {"trained": False}),
    "alone": (f"student {TINY} --teacher none", {"trained": False}),
    "mnist": (f"student {TINY} --teacher none --dataset mnist", {"trained": False}),
    # Trained with shots.
    "drawn": (f"{TAUGHT} --shots 50", {}),
    # What they answer then.
    "sampled": (f"{TAUGHT} --shots 4", {"trained": False, "asked": True}),
    "asked": (TAUGHT, {"trained": False, "asked": True}),
    "teacher": ("teacher --dataset digits --classes 0-1 --epochs 1", {}),
    "teacher, untrained": (
        "teacher --dataset digits --classes 0-1 --epochs 1",
        {"trained": False},
    ),
    "teacher, mnist": ("teacher --dataset mnist --classes 0-1 --epochs 1", {"trained": False}),
}


@dataclass(frozen=True)
class Case:
    """A command line that differs from a base in one option, or few.

    Attributes:
        words: to be added.
        changes: names of the facts that differ from the base's.
        exact: fact -> its value, or what it must satisfy: (value, all facts of the base) -> bool.
        base: a name of ``BASES``.
        without: words of the base that are left out.
    """

    words: str
    changes: set[str]
    exact: dict[str, Any | Callable[[Any, dict], bool]] = field(default_factory=dict)
    base: str = "trained"
    without: str = ""


def _field(name: str) -> set[str]:
    return {f"config.{name}", "key"}


def _near(value: float) -> Callable[[float, dict], bool]:
    return lambda x, base: abs(x / value - 1) < 0.05


# Where presets differ.
PARTS = {f"config.{name}" for name in ("features", "encoding", "ansatz", "readout", "gradient")}
DISTILLED, BOTH = {"distilled"}, {"alone", "distilled"}
ALIKE = {"distilled": lambda value, base: value == base["alone"]}
TEACHER = {"key", "teacher config", "teacher", "teaching"}
UNTAUGHT = {*TEACHER, "arms", "runs", "distilled"}
IMAGES = {"train ids", "images"}
ALL_IMAGES = {*IMAGES, "validation ids", "test ids"}

STUDENT: dict[str, list[Case]] = {
    "dataset": [
        Case(
            "--dataset mnist",
            {*_field("dataset"), *ALL_IMAGES, "read"},
            {"read": lambda value, base: value[0][0] == "mnist" and base["read"] == []},
            "alone",
        ),
        Case(
            "--dataset fashion_mnist",
            {*_field("dataset"), "images", "read"},
            {"read": lambda value, base: {name for name, _ in value} == {"fashion_mnist"}},
            "mnist",
        ),
    ],
    "classes": [
        Case(
            "--classes 2-3",
            {*_field("classes"), *ALL_IMAGES, "targets", "teacher config", "classes", "teaching"}
            | BOTH,
            {"classes": [2, 3]},
        ),
    ],
    "qubits": [
        Case(
            "--qubits 2",
            {*_field("qubits"), "parameters", "outcomes", *BOTH},
            {"outcomes": 4},
            "start",
        ),
    ],
    "teacher": [
        Case(
            "--teacher none --seeds 2",
            {*UNTAUGHT, "seeds", "different starts"},
            {"arms": ["alone"], "teacher": None, "seeds": [0, 1]},
            without="--teacher-epochs 1",
        ),
        Case("--teacher alexnet", TEACHER, {"teacher": ("alexnet", 1)}, "start"),
        Case("--teacher ensemble", TEACHER, {"teacher": ("ensemble", 1)}, "start"),
        Case("--teacher joint-ensemble", TEACHER, {"teacher": ("joint-ensemble", 1)}, "start"),
    ],
    "preset": [
        Case(
            "--preset paper-code",
            {*_field("preset"), *PARTS, "parameters", *BOTH},
            {"config.readout": "concat-sigmoid"},
            "start",
        ),
    ],
    "seeds": [
        Case(
            "--seeds 3",
            {"key", "seeds", "runs", "different starts"},
            {"seeds": [0, 1, 2], "different starts": 3},
            "start",
        ),
    ],
    "first_seed": [
        Case("--first-seed 3", {"key", "seeds", "runs", *BOTH}, {"seeds": [3]}),
        Case(
            "--first-seed 2 --seeds 4",
            {"key", "seeds", "runs", "different starts", *BOTH},
            {
                "seeds": [2, 3, 4, 5],
                "different starts": 4,
                "runs": [(arm, seed) for arm in ("alone", "distilled") for seed in (2, 3, 4, 5)],
            },
            "start",
        ),
    ],
    "shots": [
        Case("--shots 5000", _field("shots"), {"config.shots": 5000}, "start"),
        # Four shots on one qubit have five outcomes.
        Case(
            "--shots 1000",
            {*_field("shots"), *BOTH},
            {"~distinct": lambda value, base: base["~distinct"] <= 5 < value},
            "sampled",
        ),
    ],
    "epochs": [
        Case(
            "--epochs 3",
            {*_field("epochs"), "epochs", "steps", *BOTH},
            {"epochs": 3, "steps": 3},
        ),
    ],
    "batch_size": [
        Case("--batch-size 4", {*_field("batch_size"), "steps", "first move", *BOTH}, {"steps": 4}),
    ],
    "learning_rate": [
        # Adam's first step is as long as the rate.
        Case(
            "--learning-rate 0.01",
            {*_field("learning_rate"), "first move", *BOTH},
            {"first move": 0.01},
        ),
    ],
    "schedule": [
        Case(
            "--schedule cosine",
            {*_field("schedule"), *BOTH},
            {"~moves": lambda value, base: abs(value[1] / base["~moves"][1] - 0.5) < 1e-3},
        ),
    ],
    "augmentation": [
        Case(
            "--augmentation shift",
            {*_field("augmentation"), "images", "teaching", *BOTH},
        ),
        Case(
            "--augmentation mixup",
            {*_field("augmentation"), "images", "targets"},
            base="alone",
        ),
    ],
    "recipe": [
        Case(
            "--recipe decoupled",
            {*_field("recipe"), "config.temperature", "config.weight", *DISTILLED},
            {"config.temperature": 4.0, "config.weight": 1.0},
        ),
    ],
    "temperature": [Case("--temperature 7", {*_field("temperature"), *DISTILLED})],
    "weight": [
        Case("--weight 2", {*_field("weight"), *DISTILLED}),
        Case("--weight 0", {*_field("weight"), *DISTILLED}, ALIKE),
    ],
    "label_weight": [
        Case("--label-weight 0.5", {*_field("label_weight"), *DISTILLED}),
        # Nothing is left to learn from.
        Case(
            "--label-weight 0 --weight 0",
            {*_field("label_weight"), "config.weight", *DISTILLED},
            {"distilled": lambda value, base: value != base["alone"]},
        ),
    ],
    "term": [
        Case("--term kl*6/8", {*_field("term"), *DISTILLED}),
        Case("--term kl*0", {*_field("term"), *DISTILLED}, ALIKE),
        Case("--term constant", {*_field("term"), *DISTILLED}, ALIKE),
    ],
    "placebo": [
        Case(f"--placebo {name}", {*_field("placebo"), "teaching", *DISTILLED})
        for name in ("shuffled", "constant", "smoothed")
    ],
    "features": [
        Case("--features conv", {*_field("features"), "parameters", *BOTH}, base="start"),
    ],
    "encoding": [
        Case("--encoding angle", {*_field("encoding"), "parameters", *BOTH}, base="start"),
    ],
    "ansatz": [
        Case("--ansatz none", {*_field("ansatz"), "parameters", *BOTH}, base="start"),
        Case(
            "--ansatz hardware-efficient:layers=3",
            {*_field("ansatz"), "parameters", *BOTH},
            {"config.ansatz": "hardware-efficient:layers=3"},
            "start",
        ),
    ],
    "readout": [Case("--readout softmax", {*_field("readout"), *BOTH}, base="asked")],
    "noise": [
        Case(
            "--noise depolarising:0.2",
            {*_field("noise"), *BOTH},
            {"config.noise": "depolarising:probability=0.2"},
        ),
    ],
    "test_noise": [
        Case(
            "--test-noise depolarising:0.2",
            {*_field("test_noise"), *BOTH},
            {"config.test_noise": "depolarising:probability=0.2"},
            "sampled",
        ),
    ],
    "allocation": [
        Case(
            "--allocation ramp:first=1",
            {*_field("allocation"), "shots", *BOTH},
            {
                "config.allocation": "ramp:first=1",
                "shots": lambda value, base: 0 < value < base["shots"],
            },
            "drawn",
        ),
    ],
    "shot_budget": [
        Case(
            "--shot-budget 3000",
            {*_field("shot_budget"), "shots", *BOTH, "steps", "epochs"},
            {"shots": lambda value, base: 0 < value <= 3000 < base["shots"]},
            "drawn",
        ),
    ],
    "gradient": [Case("--gradient notebook", {*_field("gradient"), *BOTH})],
    "stand_in": [
        Case(
            "--encoding angle --ansatz none --stand-in classical",
            {*_field("stand_in"), "config.encoding", "config.ansatz", "parameters", *BOTH},
            {"config.stand_in": "classical"},
            "start",
        ),
    ],
    "evaluate_every": [
        Case(
            "--evaluate-every 2", {*_field("evaluate_every"), "epochs", "first move"}, {"epochs": 1}
        ),
    ],
    "config": [
        Case(
            CONFIG,
            {*_field("learning_rate"), "first move", *BOTH},
            {"first move": 0.01},
        ),
    ],
    "per_class": [
        Case(
            "--per-class 3",
            {*_field("per_class"), *IMAGES, "targets", "teaching", *BOTH},
            {"train ids": lambda value, base: len(value) == 6 and {*value} < {*base["train ids"]}},
        ),
    ],
    # All test images of the digits are used, whichever are chosen.
    "selection": [
        Case(
            "--selection random",
            {*_field("selection"), *IMAGES, "targets", "teaching", *BOTH},
            {"train ids": lambda value, base: len(value) == len(base["train ids"])},
        ),
        Case(
            "--selection random",
            {*_field("selection"), *IMAGES, "test ids", "targets"},
            base="mnist",
        ),
    ],
    "teacher_epochs": [
        Case("--teacher-epochs 2", {*TEACHER, *DISTILLED}, {"teacher": ("lenet", 2)}),
    ],
    "audit": [Case("--audit", {"looks"}, {"looks": 2}, "start")],
    "track": [Case("--track wandb", {"tracker"}, {"tracker": "wandb"}, "start")],
    "data_dir": [
        Case(
            "--data-dir my/images",
            {"read"},
            {"read": lambda value, base: {folder for _, folder in value} == {"my/images"}},
            "mnist",
        ),
    ],
    "out": [
        Case(
            "--out here",
            {"files"},
            {"files": ["here/curves.png", "here/result.json"]},
            "start",
        ),
    ],
    "plugin": [Case(PLUGIN, {"files"}, {"files": ["loaded"]})],
    "json": [
        Case("--json mine.json", {"files"}, {"files": ["mine.json"]}, "start"),
        Case("--json -", {"JSON spoken"}, {"JSON spoken": True}, "start"),
    ],
}

TEACHERS: dict[str, list[Case]] = {
    "arch": [
        Case(
            f"--arch {arch}",
            {*_field("arch"), "epochs", "train ids", "test ids", "validation ids", "answers"}
            | {"orders", "exit"},
            {"config.arch": arch, "exit": 0},
            "teacher, untrained",
        )
        for arch in ("alexnet", "ensemble", "joint-ensemble")
    ],
    "dataset": [
        Case(
            "--dataset fashion_mnist",
            {*_field("dataset"), "read"},
            {"read": lambda value, base: [name for name, _ in value] == ["fashion_mnist"]},
            "teacher, mnist",
        ),
    ],
    "classes": [
        Case(
            "--classes 2-3",
            {*_field("classes"), "train ids", "test ids", "validation ids", "answers", "weights"},
        ),
    ],
    "epochs": [
        Case(
            "--epochs 2",
            {*_field("epochs"), "epochs", "orders", "answers", "weights"},
            {"epochs": 2, "orders": [(2, 128)] * 2},
        ),
    ],
    "batch_size": [
        Case(
            "--batch-size 50",
            {*_field("batch_size"), "orders"},
            {"orders": [(5, 50)]},
            "teacher, untrained",
        ),
    ],
    # Two steps of Adam, the first as long as the rate and the second hardly shorter where the
    # gradient stays; an epoch has 220 images, or two batches.
    "learning_rate": [
        Case(
            "--learning-rate 0.0001",
            {*_field("learning_rate"), "answers", "weights"},
            {"~move": lambda value, base: _near(2e-4)(value, base)},
        ),
    ],
    "seed": [Case("--seed 5", {*_field("seed"), "start", "answers", "weights"})],
    "data_dir": [
        Case(
            "--data-dir my/images",
            {"read"},
            {"read": [("mnist", "my/images")]},
            "teacher, mnist",
        ),
    ],
    "out": [Case("--out here", {"files"}, {"files": ["here/result.json"]})],
    "plugin": [Case(PLUGIN, {"files"}, {"files": ["loaded"]})],
    "json": [
        Case("--json mine.json", {"files"}, {"files": ["mine.json"]}),
        Case("--json -", {"JSON spoken"}),
    ],
}
for _cases in TEACHERS.values():
    for _number, _case in enumerate(_cases):
        if _case.base == "trained":
            _cases[_number] = Case(_case.words, _case.changes, _case.exact, "teacher")
