"""A results folder filled with numbers made up here, for tests of what comes after training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from jqkd.data import DATASETS
from jqkd.experiments.plan import AnswerUnit, Arm, TeacherUnit, plan_units
from jqkd.experiments.presets import Settings
from jqkd.experiments.rows import Row
from jqkd.experiments.store import Store

CURVES = ("train_loss", "validation_loss", "test_loss", "validation_accuracy", "test_accuracy")


def images_of(arm: Arm) -> int:
    return DATASETS[arm.config.dataset].test_per_class * arm.config.num_classes


def fill(
    root: Path,
    rows: list[Row],
    settings: Settings,
    seeds: int,
    right: Callable[[Arm, int], int],
    teacher: float = 0.95,
) -> Store:
    """Every unit of some rows; ``right`` says how many test images a seed gets right."""
    store = Store.create(root, settings, [row.name for row in rows], seeds)
    for unit in plan_units(rows, settings, seeds, block=2):
        if isinstance(unit, AnswerUnit):
            store.write(unit, {"kind": "answers"}, {"ids": np.arange(2)})
            continue
        if isinstance(unit, TeacherUnit):
            protocols = dict.fromkeys(("best", "picked", "final"), teacher)
            content = {"kind": "teacher", "test_images": 1000, "test_accuracy": protocols}
            store.write(unit, content, {"logits": np.zeros((2, 2)), "ids": np.arange(2)})
            continue
        best = np.array([right(unit.arm, seed) for seed in unit.seeds]) / images_of(unit.arm)
        looks = np.linspace(0.5, 1, len(unit.arm.config.evaluated_epochs))
        curves = {name: np.outer(best, looks) for name in CURVES}
        protocols = {"best": best, "picked": best, "final": best}
        content = {"seeds": list(unit.seeds), "curves": curves, "test_accuracy": protocols}
        store.write(unit, {"kind": "students", **content})
    return store
