"""What the teachers with batch statistics are made of, images as ``(channels, H, W, B)``."""

from __future__ import annotations

import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Num

from jqkd._checks import check_integer
from jqkd.models.layers import convolve

# PyTorch's 0.1, the other way round; Flax's own 0.99 needs hundreds of steps to forget its start.
_MOMENTUM = 0.9
_WIDEST, _DEEPEST = 1024, 8


class Normalised(nnx.Module):
    """A convolution without bias, normalised over the batch (Ioffe, Szegedy, arXiv:1502.03167).

    Args:
        inputs: channels that come in.
        outputs: channels that go out.
        size: of the square kernel; the image is padded so that it keeps its size.
        rngs: initial weights, He's (arXiv:1502.01852).

    Example:
        >>> layer = Normalised(1, 4, 3, rngs=nnx.Rngs(0))
        >>> layer(jnp.ones((1, 7, 7, 2)), training=True).shape
        (4, 7, 7, 2)
    """

    def __init__(self, inputs: int, outputs: int, size: int, *, rngs: nnx.Rngs) -> None:
        he, kernel = nnx.initializers.he_normal(), (size, size)
        self.conv = nnx.Conv(inputs, outputs, kernel, use_bias=False, kernel_init=he, rngs=rngs)
        self.norm = nnx.BatchNorm(outputs, axis=0, momentum=_MOMENTUM, rngs=rngs)

    def __call__(
        self, images: Num[Array, "channels H W B"], *, training: bool, stride: int = 1
    ) -> Float[Array, "outputs rows columns B"]:
        """Of every ``stride``-th row and column; in training with the batch's own statistics."""
        x = convolve(self.conv, images)[:, ::stride, ::stride]
        return self.norm(x, use_running_average=not training)


def mean_pixel(images: Num[Array, "channels H W B"]) -> Float[Array, "B channels"]:
    """Every channel's mean over the image."""
    return jnp.mean(images, (1, 2)).T


def check_width_and_depth(width: int, depth: int) -> None:
    """Channels of the first layer and the number of its like: a network for small images."""
    check_integer("width", width, 1, _WIDEST)
    check_integer("depth", depth, 1, _DEEPEST)
