"""A quantum teacher: a student of preset pure, exact, where a teacher may stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import check_integer, fail
from jqkd.models.arguments import check_num_classes, check_width
from jqkd.models.presets import PRESETS
from jqkd.models.spec import StudentSpec
from jqkd.models.teachers.architecture import TEACHERS, Architecture, Network


class QuantumTeacher(Network):
    """Logits of a student's exact circuit.

    Args:
        spec: its make-up.
        num_classes: C.
        image_shape: that its features read.
        rngs: initial weights.

    Example:
        >>> import jax.numpy as jnp
        >>> spec = PRESETS["pure"].spec(4)
        >>> QuantumTeacher(spec, 3, rngs=nnx.Rngs(0))(jnp.ones((2, 28, 28))).shape
        (2, 3)
    """

    def __init__(
        self,
        spec: StudentSpec,
        num_classes: int,
        image_shape: tuple[int, ...] = (28, 28),
        *,
        rngs: nnx.Rngs,
    ) -> None:
        self.num_classes = check_num_classes(num_classes)
        most = spec.readout.most_classes(spec.qubits)
        if num_classes > most:
            must = f"be at most {most}, as many as {spec.words} tell apart"
            fail("num_classes", must, num_classes)
        self.student = spec.build(rngs=rngs, image_shape=image_shape)

    def with_hidden(
        self, images: ArrayLike, key: Array | None = None
    ) -> tuple[Float[Array, "B C"], None]:
        """Logits ``(B, C)``; no hidden layer."""
        forward = self.student.forward(images, classes=self.num_classes, dropout_key=key)
        return forward.logits[:, : self.num_classes], None


@TEACHERS.register("pure")
@dataclass(frozen=True)
class PureTeacher(Architecture):
    """A circuit of layers on the amplitudes of an image, as preset pure has it.

    Args:
        qubits: n.
        layers: L.
    """

    label: ClassVar[str] = "quantum teacher"
    cost: ClassVar[float] = 3e-3
    qubits: int = 8
    layers: int = 8

    def __post_init__(self) -> None:
        check_width("qubits", self.qubits)
        check_integer("layers", self.layers, 1, 1000)

    @property
    def spec(self) -> StudentSpec:
        """Its make-up."""
        return PRESETS["pure"].spec(self.qubits, ansatz=f"layered:layers={self.layers}")

    def check(self, image_shape: tuple[int, ...]) -> None:
        """It reads what its features read."""
        nnx.eval_shape(lambda: self.spec.build(rngs=nnx.Rngs(0), image_shape=image_shape))

    def build(self, image_shape: tuple[int, ...], num_classes: int, *, rngs: nnx.Rngs) -> Network:
        return QuantumTeacher(self.spec, num_classes, image_shape, rngs=rngs)
