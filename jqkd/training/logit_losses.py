"""Losses that compare logits in other ways than Hinton's: one number per example.

They count the first C logits, like ``losses.distillation``; the mean is the caller's. Shape letters
here: L and M logits, C classes.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jqkd._checks import check_array, fail, is_concrete
from jqkd.models.readouts import FILL
from jqkd.training.losses import Number, check_pair, distillation

# Sun et al.'s; logits that spread less are all the same in float32, and have no order to teach.
_STD_EPSILON = 1e-7


def decoupled(
    student: ArrayLike,
    teacher: ArrayLike,
    labels: ArrayLike,
    temperature: Number,
    classes: Number,
    *,
    target_weight: Number = 1.0,
    rest_weight: Number = 8.0,
) -> Float[Array, ...]:
    """T^2 (alpha TCKD + beta NCKD): right or wrong, and what the wrong classes look like.

    TCKD is the divergence of (p[label], 1 - p[label]), NCKD that of the distribution over the other
    classes. Hinton's loss is alpha = 1, beta = 1 - teacher's p[label]: a sure teacher then says
    nothing of the others, which a constant beta repairs. Logits, T and C: see ``distillation``.

    Args:
        labels: shape ``(...)``, integers below C.
        target_weight: alpha.
        rest_weight: beta; any shape that broadcasts against ``(...)``.

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


def _checked_labels(
    labels: ArrayLike, teacher: Array | np.ndarray, classes: Number
) -> Int[Array, ...]:
    labels = check_array("labels", labels, teacher.shape[:-1], kinds="iu")
    if is_concrete(labels) and is_concrete(classes):
        outside = (np.asarray(labels) < 0) | (np.asarray(labels) >= classes)
        if outside.any():
            first = np.asarray(labels)[outside].ravel()[0]
            fail("labels", f"lie within 0-{int(classes) - 1}, the classes", int(first))
    return jnp.asarray(labels)


def _split(logits: Array | np.ndarray, target: Array, rest: Array) -> tuple[Array, Array]:
    """log (p[label], 1 - p[label]), shape (..., 2), and log p within the rest, shape (..., M)."""
    others = jnp.where(rest, logits, FILL)
    # From the logits of both sides: log(1 - p) loses all its digits when p is near 1.
    pair = [jnp.where(target, logits, 0).sum(-1), jax.nn.logsumexp(others, -1)]
    return jax.nn.log_softmax(jnp.stack(pair, -1)), jax.nn.log_softmax(others)


def standardised(
    student: ArrayLike, teacher: ArrayLike, temperature: Number, classes: Number
) -> Float[Array, ...]:
    """T^2 KL between softmaxes of z-scores over T: the order of logits counts, not their range.

    z = (x - mean) / (std + 1e-7) over the C logits of an image. The std divides by C - 1, as in the
    authors' code and in the numbers of their figure 2; their algorithm 1 divides by C, which is
    another T. Logits that are all equal become z = 0, with gradient 0; of two classes z holds
    nothing but which one is larger. Arguments are those of ``distillation``.

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


def _z_scores(logits: Array | np.ndarray, inside: Array) -> Array:
    count = inside.sum()
    # Less the largest first, so that equal logits have a variance of exactly 0.
    largest = jnp.where(inside, logits, FILL).max(-1, keepdims=True)
    x = jnp.where(inside, logits - lax.stop_gradient(largest), 0)
    x = jnp.where(inside, x - x.sum(-1, keepdims=True) / count, 0)
    variance = (x**2).sum(-1, keepdims=True) / jnp.maximum(count - 1, 1)
    spread = variance > _STD_EPSILON**2
    std = jnp.sqrt(jnp.where(spread, variance, 1))
    return jnp.where(spread, x / (std + _STD_EPSILON), 0)
