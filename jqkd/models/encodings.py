"""Encodings: from F features to a circuit's data, and the gates that read it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import check_array, check_integer, check_number, check_type
from jqkd.common.registry import Registry
from jqkd.models.arguments import check_axes
from jqkd.quantum import Circuit, Op, amplitude_angles, amplitude_encoding, data
from jqkd.quantum.limits import check_num_qubits

# Each is an angle of a gate.
_MOST_FEATURES = 1000


class Encoding:
    """A part that reads features into a circuit; a frozen dataclass, its fields are its options.

    Attributes:
        has_amplitudes: whether ``amplitudes`` says which state the circuit makes.
    """

    has_amplitudes: ClassVar[bool] = False

    def num_features(self, qubits: int) -> int:
        """F, which the feature extractor has to make."""
        raise NotImplementedError

    def circuit(self, qubits: int) -> Circuit:
        """The gates, their angles filled by data 0 to D - 1."""
        raise NotImplementedError

    def data(self, features: Float[Array, "... F"]) -> Float[Array, "... D"]:
        """Data ``(B, D)``, radians, from features ``(B, F)``; differentiable."""
        raise NotImplementedError

    def amplitudes(self, features: Float[Array, "... F"]) -> Float[Array, "... K"]:
        """The state that the circuit makes, ``(B, K)`` in outcome order.

        Where nothing before it is trained, simulation starts from it and saves the gates.
        """
        raise NotImplementedError

    def mechanism(self, features: Float[np.ndarray, "N F"]) -> dict[str, float]:
        """Where the features of a student have gone, in a few numbers by name; none by default."""
        return {}


ENCODINGS: Registry[Encoding] = Registry("encoding", Encoding)


@ENCODINGS.register("angle")
@dataclass(frozen=True)
class Angle(Encoding):
    """One feature f a qubit: rotation by turn * pi * tanh(f).

    After H, RY(theta) reads 1 with probability (1 + sin theta) / 2. With the notebooks' whole turn
    a feature that grows passes the certain outcome and ends at 50:50, where the gradient vanishes;
    with half of it it ends at the certain outcome.

    Attributes:
        turn: largest angle over pi.
        axis: of the rotation: X, Y or Z; of several letters each is that of the next rotation of
            a qubit, in turn.
        hadamard: whether every qubit is first brought into superposition by H.
        features: how many; one a qubit if ``None``. More are for circuits that read the data
            themselves; here they follow each other, feature i on qubit i mod Q.

    Example:
        >>> print(Angle().circuit(2))
        q0: ─H─RY(x0)─
        q1: ─H─RY(x1)─
    """

    turn: float = 1.0
    axis: str = "Y"
    hadamard: bool = True
    features: int | None = None

    def __post_init__(self) -> None:
        check_number("turn", self.turn, above=0)
        check_axes("axis", self.axis)
        check_type("hadamard", self.hadamard, bool, "true or false")
        if self.features is not None:
            check_integer("features", self.features, 1, _MOST_FEATURES)

    def num_features(self, qubits: int) -> int:
        """One a qubit, unless it is said how many."""
        return self.features or qubits

    def circuit(self, qubits: int) -> Circuit:
        """H, where it is asked for, and a rotation for every feature."""
        qubits = check_num_qubits(qubits)
        first = [Op("H", (wire,)) for wire in range(qubits) if self.hadamard]
        turns = [
            Op(f"R{self.axis[i // qubits % len(self.axis)]}", (i % qubits,), filled=data(i))
            for i in range(self.num_features(qubits))
        ]
        return Circuit(qubits, (*first, *turns))

    def data(self, features: Array) -> Array:
        return self.turn * math.pi * jnp.tanh(_checked(features))

    def mechanism(self, features: np.ndarray) -> dict[str, float]:
        """Median size of f, mean slope d theta / d f, mean |sin theta|, 0 where all is 50:50.

        theta = a tanh(f) saturates: once features run away, every angle sits at ± a and no
        gradient comes back.

        Example:
            >>> gone = Angle().mechanism(np.full((2, 3), 40.0))
            >>> {name: float(f"{value:.1g}") for name, value in gone.items()}
            {'feature': 40.0, 'slope': 2e-34, 'sine': 1e-16}
        """
        size, largest = np.abs(features.astype(np.float64)), self.turn * math.pi
        # 1 / cosh^2 in a form that neither overflows nor loses its digits, as 1 - tanh^2 would.
        decay = np.exp(-2 * size)
        return {
            "feature": float(np.median(size)),
            "slope": float((largest * 4 * decay / (1 + decay) ** 2).mean()),
            "sine": float(np.abs(np.sin(largest * np.tanh(size))).mean()),
        }


@ENCODINGS.register("amplitude")
@dataclass(frozen=True)
class Amplitude(Encoding):
    """2**Q features, divided by their L2 norm, as amplitudes (the paper's eq. 14 and 15).

    Attributes:
        squash: whether tanh of the features is taken first, as the paper does; pixels need none.

    Example:
        >>> Amplitude().data(jnp.ones((2, 8))).shape
        (2, 7)
    """

    squash: bool = True

    has_amplitudes: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_type("squash", self.squash, bool, "true or false")

    def num_features(self, qubits: int) -> int:
        """One an amplitude."""
        return 2**qubits

    def circuit(self, qubits: int) -> Circuit:
        """RY and CX that prepare a real state."""
        return amplitude_encoding(qubits).as_data()

    def data(self, features: Array) -> Array:
        return jax.vmap(amplitude_angles)(self._squashed(features))

    def amplitudes(self, features: Array) -> Array:
        """Features divided by their norm; of no features at all |0...0>, as by the circuit."""
        features = self._squashed(features)
        norm = jnp.sqrt((features**2).sum(-1, keepdims=True))
        first = jnp.zeros(features.shape[-1], features.dtype).at[0].set(1)
        return jnp.where(norm > 0, features / jnp.where(norm > 0, norm, 1), first)

    def _squashed(self, features: Array) -> Array:
        features = _checked(features)
        return jnp.tanh(features) if self.squash else features


def _checked(features: ArrayLike) -> Float[Array, "... F"]:
    return jnp.asarray(check_array("features", features, ("...", None)))
