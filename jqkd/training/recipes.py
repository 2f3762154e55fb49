"""Distillation recipes: one number per example, the mean over present rows is the caller's.

Losses on logits count the first C of them, like ``losses.distillation``; those on hidden layers are
in ``feature_losses``. ``RECIPES`` names all, with their references and their settings.
Shape letters here: B images, L and M logits, F features, C classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike

from jqkd._checks import check_array, fail, is_concrete
from jqkd.models.heads import FILL
from jqkd.training.feature_losses import (
    MOST_ROWS,
    hints,
    relational_angle,
    relational_distance,
)
from jqkd.training.losses import check_pair, distillation

# Sun et al.'s; logits that spread less are all the same in float32, and have no order to teach.
_STD_EPSILON = 1e-7
# Of distance and angle, in the classification script of Park et al.
_DISTANCE_WEIGHT, _ANGLE_WEIGHT = 25.0, 50.0


def decoupled(
    student: Array,
    teacher: Array,
    labels: Array,
    temperature: ArrayLike,
    classes: ArrayLike,
    *,
    target_weight: ArrayLike = 1.0,
    rest_weight: ArrayLike = 8.0,
) -> Array:
    """T^2 (alpha TCKD + beta NCKD): right or wrong, and what the wrong classes look like.

    TCKD is the divergence of (p[label], 1 - p[label]), NCKD that of the distribution over the other
    classes. Hinton's loss is alpha = 1, beta = 1 - teacher's p[label]: a sure teacher then says
    nothing of the others, which a constant beta repairs.

    Args:
        student: logits, shape ``(..., L)``.
        teacher: logits, shape ``(..., M)`` with C <= M <= L.
        labels: shape ``(...)``, integers below C.
        temperature: T > 0, may be traced.
        classes: C, may be traced.
        target_weight: alpha.
        rest_weight: beta; any shape that broadcasts against ``(...)``.

    Returns:
        Nats, shape ``(...)``.

    Raises:
        InputError: shapes that do not fit, T, C or a label out of range.

    Example:
        >>> same = jnp.array([1.0, 2.0, 3.0])
        >>> abs(float(decoupled(same, same + 1, jnp.array(2), 4.0, 3))) < 1e-5
        True

    Source: Zhao et al., arXiv:2203.08679, section 3; T^2 as in their code.
    """
    student, teacher = check_pair(student, teacher, temperature, classes)
    labels = _checked_labels(labels, teacher, classes)
    for name, weight in (("target_weight", target_weight), ("rest_weight", rest_weight)):
        check_array(name, weight)
    size = teacher.shape[-1]
    target = jax.nn.one_hot(labels, size, dtype=bool)
    rest = (jnp.arange(size) < classes) & ~target
    p, p_rest = _split(teacher / temperature, target, rest)
    q, q_rest = _split(student[..., :size] / temperature, target, rest)
    right_or_wrong = (jnp.exp(p) * (p - q)).sum(-1)
    among_wrong = jnp.where(rest, jnp.exp(p_rest) * (p_rest - q_rest), 0).sum(-1)
    return temperature**2 * (target_weight * right_or_wrong + rest_weight * among_wrong)


def _checked_labels(labels: ArrayLike, teacher: Array, classes: ArrayLike) -> Array:
    labels = check_array("labels", labels, teacher.shape[:-1], kinds="iu")
    if is_concrete(labels) and is_concrete(classes):
        outside = (np.asarray(labels) < 0) | (np.asarray(labels) >= classes)
        if outside.any():
            first = np.asarray(labels)[outside].ravel()[0]
            fail("labels", f"lie within 0-{int(classes) - 1}, the classes", int(first))
    return labels


def _split(logits: Array, target: Array, rest: Array) -> tuple[Array, Array]:
    """log (p[label], 1 - p[label]), shape (..., 2), and log p within the rest, shape (..., M)."""
    others = jnp.where(rest, logits, FILL)
    # From the logits of both sides: log(1 - p) loses all its digits when p is near 1.
    pair = [jnp.where(target, logits, 0).sum(-1), jax.nn.logsumexp(others, -1)]
    return jax.nn.log_softmax(jnp.stack(pair, -1)), jax.nn.log_softmax(others)


def standardised(
    student: Array, teacher: Array, temperature: ArrayLike, classes: ArrayLike
) -> Array:
    """T^2 KL between softmaxes of z-scores over T: the order of logits counts, not their range.

    z = (x - mean) / (std + 1e-7) over the C logits of an image. The std divides by C - 1, as in the
    authors' code and in the numbers of their figure 2; their algorithm 1 divides by C, which is
    another T. Logits that are all equal become z = 0, with gradient 0.

    Args:
        student: logits, shape ``(..., L)``.
        teacher: logits, shape ``(..., M)`` with C <= M <= L.
        temperature: T > 0, may be traced.
        classes: C, may be traced; with two, z holds nothing but which one is larger.

    Returns:
        Nats, shape ``(...)``.

    Raises:
        InputError: shapes that do not fit, T or C out of range.

    Example:
        >>> teacher = jnp.array([1.0, 4.0, 3.0, 2.0])
        >>> abs(float(standardised(teacher / 10 + 5, teacher, 2.0, 4))) < 1e-5
        True

    Source: Sun et al., arXiv:2403.01427, algorithms 1 and 2.
    """
    student, teacher = check_pair(student, teacher, temperature, classes)
    inside = jnp.arange(teacher.shape[-1]) < classes
    z_student = _z_scores(student[..., : teacher.shape[-1]], inside)
    return distillation(z_student, _z_scores(teacher, inside), temperature, classes)


def _z_scores(logits: Array, inside: Array) -> Array:
    count = inside.sum()
    # Less the largest first, so that equal logits have a variance of exactly 0.
    largest = jnp.where(inside, logits, FILL).max(-1, keepdims=True)
    x = jnp.where(inside, logits - lax.stop_gradient(largest), 0)
    x = jnp.where(inside, x - x.sum(-1, keepdims=True) / count, 0)
    variance = (x**2).sum(-1, keepdims=True) / jnp.maximum(count - 1, 1)
    spread = variance > _STD_EPSILON**2
    std = jnp.sqrt(jnp.where(spread, variance, 1))
    return jnp.where(spread, x / (std + _STD_EPSILON), 0)


class Output(NamedTuple):
    """What a network says of a batch.

    Attributes:
        logits: (B, L).
        features: (B, F), its last hidden layer; ``None`` where the recipe needs logits only.
        statistics: in training, those that the batch has changed (see ``Functional``), if any.
    """

    logits: Array
    features: Array | None = None
    statistics: Any = None


Loss = Callable[[Output, Output, Array, Array, ArrayLike, ArrayLike], Array]


def _soft_targets(student, teacher, labels, present, temperature, classes) -> Array:
    return distillation(student.logits, teacher.logits, temperature, classes)


def _decoupled(student, teacher, labels, present, temperature, classes) -> Array:
    return decoupled(student.logits, teacher.logits, labels, temperature, classes)


def _standardised(student, teacher, labels, present, temperature, classes) -> Array:
    return standardised(student.logits, teacher.logits, temperature, classes)


def _hints(student, teacher, labels, present, temperature, classes) -> Array:
    return hints(student.features, teacher.features)


def _relational(student, teacher, labels, present, temperature, classes) -> Array:
    batch = student.features, teacher.features, present
    return _DISTANCE_WEIGHT * relational_distance(*batch) + _ANGLE_WEIGHT * relational_angle(*batch)


@dataclass(frozen=True)
class Recipe:
    """A distillation loss and the setting its authors use for small images.

    Attributes:
        loss: (student, teacher, labels (B,), present (B,), temperature, classes) -> (B,); what a
            recipe has no use for, it ignores. The rows' mean is the caller's, over present rows.
        needs: what it compares, of both networks.
        weight: of the loss, beside a cross-entropy with weight 1, if there is one.
        temperature: ``None`` where it would have no effect.
        reference: authors, title, arXiv number.
        uses_labels: whether cross-entropy with the labels is kept.
        same_view: whether its authors insist that the teacher sees the student's very image,
            augmented or mixed; here every recipe does (``jqkd.training.teaching``).
        regressor: whether the student's features first pass a ``hint_regressor``.
        most_rows: the largest batch that fits a machine's memory, where that is a question.
    """

    loss: Loss
    needs: Literal["logits", "features"]
    weight: float
    temperature: float | None
    reference: str
    uses_labels: bool = True
    same_view: bool = False
    regressor: bool = False
    most_rows: int | None = None


RECIPES: dict[str, Recipe] = {
    # T and weight of the paper reproduced here; Hinton et al. found T from 2.5 to 4 best for a
    # student of 30 units a layer.
    "hinton": Recipe(
        _soft_targets,
        "logits",
        weight=0.9,
        temperature=3.0,
        reference="Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, "
        "arXiv:1503.02531",
    ),
    # CIFAR-100 in their code, where the weight grows from 0 to 1 over the first 20 epochs.
    "decoupled": Recipe(
        _decoupled,
        "logits",
        weight=1.0,
        temperature=4.0,
        reference="Zhao, Cui, Song, Qiu, Liang: Decoupled Knowledge Distillation, arXiv:2203.08679",
    ),
    # CIFAR-100: weight 9 beside a cross-entropy of weight 0.1.
    "standardised": Recipe(
        _standardised,
        "logits",
        weight=90.0,
        temperature=2.0,
        reference="Sun, Ren, Li, Wang, Cao: Logit Standardization in Knowledge Distillation, "
        "arXiv:2403.01427",
    ),
    # The paper trains on hints first and names no weight; this one is mdistiller's for CIFAR-100.
    "hints": Recipe(
        _hints,
        "features",
        weight=100.0,
        temperature=None,
        reference="Romero, Ballas, Kahou, Chassang, Gatta, Bengio: FitNets: Hints for Thin Deep "
        "Nets, arXiv:1412.6550",
        regressor=True,
    ),
    # The weights of distance and angle are inside the loss.
    "relational": Recipe(
        _relational,
        "features",
        weight=1.0,
        temperature=None,
        reference="Park, Kim, Lu, Cho: Relational Knowledge Distillation, arXiv:1904.05068",
        most_rows=MOST_ROWS,
    ),
    # Hinton's loss: what is new is that teacher and student see the same view, that there are no
    # labels, and patience. T = 1 is theirs for ImageNet and for long schedules on Flowers.
    "function-matching": Recipe(
        _soft_targets,
        "logits",
        weight=1.0,
        temperature=1.0,
        reference="Beyer, Zhai, Royer, Markeeva, Anil, Kolesnikov: Knowledge distillation: A good "
        "teacher is patient and consistent, arXiv:2106.05237",
        uses_labels=False,
        same_view=True,
    ),
}
