"""What a teacher is, before it is trained: a part that says its cost and builds its network."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar

from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import fail
from jqkd.common.registry import Registry
from jqkd.models.arguments import check_image_shape, check_num_classes, check_rngs


class Network(nnx.Module):
    """A teacher's network; its state is of ``nnx.Param`` and, if any, ``nnx.BatchStat``."""

    def __call__(self, images: ArrayLike, key: Array | None = None) -> Float[Array, "B C"]:
        """Logits ``(B, C)`` of images; a key switches on what only training does."""
        return self.with_hidden(images, key)[0]

    def with_hidden(
        self, images: ArrayLike, key: Array | None = None
    ) -> tuple[Float[Array, "B C"], Float[Array, "B H"] | None]:
        """Logits ``(B, C)``, and the hidden layer that they come from, ``None`` if there is none.

        Args:
            images: ``(B, *image_shape)``, in [0, 1].
            key: of a training step; ``None`` outside training.
        """
        raise NotImplementedError


class Architecture:
    """A kind of teacher: a frozen dataclass; its fields are its options, and its network's.

    Attributes:
        label: names it for a reader.
        network: (num_classes, image_shape, *, rngs, options) -> a ``Network``.
        cost: seconds of one CPU core for one image and epoch, roughly.
        hidden_size: width of the network's hidden layer; ``None`` for none.
        smallest: pixels that an image needs along either axis.
        members: texts of the teachers whose probabilities it averages, each trained on its own;
            none where it is trained itself.
        is_trained: whether it is trained here; false where its answers were imported.
    """

    label: ClassVar[str]
    network: ClassVar[Any] = None
    cost: ClassVar[float] = 1e-3
    hidden_size: ClassVar[int | None] = None
    smallest: ClassVar[int] = 1
    members: ClassVar[tuple[str, ...]] = ()
    is_trained: ClassVar[bool] = True

    def check(self, image_shape: tuple[int, ...]) -> None:
        """It reads images of that shape; by default (H, W) or (H, W, channels) large enough.

        Raises:
            InputError: it does not.
        """
        check_image_shape(image_shape, self.smallest, self.label)

    def check_data(self, dataset: str, classes: Sequence[int]) -> None:
        """It can know these classes; by default those that it is trained on."""

    def build(self, image_shape: tuple[int, ...], num_classes: int, *, rngs: nnx.Rngs) -> Network:
        """The network, with initial weights."""
        if self.network is None:
            advice = "build its members" if self.members else "its answers are all there is"
            fail("arch", "have a network of its own", TEACHERS.text(self), advice)
        part: Any = self
        options = {field.name: getattr(self, field.name) for field in dataclasses.fields(part)}
        return self.network(num_classes, image_shape, rngs=rngs, **options)


TEACHERS: Registry[Architecture] = Registry("teacher", Architecture, has_shelf=True)
assert TEACHERS.shelf is not None
SHELF = TEACHERS.shelf


def build_teacher(
    arch: str, num_classes: int, image_shape: tuple[int, ...] = (28, 28), *, rngs: nnx.Rngs
) -> Network:
    """A teacher by name.

    Args:
        arch: a name of ``TEACHERS``, with options if wanted: ``alexnet:dropout_rate=0.3``.
        num_classes: C, 2 to 1024.
        image_shape: (H, W), (H, W, channels) or (F,).
        rngs: initial weights.

    Raises:
        InputError: an unknown name, too few or too many classes, no ``nnx.Rngs``, images that it
            does not read.

    Example:
        >>> type(build_teacher("lenet", 6, rngs=nnx.Rngs(0))).__name__
        'LeNet'
    """
    part = TEACHERS.build(arch, "arch")
    num_classes = check_num_classes(num_classes)
    check_rngs(rngs)
    part.check(image_shape)
    return part.build(image_shape, num_classes, rngs=rngs)
