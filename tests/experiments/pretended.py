"""A store filled with numbers made up here, for tests of what comes after training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from jqkd.data import DATASETS
from jqkd.experiments.asked import Asked, ask
from jqkd.experiments.jobs import tally
from jqkd.experiments.planner import Job, plan
from jqkd.experiments.store import Store

PARTS = ("train", "validation", "test")
TINY = "demo:epochs=1,lenet_epochs=1"


def images_of(job: Job) -> int:
    config = job.student or job.teacher
    return DATASETS[config.dataset].test_per_class * config.num_classes


def content_of(job: Job, right: int) -> dict[str, Any]:
    """What a job's file says where so many test images are right after the last epoch."""
    looks = job.student.evaluated_epochs if job.seed is not None else [1]
    images = dict.fromkeys(PARTS, images_of(job))
    share = np.linspace(0.5, 1, len(looks)) if len(looks) > 1 else np.ones(1)
    accuracy = np.round(right * share) / images["test"]
    curves = {f"{part}_accuracy": accuracy for part in PARTS}
    curves |= {f"{part}_loss": 1 - accuracy for part in PARTS}
    why = dict.fromkeys(("feature", "slope", "sine", "dead"), right / 7)
    about = {"kind": job.kind, "seed": job.seed, "mechanism": why, "data_digest": "none"}
    return about | tally(curves, images, looks)


def fill(
    root: Path, source: str, seeds: int, right: Callable[[Job, int], int], teacher: int = 95
) -> Store:
    """Every job of an experiment; ``right`` says how many test images a student gets right."""
    store, asking = Store.create(root), Asked(source, seeds)
    experiment = asking.experiment()
    ask(store, experiment.name, asking)
    for job in plan(experiment, seeds):
        if job.seed is not None:
            store.write(job.name, content_of(job, right(job, job.seed)))
        else:
            arrays = {"logits": np.zeros((2, 2)), "ids": np.arange(2)}
            store.write(job.name, content_of(job, teacher), arrays)
    return store
