"""The training core: pure functions of (state, data, key), scanned over steps.

Nothing here knows of students or teachers. A task says how parameters and images become logits,
and how logits become a loss; the rest is the same for a LeNet and for sixteen hybrid networks that
train side by side under ``vmap``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax

from jqkd._checks import InputError
from jqkd.models.functional import Params

# Images at a time in an evaluation: one program for data sets of any size, and some 10 MB.
EVALUATION_CHUNK = 150
# Longest scan that is compiled for a batch size of one; see ``chunk_length``.
_LONGEST_SCAN = 300

_adam = optax.scale_by_adam()


class TrainingError(InputError):
    """A run that cannot go on; says which, and where it stopped."""


class Data(NamedTuple):
    """Images as arrays; there may be more rows than the order of an epoch names.

    Attributes:
        images: (N, 28, 28) in [0, 1].
        labels: (N,) in 0..C-1.
        ids: (N,) image ids; they name the keys of an image's shots.
        teacher: (T, N, C) logits of T teachers, or (1, N, C) of zeros where there is none.
    """

    images: Array
    labels: Array
    ids: Array
    teacher: Array


class Task(NamedTuple):
    """What is trained.

    Attributes:
        init: key -> params.
        logits: (params, images, ids, key, hyper, training) -> (B, L).
        loss: (logits, labels, teacher logits, hyper) -> (B,).
    """

    init: Callable[[Array], Params]
    logits: Callable[..., Array]
    loss: Callable[..., Array]


class State(NamedTuple):
    """What a step changes."""

    params: Params
    adam: Any
    step: Array


def start(task: Task, key: Array) -> State:
    """Initial weights, and Adam's moments at zero."""
    params = task.init(jax.random.fold_in(key, 0))
    return State(params, _adam.init(params), jnp.int32(0))


def epoch_order(key: Array, epoch: int, num_images: int, batch_size: int) -> Array:
    """Rows of every step of an epoch: (steps, batch_size), -1 where the last batch is short."""
    order_key = jax.random.fold_in(jax.random.fold_in(key, 1), epoch)
    steps = -(-num_images // batch_size)
    order = jax.random.permutation(order_key, num_images)
    order = jnp.pad(order, (0, steps * batch_size - num_images), constant_values=-1)
    return order.reshape(steps, batch_size)


def chunk_length(steps: int, longest: int = _LONGEST_SCAN) -> int:
    """Steps per call: the largest divisor of ``steps`` up to ``longest``, or all if it is small.

    900 and 1200 images, one at a time, then run through the same compiled scan of 300 steps.

    Example:
        >>> chunk_length(900), chunk_length(1200), chunk_length(113)
        (300, 300, 113)
    """
    best = max(d for d in range(1, min(steps, longest) + 1) if steps % d == 0)
    return best if best >= longest // 4 else steps


def train_steps(
    task: Task, state: State, data: Data, order: Array, key: Array, hyper: Any
) -> tuple[State, tuple[Array, Array]]:
    """Some steps of Adam.

    Args:
        task: what is trained; static.
        state: where it stands.
        data: all images.
        order: (steps, B) rows of ``data``, -1 for none.
        key: the run's; step s uses its own part of it.
        hyper: has at least ``learning_rate`` and ``teacher``; traced.

    Returns:
        The new state, and per step the sum of losses and the number of right answers.
    """

    def step(state: State, rows: Array) -> tuple[State, tuple[Array, Array]]:
        step_key = jax.random.fold_in(jax.random.fold_in(key, 2), state.step)
        present = rows >= 0
        images, labels, ids = data.images[rows], data.labels[rows], data.ids[rows]
        teacher = data.teacher[hyper.teacher, rows]

        def mean_loss(params: Params) -> tuple[Array, tuple[Array, Array]]:
            logits = task.logits(params, images, ids, step_key, hyper, True)
            losses = jnp.where(present, task.loss(logits, labels, teacher, hyper), 0)
            right = present & (logits.argmax(-1) == labels)
            return losses.sum() / present.sum(), (losses.sum(), right.sum())

        gradients, totals = jax.grad(mean_loss, has_aux=True)(state.params)
        updates, adam = _adam.update(gradients, state.adam)
        rate = hyper.learning_rate
        params = jax.tree.map(lambda p, u: p - rate * u, state.params, updates)
        return State(params, adam, state.step + 1), totals

    return lax.scan(step, state, order)


def predict_chunks(
    predict: Callable[[Array, Array], Array], images: np.ndarray, ids: np.ndarray
) -> np.ndarray:
    """Logits of any number of images from one compiled program.

    Args:
        predict: (images (E, 28, 28), ids (E,)) -> (..., E, L), E = ``EVALUATION_CHUNK``.
        images: shape ``(N, 28, 28)``.
        ids: shape ``(N,)``.

    Returns:
        Shape ``(..., N, L)``.
    """
    count, size = len(ids), EVALUATION_CHUNK
    spare = -count % size
    images = np.pad(images, ((0, spare), (0, 0), (0, 0)))
    ids = np.pad(ids, (0, spare))
    parts = [
        predict(images[first : first + size], ids[first : first + size])
        for first in range(0, count, size)
    ]
    return np.concatenate([np.asarray(part) for part in parts], -2)[..., :count, :]


def scores(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean cross-entropy (nats) and accuracy of logits ``(..., N, L)`` for labels ``(N,)``.

    Example:
        >>> loss, accuracy = scores(np.array([[0.0, 0.0], [9.0, 0.0]]), np.array([1, 0]))
        >>> float(accuracy)
        0.5
    """
    logits = logits.astype(np.float64)
    top = logits.max(-1, keepdims=True)
    log_sum = np.log(np.exp(logits - top).sum(-1)) + top[..., 0]
    chosen = np.take_along_axis(
        logits, np.broadcast_to(labels[:, None], (*logits.shape[:-1], 1)), -1
    )
    return (log_sum - chosen[..., 0]).mean(-1), (logits.argmax(-1) == labels).mean(-1)


def evaluation_key(key: Array, epoch: int) -> Array:
    """Key of the shots that evaluate a run after an epoch."""
    return jax.random.fold_in(jax.random.fold_in(key, 3), epoch)
