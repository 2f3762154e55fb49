"""ResNet and VGG: layer by layer against XLA's own convolutions and sums by hand, and trained."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from flax import nnx

from jqkd._checks import InputError
from jqkd.data import load
from jqkd.models import TEACHERS, build_teacher, count_parameters
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.teacher_store import obtain_teacher
from jqkd.training.teaching import check_features

pytestmark = pytest.mark.quick

SMALL = {"resnet": "resnet:width=4,depth=1", "vgg": "vgg:width=8,depth=2"}


def normalised(layer, x, training):
    """Of images (B, H, W, channels): PyTorch's padding, statistics as sums by hand."""
    kernel = np.asarray(layer.conv.kernel)
    edge = kernel.shape[0] // 2
    names = ("NHWC", "HWIO", "NHWC")
    x = jax.lax.conv_general_dilated(
        x, kernel, (layer.stride,) * 2, [(edge, edge)] * 2, dimension_numbers=names
    )
    x, norm = np.asarray(x, float), layer.norm
    if layer.pool:
        x = x[:, : x.shape[1] // 2 * 2, : x.shape[2] // 2 * 2]
        windows = x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2, -1)
        x = windows.max((2, 4))
    own = (x.mean((0, 1, 2)), x.var((0, 1, 2)))
    mean, variance = own if training else (np.asarray(norm.mean), np.asarray(norm.var))
    scaled = (x - mean) / np.sqrt(variance + 1e-5)
    return np.asarray(scaled * np.asarray(norm.scale) + np.asarray(norm.bias), np.float32)


def resnet(model, x, training):
    stem, *blocks = model.layers
    x = np.maximum(normalised(stem, x, training), 0)
    for block in blocks:
        y = np.maximum(normalised(block.first, x, training), 0)
        y = normalised(block.second, y, training)
        if block.shortcut is not None:
            x = normalised(block.shortcut, x, training)
        x = np.maximum(x + y, 0)
    return x


def vgg(model, x, training):
    for layer in model.layers:
        x = np.maximum(normalised(layer, x, training), 0)
    return x


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("arch", "shape"), [("resnet", (17, 20)), ("vgg", (10, 13, 3))])
def test_against_xlas_convolutions_and_sums_by_hand(arch, shape, training):
    """Grey and in colour, of odd sizes; statistics are no longer those of the start."""
    model = build_teacher(SMALL[arch], 5, shape, rngs=nnx.Rngs(1))
    rng = np.random.default_rng(0)
    near = lambda leaf: leaf + 0.2 * rng.random(leaf.shape).astype(np.float32)  # noqa: E731
    kinds = nnx.Any(nnx.Param, nnx.BatchStat)
    nnx.update(model, jax.tree.map(near, nnx.state(model, kinds)))
    images = rng.random((6, *shape)).astype(np.float32)
    x = images if len(shape) == 3 else images[..., None]
    hidden = {"resnet": resnet, "vgg": vgg}[arch](model, x, training).mean((1, 2))
    logits = hidden @ np.asarray(model.dense.kernel) + np.asarray(model.dense.bias)
    got, rest = model.with_hidden(images, jax.random.key(0) if training else None)
    np.testing.assert_allclose(rest, hidden, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(got, logits, rtol=1e-4, atol=1e-4)
    assert rest.shape[1] == TEACHERS.build(SMALL[arch]).hidden_size


def test_parameter_counts():
    """ResNet-18 as published, but for its first layer; VGG by hand."""
    count = lambda name, *how: count_parameters(  # noqa: E731
        nnx.eval_shape(lambda: build_teacher(name, *how, rngs=nnx.Rngs(0)))
    )
    published = 11_689_512 - 7 * 7 * 3 * 64 + 3 * 3 * 3 * 64
    assert count("resnet:width=64", 1000, (32, 32, 3)) == published
    pairs = ((1, 16), (16, 16), (16, 32), (32, 32), (32, 64), (64, 64))
    assert count("vgg", 6) == sum(9 * i * o + 2 * o for i, o in pairs) + 64 * 6 + 6


@pytest.mark.parametrize("arch", SMALL)
def test_it_is_trained_kept_and_read_back(arch, tmp_path):
    config = TeacherConfig(SMALL[arch], "digits", "0-1", 3, 20, 0.01)
    data = load("digits")
    teacher = obtain_teacher(config, data, cache_dir=tmp_path, with_weights=True)
    assert teacher.accuracies["picked"] > 0.9
    again = obtain_teacher(config, data, cache_dir=tmp_path, with_weights=True)
    jax.tree.map(np.testing.assert_array_equal, teacher.weights, again.weights)
    # A hidden layer that recipes can compare.
    check_features(config, StudentConfig("digits", "0-1", 2, recipe="hints"))


@pytest.mark.parametrize(
    ("arch", "sentence"),
    [
        ("resnet:width=0", "`width` must be an integer from 1 to 1024, but 0"),
        ("resnet:depth=9", "`depth` must be an integer from 1 to 8, but 9"),
        ("vgg:depth=1.5", "`arch` must have an integer as its option depth"),
        ("vgg:depth=5", "at least 32x32, for VGG"),
    ],
)
def test_what_cannot_be_built_is_one_sentence(arch, sentence):
    with pytest.raises(InputError, match=sentence):
        build_teacher(arch, 6, rngs=nnx.Rngs(0))
