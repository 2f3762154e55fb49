"""What a run is: frozen, validated, digestible. Everything a result depends on stands here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from jqkd._checks import check_choice, check_number, fail
from jqkd.data import AUGMENTATIONS, DATASETS
from jqkd.data.views import check_moves
from jqkd.models import NETWORKS, base_of
from jqkd.models.arguments import check_width
from jqkd.quantum.measurement import check_shots
from jqkd.training.base_config import HEAVIEST, LEAST, Config
from jqkd.training.base_config import MOST_EPOCHS as MOST_EPOCHS
from jqkd.training.base_config import check_data as _check_data
from jqkd.training.base_config import check_rate as _check_rate
from jqkd.training.base_config import check_whole as _check_whole
from jqkd.training.controls import CONTROLS, FEATURE_CONTROLS
from jqkd.training.losses import check_temperature
from jqkd.training.recipes import RECIPES
from jqkd.training.teacher_config import TeacherConfig as TeacherConfig

# How each row of the notebooks computes its distillation term: factor of the KL term and factor
# of a constant, the teacher's own cross-entropy, that sends the student no gradient.
DISTILLATION_TERMS = {
    "kl": (1.0, 0.0),
    "kl * 6/8": (0.75, 0.0),
    "kl * 0": (0.0, 0.0),
    "constant": (0.0, 1.0),
}
# How the students of a preset are trained, where nothing else is said.
_PAPER: dict[str, Any] = {
    "epochs": 10,
    "batch_size": 1,
    "learning_rate": 1e-3,
    "temperature": 3.0,
    "weight": 0.9,
    "recipe": "hinton",
    "label_weight": 1.0,
    "schedule": "constant",
    "augmentation": "none",
    "control": "none",
    "evaluate_every": 1,
}
TRAINING: dict[str, dict[str, Any]] = {
    "paper-code": _PAPER,
    "paper-text": _PAPER,
    "robust": {
        "epochs": 40,
        "batch_size": 30,
        "learning_rate": 4e-3,
        "temperature": 2.0,
        "weight": 4.0,
        "recipe": "hinton",
        "label_weight": 1.0,
        "schedule": "cosine",
        "augmentation": "half-mixup",
        "control": "none",
        "evaluate_every": 5,
    },
}
SCHEDULES = ("constant", "cosine")
# Came later: left out of digests where they are the paper's, so that older results keep theirs.
_LATER = {"recipe", "label_weight", "schedule", "augmentation", "control", "evaluate_every"}
ENSEMBLES = ("ensemble", "joint-ensemble")
# Fields that not every recipe reads, and which do.
_READ_BY = {
    "temperature": lambda recipe: recipe.temperature is not None,
    # What the notebooks make of their term, which is Hinton's.
    "term": lambda recipe: recipe.loss is RECIPES["hinton"].loss,
}


@dataclass(frozen=True)
class StudentConfig(Config):
    """A student's training: all but its seed and its teacher's logits.

    Args:
        dataset: a name of ``DATASETS``.
        classes: such as ``0-5``; at most 2**qubits of them.
        qubits: Q.
        preset: a name of ``NETWORKS``; a variant is trained as the preset it is made from.
        shots: S for every circuit; ``None`` for exact probabilities.
        head: a head of the preset; its first by default.
        epochs: passes over the train images; like all that is ``None``, by default the preset's
            own, see ``TRAINING``.
        batch_size: images a step.
        learning_rate: Adam's.
        temperature: T of the distillation term.
        weight: lambda of the distillation term, in the distilled arm.
        term: a name of ``DISTILLATION_TERMS``.
        per_class: train images a class; ``None`` for the data set's default.
        selection: ``first`` of each class in file order, or ``random`` ones.
        recipe: the distillation loss, a name of ``RECIPES``.
        label_weight: of the labels' cross-entropy in the distilled arm.
        schedule: of the learning rate: ``constant``, or ``cosine``, a short rise and half a
            cosine down to 0.
        augmentation: a name of ``AUGMENTATIONS``; the teacher sees what the student sees.
        control: a name of ``CONTROLS``: the teacher, or one that knows nothing in its place.
        evaluate_every: epochs between two looks at validation and test images; the last epoch is
            always looked at.

    Raises:
        InputError: one sentence about the first argument that is out of range.

    Example:
        >>> StudentConfig("mnist", "0-5", 3).num_classes
        6
    """

    dataset: str
    classes: str
    qubits: int
    preset: str = "paper-code"
    shots: int | None = 5000
    head: str | None = None
    epochs: int | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    temperature: float | None = None
    weight: float | None = None
    term: str = "kl"
    per_class: int | None = None
    selection: str = "first"
    recipe: str | None = None
    label_weight: float | None = None
    schedule: str | None = None
    augmentation: str | None = None
    control: str | None = None
    evaluate_every: int | None = None

    def __post_init__(self) -> None:
        _check_data(self.dataset, self.classes)
        check_choice("preset", self.preset, NETWORKS)
        if self.recipe is not None:
            check_choice("recipe", self.recipe, RECIPES)
        network = NETWORKS[self.preset]
        defaults = _defaults(self.preset, self.recipe)
        given = {"term": self.term, "temperature": self.temperature}
        for name, value in defaults.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        object.__setattr__(self, "qubits", check_width("qubits", self.qubits))
        if self.num_classes > 2**self.qubits:
            needed = math.ceil(math.log2(self.num_classes))
            must = f"give every class an outcome: {self.num_classes} classes need at least {needed}"
            fail("qubits", must, self.qubits)
        if self.shots is not None:
            check_shots(self.shots)
            object.__setattr__(self, "shots", int(self.shots))
            if not network.draws_shots:
                must = f"be exact (None) where the preset is {self.preset}, which runs no circuit"
                fail("shots", must, self.shots)
        if self.head is None:
            object.__setattr__(self, "head", network.heads[0])
        check_choice("head", self.head, network.heads)
        for name in ("epochs", "batch_size", "evaluate_every"):
            _check_whole(self, name)
        _check_rate(self)
        object.__setattr__(self, "temperature", check_temperature(self.temperature))
        for name in ("weight", "label_weight"):
            _check_weight(self, name)
        if self.needs_features and not network.has_hidden_layer:
            fail("recipe", f"compare logits: preset {self.preset} has no hidden layer", self.recipe)
        most = RECIPES[self.recipe].most_rows
        if most and self.batch_size > most:
            must = f"be at most {most} where the recipe is {self.recipe}, for want of memory"
            fail("batch_size", must, self.batch_size)
        check_choice("schedule", self.schedule, SCHEDULES)
        check_choice("augmentation", self.augmentation, AUGMENTATIONS)
        check_moves(self.augmentation, self.image_shape)
        check_choice("control", self.control, CONTROLS)
        if self.needs_features and self.control not in FEATURE_CONTROLS:
            must = f"be one of {', '.join(FEATURE_CONTROLS)} where the recipe is {self.recipe}"
            fail("control", must, self.control, "it compares hidden layers, and labels have none")
        check_choice("term", self.term, DISTILLATION_TERMS)
        for name, usual in (("temperature", defaults["temperature"]), ("term", "kl")):
            # What stands there anyway may be given: it comes from a configuration read back.
            if given[name] not in (None, usual) and not reads_field(self.recipe, name):
                must = f"not be given where the recipe is {self.recipe}, which does not read it"
                fail(name, must, given[name], "leave it out")
        if self.per_class is not None:
            _check_whole(self, "per_class")
        check_choice("selection", self.selection, ("first", "random"))

    @property
    def needs_features(self) -> bool:
        """Whether the recipe compares hidden layers."""
        return RECIPES[self.recipe].needs == "features"

    @property
    def evaluated_epochs(self) -> list[int]:
        """After which epochs validation and test images are looked at.

        Example:
            >>> StudentConfig("mnist", "0-5", 3, epochs=5, evaluate_every=2).evaluated_epochs
            [2, 4, 5]
        """
        every = self.evaluate_every
        return [*range(every, self.epochs, every), self.epochs]

    @property
    def num_images(self) -> int:
        """Train images: an epoch's worth."""
        per_class = self.per_class or DATASETS[self.dataset].train_per_class
        return per_class * self.num_classes

    @property
    def views(self) -> int:
        """V, the number of views of the train images that are trained on."""
        return 1 if self.augmentation == "none" else self.epochs

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary, with the schema version."""
        values = super().to_json()
        return {k: v for k, v in values.items() if k not in _LATER or v != _PAPER[k]}


def reads_field(recipe: str, name: str) -> bool:
    """Whether a field of a student's configuration has an effect with a recipe.

    Example:
        >>> reads_field("hints", "temperature"), reads_field("hints", "weight")
        (False, True)
    """
    return name not in _READ_BY or _READ_BY[name](RECIPES[recipe])


def _defaults(preset: str, recipe: str | None) -> dict[str, Any]:
    """The preset's training; another recipe than its own brings its authors' settings."""
    own = TRAINING[base_of(preset)]
    if recipe is None or recipe not in RECIPES or recipe == own["recipe"]:
        return own
    chosen = RECIPES[recipe]
    theirs = {"weight": chosen.weight, "label_weight": float(chosen.uses_labels)}
    temperature = {"temperature": chosen.temperature} if chosen.temperature else {}
    return own | theirs | temperature


def _check_weight(config: StudentConfig, name: str) -> None:
    """The field is nothing at all, or a number that single precision tells from nothing."""
    value = check_number(name, getattr(config, name), least=0, most=HEAVIEST)
    if value:
        check_number(name, value, least=LEAST)
    object.__setattr__(config, name, value)
