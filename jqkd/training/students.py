"""Many students side by side: every seed, alone and distilled, in one program.

The two arms of a seed share initial weights, order of images, dropout and the keys of the shots,
so that their difference is a paired one. They differ in one traced number, the weight of the
distillation term.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int

from jqkd._checks import (
    check_array,
    check_integer,
    check_type,
    fail,
    shown,
)
from jqkd.data import Splits, Subset, check_images, view
from jqkd.models.functional import Params
from jqkd.training import loop
from jqkd.training.config import StudentConfig
from jqkd.training.devices import across_devices, place, setup
from jqkd.training.loop import Data, State, Task, TrainingError
from jqkd.training.recipes import Output
from jqkd.training.runs import DRAWN, Curves, Epoch, Run, collect, paired
from jqkd.training.spending import SUMS, Spender, units_of
from jqkd.training.student_task import DISTILLED, Hyper, as_data, hyper_for, task_of


@dataclass
class Block:
    """A block of runs in training: holds the device state between epochs.

    Args:
        config: shared by all runs.
        splits: images.
        runs: who trains.
        teacher: what it says of the train images, needed by distilled runs: logits (N, C), or
            (V, N, C) of their V views where they are augmented; as many rows of features, if the
            recipe asks for them.

    Attributes:
        epoch: how many are done.
        stopped: whether a budget of shots has ended the training.
        state: weights and moments, each leaf (R, ...).
        history: the evaluated epochs.
        drawn: shots of the training so far, (2, R): of circuits, and of their shifted ones.

    Raises:
        InputError: no runs, a run twice, distilled runs without a teacher, or logits of another
            shape.
    """

    config: StudentConfig
    splits: Splits
    runs: Sequence[Run]
    teacher: Output | None = None
    epoch: int = 0
    stopped: bool = field(init=False, default=False)
    state: State = field(init=False)
    history: list[Epoch] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        check_type("config", self.config, StudentConfig, "a StudentConfig")
        check_type("splits", self.splits, Splits, "Splits, as `student_splits` returns them")
        check_integer("runs", len(self.runs), 1)
        if len(set(self.runs)) != len(self.runs):
            fail("runs", "name no run twice", shown(self.runs))
        classes, shape = self.config.num_classes, self.config.image_shape
        for subset in (self.splits.train, self.splits.validation, self.splits.test):
            check_images(subset.images, subset.labels, classes=classes, image_shape=shape)
        if self.teacher is not None:
            check_teacher(self.config, self.splits, self.teacher)
        elif any(run.arm == DISTILLED for run in self.runs):
            fail("teacher", "be given where a student is distilled", "None")
        self.drawn = np.zeros((2, len(self.runs)), np.int64)
        self._view: tuple[int, Data] | None = None
        self._steps = -(-len(self.splits.train) // self.config.batch_size)
        self.task = task_of(self.config, self.teacher)
        keys = [jax.random.key(run.seed) for run in self.runs]
        self.keys = place(jnp.stack(keys))
        images = len(self.splits.train)
        self.hyper = _stack([hyper_for(self.config, run.arm, images) for run in self.runs])
        starts = [jax.device_get(_start(self.task.init, key, self.task.spender)) for key in keys]
        self.state = _stack([self._fitted(state) for state in starts])

    def _fitted(self, state: State) -> State:
        """With what the feature extractor makes of the train images before it is trained."""
        spec = self.config.spec
        number = spec.encoding.num_features(spec.qubits)
        values = spec.features.fit(self.splits.train.images, number)
        features = state.params.get("features", {})
        for name, value in values.items():
            check_array(f"fitted {name}", value, np.shape(features.get(name, ())))
        changed = {"features": features | dict(values)} if values else {}
        return state._replace(params=state.params | changed)

    def data(self, epoch: int) -> Data:
        """The view that epoch ``epoch``, from 0, is trained on."""
        number = epoch if self.config.views > 1 else 0
        if self._view is None or self._view[0] != number:
            subset, targets = view(self.splits.train, self.config.augmentation, number)
            teacher = self.teacher
            if teacher is not None and self.config.augmentation != "none":
                teacher = jax.tree.map(lambda views: views[number], teacher)
            width = self.config.spec.readout.most_classes(self.config.qubits)
            self._view = number, as_data(subset, targets, teacher, width)
        return self._view[1]

    @property
    def coming(self) -> Data:
        """The view that is trained on next; after the end the last one."""
        return self.data(min(self.begun, self.config.epochs - 1))

    @property
    def curves(self) -> Curves:
        """Of the evaluated epochs so far; at least one."""
        return collect(self.runs, self.history)

    def train(self, after: Callable[[Epoch], None] = lambda epoch: None) -> Curves:
        """Train to the end; ``after`` is called after every evaluated epoch.

        Raises:
            TrainingError: a loss, weight or logit that is not finite; says which run and step.
        """
        while self.epoch < self.config.epochs and not self.stopped:
            epoch = self.next_epoch()
            if epoch is not None:
                self.history.append(epoch)
                after(epoch)
        return self.curves

    @property
    def begun(self) -> int:
        """Epochs of which a run has made a step: one more than done where a budget has ended."""
        if self.task.spender is None:
            return self.epoch
        return -(-int(np.max(self.state.step)) // self._steps)

    def next_epoch(self) -> Epoch | None:
        """Train up to the next epoch that is evaluated, and evaluate it; raises like ``train``.

        ``None`` where a budget of shots does not pay for another step.
        """
        every, metrics = self.config.evaluate_every, {}
        # The last look of a shorter run may lie between two of this one's.
        last = min((self.epoch // every + 1) * every, self.config.epochs)
        while self.epoch < last and not self.stopped:
            metrics = self._train_epoch() or metrics
        number = self.begun
        if not metrics or (self.history and self.history[-1].number == number):
            return None
        # The loss of a step is that before its update: no step looks at the last one's.
        self._check("weights", _are_finite(self.state.params))
        for part in ("validation", "test"):
            subset = getattr(self.splits, part)
            logits = self.logits(subset)
            self._check(f"{part} logits", np.isfinite(logits).all((1, 2)))
            loss, accuracy = loop.scores(logits, subset.labels)
            metrics |= {f"{part}_loss": loss, f"{part}_accuracy": accuracy}
        return Epoch(number, metrics, self.runs)

    def join(self, parts: Sequence[Block]) -> None:
        """Take over the runs of other blocks, which have all been trained as far as each other."""
        order = [[run for part in parts for run in part.runs].index(run) for run in self.runs]

        def gather(*leaves: Any) -> np.ndarray:
            return np.concatenate([np.asarray(leaf) for leaf in leaves])[order]

        self.epoch, self.stopped = parts[0].epoch, parts[0].stopped
        self.drawn = np.concatenate([part.drawn for part in parts], 1)[:, order]
        self.state = place(jax.tree.map(gather, *(part.state for part in parts)))
        for looks in zip(*(part.history for part in parts), strict=True):
            metrics = jax.tree.map(gather, *(look.metrics for look in looks))
            self.history.append(Epoch(looks[0].number, metrics, self.runs))

    def _train_epoch(self) -> dict[str, np.ndarray]:
        """Train on every image once, or as many as a budget of shots pays for."""
        count, size, steps = len(self.splits.train), self.config.batch_size, self._steps
        if self.task.spender is not None:
            self._budgeted()
        data = self.data(self.epoch)
        order = _orders(self.keys, self.epoch, count, size, -(-len(data.ids) // size))
        self.state, totals = _train_steps(
            self.task, self.state, (data, steps), place(order), self.keys, self.hyper
        )
        losses, right, *shots = (np.asarray(total)[:, :steps] for total in totals)
        bad = ~np.isfinite(losses)
        if bad.any():
            row = int(bad.any(1).argmax())
            step = int(bad[row].argmax())
            self._fail(row, "loss", f"is {losses[row, step]} in", self.epoch * steps + step)
        if shots:
            return self._settled(shots[0])
        self.epoch += 1
        each = shots_of_epochs(self.config, self.epoch, count)
        self.drawn = np.repeat(np.array(each)[:, None], len(self.runs), 1)
        return {
            "train_loss": losses.sum(1, dtype=np.float64) / count,
            "train_accuracy": right.sum(1) / count,
            **dict(zip(DRAWN, self.drawn, strict=True)),
        }

    def logits(self, subset: Subset) -> Float[np.ndarray, "R N L"]:
        """Of all runs, with the shots that evaluate the last epoch."""
        rest = (self.state.params, self.keys, self.hyper)
        say = lambda *rows: predict(self.task, rows, self.begun, *rest)  # noqa: E731
        return loop.predict_chunks(say, subset.images, subset.ids)

    def _budgeted(self) -> None:
        """Say what is left of the budget, and begin the sums of an epoch that is not begun yet."""
        budget, first = self.config.shot_budget, self.epoch * self._steps
        spending, step = jax.device_get((self.state.spending, self.state.step))
        if budget is not None:
            units = [units_of(budget - int(spent)) for spent in self.drawn.sum(0)]
            left, unit = np.array(units, np.float32).T
            spending = spending._replace(left=left, unit=unit)
        sums = {name: getattr(spending, name) * (step > first) for name in SUMS}
        spending = spending._replace(first=np.full_like(step, first), **sums)
        self.state = self.state._replace(spending=place(spending))

    def _settled(self, shots: Float[np.ndarray, "R T circuits"]) -> dict[str, np.ndarray]:
        """After an epoch whose shots are given out: they are counted; nothing if it had no step."""
        count, size, steps = len(self.splits.train), self.config.batch_size, self._steps
        images = np.minimum(size, count - size * np.arange(steps))
        drawn = shots.astype(np.int64) * images[:, None]
        self.drawn = self.drawn + np.stack([drawn[..., 0].sum(1), 2 * drawn[..., 1:].sum((1, 2))])
        spending, step = jax.device_get((self.state.spending, self.state.step))
        self.stopped = bool((step < (self.epoch + 1) * steps).all())
        self.epoch += not self.stopped
        trained = spending.images > 0
        if not trained.any():
            return {}
        # Runs that have stopped before stay where they were.
        last = self.history[-1].metrics if self.history else {}
        sums = {"train_loss": spending.losses, "train_accuracy": spending.right}
        means = {
            name: np.where(trained, total / np.maximum(spending.images, 1), last.get(name, 0))
            for name, total in sums.items()
        }
        return means | dict(zip(DRAWN, self.drawn, strict=True))

    def _check(self, subject: str, finite: ArrayLike) -> None:
        """After an epoch, (R,): which runs are as they should be."""
        if not np.all(finite):
            row = int(np.argmin(finite))
            self._fail(row, subject, "are not finite after", self.epoch * self._steps - 1)

    def _fail(self, row: int, subject: str, verb: str, step: int) -> NoReturn:
        """Stop at a step of the run, from 0."""
        epoch, place, run = step // self._steps + 1, step % self._steps + 1, self.runs[row]
        raise TrainingError(
            f"The {subject} of the {run.arm} student with seed {run.seed} {verb} epoch {epoch}, "
            f"step {place} of the epoch ({step + 1} of the run); lower the learning rate, which is "
            f"{self.config.learning_rate}."
        )


def _stack(runs: list[Any]) -> Any:
    return place(jax.tree.map(lambda *leaves: np.stack(leaves), *runs))


@partial(jax.jit, static_argnums=(0, 2))
def _start(init: Callable[[Array], Params], key: Array, spender: Spender | None) -> State:
    return loop.start(init, key, spender)


@jax.jit
def _are_finite(params: Params) -> Bool[Array, " R"]:
    """Of stacked weights, (R,): reduced where they are, as they may be large."""
    leaves = jax.tree.leaves(params)
    return jnp.stack([jnp.isfinite(leaf.reshape(len(leaf), -1)).all(1) for leaf in leaves]).all(0)


@partial(jax.jit, static_argnums=(2, 3, 4))
def _orders(keys: Array, epoch: Array, count: int, size: int, rows: int) -> Int[Array, "R T B"]:
    """Orders (R, rows, B) of an epoch; rows of -1 at the end, for a program of that many steps."""
    orders = jax.vmap(lambda key: loop.epoch_order(key, epoch, count, size))(keys)
    more = rows - orders.shape[1]
    return jnp.pad(orders, ((0, 0), (0, more), (0, 0)), constant_values=-1)


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def _train_steps(
    task: Task, state: State, shared: Any, order: Array, keys: Array, hyper: Hyper
) -> tuple[State, loop.Totals]:
    def one(shared: Any, state: State, order: Array, key: Array, hyper: Hyper) -> Any:
        data, steps = shared
        return loop.train_steps(task, state, data, order, key, hyper, steps)

    return across_devices(one)(shared, state, order, keys, hyper)


@partial(jax.jit, static_argnums=0)
def predict(
    task: Task, rows: tuple[Array, Array], epoch: ArrayLike, params: Any, keys: Array, hyper: Hyper
) -> Float[Array, "R N L"]:
    """Logits of R runs for rows of images and ids, with the shots that evaluate an epoch."""

    def one(shared: Any, params: Any, key: Array, hyper: Hyper) -> Any:
        rows, epoch = shared
        key = loop.evaluation_key(key, epoch)
        return task.output(params, *rows, key, hyper, False).logits

    return across_devices(one)((rows, epoch), params, keys, hyper)


def shots_of_epochs(config: StudentConfig, epochs: int, num_images: int) -> tuple[int, int]:
    """Shots of a training without a rule or budget: of circuits, and of their shifted ones.

    Example:
        >>> shots_of_epochs(StudentConfig("mnist", "0-5", 3, shots=100), 1, 900)
        (90000, 540000)
    """
    each = epochs * num_images * (config.shots or 0)
    return each, each * max(0, config.circuits_an_image - 1)


def check_teacher(config: StudentConfig, splits: Splits, teacher: Output) -> None:
    """Its logits, and features if they are needed, are there for every view of every image."""
    views = () if config.augmentation == "none" else (config.views,)
    leading = (*views, len(splits.train))
    rows = "one row per view and train image" if views else "one row per train image"
    logits = np.shape(teacher.logits)
    if logits != (*leading, config.num_classes):
        must = f"have logits of shape {(*leading, config.num_classes)}, {rows}"
        fail("teacher", must, f"shape {logits}")
    features = () if teacher.features is None else np.shape(teacher.features)
    if config.needs_features and features[:-1] != leading:
        fail("teacher", f"have features, {rows}", f"shape {features}")


def train_students(
    config: StudentConfig,
    splits: Splits,
    seeds: Sequence[int],
    *,
    teacher: Output | None = None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> tuple[Curves, Block]:
    """Train one student per seed alone and, if there is a teacher, one distilled.

    Args:
        config: what all runs share.
        splits: train, validation and test images.
        seeds: one pair of runs each.
        teacher: what it says of ``splits.train``, see ``Block``.
        on_epoch: called after every evaluated epoch.

    Returns:
        Curves of the runs, and the block with its final state.

    Raises:
        InputError: no seeds, a seed twice or of more than 32 bits, or logits of another shape.
        TrainingError: a loss, weight or logit that is not finite.

    Example:
        >>> from jqkd.data import load, student_splits
        >>> splits = student_splits(load("digits"), (0, 1), per_class=20)
        >>> config = StudentConfig("digits", "0-1", 3, epochs=1)
        >>> train_students(config, splits, [0, 1])[0].test_accuracy.shape
        (2, 1)
    """
    setup()
    block = Block(config, splits, paired(seeds, teacher is not None), teacher)
    return block.train(on_epoch), block
