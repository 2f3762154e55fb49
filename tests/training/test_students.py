"""Students in training: reproducible bits, pairing, compilation counts, what a step computes."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jqkd._checks import InputError
from jqkd.data import load, student_splits
from jqkd.training import loop, students
from jqkd.training.config import StudentConfig
from jqkd.training.loop import TrainingError
from jqkd.training.students import ALONE, DISTILLED, Block, Run, as_data, hyper_for, student_task

CONFIG = StudentConfig("digits", "0-3", 2, epochs=1, per_class=10)


@pytest.fixture(scope="module")
def splits():
    return student_splits(load("digits"), (0, 1, 2, 3), per_class=10)


@pytest.fixture(scope="module")
def teacher(splits):
    return np.random.default_rng(0).normal(size=(len(splits.train), 4)).astype(np.float32)


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
    for company in ([mine], [mine, Run(0, ALONE)], [mine, Run(0, ALONE), Run(7, DISTILLED)]):
        others, stacked = one_epoch(splits, company, teacher)
        assert same_bits(params, jax.tree.map(lambda leaf: leaf[:1], stacked))
        assert all(metrics[name][0] == others[name][0] for name in metrics)


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
    before = students._train_steps._cache_size(), students._predict._cache_size()
    config = StudentConfig(
        "digits", "0-3", 2, "paper-code", 2000, "softmax", 1, 1, 2e-3, 2.0, 0.5, "kl * 6/8", 10
    )
    one_epoch(splits, [Run(5, ALONE)], teacher, config)
    assert (students._train_steps._cache_size(), students._predict._cache_size()) == before


def test_a_step_is_optax_adam_on_the_mean_loss(splits, teacher):
    """The scanned step against the same step put together from Optax's own pieces."""
    task, hyper = student_task("paper-code", 2, False), hyper_for(CONFIG, DISTILLED)
    data, key = as_data(splits.train, teacher, 4), jax.random.key(1)
    state = loop.start(task, key)
    rows = jnp.array([[4, 9, -1]])
    found, (losses, _) = loop.train_steps(task, state, data, rows, key, hyper)
    step_key = jax.random.fold_in(jax.random.fold_in(key, 2), 0)

    def mean_loss(params):
        picked = rows[0, :2]
        # Dropout masks follow the batch's shape, hence all three rows and the mean over two.
        logits = task.logits(
            params, data.images[rows[0]], data.ids[rows[0]], step_key, hyper, True
        )[:2]
        loss = task.loss(logits, data.labels[picked], data.teacher[0, picked], hyper)
        return loss.mean()

    loss, gradients = jax.value_and_grad(mean_loss)(state.params)
    optimiser = optax.adam(1e-3)
    updates, _ = optimiser.update(gradients, optimiser.init(state.params))
    wanted = optax.apply_updates(state.params, updates)
    np.testing.assert_allclose(losses[0] / 2, loss, rtol=1e-5)
    for a, b in zip(jax.tree.leaves(found.params), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-6)


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
    with pytest.raises(InputError, match="`teacher_logits` must be given"):
        Block(CONFIG, splits, [Run(0, DISTILLED)], None)
    with pytest.raises(InputError, match=r"`teacher_logits` must have shape \(40, 4\)"):
        Block(CONFIG, splits, [Run(0, DISTILLED)], np.zeros((40, 6)))


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
    wide = dataclasses.replace(splits.train, images=np.zeros((len(splits.train), 32, 32)))
    with pytest.raises(InputError, match="`images` must"):
        Block(CONFIG, dataclasses.replace(splits, train=wide), [Run(0, ALONE)])
