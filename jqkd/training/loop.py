"""The training core: pure functions of (state, data, key), looped over steps.

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
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jqkd._checks import InputError
from jqkd.models.functional import Params
from jqkd.training.losses import Number
from jqkd.training.recipes import Output
from jqkd.training.spending import Spender, Spending

# Images at a time in an evaluation: one program for data sets of any size, and some 10 MB.
EVALUATION_CHUNK = 150
# Share of the steps over which the rate of a cosine schedule rises.
_RISE = 0.03

_adam = optax.scale_by_adam()


class TrainingError(InputError):
    """A run that cannot go on; says which, and where it stopped."""


class Data(NamedTuple):
    """Images as arrays, N or a batch of B; there may be more rows than the order of an epoch names.

    Attributes:
        images: (N, *image_shape) in [0, 1].
        targets: (N, M), the share of each class; more than one where images are mixed.
        ids: (N,) image ids; they name the keys of an image's shots.
        teacher: its logits (N, M), or zeros, and features (N, F) or (N, 0).
    """

    images: Float[Array, "N ..."]
    targets: Float[Array, "N M"]
    ids: Int[Array, " N"]
    teacher: Output


class Task(NamedTuple):
    """What is trained.

    Attributes:
        init: key -> params, statistics of batches among them.
        output: (params, images, ids, key, hyper, training) -> what the network says; in training
            also the statistics that the batch has changed.
        terms: (output, batch, present (B,), hyper) -> the loss's terms, (B,) each.
        spender: gives out shots step by step; ``None`` where every circuit gets as many.
    """

    init: Callable[[Array], Params]
    output: Callable[..., Output]
    terms: Callable[..., tuple[Array, ...]]
    spender: Spender | None = None


class Schedule(NamedTuple):
    """The learning rate of step t, traced: constant, or half a cosine down to 0.

    The cosine rises over the first steps: large ones on fresh weights cost some runs a qubit.
    Ours and not Optax's: its schedules take the number of steps as a Python number, not traced.

    Attributes:
        learning_rate: the largest.
        cosine: 0 or 1.
        steps: of the whole run.
    """

    learning_rate: Number
    cosine: Number = 0.0
    steps: Number = 1.0

    def rate(self, step: Array) -> Float[Array, ""]:
        """Of one step.

        Example:
            >>> round(float(Schedule(0.1, 1.0, 100.0).rate(jnp.int32(50))), 3)
            0.05
        """
        rise = jnp.minimum(1, (step + 1) / (_RISE * self.steps))
        factor = rise * (1 + jnp.cos(jnp.pi * step / self.steps)) / 2
        return self.learning_rate * (1 - self.cosine * (1 - factor))


class State(NamedTuple):
    """What a step changes."""

    params: Params
    adam: Any
    step: Array
    spending: Spending | None = None


# Sums over the images of each of T steps: losses, right answers; and shots (T, P + 1) of each
# circuit of an image, where they are given out.
Totals = tuple[Array, ...]


def start(init: Callable[[Array], Params], key: Array, spender: Spender | None = None) -> State:
    """Initial weights, and Adam's moments at zero."""
    params = init(jax.random.fold_in(key, 0))
    spending = None if spender is None else spender.start()
    return State(params, _adam.init(params), jnp.int32(0), spending)


def epoch_order(
    key: Array, epoch: ArrayLike, num_images: int, batch_size: int
) -> Int[Array, "T B"]:
    """Rows of every step of an epoch: (steps, batch_size), -1 where the last batch is short."""
    order_key = jax.random.fold_in(jax.random.fold_in(key, 1), epoch)
    steps = -(-num_images // batch_size)
    order = jax.random.permutation(order_key, num_images)
    order = jnp.pad(order, (0, steps * batch_size - num_images), constant_values=-1)
    return order.reshape(steps, batch_size)


def train_steps(
    task: Task, state: State, data: Data, order: Array, key: Array, hyper: Any, steps: ArrayLike
) -> tuple[State, Totals]:
    """Some steps of Adam.

    Args:
        task: what is trained; static.
        state: where it stands.
        data: all images.
        order: (T, B) rows of ``data``, -1 for none.
        key: the run's; step s uses its own part of it.
        hyper: has at least ``schedule``; traced.
        steps: how many rows of ``order`` to go through; traced, so that 900 and 1200 images share
            one program.

    Returns:
        The new state; what the steps amount to.
    """
    spender = task.spender
    chain = None if spender is None else spender.chain(state.params, data.images[order[0]])

    def step(i: Array, carry: tuple[State, Totals]) -> Any:
        state, totals = carry
        rows = order[i]
        step_key = jax.random.fold_in(jax.random.fold_in(key, 2), state.step)
        present = rows >= 0
        # A short batch is filled up with its own images: its statistics are theirs alone.
        rows = rows[jnp.arange(len(rows)) % jnp.maximum(present.sum(), 1)]
        batch = jax.tree.map(lambda a: a[rows], data)
        if spender is None or chain is None:
            made, sums, _ = _step(task, state, batch, present, step_key, hyper)
        else:
            shots = spender.shots(state, hyper.shots, hyper.schedule.steps)
            given = hyper._replace(shots=shots)
            made, sums, slopes = _step(task, state, batch, present, step_key, given)
            seen = spender.seen(chain, shots, slopes)
            made, sums = spender.settle(i, present.sum(), state, made, (*sums, shots), seen)
        totals = jax.tree.map(lambda all, one: all.at[i].set(one), totals, sums)
        return made, totals

    none = jnp.zeros(len(order)), jnp.zeros(len(order), jnp.int32)
    if spender is not None:
        none = *none, jnp.zeros((len(order), spender.num_slots + 1))
    return lax.fori_loop(0, steps, step, (state, none))


def _step(
    task: Task, state: State, batch: Data, present: Array, key: Array, hyper: Any
) -> tuple[State, tuple[Array, Array], Any]:
    """One step: the new state, its sums, slopes of the weights, and of shots if they are given out.

    Where they are, all slopes are there twice: the second time with frequencies drawn anew.
    """

    def mean_loss(params: Params, shots: Array | None, redraw: ArrayLike) -> tuple[Array, Any]:
        given = hyper if shots is None else hyper._replace(shots=shots, redraw=redraw)
        output = task.output(params, batch.images, batch.ids, key, given, True)
        losses = jnp.where(present, sum(task.terms(output, batch, present, hyper)), 0)
        right = present & (output.logits.argmax(-1) == batch.targets.argmax(-1))
        return losses.sum() / present.sum(), ((losses.sum(), right.sum()), output.statistics)

    gradient = jax.grad(mean_loss, (0, 1), has_aux=True)
    if task.spender is None:
        slopes, (sums, statistics) = gradient(state.params, None, 0)
        first = slopes[0]
    else:
        both = jax.vmap(gradient, (None, None, 0))(state.params, hyper.shots, jnp.arange(2.0))
        slopes, (sums, statistics) = both[0], jax.tree.map(lambda two: two[0], both[1])
        first = jax.tree.map(lambda two: two[0], slopes[0])
    updates, adam = _adam.update(first, state.adam)
    rate = hyper.schedule.rate(state.step)
    params = jax.tree.map(lambda p, u: p - rate * u, state.params, updates)
    params = _with_statistics(params, statistics or {})
    return State(params, adam, state.step + 1, state.spending), sums, slopes


def _with_statistics(params: dict[Any, Any], statistics: dict[Any, Any]) -> dict[Any, Any]:
    """Params in which statistics, which have no gradient, are those of the last batch."""
    changed = {
        name: _with_statistics(params[name], value) if isinstance(value, dict) else value
        for name, value in statistics.items()
    }
    return params | changed if changed else params


def predict_chunks(predict: Callable[..., Any], images: np.ndarray, ids: np.ndarray) -> Any:
    """What a network says of any number of images, from one compiled program.

    Args:
        predict: (images (E, ...), ids (E,)) -> arrays (..., E, L), E = ``EVALUATION_CHUNK``.
        images: shape ``(N, ...)``.
        ids: shape ``(N,)``.

    Returns:
        Arrays of shape ``(..., N, L)``.
    """
    count, size = len(ids), EVALUATION_CHUNK
    spare = -count % size
    images, ids = (np.pad(a, [(0, spare), *[(0, 0)] * (a.ndim - 1)]) for a in (images, ids))
    parts = [
        jax.device_get(predict(images[first : first + size], ids[first : first + size]))
        for first in range(0, count, size)
    ]
    return jax.tree.map(lambda *rows: np.concatenate(rows, -2)[..., :count, :], *parts)


def scores(logits: Float[np.ndarray, "... N L"], labels: Int[np.ndarray, " N"]) -> tuple[Any, Any]:
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


def evaluation_key(key: Array, epoch: ArrayLike) -> Array:
    """Key of the shots that evaluate a run after an epoch."""
    return jax.random.fold_in(jax.random.fold_in(key, 3), epoch)
