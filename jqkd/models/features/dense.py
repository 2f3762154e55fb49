"""One dense layer on the pixels, as the paper's second version has it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd.models.arguments import check_images, check_sizes
from jqkd.models.features.base import FEATURES, Features
from jqkd.models.layers import dense


class DenseFeatures(nnx.Module):
    """A linear map of the pixels, and a bias.

    Args:
        num_features: outputs.
        rngs: initial weights.
        image_shape: any.

    Example:
        >>> import jax.numpy as jnp
        >>> DenseFeatures(8, rngs=nnx.Rngs(0))(jnp.zeros((2, 28, 28))).shape
        (2, 8)
    """

    def __init__(
        self, num_features: int, *, rngs: nnx.Rngs, image_shape: tuple[int, ...] = (28, 28)
    ) -> None:
        check_sizes(num_features=num_features)
        self.image_shape = image_shape
        self.dense = dense(math.prod(image_shape), num_features, rngs=rngs)

    def __call__(self, images: ArrayLike, key: Array | None = None) -> Float[Array, "B F"]:
        """Features ``(B, F)`` of images ``(B, *image_shape)``; no dropout."""
        rows = check_images(images, self.image_shape)
        return self.dense(rows.reshape(len(rows), -1))


@FEATURES.register("dense")
@dataclass(frozen=True)
class Dense(Features):
    """Makes ``DenseFeatures``."""

    def build(
        self, image_shape: tuple[int, ...], num_features: int, *, rngs: nnx.Rngs
    ) -> DenseFeatures:
        return DenseFeatures(num_features, rngs=rngs, image_shape=image_shape)
