"""Teachers with batch statistics, narrow, for small images: ResNet and VGG.

Layers take images ``(channels, H, W, B)`` and whether they are trained; a ReLU follows each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import check_integer
from jqkd.models.arguments import check_image_shape, check_num_classes
from jqkd.models.layers import as_images, convolve, dense, max_pool
from jqkd.models.teachers.architecture import TEACHERS, Architecture, Network

# PyTorch's 0.1, the other way round; Flax's own 0.99 needs hundreds of steps to forget its start.
_MOMENTUM = 0.9


class Normalised(nnx.Module):
    """A convolution without bias, normalised over the batch (Ioffe, Szegedy, arXiv:1502.03167).

    Pooling comes in between: XLA may compute what is normalised twice, and then no number of a
    window equals its maximum, whose gradient is NaN.
    """

    def __init__(
        self, inputs: int, outputs: int, size: int = 3, *, stride: int = 1, rngs: nnx.Rngs
    ) -> None:
        he, kernel = nnx.initializers.he_normal(), (size, size)  # arXiv:1502.01852
        self.stride, self.pool = stride, False
        self.conv = nnx.Conv(inputs, outputs, kernel, use_bias=False, kernel_init=he, rngs=rngs)
        self.norm = nnx.BatchNorm(outputs, axis=0, momentum=_MOMENTUM, rngs=rngs)

    def __call__(self, images: Array, training: bool) -> Array:
        x = convolve(self.conv, images)[:, :: self.stride, :: self.stride]
        return self.norm(max_pool(x) if self.pool else x, use_running_average=not training)


class Block(nnx.Module):
    """Two convolutions beside a shortcut, a convolution of one pixel where sizes change."""

    def __init__(self, inputs: int, outputs: int, stride: int, *, rngs: nnx.Rngs) -> None:
        self.first = Normalised(inputs, outputs, stride=stride, rngs=rngs)
        self.second = Normalised(outputs, outputs, rngs=rngs)
        changes = stride > 1 or inputs != outputs
        self.shortcut = (
            Normalised(inputs, outputs, 1, stride=stride, rngs=rngs) if changes else None
        )

    def __call__(self, images: Array, training: bool) -> Array:
        x = self.second(jax.nn.relu(self.first(images, training)), training)
        return x + (images if self.shortcut is None else self.shortcut(images, training))


class Stack(Network):
    """Layers one after the other, the mean over the image, one dense layer."""

    def __init__(self, layers: Sequence[nnx.Module], image_shape: tuple[int, ...]) -> None:
        *layers, self.dense = layers
        self.image_shape, self.layers = image_shape, nnx.List(layers)

    def with_hidden(
        self, images: ArrayLike, key: Array | None = None
    ) -> tuple[Float[Array, "B C"], Float[Array, "B H"]]:
        """Logits ``(B, C)``, and the last channels' means ``(B, H)`` that they come from."""
        x = as_images(images, self.image_shape)
        for layer in self.layers:
            x = jax.nn.relu(layer(x, key is not None))
        x = jnp.mean(x, (1, 2)).T
        return self.dense(x), x


@dataclass(frozen=True)
class Normalising(Architecture):
    """A stack of stages, each with twice as many channels as the one before it.

    Args:
        width: channels of the first stage.
        depth: how deep it is.
    """

    width: int = 16
    depth: int = 2

    def __post_init__(self) -> None:
        check_integer("width", self.width, 1, 1024)
        check_integer("depth", self.depth, 1, 8)

    @property
    def stages(self) -> int:
        """How many there are."""
        return self.depth

    @property
    def smallest(self) -> int:  # ty: ignore[incompatible-property-override]  Of options.
        """One pixel is left of as many."""
        return 2**self.stages

    @property
    def hidden_size(self) -> int:  # ty: ignore[incompatible-property-override]  Of options.
        """Channels of the last stage."""
        return self.width << self.stages - 1

    def stage(self, inputs: int, outputs: int, first: bool, rngs: nnx.Rngs) -> Sequence[nnx.Module]:
        """The layers of a stage, the first or a later one."""
        raise NotImplementedError

    def build(self, image_shape: tuple[int, ...], num_classes: int, *, rngs: nnx.Rngs) -> Network:
        *_, inputs = check_image_shape(image_shape, self.smallest, self.label)
        layers: list[nnx.Module] = []
        for number in range(self.stages):
            outputs = self.width << number
            layers += self.stage(inputs, outputs, not number, rngs)
            inputs = outputs
        layers.append(dense(inputs, check_num_classes(num_classes), rngs=rngs))
        return Stack(layers, image_shape)


@TEACHERS.register("resnet")
@dataclass(frozen=True)
class ResNet(Normalising):
    """ResNet-18 (He et al., arXiv:1512.03385) for small images: narrow, a 3x3 stem, no pooling.

    Args:
        width: channels of its first stage; each of the three after it has twice as many.
        depth: blocks of a stage.
    """

    label, cost, stages = "ResNet", 5e-3, 4

    def stage(self, inputs: int, outputs: int, first: bool, rngs: nnx.Rngs) -> Sequence[nnx.Module]:
        stem = [Normalised(inputs, outputs, rngs=rngs)] if first else []
        blocks = [Block(outputs if first else inputs, outputs, 1 if first else 2, rngs=rngs)]
        blocks += [Block(outputs, outputs, 1, rngs=rngs) for _ in range(self.depth - 1)]
        return [*stem, *blocks]


@TEACHERS.register("vgg")
@dataclass(frozen=True)
class VGG(Normalising):
    """VGG (Simonyan, Zisserman, arXiv:1409.1556), small, with one dense layer.

    Args:
        width: channels of its first pair of convolutions; each after it has twice as many.
        depth: pairs of convolutions, each followed by pooling.
    """

    depth: int = 3

    label, cost = "VGG", 2e-3

    def stage(self, inputs: int, outputs: int, first: bool, rngs: nnx.Rngs) -> Sequence[nnx.Module]:
        pair = [Normalised(size, outputs, rngs=rngs) for size in (inputs, outputs)]
        pair[1].pool = True
        return pair
