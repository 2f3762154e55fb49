"""Distillation recipes against the papers' formulas, written as plain loops, in float64."""

import math
from functools import partial
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import rel_entr, softmax
from scipy.stats import ortho_group

from jqkd._checks import InputError
from jqkd.training.feature_losses import (
    hint_regressor,
    hints,
    relational_angle,
    relational_distance,
)
from jqkd.training.losses import distillation
from jqkd.training.recipes import RECIPES, Output, decoupled, standardised

pytestmark = pytest.mark.quick

ON_LOGITS = [name for name, recipe in RECIPES.items() if recipe.needs == "logits"]
ROWS, CLASSES, TEMPERATURE = 5, 6, 2.5


def _draw(seed, columns, scale=1.0):
    return np.random.default_rng(seed).normal(size=(ROWS, columns)) * scale


# The student has 16 logits, the teacher 8, classes are 6; features match, as hints want them.
# A far row in each, not the same: only so does Huber's loss show its straight part.
STUDENT = Output(_draw(0, 16, 2), _draw(1, 4) * [[9], [1], [1], [1], [1]])
TEACHER = Output(_draw(2, 8, 4), _draw(3, 4) * [[1], [9], [1], [1], [1]])
LABELS = np.array([0, 5, 2, 2, 4], np.int32)
PRESENT = np.array([True, True, False, True, True])


def _double(tree):
    return jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), tree)


@partial(jax.jit, static_argnums=0)
def _loss(name, student, teacher, labels=LABELS, present=PRESENT, t=TEMPERATURE, c=CLASSES):
    return RECIPES.build(name).loss(student, teacher, labels, present, t, c)


@partial(jax.jit, static_argnums=0)
def _slope(name, student, teacher, weights=1.0, **others):
    """Gradient of the weighted sum of losses with respect to the student's output."""
    return jax.grad(lambda s: (_loss(name, s, teacher, **others) * weights).sum())(student)


# --- the papers' formulas, with loops ---------------------------------------------------------


def _soft_targets_by_hand(student, teacher, labels, present, t, c):
    rows = zip(student.logits[:, :c], teacher.logits[:, :c], strict=True)
    return [t**2 * rel_entr(softmax(v / t), softmax(z / t)).sum() for z, v in rows]


def _decoupled_by_hand(student, teacher, labels, present, t, c):
    losses = []
    for z, v, label in zip(student.logits[:, :c], teacher.logits[:, :c], labels, strict=True):
        p, q = softmax(v / t), softmax(z / t)
        target = p[label] * math.log(p[label] / q[label])
        target += (1 - p[label]) * math.log((1 - p[label]) / (1 - q[label]))
        rest = 0.0
        for k in set(range(c)) - {label}:
            p_hat, q_hat = p[k] / (1 - p[label]), q[k] / (1 - q[label])
            rest += p_hat * math.log(p_hat / q_hat)
        losses.append(t**2 * (1 * target + 8 * rest))
    return losses


def _standardised_by_hand(student, teacher, labels, present, t, c):
    def z_score(x):
        mean = sum(x) / c
        return (x - mean) / (1e-7 + math.sqrt(sum((x - mean) ** 2) / (c - 1)))

    rows = zip(student.logits[:, :c], teacher.logits[:, :c], strict=True)
    scores = [(softmax(z_score(v) / t), softmax(z_score(z) / t)) for z, v in rows]
    return [t**2 * rel_entr(p, q).sum() for p, q in scores]


def _hints_by_hand(student, teacher, labels, present, t, c):
    rows = zip(student.features, teacher.features, strict=True)
    return [sum((a - b) ** 2 for a, b in zip(*row, strict=True)) / len(row[0]) for row in rows]


def _huber(x):
    return x**2 / 2 if abs(x) <= 1 else abs(x) - 0.5


def _distances_by_hand(features, rows):
    d = {(i, j): math.dist(features[i], features[j]) for i, j in product(rows, rows)}
    mean = sum(d.values()) / (len(rows) * (len(rows) - 1))
    return {pair: length / mean for pair, length in d.items()}


def _cosine_by_hand(features, i, j, k):
    a, b = features[j] - features[i], features[k] - features[i]
    sizes = math.hypot(*a) * math.hypot(*b)
    return float(a @ b) / sizes if sizes else 0.0


def _relational_by_hand(student, teacher, labels, present, t, c):
    rows = [i for i in range(len(present)) if present[i]]
    ours, theirs = (_distances_by_hand(f, rows) for f in (student.features, teacher.features))
    losses = [0.0] * len(present)
    for i, j in product(rows, rows):
        losses[i] += 25 * _huber(ours[i, j] - theirs[i, j]) / len(rows)
        for k in rows:
            pair = (_cosine_by_hand(f, i, j, k) for f in (student.features, teacher.features))
            losses[i] += 50 * _huber(next(pair) - next(pair)) / len(rows) ** 2
    return losses


BY_HAND = {
    "hinton": _soft_targets_by_hand,
    "decoupled": _decoupled_by_hand,
    "standardised": _standardised_by_hand,
    "hints": _hints_by_hand,
    "relational": _relational_by_hand,
    "function-matching": _soft_targets_by_hand,
}


def _by_hand(name, student=STUDENT, teacher=TEACHER, present=PRESENT):
    losses = BY_HAND[name](student, teacher, LABELS, present, TEMPERATURE, CLASSES)
    return np.array(losses, np.float64)


# --- every recipe -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECIPES)
def test_the_loss_is_the_papers_formula_written_as_loops(name):
    with jax.enable_x64(True):
        found = _loss(name, _double(STUDENT), _double(TEACHER))
    np.testing.assert_allclose(found, _by_hand(name), rtol=1e-10, atol=1e-12)


def test_the_example_reaches_both_sides_of_hubers_loss():
    rows = np.flatnonzero(PRESENT)
    ours, theirs = (_distances_by_hand(o.features, rows) for o in (STUDENT, TEACHER))
    gaps = [abs(ours[pair] - theirs[pair]) for pair in ours]
    assert max(gaps) > 1 and 0 < sorted(gaps)[len(rows)] < 1


@pytest.mark.parametrize("name", RECIPES)
def test_the_gradient_is_the_difference_quotient_of_the_loops(name):
    field = RECIPES[name].needs
    weights = np.where(PRESENT, [1.0, -2.0, 3.0, 0.5, 1.5], 0)
    with jax.enable_x64(True):
        found = getattr(_slope(name, _double(STUDENT), _double(TEACHER), weights), field)

    wanted = np.zeros_like(getattr(STUDENT, field))
    for index in np.ndindex(wanted.shape):
        step = np.zeros_like(wanted)
        step[index] = 1e-5
        ends = (STUDENT._replace(**{field: getattr(STUDENT, field) + s}) for s in (step, -step))
        wanted[index] = ((_by_hand(name, next(ends)) - _by_hand(name, next(ends))) @ weights) / 2e-5
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)
    assert np.abs(wanted).max() > 0.1


@pytest.mark.parametrize("name", RECIPES)
def test_a_student_that_equals_its_teacher_has_no_loss_and_no_gradient(name):
    # The student's other eight logits are no class.
    same = Output(np.hstack([TEACHER.logits, STUDENT.logits[:, 8:]]), TEACHER.features)
    with jax.enable_x64(True):
        pair = _double(same), _double(TEACHER)
        value, slope = np.array(_loss(name, *pair)), _slope(name, *pair, np.ones(ROWS))
    assert np.abs(value).max() < 1e-12
    assert all(np.abs(np.array(leaf)).max() < 1e-7 for leaf in jax.tree.leaves(slope))


@pytest.mark.parametrize("name", ON_LOGITS)
def test_logits_that_are_no_class_change_nothing_and_get_no_gradient(name):
    changed = Output(STUDENT.logits.copy()), Output(TEACHER.logits.copy())
    for output, fill in zip(changed, (1e30, -50.0), strict=True):
        output.logits[:, CLASSES:] = fill
    student, teacher = jax.tree.map(jnp.float32, changed)
    slope = _slope(name, student, teacher).logits
    np.testing.assert_allclose(_loss(name, student, teacher), _by_hand(name), rtol=2e-5)
    assert np.isfinite(slope).all() and (slope[:, CLASSES:] == 0).all()


@pytest.mark.parametrize("name", RECIPES)
def test_absent_rows_change_nothing_and_the_relational_loss_leaves_them_no_gradient(name):
    garbage = np.where(PRESENT[:, None], 0, np.nan)
    student, teacher = (
        jax.tree.map(lambda x: jnp.float32(x + garbage), output) for output in (STUDENT, TEACHER)
    )
    value = _loss(name, student, teacher)[PRESENT]
    np.testing.assert_allclose(value, _by_hand(name)[PRESENT], rtol=5e-5)
    if name == "relational":
        slope = _slope(name, student, teacher).features
        assert (slope[~PRESENT] == 0).all() and (slope[PRESENT] != 0).any()


@pytest.mark.parametrize("name", RECIPES)
def test_one_program_serves_all_temperatures_and_class_counts(name):
    student, teacher = jax.tree.map(jnp.float32, (STUDENT, TEACHER))
    traces = []

    @jax.jit
    @jax.vmap
    def many(temperature, classes):
        traces.append(name)
        return _loss(name, student, teacher, LABELS % 3, t=temperature, c=classes)

    settings = [(1.0, 3), (2.0, 6), (4.0, 8)]
    found = many(*map(jnp.array, zip(*settings, strict=True)))
    again = many(jnp.array([2.0, 4.0, 1.0]), jnp.array([8, 3, 6]))
    wanted = [_loss(name, student, teacher, LABELS % 3, t=t, c=c) for t, c in settings]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
    assert len(traces) == 1 and np.isfinite(again).all()


# Degenerate outputs, all in float32, where they are met: they may not give NaN.
DEGENERATE = {
    # The mean of six float32 of 77.7 is not 77.7.
    "equal logits and identical rows": Output(np.full((ROWS, 8), 77.7), np.ones((ROWS, 4))),
    "two identical rows": Output(_draw(4, 8), _draw(5, 4)[[0, 0, 2, 3, 4]]),
    "far apart": Output(_draw(6, 8, 1e4), _draw(7, 4, 1e4)),
}


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("case", DEGENERATE)
@pytest.mark.parametrize("present", [1, 0, -1], ids=["all rows", "no rows", "one row"])
def test_degenerate_outputs_give_finite_losses_and_gradients(name, case, present):
    there = {1: np.ones(ROWS, bool), 0: np.zeros(ROWS, bool), -1: np.arange(ROWS) == 1}[present]
    degenerate = jax.tree.map(jnp.float32, DEGENERATE[case])
    healthy = jax.tree.map(jnp.float32, TEACHER)
    for student, teacher in product((degenerate, healthy), repeat=2):
        value = _loss(name, student, teacher, present=there)
        slope = _slope(name, student, teacher, present=there)
        assert np.isfinite(value).all()
        assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slope))


@pytest.mark.parametrize("name", RECIPES)
def test_a_batch_of_one_and_a_single_class_are_no_special_case(name):
    student, teacher = jax.tree.map(lambda x: jnp.float32(x[:1]), (STUDENT, TEACHER))
    alone = {"labels": jnp.array([0]), "present": jnp.array([True]), "c": 1}
    value = _loss(name, student, teacher, **alone)
    slope = _slope(name, student, teacher, **alone)
    assert name == "hints" or value == 0
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(slope))


# --- numbers from papers and from pencil and paper ----------------------------------------------


def test_standardised_gives_the_numbers_printed_in_the_papers_figure_2():
    # Teacher (1, 4, 3, 2); the first student is nearer to it but wrong, the second has its order.
    teacher = jnp.array([1.0, 4.0, 3.0, 2.0])
    wrong, right = jnp.array([-1.2, 0.6, 0.8, -0.2]), teacher / 10
    plain = [float(distillation(s, teacher, 1.0, 4)) for s in (wrong, right)]
    scored = [float(standardised(s, teacher, 1.0, 4)) for s in (wrong, right)]
    # Printed with four digits: half a unit of the last one.
    np.testing.assert_allclose(plain, [0.1749, 0.3457], atol=5.1e-5)
    np.testing.assert_allclose(scored, [0.0995, 0.0], atol=5.1e-5)


def test_decoupled_by_pencil():
    # Teacher (1/2, 3/8, 1/8), student uniform, label 0: TCKD compares (1/2, 1/2) with (1/3, 2/3),
    # NCKD (3/4, 1/4) with (1/2, 1/2).
    teacher = jnp.log(jnp.array([4.0, 3.0, 1.0]))
    target = 0.5 * math.log(3 / 2) + 0.5 * math.log(3 / 4)
    rest = 0.75 * math.log(3 / 2) + 0.25 * math.log(1 / 2)
    for alpha, beta in [(1, 8), (1, 0), (0, 1), (2, 3)]:
        found = jax.jit(decoupled)(
            jnp.zeros(3), teacher, 0, 1.0, 3, target_weight=alpha, rest_weight=beta
        )
        np.testing.assert_allclose(found, alpha * target + beta * rest, rtol=1e-5)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_decoupled_with_the_rest_weighted_by_one_minus_p_is_hintons_loss(temperature):
    p = softmax(TEACHER.logits[:, :CLASSES] / temperature, -1)[np.arange(ROWS), LABELS]
    with jax.enable_x64(True):
        student, teacher = _double(STUDENT).logits, _double(TEACHER).logits
        hinton_like = jax.jit(partial(decoupled, rest_weight=1 - p))
        found = hinton_like(student, teacher, LABELS, temperature, CLASSES)
        wanted = distillation(student, teacher, temperature, CLASSES)
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


def test_decoupled_keeps_its_digits_when_both_networks_are_sure():
    # float32 holds no 1 - 1e-13: the rest's probability has to come from its own logits.
    student, teacher = jnp.array([30.0, 1.0, 0.0]), jnp.array([35.0, 0.0, 2.0])
    slope = jax.jit(jax.grad(decoupled))(student, teacher, 0, 1.0, 3)
    gap = softmax([1.0, 0.0]) - softmax([0.0, 2.0])
    np.testing.assert_allclose(slope[1:], 8 * gap, rtol=1e-5)


def test_relational_distance_by_pencil():
    # Distances 1, 2, 3 (mean 2) against 1, 1, 2 (mean 4/3): off by -1/4, 1/4 and 0.
    student, teacher = jnp.array([[0.0], [1.0], [3.0]]), jnp.array([[0.0], [1.0], [2.0]])
    found = jax.jit(relational_distance)(student, teacher, jnp.ones(3, bool))
    np.testing.assert_allclose(found, np.array([1, 2, 1]) / 32 / 3, rtol=1e-6)


def test_relational_angle_by_pencil():
    # A right isosceles triangle (0, and twice 1/sqrt 2) against an equilateral one (all 1/2).
    student = jnp.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    teacher = jnp.array([[0.0, 0.0], [1.0, 0.0], [0.5, math.sqrt(0.75)]])
    found = jax.jit(relational_angle)(student, teacher, jnp.ones(3, bool))
    sharp = (math.sqrt(0.5) - 0.5) ** 2
    np.testing.assert_allclose(found, np.array([0.25, sharp, sharp]) / 9, rtol=1e-5)


def test_hints_are_the_mean_square_over_features():
    assert hints(jnp.array([1.0, 2.0]), jnp.array([0.0, 4.0])) == 2.5


# --- invariances --------------------------------------------------------------------------------


def test_standardised_sees_neither_shift_nor_scale():
    scale, shift = np.array([[0.1], [1.0], [3.0], [50.0], [7.0]]), _draw(8, 1, 10)
    with jax.enable_x64(True):
        student, teacher = _double(STUDENT).logits, _double(TEACHER).logits
        moved = student * scale + shift, teacher * scale[::-1] - shift
        plain, found = (standardised(*pair, TEMPERATURE, CLASSES) for pair in
                        ((student, teacher), moved))  # fmt: skip
        turned = standardised(-student, teacher, TEMPERATURE, CLASSES)
    np.testing.assert_allclose(found, plain, rtol=1e-5)
    assert (np.abs(turned - plain) > 1e-3).all()


@pytest.mark.parametrize("loss", [relational_distance, relational_angle])
def test_relational_losses_see_neither_rotation_nor_scale_nor_shift(loss):
    rotation = ortho_group.rvs(4, random_state=0)
    with jax.enable_x64(True):
        student, teacher = _double(STUDENT).features, _double(TEACHER).features
        moved = 3 * student @ rotation + 5, 0.2 * teacher @ rotation.T - 1
        found, plain = loss(*moved, PRESENT), np.array(loss(student, teacher, PRESENT))
        stretched = np.array(loss(student * jnp.array([1, 5, 1, 1]), teacher, PRESENT))
        # Features of another number: zeros on the right change no distance.
        wider = loss(jnp.pad(student, ((0, 0), (0, 3))), teacher, PRESENT)
    np.testing.assert_allclose(found, plain, rtol=1e-9)
    np.testing.assert_allclose(wider, plain, rtol=1e-12)
    assert abs(stretched.sum() - plain.sum()) > 1e-3


def test_equal_logits_have_no_order_and_no_gradient():
    equal = jax.tree.map(jnp.float32, DEGENERATE["equal logits and identical rows"])
    slope = _slope("standardised", equal, jax.tree.map(jnp.float32, TEACHER), present=PRESENT)
    assert (slope.logits == 0).all()


# --- the table ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_uses_what_its_entry_says(name):
    recipe = RECIPES[name]
    student, teacher = jax.tree.map(jnp.float32, (STUDENT, TEACHER))
    plain = _loss(name, student, teacher)
    # What it does not need may be missing, or empty.
    without = {"logits": {"features": None}, "features": {"logits": None}}[recipe.needs]
    lean = _loss(name, student._replace(**without), teacher._replace(**without))
    assert (lean == plain).all()
    heated = _loss(name, student, teacher, t=2 * TEMPERATURE)
    assert (recipe.temperature is None) == bool((heated == plain).all())
    relabelled = _loss(name, student, teacher, labels=(LABELS + 1) % CLASSES)
    assert (name == "decoupled") == bool((relabelled != plain).any())
    assert recipe.weight > 0 and "arXiv:" in recipe.reference


def test_only_function_matching_asks_for_no_labels():
    for name, recipe in RECIPES.items():
        assert (not recipe.uses_labels) == (name == "function-matching")
        assert recipe.regressor == (name == "hints")


def test_a_hint_regressor_keeps_the_size_of_features():
    weights = hint_regressor(50, 84, key=jax.random.key(0))
    assert weights.shape == (50, 84)
    # 4200 weights: the relative error of their variance is below sqrt(2 / 4200), here 5 of them;
    # one false alarm in 10^6 keys.
    assert abs(50 * np.var(weights) - 1) < 5 * math.sqrt(2 / 4200)
    assert not np.allclose(weights, hint_regressor(50, 84, key=jax.random.key(1)))
    with pytest.raises(InputError, match="`teacher_size` must be an integer of at least 1"):
        hint_regressor(50, 0, key=jax.random.key(0))
