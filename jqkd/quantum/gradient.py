"""The parameter-shift rule, by hand.

For a gate exp(-i t G) whose generator has two eigenvalues one apart, every outcome probability is
f(t) = a + b cos(t) + c sin(t), hence f'(t) = [f(t + s) - f(t - s)] / (2 sin s): the derivative
from the same circuit, run at two other angles, on any machine that can run it (the paper's
eq. 12; Mitarai et al., arXiv:1803.00745; Schuld et al., arXiv:1811.11184).

Angles are shifted slot by slot. Encoding, scaling and shared parameters stay in plain JAX before
the circuit, and autodiff does the chain rule there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import check_key, check_number, check_type, fail
from jqkd.quantum import measurement, statevector
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.sampling import check_shots, draw_counts


@dataclass(frozen=True)
class ShiftRule:
    """derivative = coefficient * [f(t + shift) - f(t - shift)].

    Attributes:
        shift: s, radians.
        coefficient: 1 / (2 sin s) for the true derivative.

    Raises:
        InputError: no finite numbers, or a shift that is a multiple of pi.

    Example:
        >>> round(ShiftRule.exact(math.pi / 4).coefficient, 4), round(NOTEBOOK_RULE.factor, 4)
        (0.7071, 1.4142)
    """

    shift: float
    coefficient: float

    def __post_init__(self) -> None:
        _check_shift(self.shift)
        check_number("coefficient", self.coefficient)

    @classmethod
    def exact(cls, shift: float) -> ShiftRule:
        """The true derivative from any shift that is no multiple of pi."""
        _check_shift(shift)
        return cls(shift, 1 / (2 * math.sin(shift)))

    @property
    def factor(self) -> float:
        """What the rule returns, divided by the true derivative."""
        return 2 * math.sin(self.shift) * self.coefficient


def _check_shift(shift: float) -> None:
    if abs(math.sin(check_number("shift", shift))) < 1e-6:
        fail("shift", "not be a multiple of pi, where both circuits are the same", shift)


_Angles = Float[Array, " P"]
_Values = Float[Array, " K"]
_Jacobian = Float[Array, "P K"]

TWO_TERM_RULE = ShiftRule(math.pi / 2, 0.5)
# The paper's notebooks shift by pi/4 and do not divide: sqrt(2) times the derivative.
NOTEBOOK_RULE = ShiftRule(math.pi / 4, 1.0)


def outcome_probabilities(
    circuit: Circuit,
    angles: ArrayLike,
    *,
    shots: ArrayLike | None = None,
    key: Array | None = None,
    rule: ShiftRule = TWO_TERM_RULE,
) -> Float[Array, " K"]:
    """Outcome probabilities of a circuit, differentiated by the parameter-shift rule.

    Args:
        circuit: Q qubits, P slots.
        angles: shape ``(P,)``, radians.
        shots: S shots for the value and for each of the 2 P shifted circuits; exact if not given.
        key: required with ``shots``, refused without; consumed.
        rule: which shift, and what to multiply with.

    Returns:
        Shape ``(K,)``, K = 2**Q, in outcome order: exact, or frequencies (whole numbers over S).

    Raises:
        InputError: a gate that the two-term rule does not fit, shots without a key or a key
            without shots, a vector of angles of another shape, shots outside 1..2**24.

    Example:
        >>> from jqkd.quantum.templates import h_ry
        >>> one = lambda t: outcome_probabilities(h_ry(1), t)[1]
        >>> value, slope = jax.value_and_grad(one)(jnp.array([0.0]))
        >>> round(float(value), 3), round(float(slope[0]), 3)
        (0.5, 0.5)
    """
    angles = statevector.check_angles(circuit, angles)
    for op in circuit.ops:
        if op.num_slots and not op.gate.shiftable:
            must = "hold angles only in gates that the two-term shift rule fits"
            advice = "differentiate `statevector.run` by autodiff instead, or decompose the gate"
            fail("circuit", must, op.name, advice)
    check_type("rule", rule, ShiftRule, "a ShiftRule")
    if (shots is None) != (key is None):
        given = "a key without shots" if shots is None else "shots without a key"
        fail("key", "be given exactly when `shots` is", given, "exact values need neither")
    if shots is None or key is None:
        return _exact(circuit, rule, angles)
    check_key("key", key)
    check_shots(shots)
    return _sampled(circuit, rule, angles, key, jnp.asarray(shots, angles.dtype))


def _probabilities(circuit: Circuit, angles: _Angles) -> _Values:
    return measurement.probabilities(statevector.run(circuit, angles))


def _shifted(circuit: Circuit, rule: ShiftRule, angles: _Angles) -> Float[Array, "2*P+1 P"]:
    """The angles themselves, then every slot shifted up, then every slot down: (2P + 1, P)."""
    steps = rule.shift * jnp.eye(circuit.num_angles, dtype=angles.dtype)
    return jnp.concatenate([angles[None], angles + steps, angles - steps])


def _value_and_jacobian(rule: ShiftRule, values: Float[Array, "N K"]) -> tuple[_Values, _Jacobian]:
    """(K,) and (P, K) from the results of the 2P + 1 circuits of ``_shifted``."""
    up, down = jnp.split(values[1:], 2)
    return values[0], rule.coefficient * (up - down)


def _contract(jacobian: _Jacobian, cotangent: _Values) -> _Angles:
    # A sum of products: a matrix product may round in another order in another batch.
    return (jacobian * cotangent).sum(-1)


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _exact(circuit: Circuit, rule: ShiftRule, angles: _Angles) -> _Values:
    return _probabilities(circuit, angles)


def _exact_forward(circuit: Circuit, rule: ShiftRule, angles: _Angles) -> tuple[_Values, _Jacobian]:
    values = jax.vmap(partial(_probabilities, circuit))(_shifted(circuit, rule, angles))
    return _value_and_jacobian(rule, values)


def _exact_backward(
    circuit: Circuit, rule: ShiftRule, jacobian: Array, cotangent: Array
) -> tuple[Array]:
    return (_contract(jacobian, cotangent),)


_exact.defvjp(_exact_forward, _exact_backward)


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _sampled(circuit: Circuit, rule: ShiftRule, angles: Array, key: Array, shots: Array) -> Array:
    return _frequencies(circuit, angles, jax.random.fold_in(key, 0), shots)


def _frequencies(circuit: Circuit, angles: Array, key: Array, shots: Array) -> Array:
    # Not counts / shots: XLA divides by a constant and by a traced number in different bits.
    return draw_counts(key, _probabilities(circuit, angles), shots) * (1 / shots)


def _sampled_forward(
    circuit: Circuit, rule: ShiftRule, angles: Array, key: Array, shots: Array
) -> tuple[Array, Array]:
    """All 2P + 1 circuits at once; circuit 0, the value, draws what the plain call draws."""
    many = _shifted(circuit, rule, angles)
    keys = jax.vmap(partial(jax.random.fold_in, key))(jnp.arange(len(many)))
    values = jax.vmap(partial(_frequencies, circuit), (0, 0, None))(many, keys, shots)
    return _value_and_jacobian(rule, values)


def _sampled_backward(
    circuit: Circuit, rule: ShiftRule, jacobian: Array, cotangent: Array
) -> tuple[Array, None, None]:
    return _contract(jacobian, cotangent), None, None


_sampled.defvjp(_sampled_forward, _sampled_backward)
