"""Small teachers for images of any shape: a linear one, one hidden layer, convolutions of a row."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import check_integer, fail, shown
from jqkd.models.arguments import check_images, check_num_classes
from jqkd.models.layers import dense
from jqkd.models.teachers.architecture import TEACHERS, Architecture, Network


class Plain(Network):
    """Layers one after the other on an image's numbers, a ReLU after each, and a dense layer.

    Args:
        num_classes: C.
        image_shape: of any length.
        hidden: width of a hidden layer; 0 for none.
        rngs: initial weights.

    Example:
        >>> import jax.numpy as jnp
        >>> Plain(3, (40,), rngs=nnx.Rngs(0))(jnp.zeros((2, 40))).shape
        (2, 3)
    """

    def __init__(
        self, num_classes: int, image_shape: tuple[int, ...], hidden: int = 0, *, rngs: nnx.Rngs
    ) -> None:
        size = math.prod(image_shape)
        self.image_shape = image_shape
        self.hidden = dense(size, hidden, rngs=rngs) if hidden else None
        self.dense = dense(hidden or size, check_num_classes(num_classes), rngs=rngs)

    def with_hidden(
        self, images: ArrayLike, key: Array | None = None
    ) -> tuple[Float[Array, "B C"], Float[Array, "B H"] | None]:
        """Logits ``(B, C)``, and the hidden layer ``(B, H)`` that they come from."""
        x = check_images(images, self.image_shape)
        x = x.reshape(len(x), -1)
        if self.hidden is None:
            return self.dense(x), None
        x = jax.nn.relu(self.hidden(x))
        return self.dense(x), x


@TEACHERS.register("linear")
@dataclass(frozen=True)
class LinearTeacher(Architecture):
    """Logistic regression on the pixels."""

    label, network, cost = "linear model", Plain, 1e-6

    def check(self, image_shape: tuple[int, ...]) -> None:
        """It reads images of every shape."""


@TEACHERS.register("mlp")
@dataclass(frozen=True)
class MlpTeacher(LinearTeacher):
    """A perceptron with one hidden layer.

    Args:
        hidden: its width.
    """

    label, cost = "MLP", 1e-5
    hidden: int = 100

    def __post_init__(self) -> None:
        check_integer("hidden", self.hidden, 1, 100_000)

    @property
    def hidden_size(self) -> int:  # ty: ignore[incompatible-property-override]  Of options.
        """Its option."""
        return self.hidden


class Conv1d(Network):
    """Three convolutions of stride 2 along a row of numbers, and a dense layer.

    As the one of MNIST-1D (Greydanus, Kobak, arXiv:2011.14439), 25 channels wide.

    Example:
        >>> import jax.numpy as jnp
        >>> Conv1d(10, (40,), rngs=nnx.Rngs(0))(jnp.zeros((2, 40))).shape
        (2, 10)
    """

    def __init__(
        self, num_classes: int, image_shape: tuple[int, ...], width: int = 25, *, rngs: nnx.Rngs
    ) -> None:
        sizes = zip((1, width, width), (5, 3, 3), strict=True)
        self.image_shape = image_shape
        self.layers = nnx.List(
            nnx.Conv(inputs, width, size, 2, padding=1, rngs=rngs) for inputs, size in sizes
        )
        length = image_shape[0]
        for size in (5, 3, 3):
            length = (length + 2 - size) // 2 + 1
        self.dense = dense(width * length, check_num_classes(num_classes), rngs=rngs)

    def with_hidden(
        self, images: ArrayLike, key: Array | None = None
    ) -> tuple[Float[Array, "B C"], Float[Array, "B H"]]:
        """Logits ``(B, C)``, and the last channels ``(B, H)`` that they come from."""
        x = check_images(images, self.image_shape)[..., None]
        for layer in self.layers:
            x = jax.nn.relu(layer(x))
        x = x.reshape(len(x), -1)
        return self.dense(x), x


@TEACHERS.register("conv1d")
@dataclass(frozen=True)
class Conv1dTeacher(Architecture):
    """Convolutions along a row of numbers.

    Args:
        width: channels of each.
    """

    label, network, cost = "1-d CNN", Conv1d, 1e-4
    smallest = 8
    width: int = 25

    def __post_init__(self) -> None:
        check_integer("width", self.width, 1, 1024)

    def check(self, image_shape: tuple[int, ...]) -> None:
        if len(image_shape) != 1 or image_shape[0] < self.smallest:
            must = f"be (F,), at least {self.smallest} numbers, for the {self.label}"
            fail("image_shape", must, shown(image_shape), "choose another teacher")
