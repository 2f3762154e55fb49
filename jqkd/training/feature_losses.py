"""Losses that compare what the last hidden layers of student and teacher say.

One number per example, the mean over present rows is the caller's. Shape letters: B images, F and G
features.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float

from jqkd._checks import check_array, check_integer, check_key, fail, is_concrete, shown

# A map of more weights than that, or triplets of more rows, fill a machine's memory.
_MOST_WEIGHTS, MOST_ROWS = 2**24, 512


def hints(student_features: ArrayLike, teacher_features: ArrayLike) -> Float[Array, ...]:
    """Mean over features of (student - teacher)^2, the student's projected by ``hint_regressor``.

    The paper has half the sum over features; the mean does not grow with the teacher.

    Args:
        student_features: shape ``(..., F)``.
        teacher_features: the same shape; the loss has its units squared.

    Raises:
        InputError: two shapes that differ, numbers that are not finite.

    Example:
        >>> float(hints(jnp.array([1.0, 2.0]), jnp.array([0.0, 4.0])))
        2.5

    Source: Romero et al., arXiv:1412.6550, section 2.2.
    """
    student = check_array("student_features", student_features, ("...", "F"))
    teacher = check_array("teacher_features", teacher_features, student.shape)
    if not student.shape[-1]:
        fail("student_features", "have at least one feature", f"shape {student.shape}")
    return jnp.square(student - teacher).mean(-1)


def hint_regressor(student_size: int, teacher_size: int, *, key: Array) -> Float[Array, "F G"]:
    """Weights (student_size, teacher_size) of the map ``features @ weights``, trained too.

    They are normal, with variance 1 / student_size; the key is consumed.

    Raises:
        InputError: if a size is below 1, or both are too large; a key that is none.

    Example:
        >>> hint_regressor(50, 84, key=jax.random.key(0)).shape
        (50, 84)

    Source: Romero et al., arXiv:1412.6550, section 2.2, with a linear map for flat features.
    """
    student_size = check_integer("student_size", student_size, 1)
    teacher_size = check_integer("teacher_size", teacher_size, 1)
    if student_size * teacher_size > _MOST_WEIGHTS:
        must = f"times `teacher_size` be at most {_MOST_WEIGHTS}"
        fail("student_size", must, f"{shown(student_size)} x {shown(teacher_size)}")
    check_key("key", key)
    return jax.nn.initializers.lecun_normal()(key, (student_size, teacher_size))


def relational_distance(
    student_features: ArrayLike, teacher_features: ArrayLike, present: ArrayLike
) -> Float[Array, " B"]:
    """Row i's share of the difference in distances: sum_j huber(d_ij - d'_ij) / N.

    d is the Euclidean distance over the mean distance of all pairs of present rows. The mean over
    the N present rows is the authors' loss, the mean over N^2 pairs; one row alone costs nothing.

    Args:
        student_features: shape ``(B, F)``.
        teacher_features: shape ``(B, G)``; G may differ from F.
        present: shape ``(B,)``, true for rows that hold an image; the loss of others is 0.

    Raises:
        InputError: shapes that do not fit, or more than 512 rows.

    Example:
        >>> line = jnp.array([[0.0], [1.0], [3.0]])
        >>> relational_distance(line, 4 * line, jnp.ones(3, bool)).tolist()
        [0.0, 0.0, 0.0]

    Source: Park et al., arXiv:1904.05068, section 3.2.1; means as in their code.
    """
    student, teacher, present = _checked_batch(student_features, teacher_features, present)
    gaps = optax.losses.huber_loss(_distances(student, present), _distances(teacher, present))
    return gaps.sum(-1) / jnp.maximum(present.sum(), 1)


def relational_angle(
    student_features: ArrayLike, teacher_features: ArrayLike, present: ArrayLike
) -> Float[Array, " B"]:
    """Row i's share of the difference in angles: sum_jk huber(cos_jik - cos'_jik) / N^2.

    cos_jik is the cosine of the angle at row i between rows j and k; it is 0 where a side has no
    length. The mean over the N present rows is the authors' loss, the mean over N^3 triplets. Time
    and memory grow with B^3. Arguments are those of ``relational_distance``.

    Raises:
        InputError: shapes that do not fit, or more than 512 rows.

    Example:
        >>> corner = jnp.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        >>> relational_angle(corner, 4 * corner[:, ::-1], jnp.ones(3, bool)).tolist()
        [0.0, 0.0, 0.0]

    Source: Park et al., arXiv:1904.05068, section 3.2.2; means as in their code.
    """
    student, teacher, present = _checked_batch(student_features, teacher_features, present)
    gaps = optax.losses.huber_loss(_cosines(student, present), _cosines(teacher, present))
    return gaps.sum((-2, -1)) / jnp.maximum(present.sum(), 1) ** 2


def _checked_batch(
    student_features: ArrayLike, teacher_features: ArrayLike, present: ArrayLike
) -> tuple[Float[Array, "B F"], Float[Array, "B G"], Bool[Array, " B"]]:
    """Features of as many rows as ``present`` has; those of absent rows may be anything."""
    present = jnp.asarray(check_array("present", present, ("B",), kinds="b"))
    rows = len(present)
    if rows > MOST_ROWS:
        must = f"have at most {MOST_ROWS} rows, whose triplets fill the memory"
        fail("present", must, f"shape {present.shape}", "choose a smaller batch size")
    features = []
    for name, given in (("student", student_features), ("teacher", teacher_features)):
        given = check_array(f"{name}_features", given, (rows, "F"), finite=False)
        if is_concrete(given) and is_concrete(present):
            check_array(f"{name}_features", np.asarray(given)[np.asarray(present)])
        features.append(jnp.asarray(given))
    return features[0], features[1], present


def _sides(
    features: Float[Array, "B F"], present: Bool[Array, " B"]
) -> tuple[Float[Array, "B B F"], Float[Array, "B B"]]:
    """Row j minus row i, shape (B, B, F), and its length; both 0 where a row is absent."""
    pairs = (present[:, None] & present)[..., None]
    sides = jnp.where(pairs, features - features[:, None], 0)
    squares = jnp.square(sides).sum(-1)
    # The root's slope at 0 is infinite, and 0 * inf is NaN: no zero may reach it.
    return sides, jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1)), 0)


def _distances(features: Array, present: Array) -> Float[Array, "B B"]:
    _, lengths = _sides(features, present)
    rows = present.sum()
    mean = lengths.sum() / jnp.maximum(rows * (rows - 1), 1)
    return lengths / jnp.where(mean > 0, mean, 1)


def _cosines(features: Array, present: Array) -> Float[Array, "B B B"]:
    sides, lengths = _sides(features, present)
    units = sides / jnp.where(lengths > 0, lengths, 1)[..., None]
    return jnp.einsum("ijf,ikf->ijk", units, units)
