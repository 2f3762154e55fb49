"""A small network in the manner of VGG: pairs of convolutions, each normalised, and pooling."""

from __future__ import annotations

from dataclasses import dataclass

import jax
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd.models.arguments import check_image_shape, check_num_classes
from jqkd.models.layers import as_images, dense, max_pool
from jqkd.models.teachers.architecture import TEACHERS, Architecture, Network
from jqkd.models.teachers.normalised import Normalised, check_width_and_depth, mean_pixel


class VGG(Network):
    """VGG (Simonyan, Zisserman, arXiv:1409.1556) with batch statistics and one dense layer.

    Args:
        num_classes: C.
        image_shape: (H, W) or (H, W, channels), at least 2**depth pixels either way.
        rngs: initial weights.
        width: channels of the first pair of convolutions; each pair after it has twice as many.
        depth: pairs, each followed by pooling.

    Example:
        >>> import jax.numpy as jnp
        >>> VGG(6, rngs=nnx.Rngs(0))(jnp.zeros((2, 28, 28))).shape
        (2, 6)
    """

    def __init__(
        self,
        num_classes: int,
        image_shape: tuple[int, ...] = (28, 28),
        *,
        rngs: nnx.Rngs,
        width: int = 16,
        depth: int = 3,
    ) -> None:
        num_classes = check_num_classes(num_classes)
        check_width_and_depth(width, depth)
        *_, channels = check_image_shape(image_shape, 2**depth, "VGG")
        self.image_shape = image_shape
        layers, inputs = [], channels
        for number in range(2 * depth):
            layers.append(Normalised(inputs, width << number // 2, 3, rngs=rngs))
            inputs = width << number // 2
        self.layers = nnx.List(layers)
        self.dense = dense(inputs, num_classes, rngs=rngs)

    def with_hidden(
        self, images: ArrayLike, key: Array | None = None
    ) -> tuple[Float[Array, "B C"], Float[Array, "B H"]]:
        """Logits ``(B, C)``, and the last pair's means ``(B, H)`` that they come from."""
        x = as_images(images, self.image_shape)
        for number, layer in enumerate(self.layers):
            x = jax.nn.relu(layer(x, training=key is not None))
            x = max_pool(x) if number % 2 else x
        x = mean_pixel(x)
        return self.dense(x), x


@TEACHERS.register("vgg")
@dataclass(frozen=True)
class VGGTeacher(Architecture):
    """A small VGG with batch statistics.

    Args:
        width: channels of its first pair of convolutions.
        depth: pairs of convolutions.
    """

    width: int = 16
    depth: int = 3

    label, network = "VGG", VGG

    def __post_init__(self) -> None:
        check_width_and_depth(self.width, self.depth)

    @property
    def smallest(self) -> int:  # ty: ignore[incompatible-property-override]  Of options.
        """One pixel is left of as many."""
        return 2**self.depth

    @property
    def hidden_size(self) -> int:  # ty: ignore[incompatible-property-override]  Of options.
        """Channels of the last pair."""
        return self.width << self.depth - 1

    @property
    def cost(self) -> float:  # ty: ignore[incompatible-property-override]  Of options.
        """Measured at the defaults; work grows with the square of the width."""
        return 2e-3 * self.depth / 3 * (self.width / 16) ** 2
