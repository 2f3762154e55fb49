"""Losses, one number per example; the mean over a batch is the caller's.

Everything is computed in log space. ``classes`` restricts a distribution to the first C of L
logits: the student's circuit has 2**Q outcomes and its head up to twice as many logits, the
teacher has C.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jqkd.models.heads import FILL


def cross_entropy(logits: Array, targets: Array) -> Array:
    """-sum_c target_c log softmax(logits)_c, the softmax over all L logits (the paper's eq. 2).

    Args:
        logits: shape ``(..., L)``.
        targets: shape ``(..., M)`` with M <= L, the share of each class.

    Returns:
        Nats, shape ``(...)``.

    Example:
        >>> round(float(cross_entropy(jnp.array([0.0, 0.0]), jnp.array([0.0, 1.0]))), 4)
        0.6931
    """
    logs = jax.nn.log_softmax(logits)[..., : targets.shape[-1]]
    return -(targets * logs).sum(-1)


def distillation(
    student: Array, teacher: Array, temperature: ArrayLike, classes: ArrayLike
) -> Array:
    """T^2 KL(softmax(teacher / T) || softmax(student / T)) over the first C logits (eq. 3 to 5).

    Hinton et al., arXiv:1503.02531: the factor T^2 keeps the gradient's size when T changes.

    Args:
        student: logits, shape ``(..., L)``.
        teacher: logits, shape ``(..., M)`` with C <= M <= L.
        temperature: T > 0, may be traced.
        classes: C, may be traced.

    Returns:
        Nats, shape ``(...)``, summed over classes.

    Example:
        >>> same = jnp.array([1.0, 2.0, 3.0])
        >>> abs(float(distillation(same, same, 3.0, 3))) < 1e-6
        True
    """
    size = teacher.shape[-1]
    inside = jnp.arange(size) < classes
    log_p = jax.nn.log_softmax(jnp.where(inside, teacher / temperature, FILL))
    log_q = jax.nn.log_softmax(jnp.where(inside, student[..., :size] / temperature, FILL))
    terms = jnp.where(inside, jnp.exp(log_p) * (log_p - log_q), 0)
    return temperature**2 * terms.sum(-1)
