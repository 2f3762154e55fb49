"""What a teacher is, before it is trained: a part that says its cost and builds its network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from flax import nnx

from jqkd.common.registry import Registry
from jqkd.models.arguments import check_num_classes, check_picture, check_rngs


class Architecture(ABC):
    """A kind of teacher: a frozen dataclass, whose fields are its options.

    Attributes:
        label: names it for a reader.
        cost: seconds of one CPU core for one image and epoch, roughly.
        hidden_size: width of the hidden layer that its network returns; ``None`` for none.
        smallest: pixels that an image needs along either axis.
        members: texts of the teachers whose probabilities it averages, each trained on its own;
            none where it is trained itself.
    """

    label: ClassVar[str]
    cost: ClassVar[float] = 1e-3
    hidden_size: ClassVar[int | None] = None
    smallest: ClassVar[int] = 1
    members: ClassVar[tuple[str, ...]] = ()

    def check(self, image_shape: tuple[int, ...]) -> None:
        """It reads images of that shape; by default (H, W) or (H, W, channels) large enough.

        Raises:
            InputError: it does not.
        """
        check_picture(image_shape, self.smallest, self.label)

    @abstractmethod
    def build(
        self, image_shape: tuple[int, ...], num_classes: int, *, rngs: nnx.Rngs
    ) -> nnx.Module:
        """The network, whose state is of ``nnx.Param`` and, if any, of ``nnx.BatchStat``.

        Its ``with_hidden(images, key)`` takes images ``(B, *image_shape)`` and a key, which is
        ``None`` outside training, and returns logits ``(B, C)`` and the hidden layer
        ``(B, hidden_size)``, or ``None``.
        """


TEACHERS: Registry[Architecture] = Registry("teacher", Architecture)


def build_teacher(
    arch: str, num_classes: int, image_shape: tuple[int, ...] = (28, 28), *, rngs: nnx.Rngs
) -> nnx.Module:
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
