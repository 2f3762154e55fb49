"""Audits of students: against gradients of a loss written by hand, and what they must catch."""

import dataclasses
import json
import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.common.files import plain
from jqkd.data import load, student_splits, view
from jqkd.models import build_student
from jqkd.models.functional import functional
from jqkd.training import audit, student_run, trained
from jqkd.training.audit import FILE, Audit, audit_block, check_gradients, sample_rows
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.loop import TrainingError
from jqkd.training.recipes import Output
from jqkd.training.runs import Run
from jqkd.training.student_run import StudentJob, run_student, student_parameters
from jqkd.training.student_task import ALONE, DISTILLED
from jqkd.training.students import Block

pytestmark = pytest.mark.quick

# Dropout, two views of mixed images, two heads; exact probabilities compile faster.
CONFIG = StudentConfig(
    "digits", "0-2", 2, shots=None, epochs=2, per_class=4, augmentation="mixup", weight=0.7
)
RUNS = [Run(0, ALONE), Run(0, DISTILLED), Run(3, DISTILLED)]


@pytest.fixture(scope="module")
def splits():
    return student_splits(load("digits"), (0, 1, 2), per_class=4)


@pytest.fixture(scope="module")
def teacher(splits):
    logits = np.random.default_rng(0).normal(size=(2, len(splits.train), 3))
    return Output(logits.astype(np.float32))


def block_of(splits, teacher, **changes):
    return Block(dataclasses.replace(CONFIG, **changes), splits, RUNS, teacher)


def log_softmax(x):
    return x - jnp.log(jnp.exp(x).sum(-1, keepdims=True))


@jax.jit
def by_hand(params, images, targets, said, dropout_key):
    """Gradients of both terms, from the student as a user calls it and losses written out."""
    model = functional(lambda rngs: build_student("paper-code", 2, rngs=rngs))

    def logits(params):
        return model.module(params)(images, dropout_key=dropout_key)

    def learning(params):
        return -(targets * log_softmax(logits(params))[:, :3]).sum(-1).mean()

    def teaching(params):
        p = jnp.exp(log_softmax(said / 3))
        q = jnp.exp(log_softmax(logits(params)[:, :3] / 3))
        return 0.7 * 3**2 * (p * jnp.log(p / q)).sum(-1).mean()

    slopes = [jax.tree.leaves(jax.grad(loss)(params)) for loss in (learning, teaching)]
    return [jnp.concatenate([jnp.ravel(leaf) for leaf in leaves]) for leaves in slopes]


@pytest.mark.parametrize(("epoch", "number"), [(0, 0), (1, 1), (2, 1)])
def test_gradients_are_those_of_a_loss_written_by_hand(splits, teacher, epoch, number):
    """Of the view that comes next; after the last epoch, of the last one."""
    block = block_of(splits, teacher)
    block.epoch = epoch
    found = audit_block(block)["gradients"]
    rows = np.argsort(splits.train.labels, kind="stable")
    images, targets = view(splits.train, "mixup", number)
    shown = images.images[rows], targets[rows], teacher.logits[number][rows]
    for i, run in enumerate(RUNS):
        key = jax.random.fold_in(jax.random.fold_in(jax.random.key(run.seed), 4), epoch)
        params = jax.tree.map(lambda leaf, i=i: np.asarray(leaf)[i], block.state.params)
        mine, taught = map(np.asarray, by_hand(params, *shown, jax.random.fold_in(key, 0)))
        norms = np.linalg.norm(mine), np.linalg.norm(taught) * (run.arm == DISTILLED)
        cosine = mine @ taught / np.linalg.norm(mine) / np.linalg.norm(taught)
        np.testing.assert_allclose(found["norm"][i], norms, rtol=1e-4)
        cosines = [1, cosine * (run.arm == DISTILLED)]
        np.testing.assert_allclose(found["cosine"][i], cosines, atol=1e-4)


def test_weights_are_part_of_the_norm_and_not_of_the_comparison(splits, teacher):
    plain = audit_block(block_of(splits, teacher))["gradients"]
    heavy = audit_block(block_of(splits, teacher, weight=1.4, label_weight=0.0))["gradients"]
    np.testing.assert_allclose(heavy["norm"][1:, 0], 0)
    np.testing.assert_allclose(heavy["norm"][1:, 1], 2 * plain["norm"][1:, 1], rtol=1e-5)
    for name in ("cosine", "cross_entropy"):
        np.testing.assert_allclose(heavy[name], plain[name], rtol=1e-5)


@pytest.mark.parametrize("term", ["constant", "kl * 0"])
def test_a_term_that_teaches_nothing_is_an_error(splits, teacher, term):
    block = block_of(splits, teacher, term=term)
    sentence = r"distilled student with seed 0 teaches nothing: its gradient has norm 0 and "
    with pytest.raises(TrainingError, match=sentence):
        Audit(block)()
    found, named = audit_block(block), re.escape(f"(term `{term}`, ")
    with pytest.raises(TrainingError, match=named + ".*choose term `kl`"):
        check_gradients(block.config, block.runs, found)
    # Asked to say what it sees of trained students, it says it.
    look = Audit(block)
    look(check=False)
    assert not np.any(look.report()["history"][0]["gradients"]["norm"][:, 1])


def test_terms_that_teach_are_no_errors_and_a_weight_of_zero_is_one(splits, teacher):
    for changes in ({}, {"term": "kl * 6/8"}):
        Audit(block_of(splits, teacher, **changes))()
    for changes in ({"weight": 0.0}, {"weight": 0.0, "term": "constant"}):
        with pytest.raises(TrainingError, match=r"teaches nothing: .* weight 0, .* or no teacher"):
            Audit(block_of(splits, teacher, **changes))()


def test_a_weight_of_zero_is_refused_before_anything_is_trained(tmp_path):
    config, out = dataclasses.replace(CONFIG, weight=0.0), tmp_path / "run"
    lenet = TeacherConfig("lenet", "digits", "0-2", epochs=1)
    forbidden = lambda *args: pytest.fail("trained")  # noqa: E731
    with pytest.raises(InputError, match="`weight` must be above 0 where an audit is asked for"):
        run_student(StudentJob(config, lenet, (0,)), out=out, audit=True, on_teacher=forbidden)
    assert not out.exists()


def test_a_gradient_that_single_precision_loses_is_no_gradient():
    def found(norm):
        sizes = {"norm": np.array([[1.0, norm]]), "cross_entropy": np.array([1.0])}
        return {"gradients": sizes}

    runs = [Run(0, DISTILLED)]
    check_gradients(CONFIG, runs, found(1e-8))
    check_gradients(CONFIG, [Run(0, ALONE)], found(0.0))
    with pytest.raises(TrainingError, match=r"norm 1e-10 and cross-entropy's 1 "):
        check_gradients(CONFIG, runs, found(1e-10))


def test_angles_are_those_of_the_student_and_a_collapsed_one_is_seen(splits, teacher):
    block = block_of(splits, teacher)
    student = functional(lambda rngs: build_student("paper-code", 2, rngs=rngs))
    params = jax.tree.map(lambda leaf: leaf[0], block.state.params)
    features = jax.jit(lambda p, x: student.module(p).features(x))(params, block.data(0).images)
    features = np.asarray(features[:12], np.float64)
    start = audit_block(block)["angles"]
    slope = (np.pi / np.cosh(features) ** 2).mean()
    np.testing.assert_allclose(start["slope"][0], slope, rtol=1e-4)
    sine = np.abs(np.sin(np.pi * np.tanh(features))).mean()
    np.testing.assert_allclose(start["sine"][0], sine, rtol=1e-4)
    block.state.params["features"]["dense2"]["bias"] += jnp.array([[0.0], [28.0], [-28.0]])
    end = audit_block(block)["angles"]
    np.testing.assert_allclose(end["saturated"], [start["saturated"][0], 1, 1])
    np.testing.assert_allclose(end["slope"][1:], 0, atol=1e-6)
    np.testing.assert_allclose(end["sine"][1:], 0, atol=1e-5)


def test_students_are_compared_with_what_they_are_told(splits, teacher, monkeypatch):
    """Students that answer by random projections; a teacher that says what the last one says."""
    weights = np.random.default_rng(1).normal(size=(3, 28 * 28, 8))
    answers = lambda part: part.images.reshape(len(part), -1) @ weights  # noqa: E731
    views = [view(splits.train, "mixup", number)[0] for number in (0, 1)]
    said = np.stack([answers(part)[2, :, :3] for part in views])
    assert (said[0].argmax(-1) != said[1].argmax(-1)).any()
    block = block_of(splits, Output(said))
    monkeypatch.setattr(block, "logits", answers)
    found = audit_block(block, {"validation": answers(splits.validation)[2, :, :3]})
    for part, images in (("train", views[0]), ("validation", splits.validation)):
        chosen = answers(images)[:, :, :3].argmax(-1)
        np.testing.assert_array_equal(found["agreement"][part], (chosen == chosen[2]).mean(-1))
    right = (answers(splits.test).argmax(-1) == splits.test.labels).mean(-1)
    np.testing.assert_allclose(found["calibration"]["accuracy"], right)


def test_a_look_uses_no_random_number_of_the_training(splits, teacher):
    """With an audit, a run keeps its bits; each run is looked at by itself."""
    ends = []
    for looks in (True, False):
        block = Block(CONFIG, splits, [Run(0, DISTILLED)], teacher)
        if looks:
            Audit(block)()
        block.next_epoch()
        ends.append(jax.device_get(block.state.params))
    for a, b in zip(*map(jax.tree.leaves, ends), strict=True):
        np.testing.assert_array_equal(a, b)


class Stop(Exception):
    pass


def test_a_projection_of_hints_is_no_part_of_the_student(splits, teacher, monkeypatch):
    said = teacher._replace(features=np.ones((2, len(splits.train), 7), np.float32))
    block, measure, seen = block_of(splits, said, recipe="hints"), audit._measure, []

    def note(task, student, *args):
        seen.extend(jax.eval_shape(partial(measure, task, student), *args))
        raise Stop

    monkeypatch.setattr(audit, "_measure", note)
    with pytest.raises(Stop):
        audit_block(block)
    shapes = [part.shape for part in seen]
    assert shapes == [(3, 2, student_parameters(CONFIG)), (3, 12, 2), (3, 12, 2)]


def test_a_stopped_run_keeps_its_looks(tmp_path):
    config = dataclasses.replace(CONFIG, augmentation="none")
    job = StudentJob(config, None, (0,))

    def stop(epoch):
        raise Stop

    with pytest.raises(Stop):
        run_student(job, out=tmp_path, audit=True, on_epoch=stop)
    early = json.loads((tmp_path / FILE).read_text())
    assert [found["epoch"] for found in early["history"]] == [0, 1]
    result = run_student(job, out=tmp_path, audit=True).result
    late = json.loads((tmp_path / FILE).read_text())
    assert late["history"][:2] == early["history"]
    assert [found["epoch"] for found in late["history"]] == [0, 1, 2]
    assert json.loads((tmp_path / "result.json").read_text())["audit"] == late
    assert result["audit"]["teacher"] is None and late["runs"] == [{"seed": 0, "arm": ALONE}]
    finished = trained.audit_run(trained.load_run(tmp_path))
    [last] = json.loads(json.dumps(plain(finished.history)))
    assert last == late["history"][-1]
    # Looks at other students, and a damaged file, are not taken for these.
    for text in (json.dumps(late | {"runs": [{"seed": 1, "arm": ALONE}]}), "{"):
        (tmp_path / FILE).write_text(text)
        block = student_run.prepare(job).block
        assert Audit(block, file=tmp_path / FILE)._kept() == []


def test_the_images_looked_at_are_a_few_of_every_class():
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(8), 30))
    for classes, each in ((2, 10), (8, 10)):
        rows = sample_rows(labels[labels < classes])
        counts = np.bincount(labels[labels < classes][rows])
        np.testing.assert_array_equal(counts, [each] * classes)
    assert len(sample_rows(np.repeat(np.arange(10), 30))) == 90
    assert len(sample_rows(np.array([1, 0, 1]))) == 3
