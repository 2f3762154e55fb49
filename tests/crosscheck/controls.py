"""Simulators with one fault each. A check that cannot fail is worthless: these must all be caught.

``CONTROLS`` names, for every fault, the group of checks that must see it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike

from jqkd.crosscheck.battery import BatteryReport, Size, run_battery
from jqkd.crosscheck.simulator import Simulator, build, shift_gradient
from jqkd.quantum import Circuit, Op, ShiftRule, run, sample_counts

# Small, so that a control takes seconds.
SIZE = Size(
    random_circuits=3,
    max_qubits=3,
    templates=2,
    encoded=1,
    rows=32,
    shot_qubits=(3,),
    gradients=2,
    sampled_gradients=2,
    gradient_rows=16,
    unitaries=(),
)

# Compiling is most of the time.
_build = partial(build, optimized=False)


def bit_order_reversed() -> Simulator:
    """Qubit 0 is the highest bit."""

    def state(circuit: Circuit, angles: Array, initial: Array | None) -> Array:
        return run(circuit, angles, initial).transpose(range(circuit.num_qubits)[::-1])

    return _build("bit order reversed", state=state)


def sign_flipped() -> Simulator:
    """The last angle has the wrong sign."""

    def state(circuit: Circuit, angles: Array, initial: Array | None) -> Array:
        return run(circuit, angles.at[-1:].multiply(-1), initial)

    return _build("one angle's sign flipped", state=state)


def conjugated() -> Simulator:
    """Every amplitude is its complex conjugate: all probabilities are right."""
    return _build("amplitudes conjugated", state=lambda *rest: run(*rest).conj())


def amplitude_negated() -> Simulator:
    """The last amplitude has the wrong sign: all probabilities are right."""

    def state(circuit: Circuit, angles: Array, initial: Array | None) -> Array:
        return run(circuit, angles, initial).at[(1,) * circuit.num_qubits].multiply(-1)

    return _build("one amplitude negated", state=state)


def _with_ops(name: str, change: Callable[[Op], list[Op]]) -> Simulator:
    def state(circuit: Circuit, angles: Array, initial: Array | None) -> Array:
        ops = tuple(new for op in circuit.ops for new in change(op))
        return run(Circuit(circuit.num_qubits, ops), angles, initial)

    return _build(name, state=state)


def ry_for_rx() -> Simulator:
    """RX on qubit 0 is taken for RY."""

    def change(op: Op) -> list[Op]:
        return [replace(op, name="RY") if op.name == "RX" and op.wires == (0,) else op]

    return _with_ops("RY for RX on qubit 0", change)


def h_omitted() -> Simulator:
    """No H anywhere."""
    return _with_ops("H omitted", lambda op: [] if op.name == "H" else [op])


def one_key_for_shots() -> Simulator:
    """Every circuit of a batch draws its shots from the first one's key."""
    good = _build("one key for a batch")

    def counts(circuit: Circuit, angles: ArrayLike, keys: Array, shots: int) -> Array:
        return good.counts(circuit, angles, jnp.broadcast_to(keys[0], keys.shape), shots)

    return replace(good, counts=counts)


def over_dispersed(excess: float = 0.5) -> Simulator:
    """Dirichlet-multinomial shots: 1 + ``excess`` times the variance of multinomial ones."""

    def sampler(key: Array, probabilities: Array, shots: ArrayLike) -> Array:
        first, second = jax.random.split(key)
        weights = jax.random.gamma(first, jnp.maximum(probabilities, 1e-12) * shots / excess)
        return sample_counts(second, jnp.where(probabilities > 1e-9, weights, 0), shots)

    return _build("over-dispersed sampler", sampler=sampler)


def under_dispersed(share: float = 0.3) -> Simulator:
    """A ``share`` of the shots is not drawn but set to what is expected."""

    def sampler(key: Array, probabilities: Array, shots: ArrayLike) -> Array:
        sure = jnp.floor(share * shots * probabilities)
        return sure + sample_counts(key, probabilities, shots - sure.sum())

    return _build("under-dispersed sampler", sampler=sampler)


def rule_without_factor() -> Simulator:
    """f(t + pi/2) - f(t - pi/2), not divided by 2."""
    return _build(
        "shift rule without its factor",
        gradient=partial(shift_gradient, rule=ShiftRule(jnp.pi / 2, 1.0)),
    )


def neighbour_gradient() -> Simulator:
    """Every slot gets its neighbour's derivative."""

    def gradient(*arguments: object) -> Array:
        return jnp.roll(shift_gradient(*arguments), 1)

    return _build("gradient of the neighbouring parameter", gradient=gradient)


def one_key_for_shifts() -> Simulator:
    """Both shifted circuits of a slot draw their shots from one key."""

    def gradient(
        circuit: Circuit, angles: Array, weights: Array, shots: Array | None, key: Array | None
    ) -> Array:
        if shots is None:
            return shift_gradient(circuit, angles, weights, shots, key)

        def value(shifted: Array) -> Array:
            state = run(circuit, shifted).transpose(range(circuit.num_qubits)[::-1])
            return sample_counts(key, jnp.abs(state.reshape(-1)) ** 2, shots) @ weights / shots

        steps = 0.5 * jnp.pi * jnp.eye(circuit.num_angles)
        return 0.5 * (jax.vmap(value)(angles + steps) - jax.vmap(value)(angles - steps))

    return _build("one key for both shifts", gradient=gradient)


def one_key_for_gradients() -> Simulator:
    """Every gradient of a batch draws its shots from the first one's key."""
    good = _build("one key for a batch of gradients")

    def sampled(
        circuit: Circuit, angles: ArrayLike, weights: ArrayLike, keys: Array, shots: int
    ) -> Array:
        same = jnp.broadcast_to(keys[0], keys.shape)
        return good.sampled_gradients(circuit, angles, weights, same, shots)

    return replace(good, sampled_gradients=sampled)


_STATES, _GATES, _SHOTS, _SLOPES = (
    "states, complex64",
    "gates, complex64",
    "shots",
    "sampled gradients",
)
# The fault, the group of checks that must see it, words of a finding that must disagree.
CONTROLS: tuple[tuple[Callable[[], Simulator], str, str], ...] = (
    (bit_order_reversed, _STATES, "states of templates"),
    (sign_flipped, _STATES, "states of templates"),
    (conjugated, _STATES, "states of random circuits"),
    (amplitude_negated, _STATES, "states of templates"),
    (ry_for_rx, _STATES, "states of templates"),
    (h_omitted, _STATES, "states of templates"),
    (bit_order_reversed, _SHOTS, "shots against exact probabilities"),
    (h_omitted, _SHOTS, "sampled Pauli expectations"),
    (one_key_for_shots, _SHOTS, "shots under two keys"),
    (over_dispersed, _SHOTS, "shots against exact probabilities"),
    (under_dispersed, _SHOTS, "shots against exact probabilities"),
    (rule_without_factor, _GATES, "shift-rule gradients"),
    (neighbour_gradient, _GATES, "shift-rule gradients"),
    (rule_without_factor, _SLOPES, "sampled gradients against exact ones"),
    (one_key_for_shifts, _SLOPES, "sampled gradients against exact ones"),
    (one_key_for_gradients, _SLOPES, "sampled gradients against exact ones"),
)


def run_control(simulator: Simulator, group: str, seed: int = 1) -> BatteryReport:
    """One group of a small battery on a broken simulator.

    Example:
        >>> run_control(h_omitted(), "states, complex64").agrees
        False
    """
    return run_battery(seed=seed, simulator=simulator, size=SIZE, only=[group])
