"""A noisy circuit by quantum trajectories: states of the ideal size, with errors drawn.

After a gate one Kraus operator is applied, drawn with its probability in the state at hand; the
mean over trajectories of the outcome probabilities is unbiased (Molmer et al., J. Opt. Soc. Am. B
10, 524 (1993)). Pauli strings are drawn without looking at the state and become part of the
one-qubit gates around them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import ArrayLike
from jaxtyping import Array, Complex, Float, Inexact

from jqkd._checks import check_array, check_integer, is_concrete
from jqkd.quantum import measurement
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.gates import Entries
from jqkd.quantum.noise.channels import PauliChannel, pauli_strings
from jqkd.quantum.noise.model import NoiseModel, readout_probabilities
from jqkd.quantum.statevector import apply, compose, gate_matrices

# Side by side; more do not make it faster.
_TOGETHER = 16
MOST = 10**6


def check_trajectories(trajectories: ArrayLike) -> None:
    """A whole number of trajectories, 1 to a million, which may be traced."""
    if is_concrete(trajectories):
        check_integer("trajectories", trajectories, 1, MOST)
    else:
        check_array("trajectories", trajectories, (), advice="use jax.vmap for batches")


def probabilities(
    circuit: Circuit,
    angles: Float[Array, " P"],
    noise: NoiseModel,
    key: Array,
    trajectories: ArrayLike,
    state: Inexact[Array, " N"] | None = None,
    wires: tuple[int, ...] | None = None,
) -> Float[Array, " K"]:
    """Mean over trajectories of the probabilities of some wires' outcomes, in outcome order.

    Args:
        circuit: Q qubits, P slots.
        angles: radians.
        noise: channels and readout.
        key: of the errors, trajectory m has ``fold_in(key, m)``; consumed.
        trajectories: M; may be traced.
        state: the state before the circuit, N = 2**Q, first wire most significant; |0...0> if
            ``None``.
        wires: that are read; all if ``None``.
    """
    exact = jnp.result_type(angles.dtype, jnp.complex64)
    if state is None:
        state = jnp.zeros(2**circuit.num_qubits, exact).at[0].set(1)
    number = jnp.asarray(trajectories, jnp.int32)
    run = partial(_one, circuit, angles, noise, state.astype(exact))

    def some(chunk: Array, total: Array) -> Array:
        names = chunk * _TOGETHER + jnp.arange(_TOGETHER)
        keys = jax.vmap(partial(jax.random.fold_in, key))(names)
        each = jax.vmap(run)(keys)
        return total + jnp.where(names[:, None] < number, each, 0).sum(0)

    start = jnp.zeros(2**circuit.num_qubits, angles.dtype)
    total = lax.fori_loop(0, -(-number // _TOGETHER), some, start)
    tensor = (total / number).reshape((2,) * circuit.num_qubits)
    values = measurement.marginal(measurement.flat(tensor), wires)
    kept = tuple(range(circuit.num_qubits)) if wires is None else wires
    return readout_probabilities(values, noise, circuit.num_qubits, kept)


class _Trajectory:
    """A state, and the one-wire matrices that are still to be applied to it."""

    def __init__(self, state: Array, num_qubits: int, uniforms: Array) -> None:
        self.state, self._uniforms, self._drawn = state, uniforms, 0
        self._pending: list[Array | None] = [None] * num_qubits

    def next_uniform(self) -> Array:
        self._drawn += 1
        return self._uniforms[self._drawn - 1]

    def turn(self, wire: int, matrix: Complex[Array, "2 2"]) -> None:
        before = self._pending[wire]
        self._pending[wire] = matrix if before is None else compose(before, matrix)

    def flush(self, wires: Sequence[int]) -> None:
        for wire in wires:
            matrix = self._pending[wire]
            if matrix is not None:
                self.state = apply(_entries(matrix), self.state, [wire])
                self._pending[wire] = None

    def gate(self, entries: Entries, wires: Sequence[int]) -> None:
        self.flush(wires)
        self.state = apply(entries, self.state, list(wires))

    def pauli(self, channel: PauliChannel, wires: Sequence[int]) -> None:
        """One of the Pauli strings, letter by letter."""
        chances = jnp.cumsum(channel.probabilities(len(wires)))
        # The last one takes what rounding leaves.
        drawn = (chances[:-1] <= self.next_uniform()).sum()
        letters = jnp.asarray(pauli_strings(1).astype(self.state.dtype))
        for place, wire in enumerate(reversed(wires)):
            self.turn(wire, letters[(drawn >> 2 * place) % 4])

    def kraus(self, operators: Complex[Array, "R M M"], wires: Sequence[int]) -> None:
        """One of the operators, with its probability in this state."""
        self.flush(wires)
        after = jax.vmap(lambda one: apply(_entries(one), self.state, list(wires)))(
            operators.astype(self.state.dtype)
        )
        weights = (after.real**2 + after.imag**2).sum(-1)
        chances = jnp.cumsum(weights)
        drawn = (chances[:-1] <= self.next_uniform() * chances[-1]).sum()
        self.state = after[drawn] / jnp.sqrt(weights[drawn])


def _one(
    circuit: Circuit, angles: Array, noise: NoiseModel, state: Array, key: Array
) -> Float[Array, " N"]:
    """Squares of the amplitudes at the end of one trajectory, first wire most significant."""
    number = sum(len(rule.places(op)) for op in circuit.ops for rule in noise.after)
    uniforms = jax.random.uniform(key, (number,), angles.dtype)
    trajectory = _Trajectory(state, circuit.num_qubits, uniforms)
    for op, slots in circuit.slots():
        if op.gate.num_wires == 1:
            (matrix,) = gate_matrices([(op, slots)], angles, state.dtype)
            trajectory.turn(op.wires[0], matrix)
        else:
            values = op.fixed if op.fixed is not None else [angles[slot] for slot in slots]
            entries = op.gate.entries(*(jnp.asarray(v, angles.dtype) for v in values))
            trajectory.gate(entries, op.wires)
        for rule in noise.after:
            for wires in rule.places(op):
                if isinstance(rule.channel, PauliChannel):
                    trajectory.pauli(rule.channel, wires)
                else:
                    trajectory.kraus(rule.channel.kraus(len(wires)), wires)
    trajectory.flush(range(circuit.num_qubits))
    return trajectory.state.real**2 + trajectory.state.imag**2


def _entries(matrix: Array) -> Entries:
    size = len(matrix)
    return tuple(tuple(matrix[i, j] for j in range(size)) for i in range(size))
