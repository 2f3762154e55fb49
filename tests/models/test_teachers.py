"""Teachers: the paper's parameter counts, and their outputs against NumPy and SciPy."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy.special import softmax

from jqkd._checks import InputError
from jqkd.models import (
    TEACHERS,
    JointEnsemble,
    LeNet,
    average_probabilities,
    build_teacher,
    count_parameters,
)
from jqkd.models.layers import keys_for
from jqkd.models.teachers import alexnet
from tests.models import reference

pytestmark = pytest.mark.quick

COUNTS = {
    ("lenet", 6): 44_086,
    ("lenet", 8): 44_256,
    ("alexnet", 6): 94_655_686,
    ("alexnet", 8): 94_663_880,
    ("joint-ensemble", 6): 94_655_686 + 44_086,
    ("joint-ensemble", 8): 94_663_880 + 44_256,
}


def pictures(count: int, shape=(28, 28)) -> np.ndarray:
    return np.random.default_rng(0).random((count, *shape))


def mask(key, size: int) -> np.ndarray:
    """What dropout (0.5) multiplies one row with."""
    return 2.0 * np.asarray(jax.random.bernoulli(key, 0.5, (1, size)))[0]


def narrow_pair(*shape) -> JointEnsemble:
    """Both teachers, AlexNet's dense layers 32 wide in place of 4096, so that a test is quick."""
    narrow = lambda n: 32 if n == 4096 else n  # noqa: E731
    whole = alexnet.dense
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alexnet, "dense", lambda i, o, **kw: whole(narrow(i), narrow(o), **kw))
        return JointEnsemble(6, *shape, rngs=nnx.Rngs(1))


@pytest.fixture(scope="module")
def pair():
    return narrow_pair()


@pytest.mark.parametrize(("arch", "classes"), COUNTS)
def test_parameter_counts(arch, classes):
    shapes = nnx.eval_shape(lambda: build_teacher(arch, classes, rngs=nnx.Rngs(0)))
    assert count_parameters(shapes) == COUNTS[arch, classes]


@pytest.mark.parametrize("classes", [6, 8])
def test_lenet_against_scipy(classes):
    model, x = LeNet(classes, rngs=nnx.Rngs(2)), pictures(3)
    wanted = [reference.lenet(model, image) for image in x]
    np.testing.assert_allclose(
        jax.jit(model)(jnp.asarray(x, jnp.float32)), wanted, rtol=0, atol=1e-5
    )


@pytest.mark.parametrize("shape", [(17, 22), (16, 18, 3), (23, 16, 1)])
def test_images_of_other_shapes_against_scipy(shape):
    """Grey or in colour, of odd sizes and of the least that LeNet reads."""
    both, x = narrow_pair(shape), pictures(2, shape)
    wanted = {
        "lenet": [reference.lenet(both.lenet, image) for image in x],
        "alexnet": [
            reference.alexnet_classes(both.alexnet, reference.alexnet_features(both.alexnet, image))
            for image in x
        ],
    }
    for name, classes in wanted.items():
        got = jax.jit(getattr(both, name))(jnp.asarray(x, jnp.float32))
        np.testing.assert_allclose(got, classes, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("arch", "shape"),
    [("lenet", (28,)), ("lenet", (15, 28)), ("alexnet", (3, 28, 3)), ("joint-ensemble", (28, 15))],
)
def test_images_that_a_teacher_cannot_read(arch, shape):
    with pytest.raises(
        InputError, match=r"`image_shape` must be \(H, W\) or \(H, W, channels\), at"
    ):
        build_teacher(arch, 6, shape, rngs=nnx.Rngs(0))
    with pytest.raises(InputError, match=r"`images` must have shape \(B, 28, 28\)"):
        LeNet(6, rngs=nnx.Rngs(0))(np.zeros((2, *shape)))


def test_parts_say_what_their_networks_are():
    """Options in the name reach the network; widths and labels are as said."""
    assert (
        build_teacher("alexnet:dropout_rate=0.3", 2, (4, 4), rngs=nnx.Rngs(0)).dropout_rate == 0.3
    )
    for name in ("lenet", "alexnet", "joint-ensemble"):
        part = TEACHERS.build(name)
        build = lambda part=part: part.build((28, 28), 2, rngs=nnx.Rngs(0))  # noqa: E731
        images = jnp.zeros((3, 28, 28))
        logits, hidden = nnx.eval_shape(lambda build=build: build().with_hidden(images))  # noqa: B023
        assert logits.shape == (3, 2) and hidden.shape == (3, part.hidden_size)
    with pytest.raises(InputError, match="`arch` must have a network of its own, but ensemble"):
        build_teacher("ensemble", 6, rngs=nnx.Rngs(0))


@pytest.fixture(scope="module")
def features(pair):
    """What enters AlexNet's dense layers for one picture, by SciPy."""
    return reference.alexnet_features(pair.alexnet, pictures(1)[0])


def test_alexnet_against_scipy(pair, features):
    wanted = reference.alexnet_classes(pair.alexnet, features)
    got = jax.jit(pair.alexnet)(jnp.asarray(pictures(1), jnp.float32))[0]
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-5)


def test_alexnet_drops_before_both_hidden_layers(pair, features):
    """A key zeroes half of the inputs of dense1 and dense2 and doubles the others."""
    key = jax.random.key(3)
    masks = [mask(k, n) for k, n in zip(keys_for(key, 2), (features.size, 32), strict=True)]
    wanted = reference.alexnet_classes(pair.alexnet, features, *masks)
    got = jax.jit(pair.alexnet)(jnp.asarray(pictures(1), jnp.float32), key)[0]
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-5)


def test_joint_ensemble_is_the_mean_of_the_logits(pair, features):
    images, key = jnp.asarray(pictures(1), jnp.float32), jax.random.key(6)
    lenet = reference.lenet(pair.lenet, pictures(1)[0])
    masks = [mask(k, n) for k, n in zip(keys_for(key, 2), (features.size, 32), strict=True)]
    for options, factors in (((), ()), ((key,), masks)):
        wanted = (lenet + reference.alexnet_classes(pair.alexnet, features, *factors)) / 2
        got = jax.jit(pair)(images, *options)[0]
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("scale", [1, 50, 1000])
def test_average_probabilities_against_scipy(scale):
    logits = scale * np.random.default_rng(5).normal(size=(3, 4, 6))
    wanted = softmax(logits, -1).mean(0)
    got = np.exp(np.asarray(average_probabilities(*jnp.asarray(logits, jnp.float32)), float))
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-4 if scale == 1000 else 1e-6)
    np.testing.assert_allclose(got.sum(-1), 1, atol=1e-5)


def test_bad_input():
    sentence = "`arch` must be one of lenet, alexnet, .*ensemble, .*resnet.*, but 'swin' was given"
    with pytest.raises(InputError, match=sentence):
        build_teacher("swin", 6, rngs=nnx.Rngs(0))
    with pytest.raises(InputError, match="`num_classes` must be an integer of at least 2, but 1 "):
        build_teacher("lenet", 1, rngs=nnx.Rngs(0))
