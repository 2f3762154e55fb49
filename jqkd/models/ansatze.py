"""Ansatze: what a circuit does after, or between, its encoding, with weights of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from jqkd._checks import (
    check_choice,
    check_integer,
    check_number,
    check_seed,
    check_type,
)
from jqkd.common.registry import Registry
from jqkd.models.arguments import check_axes
from jqkd.quantum import Circuit, Op, h_ry, hardware_efficient, ry_layer, weight
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


@ANSATZE.register("layered")
@dataclass(frozen=True)
class Layered(Ansatz):
    """Rotations on every qubit, then an entangler, ``layers`` times.

    Attributes:
        layers: L.
        axes: of the rotations, in their order.
        entangler: ``ring`` (of CZ), ``chain`` (of CX, each qubit to the next), or ``none``.
        shared: whether all qubits of a layer have the same angles.
        spread: standard deviation of the initial angles about 0, radians: a circuit near the
            identity has gradients that do not vanish with its width (Grant et al.,
            arXiv:1903.05076; Zhang et al., arXiv:2203.09376).
        frozen: seed of angles that are drawn once, uniform in (-pi, pi), and not trained;
            ``None``: they are trained.

    Example:
        >>> print(Layered(1, "Y", "chain").circuit(2))
        q0: ─RY(w0)─CX0─
        q1: ─RY(w1)─CX1─
    """

    layers: int = 4
    axes: str = "XYZ"
    entangler: str = "ring"
    shared: bool = False
    spread: float = 0.1
    frozen: int | None = None

    def __post_init__(self) -> None:
        check_integer("layers", self.layers, 1, 1000)
        check_axes("axes", self.axes)
        check_choice("entangler", self.entangler, ENTANGLERS)
        check_type("shared", self.shared, bool, "true or false")
        check_number("spread", self.spread, least=0)
        if self.frozen is not None:
            check_seed("frozen", self.frozen)

    def circuit(self, qubits: int) -> Circuit:
        qubits = check_num_qubits(qubits)
        return Circuit(
            qubits, tuple(op for k in range(self.layers) for op in self._layer(qubits, k))
        )

    def _layer(self, qubits: int, layer: int) -> list[Op]:
        angles = np.arange(len(self.axes) * qubits).reshape(len(self.axes), qubits)
        if self.shared:
            angles = np.broadcast_to(np.arange(len(self.axes))[:, None], angles.shape)
        angles = angles + layer * (angles.max() + 1)
        turns = [
            Op(f"R{axis}", (wire,), **self._filled(int(angles[k, wire])))
            for k, axis in enumerate(self.axes)
            for wire in range(qubits)
        ]
        return turns + ENTANGLERS[self.entangler](qubits)

    def _filled(self, index: int) -> dict[str, Any]:
        if self.frozen is None:
            return {"filled": weight(index)}
        return {"fixed": (np.random.default_rng((self.frozen, index)).uniform(-np.pi, np.pi),)}

    def initial(self, key: Array, number: int) -> Float[Array, " W"]:
        """Normal, of mean 0 and standard deviation ``spread``."""
        return self.spread * jax.random.normal(key, (number,), float)


@ANSATZE.register("reuploading")
@dataclass(frozen=True)
class Reuploading(Layered):
    """The encoding, then a layer of ``Layered``, ``layers`` times: the data are read in each.

    Source: Pérez-Salinas et al., arXiv:1907.02085.
    """

    def join(self, encoding: Circuit) -> Circuit:
        qubits = encoding.num_qubits
        layers = (Circuit(qubits, tuple(self._layer(qubits, k))) for k in range(self.layers))
        return reduce(
            lambda whole, layer: whole.then(encoding).then(layer), layers, Circuit(qubits)
        )


def _ring(qubits: int) -> list[Op]:
    """Of CZ; of two qubits one, as the second would undo the first."""
    pairs = [(k, (k + 1) % qubits) for k in range(qubits)]
    return [Op("CZ", pair) for pair in (pairs if qubits > 2 else pairs[: qubits - 1])]


def _chain(qubits: int) -> list[Op]:
    return [Op("CX", (k, k + 1)) for k in range(qubits - 1)]


ENTANGLERS: dict[str, Callable[[int], list[Op]]] = {
    "ring": _ring,
    "chain": _chain,
    "none": lambda qubits: [],
}
