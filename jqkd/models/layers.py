"""Classical building blocks, with PyTorch's default initialisation, as the paper's code has it.

NNX throughout: it is what Flax recommends for new code, and users compose these modules with
their own. The training core splits a model once (``nnx.split``) and handles arrays only.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from flax import nnx
from jax import Array
from jax.typing import ArrayLike

from jqkd._checks import fail

# U(-1/sqrt(fan_in), 1/sqrt(fan_in)) for kernels, torch.nn's default for conv and linear layers.
_kernel_init = nnx.initializers.variance_scaling(1 / 3, "fan_in", "uniform")


def _bias_init(fan_in: int) -> nnx.Initializer:
    bound = 1 / math.sqrt(fan_in)
    return lambda key, shape, dtype: jax.random.uniform(key, shape, dtype, -bound, bound)


def dense(inputs: int, outputs: int, *, rngs: nnx.Rngs) -> nnx.Linear:
    """A fully connected layer.

    Example:
        >>> dense(3, 2, rngs=nnx.Rngs(0))(jnp.ones((5, 3))).shape
        (5, 2)
    """
    return nnx.Linear(
        inputs, outputs, kernel_init=_kernel_init, bias_init=_bias_init(inputs), rngs=rngs
    )


def conv(
    inputs: int, outputs: int, size: int, *, padding: str = "VALID", rngs: nnx.Rngs
) -> nnx.Conv:
    """A convolution with a square kernel, channels last.

    Example:
        >>> conv(1, 6, 5, rngs=nnx.Rngs(0))(jnp.ones((2, 28, 28, 1))).shape
        (2, 24, 24, 6)
    """
    return nnx.Conv(
        inputs,
        outputs,
        (size, size),
        padding=padding,
        kernel_init=_kernel_init,
        bias_init=_bias_init(inputs * size * size),
        rngs=rngs,
    )


def convolve(layer: nnx.Conv, images: Array) -> Array:
    """What ``layer(images)`` computes; on CPUs as image patches times a matrix.

    XLA's convolution on CPUs took five times as long for LeNet, and more under a ``vmap`` over
    runs with weights of their own, where it becomes a grouped one.

    Args:
        layer: a convolution without stride, ``VALID`` or ``SAME``.
        images: shape ``(B, H, W, channels)``.

    Returns:
        Shape ``(B, H', W', outputs)``.

    Example:
        >>> layer, images = conv(1, 6, 5, rngs=nnx.Rngs(0)), jnp.ones((2, 28, 28, 1))
        >>> bool(jnp.allclose(convolve(layer, images), layer(images), atol=1e-5))
        True
    """
    if jax.default_backend() != "cpu":
        return layer(images)
    kernel = layer.kernel[...]
    height, width = kernel.shape[:2]
    if layer.padding == "SAME":
        edges = [((size - 1) // 2, size // 2) for size in (height, width)]
        images = jnp.pad(images, ((0, 0), *edges, (0, 0)))
    rows, columns = images.shape[1] - height + 1, images.shape[2] - width + 1
    shifts = [(i, j) for i in range(height) for j in range(width)]
    patches = [images[:, i : i + rows, j : j + columns] for i, j in shifts]
    product = jnp.concatenate(patches, -1) @ kernel.reshape(-1, kernel.shape[-1])
    return product + layer.bias[...]


def max_pool(images: Array) -> Array:
    """Maximum over 2x2 windows; an odd last row or column is dropped, as in PyTorch.

    Example:
        >>> max_pool(jnp.arange(16.0).reshape(1, 4, 4, 1)).reshape(-1).tolist()
        [5.0, 7.0, 13.0, 15.0]
    """
    return _windows(images).max((2, 4))


def average_pool(images: Array) -> Array:
    """Mean over 2x2 windows.

    Example:
        >>> average_pool(jnp.arange(16.0).reshape(1, 4, 4, 1)).reshape(-1).tolist()
        [2.5, 4.5, 10.5, 12.5]
    """
    return _windows(images).mean((2, 4))


def _windows(images: Array) -> Array:
    batch, height, width, channels = images.shape
    even = images[:, : height // 2 * 2, : width // 2 * 2]
    return even.reshape(batch, height // 2, 2, width // 2, 2, channels)


def dropout(x: Array, rate: float, key: Array | None, *, whole_channels: bool = False) -> Array:
    """Inverted dropout; the identity without a key.

    Args:
        x: any shape, channels last.
        rate: probability of a zero.
        key: consumed; ``None`` outside training.
        whole_channels: drop feature maps as a whole (``torch.nn.Dropout2d``).

    Example:
        >>> sorted(set(dropout(jnp.ones(64), 0.5, jax.random.key(0)).tolist()))
        [0.0, 2.0]
    """
    if key is None:
        return x
    shape = (x.shape[0], 1, 1, x.shape[-1]) if whole_channels else x.shape
    return jnp.where(jax.random.bernoulli(key, 1 - rate, shape), x / (1 - rate), 0)


def keys_for(key: Array | None, count: int) -> list[Array | None]:
    """``count`` keys from one, or as many times ``None``."""
    return [None] * count if key is None else list(jax.random.split(key, count))


def count_parameters(model: nnx.Module) -> int:
    """Number of trainable numbers.

    Example:
        >>> count_parameters(dense(320, 50, rngs=nnx.Rngs(0)))
        16050
    """
    leaves = jax.tree.leaves(nnx.state(model, nnx.Param))
    return sum(math.prod(leaf.shape) for leaf in leaves)


def as_images(images: ArrayLike) -> Array:
    """Images with a channel axis: ``(B, 28, 28)`` becomes ``(B, 28, 28, 1)``.

    Raises:
        InputError: images of another shape.
    """
    images = jnp.asarray(images)
    if images.ndim != 3 or images.shape[1:] != (28, 28):
        advice = "resize them, drop the channel axis, add the batch axis"
        fail("images", "have shape (B, 28, 28)", f"shape {images.shape}", advice)
    return images[..., None]
