"""The notebooks' feature extractor."""

from __future__ import annotations

from dataclasses import dataclass

import jax
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd.models.arguments import check_image_shape, check_rate, check_sizes
from jqkd.models.features.base import FEATURES, Features
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

_HIDDEN = 50
# Smallest side that two 5x5 convolutions, each pooled by two, leave a pixel of.
_SMALLEST = 16


class ConvFeatures(nnx.Module):
    """Two convolutions, two dense layers: 21,330 weights and 51 more for each feature at 28x28.

    Args:
        num_features: outputs.
        rngs: initial weights.
        dropout_rate: of whole channels and of hidden units; the notebooks' is 0.5.
        image_shape: (H, W) or (H, W, channels), at least 16 pixels a side.

    Example:
        >>> import jax.numpy as jnp
        >>> ConvFeatures(3, rngs=nnx.Rngs(0))(jnp.zeros((2, 28, 28))).shape
        (2, 3)
    """

    def __init__(
        self,
        num_features: int,
        *,
        rngs: nnx.Rngs,
        dropout_rate: float = 0.5,
        image_shape: tuple[int, ...] = (28, 28),
    ) -> None:
        self.dropout_rate = check_rate("dropout_rate", dropout_rate)
        check_sizes(num_features=num_features)
        *sides, channels = check_image_shape(image_shape, _SMALLEST, "conv")
        self.image_shape = image_shape
        rows, columns = (((side - 4) // 2 - 4) // 2 for side in sides)
        self.conv1 = conv(channels, 10, 5, rngs=rngs)
        self.conv2 = conv(10, 20, 5, rngs=rngs)
        self.dense1 = dense(20 * rows * columns, _HIDDEN, rngs=rngs)
        self.dense2 = dense(_HIDDEN, num_features, rngs=rngs)

    def __call__(self, images: ArrayLike, key: Array | None = None) -> Float[Array, "B F"]:
        """Features ``(B, F)`` of images ``(B, *image_shape)``; a key switches dropout on."""
        return self.with_hidden(images, key)[0]

    def with_hidden(
        self, images: ArrayLike, key: Array | None = None
    ) -> tuple[Float[Array, "B F"], Float[Array, "B H"]]:
        """Features ``(B, F)``, and the hidden layer ``(B, 50)`` that they come from."""
        rate = self.dropout_rate
        first, second = keys_for(key, 2)
        x = jax.nn.relu(max_pool(convolve(self.conv1, as_images(images, self.image_shape))))
        x = dropout(convolve(self.conv2, x), rate, first, whole_channels=True)
        x = jax.nn.relu(max_pool(x))
        x = dropout(jax.nn.relu(self.dense1(as_rows(x))), rate, second)
        return self.dense2(x), x


@FEATURES.register("conv")
@dataclass(frozen=True)
class Conv(Features):
    """Makes ``ConvFeatures``.

    Attributes:
        dropout_rate: 0 for none.
    """

    dropout_rate: float = 0.5

    def __post_init__(self) -> None:
        check_rate("dropout_rate", self.dropout_rate)

    def build(
        self, image_shape: tuple[int, ...], num_features: int, *, rngs: nnx.Rngs
    ) -> ConvFeatures:
        rate = self.dropout_rate
        return ConvFeatures(num_features, rngs=rngs, dropout_rate=rate, image_shape=image_shape)

    def hidden_size(self, image_shape: tuple[int, ...]) -> int:
        return _HIDDEN
