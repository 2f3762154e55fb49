"""Readouts: from outcome frequencies to logits.

The notebooks' readouts leave outcomes that are no class in the softmax, and an argmax may pick one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Num

from jqkd._checks import check_integer, check_number
from jqkd.common.registry import Registry
from jqkd.models.arguments import check_frequencies, check_index
from jqkd.models.layers import dense

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

    def wires(self, qubits: int) -> tuple[int, ...] | None:
        """Which qubits are read, K = 2**len(wires) outcomes; ``None`` for all."""
        return None

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


class Scaled(nnx.Module):
    """logits = exp(s) v + b for C classes: v = p, with one s, or v = A p, with s and b a class.

    Args:
        scale: exp(s) before training.
        matrix: A, ``(L, K)``, held fixed; ``None`` for v = p.
    """

    def __init__(self, scale: float, matrix: np.ndarray | None = None) -> None:
        self.matrix = None if matrix is None else nnx.static(tuple(map(tuple, matrix.tolist())))
        shape = () if matrix is None else (len(matrix),)
        # As a logarithm: a step of Adam changes it by a share, large or small as it may be.
        self.log_scale = nnx.Param(jnp.full(shape, math.log(scale)))
        self.bias = None if matrix is None else nnx.Param(jnp.zeros(shape))

    def __call__(self, frequencies: ArrayLike, classes: ArrayLike) -> Float[Array, "... L"]:
        values = _checked(frequencies, classes)
        if self.matrix is not None:
            values = values @ jnp.asarray(self.matrix, values.dtype).T
        logits = jnp.exp(self.log_scale[...]) * values
        logits = logits if self.bias is None else logits + self.bias[...]
        return jnp.where(jnp.arange(logits.shape[-1]) < classes, logits, FILL)


@READOUTS.register("register")
@dataclass(frozen=True)
class Register(Readout):
    """Some qubits are the class: logits = scale * p of their outcomes; the scale is trained.

    Attributes:
        bits: how many qubits, from qubit 0 on, all at most; the others are not looked at.
        scale: before training.

    Example:
        >>> readout = Register(1, 2.0).build(2, rngs=nnx.Rngs(0))
        >>> [round(float(z), 3) for z in readout(jnp.array([0.25, 0.75]), 2)]
        [0.5, 1.5]
    """

    bits: int = 4
    scale: float = 40.0

    def __post_init__(self) -> None:
        check_integer("bits", self.bits, 1)
        check_number("scale", self.scale, above=0, most=1e6)

    def most_classes(self, qubits: int) -> int:
        return 2 ** len(self.wires(qubits))

    def wires(self, qubits: int) -> tuple[int, ...]:
        return tuple(range(min(self.bits, qubits)))

    def build(self, qubits: int, *, rngs: nnx.Rngs) -> Scaled:
        return Scaled(self.scale)


@READOUTS.register("z")
@dataclass(frozen=True)
class ZValues(Readout):
    """logits = scale * <Z> + bias, both trained for each class.

    Class c < Q reads Z of qubit c, class Q + c reads Z Z of qubits c and c + 1 (mod Q): 2 Q
    classes at most.

    Attributes:
        scale: before training.

    Example:
        >>> readout = ZValues(2.0).build(2, rngs=nnx.Rngs(0))
        >>> readout(jnp.array([1.0, 0.0, 0.0, 0.0]), 2)[:2].round(3).tolist()
        [2.0, 2.0]
    """

    scale: float = 3.0

    def __post_init__(self) -> None:
        check_number("scale", self.scale, above=0, most=1e6)

    def most_classes(self, qubits: int) -> int:
        return min(2 * qubits, 2**qubits)

    def build(self, qubits: int, *, rngs: nnx.Rngs) -> Scaled:
        signs = _signs(qubits)
        strings = np.concatenate([signs, signs * np.roll(signs, -1, 0)])
        return Scaled(self.scale, strings[: self.most_classes(qubits)])


class DenseLayer(nnx.Module):
    """A dense layer on <Z> of every qubit."""

    def __init__(self, qubits: int, outputs: int, *, rngs: nnx.Rngs) -> None:
        self.signs = nnx.static(tuple(map(tuple, _signs(qubits).tolist())))
        self.dense = dense(qubits, outputs, rngs=rngs)

    def __call__(self, frequencies: ArrayLike, classes: ArrayLike) -> Float[Array, "... L"]:
        shares = _checked(frequencies, classes)
        logits = self.dense(shares @ jnp.asarray(self.signs, shares.dtype).T)
        return jnp.where(jnp.arange(logits.shape[-1]) < classes, logits, FILL)


@READOUTS.register("dense-z")
@dataclass(frozen=True)
class DenseZ(Readout):
    """<Z> of every qubit, then a dense layer: Q * L + L classical weights behind the circuit.

    Attributes:
        outputs: L, the most classes that it tells apart.
    """

    outputs: int = 10

    def __post_init__(self) -> None:
        check_integer("outputs", self.outputs, 2, 1024)

    def most_classes(self, qubits: int) -> int:
        return min(self.outputs, 2**qubits)

    def build(self, qubits: int, *, rngs: nnx.Rngs) -> DenseLayer:
        return DenseLayer(qubits, self.outputs, rngs=rngs)


def _signs(qubits: int) -> np.ndarray:
    """(Q, K): Z of each qubit at each outcome."""
    return 1.0 - 2 * (np.arange(2**qubits) >> np.arange(qubits)[:, None] & 1)


def _checked(frequencies: ArrayLike, classes: ArrayLike) -> Num[Array, "... K"]:
    checked = check_frequencies(frequencies)
    check_index("classes", classes, 1, checked.shape[-1])
    return checked
