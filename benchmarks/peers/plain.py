"""Plain NumPy: gate by gate over the batch, shots by its own multinomial."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import reference
from benchmarks.timing import Way
from benchmarks.workloads import SHOTS, Cell, outcome_weights, qubit_weights

COMPILES = False


def start(workload: str) -> None:
    """Nothing to set up."""


def ways(cell: Cell) -> list[Way]:
    """How a cell is answered, in float64 as NumPy has it."""
    function = {"W1": _all, "W2": _sample, "W3": _shift, "W4": _adjoint, "W5": _state}
    function |= {"W6": _shift, "W7": _right, "W8": _right}
    chosen = function[cell.workload]

    def call(angles: np.ndarray, random: np.random.Generator) -> Any:
        return chosen(cell, angles, random)

    prepare = lambda angles, seed: (angles, np.random.default_rng(seed))  # noqa: E731
    return [Way("einsum, gate by gate", lambda: call, prepare, np.asarray)]


def _all(cell: Cell, angles: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return reference.probabilities(cell.layout, cell.qubits, angles)


def _sample(cell: Cell, angles: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return random.multinomial(SHOTS, _unit(_all(cell, angles, random)))


def _unit(p: np.ndarray) -> np.ndarray:
    return p / p.sum(-1, keepdims=True)


def shifted(angles: np.ndarray) -> np.ndarray:
    """All angles up by pi/2, one at a time, then down: (2 P B, P).

    Example:
        >>> shifted(np.zeros((1, 1))).round(2).tolist()
        [[1.57], [-1.57]]
    """
    steps = np.pi / 2 * np.eye(angles.shape[1])
    both = np.concatenate([steps, -steps])
    return (angles[:, None] + both).reshape(-1, angles.shape[1])


def contracted(counts: np.ndarray, cell: Cell) -> np.ndarray:
    """Gradient (B, P) of sum_k w_k f_k from the counts of ``shifted`` circuits."""
    losses = counts @ outcome_weights(cell.qubits) / SHOTS
    up, down = np.moveaxis(losses.reshape(cell.batch, 2, cell.num_angles), 1, 0)
    return (up - down) / 2


def _shift(cell: Cell, angles: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return contracted(_sample(cell, shifted(angles), random), cell)


def _adjoint(cell: Cell, angles: np.ndarray, random: np.random.Generator) -> np.ndarray:
    weights = qubit_weights(cell.qubits)
    return reference.adjoint_gradient(cell.layout, cell.qubits, angles, weights)


def _right(cell: Cell, angles: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return reference.right_answer(cell, angles)


def _state(cell: Cell, angles: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return reference.states(cell.layout, cell.qubits, angles).reshape(1, -1)
