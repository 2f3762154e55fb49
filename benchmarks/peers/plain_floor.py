"""What the shots alone cost NumPy: the probabilities are given, nothing is simulated."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks import reference
from benchmarks.peers.plain import contracted, shifted
from benchmarks.timing import Way
from benchmarks.workloads import SHOTS, Cell

COMPILES = False


def start(workload: str) -> None:
    """Nothing to set up."""


def ways(cell: Cell) -> list[Way]:
    """Draws of all the circuits of a cell."""

    def prepare(angles: np.ndarray, seed: int) -> tuple[Any, ...]:
        rows = shifted(angles) if cell.workload == "W3" else angles
        return reference.product_probabilities(rows), np.random.default_rng(seed)

    def draw(p: np.ndarray, random: np.random.Generator) -> np.ndarray:
        return random.multinomial(SHOTS, p)

    answer = (lambda counts: contracted(counts, cell)) if cell.workload == "W3" else np.asarray
    return [Way("Generator.multinomial", lambda: draw, prepare, answer)]
