"""Many students side by side: every seed, alone and distilled, in one program.

The two arms of a seed share initial weights, order of images, dropout and the keys of the shots,
so that their difference is a paired one. They differ in one traced number, the weight of the
distillation term.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jqkd._checks import check_at_least, fail
from jqkd.data import Splits, Subset, check_images
from jqkd.models import PRESETS, build_student
from jqkd.models.functional import functional
from jqkd.training import loop
from jqkd.training.config import DISTILLATION_TERMS, StudentConfig
from jqkd.training.devices import across_devices, place
from jqkd.training.loop import Data, State, Task, TrainingError
from jqkd.training.losses import cross_entropy, distillation

ALONE, DISTILLED = "alone", "distilled"
# Train images are padded to a multiple of this; padding is never trained on.
_CAPACITY = 1200


class Hyper(NamedTuple):
    """What may differ between runs of one program: all traced."""

    learning_rate: Array
    temperature: Array
    weight: Array
    kl_factor: Array
    constant_factor: Array
    shots: Array
    head: Array
    classes: Array
    teacher: Array


@dataclass(frozen=True)
class Run:
    """One student: a seed and an arm."""

    seed: int
    arm: str


@dataclass
class Curves:
    """What a block of R runs leaves behind; arrays are (R, epochs)."""

    runs: list[Run]
    train_loss: np.ndarray
    train_accuracy: np.ndarray
    validation_loss: np.ndarray
    validation_accuracy: np.ndarray
    test_loss: np.ndarray
    test_accuracy: np.ndarray

    def arm(self, name: str) -> Curves:
        """The runs of one arm, in the order of their seeds."""
        rows = [i for i, run in enumerate(self.runs) if run.arm == name]
        arrays = {k: v[rows] for k, v in vars(self).items() if k != "runs"}
        return Curves([self.runs[i] for i in rows], **arrays)


class Epoch(NamedTuple):
    """Reported after every epoch: its number from 1, and the arrays (R,) of that epoch."""

    number: int
    metrics: dict[str, np.ndarray]


@lru_cache(maxsize=16)
def student_task(preset: str, qubits: int, sampled: bool) -> Task:
    """The training program's static part: one for each preset and circuit width."""
    model = functional(lambda rngs: build_student(preset, qubits, rngs=rngs))

    def logits(
        params: Any, images: Array, ids: Array, key: Array, hyper: Hyper, training: bool
    ) -> Array:
        dropout_key = jax.random.fold_in(key, 0) if training else None
        shots = {"shots": hyper.shots, "key": jax.random.fold_in(key, 1)} if sampled else {}
        student = model.module(params)
        return student(images, ids=ids, head=hyper.head, dropout_key=dropout_key, **shots)

    return Task(model.init, logits, student_loss)


def student_loss(logits: Array, labels: Array, teacher: Array, hyper: Hyper) -> Array:
    """L_CE + lambda L_KD (the paper's eq. 6), element by element, shape ``(B,)``."""
    kl = distillation(logits, teacher, hyper.temperature, hyper.classes)
    # Two notebooks take the teacher's cross-entropy for the student's: no gradient comes of it.
    constant = cross_entropy(jax.nn.softmax(teacher), labels)
    term = hyper.kl_factor * kl + hyper.constant_factor * constant
    return cross_entropy(logits, labels) + hyper.weight * term


def hyper_for(config: StudentConfig, arm: str, teacher: int = 0) -> Hyper:
    """The traced part of a configuration."""
    kl, constant = DISTILLATION_TERMS[config.term]
    return Hyper(
        learning_rate=np.float32(config.learning_rate),
        temperature=np.float32(config.temperature),
        weight=np.float32(config.weight if arm == DISTILLED else 0),
        kl_factor=np.float32(kl),
        constant_factor=np.float32(constant),
        shots=np.float32(config.shots or 0),
        head=np.int32(PRESETS[config.preset].heads.index(config.head)),
        classes=np.int32(config.num_classes),
        teacher=np.int32(teacher),
    )


def as_data(subset: Subset, teacher: np.ndarray | None, width: int) -> Data:
    """A subset as device arrays; teacher logits (N, C) padded to ``width`` classes.

    Rows are padded too, so that the tables' 900 and 1200 images share one program.
    """
    spare = -len(subset) % _CAPACITY
    logits = np.zeros((1, len(subset) + spare, width), np.float32)
    if teacher is not None:
        logits[0, : len(subset), : teacher.shape[-1]] = teacher
    pad = lambda a: np.pad(a, ((0, spare), *[(0, 0)] * (a.ndim - 1)))  # noqa: E731
    arrays = (pad(subset.images), pad(subset.labels), pad(subset.ids), logits)
    return Data(*map(jnp.asarray, arrays))


@dataclass
class Block:
    """A block of runs in training: holds the device state between epochs.

    Args:
        config: shared by all runs.
        splits: images.
        runs: who trains.
        teacher_logits: (N, C) for the train images, needed by distilled runs.

    Raises:
        InputError: no runs, distilled runs without logits, or logits of another shape.
    """

    config: StudentConfig
    splits: Splits
    runs: Sequence[Run]
    teacher_logits: np.ndarray | None = None
    epoch: int = 0
    state: State = field(init=False)

    def __post_init__(self) -> None:
        check_at_least("runs", len(self.runs), 1)
        config, train = self.config, self.splits.train
        for subset in (train, self.splits.validation, self.splits.test):
            check_images(subset.images, subset.labels)
        distilled = any(run.arm == DISTILLED for run in self.runs)
        if distilled and self.teacher_logits is None:
            fail("teacher_logits", "be given where a student is distilled", "None")
        if self.teacher_logits is not None:
            wanted = (len(train), config.num_classes)
            if np.shape(self.teacher_logits) != wanted:
                given = f"shape {np.shape(self.teacher_logits)}"
                fail("teacher_logits", f"have shape {wanted}, one row per train image", given)
        width = 2**config.qubits
        self._task = student_task(config.preset, config.qubits, config.shots is not None)
        self._train = as_data(train, self.teacher_logits, width)
        keys = [jax.random.key(run.seed) for run in self.runs]
        self._keys = place(jnp.stack(keys))
        self._hyper = _stack([hyper_for(config, run.arm) for run in self.runs])
        self.state = _stack([jax.device_get(_start(self._task, key)) for key in keys])

    def next_epoch(self) -> Epoch:
        """Train on every image once, then evaluate.

        Raises:
            TrainingError: a loss that is not finite; says which run and step.
        """
        count = len(self.splits.train)
        size = self.config.batch_size
        order = np.asarray(_orders(self._keys, self.epoch, count, size))
        first_step = self.epoch * order.shape[1]
        totals = []
        for part in np.split(order, order.shape[1] // loop.chunk_length(order.shape[1]), 1):
            self.state, total = _train_steps(
                self._task, self.state, self._train, place(part), self._keys, self._hyper
            )
            totals.append(total)
        losses, right = (np.concatenate([np.asarray(t[i]) for t in totals], 1) for i in (0, 1))
        self._check_finite(losses, first_step)
        self.epoch += 1
        metrics = {
            "train_loss": losses.sum(1, dtype=np.float64) / count,
            "train_accuracy": right.sum(1) / count,
        }
        for part in ("validation", "test"):
            subset = getattr(self.splits, part)
            loss, accuracy = loop.scores(self.logits(subset), subset.labels)
            metrics |= {f"{part}_loss": loss, f"{part}_accuracy": accuracy}
        return Epoch(self.epoch, metrics)

    def logits(self, subset: Subset) -> np.ndarray:
        """Logits (R, N, 2 K) of all runs, with the shots that evaluate the last epoch."""
        rest = (self.state.params, self._keys, self._hyper)
        predict = lambda *rows: _predict(self._task, rows, self.epoch, *rest)  # noqa: E731
        return loop.predict_chunks(predict, subset.images, subset.ids)

    def _check_finite(self, losses: np.ndarray, first_step: int) -> None:
        bad = ~np.isfinite(losses)
        if bad.any():
            row = int(bad.any(1).argmax())
            step, run = int(bad[row].argmax()), self.runs[row]
            raise TrainingError(
                f"The loss of the {run.arm} student with seed {run.seed} is {losses[row, step]} in "
                f"epoch {self.epoch + 1}, step {step + 1} of the epoch ({first_step + step + 1} "
                f"of the run); lower the learning rate, which is {self.config.learning_rate}."
            )


def _stack(runs: list[Any]) -> Any:
    return place(jax.tree.map(lambda *leaves: np.stack(leaves), *runs))


@partial(jax.jit, static_argnums=0)
def _start(task: Task, key: Array) -> State:
    return loop.start(task, key)


@partial(jax.jit, static_argnums=(2, 3))
def _orders(keys: Array, epoch: Array, count: int, size: int) -> Array:
    return jax.vmap(lambda key: loop.epoch_order(key, epoch, count, size))(keys)


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def _train_steps(
    task: Task, state: State, data: Data, order: Array, keys: Array, hyper: Hyper
) -> tuple[State, tuple[Array, Array]]:
    def one(data: Data, state: State, order: Array, key: Array, hyper: Hyper) -> Any:
        return loop.train_steps(task, state, data, order, key, hyper)

    return across_devices(one)(data, state, order, keys, hyper)


@partial(jax.jit, static_argnums=0)
def _predict(
    task: Task, rows: tuple[Array, Array], epoch: Array, params: Any, keys: Array, hyper: Hyper
) -> Array:
    def one(shared: Any, params: Any, key: Array, hyper: Hyper) -> Array:
        rows, epoch = shared
        return task.logits(params, *rows, loop.evaluation_key(key, epoch), hyper, False)

    return across_devices(one)((rows, epoch), params, keys, hyper)


def train_students(
    config: StudentConfig,
    splits: Splits,
    seeds: Sequence[int],
    *,
    teacher_logits: np.ndarray | None = None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> tuple[Curves, Block]:
    """Train one student per seed alone and, if there is a teacher, one distilled.

    Args:
        config: what all runs share.
        splits: train, validation and test images.
        seeds: one pair of runs each.
        teacher_logits: (N, C) for ``splits.train``; without them students train alone.
        on_epoch: called after every epoch.

    Returns:
        Curves of the runs, and the block with its final state.

    Raises:
        InputError: no seeds, or logits of another shape.
        TrainingError: a loss that is not finite.

    Example:
        >>> from jqkd.data import load, student_splits
        >>> splits = student_splits(load("digits"), (0, 1), per_class=20)
        >>> config = StudentConfig("digits", "0-1", 3, epochs=1)
        >>> curves, block = train_students(config, splits, [0, 1])
        >>> curves.test_accuracy.shape
        (2, 1)
    """
    arms = (ALONE,) if teacher_logits is None else (ALONE, DISTILLED)
    runs = [Run(seed, arm) for arm in arms for seed in seeds]
    block = Block(config, splits, runs, teacher_logits)
    epochs = []
    while block.epoch < config.epochs:
        epochs.append(block.next_epoch())
        on_epoch(epochs[-1])
    return collect(runs, [epoch.metrics for epoch in epochs]), block


def collect(runs: Sequence[Run], epochs: Sequence[dict[str, np.ndarray]]) -> Curves:
    """Curves from the metrics of all epochs."""
    stacked = {name: np.stack([e[name] for e in epochs], 1) for name in epochs[0]}
    return Curves(list(runs), **stacked)
