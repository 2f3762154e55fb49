"""Which noise a machine has: channels behind gates, and what is read wrongly."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float

from jqkd._checks import (
    check_array,
    check_choice,
    check_integer,
    check_list,
    check_type,
    fail,
    is_concrete,
)
from jqkd.quantum.circuit import Circuit
from jqkd.quantum.gates import GATES
from jqkd.quantum.noise.channels import Channel, Strength, check_strength
from jqkd.quantum.noise.trees import make_tree
from jqkd.quantum.ops import Op
from jqkd.quantum.statevector import QUBITS_A_BLOCK, apply_blocks, kron_blocks


@dataclass(frozen=True)
class After:
    """A channel behind some gates.

    Args:
        channel: what happens to the gate's wires.
        gates: names; all gates if empty.
        num_wires: only gates on so many wires; on any number if ``None``.

    Raises:
        InputError: no channel, a gate that is not in the table.

    Example:
        >>> from jqkd.quantum.noise import Depolarising
        >>> After(Depolarising(0.01), ("CX",)).follows(Op("CX", (0, 1)))
        True
    """

    channel: Channel
    gates: tuple[str, ...] = ()
    num_wires: int | None = None

    def __post_init__(self) -> None:
        check_type("channel", self.channel, Channel, "a noise channel")
        for gate in self.gates:
            check_choice("gates", gate, GATES)
        if self.num_wires is not None:
            check_integer("num_wires", self.num_wires, 1, 2)
            wrong = [name for name in self.gates if GATES[name].num_wires != self.num_wires]
            if wrong:
                must = f"be of {self.num_wires} wire(s), as `num_wires` has it"
                fail("gates", must, ", ".join(wrong))

    def follows(self, op: Op) -> bool:
        """Whether the channel acts behind an operation."""
        wanted = self.num_wires in (None, op.gate.num_wires)
        return wanted and (not self.gates or op.name in self.gates)

    def places(self, op: Op) -> list[tuple[int, ...]]:
        """The wires of each time that the channel acts behind an operation."""
        if not self.follows(op):
            return []
        return [op.wires] if self.channel.joint else [(wire,) for wire in op.wires]


@dataclass(frozen=True)
class NoiseModel:
    """Channels behind gates, in their order, and a confusion matrix for every qubit that is read.

    Hashable where its numbers are Python's; also a tree of arrays for JAX, so that strengths may
    be traced: one program serves all.

    Args:
        after: what follows gates.
        readout: P(read 1 | 0) and P(read 0 | 1): one pair for all qubits, or one a qubit; none if
            empty. ``readout_of`` makes it from confusion matrices.

    Raises:
        InputError: no channels, probabilities outside of [0, 1].

    Example:
        >>> from jqkd.quantum.noise import Depolarising
        >>> noise = NoiseModel((After(Depolarising(0.01)),), readout=((0.02, 0.02),))
        >>> noise == NoiseModel((After(Depolarising(0.01)),), readout=((0.02, 0.02),))
        True
    """

    after: tuple[After, ...] = ()
    readout: tuple[tuple[Strength, Strength], ...] = ()

    def __post_init__(self) -> None:
        check_list("after", self.after, After, "`After(channel, gates)`")
        for pair in self.readout:
            if not isinstance(pair, tuple) or len(pair) != 2:
                fail("readout", "hold pairs P(1|0), P(0|1)", pair)
            for value in pair:
                check_strength("readout", value)

    @classmethod
    def from_qiskit(cls, model: Any) -> NoiseModel:
        """The noise of a ``qiskit_aer.noise.NoiseModel``: channels behind gates, and readout.

        A backend's properties are such a model by ``NoiseModel.from_backend`` of Aer, with noise
        of its own on each qubit, which is refused.

        Raises:
            InputError: noise behind what is no gate of ours, that differs from qubit to qubit, or
                a readout of several qubits together; says which.

        Example:
            >>> from qiskit_aer.noise import NoiseModel as AerNoise, depolarizing_error
            >>> aer = AerNoise()
            >>> aer.add_all_qubit_quantum_error(depolarizing_error(0.1, 2), ["cx"])
            >>> NoiseModel.from_qiskit(aer).after[0].gates
            ('CX',)
        """
        # It stands above: it needs this class.
        from jqkd.quantum.exchange.aer import noise_from_aer

        return noise_from_aer(model)

    def check(self, circuit: Circuit) -> None:
        """The model fits a circuit.

        Raises:
            InputError: a readout for another number of qubits.
        """
        if len(self.readout) not in (0, 1, circuit.num_qubits):
            must = f"hold one pair, or one for each of the circuit's {circuit.num_qubits} qubits"
            fail("readout", must, f"{len(self.readout)} of them")

    def trimmed(self) -> NoiseModel | None:
        """Without what is known to do nothing; ``None`` if nothing is left.

        Example:
            >>> from jqkd.quantum.noise import Depolarising
            >>> NoiseModel((After(Depolarising(0.0)),)).trimmed() is None
            True
        """
        after = tuple(rule for rule in self.after if not _nothing(rule.channel))
        readout = () if all(map(_nothing, self.readout)) else self.readout
        return replace(self, after=after, readout=readout) if after or readout else None

    def confusion(self, num_qubits: int) -> Float[Array, "Q 2 2"] | None:
        """P(read | true), rows by what is read; ``None`` if all is read as it is."""
        if not self.readout:
            return None
        pairs = self.readout * (num_qubits if len(self.readout) == 1 else 1)
        values = jnp.stack([jnp.stack([jnp.asarray(v, float) for v in pair]) for pair in pairs])
        up, down = values[:, 0], values[:, 1]
        return jnp.stack([jnp.stack([1 - up, down], -1), jnp.stack([up, 1 - down], -1)], 1)


make_tree(After, fixed=("gates", "num_wires"))
make_tree(NoiseModel)


def _nothing(part: Any) -> bool:
    """Whether all is a known 0 that decides about the strength."""
    if isinstance(part, Channel):
        values = [part.time] if hasattr(part, "time") else jax.tree.leaves(part)
    else:
        values = list(part)
    return all(is_concrete(value) and not np.any(np.asarray(value)) for value in values)


def readout_probabilities(
    values: Float[Array, " K"], noise: NoiseModel, num_qubits: int, wires: tuple[int, ...]
) -> Float[Array, " K"]:
    """What is read, from the probabilities of the outcomes of some wires, in outcome order."""
    confusion = noise.confusion(num_qubits)
    if confusion is None:
        return values
    # The last wire's bit comes first. Products of blocks also because XLA's CPU programs (JAX
    # 0.10) crash on a product and a sum along one axis after the other, in a vmap of a vmap.
    matrices = confusion.astype(values.dtype)[np.array(wires[::-1])]
    return apply_blocks(kron_blocks(matrices, QUBITS_A_BLOCK), values)


def readout_of(matrices: Iterable[ArrayLike]) -> tuple[tuple[float, float], ...]:
    """``NoiseModel.readout`` from confusion matrices (2, 2), one a qubit or one for all.

    Rows are the true bit, as Qiskit's ``ReadoutError`` has them: each sums to 1.

    Raises:
        InputError: another shape, a row that does not sum to 1, an entry outside of [0, 1].

    Example:
        >>> readout_of([[[0.75, 0.25], [0.5, 0.5]]])
        ((0.25, 0.5),)
    """
    pairs = []
    for given in matrices:
        matrix = np.asarray(check_array("readout", given, (2, 2)), float)
        if np.abs(matrix.sum(1) - 1).max() > 1e-9:
            sums = " and ".join(f"{s:g}" for s in matrix.sum(1))
            fail("readout", "have rows that sum to 1", f"one with sums {sums}")
        for value in matrix.flat:
            check_strength("readout", value)
        pairs.append((float(matrix[0, 1]), float(matrix[1, 0])))
    return tuple(pairs)
