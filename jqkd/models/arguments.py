"""Checks that models share. Of traced arrays they see shapes and dtypes, never values."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Int, Num

from jqkd._checks import (
    check_array,
    check_integer,
    check_number,
    check_type,
    fail,
    is_concrete,
    shown,
)
from jqkd.quantum.limits import check_num_qubits, physical_memory

# Qubits of a student, and its outcomes.
WIDEST = 10
MOST_CLASSES = 2**WIDEST
# What resizing and mixing of images may leave of rounding errors.
_ROUNDING = 1e-5


def check_rngs(rngs: nnx.Rngs) -> None:
    """Where initial weights come from: Flax's ``Rngs``, not a key or a seed."""
    if not isinstance(rngs, nnx.Rngs):
        fail("rngs", "be a flax.nnx.Rngs", shown(rngs), "make it with nnx.Rngs(0)")


def check_num_classes(num_classes: int) -> int:
    """2 to 1024 classes, as a Python ``int``."""
    number = check_integer("num_classes", num_classes, 2)
    if number > MOST_CLASSES:
        must = f"be at most {MOST_CLASSES}, the outcomes of {WIDEST} qubits"
        fail("num_classes", must, num_classes)
    return number


def check_width(name: str, num_qubits: int) -> int:
    """1 to 10 qubits of a student, as a Python ``int``."""
    why = "a student has one class per outcome"
    return check_num_qubits(num_qubits, WIDEST, name=name, why=why)


def check_rate(name: str, rate: float) -> float:
    """A probability of dropping: 0 or more, and below 1, where nothing would be left."""
    if check_number(name, rate, least=0) >= 1:
        fail(name, "be a probability below 1", rate)
    return float(rate)


def check_sizes(limit: str = "weights", **sizes: int) -> None:
    """Sizes of a layer, each 1 or more; their product, its weights, fits into memory."""
    for name, size in sizes.items():
        check_integer(name, size, 1)
    if 4 * math.prod(map(int, sizes.values())) > physical_memory():
        name, size = max(sizes.items(), key=lambda item: item[1])
        fail(name, f"be so small that the {limit} fit into this machine's memory", size)


def check_image_shape(
    image_shape: tuple[int, ...], smallest: int, who: str
) -> tuple[int, int, int]:
    """H, W and channels of a shape (H, W) or (H, W, channels) that ``who`` can read.

    Example:
        >>> check_image_shape((28, 28), 16, "LeNet")
        (28, 28, 1)
    """
    shape = tuple(image_shape)
    if len(shape) not in (2, 3) or min(*shape[:2]) < smallest or shape[-1] < 1:
        must = f"be (H, W) or (H, W, channels), at least {smallest}x{smallest}, for {who}"
        advice = "choose other features or another teacher; dense features read every shape"
        fail("image_shape", must, shown(shape), advice)
    height, width, *channels = shape
    return height, width, channels[0] if channels else 1


def check_axes(name: str, value: Any) -> None:
    """Letters of the axes that rotations are about."""
    if not isinstance(value, str) or not value or set(value) - set("XYZ"):
        fail(name, "be one or more of the letters X, Y, Z", shown(value))


def check_images(images: ArrayLike, image_shape: tuple[int, ...] = (28, 28)) -> Num[Array, "B ..."]:
    """Images ``(B, *image_shape)`` of brightness 0 to 1, where it can be seen."""
    images = check_array("images", images)
    if np.ndim(images) != 1 + len(image_shape) or np.shape(images)[1:] != tuple(image_shape):
        advice = "resize them, add or drop the channel axis, add the batch axis"
        must = f"have shape (B, {', '.join(map(str, image_shape))})"
        fail("images", must, f"shape {np.shape(images)}", advice)
    if not len(images):
        fail("images", "be at least one", "none")
    if is_concrete(images):
        check_range("images", images, 0, 1, "divide images of 0 to 255 by 255")
    return jnp.asarray(images)


def check_range(name: str, values: ArrayLike, least: float, most: float, advice: str = "") -> None:
    """Concrete values lie between two numbers, up to rounding errors."""
    values = np.asarray(values)
    if values.size and not (least - _ROUNDING <= values.min() and values.max() <= most + _ROUNDING):
        given = f"an array with values from {values.min():g} to {values.max():g}"
        fail(name, f"lie between {least} and {most}", given, advice)


def check_frequencies(frequencies: ArrayLike) -> Num[Array, "... K"]:
    """Outcome frequencies ``(..., K)``, K at least 1, each between 0 and 1 where seen."""
    frequencies = check_array("frequencies", frequencies)
    if not np.ndim(frequencies) or not np.shape(frequencies)[-1]:
        fail("frequencies", "have shape (..., K)", f"shape {np.shape(frequencies)}")
    if is_concrete(frequencies):
        check_range("frequencies", frequencies, 0, 1, "divide counts by the shots")
    return jnp.asarray(frequencies)


def check_ids(ids: ArrayLike, shape: tuple[int, ...]) -> Int[Array, "..."]:
    """Integers that name images: 0 or more, and below 2**31, so that no two become one key."""
    ids = check_array("ids", ids, shape, kinds="iu")
    if is_concrete(ids) and np.size(ids):
        for worst in (np.asarray(ids).min(), np.asarray(ids).max()):
            check_integer("ids", worst, 0, 2**31 - 1)
    return jnp.asarray(ids)


def check_index(name: str, value: Any, least: int, most: int) -> None:
    """One integer in a range; a traced one only has to be one number."""
    if is_concrete(value):
        check_integer(name, value, least, most)
    else:
        check_array(name, value, ())


def check_module(name: str, value: Any) -> None:
    """Something that can be called as a layer is."""
    check_type(name, value, object if callable(value) else (), "callable, as layers are")
