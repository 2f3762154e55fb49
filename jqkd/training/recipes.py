"""Distillation recipes: one number per example, the mean over present rows is the caller's.

Losses on logits count the first C of them, like ``losses.distillation``; those on hidden layers are
in ``feature_losses``. Shape letters here: B images, L and M logits, F features, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from jax import Array
from jaxtyping import Float

from jqkd._checks import check_number
from jqkd.common.registry import Registry
from jqkd.models.functional import Params
from jqkd.training.feature_losses import (
    MOST_ROWS,
    hints,
    relational_angle,
    relational_distance,
)
from jqkd.training.logit_losses import decoupled, standardised
from jqkd.training.losses import Number, distillation


class Output(NamedTuple):
    """What a network says of a batch.

    Attributes:
        logits: (B, L).
        features: (B, F), its last hidden layer; ``None`` where the recipe needs logits only.
        statistics: in training, those that the batch has changed (see ``Functional``), if any.

    Example:
        >>> Output(np.zeros((4, 2))).features is None
        True
    """

    logits: Array | np.ndarray
    features: Array | np.ndarray | None = None
    statistics: Params | None = None


class Recipe:
    """A part: a distillation loss, and the setting its authors use for small images.

    A frozen dataclass; its fields are hyperparameters of the loss itself.

    Attributes:
        weight: of the loss, beside a cross-entropy with weight 1, if there is one.
        temperature: ``None`` where it would have no effect.
        reference: authors, title, arXiv number.
        needs: what it compares, of both networks.
        uses_labels: whether cross-entropy with the labels is kept.
        regressor: whether the student's features first pass a ``hint_regressor``.
        most_rows: the largest batch that fits a machine's memory, where that is a question.
        reads_term: whether it is Hinton's, of which the notebooks make several terms.
    """

    weight: ClassVar[float] = 1.0
    temperature: ClassVar[float | None] = None
    reference: ClassVar[str] = ""
    needs: ClassVar[Literal["logits", "features"]] = "logits"
    uses_labels: ClassVar[bool] = True
    regressor: ClassVar[bool] = False
    most_rows: ClassVar[int | None] = None
    reads_term: ClassVar[bool] = False

    def loss(
        self,
        student: Output,
        teacher: Output,
        labels: Array,
        present: Array,
        temperature: Number,
        classes: Number,
    ) -> Float[Array, " B"]:
        """The loss of each example; what a recipe has no use for, it ignores.

        Args:
            student: what the student answers, B rows.
            teacher: what the teacher answers to the same images.
            labels: (B,), integers below C.
            present: (B,), false for rows that hold no image.
            temperature: T, traced.
            classes: C, traced.

        Returns:
            Shape (B,); the rows' mean is the caller's, over present rows.
        """
        raise NotImplementedError


RECIPES: Registry[Recipe] = Registry("recipe", Recipe)


def _check_weights(recipe: Any) -> None:
    for field in fields(recipe):
        check_number(field.name, getattr(recipe, field.name), least=0, most=1e6)


@RECIPES.register("hinton")
@dataclass(frozen=True)
class SoftTargets(Recipe):
    """T^2 KL between the two softmaxes over T.

    T and weight of the paper reproduced here; Hinton et al. found T from 2.5 to 4 best for a
    student of 30 units a layer.
    """

    weight = 0.9
    temperature = 3.0
    reference = (
        "Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, arXiv:1503.02531"
    )
    reads_term = True

    def loss(self, student, teacher, labels, present, temperature, classes) -> Array:
        return distillation(student.logits, teacher.logits, temperature, classes)


@RECIPES.register("decoupled")
@dataclass(frozen=True)
class Decoupled(Recipe):
    """Alpha, ``target_weight``, and beta, ``rest_weight``, of ``decoupled``: as for CIFAR-100.

    There the weight grows from 0 to 1 over the first 20 epochs.
    """

    temperature = 4.0
    reference = "Zhao, Cui, Song, Qiu, Liang: Decoupled Knowledge Distillation, arXiv:2203.08679"
    target_weight: float = 1.0
    rest_weight: float = 8.0

    def __post_init__(self) -> None:
        _check_weights(self)

    def loss(self, student, teacher, labels, present, temperature, classes) -> Array:
        weights = {"target_weight": self.target_weight, "rest_weight": self.rest_weight}
        return decoupled(student.logits, teacher.logits, labels, temperature, classes, **weights)


@RECIPES.register("standardised")
@dataclass(frozen=True)
class Standardised(Recipe):
    """See ``standardised``; for CIFAR-100 weight 9 beside a cross-entropy of weight 0.1."""

    weight = 90.0
    temperature = 2.0
    reference = (
        "Sun, Ren, Li, Wang, Cao: Logit Standardization in Knowledge Distillation, arXiv:2403.01427"
    )

    def loss(self, student, teacher, labels, present, temperature, classes) -> Array:
        return standardised(student.logits, teacher.logits, temperature, classes)


@RECIPES.register("hints")
@dataclass(frozen=True)
class Hints(Recipe):
    """See ``hints``.

    The paper trains on hints first and names no weight; this one is mdistiller's for CIFAR-100.
    """

    weight = 100.0
    reference = (
        "Romero, Ballas, Kahou, Chassang, Gatta, Bengio: FitNets: Hints for Thin Deep Nets, "
        "arXiv:1412.6550"
    )
    needs = "features"
    regressor = True

    def loss(self, student, teacher, labels, present, temperature, classes) -> Array:
        return hints(student.features, teacher.features)


@RECIPES.register("relational")
@dataclass(frozen=True)
class Relational(Recipe):
    """See ``relational_distance`` and ``relational_angle``.

    Attributes:
        distance_weight: of the distances, in the classification script of the authors.
        angle_weight: of the angles.
    """

    reference = "Park, Kim, Lu, Cho: Relational Knowledge Distillation, arXiv:1904.05068"
    needs = "features"
    most_rows = MOST_ROWS
    distance_weight: float = 25.0
    angle_weight: float = 50.0

    def __post_init__(self) -> None:
        _check_weights(self)

    def loss(self, student, teacher, labels, present, temperature, classes) -> Array:
        batch = student.features, teacher.features, present
        distances = self.distance_weight * relational_distance(*batch)
        return distances + self.angle_weight * relational_angle(*batch)


@RECIPES.register("function-matching")
@dataclass(frozen=True)
class FunctionMatching(SoftTargets):
    """Hinton's loss without labels.

    What is new is that teacher and student see the same view, and patience. T = 1 is the authors'
    for ImageNet and for long schedules on Flowers.
    """

    weight = 1.0
    temperature = 1.0
    reference = (
        "Beyer, Zhai, Royer, Markeeva, Anil, Kolesnikov: Knowledge distillation: A good teacher "
        "is patient and consistent, arXiv:2106.05237"
    )
    uses_labels = False
