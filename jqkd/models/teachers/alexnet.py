"""A reduced AlexNet, the paper's large teacher."""

from __future__ import annotations

from dataclasses import dataclass

import jax
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd.models.arguments import check_image_shape, check_num_classes, check_rate
from jqkd.models.layers import (
    as_images,
    as_rows,
    conv,
    convolve,
    dense,
    dropout,
    keys_for,
    max_pool,
)
from jqkd.models.teachers.architecture import TEACHERS, Architecture, Network

_HIDDEN, _SMALLEST = 4096, 4


class AlexNet(Network):
    """AlexNet reduced to small images (fig. 4): of 28x28 ones 94,655,686 parameters at 6 classes.

    Args:
        num_classes: C.
        image_shape: (H, W) or (H, W, channels), at least 4x4.
        rngs: initial weights.
        dropout_rate: before the two hidden dense layers.

    Example:
        >>> shapes = nnx.eval_shape(lambda: AlexNet(8, rngs=nnx.Rngs(0)))
        >>> from jqkd.models.layers import count_parameters
        >>> count_parameters(shapes)
        94663880
    """

    def __init__(
        self,
        num_classes: int,
        image_shape: tuple[int, ...] = (28, 28),
        *,
        rngs: nnx.Rngs,
        dropout_rate: float = 0.5,
    ) -> None:
        num_classes = check_num_classes(num_classes)
        height, width, channels = check_image_shape(image_shape, _SMALLEST, "AlexNet")
        self.image_shape, self.dropout_rate = image_shape, check_rate("dropout_rate", dropout_rate)
        self.conv1 = conv(channels, 64, 3, padding="SAME", rngs=rngs)
        self.conv2 = conv(64, 192, 3, padding="SAME", rngs=rngs)
        self.conv3 = conv(192, 384, 3, padding="SAME", rngs=rngs)
        self.dense1 = dense(384 * (height // 4) * (width // 4), _HIDDEN, rngs=rngs)
        self.dense2 = dense(_HIDDEN, _HIDDEN, rngs=rngs)
        self.dense3 = dense(_HIDDEN, num_classes, rngs=rngs)

    def with_hidden(
        self, images: ArrayLike, key: Array | None = None
    ) -> tuple[Float[Array, "B C"], Float[Array, "B H"]]:
        """Logits ``(B, C)``, and the hidden layer ``(B, 4096)`` that they come from."""
        first, second = keys_for(key, 2)
        x = max_pool(jax.nn.relu(convolve(self.conv1, as_images(images, self.image_shape))))
        x = max_pool(jax.nn.relu(convolve(self.conv2, x)))
        x = as_rows(jax.nn.relu(convolve(self.conv3, x)))
        x = jax.nn.relu(self.dense1(dropout(x, self.dropout_rate, first)))
        x = jax.nn.relu(self.dense2(dropout(x, self.dropout_rate, second)))
        return self.dense3(x), x


@TEACHERS.register("alexnet")
@dataclass(frozen=True)
class AlexNetTeacher(Architecture):
    """A reduced AlexNet.

    Args:
        dropout_rate: before the two hidden dense layers.
    """

    dropout_rate: float = 0.5

    label, network, cost = "AlexNet", AlexNet, 2e-2
    hidden_size, smallest = _HIDDEN, _SMALLEST

    def __post_init__(self) -> None:
        check_rate("dropout_rate", self.dropout_rate)
