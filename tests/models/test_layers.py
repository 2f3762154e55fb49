"""Building blocks against SciPy, NumPy loops and Flax's own layers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy.stats import kstest, norm

from jqkd._checks import InputError
from jqkd.models.functional import functional
from jqkd.models.layers import (
    as_images,
    average_pool,
    conv,
    convolve,
    count_parameters,
    dense,
    dropout,
    keys_for,
    max_pool,
)
from tests.models import reference

# Chance that a sound build fails one of the random checks below.
ALPHA = 1e-6


def batch_last(x):
    return jnp.moveaxis(x, (0, 3), (3, 0))


def images(batch: int, height: int, width: int, channels: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(batch, height, width, channels))


@pytest.mark.parametrize("padding", ["VALID", "SAME"])
@pytest.mark.parametrize(("inputs", "outputs", "size"), [(1, 6, 5), (3, 4, 3), (2, 1, 2)])
def test_convolve(inputs, outputs, size, padding):
    """Against SciPy, and with its gradients against Flax's own convolution."""
    layer = conv(inputs, outputs, size, padding=padding, rngs=nnx.Rngs(2))
    x = jnp.asarray(images(3, 8, 11, inputs), jnp.float32)
    edges = ((size - 1) // 2, size // 2) if padding == "SAME" else (0, 0)
    wanted = np.array([reference.conv(layer, np.asarray(image), edges) for image in x])
    np.testing.assert_allclose(
        batch_last(jax.jit(lambda x: convolve(layer, x))(batch_last(x))), wanted, rtol=0, atol=1e-5
    )
    weigh = jnp.asarray(images(*wanted.shape, seed=1), jnp.float32)

    def gradients(function):
        graph, state = nnx.split(layer)
        loss = lambda state, x: (weigh * function(nnx.merge(graph, state), x)).sum()  # noqa: E731
        return jax.tree.leaves(jax.jit(jax.grad(loss, (0, 1)))(state, x))

    own, flax = (
        gradients(lambda layer, x: batch_last(convolve(layer, batch_last(x)))),
        gradients(lambda layer, x: layer(x)),
    )
    assert len(own) == len(flax) == 3  # bias, kernel, images
    for a, b in zip(own, flax, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2e-4)


@pytest.mark.parametrize(("height", "width"), [(6, 4), (7, 4), (6, 5), (3, 3)])
@pytest.mark.parametrize(("function", "reduce"), [(max_pool, np.max), (average_pool, np.mean)])
def test_pools(function, reduce, height, width):
    x = images(2, height, width, 3)
    wanted = [reference.pool(image, reduce) for image in x]
    ours = batch_last(function(batch_last(jnp.asarray(x, jnp.float32))))
    np.testing.assert_allclose(ours, wanted, rtol=0, atol=1e-6)


def test_pools_against_flax():
    x = jnp.asarray(images(2, 7, 5, 3), jnp.float32)
    np.testing.assert_array_equal(
        batch_last(max_pool(batch_last(x))), nnx.max_pool(x, (2, 2), (2, 2))
    )
    ours = batch_last(average_pool(batch_last(x)))
    np.testing.assert_allclose(ours, nnx.avg_pool(x, (2, 2), (2, 2)), atol=1e-6)


@pytest.mark.parametrize("rate", [0.5, 0.2])
@pytest.mark.parametrize("whole", [False, True])
def test_dropout_rate_and_scale(rate, whole):
    x = jnp.asarray(1 + np.random.default_rng(3).random((400, 3, 3, 50)), jnp.float32)
    y = np.asarray(dropout(x, rate, jax.random.key(4), whole_channels=whole))
    kept = y != 0
    np.testing.assert_allclose(y[kept], np.asarray(x)[kept] / (1 - rate), rtol=1e-6)
    draws = kept[:, 0, 0] if whole else kept
    bound = norm.isf(ALPHA / 2) * np.sqrt(rate * (1 - rate) / draws.size)
    assert abs(draws.mean() - (1 - rate)) < bound
    # A channel is dropped as a whole, or each of its pixels on its own.
    pixels = kept.reshape(400, 9, 50).sum(1)
    assert whole == bool(np.isin(pixels, (0, 9)).all())


def test_dropout_neighbours_are_independent():
    kept = np.asarray(dropout(jnp.ones((300, 300)), 0.5, jax.random.key(5)))
    for axis in (0, 1):
        product = ((kept - 1) * (np.roll(kept, 1, axis) - 1)).mean()
        assert abs(product) < norm.isf(ALPHA / 4) / 300


def test_dropout_without_a_key_is_the_identity():
    x = jnp.arange(6.0).reshape(2, 3)
    assert dropout(x, 0.5, None) is x
    assert keys_for(None, 2) == [None, None]
    first, second = keys_for(jax.random.key(0), 2)
    assert (jax.random.key_data(first) != jax.random.key_data(second)).any()


@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [
        (dense(300, 500, rngs=nnx.Rngs(6)), 300),
        (conv(10, 400, 5, rngs=nnx.Rngs(7)), 250),
        (conv(64, 300, 3, padding="SAME", rngs=nnx.Rngs(8)), 576),
    ],
    ids=["dense", "conv", "padded conv"],
)
def test_initial_weights_are_uniform(layer, fan_in):
    """U(-1/sqrt(fan_in), 1/sqrt(fan_in)), for biases too, as torch.nn has it."""
    for values in reference.weights(layer):
        scaled = values.reshape(-1) * np.sqrt(fan_in)
        # All of n values stay below ALPHA ** (1 / n) with probability ALPHA.
        assert ALPHA ** (1 / scaled.size) < np.abs(scaled).max() <= 1 + 1e-6
        assert kstest(scaled, "uniform", (-1, 2)).pvalue > ALPHA


def test_count_parameters():
    assert count_parameters(dense(3, 5, rngs=nnx.Rngs(0))) == 3 * 5 + 5
    assert count_parameters(conv(3, 5, 4, rngs=nnx.Rngs(0))) == 3 * 5 * 16 + 5


def test_functional_is_the_module():
    """init(key) has the module's own initial weights; a stack of inits is each init."""
    pure = functional(lambda rngs: dense(4, 3, rngs=rngs))
    keys, x = jax.random.split(jax.random.key(9), 3), jnp.ones((2, 4))
    stack = jax.vmap(pure.init)(keys)
    outputs = jax.vmap(lambda params: pure.module(params)(x))(stack)
    for key, params, output in zip(keys, stack["kernel"], outputs, strict=True):
        direct = dense(4, 3, rngs=nnx.Rngs(params=key))
        np.testing.assert_array_equal(params, direct.kernel[...])
        np.testing.assert_allclose(output, reference.dense(direct, np.ones((2, 4))), atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 32, 32), (2, 28, 28, 1), (28, 28)])
def test_images_of_another_shape_are_refused(shape):
    with pytest.raises(InputError, match=r"`images` must have shape \(B, 28, 28\)"):
        as_images(np.zeros(shape))


@pytest.mark.parametrize("shape", [(5, 4), (5, 4, 3), (5, 4, 1)])
def test_images_as_the_convolutions_read_them(shape):
    x = np.random.default_rng(1).random((7, *shape)).astype(np.float32)
    planes = np.asarray(as_images(x, shape))
    for c, row in enumerate(planes):
        own = x if len(shape) == 2 else x[..., c]
        np.testing.assert_array_equal(row, np.moveaxis(own, 0, -1))
