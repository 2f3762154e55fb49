"""A noisy circuit, exactly: its density matrix in the basis of Pauli strings.

rho = 2**-Q sum_P v_P P with v_P = Tr[P rho]: 4**Q real numbers, on which every gate and every
channel is a real matrix. Probabilities are sums over the strings of I and Z alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Inexact

from jqkd._checks import fail
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.limits import memory_of
from jqkd.quantum.noise.channels import PauliChannel, transfer
from jqkd.quantum.noise.model import NoiseModel, readout_probabilities
from jqkd.quantum.noise.plan import Dense, Moves, Rule, Turn, Turns, plan
from jqkd.quantum.permutation import permute
from jqkd.quantum.statevector import apply_blocks, compose, gate_matrices, kron_blocks

# 65,536 numbers a circuit; beyond, trajectories are quicker.
MOST_QUBITS = 8
# 16 x 16 matrices, as of statevectors.
_WIRES_A_BLOCK = 2


def check_size(circuit: Circuit) -> None:
    """The density matrix of a circuit is small enough to be simulated.

    Raises:
        InputError: it has too many qubits; says how much memory it would take.
    """
    if circuit.num_qubits > MOST_QUBITS:
        takes = memory_of(2 * circuit.num_qubits, 4)
        must = f"have at most {MOST_QUBITS} qubits where its density matrix is simulated"
        advice = f"that would take {takes} a circuit; draw trajectories"
        fail("circuit", must, f"one of {circuit.num_qubits}", advice)


def probabilities(
    circuit: Circuit,
    angles: Float[Array, " P"],
    noise: NoiseModel,
    state: Inexact[Array, " N"] | None = None,
    wires: tuple[int, ...] | None = None,
) -> Float[Array, " K"]:
    """Of every outcome of some wires, in outcome order, under noise.

    Args:
        circuit: Q qubits, P slots.
        angles: radians.
        noise: channels and readout.
        state: the state before the circuit, N = 2**Q, first wire most significant; |0...0> if
            ``None``.
        wires: that are read; all if ``None``.
    """
    num_qubits, table = circuit.num_qubits, _Matrices(circuit, angles, noise)
    stages = plan(circuit, _rules(circuit, noise))
    alone = jnp.broadcast_to(jnp.eye(4, dtype=angles.dtype), (num_qubits, 4, 4))
    first = last = alone
    # Before the first gate that joins wires, and before they are read, each wire is by itself.
    if state is None and stages and isinstance(stages[0], Turns):
        first, stages = table.turns(stages[0]), stages[1:]
    if stages and isinstance(stages[-1], Turns):
        last, stages = table.turns(stages[-1]), stages[:-1]
    values = _start(first) if state is None else _of_state(num_qubits, state, angles.dtype)
    for stage in stages:
        if isinstance(stage, Turns):
            values = _turn(stage, table, values)
        elif isinstance(stage, Moves):
            values = _move(stage, noise, values)
        else:
            values = _dense(stage, table, values)
    return _read(values, last, noise, wires)


def _rules(circuit: Circuit, noise: NoiseModel) -> tuple[Rule, ...]:
    return tuple(
        Rule(tuple(tuple(rule.places(op)) for op in circuit.ops), rule.channel.damps)
        for rule in noise.after
    )


def _start(first: Float[Array, "Q 4 4"]) -> Float[Array, " V"]:
    """|0...0>, each wire's letters I and Z being 1, behind the first matrix of each wire."""
    return reduce(jnp.kron, first[:, :, 0] + first[:, :, 3])


def _of_state(num_qubits: int, state: Inexact[Array, " N"], dtype: Any) -> Float[Array, " V"]:
    density = (state[:, None] * state.conj()[None]).reshape((2,) * (2 * num_qubits))
    order = [axis for wire in range(num_qubits) for axis in (wire, num_qubits + wire)]
    values = density.transpose(order).reshape(-1)
    # Rows: the letters I, X, Y, Z; columns: |a><b| of one wire.
    rows = [[1, 0, 0, 1], [0, 1, 1, 0], [0, 1j, -1j, 0], [1, 0, 0, -1]]
    letters = np.array(rows, jnp.result_type(dtype, jnp.complex64))
    for _ in range(num_qubits):
        first = values.reshape(4, -1)
        values = jnp.einsum("xr,lx->rl", first, letters).reshape(-1)
    return values.real.astype(dtype)


class _Matrices:
    """4 x 4 matrices of all one-wire operations and channels, those of a name made together."""

    def __init__(self, circuit: Circuit, angles: Float[Array, " P"], noise: NoiseModel) -> None:
        self._circuit, self._angles, self._noise = circuit, angles, noise
        self._slots = [slots for _, slots in circuit.slots()]
        self._places: dict[Turn, int] = {}
        made = [jnp.eye(4, dtype=angles.dtype)[None]]
        names: dict[tuple[str, bool], list[int]] = {}
        for place, op in enumerate(circuit.ops):
            if op.gate.num_wires == 1:
                names.setdefault((op.name, op.fixed is None), []).append(place)
        number = 1
        for places in names.values():
            made.append(self._transfer(places))
            self._places |= {Turn(op=place): number + k for k, place in enumerate(places)}
            number += len(places)
        for rule, follower in enumerate(noise.after):
            if not follower.channel.joint or follower.num_wires != 2:
                made.append(follower.channel.transfer(1)[None].astype(angles.dtype))
                self._places[Turn(rule=rule)] = number
                number += 1
        self._table = jnp.concatenate(made)

    def _transfer(self, places: Iterable[int]) -> Float[Array, "M N N"]:
        """Of operations of one name."""
        layer = [(self._circuit.ops[place], self._slots[place]) for place in places]
        exact = jnp.result_type(self._angles.dtype, jnp.complex64)
        unitary = gate_matrices(layer, self._angles, exact)
        return transfer(unitary[:, None]).astype(self._angles.dtype)

    def turns(self, stage: Turns) -> Float[Array, "Q 4 4"]:
        """Each wire's matrices multiplied."""
        length = max(map(len, stage.wires))
        index = np.zeros((length, len(stage.wires)), int)
        for wire, turns in enumerate(stage.wires):
            for k, turn in enumerate(turns):
                index[k, wire] = self._places[turn]
        columns = [self._table[row] for row in index]
        return reduce(compose, columns)

    def dense(self, turn: Turn) -> Float[Array, "16 16"]:
        if turn.op is not None:
            return self._transfer([turn.op])[0]
        assert turn.rule is not None
        return self._noise.after[turn.rule].channel.transfer(2).astype(self._angles.dtype)


def _turn(stage: Turns, table: _Matrices, values: Array) -> Array:
    return apply_blocks(kron_blocks(table.turns(stage), _WIRES_A_BLOCK), values)


def _move(stage: Moves, noise: NoiseModel, values: Array) -> Array:
    moved = values if stage.order.is_identity else permute(values, stage.order)
    factors: Any = stage.signs.astype(values.dtype) if (stage.signs < 0).any() else None
    diagonals: dict[tuple[int, int], Array] = {}
    for rule, size, index in stage.scales:
        if (rule, size) not in diagonals:
            channel = noise.after[rule].channel
            assert isinstance(channel, PauliChannel)
            diagonals[rule, size] = channel.diagonal(size).astype(values.dtype)
        scale = diagonals[rule, size][index]
        factors = scale if factors is None else factors * scale
    return moved if factors is None else moved * factors


def _dense(stage: Dense, table: _Matrices, values: Array) -> Array:
    num_qubits = (values.size.bit_length() - 1) // 2
    tensor = jnp.moveaxis(values.reshape((4,) * num_qubits), stage.wires, (0, 1))
    product = jnp.matmul(
        table.dense(stage.turn), tensor.reshape(16, -1), precision=lax.Precision.HIGHEST
    )
    return jnp.moveaxis(product.reshape(tensor.shape), (0, 1), stage.wires).reshape(-1)


def _read(
    values: Array,
    last: Float[Array, "Q 4 4"],
    noise: NoiseModel,
    wires: tuple[int, ...] | None,
) -> Array:
    """Outcomes, wire by wire: p(0) = (I + Z) / 2 and p(1) = (I - Z) / 2 behind the last matrix.

    A wire that is not read is traced out: of its letters I is left.
    """
    num_qubits = len(last)
    kept = tuple(range(num_qubits)) if wires is None else wires
    both = jnp.stack([last[:, 0] + last[:, 3], last[:, 0] - last[:, 3]], 1) / 2
    rows = [both[wire] if wire in kept else last[wire, :1] for wire in range(num_qubits)]
    pairs = [rows[k : k + _WIRES_A_BLOCK] for k in range(0, num_qubits, _WIRES_A_BLOCK)]
    outcomes = apply_blocks([reduce(jnp.kron, pair) for pair in pairs], values)
    return readout_probabilities(outcomes[_order(kept)], noise, num_qubits, kept)


def _order(wires: tuple[int, ...]) -> np.ndarray:
    """Where each outcome of some wires stands among those with the first wire's bit in front."""
    size, bits = len(wires), np.arange(2 ** len(wires))
    rank = {wire: size - 1 - place for place, wire in enumerate(sorted(wires))}
    return sum((bits >> k & 1) << rank[wire] for k, wire in enumerate(wires))
