"""Ansatze: what a circuit does after, or between, its encoding, with weights of its own."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jqkd._checks import check_integer, check_seed
from jqkd.common.registry import Registry
from jqkd.quantum import Circuit, Op, h_ry, hardware_efficient, ry_layer
from jqkd.quantum.limits import check_num_qubits


class Ansatz:
    """A part that makes circuits; a frozen dataclass, its fields are its options."""

    def circuit(self, qubits: int) -> Circuit:
        """The gates, their angles filled by weights 0 to W - 1."""
        raise NotImplementedError

    def join(self, encoding: Circuit) -> Circuit:
        """The whole circuit: the encoding, then the ansatz.

        One that reads the data more than once (re-uploading) says here where.
        """
        return encoding.then(self.circuit(encoding.num_qubits))

    def initial(self, key: Array, number: int) -> Float[Array, " W"]:
        """Initial weights ``(W,)``, radians: uniform in (-pi, pi), unless a subclass says else."""
        return jax.random.uniform(key, (number,), float, -jnp.pi, jnp.pi)


ANSATZE: Registry[Ansatz] = Registry("ansatz", Ansatz, has_shelf=True)


@ANSATZE.register("none")
@dataclass(frozen=True)
class NoAnsatz(Ansatz):
    """The encoding alone: the notebooks' circuit has no weight of its own."""

    def circuit(self, qubits: int) -> Circuit:
        """No gates."""
        return Circuit(qubits)


@ANSATZE.register("paper")
@dataclass(frozen=True)
class PaperAnsatz(Ansatz):
    """H and RY on up to 3 qubits, RY on more (the paper's fig. 5)."""

    def circuit(self, qubits: int) -> Circuit:
        narrow = check_num_qubits(qubits) <= 3
        return (h_ry(qubits) if narrow else ry_layer(qubits)).as_weights()


@ANSATZE.register("hardware-efficient")
@dataclass(frozen=True)
class HardwareEfficient(Ansatz):
    """RY on every qubit and a ring of CZ, ``layers`` times, then RY (Kandala et al., 2017)."""

    layers: int = 1

    def __post_init__(self) -> None:
        check_integer("layers", self.layers, 1, 1000)

    def circuit(self, qubits: int) -> Circuit:
        return hardware_efficient(qubits, self.layers).as_weights()


@ANSATZE.register("entangling")
@dataclass(frozen=True)
class Entangling(Ansatz):
    """A ring of CZ, then RY on every qubit, ``layers`` times.

    The ring comes first: an RY would only add to an encoding's own, and a last CZ changes no
    outcome's probability. With two layers every qubit hears of every other one of four.

    Example:
        >>> print(Entangling().circuit(2))
        q0: ─CZ0─RY(w0)─CZ0─RY(w2)─
        q1: ─CZ1─RY(w1)─CZ1─RY(w3)─
    """

    layers: int = 2

    def __post_init__(self) -> None:
        check_integer("layers", self.layers, 1, 1000)

    def circuit(self, qubits: int) -> Circuit:
        ops = hardware_efficient(qubits, self.layers).ops[qubits:]
        return Circuit(qubits, ops).as_weights()


@ANSATZE.register("frozen")
@dataclass(frozen=True)
class Frozen(Entangling):
    """``Entangling`` with angles that were drawn once, uniform in (-pi, pi): nothing to train.

    Attributes:
        seed: names the one random circuit of each width.
    """

    seed: int = 2023

    def __post_init__(self) -> None:
        super().__post_init__()
        check_seed("seed", self.seed)

    def circuit(self, qubits: int) -> Circuit:
        trainable = super().circuit(qubits)
        rng = np.random.default_rng((self.seed, qubits))
        fixed = lambda op: (rng.uniform(-np.pi, np.pi),) if op.num_slots else None  # noqa: E731
        return Circuit(qubits, tuple(Op(op.name, op.wires, fixed(op)) for op in trainable.ops))
