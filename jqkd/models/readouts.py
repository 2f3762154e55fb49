"""Readouts: from outcome frequencies to logits.

The notebooks' readouts leave outcomes that are no class in the softmax, and an argmax may pick one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Num

from jqkd._checks import check_number
from jqkd.common.registry import Registry
from jqkd.models.arguments import check_frequencies, check_index

# A logit that no softmax notices; finite, so that 0 * FILL in a loss or its gradient is not NaN.
FILL = -1e30


class Readout:
    """A part that reads a circuit; a frozen dataclass, its fields are its options.

    One without weights is called itself; one with weights returns in ``build`` a module that is.
    """

    def __call__(self, frequencies: ArrayLike, classes: ArrayLike) -> Float[Array, "... L"]:
        """Logits ``(..., L)``, L >= C, of frequencies ``(..., K)``; entry c is class c.

        Frequencies are of the K = 2**Q outcomes, in outcome order; C may be traced.
        """
        raise NotImplementedError

    def most_classes(self, qubits: int) -> int:
        """How many classes it can tell apart: one an outcome."""
        return 2**qubits

    def build(self, qubits: int, *, rngs: nnx.Rngs) -> Callable[[Array, ArrayLike], Array]:
        """What is called as this is: itself, unless there are weights."""
        return self


READOUTS: Registry[Readout] = Registry("readout", Readout)


@READOUTS.register("concat-sigmoid")
@dataclass(frozen=True)
class ConcatSigmoid(Readout):
    """The notebooks' usual one: z = sigmoid(p), logits = concat(z, 1 - z), L = 2 K.

    All logits lie in (0.26, 0.74): a softmax of them stays near uniform.

    Example:
        >>> [round(float(z), 3) for z in ConcatSigmoid()(jnp.array([0.0, 1.0]), 2)]
        [0.5, 0.731, 0.5, 0.269]
    """

    def __call__(self, frequencies: ArrayLike, classes: ArrayLike) -> Float[Array, "... L"]:
        z = jax.nn.sigmoid(_checked(frequencies, classes))
        return jnp.concatenate([z, 1 - z], -1)


@READOUTS.register("softmax")
@dataclass(frozen=True)
class Softmax(Readout):
    """That of three of the notebooks' rows: logits = softmax(p).

    Example:
        >>> Softmax()(jnp.array([0.0, 0.0]), 2).tolist()
        [0.5, 0.5]
    """

    def __call__(self, frequencies: ArrayLike, classes: ArrayLike) -> Float[Array, "... L"]:
        e = jnp.exp(_checked(frequencies, classes))
        # Not a division, nor JAX's softmax: XLA rounds those otherwise in another program.
        return e * (1 / e.sum(-1, keepdims=True))


@READOUTS.register("log-probability")
@dataclass(frozen=True)
class LogProbability(Readout):
    """Frequencies read as class probabilities, as the paper's text says: logits = log(p + floor).

    Attributes:
        floor: keeps the log of an unseen outcome finite; half a count at the paper's 5000 shots.

    Example:
        >>> jax.nn.softmax(LogProbability()(jnp.array([0.25, 0.75]), 2)).round(2).tolist()
        [0.25, 0.75]
    """

    floor: float = 1e-4

    def __post_init__(self) -> None:
        check_number("floor", self.floor, above=0, most=1)

    def __call__(self, frequencies: ArrayLike, classes: ArrayLike) -> Float[Array, "... L"]:
        return jnp.log(_checked(frequencies, classes) + self.floor)


@READOUTS.register("scaled-probability")
@dataclass(frozen=True)
class ScaledProbability(Readout):
    """logits = scale * p for the C classes, nothing for the other outcomes.

    Linear in p, so that the shift rule's noise is not divided by small frequencies.

    Attributes:
        scale: of a certain outcome; 10 is large enough for a softmax of 0.9999, and small enough
            that the shot noise of one outcome moves a logit by less than 0.1.

    Example:
        >>> ScaledProbability()(jnp.array([0.5, 0.25, 0.0, 0.25]), 3)[:3].tolist()
        [5.0, 2.5, 0.0]
    """

    scale: float = 10.0

    def __post_init__(self) -> None:
        check_number("scale", self.scale, above=0, most=1e6)

    def __call__(self, frequencies: ArrayLike, classes: ArrayLike) -> Float[Array, "... L"]:
        shares = _checked(frequencies, classes)
        inside = jnp.arange(shares.shape[-1]) < classes
        return jnp.where(inside, self.scale * shares, FILL)


def _checked(frequencies: ArrayLike, classes: ArrayLike) -> Num[Array, "... K"]:
    checked = check_frequencies(frequencies)
    check_index("classes", classes, 1, checked.shape[-1])
    return checked
