"""What may stand in the circuit's place: a formula, or a classical layer.

Controls: a student keeps its feature extractor and its readout, and only what lies between them
changes, so that what it owes to its circuit can be read off.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import check_array, fail
from jqkd.common.registry import Registry
from jqkd.models.encodings import Angle
from jqkd.models.layers import dense
from jqkd.quantum.limits import check_memory, check_num_qubits

if TYPE_CHECKING:
    from jqkd.models.spec import StudentSpec


class StandIn:
    """A part that makes what takes a circuit's place; a frozen dataclass.

    Attributes:
        is_quantum: whether it is the circuit, written down as a formula.
        reads_amplitudes: whether it reads the encoding's state, and not the circuit's data.
    """

    is_quantum: ClassVar[bool] = False
    reads_amplitudes: ClassVar[bool] = False

    def build(self, spec: StudentSpec, *, rngs: nnx.Rngs) -> WithoutCircuit:
        """Data in, shares of the outcomes that the readout reads out."""
        raise NotImplementedError

    def check(self, spec: StudentSpec) -> None:
        """The student whose circuit is replaced is one that it can stand in for.

        Raises:
            InputError: it is not.
        """


STAND_INS: Registry[StandIn] = Registry("stand_in", StandIn)


class WithoutCircuit(nnx.Module):
    """Called like a ``QuantumLayer``, without shots; a subclass says in ``shares`` what it is.

    Args:
        num_qubits: Q, the width of the circuit whose place it takes.
        num_inputs: D; one a qubit if not given.
    """

    def __init__(self, num_qubits: int, num_inputs: int | None = None) -> None:
        self.num_qubits = check_num_qubits(num_qubits)
        check_memory("num_qubits", self.num_qubits, bytes_each=4 * self.num_qubits)
        self.num_inputs = num_inputs or self.num_qubits

    def __call__(
        self,
        angles: ArrayLike,
        *,
        key: Array | None = None,
        ids: ArrayLike | None = None,
        shots: ArrayLike | None = None,
    ) -> Float[Array, "... K"]:
        """Shares ``(..., K)`` of the outcomes.

        Raises:
            InputError: shots are given, or angles have another shape.
        """
        if shots is not None:
            fail("shots", "be None: there is no circuit that draws them", shots)
        return self.shares(jnp.asarray(check_array("angles", angles, ("...", self.num_inputs))))

    def shares(self, angles: Float[Array, "... D"]) -> Float[Array, "... K"]:
        """Shares ``(..., K)`` of data ``(..., D)``: angles in radians, or amplitudes."""
        raise NotImplementedError


class ClosedForm(WithoutCircuit):
    """The probabilities of H and RY on every qubit, written down: p(c) = prod_k (1 ± sin t_k) / 2.

    Plus where bit k of c is 1. Differentiated by autodiff, and exact: no shots.

    Example:
        >>> ClosedForm(2)(jnp.array([[jnp.pi / 2, 0.0]])).round(3).tolist()
        [[0.0, 0.5, 0.0, 0.5]]
    """

    def shares(self, angles: Float[Array, "... Q"]) -> Float[Array, "... K"]:
        bits = np.arange(2**self.num_qubits)[:, None] >> np.arange(self.num_qubits) & 1
        signs = jnp.asarray(2 * bits - 1, angles.dtype)
        return ((1 + signs * jnp.sin(angles)[..., None, :]) / 2).prod(-1)


class ClassicalLayer(WithoutCircuit):
    """No circuit: softmax of a dense layer on t / (pi / 2) in place of the frequencies.

    Args:
        num_qubits: Q, the width of the circuit whose place it takes.
        rngs: initial weights.

    Example:
        >>> layer = ClassicalLayer(3, rngs=nnx.Rngs(0))
        >>> layer(jnp.zeros((4, 3))).sum(-1).round(3).tolist()
        [1.0, 1.0, 1.0, 1.0]
    """

    def __init__(self, num_qubits: int, *, rngs: nnx.Rngs) -> None:
        super().__init__(num_qubits)
        self.dense = dense(num_qubits, 2**num_qubits, rngs=rngs)

    def shares(self, angles: Float[Array, "... Q"]) -> Float[Array, "... K"]:
        return jax.nn.softmax(self.dense(angles / (math.pi / 2)))


@STAND_INS.register("closed-form")
@dataclass(frozen=True)
class Formula(StandIn):
    """Makes ``ClosedForm``, for the paper's circuit of H and RY alone."""

    is_quantum: ClassVar[bool] = True

    def build(self, spec: StudentSpec, *, rngs: nnx.Rngs) -> ClosedForm:
        return ClosedForm(spec.qubits)

    def check(self, spec: StudentSpec) -> None:
        if spec.circuit != Angle().circuit(spec.qubits):
            must = "be left out where the circuit is not H and RY alone, whose formula it is"
            fail("stand_in", must, f"closed-form with {spec.words}")


@STAND_INS.register("classical")
@dataclass(frozen=True)
class Classical(StandIn):
    """Makes ``ClassicalLayer``, of the data that a circuit without weights would read."""

    def build(self, spec: StudentSpec, *, rngs: nnx.Rngs) -> ClassicalLayer:
        return ClassicalLayer(spec.qubits, rngs=rngs)

    def check(self, spec: StudentSpec) -> None:
        if spec.circuit.num_weights or spec.circuit.num_data != spec.qubits:
            must = "be left out where the circuit does not read one number a qubit and no weights"
            fail("stand_in", must, f"classical with {spec.words}")
