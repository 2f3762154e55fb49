"""Teachers of features (F,): a perceptron, and a convolutional net along them. A plug-in."""

from dataclasses import dataclass

import jax
from flax import nnx

from jqkd._checks import fail
from jqkd.models import TEACHERS
from jqkd.models.teachers.architecture import Architecture, Network


class Perceptron(Network):
    """Two hidden layers, of numbers around 0."""

    def __init__(self, num_classes, image_shape, *, rngs, width):
        first = nnx.Linear(image_shape[0], width, rngs=rngs)
        self.hidden = nnx.List([first, nnx.Linear(width, width, rngs=rngs)])
        self.read = nnx.Linear(width, num_classes, rngs=rngs)

    def with_hidden(self, images, key=None):
        x = 12 * images - 6
        for layer in self.hidden:
            x = jax.nn.relu(layer(x))
        return self.read(x), x


class Convolutions(Network):
    """Three convolutions with strides of 2, of numbers around 0."""

    def __init__(self, num_classes, image_shape, *, rngs, width):
        sizes = (1, width, width, width)
        self.hidden = nnx.List(
            nnx.Conv(sizes[k], width, (5,), strides=2, rngs=rngs) for k in range(3)
        )
        self.read = nnx.Linear(width * -(-image_shape[0] // 8), num_classes, rngs=rngs)

    def with_hidden(self, images, key=None):
        x = 12 * images[..., None] - 6
        for layer in self.hidden:
            x = jax.nn.relu(layer(x))
        x = x.reshape(len(x), -1)
        return self.read(x), x


class OfFeatures(Architecture):
    """Reads features only."""

    def check(self, image_shape):
        if len(image_shape) != 1:
            fail("image_shape", "be features (F,)", f"{image_shape}")


@TEACHERS.register("mlp")
@dataclass(frozen=True)
class MLP(OfFeatures):
    """A perceptron of two hidden layers."""

    width: int = 100
    label, network, cost = "MLP", Perceptron, 1e-5


@TEACHERS.register("cnn1d")
@dataclass(frozen=True)
class CNN(OfFeatures):
    """A convolutional net along the features."""

    width: int = 25
    label, network, cost = "CNN", Convolutions, 1e-4
