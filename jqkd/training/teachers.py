"""Classical teachers: trained once, then only their logits are needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jqkd._checks import fail
from jqkd.data import Dataset, Splits, Subset, teacher_splits
from jqkd.models.functional import Functional, Params, functional
from jqkd.models.teachers import TEACHERS, build_teacher
from jqkd.training import checkpoint, loop
from jqkd.training.loop import Data, Schedule, State, Task, TrainingError
from jqkd.training.losses import cross_entropy
from jqkd.training.recipes import Output
from jqkd.training.teacher import Teacher, accuracies, part_scores
from jqkd.training.teacher_config import TeacherConfig

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
    """Reported while a teacher trains; metrics follow at the end of an epoch."""

    epoch: int
    images: int
    metrics: dict[str, float] | None


def teacher_task(config: TeacherConfig) -> Task:
    """The static part of a teacher's training program."""
    return _task(config.arch, config.image_shape, config.num_classes)


@lru_cache(maxsize=8)
def _task(arch: str, image_shape: tuple[int, ...], num_classes: int) -> Task:
    model = functional(lambda rngs: build_teacher(arch, num_classes, image_shape, rngs=rngs))
    _check_network(arch, model, image_shape, num_classes)

    def output(
        params: Params,
        images: Array,
        ids: Array,
        key: Array | None,
        hyper: Hyper | None,
        training: bool,
    ) -> Output:
        network = model.module(params)
        logits, hidden = network.with_hidden(images, key if training else None)
        return Output(logits, hidden, model.statistics(network) if training else None)

    def terms(output: Output, batch: Data, present: Array, hyper: Hyper) -> tuple[Array, ...]:
        return (cross_entropy(output.logits, batch.targets),)

    return Task(model.init, output, terms)


def _check_network(
    arch: str, model: Functional, image_shape: tuple[int, ...], num_classes: int
) -> None:
    """A network returns what its part says: a plug-in's may not."""
    size, like = TEACHERS.build(arch).hidden_size, jax.ShapeDtypeStruct((2, *image_shape), float)
    ask = lambda key, images: model.module(model.init(key)).with_hidden(images)  # noqa: E731
    shapes = jax.tree.map(np.shape, jax.eval_shape(ask, jax.random.key(0), like))
    expected = (2, num_classes), (2, size)
    if len(shapes) != 2 or shapes[0] != expected[0] or (size and shapes != expected):
        must = f"return logits (B, {num_classes}) and a hidden layer (B, {size or 'any size'})"
        fail("arch", f"{must} from `with_hidden`", f"{arch}, which returns {shapes} for 2 images,")


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
    training = _Training(config, teacher_splits(dataset, config.class_numbers), on_progress)
    state = _start(training.task, training.key)
    done, best, curves = 0, state.params, {}
    if checkpoints is not None:
        like = state, state.params
        kept = checkpoint.restore(checkpoints, like, config.digest())
        done, (state, best), curves = kept or (done, like, curves)
    for epoch in range(done, config.epochs):
        state, metrics = training.epoch(state, epoch)
        metrics |= training.evaluate(state, epoch)
        curves = {k: np.append(curves.get(k, []), float(v)) for k, v in metrics.items()}
        if accuracies(curves)["picked_epoch"] == epoch + 1:
            best = jax.tree.map(jnp.copy, state.params)
        if checkpoints is not None:
            checkpoint.save(checkpoints, epoch + 1, (state, best), curves, config.digest())
        last = {name: float(value[-1]) for name, value in curves.items()}
        on_progress(Progress(epoch + 1, len(training.splits.train) * (epoch + 1), last))
    subsets = vars(training.splits)
    logits = {
        part: np.asarray(answer(config, best, subset).logits) for part, subset in subsets.items()
    }
    ids = {part: subset.ids for part, subset in subsets.items()}
    return Teacher(config, curves, logits, ids), best


@dataclass
class _Training:
    """What all epochs of a teacher share."""

    config: TeacherConfig
    splits: Splits
    on_progress: Callable[[Progress], None]

    def __post_init__(self) -> None:
        train, config = self.splits.train, self.config
        self.task, self.key = teacher_task(config), teacher_key(config.seed)
        self.hyper = Hyper(Schedule(np.float32(config.learning_rate)))
        targets = np.eye(config.num_classes, dtype=np.float32)[train.labels]
        arrays = map(jnp.asarray, (train.images, targets, train.ids))
        none = jnp.zeros((len(train), 0))
        self.data = Data(*arrays, Output(none, none))

    def epoch(self, state: State, epoch: int) -> tuple[State, dict[str, Any]]:
        """Train on every image once."""
        count, size = len(self.data.ids), self.config.batch_size
        order = np.asarray(loop.epoch_order(self.key, epoch, count, size))
        length, steps = min(_STEPS_PER_CALL, len(order)), len(order)
        order = np.pad(order, ((0, -steps % length), (0, 0)), constant_values=-1)
        losses, right = [], []
        for first in range(0, steps, length):
            part, now = order[first : first + length], min(length, steps - first)
            rest = part, self.key, self.hyper, now
            state, totals = _train_steps(self.task, state, self.data, *rest)
            losses.append(np.asarray(totals[0])[:now])
            right.append(np.asarray(totals[1])[:now])
            bad = ~np.isfinite(losses[-1])
            if bad.any():
                step = first + int(bad.argmax()) + 1
                self._fail("loss", f"is {losses[-1][bad][0]} in", epoch, f"{step}")
            seen = min((first + length) * size, count)
            self.on_progress(Progress(epoch, epoch * count + seen, None))
        total = np.concatenate(losses).sum(dtype=np.float64) / count
        return state, {"train_loss": total, "train_accuracy": np.concatenate(right).sum() / count}

    def evaluate(self, state: State, epoch: int) -> dict[str, Any]:
        """Losses and accuracies of validation and test images."""
        # The loss of a step is that before its update: no step looks at the last one's.
        self._check("weights", state.params, epoch)
        metrics = {}
        for part in ("validation", "test"):
            subset = getattr(self.splits, part)
            logits = answer(self.config, state.params, subset).logits
            self._check(f"{part} logits", logits, epoch)
            metrics |= part_scores(part, logits, subset)
        return metrics

    def _check(self, subject: str, values: Any, epoch: int) -> None:
        if not all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(values)):
            steps = -(-len(self.data.ids) // self.config.batch_size)
            self._fail(subject, "are not finite after", epoch, f"{steps}, its last")

    def _fail(self, subject: str, verb: str, epoch: int, step: str) -> NoReturn:
        raise TrainingError(
            f"The {subject} of teacher {self.config.arch} {verb} epoch {epoch + 1}, step {step}; "
            f"lower the learning rate, which is {self.config.learning_rate}."
        )


@partial(jax.jit, static_argnums=0)
def _start(task: Task, key: Array) -> State:
    return loop.start(task.init, key)


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def _train_steps(
    task: Task, state: State, data: Data, order: Array, key: Array, hyper: Hyper, steps: Array
) -> tuple[State, loop.Totals]:
    return loop.train_steps(task, state, data, order, key, hyper, steps)


def answer(
    config: TeacherConfig, params: Params, subset: Subset, *, hidden: bool = False
) -> Output:
    """A teacher's logits (N, C), and its hidden layer (N, F) if that is asked for."""
    predict = partial(_predict, teacher_task(config), hidden, params)
    return loop.predict_chunks(predict, subset.images, subset.ids)


@partial(jax.jit, static_argnums=(0, 1))
def _predict(task: Task, hidden: bool, params: Params, images: Array, ids: Array) -> Output:
    output = task.output(params, images, ids, None, None, False)
    return output if hidden else Output(output.logits)
