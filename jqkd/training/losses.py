"""Losses, one number per example; the mean over a batch is the caller's.

Everything is computed in log space. ``classes`` restricts a distribution to the first C of L
logits: the student's circuit has 2**Q outcomes and its head up to twice as many logits, the
teacher has C.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jqkd._checks import check_array, check_integer, check_number, fail, is_concrete
from jqkd.models.readouts import FILL

# Colder, logits overflow; hotter, rounding times T^2 is more than the loss.
COLDEST, HOTTEST = 1e-3, 1e3
# A temperature, a number of classes: as Python or NumPy has it, or traced.
Number = int | float | np.number | Array


def cross_entropy(logits: ArrayLike, targets: ArrayLike) -> Float[Array, ...]:
    """-sum_c target_c log softmax(logits)_c, the softmax over all L logits (eq. 2), nats.

    Args:
        logits: shape ``(..., L)``.
        targets: shape ``(..., M)`` with M <= L, the share of each class.

    Raises:
        InputError: shapes that do not fit, numbers that are not finite.

    Example:
        >>> round(float(cross_entropy(jnp.array([0.0, 0.0]), jnp.array([0.0, 1.0]))), 4)
        0.6931
    """
    logits, targets = check_logits("logits", logits), check_logits("targets", targets)
    check_widths("targets", targets, "logits", logits)
    logs = jax.nn.log_softmax(logits)[..., : targets.shape[-1]]
    return -(targets * logs).sum(-1)


def distillation(
    student: ArrayLike, teacher: ArrayLike, temperature: Number, classes: Number
) -> Float[Array, ...]:
    """T^2 KL(softmax(teacher / T) || softmax(student / T)) over C logits (eq. 3 to 5), nats.

    Hinton et al., arXiv:1503.02531: the factor T^2 keeps the gradient's size when T changes.

    Args:
        student: logits, shape ``(..., L)``.
        teacher: logits, shape ``(..., M)`` with C <= M <= L.
        temperature: T > 0, may be traced.
        classes: C, may be traced.

    Raises:
        InputError: shapes that do not fit, T or C out of range.

    Example:
        >>> same = jnp.array([1.0, 2.0, 3.0])
        >>> abs(float(distillation(same, same, 3.0, 3))) < 1e-6
        True
    """
    student, teacher = check_pair(student, teacher, temperature, classes)
    size = teacher.shape[-1]
    inside = jnp.arange(size) < classes
    log_p = jax.nn.log_softmax(jnp.where(inside, teacher / temperature, FILL))
    log_q = jax.nn.log_softmax(jnp.where(inside, student[..., :size] / temperature, FILL))
    terms = jnp.where(inside, jnp.exp(log_p) * (log_p - log_q), 0)
    return temperature**2 * terms.sum(-1)


def check_pair(
    student: ArrayLike, teacher: ArrayLike, temperature: Number, classes: Number
) -> tuple[Array | np.ndarray, Array | np.ndarray]:
    """The arguments of a loss on logits, as ``distillation`` has them; the logits as arrays."""
    student, teacher = check_logits("student", student), check_logits("teacher", teacher)
    check_widths("teacher", teacher, "student", student)
    if is_concrete(temperature):
        check_temperature(_number(temperature))
    if is_concrete(classes):
        check_integer("classes", _number(classes), 1, teacher.shape[-1])
    return student, teacher


def check_temperature(value: Any) -> float:
    """T is a number that single precision can divide by; it as a plain ``float``."""
    check_number("temperature", value, above=0)
    return check_number("temperature", value, least=COLDEST, most=HOTTEST)


def check_logits(name: str, value: ArrayLike) -> Array | np.ndarray:
    """Finite real numbers with an axis of classes, as an array of floating point."""
    value = check_array(name, value, ("...", "L"))
    if not value.shape[-1]:
        fail(name, "have at least one class", f"shape {value.shape}")
    return value if jnp.issubdtype(value.dtype, jnp.floating) else jnp.asarray(value, float)


def check_widths(
    name: str, narrow: Array | np.ndarray, other: str, wide: Array | np.ndarray
) -> None:
    """As many rows in both, and no more columns in the first."""
    if narrow.shape[:-1] != wide.shape[:-1] or narrow.shape[-1] > wide.shape[-1]:
        must = f"have the rows of `{other}`, {wide.shape[:-1]}, and at most its {wide.shape[-1]}"
        fail(name, f"{must} columns", f"shape {narrow.shape}")


def _number(value: Any) -> Any:
    """What an array without axes holds; anything else as it is, to be refused as that."""
    return value.item() if np.ndim(value) == 0 and hasattr(value, "item") else value
