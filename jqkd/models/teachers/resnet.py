"""A narrow residual network for small images: at its defaults a ResNet-18, four times as narrow."""

from __future__ import annotations

from dataclasses import dataclass

import jax
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Num

from jqkd.models.arguments import check_image_shape, check_num_classes
from jqkd.models.layers import as_images, dense
from jqkd.models.teachers.architecture import TEACHERS, Architecture, Network
from jqkd.models.teachers.normalised import Normalised, check_width_and_depth, mean_pixel

_STAGES, _SMALLEST = 4, 8


class Block(nnx.Module):
    """Two convolutions beside a shortcut, which is a convolution of one pixel where sizes change.

    Args:
        inputs: channels that come in.
        outputs: channels that go out.
        stride: 2 where the image is halved.
        rngs: initial weights.
    """

    def __init__(self, inputs: int, outputs: int, stride: int, *, rngs: nnx.Rngs) -> None:
        self.stride = stride
        self.first = Normalised(inputs, outputs, 3, rngs=rngs)
        self.second = Normalised(outputs, outputs, 3, rngs=rngs)
        changes = stride > 1 or inputs != outputs
        self.shortcut = Normalised(inputs, outputs, 1, rngs=rngs) if changes else None

    def __call__(
        self, images: Num[Array, "channels H W B"], *, training: bool
    ) -> Float[Array, "outputs rows columns B"]:
        """Of images with the batch last."""
        x = jax.nn.relu(self.first(images, training=training, stride=self.stride))
        x = self.second(x, training=training)
        if self.shortcut is not None:
            images = self.shortcut(images[:, :: self.stride, :: self.stride], training=training)
        return jax.nn.relu(x + images)


class ResNet(Network):
    """ResNet (He et al., arXiv:1512.03385) with a 3x3 stem and no pooling before its four stages.

    Args:
        num_classes: C.
        image_shape: (H, W) or (H, W, channels), at least 8x8.
        rngs: initial weights.
        width: channels of the first stage; each stage after it has twice as many.
        depth: blocks of a stage; 2 make a ResNet-18.

    Example:
        >>> from jqkd.models.layers import count_parameters
        >>> shapes = nnx.eval_shape(lambda: ResNet(1000, (32, 32, 3), rngs=nnx.Rngs(0), width=64))
        >>> count_parameters(shapes) == 11_689_512 - 49 * 3 * 64 + 9 * 3 * 64  # torchvision's stem
        True
    """

    def __init__(
        self,
        num_classes: int,
        image_shape: tuple[int, ...] = (28, 28),
        *,
        rngs: nnx.Rngs,
        width: int = 16,
        depth: int = 2,
    ) -> None:
        num_classes = check_num_classes(num_classes)
        *_, channels = check_image_shape(image_shape, _SMALLEST, "ResNet")
        check_width_and_depth(width, depth)
        self.image_shape = image_shape
        self.stem = Normalised(channels, width, 3, rngs=rngs)
        blocks, inputs = [], width
        for number in range(_STAGES * depth):
            stage, place = divmod(number, depth)
            stride = 2 if stage and not place else 1
            blocks.append(Block(inputs, width << stage, stride, rngs=rngs))
            inputs = width << stage
        self.blocks = nnx.List(blocks)
        self.dense = dense(inputs, num_classes, rngs=rngs)

    def with_hidden(
        self, images: ArrayLike, key: Array | None = None
    ) -> tuple[Float[Array, "B C"], Float[Array, "B H"]]:
        """Logits ``(B, C)``, and the last stage's means ``(B, 8 * width)`` that they come from."""
        training = key is not None
        x = jax.nn.relu(self.stem(as_images(images, self.image_shape), training=training))
        for block in self.blocks:
            x = block(x, training=training)
        x = mean_pixel(x)
        return self.dense(x), x


@TEACHERS.register("resnet")
@dataclass(frozen=True)
class ResNetTeacher(Architecture):
    """A ResNet-18 for small images, narrow.

    Args:
        width: channels of its first stage.
        depth: blocks of a stage.
    """

    width: int = 16
    depth: int = 2

    label, network, smallest = "ResNet", ResNet, _SMALLEST

    def __post_init__(self) -> None:
        check_width_and_depth(self.width, self.depth)

    @property
    def hidden_size(self) -> int:  # ty: ignore[incompatible-property-override]  Of options.
        """Channels of the last stage."""
        return self.width << _STAGES - 1

    @property
    def cost(self) -> float:  # ty: ignore[incompatible-property-override]  Of options.
        """Measured at the defaults; work grows with the square of the width."""
        return 5e-3 * self.depth / 2 * (self.width / 16) ** 2
