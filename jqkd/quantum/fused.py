"""Circuits on a state that is there already: gates taken together, shifts that share their work.

For circuits behind a prepared state of five qubits or more. A run of one-qubit gates is one 2 x 2
matrix a qubit, and those of neighbouring qubits are one Kronecker product; a run of CX, CZ and SWAP
is one permutation with signs.

Shifted circuits differ from the plain one in one gate. With ``exp(-i s P / 2)``, P² = 1, behind
that gate,

    psi(t ± s) = cos(s/2) psi ∓ i sin(s/2) U P psi_k,

where psi_k is the state after the gate and U all that follows: one state has to be carried through
U for both shifts, and all of them go through each later gate together.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Inexact

from jqkd.quantum.circuit import Circuit, Op
from jqkd.quantum.gates import GATES, Entries, matrix
from jqkd.quantum.permutation import Order, permute
from jqkd.quantum.statevector import (
    QUBITS_A_BLOCK,
    apply,
    apply_blocks,
    compose,
    kron_blocks,
    stack_entries,
)

State = Inexact[Array, " K"]
# Of a wire, in the order of a state's axes: 2 x 2 matrices, stacked.
Matrices = Inexact[Array, "Q 2 2"]
# A gate, and where its angles stand among those of its block.
_Placed = tuple[Op, tuple[int, ...]]
# The longest run of stages that is looked for again.
_LONGEST = 8


@dataclass(frozen=True)
class Turns:
    """One-qubit gates, each wire's in their order."""

    wires: tuple[list[_Placed], ...]

    @property
    def columns(self) -> Iterator[list[tuple[int, _Placed]]]:
        """The first gate of every wire, the second one, ...; with the wire that it is on."""
        for k in range(max(map(len, self.wires))):
            yield [(wire, ops[k]) for wire, ops in enumerate(self.wires) if len(ops) > k]


@dataclass(frozen=True)
class Moves:
    """Gates that permute amplitudes and change signs."""

    ops: list[_Placed]


@dataclass(frozen=True)
class Single:
    """Any other gate."""

    placed: _Placed


Stage = Turns | Moves | Single


@dataclass(frozen=True)
class Block:
    """Stages that are repeated with other angles.

    Attributes:
        stages: what is repeated.
        slots: (times, angles of the stages): which of the circuit's angles they are, each time.
    """

    stages: list[Stage]
    slots: np.ndarray = field(repr=False)


@lru_cache(maxsize=64)
def blocks(circuit: Circuit) -> list[Block]:
    """The operations, those that can be applied together taken together; repetitions found."""
    runs = itertools.groupby(circuit.slots(), lambda placed: _kind(placed[0]))
    pieces = [piece for kind, run in runs for piece in _pieces(kind, list(run))]
    made = []
    while pieces:
        length, times = max(
            ((n, _times(pieces, n)) for n in range(1, min(_LONGEST, len(pieces)) + 1)),
            key=lambda pair: (pair[0] * pair[1] * (pair[1] > 1), -pair[0]),
        )
        made.append(_block(circuit.num_qubits, pieces[: length * times], length))
        pieces = pieces[length * times :]
    return made


def _kind(op: Op) -> type[Stage]:
    if op.gate.num_wires == 1:
        return Turns
    if op.gate.num_angles:
        return Single
    return Moves if np.isin(np.array(op.gate.entries()), (-1, 0, 1)).all() else Single


_Piece = tuple[type[Stage], list[tuple[Op, range]]]


def _pieces(kind: type[Stage], run: list[tuple[Op, range]]) -> list[_Piece]:
    return [(kind, [one]) for one in run] if kind is Single else [(kind, run)]


def _times(pieces: list[_Piece], length: int) -> int:
    """How often the first pieces follow each other, but for the names of their angles."""
    plain = [(kind, [(op.name, op.wires, op.fixed) for op, _ in run]) for kind, run in pieces]
    times = 1
    while plain[times * length : (times + 1) * length] == plain[:length]:
        times += 1
    return times


def _block(num_qubits: int, pieces: list[_Piece], length: int) -> Block:
    slots = [slot for _, run in pieces for _, own in run for slot in own]
    made, first = [], 0
    for kind, run in pieces[:length]:
        ops = []
        for op, own in run:
            ops.append((op, tuple(range(first, first + len(own)))))
            first += len(own)
        if kind is Turns:
            wires = [[one for one in ops if one[0].wires == (w,)] for w in range(num_qubits)]
            made.append(Turns(tuple(wires)))
        else:
            made.append(Moves(ops) if kind is Moves else Single(ops[0]))
    return Block(made, np.array(slots, int).reshape(len(pieces) // length, first))


@lru_cache(maxsize=256)
def _moves(wires: tuple[tuple[str, tuple[int, ...]], ...], num_qubits: int):
    """new[i] = signs[i] * old[order[i]]."""
    source = np.arange(2**num_qubits).reshape((2,) * num_qubits)
    signs = np.ones_like(source)
    for name, own in wires:
        matrix = np.array(GATES[name].entries()).real.astype(int)
        where, sign = np.abs(matrix).argmax(1), matrix.sum(1)
        axes = tuple(range(len(own)))
        first = [np.moveaxis(a, own, axes) for a in (source, signs)]
        shape = first[0].shape
        old, was = (a.reshape(len(matrix), -1) for a in first)
        new = old[where], sign[:, None] * was[where]
        source, signs = (np.moveaxis(a.reshape(shape), axes, own) for a in new)
    return Order(source.reshape(-1)), signs.reshape(-1)


def run_from(circuit: Circuit, angles: Float[Array, " P"], state: State | None) -> State:
    """Final state, flat, first wire most significant, from an initial one of the same form.

    From |0...0> if there is none.
    """
    if state is None:
        state = jnp.zeros(2**circuit.num_qubits, angles.dtype).at[0].set(1)
    if not circuit.is_real:
        state = state.astype(jnp.result_type(state, jnp.complex64))
    for block in blocks(circuit):

        def step(state: State, own: Array, block: Block = block) -> tuple[State, None]:
            for stage in block.stages:
                state = _advance(stage, own, state, circuit.num_qubits)
            return state, None

        state = _scan(step, state, angles[block.slots])[0]
    return state


def _scan(step: Callable[..., Any], carry: Any, rows: Array, *more: Array) -> tuple[Any, Any]:
    """``lax.scan``; a single step is taken without one."""
    if len(rows) > 1:
        return lax.scan(lambda carry, row: step(carry, *row), carry, (rows, *more))
    carry, out = step(carry, rows[0], *(one[0] for one in more))
    return carry, out


def _advance(stage: Stage, angles: Array, state: State, num_qubits: int) -> State:
    if isinstance(stage, Turns):
        return _turn(reduce(compose, _matrices(stage, angles, num_qubits)), state)
    if isinstance(stage, Moves):
        wires = tuple((op.name, op.wires) for op, _ in stage.ops)
        order, signs = _moves(wires, num_qubits)
        moved = state if order.is_identity else permute(state, order)
        return moved if (signs > 0).all() else moved * signs.astype(moved.real.dtype)
    op, slots = stage.placed
    return apply(op.gate.entries(*_values(op, slots, angles)), state, list(op.wires))


def _values(op: Op, slots: Sequence[int], angles: Array) -> list[Array]:
    return [jnp.asarray(v, angles.dtype) for v in op.fixed or [angles[s] for s in slots]]


def _dagger(matrices: Matrices) -> Matrices:
    return matrices.conj().swapaxes(-1, -2)


def _matrices(stage: Turns, angles: Array, num_qubits: int) -> list[Matrices]:
    """Of every column: (Q, 2, 2), the identity where a wire has no such gate."""
    return [_placed(column, angles, num_qubits, None) for column in stage.columns]


def _placed(
    column: list[tuple[int, _Placed]], angles: Array, num_qubits: int, raised: int | None
) -> Matrices:
    """Matrices of some gates, one a wire at most; with the angle ``raised`` pi larger."""
    whole = None
    names = dict.fromkeys(op.name for _, (op, _) in column)
    for name in names:
        members = [(wire, op, slots) for wire, (op, slots) in column if op.name == name]
        wires = np.array([wire for wire, _, _ in members])
        gate = members[0][1].gate
        fixed = [op.fixed is not None for _, op, _ in members]
        values = []
        for k in range(gate.num_angles):
            if any(fixed):
                rows = [
                    jnp.asarray(op.fixed[k], angles.dtype) if op.fixed else angles[slots[k]]
                    for _, op, slots in members
                ]
                value = jnp.stack(rows)
            else:
                value = angles[np.array([slots[k] for _, _, slots in members])]
            values.append(value + math.pi if k == raised else value)
        entries = gate.entries(*values)
        dtype = angles.dtype if gate.real else jnp.result_type(angles.dtype, jnp.complex64)
        made = stack_entries(entries, len(members), dtype)
        if len(members) == num_qubits:
            return made[np.argsort(wires)]
        if whole is None:
            whole = jnp.broadcast_to(jnp.eye(2, dtype=dtype), (num_qubits, 2, 2))
        whole = whole.astype(jnp.result_type(whole, made)).at[wires].set(made)
    assert whole is not None
    return whole


def _turn(matrices: Matrices, state: State) -> State:
    return apply_blocks(kron_blocks(matrices, QUBITS_A_BLOCK), state)


def shifted_states(
    circuit: Circuit, angles: Float[Array, " P"], state: State
) -> tuple[State, Inexact[Array, "P K"]]:
    """The final state psi, and -i U P psi_k for each slot.

    With its angle shifted by s a circuit ends in cos(s/2) psi + sin(s/2) times the slot's state.
    """
    if not circuit.is_real:
        state = state.astype(jnp.result_type(state, jnp.complex64))
    carried, order = jnp.zeros((0, state.size), state.dtype), np.zeros(0, int)
    for block in blocks(circuit):
        before, (times, size) = len(carried), block.slots.shape
        room = jnp.zeros((times * size, state.size), state.dtype)
        order = np.concatenate([order, block.slots.reshape(-1)])

        def step(
            carry: tuple[State, Array], own: Array, first: Array, block: Block = block
        ) -> tuple[tuple[State, Array], None]:
            state, carried = carry
            state, carried, rows = _shift_block(block, own, state, carried, circuit.num_qubits)
            return (state, lax.dynamic_update_slice(carried, rows, (first, 0))), None

        firsts = before + size * np.arange(times)
        carry = state, jnp.concatenate([carried, room])
        (state, carried), _ = _scan(step, carry, angles[block.slots], jnp.asarray(firsts))
    return state, carried[np.argsort(order)]


def _shift_block(
    block: Block, own: Array, state: State, carried: Array, num_qubits: int
) -> tuple[State, Array, Array]:
    """The state after a block, those that are carried along, and those of its own slots."""
    rows, order = jnp.zeros((0, state.size), state.dtype), []
    for stage in block.stages:
        step = jax.vmap(lambda one: _advance(stage, own, one, num_qubits))  # noqa: B023
        state = _advance(stage, own, state, num_qubits)
        carried = step(carried) if len(carried) else carried
        rows = step(rows) if len(rows) else rows
        for slots, more in _turned(stage, own, state, num_qubits):
            order += slots
            rows = jnp.concatenate([rows, more])
    return state, carried, rows[np.argsort(order)] if order else rows


def _turned(
    stage: Stage, angles: Array, state: State, num_qubits: int
) -> Iterator[tuple[list[int], Inexact[Array, "_ K"]]]:
    """Slots of a stage, and -i P state of each, state being that after the stage."""
    if isinstance(stage, Single):
        op, slots = stage.placed
        for k, slot in enumerate(slots):
            values = _values(op, slots, angles)
            raised = [v + math.pi * (j == k) for j, v in enumerate(values)]
            before = apply(_daggered(op.gate.entries(*values)), state, list(op.wires))
            turned = apply(op.gate.entries(*raised), before, list(op.wires))
            yield [slot], (turned * _phase(op.name, k))[None]
    if isinstance(stage, Turns):
        yield from _turned_by(stage, angles, state, num_qubits)


def _daggered(entries: Entries) -> Entries:
    plain = lambda e: e if isinstance(e, int | float) else jnp.conj(e)  # noqa: E731
    return tuple(tuple(map(plain, column)) for column in zip(*entries, strict=True))


def _turned_by(
    stage: Turns, angles: Array, state: State, num_qubits: int
) -> Iterator[tuple[list[int], Inexact[Array, "_ K"]]]:
    columns, matrices = list(stage.columns), _matrices(stage, angles, num_qubits)
    by_wire: list[tuple[list[int], list[Array]]] = [([], []) for _ in range(num_qubits)]
    for k, (column, made) in enumerate(zip(columns, matrices, strict=True)):
        later = reduce(compose, matrices[k + 1 :]) if matrices[k + 1 :] else None
        for angle in range(max(op.num_slots for _, (op, _) in column)):
            raised = _placed(column, angles, num_qubits, angle)
            generator = compose(_dagger(made), raised)
            if later is not None:
                generator = compose(compose(_dagger(later), generator), later)
            for wire, (op, slots) in column:
                if len(slots) > angle:
                    by_wire[wire][0].append(slots[angle])
                    by_wire[wire][1].append(generator[wire] * _phase(op.name, angle))
    for wire, (slots, generators) in enumerate(by_wire):
        if slots:
            tensor = state.reshape(2**wire, 2, -1)
            stacked = jnp.stack(generators)
            rows = (stacked[:, None, :, :, None] * tensor[None, :, None]).sum(3)
            yield slots, rows.reshape(len(slots), -1)


@lru_cache(maxsize=256)
def _phase(name: str, angle: int) -> complex:
    """-i for a gate that is exp(i t G) with a projector G, 1 for exp(-i t P / 2).

    A projector is (1 - P) / 2: at pi the gate is P, and not -i P.
    """
    gate = GATES[name]
    with jax.ensure_compile_time_eval():
        zero, raised = (matrix(name, *np.eye(gate.num_angles)[angle] * t) for t in (0, math.pi))
        turned = np.asarray(raised) @ np.asarray(zero).conj().T
    return 1 if (turned @ turned)[0, 0].real < 0 else -1j
