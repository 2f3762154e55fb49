"""Several teachers as one: trained together, or their probabilities averaged."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import check_array, check_list, fail
from jqkd.models.teachers.alexnet import AlexNet, AlexNetTeacher
from jqkd.models.teachers.architecture import TEACHERS, Architecture, Network
from jqkd.models.teachers.lenet import LeNet, LeNetTeacher


class JointEnsemble(Network):
    """The notebooks' ensemble: the mean of both models' logits, trained as one model.

    Args:
        num_classes: C.
        image_shape: (H, W) or (H, W, channels), at least 16x16.
        rngs: initial weights.

    Example:
        >>> shapes = nnx.eval_shape(lambda: JointEnsemble(6, rngs=nnx.Rngs(0)))
        >>> from jqkd.models.layers import count_parameters
        >>> count_parameters(shapes) == 94_655_686 + 44_086
        True
    """

    def __init__(
        self, num_classes: int, image_shape: tuple[int, ...] = (28, 28), *, rngs: nnx.Rngs
    ) -> None:
        self.lenet = LeNet(num_classes, image_shape, rngs=rngs)
        self.alexnet = AlexNet(num_classes, image_shape, rngs=rngs)

    def with_hidden(
        self, images: ArrayLike, key: Array | None = None
    ) -> tuple[Float[Array, "B C"], Float[Array, "B H"]]:
        """Logits ``(B, C)``, and both hidden layers, side by side ``(B, 84 + 4096)``."""
        outputs = self.lenet.with_hidden(images), self.alexnet.with_hidden(images, key)
        (first, one), (second, other) = outputs
        return (first + second) / 2, jnp.concatenate([one, other], -1)


@TEACHERS.register("joint-ensemble")
@dataclass(frozen=True)
class JointEnsembleTeacher(Architecture):
    """A LeNet and an AlexNet, trained as one."""

    label, network = "joint ensemble", JointEnsemble
    cost = LeNetTeacher.cost + AlexNetTeacher.cost
    hidden_size = (LeNetTeacher.hidden_size or 0) + (AlexNetTeacher.hidden_size or 0)
    smallest = max(LeNetTeacher.smallest, AlexNetTeacher.smallest)


@TEACHERS.register("ensemble")
@dataclass(frozen=True)
class Ensemble(Architecture):
    """The average of the probabilities (eq. 16) of teachers that are trained one by one.

    Args:
        members: their names: ``ensemble:members=lenet+alexnet``.
    """

    members: tuple[str, ...] = ("lenet", "alexnet")  # ty: ignore[incompatible-attribute-override] an option

    label, cost = "ensemble", 0.0

    def __post_init__(self) -> None:
        given = check_list("members", self.members, str, "names of teachers")
        parts = [TEACHERS.build(name, "members") for name in given]
        if len(set(parts)) < max(2, len(parts)) or any(part.members for part in parts):
            fail("members", "be two or more different teachers, no averages", ", ".join(given))
        object.__setattr__(self, "members", tuple(map(TEACHERS.text, parts)))

    def check(self, image_shape: tuple[int, ...]) -> None:
        """All members read such images."""
        for member in self.members:
            TEACHERS.build(member).check(image_shape)


def average_probabilities(*logits: ArrayLike) -> Float[Array, "... C"]:
    """The paper's ensemble (eq. 16) as logits: the log of the mean of the softmaxes.

    Args:
        logits: each of shape ``(..., C)``.

    Returns:
        Shape ``(..., C)``; their softmax is the mean of the models' probabilities.

    Raises:
        InputError: none given, or of different shapes.

    Example:
        >>> both = average_probabilities(jnp.log(jnp.array([0.9, 0.1])), jnp.array([0.0, 0.0]))
        >>> [round(float(p), 3) for p in jnp.exp(both)]
        [0.7, 0.3]
    """
    if not logits:
        fail("logits", "be at least one array (..., C)", "none")
    shapes = [np.shape(check_array("logits", value)) for value in logits]
    if len(set(shapes)) > 1 or not shapes[0]:
        fail("logits", "have one shape (..., C)", f"shapes {', '.join(map(str, shapes))}")
    logs = jnp.stack([jax.nn.log_softmax(jnp.asarray(value)) for value in logits])
    return jax.nn.logsumexp(logs, 0) - jnp.log(len(logits))
