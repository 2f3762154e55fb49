"""Classical teachers: trained once, then only their logits are needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jqkd.data import Dataset, Subset, teacher_splits
from jqkd.models.functional import Params, functional
from jqkd.models.teachers import average_probabilities, build_teacher
from jqkd.training import checkpoint, loop
from jqkd.training.loop import Data, Schedule, State, Task, TrainingError
from jqkd.training.losses import cross_entropy
from jqkd.training.recipes import Output
from jqkd.training.result import protocols
from jqkd.training.teacher_config import TeacherConfig

PARTS = ("train", "validation", "test")

# Steps per call: often enough for a live progress bar, seldom enough to cost nothing.
_STEPS_PER_CALL = 50


# Streams 0 to 4 of a seed's key are a student's: weights, order, steps, evaluation, audit.
_STREAM = 5


def teacher_key(seed: int) -> Array:
    """The root of all that a teacher draws; it shares no random word with a student of that seed.

    Example:
        >>> bool(teacher_key(0) == jax.random.key(0))
        False
    """
    return jax.random.fold_in(jax.random.key(seed), _STREAM)


class Hyper(NamedTuple):
    """Traced."""

    schedule: Schedule


class Progress(NamedTuple):
    """Reported while a teacher trains; metrics are there at the end of an epoch."""

    epoch: int
    images: int
    metrics: dict[str, float] | None


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
    logits: dict[str, np.ndarray]
    ids: dict[str, np.ndarray]
    weights: Params | None = None

    @property
    def accuracies(self) -> dict[str, Any]:
        """Test accuracy by protocol; an average of probabilities has no epochs of its own."""
        return protocols(
            self.curves["validation_loss"],
            self.curves["test_accuracy"],
            self.curves["validation_accuracy"],
        )

    def logits_for(self, subset: Subset) -> np.ndarray:
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


def teacher_task(config: TeacherConfig) -> Task:
    """The static part of a teacher's training program."""
    return _task(config.arch, config.image_shape, config.num_classes)


@lru_cache(maxsize=8)
def _task(arch: str, image_shape: tuple[int, ...], num_classes: int) -> Task:
    model = functional(lambda rngs: build_teacher(arch, num_classes, image_shape, rngs=rngs))

    def output(
        params: Params, images: Array, ids: Array, key: Array, hyper: Hyper, training: bool
    ) -> Output:
        network = model.module(params)
        logits, hidden = network.with_hidden(images, key if training else None)
        return Output(logits, hidden, model.statistics(network) if training else None)

    def terms(output: Output, batch: Data, present: Array, hyper: Hyper) -> tuple[Array, ...]:
        return (cross_entropy(output.logits, batch.targets),)

    return Task(model.init, output, terms)


def train_teacher(
    config: TeacherConfig,
    dataset: Dataset,
    *,
    checkpoints: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> tuple[Teacher, Params]:
    """Train a teacher that is no average of others.

    Args:
        config: which, and how.
        dataset: where the images come from.
        checkpoints: folder to resume from and to leave a checkpoint in after every epoch.
        on_progress: called every few steps.

    Returns:
        The teacher and the weights of the epoch picked on validation.

    Raises:
        TrainingError: a loss, weight or logit that is not finite.

    Example:
        >>> from jqkd.data import load
        >>> config = TeacherConfig("lenet", "digits", "0-1", epochs=1, batch_size=32)
        >>> teacher, params = train_teacher(config, load("digits"))
        >>> teacher.logits["test"].shape
        (100, 2)
    """
    splits = teacher_splits(dataset, config.class_numbers)
    task = teacher_task(config)
    key = teacher_key(config.seed)
    hyper = Hyper(Schedule(np.float32(config.learning_rate)))
    train = _as_data(splits.train)
    state = _start(task, key)
    done, curves, best = 0, {}, None
    kept = checkpoints and checkpoint.restore(checkpoints, (state, state.params), config.digest())
    if kept:
        done, (state, best), curves = kept
    for epoch in range(done, config.epochs):
        state, metrics = _epoch(config, task, state, train, key, hyper, epoch, on_progress)
        # The loss of a step is that before its update: no step looks at the last one's.
        _check_end(config, epoch, len(train.ids), "weights", state.params)
        for part in ("validation", "test"):
            subset = getattr(splits, part)
            logits = answer(task, state.params, subset).logits
            _check_end(config, epoch, len(train.ids), f"{part} logits", logits)
            loss, accuracy = loop.scores(logits, subset.labels)
            metrics |= {f"{part}_loss": loss, f"{part}_accuracy": accuracy}
        curves = {k: np.append(curves.get(k, []), float(v)) for k, v in metrics.items()}
        if best is None or _is_picked(curves):
            best = jax.tree.map(jnp.copy, state.params)
        if checkpoints is not None:
            checkpoint.save(checkpoints, epoch + 1, (state, best), curves, config.digest())
        last = {name: float(value[-1]) for name, value in curves.items()}
        on_progress(Progress(epoch + 1, len(splits.train) * (epoch + 1), last))
    subsets = {part: getattr(splits, part) for part in PARTS}
    logits = {part: answer(task, best, subset).logits for part, subset in subsets.items()}
    ids = {part: subset.ids for part, subset in subsets.items()}
    return Teacher(config, curves, logits, ids), best


def average(config: TeacherConfig, dataset: Dataset, *members: Teacher) -> Teacher:
    """The paper's ensemble (eq. 16) of trained teachers; it has one "epoch"."""
    logits = {
        part: np.asarray(average_probabilities(*(m.logits[part] for m in members)))
        for part in members[0].logits
    }
    splits = teacher_splits(dataset, config.class_numbers)
    curves = {}
    for part in logits:
        subset = getattr(splits, part)
        loss, accuracy = loop.scores(logits[part], subset.labels)
        curves |= {f"{part}_loss": loss[None], f"{part}_accuracy": accuracy[None]}
    return Teacher(config, curves, logits, members[0].ids)


def _is_picked(curves: dict[str, np.ndarray]) -> bool:
    """Whether the last epoch is the best on validation so far."""
    picked = protocols(
        curves["validation_loss"], curves["test_accuracy"], curves["validation_accuracy"]
    )["picked_epoch"]
    return picked == len(curves["validation_loss"])


def _epoch(
    config: TeacherConfig,
    task: Task,
    state: State,
    data: Data,
    key: Array,
    hyper: Hyper,
    epoch: int,
    on_progress: Callable[[Progress], None],
) -> tuple[State, dict[str, Any]]:
    count = len(data.ids)
    order = np.asarray(loop.epoch_order(key, epoch, count, config.batch_size))
    length, steps = min(_STEPS_PER_CALL, len(order)), len(order)
    order = np.pad(order, ((0, -steps % length), (0, 0)), constant_values=-1)
    losses, right = [], []
    for first in range(0, steps, length):
        part, now = order[first : first + length], min(length, steps - first)
        state, totals = _train_steps(task, state, data, part, key, hyper, now)
        losses.append(np.asarray(totals[0])[:now])
        right.append(np.asarray(totals[1])[:now])
        bad = ~np.isfinite(losses[-1])
        if bad.any():
            raise TrainingError(
                f"The loss of teacher {config.arch} is {losses[-1][bad][0]} in epoch {epoch + 1}, "
                f"step {first + int(bad.argmax()) + 1}; lower the learning rate, which is "
                f"{config.learning_rate}."
            )
        seen = min((first + length) * config.batch_size, count)
        on_progress(Progress(epoch, epoch * count + seen, None))
    total = np.concatenate(losses).sum(dtype=np.float64) / count
    return state, {"train_loss": total, "train_accuracy": np.concatenate(right).sum() / count}


def _check_end(config: TeacherConfig, epoch: int, count: int, subject: str, values: Any) -> None:
    if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(values)):
        steps = -(-count // config.batch_size)
        raise TrainingError(
            f"The {subject} of teacher {config.arch} are not finite after epoch {epoch + 1}, "
            f"step {steps}, its last; lower the learning rate, which is {config.learning_rate}."
        )


def _as_data(subset: Subset) -> Data:
    targets = np.eye(int(subset.labels.max()) + 1, dtype=np.float32)[subset.labels]
    arrays = map(jnp.asarray, (subset.images, targets, subset.ids))
    return Data(*arrays, Output(jnp.zeros((len(subset), 0)), jnp.zeros((len(subset), 0))))


@partial(jax.jit, static_argnums=0)
def _start(task: Task, key: Array) -> State:
    return loop.start(task, key)


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def _train_steps(
    task: Task, state: State, data: Data, order: Array, key: Array, hyper: Hyper, steps: Array
) -> tuple[State, tuple[Array, Array]]:
    return loop.train_steps(task, state, data, order, key, hyper, steps)


def answer(task: Task, params: Params, subset: Subset, *, hidden: bool = False) -> Output:
    """A teacher's logits (N, C), and its hidden layer (N, F) if that is asked for."""
    predict = partial(_predict, task, hidden, params)
    return loop.predict_chunks(predict, subset.images, subset.ids)


@partial(jax.jit, static_argnums=(0, 1))
def _predict(task: Task, hidden: bool, params: Params, images: Array, ids: Array) -> Output:
    output = task.output(params, images, ids, None, None, False)
    return output if hidden else Output(output.logits)
