"""The simulator under test, as a value: the battery takes any, so tests can hand it broken ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike

from jqkd._checks import check_array, check_type
from jqkd.crosscheck.arguments import check_flag
from jqkd.quantum import (
    TWO_TERM_RULE,
    Circuit,
    ShiftRule,
    outcome_probabilities,
    run,
    sample_counts,
)
from jqkd.quantum.measurement import flat
from jqkd.quantum.noise import NoiseModel
from jqkd.quantum.sampling import check_shots
from jqkd.quantum.statevector import check_circuit

# Every circuit of the battery is compiled and then run once or twice.
_QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}


@dataclass(frozen=True)
class Simulator:
    """Batched functions of a simulator; all outcomes in outcome order.

    Attributes:
        name: for reports.
        states: (circuit, angles ``(B, P)``) -> amplitudes ``(B, K)``.
        unitary: (circuit, angles ``(P,)``) -> matrix ``(K, K)``, from the final states of all
            basis states.
        counts: (circuit, angles ``(B, P)``, keys ``(B,)``, shots) -> counts ``(B, K)``; with a
            noise model behind them for a machine that has noise.
        gradients: (circuit, angles ``(B, P)``, weights ``(K,)``) -> ``(B, P)``, of the weighted
            sum of the exact outcome probabilities.
        sampled_gradients: the same with (..., keys ``(B,)``, shots), from shots.
    """

    name: str
    states: Callable[[Circuit, ArrayLike], Array]
    unitary: Callable[[Circuit, ArrayLike], Array]
    counts: Callable[..., Array]
    gradients: Callable[[Circuit, ArrayLike, ArrayLike], Array]
    sampled_gradients: Callable[[Circuit, ArrayLike, ArrayLike, Array, int], Array]

    def __post_init__(self) -> None:
        check_type("name", self.name, str, "a string")
        for part in fields(self)[1:]:
            check_type(part.name, getattr(self, part.name), Callable, "a function")


def shift_gradient(
    circuit: Circuit,
    angles: Array,
    weights: Array,
    shots: ArrayLike | None,
    key: Array | None,
    rule: ShiftRule = TWO_TERM_RULE,
) -> Array:
    """Gradient of ``weights @ outcome probabilities`` by the package's shift rule: ``(P,)``.

    Example:
        >>> from jqkd.quantum import h_ry
        >>> shift_gradient(h_ry(1), jnp.zeros(1), jnp.arange(2.0), None, None).round(3).item()
        0.5
    """

    def value(a: Array) -> Array:
        return outcome_probabilities(circuit, a, shots=shots, key=key, rule=rule) @ weights

    return jax.grad(value)(angles)


def noisy_probabilities(circuit: Circuit, angles: Array, noise: NoiseModel) -> Array:
    """Outcome probabilities ``(K,)`` under noise."""
    return outcome_probabilities(circuit, angles, rule=None, noise=noise)


def build(
    name: str,
    *,
    state: Callable[[Circuit, Array, Array | None], Array] = run,
    sampler: Callable[[Array, Array, ArrayLike], Array] = sample_counts,
    gradient: Callable[..., Array] = shift_gradient,
    noisy: Callable[..., Array] = noisy_probabilities,
    optimized: bool = True,
) -> Simulator:
    """A simulator from unbatched functions: vmapped and compiled here, once a circuit.

    Args:
        name: for reports.
        state: (circuit, angles ``(P,)``, initial state or None) -> ``(2,) * Q``.
        sampler: (key, probabilities ``(K,)``, shots) -> counts ``(K,)``.
        gradient: (circuit, angles, weights, shots or None, key or None) -> ``(P,)``.
        noisy: (circuit, angles, noise model) -> probabilities ``(K,)``.
        optimized: compiled as in training, or quickly.

    Example:
        >>> from jqkd.quantum import h_ry
        >>> build("another").states(h_ry(2), jnp.zeros((3, 2))).shape
        (3, 4)
    """
    check_type("name", name, str, "a string")
    parts = {"state": state, "sampler": sampler, "gradient": gradient, "noisy": noisy}
    for part, value in parts.items():
        check_type(part, value, Callable, "a function")
    check_flag("optimized", optimized)
    options = None if optimized else _QUICKLY
    compiled = partial(_compiled, options=options)

    @compiled
    def states(circuit: Circuit, angles: Array) -> Array:
        return jax.vmap(lambda a: flat(state(circuit, a, None)))(angles)

    @compiled
    def unitary(circuit: Circuit, angles: Array) -> Array:
        size = 2**circuit.num_qubits
        # Outcome order in, outcome order out: basis state c as a tensor has its axes reversed.
        basis = jnp.eye(size, dtype=angles.dtype).reshape(size, *(2,) * circuit.num_qubits)
        basis = basis.transpose(0, *range(circuit.num_qubits, 0, -1))
        return jax.vmap(lambda s: flat(state(circuit, angles, s)))(basis).T

    sample_all = jax.jit(jax.vmap(sampler, (0, 0, None)), compiler_options=options)

    @compiled
    def noisy_all(circuit: Circuit, angles: Array, noise: NoiseModel) -> Array:
        # Rounding may put a probability just below 0.
        return jnp.maximum(jax.vmap(lambda a: noisy(circuit, a, noise))(angles), 0)

    def counts(
        circuit: Circuit,
        angles: ArrayLike,
        keys: Array,
        shots: int,
        noise: NoiseModel | None = None,
    ) -> Array:
        check_shots(shots)
        if noise is None:
            return sample_all(keys, jnp.abs(states(circuit, angles)) ** 2, shots)
        return sample_all(keys, noisy_all(circuit, angles, noise), shots)

    @compiled
    def gradients(circuit: Circuit, angles: Array, weights: Array) -> Array:
        return jax.vmap(lambda a: gradient(circuit, a, weights, None, None))(angles)

    @compiled
    def sampled(circuit: Circuit, angles: Array, weights: Array, keys: Array, shots: int) -> Array:
        one = jax.vmap(partial(gradient, circuit), (0, None, None, 0))
        return one(angles, weights, shots, keys)

    return Simulator(name, states, unitary, counts, gradients, sampled)


def _compiled(function: Callable[..., Array], options: dict | None) -> Callable[..., Array]:
    """Compiled once a circuit, its first argument; double precision always quickly."""
    single = jax.jit(function, static_argnums=0, compiler_options=options)
    double = jax.jit(function, static_argnums=0, compiler_options=_QUICKLY)

    def call(circuit: Circuit, angles: Array, *rest: Array) -> Array:
        check_circuit(circuit)
        angles = check_array("angles", angles, ("...", circuit.num_angles))
        return (double if angles.dtype == np.float64 else single)(circuit, angles, *rest)

    return call


DEFAULT = build("jqkd")
QUICK = build("jqkd", optimized=False)
