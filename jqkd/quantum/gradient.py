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
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike, DTypeLike
from jaxtyping import Array, Float, Inexact

from jqkd._checks import check_array, check_key, check_list, check_number, check_type, fail
from jqkd.quantum import fused, measurement, statevector
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.noise import NoiseModel, density
from jqkd.quantum.noise.trajectories import check_trajectories
from jqkd.quantum.noise.trajectories import probabilities as noisy_mean
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
_State = Inexact[Array, " N"]
_Values = Float[Array, " K"]
_Jacobian = Float[Array, "P K"]
# Frequencies of the shifted circuits, and the shots of each slot.
_Drawn = tuple[Float[Array, "circuits K"], Float[Array, " P"]]

TWO_TERM_RULE = ShiftRule(math.pi / 2, 0.5)
# With fewer qubits, shifted circuits that share their work are no quicker.
_SHARED_FROM = 5
# The paper's notebooks shift by pi/4 and do not divide: sqrt(2) times the derivative.
NOTEBOOK_RULE = ShiftRule(math.pi / 4, 1.0)


def outcome_probabilities(
    circuit: Circuit,
    angles: ArrayLike,
    *,
    shots: ArrayLike | None = None,
    key: Array | None = None,
    rule: ShiftRule | None = TWO_TERM_RULE,
    state: ArrayLike | None = None,
    wires: Sequence[int] | None = None,
    noise: NoiseModel | None = None,
    trajectories: ArrayLike | None = None,
) -> Float[Array, " K"]:
    """Outcome probabilities of a circuit, differentiated by the parameter-shift rule.

    Args:
        circuit: Q qubits, P slots.
        angles: shape ``(P,)``, radians.
        shots: S shots for the value and for each of the 2 P shifted circuits; exact if not given.
            Or ``(P + 1,)``: for the value, then for both shifted circuits of each slot; what
            autodiff gives for these is no slope but, slot by slot, an estimate of the variance that
            one shot for both circuits would leave in the slot's slope.
        key: required with ``shots`` or ``trajectories``, refused without; consumed.
        rule: which shift, and what to multiply with; ``None`` for autodiff, without shots.
        state: what the circuit starts from, ``(2,) * Q``, normalised, |0...0> if not given;
            autodiff alone takes a derivative with respect to it.
        wires: the qubits that are read, all if not given; bit k of an outcome is that of wire k.
        noise: of the machine; its strengths may be traced. A channel behind a gate leaves the
            shift rule exact: it is linear and does not know the angle.
        trajectories: M, of every circuit, with their errors drawn: unbiased, for more qubits; may
            be traced. If not given, the density matrix is simulated, up to 8 qubits.

    Returns:
        Shape ``(K,)``, K = 2**Q, or 2**len(wires), in outcome order: exact, or frequencies (whole
        numbers over S).

    Raises:
        InputError: a gate that the two-term rule does not fit, shots without a key or a key
            without shots, angles or shots of another shape, shots outside 1..2**24, a noise
            model for another number of qubits, or too many qubits for noise.

    Example:
        >>> from jqkd.quantum.templates import h_ry
        >>> one = lambda t: outcome_probabilities(h_ry(1), t)[1]
        >>> value, slope = jax.value_and_grad(one)(jnp.array([0.0]))
        >>> round(float(value), 3), round(float(slope[0]), 3)
        (0.5, 0.5)
    """
    angles = statevector.check_angles(circuit, angles)
    check_type("rule", rule, (ShiftRule, type(None)), "a ShiftRule or None")
    if rule is not None:
        _check_shiftable(circuit)
    elif shots is not None:
        fail(
            "rule", "be a ShiftRule where shots are drawn, which autodiff knows nothing of", "None"
        )
    if trajectories is not None:
        _check_trajectories(trajectories, rule, noise)
    noise = check_noise(noise, circuit, dense=trajectories is None)
    if (shots is None and trajectories is None) != (key is None):
        given = "shots without a key" if key is None else "a key without shots"
        fail("key", "be given exactly when `shots` is", given, "exact values need neither")
    run = _Run(circuit, rule or TWO_TERM_RULE, _wires(wires, circuit.num_qubits))
    start = _start(state, circuit, angles.dtype)
    machine = None if noise is None else _Machine(noise, trajectories)
    if rule is None and machine is None:
        return _read(run, fused.run_from(circuit, angles, start))
    if rule is None:
        return _probabilities(run, start, angles, machine)
    start = lax.stop_gradient(start)
    if key is None:
        return _exact(run, angles, start, machine)
    check_key("key", key)
    if shots is not None:
        check_shots(shots, circuit.num_angles)
        shots = jnp.asarray(shots, angles.dtype)
    return _sampled(run, angles, start, key, shots, machine)


def shifted_probabilities(
    circuit: Circuit,
    angles: ArrayLike,
    *,
    rule: ShiftRule = TWO_TERM_RULE,
    state: ArrayLike | None = None,
    wires: Sequence[int] | None = None,
    noise: NoiseModel | None = None,
) -> Float[Array, "N K"]:
    """Exact outcome probabilities of the circuit, then of each slot shifted up, then down.

    Args:
        circuit: Q qubits, P slots.
        angles: shape ``(P,)``, radians.
        rule: which shift.
        state: what the circuit starts from, ``(2,) * Q``; |0...0> if not given.
        wires: the qubits that are read, all if not given.
        noise: of the machine.

    Returns:
        Shape ``(2 P + 1, K)``.

    Raises:
        InputError: what ``outcome_probabilities`` refuses.

    Example:
        >>> from jqkd.quantum.templates import h_ry
        >>> shifted_probabilities(h_ry(1), jnp.array([0.0])).round(3)[:, 1].tolist()
        [0.5, 1.0, 0.0]
    """
    angles = statevector.check_angles(circuit, angles)
    _check_shiftable(circuit)
    run = _Run(circuit, rule, _wires(wires, circuit.num_qubits))
    noise = check_noise(noise, circuit)
    machine = None if noise is None else _Machine(noise)
    return _shifted(run, _start(state, circuit, angles.dtype), angles, machine)


def _check_shiftable(circuit: Circuit) -> None:
    for op in circuit.ops:
        if op.num_slots and not op.gate.shiftable:
            must = "hold angles only in gates that the two-term shift rule fits"
            advice = "pass rule=None for exact values by autodiff, or decompose the gate"
            fail("circuit", must, op.name, advice)


class _Run(NamedTuple):
    """What a program is made for."""

    circuit: Circuit
    rule: ShiftRule
    wires: tuple[int, ...] | None


def _wires(wires: Sequence[int] | None, num_qubits: int) -> tuple[int, ...] | None:
    if wires is None:
        return None
    chosen = tuple(check_list("wires", wires, int, "numbers of qubits"))
    if not chosen or len({*chosen} & {*range(num_qubits)}) != len(chosen):
        fail("wires", f"be different qubits within 0..{num_qubits - 1}", chosen)
    return chosen


def _start(state: ArrayLike | None, circuit: Circuit, dtype: DTypeLike) -> _State | None:
    """The initial state, flat, first wire most significant.

    ``None`` for |0...0> where circuits are quickest one by one: with few qubits, or all apart.
    """
    shape = (2,) * circuit.num_qubits
    if state is None:
        joins = any(op.gate.num_wires > 1 for op in circuit.ops)
        if circuit.num_qubits < _SHARED_FROM or not joins:
            return None
        return jnp.zeros(2**circuit.num_qubits, dtype).at[0].set(1)
    return jnp.asarray(check_array("state", state, shape, kinds="iufc")).reshape(-1)


class _Machine(NamedTuple):
    """What runs the circuits, if it is not ideal: exact, or by so many trajectories."""

    noise: NoiseModel
    trajectories: ArrayLike | None = None


def _check_trajectories(
    trajectories: ArrayLike, rule: ShiftRule | None, noise: NoiseModel | None
) -> None:
    check_trajectories(trajectories)
    if noise is None:
        fail("trajectories", "be left out where there is no noise", trajectories)
    if rule is None:
        advice = "leave `trajectories` out, and the density matrix is differentiated"
        fail("rule", "be a ShiftRule where trajectories are drawn", "None", advice)


def check_noise(
    noise: NoiseModel | None, circuit: Circuit, *, dense: bool = True
) -> NoiseModel | None:
    """The noise that does anything; without any, a circuit is run as if none had been given.

    Args:
        noise: a model, or none.
        circuit: that runs under it.
        dense: whether its density matrix is simulated.

    Raises:
        InputError: no noise model, one for another number of qubits, or too many qubits.
    """
    check_type("noise", noise, (NoiseModel, type(None)), "a NoiseModel or None")
    if noise is None:
        return None
    noise.check(circuit)
    if dense:
        density.check_size(circuit)
    return noise.trimmed()


def _read(run: _Run, state: Inexact[Array, "..."]) -> _Values:
    tensor = state.reshape((2,) * run.circuit.num_qubits)
    return measurement.marginal(measurement.probabilities(tensor), run.wires)


def _probabilities(
    run: _Run,
    start: _State | None,
    angles: _Angles,
    machine: _Machine | None,
    key: Array | None = None,
) -> _Values:
    if machine is not None:
        noise, number = machine
        if number is None or key is None:
            return density.probabilities(run.circuit, angles, noise, start, run.wires)
        errors = jax.random.fold_in(key, 1)
        return noisy_mean(run.circuit, angles, noise, errors, number, start, run.wires)
    if start is None:
        final = statevector.run(run.circuit, angles)
    else:
        final = fused.run_from(run.circuit, angles, start)
    return _read(run, final)


def _shifted(
    run: _Run,
    start: _State | None,
    angles: _Angles,
    machine: _Machine | None,
    keys: Array | None = None,
) -> Float[Array, "2*P+1 K"]:
    """Of the circuit itself, then of every slot shifted up, then of every slot shifted down."""
    if start is None or machine is not None:
        steps = run.rule.shift * jnp.eye(run.circuit.num_angles, dtype=angles.dtype)
        many = jnp.concatenate([angles[None], angles + steps, angles - steps])
        each = lambda row, key: _probabilities(run, start, row, machine, key)  # noqa: E731
        return jax.vmap(each)(many, keys)
    final, turned = fused.shifted_states(run.circuit, angles, start)
    kept, turned = math.cos(run.rule.shift / 2) * final, math.sin(run.rule.shift / 2) * turned
    return jax.vmap(partial(_read, run))(
        jnp.concatenate([final[None], kept + turned, kept - turned])
    )


def _value_and_jacobian(rule: ShiftRule, values: Float[Array, "N K"]) -> tuple[_Values, _Jacobian]:
    """(K,) and (P, K) from the results of the 2P + 1 circuits of ``_shifted``."""
    up, down = jnp.split(values[1:], 2)
    return values[0], rule.coefficient * (up - down)


def _contract(jacobian: _Jacobian, cotangent: _Values) -> _Angles:
    # A sum of products: a matrix product may round in another order in another batch.
    return (jacobian * cotangent).sum(-1)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _exact(run: _Run, angles: _Angles, start: _State | None, machine: _Machine | None) -> _Values:
    return _probabilities(run, start, angles, machine)


def _exact_forward(
    run: _Run, angles: _Angles, start: _State | None, machine: _Machine | None
) -> tuple[_Values, _Jacobian]:
    return _value_and_jacobian(run.rule, _shifted(run, start, angles, machine))


def _backward(run: _Run, jacobian: _Jacobian, cotangent: _Values) -> tuple[_Angles, None, None]:
    return _contract(jacobian, cotangent), None, None


_exact.defvjp(_exact_forward, _backward)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _sampled(
    run: _Run,
    angles: _Angles,
    start: _State | None,
    key: Array,
    shots: Array | None,
    machine: _Machine | None,
) -> _Values:
    first = jax.random.fold_in(key, 0)
    values = _drawable(_probabilities(run, start, angles, machine, first), machine)
    return _frequencies(first, values, shots[0] if shots is not None and shots.ndim else shots)


def _drawable(probabilities: Array, machine: _Machine | None) -> Array:
    """Those of a density matrix, which rounding may put just below 0."""
    return probabilities if machine is None else jnp.maximum(probabilities, 0)


def _frequencies(key: Array, probabilities: _Values, shots: Array | None) -> _Values:
    if shots is None:
        return probabilities
    # Not counts / shots: XLA divides by a constant and by a traced number in different bits.
    return draw_counts(key, probabilities, shots) * (1 / shots)


def _sampled_forward(
    run: _Run,
    angles: _Angles,
    start: _State | None,
    key: Array,
    shots: Array | None,
    machine: _Machine | None,
) -> tuple[_Values, tuple[_Jacobian, _Drawn | None]]:
    """All 2P + 1 circuits at once; circuit 0, the value, draws what the plain call draws."""
    number = 2 * run.circuit.num_angles + 1
    keys = jax.vmap(partial(jax.random.fold_in, key))(jnp.arange(number))
    many = _drawable(_shifted(run, start, angles, machine, keys), machine)
    if shots is None or not shots.ndim:
        values = jax.vmap(_frequencies, (0, 0, None))(keys, many, shots)
        value, jacobian = _value_and_jacobian(run.rule, values)
        return value, (jacobian, None)
    each = jnp.concatenate([shots, shots[1:]])
    values = jax.vmap(_frequencies)(keys, many, each)
    value, jacobian = _value_and_jacobian(run.rule, values)
    return value, (jacobian, (values[1:], shots[1:]))


def _sampled_backward(
    run: _Run, kept: tuple[_Jacobian, _Drawn | None], cotangent: _Values
) -> tuple[_Angles, None, None, Array | None, None]:
    jacobian, drawn = kept
    spread = None if drawn is None else _variances(run.rule, *drawn, cotangent)
    return *_backward(run, jacobian, cotangent), spread, None


def _variances(
    rule: ShiftRule, frequencies: Float[Array, "circuits K"], shots: Float[Array, " P"], v: _Values
) -> Float[Array, " P+1"]:
    """Of slopes with one shot, by ``shot_noise``: its formula, from frequencies; 0 first."""
    spreads = (frequencies * v**2).sum(-1) - (frequencies * v).sum(-1) ** 2
    up, down = jnp.split(jnp.maximum(spreads, 0), 2)
    # Frequencies vary less around their own mean than around the probabilities.
    unbiased = shots / jnp.maximum(shots - 1, 1)
    return jnp.concatenate([jnp.zeros_like(v[:1]), rule.coefficient**2 * unbiased * (up + down)])


_sampled.defvjp(_sampled_forward, _sampled_backward)
