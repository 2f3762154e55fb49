"""A trained teacher, as far as a student is concerned: curves, and logits by image id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, Int

from jqkd.data import Dataset, Splits, Subset, teacher_splits
from jqkd.models.functional import Params
from jqkd.models.teachers import average_probabilities
from jqkd.training import loop
from jqkd.training.loop import TrainingError
from jqkd.training.result import protocols
from jqkd.training.teacher_config import TeacherConfig

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class Teacher:
    """A trained teacher, as far as a student is concerned.

    Attributes:
        config: how it was trained.
        curves: train_loss, train_accuracy, validation_..., test_...: (epochs,) each.
        logits: part -> (N, C), for ``train``, ``validation`` and ``test``; of the epoch picked
            on validation.
        ids: part -> (N,) image ids, ascending.
        weights: those of that epoch, where they were asked for.
    """

    config: TeacherConfig
    curves: dict[str, np.ndarray]
    logits: dict[str, Float[np.ndarray, "_ C"]]
    ids: dict[str, Int[np.ndarray, " _"]]
    weights: Params | None = None

    @property
    def accuracies(self) -> dict[str, Any]:
        """Test accuracy by protocol; one that was not trained as a whole has one epoch."""
        return accuracies(self.curves)

    def logits_for(self, subset: Subset) -> Float[np.ndarray, "N C"]:
        """Logits (N, C) for the images of a subset of the same classes, by image id."""
        parts = ("train", "validation") if subset.part == "train" else ("test",)
        ids = np.concatenate([self.ids[part] for part in parts])
        logits = np.concatenate([self.logits[part] for part in parts])
        order = np.argsort(ids)
        place = np.minimum(np.searchsorted(ids[order], subset.ids), len(ids) - 1)
        rows = order[place]
        if not np.array_equal(ids[rows], subset.ids):
            raise TrainingError("The teacher's logits lack some of the student's images.")
        return logits[rows]


def average(config: TeacherConfig, dataset: Dataset, *members: Teacher) -> Teacher:
    """The paper's ensemble (eq. 16) of trained teachers."""
    logits = {
        part: np.asarray(average_probabilities(*(jnp.asarray(m.logits[part]) for m in members)))
        for part in PARTS
    }
    return of_logits(config, teacher_splits(dataset, config.class_numbers), logits)


def of_logits(config: TeacherConfig, splits: Splits, logits: dict[str, np.ndarray]) -> Teacher:
    """A teacher of which there are logits only; it has one "epoch"."""
    subsets = {part: getattr(splits, part) for part in PARTS}
    scores = [part_scores(part, logits[part], subset) for part, subset in subsets.items()]
    curves = {name: score[None] for one in scores for name, score in one.items()}
    return Teacher(config, curves, logits, {part: one.ids for part, one in subsets.items()})


def accuracies(curves: dict[str, np.ndarray]) -> dict[str, Any]:
    """Test accuracy by protocol, and the epoch picked on validation."""
    loss, accuracy = curves["validation_loss"], curves["validation_accuracy"]
    return protocols(loss, curves["test_accuracy"], accuracy)


def part_scores(part: str, logits: Any, subset: Subset) -> dict[str, Any]:
    """Loss and accuracy of the images of a part, as curves call them."""
    loss, accuracy = loop.scores(logits, subset.labels)
    return {f"{part}_loss": loss, f"{part}_accuracy": accuracy}
