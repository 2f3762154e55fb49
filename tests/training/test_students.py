"""Students in training: reproducible bits, pairing, compilation counts, what a step computes."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jqkd._checks import InputError
from jqkd.data import load, student_splits, view
from jqkd.training import loop, students
from jqkd.training.config import StudentConfig
from jqkd.training.loop import TrainingError
from jqkd.training.recipes import RECIPES, Output
from jqkd.training.runs import Run
from jqkd.training.student_task import (
    ALONE,
    DISTILLED,
    as_data,
    hyper_for,
    student_task,
    task_of,
)
from jqkd.training.students import Block, train_students
from tests.small import STUDENT

CONFIG = STUDENT
ROBUST = StudentConfig("digits", "0-3", 2, "robust", epochs=2, per_class=10)


@pytest.fixture(scope="module")
def splits():
    return student_splits(load("digits"), (0, 1, 2, 3), per_class=10)


@pytest.fixture(scope="module")
def teacher(splits):
    logits = np.random.default_rng(0).normal(size=(len(splits.train), 4))
    return Output(logits.astype(np.float32))


def one_epoch(splits, runs, teacher, config=CONFIG):
    block = Block(config, splits, runs, teacher)
    return block.next_epoch().metrics, jax.device_get(block.state.params)


def row(tree, i):
    return jax.tree.map(lambda leaf: leaf[i], tree)


def same_bits(a, b):
    return all(np.array_equal(x, y) for x, y in zip(*map(jax.tree.leaves, (a, b)), strict=True))


def test_a_run_has_the_same_bits_twice_and_in_any_company(splits, teacher):
    mine = Run(3, DISTILLED)
    metrics, params = one_epoch(splits, [mine], teacher)
    others = [Run(0, ALONE), Run(7, DISTILLED), Run(1, ALONE)]
    for company in ([mine], [mine, *others[:1]], [mine, *others]):
        together, stacked = one_epoch(splits, company, teacher)
        assert same_bits(params, jax.tree.map(lambda leaf: leaf[:1], stacked))
        assert all(metrics[name][0] == together[name][0] for name in metrics)


def test_a_distilled_run_of_weight_zero_is_the_run_alone_bit_for_bit(splits, teacher):
    config = StudentConfig("digits", "0-3", 2, epochs=1, per_class=10, weight=0.0)
    _, params = one_epoch(splits, [Run(0, ALONE), Run(0, DISTILLED)], teacher, config)
    assert same_bits(row(params, 0), row(params, 1))


def test_the_arms_start_alike_and_end_differently(splits, teacher):
    runs = [Run(0, ALONE), Run(0, DISTILLED)]
    block = Block(CONFIG, splits, runs, teacher)
    first = jax.device_get(block.state.params)
    assert same_bits(row(first, 0), row(first, 1))
    block.next_epoch()
    last = jax.device_get(block.state.params)
    assert not same_bits(row(last, 0), row(last, 1))


def test_terms_without_gradient_leave_the_student_alone(splits, teacher):
    _, alone = one_epoch(splits, [Run(0, ALONE)], teacher)
    for term in ("constant", "kl * 0"):
        config = StudentConfig("digits", "0-3", 2, epochs=1, per_class=10, term=term)
        _, distilled = one_epoch(splits, [Run(0, DISTILLED)], teacher, config)
        assert same_bits(alone, distilled)


def test_one_program_serves_rows_that_differ_in_all_that_is_traced(splits, teacher):
    one_epoch(splits, [Run(0, DISTILLED)], teacher)
    before = students._train_steps._cache_size(), students.predict._cache_size()
    changes = {"shots": 2000, "learning_rate": 2e-3, "temperature": 2.0, "weight": 0.5}
    config = dataclasses.replace(CONFIG, **changes, term="kl * 6/8", schedule="cosine")
    one_epoch(splits, [Run(5, ALONE)], teacher, config)
    assert (students._train_steps._cache_size(), students.predict._cache_size()) == before


def test_a_step_is_optax_adam_on_the_mean_loss(splits, teacher):
    """The scanned step against the same step put together from Optax's own pieces."""
    task, hyper = student_task(CONFIG.spec, (28, 28), False), hyper_for(CONFIG, DISTILLED)
    targets = np.eye(4, dtype=np.float32)[splits.train.labels]
    data, key = as_data(splits.train, targets, teacher, 4), jax.random.key(1)
    state = loop.start(task.init, key)
    rows = jnp.array([[4, 9, -1]])
    go = jax.jit(lambda state: loop.train_steps(task, state, data, rows, key, hyper, 1))
    found, (losses, _) = go(state)
    step_key = jax.random.fold_in(jax.random.fold_in(key, 2), 0)

    def mean_loss(params):
        # Dropout masks follow the batch's shape, hence all three rows and the mean over two.
        batch, present = jax.tree.map(lambda a: a[rows[0]], data), rows[0] >= 0
        output = task.output(params, batch.images, batch.ids, step_key, hyper, True)
        return sum(task.terms(output, batch, present, hyper))[:2].mean()

    loss, gradients = jax.jit(jax.value_and_grad(mean_loss))(state.params)
    optimiser = optax.adam(1e-3)
    updates, _ = optimiser.update(gradients, optimiser.init(state.params))
    wanted = optax.apply_updates(state.params, updates)
    np.testing.assert_allclose(losses[0] / 2, loss, rtol=1e-5)
    for a, b in zip(jax.tree.leaves(found.params), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)


def test_steps_beyond_those_asked_for_change_nothing(splits, teacher):
    task, hyper = student_task(CONFIG.spec, (28, 28), False), hyper_for(CONFIG, DISTILLED)
    targets = np.eye(4, dtype=np.float32)[splits.train.labels]
    data, key = as_data(splits.train, targets, teacher, 4), jax.random.key(1)
    go = jax.jit(lambda order, n: loop.train_steps(task, state, data, order, key, hyper, n))
    state = loop.start(task.init, key)
    order = jnp.arange(4)[:, None]
    padded = jnp.concatenate([order, jnp.full((3, 1), -1)])
    short, long = go(order, 4), go(padded, 4)
    assert same_bits(short[0], long[0])
    for a, b in zip(short[1], long[1], strict=True):
        assert np.array_equal(a, b[:4]) and not np.any(b[4:])


def test_the_rate_falls_as_half_a_cosine():
    """Against Optax's schedule after a rise of 3 steps, and constant without."""
    decay = optax.cosine_decay_schedule(2e-3, 100)
    for step, rise in ((0, 1 / 3), (1, 2 / 3), (2, 1), (50, 1), (99, 1), (100, 1)):
        wanted = rise * decay(step)
        found = loop.Schedule(2e-3, 1.0, 100.0).rate(jnp.int32(step))
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-9)
        assert loop.Schedule(2e-3).rate(jnp.int32(step)) == 2e-3


def test_every_epoch_has_its_view_and_the_teachers_word_on_it(splits):
    said = np.random.default_rng(1).normal(size=(2, len(splits.train), 4)).astype(np.float32)
    block = Block(ROBUST, splits, [Run(0, DISTILLED)], Output(said))
    for epoch in (0, 1):
        data = block.data(epoch)
        images, targets = view(splits.train, "half-mixup", epoch)
        np.testing.assert_array_equal(data.images[:40], images.images)
        np.testing.assert_array_equal(data.targets[:40], targets)
        np.testing.assert_array_equal(data.teacher.logits[:40], said[epoch])


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_teaches_and_leaves_the_student_alone_as_it_is(splits, recipe):
    """Its gradient reaches the student, and with a weight of 0 it changes no bit."""
    rng = np.random.default_rng(2)
    said = Output(*(rng.normal(size=(len(splits.train), n)).astype(np.float32) for n in (4, 7)))
    config = dataclasses.replace(CONFIG, recipe=recipe, batch_size=5, weight=1.0, shots=None)
    task = task_of(config, said)
    data = as_data(splits.train, np.eye(4)[splits.train.labels], said, 4)
    batch, key = jax.tree.map(lambda a: a[:5], data), jax.random.key(0)
    params = task.init(key)

    @jax.jit
    def slope(hyper):
        def loss(params):
            output = task.output(params, batch.images, batch.ids, key, hyper, True)
            return sum(task.terms(output, batch, jnp.ones(5, bool), hyper)).mean()

        gradients = jax.grad(loss)(params)
        return gradients.pop("hint_regressor", jnp.zeros(1)), gradients

    taught, alone = (slope(hyper_for(config, arm)) for arm in (DISTILLED, ALONE))
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves((taught, alone)))
    assert not same_bits(taught[1], alone[1])
    assert ("hint_regressor" in params) == (recipe == "hints")
    assert bool(np.any(taught[0])) == (recipe == "hints") and not np.any(alone[0])


def test_epochs_between_evaluations_change_nothing_but_the_curves(splits):
    config = dataclasses.replace(CONFIG, epochs=3)
    ends = []
    for every, looks in ((1, [1, 2, 3]), (2, [2, 3])):
        chosen = dataclasses.replace(config, evaluate_every=every)
        seen = []
        note = lambda epoch, seen=seen: seen.append(epoch.number)  # noqa: E731
        curves, block = train_students(chosen, splits, [0], on_epoch=note)
        assert seen == looks and curves.test_accuracy.shape == (1, len(looks))
        ends.append((curves.test_loss[:, -1], jax.device_get(block.state.params)))
    assert same_bits(*ends)


def test_an_epoch_visits_every_image_once():
    order = np.asarray(loop.epoch_order(jax.random.key(0), 0, 10, 4))
    assert order.shape == (3, 4) and sorted(order.reshape(-1)) == [-1, -1, *range(10)]
    other = np.asarray(loop.epoch_order(jax.random.key(0), 1, 10, 4))
    assert not np.array_equal(order, other)


def test_a_loss_that_is_not_finite_says_where(splits):
    block = Block(CONFIG, splits, [Run(5, ALONE)])
    block.state.params["features"]["dense2"]["bias"] *= jnp.nan
    sentence = r"alone student with seed 5 is nan in epoch 1, step 1 of the epoch .* learning rate"
    with pytest.raises(TrainingError, match=sentence):
        block.next_epoch()


def test_teacher_logits_are_checked(splits):
    with pytest.raises(InputError, match="`teacher` must be given"):
        Block(CONFIG, splits, [Run(0, DISTILLED)], None)
    with pytest.raises(InputError, match=r"`teacher` must have logits of shape \(40, 4\)"):
        Block(CONFIG, splits, [Run(0, DISTILLED)], Output(np.zeros((40, 6))))
    with pytest.raises(InputError, match=r"logits of shape \(2, 40, 4\), one row per view"):
        Block(ROBUST, splits, [Run(0, DISTILLED)], Output(np.zeros((40, 4))))
    hints = dataclasses.replace(CONFIG, recipe="hints")
    with pytest.raises(InputError, match="`teacher` must have features"):
        Block(hints, splits, [Run(0, DISTILLED)], Output(np.zeros((40, 4)), np.zeros((3, 5))))


def test_chunked_predictions_do_not_depend_on_the_chunks():
    seen = []

    def predict(images, ids):
        seen.append(len(ids))
        return images[:, 0, :3] + ids[:, None]

    images = np.random.default_rng(0).random((loop.EVALUATION_CHUNK * 2 + 7, 28, 28))
    ids = np.arange(len(images))
    found = loop.predict_chunks(predict, images, ids)
    np.testing.assert_array_equal(found, images[:, 0, :3] + ids[:, None])
    assert set(seen) == {loop.EVALUATION_CHUNK}


def test_images_of_another_shape_are_refused(splits):
    with pytest.raises(InputError, match="`images` must"):
        wide = dataclasses.replace(splits.train, images=np.zeros((len(splits.train), 32, 32)))
        Block(CONFIG, dataclasses.replace(splits, train=wide), [Run(0, ALONE)])
