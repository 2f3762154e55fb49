"""What a run is: frozen, validated, digestible. Everything a result depends on stands here."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jqkd._checks import InputError, check_choice, check_number, fail, shown
from jqkd.common.options import check_fields, choice, integer, option, part
from jqkd.data import AUGMENTATIONS, DATASETS
from jqkd.data.views import check_moves
from jqkd.models import GRADIENTS, PARTS, PRESETS, StudentSpec
from jqkd.models.arguments import check_width
from jqkd.models.noise import canonical
from jqkd.quantum.sampling import check_shots
from jqkd.training.allocations import ALLOCATIONS
from jqkd.training.base_config import (
    EPOCHS,
    HEAVIEST,
    IMAGES,
    LEAST,
    MOST_EPOCHS,  # noqa: F401
    Config,
    Default,
    check_data,
    check_rate,
)
from jqkd.training.losses import check_temperature
from jqkd.training.placebos import PLACEBOS
from jqkd.training.recipes import RECIPES, Recipe
from jqkd.training.teacher_config import TeacherConfig as TeacherConfig

# How each row of the notebooks computes its distillation term: factor of the KL term and factor
# of a constant, the teacher's own cross-entropy, that sends the student no gradient.
DISTILLATION_TERMS = {
    "kl": (1.0, 0.0),
    "kl * 6/8": (0.75, 0.0),
    "kl * 0": (0.0, 0.0),
    "constant": (0.0, 1.0),
}
SCHEDULES = ("constant", "cosine")
# The word for a machine without noise.
IDEAL = "ideal"
# Shots that are counted exactly: of a training, and of a step for one image.
_MOST_SHOTS, _MOST_AN_IMAGE = 2**62, 2**31 - 1
# Fields that only distilled students read.
OF_TEACHING = ("recipe", "temperature", "weight", "label_weight", "term", "placebo")


def _weight(name: str, value: Any) -> float:
    """Nothing at all, or a number that single precision tells from nothing."""
    check_number(name, value, least=0, most=HEAVIEST)
    return check_number(name, value, least=LEAST) if value else float(value)


def _shots(name: str, value: Any) -> int:
    check_shots(value)
    return int(value)


def _tested(name: str, value: Any) -> str:
    return IDEAL if value == IDEAL else canonical(name, value)


def read_shots(text: str) -> int | None:
    """A whole number, or ``None`` for ``exact``."""
    try:
        return None if text == "exact" else int(text)
    except ValueError:
        fail("shots", "be a whole number of at least 1, or `exact`", shown(text))


@dataclass(frozen=True)
class StudentConfig(Config):
    """A student's training: all but its seed and its teacher's logits.

    Each field is described where it stands. What is ``None`` is the preset's own, see ``PRESETS``;
    parts are named by their texts, such as ``conv:dropout_rate=0.5``.

    Raises:
        InputError: one sentence about the first argument that is out of range, or parts that do
            not fit each other.

    Example:
        >>> config = StudentConfig("mnist", "0-5", 3, ansatz="entangling")
        >>> config.num_classes, config.spec.circuit.num_weights
        (6, 6)
    """

    dataset: str = option(..., "Data set.", part(DATASETS))
    classes: str = option(..., "Classes such as 0-5, 0-7 or 0,2,4.", lambda name, value: value)
    qubits: int = option(..., "Qubits; at most 2**qubits classes.", check_width)
    preset: str = option(
        "paper-code", "Student that gives what is not given by itself.", choice(PRESETS)
    )
    shots: int | None = option(5000, "Shots for every circuit, or `exact`.", _shots, read_shots)
    features: Default[str] = option(None, "Feature extractor.", part(PARTS["features"]))
    encoding: Default[str] = option(None, "Encoding of the features.", part(PARTS["encoding"]))
    ansatz: Default[str] = option(None, "Trainable part of the circuit.", part(PARTS["ansatz"]))
    readout: Default[str] = option(None, "Frequencies to logits.", part(PARTS["readout"]))
    gradient: Default[str] = option(None, "Parameter-shift rule.", choice(GRADIENTS))
    stand_in: str | None = option(
        None, "In the circuit's place, exact (default: the circuit).", part(PARTS["stand_in"])
    )
    noise: str | None = option(
        None, "Of the machine that it learns on, such as depolarising:0.01,readout:0.02.", canonical
    )
    test_noise: str | None = option(
        None,
        f"Of the machine that looks at it, or {IDEAL} (default: as it learns).",
        _tested,
    )
    allocation: str | None = option(
        None, "Of these shots to steps and circuits (default: all to each).", part(ALLOCATIONS)
    )
    shot_budget: int | None = option(
        None,
        "Shots of the training in all; it stops where the next step needs more.",
        integer(1, _MOST_SHOTS),
    )
    epochs: Default[int] = option(None, "Passes over the train images.", EPOCHS)
    batch_size: Default[int] = option(None, "Images a step.", IMAGES)
    learning_rate: Default[float] = option(None, "Adam's.", check_rate)
    schedule: Default[str] = option(
        None, "Of the rate; cosine: a short rise, half a cosine down to 0.", choice(SCHEDULES)
    )
    augmentation: Default[str] = option(
        None, "Of the images; the teacher sees what the student sees.", choice(AUGMENTATIONS)
    )
    recipe: Default[str] = option(None, "Distillation loss.", part(RECIPES))
    temperature: Default[float] = option(
        None, "T of the distillation term.", lambda name, value: check_temperature(value)
    )
    weight: Default[float] = option(None, "lambda of the distillation term.", _weight)
    label_weight: Default[float] = option(
        None, "Of the labels' cross-entropy where there is a teacher.", _weight
    )
    term: str = option(
        "kl",
        "What the notebooks make of the distillation term; the last two teach nothing.",
        choice(DISTILLATION_TERMS),
    )
    placebo: Default[str] = option(None, "Teach nothing instead.", part(PLACEBOS))
    per_class: Default[int] = option(
        None, "Train images a class (default: the data set's own).", IMAGES
    )
    selection: str = option(
        "first", "The `first` images of each class, or `random` ones.", choice(("first", "random"))
    )
    evaluate_every: Default[int] = option(
        None, "Epochs between two looks at validation and test images.", EPOCHS
    )

    def __post_init__(self) -> None:
        check_data(self.dataset, self.classes)
        check_choice("preset", self.preset, PRESETS)
        if self.recipe is not None:
            object.__setattr__(self, "recipe", part(RECIPES)("recipe", self.recipe))
        defaults = _defaults(self.preset, self.recipe)
        given = {"term": self.term, "temperature": self.temperature}
        for name, value in defaults.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        if self.per_class is None:
            object.__setattr__(self, "per_class", DATASETS[self.dataset].train_per_class)
        check_fields(self)
        check_moves(self.augmentation, self.image_shape)
        self._check_student()
        self._check_teaching(given, defaults["temperature"])

    def _check_student(self) -> None:
        """The parts fit each other, the data and the shots."""
        most = self.spec.readout.most_classes(self.qubits)
        if self.num_classes > most == 2**self.qubits:
            needed = math.ceil(math.log2(self.num_classes))
            must = f"give every class an outcome: {self.num_classes} classes need at least {needed}"
            fail("qubits", must, self.qubits)
        if self.num_classes > most:
            must = f"tell {self.num_classes} classes apart"
            fail("readout", must, f"{self.readout} on {self.qubits} qubits, which tells {most},")
        if self.shots is not None and not self.spec.draws_shots:
            must = f"be exact (None) where {self.stand_in} takes the circuit's place"
            fail("shots", must, self.shots)
        if self.test_noise is not None:
            self._check_test_noise()
        if self.allocation or self.shot_budget is not None:
            self._check_spending()
        if self.shots is not None and self.spec.starts_prepared and self.spec.features.is_trained:
            must = f"be exact (None) where trained {self.features} make amplitudes by autodiff"
            fail("shots", must, self.shots, "or choose gradient two-term")

    def _check_test_noise(self) -> None:
        """It is another machine's, and the circuit runs under it."""
        if self.test_noise == (self.noise or IDEAL):
            fail("test_noise", "be another than it learns under", self.test_noise, "leave it out")
        try:
            _ = self.tested_spec
        except InputError as error:
            raise InputError(str(error).replace("`noise`", "`test_noise`")) from None

    def _check_spending(self) -> None:
        """Shots are drawn, can be counted, and are enough for a step."""
        name = "allocation" if self.allocation else "shot_budget"
        if self.shots is None:
            fail(name, "be left out where no shots are drawn", getattr(self, name), "give `shots`")
        most = self.shots * self.circuits_an_image
        if most > _MOST_AN_IMAGE:
            must = f"be at most {_MOST_AN_IMAGE // self.circuits_an_image} where shots are counted"
            fail("shots", must, self.shots)
        rule = ALLOCATIONS.build(self.allocation or "constant")
        first = rule.first_step(self.shots) * self.circuits_an_image
        cost = first * min(self.batch_size, self.num_images)
        if self.shot_budget is not None and self.shot_budget < cost:
            must = f"pay for a step, which draws {cost} shots"
            fail("shot_budget", must, self.shot_budget)

    def _check_teaching(self, given: dict[str, Any], usual: float) -> None:
        """The recipe's needs are met, and nothing is given that it does not read."""
        recipe, placebo = self.loss, PLACEBOS.build(self.placebo)
        if self.needs_features and self.spec.hidden_size(self.image_shape) is None:
            must = f"compare logits: features {self.features} have no hidden layer"
            fail("recipe", must, self.recipe)
        if recipe.most_rows and self.batch_size > recipe.most_rows:
            must = f"be at most {recipe.most_rows} where the recipe is {self.recipe}"
            fail("batch_size", f"{must}, for want of memory", self.batch_size)
        if self.needs_features and not placebo.has_features:
            names = [name for name, kind in PLACEBOS.items() if kind.has_features]
            must = f"be one of {', '.join(names)} where the recipe is {self.recipe}"
            advice = "it compares hidden layers, and labels have none"
            fail("placebo", must, self.placebo, advice)
        for name, default in (("temperature", usual), ("term", "kl")):
            # What stands there anyway may be given: it comes from a configuration read back.
            if given[name] not in (None, default) and not reads_field(self.recipe, name):
                must = f"not be given where the recipe is {self.recipe}, which does not read it"
                fail(name, must, given[name], "leave it out")

    @property
    def spec(self) -> StudentSpec:
        """What the student is made of."""
        return _spec(self.qubits, *(getattr(self, name) for name in _SPEC))

    @property
    def tested_spec(self) -> StudentSpec:
        """The same on the machine that it is looked at on: validation, test, certificates."""
        if self.test_noise is None:
            return self.spec
        noise = None if self.test_noise == IDEAL else self.test_noise
        return _spec(self.qubits, *(getattr(self, name) for name in _SPEC[:-1]), noise)

    @property
    def loss(self) -> Recipe:
        """The recipe."""
        return RECIPES.build(self.recipe)

    @property
    def needs_features(self) -> bool:
        """Whether the recipe compares hidden layers."""
        return self.loss.needs == "features"

    @property
    def evaluated_epochs(self) -> list[int]:
        """After which epochs validation and test images are looked at; the last one always.

        Example:
            >>> StudentConfig("mnist", "0-5", 3, epochs=5, evaluate_every=2).evaluated_epochs
            [2, 4, 5]
        """
        every = self.evaluate_every
        return [*range(every, self.epochs, every), self.epochs]

    @property
    def circuits_an_image(self) -> int:
        """Circuits of a step for each image, with shots: the value's, and two for each slot."""
        return 1 + 2 * self.spec.run_circuit.num_angles if self.shots is not None else 0

    @property
    def num_images(self) -> int:
        """Train images: an epoch's worth."""
        return self.per_class * self.num_classes

    @property
    def views(self) -> int:
        """V, the number of views of the train images that are trained on."""
        return 1 if self.augmentation == "none" else self.epochs

    def alone(self) -> StudentConfig:
        """The same student without a teacher: what only teaching reads is the preset's."""
        usual = dict.fromkeys(OF_TEACHING) | {"term": "kl"}
        return dataclasses.replace(self, **usual)


_SPEC = ("features", "encoding", "ansatz", "readout", "gradient", "stand_in", "noise")
_spec = lru_cache(maxsize=256)(StudentSpec)


def reads_field(recipe: str, name: str) -> bool:
    """Whether a field of a student's configuration has an effect with a recipe.

    Example:
        >>> reads_field("hints", "temperature"), reads_field("hints", "weight")
        (False, True)
    """
    chosen = RECIPES.build(recipe)
    reads = {"temperature": chosen.temperature is not None, "term": chosen.reads_term}
    return reads.get(name, True)


def _defaults(preset: str, recipe: str | None) -> dict[str, Any]:
    """The preset's student; another recipe than its own brings its authors' settings."""
    own = {**PRESETS[preset].parts, **PRESETS[preset].training}
    if recipe is None or recipe == own["recipe"]:
        return own
    chosen = RECIPES.build(recipe)
    settings = {"weight": chosen.weight, "label_weight": float(chosen.uses_labels)}
    temperature = {"temperature": chosen.temperature} if chosen.temperature else {}
    return own | settings | temperature
