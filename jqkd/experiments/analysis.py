"""What a store knows of each arm of an experiment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jqkd.experiments.model import Arm


@dataclass(frozen=True)
class ArmRecord:
    """Runs of an arm, one for each seed.

    Attributes:
        arm: which.
        seeds: those that are there, ascending, R of them.
        right: protocol -> right answers among the test images, (R,).
        test_images: how many there are.
        epochs: those that were evaluated, E of them.
        curves: metric -> (R, E).
        mechanism: name -> (R,), see ``mechanism``; empty if it is not known.
        teacher_epochs: architecture -> epochs, of the teachers that it is, or was taught by.
    """

    arm: Arm
    seeds: list[int]
    right: dict[str, list[int]]
    test_images: int
    epochs: list[int]
    curves: dict[str, np.ndarray]
    mechanism: dict[str, list[float]]
    teacher_epochs: dict[str, int]

    def accuracy(self, protocol: str) -> list[float]:
        """In %, (R,)."""
        return [100 * right / self.test_images for right in self.right[protocol]]
