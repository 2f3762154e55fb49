"""T1 for jqkd: the program that `jqkd student` and `jqkd tables` train with."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import numpy as np

from benchmarks.timing import Way
from benchmarks.workloads import SHOTS
from jqkd.data import Splits, Subset
from jqkd.training.config import StudentConfig
from jqkd.training.runs import Run
from jqkd.training.student_task import ALONE, student_model
from jqkd.training.students import Block

QUBITS = 3
# As many epochs as anybody may ask for.
CONFIG = StudentConfig("mnist", "0-5", QUBITS, shots=SHOTS, epochs=10**6, evaluate_every=1)
PER_CLASS = 150


def images(count: int, classes: int, seed: int = 0) -> Subset:
    """Images of noise that tell their class by a bright row: as large as MNIST's, and at hand."""
    random = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int32) % classes
    pixels = random.uniform(0, 0.3, (count, 28, 28)).astype(np.float32)
    pixels[np.arange(count), 4 + 3 * labels] += 0.7
    return Subset(pixels, labels, np.arange(count, dtype=np.int32), "train")


@functools.lru_cache
def splits(train: int, classes: int) -> Splits:
    """Train images, and as few others as there may be."""
    parts = [images(size, classes, seed) for seed, size in enumerate((train, classes, classes))]
    return Splits(parts[0], *(dataclasses.replace(part, part="test") for part in parts[1:]))


class TrainingOnly(Block):
    """A block whose epochs are not evaluated: the steps are what is timed."""

    def logits(self, subset: Subset) -> np.ndarray:
        """Zeros."""
        return np.zeros((len(self.runs), len(subset), 2 * 2**self.config.qubits), np.float32)


def block(config: StudentConfig = CONFIG, runs: int = 1, train: int | None = None) -> Block:
    """Students in training."""
    count = PER_CLASS * config.num_classes if train is None else train
    seeds = [Run(seed, ALONE) for seed in range(runs)]
    return TrainingOnly(config, splits(count, config.num_classes), seeds)


def training_step() -> Way:
    """One step, as a part of an epoch of 900."""
    steps = PER_CLASS * CONFIG.num_classes

    def build() -> Any:
        made = block()
        return lambda seed: (made.next_epoch(), made)[1]

    return Way(
        f"epoch of {steps} steps", build, lambda angles, seed: (seed,), circuit_counts, steps
    )


def circuit_counts(made: Block) -> tuple[np.ndarray, np.ndarray]:
    """Angles and counts of the trained circuit for some images."""
    model = student_model(CONFIG.spec, CONFIG.image_shape)
    student = model.module(jax.tree.map(lambda leaf: leaf[0], jax.device_get(made.state.params)))
    angles = student.encoded(made.splits.train.images[:64]).angles
    frequencies = student.layer(angles, key=jax.random.key(1), shots=SHOTS)
    return np.asarray(angles), np.asarray(frequencies) * SHOTS
