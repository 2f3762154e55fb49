"""Who trains, and what is recorded of it: runs, their epochs, their curves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from jqkd._checks import check_choice, check_seed, fail, shown
from jqkd.training.student_task import ALONE, DISTILLED


@dataclass(frozen=True)
class Run:
    """One student: a seed of 32 bits, and an arm, ``alone`` or ``distilled``.

    Raises:
        InputError: another seed, which a random key would take for one of these; another arm.
    """

    seed: int
    arm: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", check_seed("seed", self.seed))
        check_choice("arm", self.arm, (ALONE, DISTILLED))


def check_seeds(seeds: Iterable[int]) -> tuple[int, ...]:
    """Seeds of 32 bits, at least one, none twice: the same run twice is no second run.

    Example:
        >>> check_seeds(range(2))
        (0, 1)
    """
    if not isinstance(seeds, Iterable) or isinstance(seeds, str):
        fail("seeds", "be a sequence of integers", shown(seeds))
    seeds = tuple(check_seed(f"seeds[{i}]", seed) for i, seed in enumerate(seeds))
    if not seeds or len(set(seeds)) != len(seeds):
        fail("seeds", "be at least one seed, none twice", shown(seeds))
    return seeds


def paired(seeds: Iterable[int], teaching: bool) -> list[Run]:
    """Every seed alone and, where there is a teacher, distilled."""
    seeds, arms = check_seeds(seeds), (ALONE, DISTILLED) if teaching else (ALONE,)
    return [Run(seed, arm) for arm in arms for seed in seeds]


# Curves of shots: of circuits, and of their shifted ones.
DRAWN = ("forward_shots", "shifted_shots")


@dataclass
class Curves:
    """What a block of R runs leaves behind, over E evaluated epochs.

    Attributes:
        runs: who they are.
        epochs: which epochs; an epoch that a budget of shots has cut short may be the last.
        forward_shots: drawn in training so far, by the circuits themselves.
        shifted_shots: by their shifted circuits.
    """

    runs: list[Run]
    epochs: list[int]
    train_loss: Float[np.ndarray, "R E"]
    train_accuracy: Float[np.ndarray, "R E"]
    validation_loss: Float[np.ndarray, "R E"]
    validation_accuracy: Float[np.ndarray, "R E"]
    test_loss: Float[np.ndarray, "R E"]
    test_accuracy: Float[np.ndarray, "R E"]
    forward_shots: Int[np.ndarray, "R E"]
    shifted_shots: Int[np.ndarray, "R E"]

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """All that are (R, E), by name."""
        return {k: v for k, v in vars(self).items() if k not in ("runs", "epochs")}

    @property
    def shots(self) -> Int[np.ndarray, "R E"]:
        """Drawn in training so far."""
        return self.forward_shots + self.shifted_shots

    def arm(self, name: str) -> Curves:
        """The runs of one arm, in the order of their seeds."""
        rows = [i for i, run in enumerate(self.runs) if run.arm == name]
        arrays = {name: array[rows] for name, array in self.arrays.items()}
        return Curves([self.runs[i] for i in rows], self.epochs, **arrays)


class Epoch(NamedTuple):
    """Reported after every evaluated epoch: its number from 1, its arrays (R,), and whose."""

    number: int
    metrics: dict[str, np.ndarray]
    runs: Sequence[Run] = ()


def collect(runs: Sequence[Run], epochs: Sequence[Epoch]) -> Curves:
    """Curves from the metrics of all evaluated epochs."""
    metrics = [epoch.metrics for epoch in epochs]
    stacked = {name: np.stack([one[name] for one in metrics], 1) for name in metrics[0]}
    return Curves(list(runs), [epoch.number for epoch in epochs], **stacked)
