"""Shots given out, counted and budgeted, against closed forms and redrawn samples."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import minimize

from jqkd._checks import InputError
from jqkd.quantum import h_ry, outcome_probabilities
from jqkd.quantum.shot_noise import slopes_and_variances
from jqkd.quantum.templates import hardware_efficient
from jqkd.training import students
from jqkd.training.allocations import GCans, RelativeVariance, Spread
from jqkd.training.config import StudentConfig
from jqkd.training.spending import units_of
from jqkd.training.student_job import StudentJob
from jqkd.training.student_run import prepare, run_student
from jqkd.training.student_task import hyper_for

SMALL = {"dataset": "digits", "classes": "0-2", "qubits": 2, "preset": "robust"}
CONFIG = StudentConfig(**SMALL, epochs=3, per_class=40, shots=200, evaluate_every=1, batch_size=50)
# 120 images in batches of 50, 50 and 20; circuits of 2 slots, hence 5 an image.
CIRCUITS, STEPS = 5, (50, 50, 20)


def block_of(config, seeds=(0,)):
    return prepare(StudentJob(config, None, tuple(seeds))).block


def same(first, second):
    return all(
        np.array_equal(a, b) for a, b in zip(*map(jax.tree.leaves, (first, second)), strict=True)
    )


def close(first, second):
    """But for roundings: a training that counts its shots is another program."""
    for a, b in zip(*map(jax.tree.leaves, (first, second)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_as_many_shots_for_each_circuit_are_the_same_shots():
    circuit, key = h_ry(3), jax.random.key(0)
    angles = jnp.array([0.3, -1.0, 2.0])

    def value(angles, shots):
        return outcome_probabilities(circuit, angles, shots=shots, key=key)[5]

    one = jax.value_and_grad(value)(angles, 500)
    many = jax.value_and_grad(value)(angles, jnp.full(4, 500.0))
    assert same(one, many)


def test_circuits_draw_their_own_shots():
    circuit, key = h_ry(2), jax.random.key(1)
    shots = jnp.array([64.0, 32.0, 128.0])
    jacobian = jax.jacrev(
        lambda angles: outcome_probabilities(circuit, angles, shots=shots, key=key)
    )(jnp.array([0.4, 1.1]))
    values = outcome_probabilities(circuit, jnp.array([0.4, 1.1]), shots=shots, key=key)
    for frequencies, number in ((values, 64), (2 * jacobian[:, 0], 32), (2 * jacobian[:, 1], 128)):
        assert np.array_equal(number * frequencies, np.round(number * frequencies))
    assert not np.array_equal(32 * values, np.round(32 * values))


def test_the_variance_that_shots_tell_is_that_of_the_probabilities():
    """Unbiased: the mean of 4,000 estimates, within 5 standard errors (1 in 10^6 an angle)."""
    circuit, shots = hardware_efficient(2), jnp.full(5, 40.0)
    angles = jax.random.uniform(jax.random.key(2), (4,), maxval=6.0)
    weights = jnp.array([0.5, -1.0, 2.0, 0.1])

    def loss(shots, key):
        return outcome_probabilities(circuit, angles, shots=shots, key=key) @ weights

    keys = jax.random.split(jax.random.key(3), 4000)
    told = jax.vmap(jax.grad(loss), (None, 0))(shots, keys)
    _, expected = slopes_and_variances(circuit, angles, weights[None])
    assert np.all(told[:, 0] == 0)
    error = told[:, 1:].std(0) / np.sqrt(len(keys))
    np.testing.assert_array_less(np.abs(told[:, 1:].mean(0) - expected[0]), 5 * error + 1e-6)
    # And so is the variance of the slopes themselves, whose own relative error is sqrt(2 / 4000).
    slopes = jax.vmap(
        jax.grad(lambda a, key: outcome_probabilities(circuit, a, shots=40, key=key) @ weights),
        (None, 0),
    )(angles, keys)
    np.testing.assert_allclose(
        slopes.var(0) * 40, expected[0], rtol=5 * np.sqrt(2 / 4000), atol=1e-6
    )


@pytest.mark.parametrize("shots", [[1.0, 2.0], [10.0, 10.0, 0.0, 10.0], [1.5, 2.0, 2.0, 2.0]])
def test_shots_of_another_number_or_size_are_refused(shots):
    with pytest.raises(InputError, match="`shots`"):
        outcome_probabilities(h_ry(3), jnp.zeros(3), shots=jnp.array(shots), key=jax.random.key(0))


def test_every_shot_of_a_plain_training_is_counted():
    curves = block_of(CONFIG, (0, 1)).train()
    images = 120 * np.array([1, 2, 3])
    assert curves.forward_shots.tolist() == [(200 * images).tolist()] * 2
    assert curves.shifted_shots.tolist() == [(4 * 200 * images).tolist()] * 2
    exact = block_of(dataclasses.replace(CONFIG, shots=None)).train()
    assert not exact.shots.any()


def test_a_budget_that_is_enough_changes_nothing():
    plain = block_of(CONFIG)
    rich = block_of(dataclasses.replace(CONFIG, shot_budget=10**12))
    curves = [block.train() for block in (plain, rich)]
    close(plain.state.params, rich.state.params)
    assert not rich.stopped
    assert np.array_equal(curves[0].shots, curves[1].shots)
    assert np.array_equal(curves[0].test_accuracy, curves[1].test_accuracy)
    np.testing.assert_allclose(curves[0].train_loss, curves[1].train_loss, rtol=1e-5)


@pytest.mark.parametrize("steps", [1, 3, 4, 5, 9])
def test_a_budget_ends_with_the_last_step_that_it_pays_for(steps):
    images = sum((3 * STEPS)[:steps])
    exact = 200 * CIRCUITS * images
    for budget in (exact, exact + 200 * CIRCUITS * 20 - 1):
        block = block_of(dataclasses.replace(CONFIG, shot_budget=budget), (0, 1))
        curves = block.train()
        assert np.array_equal(block.state.step, [steps, steps])
        assert curves.shots[:, -1].tolist() == [exact, exact]
        assert curves.epochs == list(range(1, -(-steps // 3) + 1))
        assert block.stopped is (steps < 9)


def test_weights_at_a_budgets_end_are_those_of_so_many_steps():
    config = dataclasses.replace(CONFIG, shot_budget=200 * CIRCUITS * 170)
    stopped, plain = block_of(config), block_of(CONFIG)
    stopped.train()
    state = plain.state
    for epoch, number in enumerate((3, 1)):
        rows = students._orders(plain.keys, epoch, 120, 50, 3)
        data = plain.data(epoch), number
        state, _ = students._train_steps(plain.task, state, data, rows, plain.keys, plain.hyper)
    close(stopped.state.params, state.params)


@pytest.mark.parametrize("allocation", [None, "gcans:share=0.5"])
def test_a_larger_budget_goes_on_as_if_it_had_been_there(tmp_path, allocation):
    """Stopped within an epoch, then once more before it has ended, then to the end."""
    config = dataclasses.replace(CONFIG, allocation=allocation)
    whole = run_student(StudentJob(dataclasses.replace(config, shot_budget=10**9), None, (0,)))
    spent = int(whole.block.drawn.sum())
    for budget in (spent // 2, spent // 2 + spent // 9, 10**9):
        job = StudentJob(dataclasses.replace(config, shot_budget=budget), None, (0,))
        part = run_student(job, out=tmp_path)
        again = run_student(job, out=tmp_path)
        assert same(part.result["arms"], again.result["arms"])
        assert part.block.drawn.sum() <= budget
    assert same(part.block.state.params, whole.block.state.params)
    assert same(part.result["arms"], whole.result["arms"])


def test_a_smaller_budget_than_is_spent_is_refused(tmp_path):
    job = StudentJob(dataclasses.replace(CONFIG, shot_budget=150_000), None, (0,))
    run_student(job, out=tmp_path)
    less = StudentJob(dataclasses.replace(CONFIG, shot_budget=100_000), None, (0,))
    with pytest.raises(InputError, match="`shot_budget` must be at least 120000, which are drawn"):
        run_student(less, out=tmp_path)


def test_units_are_exact_and_never_more():
    for left in (1, 5000, 2**24, 2**24 + 1, 10**9 + 7, 2**40 - 1):
        number, unit = units_of(left)
        assert number == np.float32(number) <= 2**24 and number * unit <= left < (number + 1) * unit


def test_a_ramp_goes_from_first_to_all():
    config = dataclasses.replace(CONFIG, allocation="ramp:first=20")
    block = block_of(config)
    block.train()
    share = np.arange(9) / 9
    expected = np.ceil(20 * 10**share)
    drawn = (expected * np.tile(STEPS, 3)).sum()
    assert abs(block.drawn[0, 0] - drawn) <= 50 * 9 * 0.01
    assert block.drawn[1, 0] == 4 * block.drawn[0, 0]


def test_the_fewest_shots_that_leave_a_share():
    """gCANS is the minimum of s_0 + 2 sum s_k where sum v_k / s_k = share |g|^2: by SciPy."""
    spread = Spread(jnp.array([4.0, 1.0, 9.0]), jnp.float32(0.5))
    v, allowed, circuits = np.array([4.0, 1.0, 9.0]), 0.2 * 0.5, np.array([1.0, 2.0, 2.0])
    given = np.array(GCans(share=0.2, least=2).shots(1e6, 0.0, spread), float)
    uniform = np.array(RelativeVariance(share=0.2, least=2).shots(1e6, 0.0, spread), float)
    for shots in (given, uniform):
        np.testing.assert_allclose((v / shots).sum(), allowed, rtol=1e-5)
    constraint = {"type": "eq", "fun": lambda s: (v / s).sum() - allowed}
    best = minimize(lambda s: s @ circuits, uniform, constraints=constraint, method="SLSQP").x
    np.testing.assert_allclose(given, best, rtol=1e-3)
    assert given @ circuits < uniform @ circuits


def test_chained_slopes_are_those_of_the_network():
    config = dataclasses.replace(CONFIG, allocation="gcans")
    block = block_of(config)
    spender = block.task.spender
    params = jax.tree.map(lambda leaf: leaf[0], block.state.params)
    images = jnp.asarray(block.splits.train.images[:3])
    expected = np.zeros(2)
    for image in images:
        for slot in range(2):
            slopes = jax.grad(lambda p, i=image, k=slot: spender.angles(p, i)[k])(params)
            expected[slot] += sum(float((leaf**2).sum()) for leaf in jax.tree.leaves(slopes)) / 3
    np.testing.assert_allclose(spender.chain(params, images), expected, rtol=1e-4)


@pytest.mark.parametrize("rule", ["relative-variance", "gcans"])
def test_shots_leave_the_share_that_was_asked_for(rule):
    """A step's gradient, redrawn 300 times, after some epochs: within a factor of 2.

    The rule sees the spread of the steps before, and one mean of squared derivatives for all
    images. With a tenth of these shots the variance is ten times as large, and outside.
    """
    share, images = 0.01, 50
    config = dataclasses.replace(
        CONFIG, allocation=f"{rule}:share={share}", shots=50_000, epochs=4, per_class=100
    )
    block = block_of(config)
    block.train()
    state = jax.tree.map(lambda leaf: leaf[0], jax.device_get(block.state))
    hyper, task = hyper_for(config, "alone", 300), block.task
    shots = task.spender.shots(state, hyper.shots, hyper.schedule.steps)
    batch = jax.tree.map(lambda leaf: leaf[:images], block.data(0))
    present = jnp.ones(images, bool)

    @jax.jit
    def gradient(key, shots):
        def loss(params):
            given = hyper._replace(shots=shots)
            output = task.output(params, batch.images, batch.ids, key, given, False)
            return sum(task.terms(output, batch, present, hyper)).mean()

        slopes = jax.tree.leaves(jax.grad(loss)(state.params))
        return jnp.concatenate([leaf.reshape(-1) for leaf in slopes])

    def left(shots):
        drawn = np.array([gradient(key, shots) for key in jax.random.split(jax.random.key(9), 300)])
        return drawn.var(0).sum() / (drawn.mean(0) ** 2).sum()

    assert share / 2 < left(shots) < share * 2
    assert left(jnp.round(shots / 10)) > share * 4


def test_numbers_of_shots_share_one_program():
    config = dataclasses.replace(CONFIG, allocation="gcans", shots=300)
    block_of(config).train()
    before = students._train_steps._cache_size()
    for more in ({"shots": 2000}, {"shot_budget": 10**6}, {"learning_rate": 0.01}):
        block_of(dataclasses.replace(config, **more)).train()
    assert students._train_steps._cache_size() == before


@pytest.mark.parametrize(
    ("preset", "allocation"), [("paper-code", "relative-variance"), ("pure", "gcans")]
)
def test_rules_train_other_kinds_of_student(preset, allocation):
    config = StudentConfig(
        "digits", "0-2", 4, preset, epochs=2, per_class=30, shots=300, allocation=allocation
    )
    block = block_of(config)
    curves = block.train()
    plain = students.shots_of_epochs(config, 2, 90)
    assert np.all(curves.shots[:, -1] <= sum(plain)) and np.all(curves.shots[:, -1] > 0)
    assert np.isfinite(curves.train_loss).all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"shots": None, "allocation": "ramp"}, "`allocation` must be left out"),
        ({"shots": None, "shot_budget": 10**6}, "`shot_budget` must be left out"),
        ({"shot_budget": 49_999}, "`shot_budget` must pay for a step, which draws 50000 shots"),
        ({"allocation": "ramp:first=10", "shot_budget": 2499}, "which draws 2500 shots"),
        ({"allocation": "gcans:share=0"}, "`share` must be a finite number above 0"),
        ({"allocation": "gcans:least=1"}, "`least` must be"),
        ({"allocation": "nothing"}, "`allocation`"),
        ({"shot_budget": 0}, "`shot_budget` must be"),
    ],
)
def test_bad_budgets_and_rules_are_refused(fields, message):
    with pytest.raises(InputError, match=message):
        dataclasses.replace(CONFIG, **fields)


def test_a_plain_students_key_does_not_know_of_rules():
    """Keys of results from before there were rules."""
    assert "allocation" not in StudentConfig(**SMALL).alone().digest()
    plain, ruled = CONFIG, dataclasses.replace(CONFIG, allocation="constant")
    assert plain.digest() != ruled.digest()
