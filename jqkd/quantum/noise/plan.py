"""What a noisy circuit does to a density matrix, worked out once: stages that are quick to apply.

One-qubit gates and their channels are one 4 x 4 matrix a wire. Clifford gates on two wires permute
Pauli strings with signs, and mixtures of Pauli strings scale them: a run of those is one
permutation and one vector of factors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from jqkd.quantum.circuit import Circuit
from jqkd.quantum.gates import matrix as gate_matrix
from jqkd.quantum.noise.channels import transfer
from jqkd.quantum.ops import Op
from jqkd.quantum.permutation import Order


class Turn(NamedTuple):
    """The matrix of an operation, or of a rule's channel."""

    op: int | None = None
    rule: int | None = None


@dataclass(frozen=True)
class Turns:
    """One-wire matrices, each wire's in their order."""

    wires: tuple[list[Turn], ...]


@dataclass(frozen=True)
class Moves:
    """new[i] = signs[i] * old[order[i]] * product of each rule's diagonal at its index [i].

    Attributes:
        order: of the Pauli strings.
        signs: (4**Q,), 1 or -1.
        scales: (rule, wires it acts on at a time, index (4**Q,) into its diagonal).
    """

    order: Order = field(repr=False)
    signs: np.ndarray = field(repr=False)
    scales: list[tuple[int, int, np.ndarray]] = field(repr=False)


@dataclass(frozen=True)
class Dense:
    """A matrix of two wires, 16 x 16."""

    turn: Turn
    wires: tuple[int, ...]


Stage = Turns | Moves | Dense


@dataclass(frozen=True)
class Rule:
    """What the plan must know of a rule: its places behind operations, and of which kind it is."""

    places: tuple[tuple[tuple[int, ...], ...], ...]
    damps: bool


@lru_cache(maxsize=64)
def plan(circuit: Circuit, rules: tuple[Rule, ...]) -> list[Stage]:
    """The stages of a circuit under noise."""
    builder = _Builder(circuit.num_qubits)
    for place, op in enumerate(circuit.ops):
        builder.gate(place, op)
        for number, rule in enumerate(rules):
            for wires in rule.places[place]:
                builder.channel(number, wires, rule.damps)
    return builder.finish()


class _Builder:
    """Collects what can be applied together."""

    def __init__(self, num_qubits: int) -> None:
        self._num_qubits = num_qubits
        self._stages: list[Stage] = []
        self._turns: tuple[list[Turn], ...] | None = None
        self._moves: Moves | None = None

    def gate(self, place: int, op: Op) -> None:
        if op.gate.num_wires == 1:
            self._turn(op.wires[0], Turn(op=place))
            return
        moves = None if op.gate.num_angles else signed_permutation(op.name)
        if moves is None:
            self._dense(Turn(op=place), op.wires)
        else:
            self._move(*moves, op.wires)

    def channel(self, rule: int, wires: tuple[int, ...], damps: bool) -> None:
        if len(wires) == 1 and (damps or self._moves is None):
            self._turn(wires[0], Turn(rule=rule))
        elif damps:
            self._dense(Turn(rule=rule), wires)
        else:
            index = _digits(self._num_qubits, wires).astype(np.uint8)
            self._opened().scales.append((rule, len(wires), index))

    def finish(self) -> list[Stage]:
        self._close()
        return self._stages

    def _turn(self, wire: int, turn: Turn) -> None:
        if self._turns is None:
            self._close()
            self._turns = tuple([] for _ in range(self._num_qubits))
        self._turns[wire].append(turn)

    def _dense(self, turn: Turn, wires: tuple[int, ...]) -> None:
        self._close()
        self._stages.append(Dense(turn, wires))

    def _opened(self) -> Moves:
        if self._moves is None:
            self._close()
            index = np.arange(4**self._num_qubits, dtype=np.int32)
            self._moves = Moves(Order(index), np.ones(len(index), np.int8), [])
        return self._moves

    def _move(self, source: np.ndarray, signs: np.ndarray, wires: tuple[int, ...]) -> None:
        before = self._opened()
        own = _digits(self._num_qubits, wires)
        whole, sign = _everywhere(self._num_qubits, source, own, wires), signs[own]
        scales = [(rule, size, index[whole]) for rule, size, index in before.scales]
        order = Order(before.order.source[whole])
        self._moves = Moves(order, sign * before.signs[whole], scales)

    def _close(self) -> None:
        if self._turns is not None:
            self._stages.append(Turns(self._turns))
        if self._moves is not None:
            self._stages.append(self._moves)
        self._turns = self._moves = None


def _digits(num_qubits: int, wires: tuple[int, ...]) -> np.ndarray:
    """Of every Pauli string, the number that its letters on some wires spell to the base of 4."""
    index = np.arange(4**num_qubits)
    number = np.zeros_like(index)
    for wire in wires:
        number = 4 * number + (index >> 2 * (num_qubits - 1 - wire)) % 4
    return number


def _everywhere(
    num_qubits: int, source: np.ndarray, own: np.ndarray, wires: tuple[int, ...]
) -> np.ndarray:
    """The string that each Pauli string comes from, of a permutation of letters on some wires."""
    index, came = np.arange(4**num_qubits), source[own]
    for place, wire in enumerate(reversed(wires)):
        shift = 2 * (num_qubits - 1 - wire)
        letter = (came >> 2 * place) % 4
        index = index - (((index >> shift) % 4) << shift) + (letter << shift)
    return index


@lru_cache(maxsize=64)
def signed_permutation(name: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Of a fixed gate's Pauli transfer matrix: where each row's only entry is, and its sign."""
    import jax

    with jax.ensure_compile_time_eval():
        whole = np.asarray(transfer(gate_matrix(name)[None] + 0j))
    if not np.allclose(np.abs(whole).sum(1), 1, atol=1e-5):
        return None
    if not np.allclose(np.abs(whole).max(1), 1, atol=1e-5):
        return None
    where = np.abs(whole).argmax(1)
    return where, np.sign(whole[np.arange(len(where)), where]).astype(np.int8)
