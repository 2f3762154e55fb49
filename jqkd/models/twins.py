"""Classical twins of a circuit that works on amplitudes: the same input, the same readout.

What such a circuit does is linear in the amplitudes, then squares. A twin drops that the map is
unitary, or that it is squared, or spends as many weights elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from jqkd._checks import check_integer, fail
from jqkd.models.layers import dense
from jqkd.models.stand_ins import STAND_INS, StandIn, WithoutCircuit

if TYPE_CHECKING:
    from jqkd.models.spec import StudentSpec


class Twin(StandIn):
    """A stand-in that reads the state which the circuit's encoding prepares."""

    reads_amplitudes: ClassVar[bool] = True

    def check(self, spec: StudentSpec) -> None:
        if not spec.encoding.has_amplitudes:
            must = "be left out where the encoding prepares no amplitudes"
            fail("stand_in", must, f"{STAND_INS.text(self)} with {spec.words}")


class AmplitudeLayer(WithoutCircuit):
    """Shares ``(..., K)`` of amplitudes ``(..., 2**Q)``: softmax of dense layers, or |W x|^2 / sum.

    Args:
        spec: the student whose circuit is replaced.
        hidden: width of a hidden layer of tanh; 0 for none.
        squared: whether it is |W x|^2 / sum.
        rngs: initial weights.
    """

    def __init__(self, spec: StudentSpec, hidden: int, squared: bool, *, rngs: nnx.Rngs) -> None:
        super().__init__(spec.qubits, 2**spec.qubits)
        self.squared = squared
        self.first = dense(self.num_inputs, hidden, rngs=rngs) if hidden else None
        width = hidden or self.num_inputs
        if squared:
            self.last = nnx.Linear(width, spec.num_outcomes, use_bias=False, rngs=rngs)
        else:
            self.last = dense(width, spec.num_outcomes, rngs=rngs)

    def shares(self, angles: Float[Array, "... D"]) -> Float[Array, "... K"]:
        values = angles if self.first is None else jnp.tanh(self.first(angles))
        values = self.last(values)
        if not self.squared:
            return jax.nn.softmax(values)
        return values**2 / (values**2).sum(-1, keepdims=True)


@STAND_INS.register("linear-map")
@dataclass(frozen=True)
class LinearMap(Twin):
    """softmax(W x + b): a linear classifier of the same amplitudes."""

    def build(self, spec: StudentSpec, *, rngs: nnx.Rngs) -> AmplitudeLayer:
        return AmplitudeLayer(spec, 0, False, rngs=rngs)


@STAND_INS.register("squared-map")
@dataclass(frozen=True)
class SquaredMap(Twin):
    """|W x|^2 over its sum, with any real W: a circuit's map without its unitarity."""

    def build(self, spec: StudentSpec, *, rngs: nnx.Rngs) -> AmplitudeLayer:
        return AmplitudeLayer(spec, 0, True, rngs=rngs)


@STAND_INS.register("mlp")
@dataclass(frozen=True)
class Mlp(Twin):
    """A hidden layer of tanh on the amplitudes, then softmax.

    Attributes:
        hidden: its width; ``None`` for as many weights as the circuit has, one unit at least.
    """

    hidden: int | None = None

    def __post_init__(self) -> None:
        if self.hidden is not None:
            check_integer("hidden", self.hidden, 1, 10_000)

    def build(self, spec: StudentSpec, *, rngs: nnx.Rngs) -> AmplitudeLayer:
        each = 2**spec.qubits + 1 + spec.num_outcomes
        hidden = self.hidden or max(1, round(spec.circuit.num_weights / each))
        return AmplitudeLayer(spec, hidden, False, rngs=rngs)
