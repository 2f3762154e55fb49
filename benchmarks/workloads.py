"""What is measured, as data: circuits, sizes and inputs, in terms that every peer can read.

Letters: n qubits, B images, P angles, K = 2**n outcomes, S shots.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from jqkd._checks import InputError

SHOTS = 5000
LAYERS = 4
PURE_LAYERS = 12
# W8, W9: probability of X, of Y and of Z behind every gate, on each of its wires.
ERROR = 0.0025
TRAJECTORIES = 100
# Angles of the inputs lie in -ANGLE..ANGLE: no outcome of H+RY is then rarer than 0.034**n.
ANGLE = 1.2


@dataclass(frozen=True)
class Step:
    """One gate: H, RX, RY, RZ or CZ; ``slot`` is the angle it reads."""

    name: str
    wires: tuple[int, ...]
    slot: int | None = None


@dataclass(frozen=True)
class Cell:
    """One size of one workload.

    Example:
        >>> Cell("W1", 3, 64).name
        'W1 n=3 B=64'
    """

    workload: str
    qubits: int
    batch: int = 1

    @property
    def name(self) -> str:
        """Names the cell in tables."""
        return f"{self.workload} n={self.qubits} B={self.batch}"

    @property
    def layout(self) -> tuple[Step, ...]:
        """The circuit's gates, first to last."""
        return WORKLOADS[self.workload].layout(self.qubits)

    @property
    def num_angles(self) -> int:
        """P."""
        return sum(step.slot is not None for step in self.layout)

    @property
    def work(self) -> float:
        """Rough size: amplitudes touched, and shots drawn. Compares cells of one workload."""
        asked = WORKLOADS[self.workload]
        circuits = self.batch * (2 * self.num_angles if asked.shifted else 1)
        shots = SHOTS if asked.sampled else 0
        return circuits * (len(self.layout) * 2**self.qubits + shots)


@dataclass(frozen=True)
class Workload:
    """A question that every peer is asked.

    Attributes:
        name: W1, ..., T1.
        title: the question, for tables.
        circuit: ``h_ry``, ``hardware_efficient`` or ``pure``.
        qubits: n of the cells.
        batches: B of the cells.
        quick: cells (n, B) of a quick run.
        sampled: whether shots are drawn.
        shifted: whether every circuit is run at shifted angles.
        shared: whether all images have the same angles, and an initial state each.
    """

    name: str
    title: str
    circuit: str
    qubits: tuple[int, ...]
    batches: tuple[int, ...]
    quick: tuple[tuple[int, int], ...]
    sampled: bool = False
    shifted: bool = False
    shared: bool = False

    def layout(self, qubits: int) -> tuple[Step, ...]:
        """The circuit's gates."""
        circuits = {"h_ry": h_ry, "hardware_efficient": hardware_efficient, "pure": pure}
        return circuits[self.circuit](qubits)

    def cells(self, quick: bool = False) -> list[Cell]:
        """Its sizes, small ones first."""
        sizes = self.quick if quick else [(n, b) for n in self.qubits for b in self.batches]
        return [Cell(self.name, *size) for size in sizes]


def h_ry(qubits: int) -> tuple[Step, ...]:
    """H, then RY, on every qubit: the paper's circuit."""
    first = [Step("H", (k,)) for k in range(qubits)]
    return (*first, *(Step("RY", (k,), k) for k in range(qubits)))


def hardware_efficient(qubits: int, layers: int = LAYERS) -> tuple[Step, ...]:
    """``layers`` times RY on every qubit and a ring of CZ, then RY on every qubit."""
    steps: list[Step] = []
    for layer in range(layers + 1):
        steps += [Step("RY", (k,), layer * qubits + k) for k in range(qubits)]
        steps += ring(qubits) if layer < layers else []
    return tuple(steps)


def pure(qubits: int, layers: int = PURE_LAYERS) -> tuple[Step, ...]:
    """``layers`` times RX, RY and RZ on every qubit and a ring of CZ."""
    steps: list[Step] = []
    for layer in range(layers):
        for axis, name in enumerate(("RX", "RY", "RZ")):
            first = (3 * layer + axis) * qubits
            steps += [Step(name, (k,), first + k) for k in range(qubits)]
        steps += ring(qubits)
    return tuple(steps)


def ring(qubits: int) -> list[Step]:
    """CZ on every pair of neighbours; on two qubits one CZ."""
    pairs = [(k, (k + 1) % qubits) for k in range(qubits if qubits > 2 else qubits - 1)]
    return [Step("CZ", pair) for pair in pairs]


WORKLOADS: dict[str, Workload] = {
    work.name: work
    for work in (
        Workload(
            *("W1", "all probabilities of H+RY", "h_ry"),
            *((3, 4, 8, 12), (1, 64, 1024), ((3, 64), (8, 64))),
        ),
        Workload(
            *("W2", f"the same with {SHOTS} shots", "h_ry"),
            *((3, 4, 8, 12), (1, 64, 1024), ((4, 64),), True),
        ),
        Workload(
            *("W3", f"shift-rule gradient with {SHOTS} shots", "h_ry"),
            *((3, 4, 8), (1, 64, 256), ((3, 64),), True, True),
        ),
        Workload(
            *("W4", f"exact gradient, hardware-efficient, {LAYERS} layers", "hardware_efficient"),
            *((4, 8, 12, 16), (1, 64), ((4, 64),)),
        ),
        Workload(
            *("W5", f"one state, hardware-efficient, {LAYERS} layers", "hardware_efficient"),
            *((16, 18, 20, 22, 24), (1,), ((16, 1),)),
        ),
        Workload(
            *("W6", f"W3 of a hardware-efficient circuit, {LAYERS} layers", "hardware_efficient"),
            *((6, 8), (32,), ((6, 32),), True, True),
        ),
        Workload(
            *("W7", f"exact gradient of {PURE_LAYERS} layers behind images as amplitudes", "pure"),
            *((8, 10), (32,), ((8, 32),), False, False, True),
        ),
        Workload(
            *(
                "W8",
                "exact gradient under noise, hardware-efficient, 4 layers",
                "hardware_efficient",
            ),
            *((4, 6), (32,), ((4, 32),)),
        ),
        Workload(
            *("W9", f"the same circuit's probabilities, {TRAJECTORIES} trajectories"),
            *("hardware_efficient", (8,), (1, 8), ((8, 1),), True),
        ),
        Workload(
            *("T1", "training step: CNN, circuit, Adam; 1 image, 3 qubits", "h_ry"),
            *((3,), (1,), ((3, 1),), True),
        ),
    )
}


# What a quick run looks at unless it is told what.
QUICK = ("W1", "W3", "T1")


def select(names: Sequence[str], quick: bool) -> list[list[Cell]]:
    """The cells of some workloads, one list a workload.

    Raises:
        InputError: an unknown workload.
    """
    for name in names:
        if name not in WORKLOADS:
            raise InputError(
                f"There is no workload {name!r}; workloads are {', '.join(WORKLOADS)}."
            )
    return [WORKLOADS[name].cells(quick) for name in WORKLOADS if name in names]


def angles(cell: Cell, number: int) -> np.ndarray:
    """Input ``number`` of a cell: angles (B, P) in float32, the same for every peer.

    (1, P) where all images share them.
    """
    seed = zlib.crc32(cell.name.encode())
    random = np.random.default_rng([seed, number])
    rows = 1 if WORKLOADS[cell.workload].shared else cell.batch
    return random.uniform(-ANGLE, ANGLE, (rows, cell.num_angles)).astype(np.float32)


def outcome_weights(qubits: int) -> np.ndarray:
    """Weights (K,) of the outcomes in sum_k w_k f_k, the loss of W3 and W6; in outcome order."""
    return np.random.default_rng(qubits).uniform(-1, 1, 2**qubits).astype(np.float32)


def qubit_weights(qubits: int) -> np.ndarray:
    """Weights (n,) of the loss of W4, W7 and W8, sum_k c_k <Z_k>."""
    return np.linspace(0.5, 1.5, qubits, dtype=np.float32)


def amplitudes(cell: Cell) -> np.ndarray:
    """W7's images (B, K) in float32: of length 1, none negative, qubit 0 the highest bit."""
    random = np.random.default_rng(zlib.crc32(f"{cell.name} images".encode()))
    images = random.uniform(0, 1, (cell.batch, 2**cell.qubits))
    return (images / np.linalg.norm(images, axis=1, keepdims=True)).astype(np.float32)


def signs(batch: int) -> np.ndarray:
    """W7's loss is the mean over images of sign (B,) times sum_k c_k <Z_k>."""
    return np.where(np.arange(batch) % 2, -1, 1).astype(np.float32)
