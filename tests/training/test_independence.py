"""Draws of a training: independent where they must be, equal where they must be equal.

Every family of independent draws fails with a probability of 1e-7, at fixed seeds. A validation
image and a test image of one id would share their shots; no data set has such a pair, as the
validation images are the last of the train split and the test split is shorter.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jqkd.data import load, student_splits
from jqkd.models import FEATURES, PRESETS, Features, QuantumLayer, StudentSpec
from jqkd.models.features import ConvFeatures
from jqkd.quantum import h_ry
from jqkd.training import loop
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.loop import Data, Schedule, Task
from jqkd.training.recipes import Output
from jqkd.training.runs import Run
from jqkd.training.student_task import ALONE, DISTILLED, hyper_for, student_task, task_of
from jqkd.training.students import Block
from jqkd.training.teachers import teacher_key, teacher_task
from tests.independence import assert_independent
from tests.parts import registered

SEEDS = 20_000


def next_seeds(series):
    """The same series, and each again, one seed later."""
    return series | {f"{name} of the next seed": np.roll(x, -1, 0) for name, x in series.items()}


# --- a run: weights, orders, steps, evaluations ------------------------------------------------

ROWS = 16


def spell(key):
    """A number that names a key: what an epoch's order begins with, were it made from that key."""
    return jax.random.permutation(key, ROWS)[0]


def spelling_task():
    """Weights are spelt from the key of weights, losses from the keys of steps."""

    def output(params, images, ids, key, hyper, training):
        return Output(jnp.broadcast_to(spell(key).astype(float), (len(ids), 1)))

    return Task(
        lambda key: {"weight": spell(key).astype(float)},
        output,
        lambda output, batch, present, hyper: (output.logits[:, 0],),
    )


@jax.jit
@jax.vmap
def draws_of_a_run(seed):
    """Two epochs of two steps, with a look at the start and after each."""
    key, task, size = jax.random.key(seed), spelling_task(), ROWS // 2
    hyper = hyper_for(StudentConfig("digits", "0-1", 1), ALONE)._replace(schedule=Schedule(0.0))
    zeros = jnp.zeros((ROWS, 1))
    data = Data(zeros, zeros, jnp.arange(ROWS), Output(zeros, zeros))
    state = loop.start(task.init, key)
    series = {"weights": state.params["weight"]}
    for epoch in range(3):
        series[f"evaluation {epoch}"] = spell(loop.evaluation_key(key, epoch))
        order = loop.epoch_order(key, epoch, ROWS, size)
        series[f"order {epoch}"] = order[0, 0]
        state, (losses, _) = loop.train_steps(task, state, data, order, key, hyper, 2)
        for step in range(2):
            series[f"step {step} of epoch {epoch}"] = losses[step] / size
    return series


def test_a_runs_weights_orders_steps_and_evaluations():
    """Each of the four streams would spell the same number as another if their keys met."""
    series = draws_of_a_run(jnp.arange(SEEDS, dtype=jnp.uint32))
    assert all(len(np.unique(x)) == ROWS for x in series.values())
    assert_independent(next_seeds(jax.device_get(series)))


# --- a step: dropout, shots, shifted circuits ---------------------------------------------------

PROBE, SHOTS = {"features": "probe", "encoding": "angle:turn=0.5"}, 60


class ProbeFeatures(nnx.Module):
    """Features that are its weights, and a hidden layer that draws shots with dropout's key.

    So a key that dropout and shots have in common gives the same counts.
    """

    def __init__(self, num_features, *, rngs):
        self.bias = nnx.Param(jnp.full(num_features, 0.3))

    def __call__(self, images, key=None):
        return self.with_hidden(images, key)[0]

    def with_hidden(self, images, key=None):
        count = len(images)
        features = jnp.broadcast_to(self.bias[...], (count, self.bias.size))
        if key is None:
            return features, jnp.zeros((count, 1))
        # Named by their first pixel, as the layer's rows are by their ids.
        ids, angles = images[:, 0, 0].astype(int), jnp.full((count, 2), 0.4)
        return features, QuantumLayer(h_ry(2), SHOTS)(angles, key=key, ids=ids)[:, :1]


@dataclass(frozen=True)
class Probe(Features):
    """Of a student whose draws can be seen."""

    def build(self, image_shape, num_features, *, rngs):
        return ProbeFeatures(num_features, rngs=rngs)

    def hidden_size(self, image_shape):
        return 1


@pytest.fixture(autouse=True)
def probe():
    with registered(FEATURES, "probe", Probe):
        yield


def probe_config(**changes):
    """Steps so small that no weight moves: what changes from look to look is drawn."""
    settings = {
        "epochs": 3,
        "batch_size": 8,
        "per_class": 4,
        "learning_rate": 1e-30,
        "schedule": "constant",
        "augmentation": "none",
        "evaluate_every": 1,
    }
    return StudentConfig("digits", "0-1", 1, "robust", SHOTS, **PROBE | settings | changes)


def test_a_steps_dropout_shots_and_shifted_circuits():
    spec = StudentSpec(2, **PROBE)
    task = student_task(spec, (28, 28), True, "relational", 1)
    hyper = hyper_for(probe_config(), DISTILLED)
    params, ids = task.init(jax.random.key(0)), jnp.array([0, 1])
    images = jnp.broadcast_to(ids[:, None, None], (2, 28, 28)).astype(float)

    @jax.jit
    @jax.vmap
    def draw(key):
        say = lambda p: task.output(p, images, ids, key, hyper, True)  # noqa: E731
        output, pull = jax.vjp(say, params)
        series = {}
        for i, name in enumerate(("first", "second")):
            one = jnp.zeros_like(output.logits).at[i, :2].set(jnp.array([1.0, -0.6]))
            slopes = pull(Output(one, jnp.zeros_like(output.features)))[0]["features"]["bias"]
            series[f"value, {name} image"] = (one * output.logits).sum()
            series |= {f"slot {k}, {name} image": slopes[k] for k in range(2)}
            series[f"dropout, {name} image"] = output.features[i, 0]
        return series

    assert_independent(draw(jax.random.split(jax.random.key(1), SEEDS)))


def test_both_masks_of_dropout_and_those_of_two_images():
    """Unit u reads channel u + 1: with one mask for both layers, neighbours would share a bit."""
    channels = 20
    features = ConvFeatures(3, rngs=nnx.Rngs(0))
    features.conv2.kernel[...] *= 0
    features.conv2.bias[...] = jnp.ones(channels)
    units = jnp.arange(channels)
    wiring = jnp.zeros_like(features.dense1.kernel[...])
    features.dense1.kernel[...] = wiring.at[(units + 1) % channels, units].set(1)
    features.dense1.bias[...] *= 0
    hidden = lambda key: features.with_hidden(jnp.zeros((2, 28, 28)), key)[1]  # noqa: E731
    keys = jax.random.split(jax.random.key(2), 1000)
    drawn = np.asarray(jax.jit(lambda keys: jax.lax.map(hidden, keys, batch_size=100))(keys))
    kept = drawn[:, :, :channels] > 0
    assert set(np.unique(drawn)) == {0, 4}
    assert_independent(
        {f"unit {u} of image {i}": kept[:, i, u] for i in range(2) for u in range(channels)}
    )


# --- a block: seeds, epochs, images, arms -------------------------------------------------------


@pytest.fixture(scope="module")
def splits():
    return student_splits(load("digits"), (0, 1), per_class=4)


def test_evaluations_of_seeds_epochs_and_images(splits):
    """The students are all alike and never change: only their shots differ."""
    seeds, images = SEEDS // len(splits.validation), len(splits.validation)
    block = Block(probe_config(), splits, [Run(seed, ALONE) for seed in range(seeds)])
    looks, losses = {}, {}
    for epoch in range(4):
        if epoch:
            losses[f"epoch {epoch}"] = block.next_epoch().metrics["train_loss"]
        for part in ("validation", "test"):
            logits = block.logits(getattr(splits, part))[:, :images, 0]
            looks[f"{part} after epoch {epoch}"] = logits
    assert_independent(next_seeds(losses))
    of_neighbours = {f"{name}, next image": np.roll(x, -1, 1) for name, x in looks.items()}
    assert_independent(next_seeds(looks) | of_neighbours)


def test_both_arms_of_a_seed_draw_alike_and_so_do_images_in_any_order(splits):
    said = np.random.default_rng(0).normal(size=(len(splits.train), 2)).astype(np.float32)
    runs = [Run(seed, arm) for arm in (ALONE, DISTILLED) for seed in range(4)]
    block = Block(probe_config(), splits, runs, Output(said))
    backwards = dataclasses.replace(
        splits.validation,
        images=splits.validation.images[::-1],
        ids=splits.validation.ids[::-1],
        labels=splits.validation.labels[::-1],
    )
    for _epoch in range(2):
        metrics = block.next_epoch().metrics
        # With the same shots and the same right answers, but losses of their own.
        np.testing.assert_array_equal(*np.split(metrics["train_accuracy"], 2))
        alone, distilled = np.split(metrics["train_loss"], 2)
        assert (alone < distilled).all() and len(set(alone)) == 4
        logits = block.logits(splits.validation)
        np.testing.assert_array_equal(*np.split(logits, 2))
        np.testing.assert_array_equal(block.logits(backwards), logits[:, ::-1])


def test_every_epoch_of_a_block_has_its_own_order_and_steps(splits):
    """A block is the loop, called with the run's key and the epoch's number."""
    config = probe_config(batch_size=2, learning_rate=0.05, evaluate_every=3)
    block = Block(config, splits, [Run(5, ALONE)])
    key, task = jax.random.key(5), task_of(config)
    hyper = hyper_for(config, ALONE, len(splits.train))
    steps = jax.jit(partial(loop.train_steps, task))

    def trained(epochs):
        state = loop.start(task.init, key)
        for epoch in epochs:
            order = loop.epoch_order(key, epoch, len(splits.train), 2)
            state, _ = steps(state, block.data(0), order, key, hyper, len(order))
        return state.params["features"]["bias"]

    wanted, same_order = trained([0, 1, 2]), trained([0, 0, 0])
    block.next_epoch()
    found = block.state.params["features"]["bias"][0]
    np.testing.assert_allclose(found, wanted, atol=1e-6)
    assert np.abs(found - same_order).max() > 1e-3


# Of seeds that differ, and of one that is a student's and a teacher's.
@pytest.mark.parametrize(("seed", "of_teacher"), [(1, 0), (0, 0)])
def test_initial_weights_of_teacher_and_student(seed, of_teacher):
    """A kernel that both have, number by number: one seed means nothing common to both."""
    task = student_task(PRESETS["paper-code"].spec(1), (28, 28), False)
    student = loop.start(task.init, jax.random.key(seed)).params
    task = teacher_task(TeacherConfig("lenet", "digits", "0-1"))
    teacher = loop.start(task.init, teacher_key(of_teacher)).params
    one, other = (np.ravel(p["dense1"]["kernel"]) for p in (student["features"], teacher))
    assert_independent({"student": one, "teacher": other[: len(one)]})


def test_no_validation_image_has_the_id_of_a_test_image():
    """They would share their shots."""
    for selection in ("first", "random"):
        everything = student_splits(load("digits"), tuple(range(10)), selection=selection)
        assert not set(everything.validation.ids) & set(everything.test.ids)
        assert everything.validation.ids.min() > len(load("digits").test_labels)
