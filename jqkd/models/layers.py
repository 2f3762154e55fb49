"""Classical building blocks, with PyTorch's default initialisation, as the paper's code has it.

NNX throughout: it is what Flax recommends for new code, and users compose these modules with
their own. The training core splits a model once (``nnx.split``) and handles arrays only.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Num

from jqkd._checks import check_array, check_choice, check_key, check_type
from jqkd.models.arguments import check_images, check_rate, check_rngs, check_sizes

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
    check_sizes(inputs=inputs, outputs=outputs)
    check_rngs(rngs)
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
    check_sizes(inputs=inputs, outputs=outputs, size=size)
    check_choice("padding", padding, ("VALID", "SAME"))
    check_rngs(rngs)
    return nnx.Conv(
        inputs,
        outputs,
        (size, size),
        padding=padding,
        kernel_init=_kernel_init,
        bias_init=_bias_init(inputs * size * size),
        rngs=rngs,
    )


def convolve(
    layer: nnx.Conv, images: Num[Array, "channels H W B"]
) -> Float[Array, "outputs rows columns B"]:
    """A convolution of images with the batch as the last axis.

    On CPUs as a matrix times image patches: XLA's own convolution took five times as long inside a
    scan, and with the batch last every copy and sum runs over neighbouring numbers.

    Args:
        layer: a convolution without stride, ``VALID`` or ``SAME``.
        images: shape ``(channels, H, W, B)``.

    Returns:
        Shape ``(outputs, H', W', B)``.

    Example:
        >>> layer, images = conv(1, 6, 5, rngs=nnx.Rngs(0)), jnp.ones((2, 28, 28, 1))
        >>> ours = convolve(layer, jnp.moveaxis(images, (0, 3), (3, 0)))
        >>> bool(jnp.allclose(ours, jnp.moveaxis(layer(images), (0, 3), (3, 0)), atol=1e-5))
        True
    """
    if jax.default_backend() != "cpu":
        return layer(images.transpose(3, 1, 2, 0)).transpose(3, 1, 2, 0)
    kernel = layer.kernel[...]
    if layer.padding == "SAME":
        edges = [((size - 1) // 2, size // 2) for size in kernel.shape[:2]]
        images = jnp.pad(images, ((0, 0), *edges, (0, 0)))
    bias = layer.bias
    return _correlate(images, kernel) + (0 if bias is None else bias[...][:, None, None, None])


@jax.custom_vjp
def _correlate(images: Array, kernel: Array) -> Array:
    return _correlate_forward(images, kernel)[0]


def _correlate_forward(images: Array, kernel: Array) -> tuple[Array, tuple[Array, Array]]:
    height, width, _, outputs = kernel.shape
    rows, columns = images.shape[1] - height + 1, images.shape[2] - width + 1
    shifts = [(i, j) for i in range(height) for j in range(width)]
    patches = jnp.concatenate([images[:, i : i + rows, j : j + columns] for i, j in shifts])
    patches = patches.reshape(-1, rows * columns * images.shape[-1])
    product = kernel.reshape(-1, outputs).T @ patches
    return product.reshape(outputs, rows, columns, -1), (patches, kernel)


def _correlate_backward(kept: tuple[Array, Array], slope: Array) -> tuple[Array, Array]:
    """Shifts are added up along columns, then rows: height + width terms, not their product."""
    patches, kernel = kept
    height, width, inputs, outputs = kernel.shape
    flat = slope.reshape(outputs, -1)
    per_patch = (kernel.reshape(-1, outputs) @ flat).reshape(
        height, width, inputs, *slope.shape[1:]
    )
    none = (0, 0)
    rows = jnp.asarray(
        sum(
            jnp.pad(per_patch[:, j], (none, none, none, (j, width - 1 - j), none))
            for j in range(width)
        )
    )
    images = sum(jnp.pad(rows[i], (none, (i, height - 1 - i), none, none)) for i in range(height))
    return jnp.asarray(images), (patches @ flat.T).reshape(kernel.shape)


_correlate.defvjp(_correlate_forward, _correlate_backward)


def max_pool(images: ArrayLike) -> Num[Array, "channels rows columns B"]:
    """Maximum over 2x2 windows of ``(channels, H, W, B)``.

    An odd last row or column is dropped, as in PyTorch.

    Example:
        >>> max_pool(jnp.arange(16.0).reshape(1, 4, 4, 1)).reshape(-1).tolist()
        [5.0, 7.0, 13.0, 15.0]
    """
    return _windows(images).max((2, 4))


def average_pool(images: ArrayLike) -> Float[Array, "channels rows columns B"]:
    """Mean over 2x2 windows of ``(channels, H, W, B)``.

    Example:
        >>> average_pool(jnp.arange(16.0).reshape(1, 4, 4, 1)).reshape(-1).tolist()
        [2.5, 4.5, 10.5, 12.5]
    """
    return _windows(images).mean((2, 4))


_AXES = ("channels", "H", "W", "B")


def _windows(images: ArrayLike) -> Num[Array, "channels rows 2 columns 2 B"]:
    checked = jnp.asarray(check_array("images", images, _AXES, finite=False))
    channels, height, width, batch = checked.shape
    even = checked[:, : height // 2 * 2, : width // 2 * 2]
    return even.reshape(channels, height // 2, 2, width // 2, 2, batch)


def as_rows(images: ArrayLike) -> Num[Array, "B F"]:
    """``(channels, H, W, B)`` as ``(B, H * W * channels)``, for the dense layers.

    Example:
        >>> as_rows(jnp.zeros((20, 4, 4, 7))).shape
        (7, 320)
    """
    checked = jnp.asarray(check_array("images", images, _AXES, finite=False))
    return checked.transpose(3, 1, 2, 0).reshape(checked.shape[-1], -1)


def dropout(
    x: Num[Array, "*shape"], rate: float, key: Array | None, *, whole_channels: bool = False
) -> Num[Array, "*shape"]:
    """Inverted dropout; the identity without a key.

    Args:
        x: any shape; ``(channels, H, W, B)`` where channels are dropped whole.
        rate: probability of a zero.
        key: consumed; ``None`` outside training.
        whole_channels: drop feature maps as a whole (``torch.nn.Dropout2d``).

    Example:
        >>> sorted(set(dropout(jnp.ones(64), 0.5, jax.random.key(0)).tolist()))
        [0.0, 2.0]
    """
    check_rate("rate", rate)
    if key is None or rate == 0:
        return x
    check_key("key", key)
    shape = (x.shape[0], 1, 1, x.shape[-1]) if whole_channels else x.shape
    return jnp.where(jax.random.bernoulli(key, 1 - rate, shape), x / (1 - rate), 0)


def keys_for(key: Array | None, count: int) -> list[Array | None]:
    """``count`` keys from one, or as many times ``None``."""
    if key is None:
        return [None] * count
    check_key("key", key)
    return list(jax.random.split(key, count))


def count_parameters(model: nnx.Module) -> int:
    """Number of trainable numbers.

    Example:
        >>> count_parameters(dense(320, 50, rngs=nnx.Rngs(0)))
        16050
    """
    check_type("model", model, nnx.Module, "a flax.nnx.Module")
    leaves = jax.tree.leaves(nnx.state(model, nnx.Param))
    return sum(math.prod(leaf.shape) for leaf in leaves)


def as_images(
    images: ArrayLike, image_shape: tuple[int, ...] = (28, 28)
) -> Num[Array, "channels H W B"]:
    """Images ``(B, H, W[, channels])`` as the convolutions read them: ``(channels, H, W, B)``.

    Example:
        >>> as_images(jnp.zeros((7, 32, 32, 3)), (32, 32, 3)).shape
        (3, 32, 32, 7)
    """
    checked = check_images(images, image_shape)
    colour = len(image_shape) == 3
    return checked.transpose(3, 1, 2, 0) if colour else checked.transpose(1, 2, 0)[None]
