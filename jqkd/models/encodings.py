"""Encodings: from F features to a circuit's data, and the gates that read it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array

from jqkd._checks import check_choice, check_number, check_type
from jqkd.common.registry import Registry
from jqkd.models.arguments import check_features
from jqkd.quantum import Circuit, Op, amplitude_angles, amplitude_encoding, angle_encoding


class Encoding:
    """A part that reads features into a circuit; a frozen dataclass, its fields are its options."""

    def num_features(self, qubits: int) -> int:
        """F, which the feature extractor has to make."""
        raise NotImplementedError

    def circuit(self, qubits: int) -> Circuit:
        """The gates, their angles filled by data 0 to D - 1."""
        raise NotImplementedError

    def data(self, features: Array) -> Array:
        """Data ``(B, D)``, radians, from features ``(B, F)``; differentiable."""
        raise NotImplementedError


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
        axis: of the rotation: X, Y or Z.
        hadamard: whether every qubit is first brought into superposition by H.

    Example:
        >>> print(Angle().circuit(2))
        q0: ─H─RY(x0)─
        q1: ─H─RY(x1)─
    """

    turn: float = 1.0
    axis: str = "Y"
    hadamard: bool = True

    def __post_init__(self) -> None:
        check_number("turn", self.turn, above=0)
        check_choice("axis", self.axis, "XYZ")
        check_type("hadamard", self.hadamard, bool, "true or false")

    def num_features(self, qubits: int) -> int:
        """One a qubit."""
        return qubits

    def circuit(self, qubits: int) -> Circuit:
        """H, where it is asked for, and a rotation on every qubit."""
        turns = angle_encoding(qubits, self.axis).as_data()
        first = [Op("H", (wire,)) for wire in range(qubits)] if self.hadamard else []
        return Circuit(qubits, first).then(turns)

    def data(self, features: Array) -> Array:
        """See ``Encoding``."""
        return self.turn * math.pi * jnp.tanh(check_features("features", features, None))


@ENCODINGS.register("amplitude")
@dataclass(frozen=True)
class Amplitude(Encoding):
    """The paper's eq. 14 and 15: tanh of 2**Q features, divided by their L2 norm, as amplitudes.

    Example:
        >>> Amplitude().data(jnp.ones((2, 8))).shape
        (2, 7)
    """

    def num_features(self, qubits: int) -> int:
        """One an amplitude."""
        return 2**qubits

    def circuit(self, qubits: int) -> Circuit:
        """RY and CX that prepare a real state."""
        return amplitude_encoding(qubits).as_data()

    def data(self, features: Array) -> Array:
        """See ``Encoding``."""
        return jax.vmap(amplitude_angles)(jnp.tanh(check_features("features", features, None)))
