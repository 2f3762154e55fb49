"""Adjoint differentiation: on the way back, gates are undone instead of remembered.

Backpropagation through ``run`` keeps the state of every step; as gates are unitary, the steps
before can be had from the last one again (Jones and Gacon, arXiv:2009.02823). Three states are
held, however deep the circuit. For simulators only: machines need the parameter-shift rule.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Inexact

from jqkd.quantum.circuit import Circuit
from jqkd.quantum.statevector import Layer, advance, check_angles, run


def run_adjoint(
    circuit: Circuit, angles: ArrayLike, state: ArrayLike | None = None
) -> Inexact[Array, "..."]:
    """What ``run`` takes and returns, with a gradient that needs little memory.

    Example:
        >>> from jqkd.quantum import h_ry, probabilities
        >>> one = lambda t: probabilities(run_adjoint(h_ry(1), t))[1]
        >>> round(float(jax.grad(one)(jnp.array([0.0]))[0]), 3)
        0.5
    """
    angles = check_angles(circuit, angles)
    # Until a gate joins qubits they are cheap to differentiate through.
    joins = (k for k, op in enumerate(circuit.ops) if len(op.wires) > 1)
    cut = next(joins, len(circuit.ops)) if state is None else 0
    before, after = (replace(circuit, ops=ops) for ops in (circuit.ops[:cut], circuit.ops[cut:]))
    start = run(before, angles[: before.num_angles], state)
    if not circuit.is_real:
        start = start.astype(jnp.result_type(start.dtype, jnp.complex64))
    return _reversible(after, angles[before.num_angles :], start)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _reversible(
    circuit: Circuit, angles: Float[Array, " P"], state: Inexact[Array, "..."]
) -> Inexact[Array, "..."]:
    return run(circuit, angles, state)


def _forward(circuit: Circuit, angles: Array, state: Array) -> tuple[Array, tuple[Array, Array]]:
    final = run(circuit, angles, state)
    return final, (angles, final)


def _backward(circuit: Circuit, kept: tuple[Array, Array], cotangent: Array) -> tuple[Array, Array]:
    angles, state = kept
    gradient = jnp.zeros_like(angles)
    for layer in reversed(list(circuit.layers())):
        state = _advance(layer, angles, state, undo=True)
        _, pull = jax.vjp(partial(_advance, layer), angles, state)
        share, cotangent = pull(cotangent)
        gradient += share
    return gradient, cotangent


def _advance(layer: Layer, angles: Array, state: Array, undo: bool = False) -> Array:
    factor = tuple(range(state.ndim)), state.reshape(-1)
    return advance([factor], layer, angles, undo=undo)[0][1].reshape(state.shape)


_reversible.defvjp(_forward, _backward)
