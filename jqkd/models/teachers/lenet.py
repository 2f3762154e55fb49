"""LeNet, the paper's small teacher."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd.models.arguments import check_image_shape, check_num_classes
from jqkd.models.layers import (
    as_images,
    as_rows,
    average_pool,
    conv,
    convolve,
    dense,
)
from jqkd.models.teachers.architecture import TEACHERS, Architecture, Network

_HIDDEN, _SMALLEST = 84, 16


class LeNet(Network):
    """LeNet (fig. 3): of 28x28 images 44,086 parameters at 6 classes, 44,256 at 8.

    Args:
        num_classes: C.
        image_shape: (H, W) or (H, W, channels), at least 16x16.
        rngs: initial weights.

    Example:
        >>> LeNet(6, rngs=nnx.Rngs(0))(jnp.zeros((2, 28, 28))).shape
        (2, 6)
    """

    def __init__(
        self, num_classes: int, image_shape: tuple[int, ...] = (28, 28), *, rngs: nnx.Rngs
    ) -> None:
        num_classes = check_num_classes(num_classes)
        height, width, channels = check_image_shape(image_shape, _SMALLEST, "LeNet")
        left = [((size - 4) // 2 - 4) // 2 for size in (height, width)]
        self.image_shape = image_shape
        self.conv1 = conv(channels, 6, 5, rngs=rngs)
        self.conv2 = conv(6, 16, 5, rngs=rngs)
        self.dense1 = dense(16 * left[0] * left[1], 120, rngs=rngs)
        self.dense2 = dense(120, _HIDDEN, rngs=rngs)
        self.dense3 = dense(_HIDDEN, num_classes, rngs=rngs)

    def with_hidden(
        self, images: ArrayLike, key: Array | None = None
    ) -> tuple[Float[Array, "B C"], Float[Array, "B H"]]:
        """Logits ``(B, C)``, and the hidden layer ``(B, 84)`` that they come from."""
        x = as_images(images, self.image_shape)
        x = average_pool(jnp.tanh(convolve(self.conv1, x)))
        x = average_pool(jnp.tanh(convolve(self.conv2, x)))
        x = jnp.tanh(self.dense1(as_rows(x)))
        x = jnp.tanh(self.dense2(x))
        return self.dense3(x), x


@TEACHERS.register("lenet")
@dataclass(frozen=True)
class LeNetTeacher(Architecture):
    """A LeNet."""

    label, network, cost = "LeNet", LeNet, 5e-4
    hidden_size, smallest = _HIDDEN, _SMALLEST
