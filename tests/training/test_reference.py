"""Training against its second source, seed by seed: weights, curves, counts, epochs, gains.

The reference computes in float64, so that what is left is the package's rounding in float32, and
now and then a logit of the teacher's that is rounded to the other of two half-precision numbers.
Adam divides by a gradient's size, so a weight whose gradient is next to nothing may go anywhere: of
every layer at least half of the weights have to agree to a fiftieth of a step, and the change of
all of them to 2 percent of its length (most runs: to a thousandth of both). A fault moves most
weights by whole steps. Rounding may also move a shot, of each of some ten thousand binomials with a
probability of about 50 * 1e-7; the draws of one machine never change.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import jax
import numpy as np
import pytest

from jqkd.data import load, student_splits
from jqkd.models import TEACHERS
from jqkd.models.layers import dense, dropout
from jqkd.models.teachers import Architecture, Network
from jqkd.statistics import collapsed
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.loop import TrainingError
from jqkd.training.recipes import Output
from jqkd.training.student_run import StudentJob, run_student
from jqkd.training.students import train_students
from jqkd.training.teachers import train_teacher
from tests.parts import registered
from tests.training import reference

# Not the first ones: a class's number and its place are then two things.
CLASSES, NAMES = (1, 4, 7), "1,4,7"
SEEDS = (3, 8)
TEACHER = {"seed": 5, "epochs": 2, "batch_size": 64, "learning_rate": 3e-3}
LENET = reference.LENET | {"dense3": (84, len(CLASSES))}
# Nine images, so that the last batch of four is of one.
CODE = {"preset": "paper-code", "shots": 50, "epochs": 3, "batch_size": 4}
# 36 steps, so that the cosine's rise takes more than one.
TEXT = {"preset": "paper-text", "shots": None, "epochs": 4, "schedule": "cosine"}
ROBUST = {"preset": "robust", "shots": None, "epochs": 3, "batch_size": 4, "evaluate_every": 2}
DECOUPLED = {"recipe": "decoupled", "weight": 1.5, "temperature": 2.5, "label_weight": 0.5}
SLOW = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _no_careless_program_is_left():
    yield
    jax.clear_caches()


@contextlib.contextmanager
def quick_compiler():
    """Half of this module's time would go into optimising programs that run once."""
    jax.config.update("jax_disable_most_optimizations", True)
    try:
        yield
    finally:
        jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="module")
def teacher():
    """The reference's own LeNet: weights, curves, logits."""
    parts = reference.split(load("digits"), CLASSES)
    return reference.train_teacher(reference.lenet, LENET, parts, **TEACHER)


def flat(params, row=...):
    """Weights by the reference's names."""
    named = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        name = ".".join(str(part.key) for part in path)
        named[name.removeprefix("features.")] = np.asarray(leaf)[row]
    return {name.replace("weights", "turns"): leaf for name, leaf in named.items()}


def assert_same_weights(params, weights, first, step):
    """Layer by layer, and all of them; see above."""
    assert set(params) == set(weights)
    gaps = {name: np.abs(params[name] - weights[name]) for name in weights}
    medians = {name: np.median(gap) / step for name, gap in gaps.items()}
    assert max(medians.values()) < 0.02, medians
    gap, way = (
        np.sqrt(sum((a[name] ** 2).sum() for name in weights))
        for a in (gaps, {name: weights[name] - first[name] for name in weights})
    )
    assert gap < 0.02 * way, gap / way


def assert_same_curves(curves, row, expected, images, moved=0):
    """Losses to float32's digits, right answers one by one, or one image's shot may be moved."""
    for part, count in images.items():
        losses, right = zip(*(epoch[part] for epoch in expected), strict=True)
        np.testing.assert_allclose(curves[f"{part}_loss"][row], losses, rtol=1e-3 + moved * 3e-3)
        counts = np.round(curves[f"{part}_accuracy"][row] * count, 3)
        assert np.abs(counts - right).max() <= moved


def agree(options, teacher):
    """Both arms of both seeds, and what is picked and gained."""
    config = StudentConfig("digits", NAMES, 2, per_class=3, **options)
    job = StudentJob(config, TeacherConfig("lenet", "digits", NAMES, **TEACHER), SEEDS)
    with quick_compiler():
        result, block = run_student(job)
    parts = reference.split(load("digits"), CLASSES, 3, options.get("selection", "first"))
    said = reference.teacher_says(reference.lenet, teacher[0], options, parts)
    step = reference.PRESETS[options["preset"]]["learning_rate"]
    params = jax.device_get(block.state.params)
    images = {part: len(rows[2]) for part, rows in parts.items()}
    looks = [e for e in range(1, config.epochs + 1) if e % options.get("evaluate_every", 1) == 0]
    looks += [config.epochs] if looks[-1] < config.epochs else []
    # What a shot is worth to these heads is 10 or 20 times what it is to the paper's.
    moved = int(options["shots"] is not None and options["preset"] != "paper-code")
    right = {}
    for row, run in enumerate(block.runs):
        arm, place = result["arms"][run.arm], SEEDS.index(run.seed)
        mine = None if run.arm == "alone" else said
        first, weights, curves = reference.train_student(options, parts, run.seed, mine)
        assert_same_weights(flat(params, row), weights, first, step)
        assert_same_curves(arm["curves"], place, curves, images, moved)
        right[run.arm, place] = counts = reference.protocols(curves)
        for name, count in counts.items():
            assert abs(round(150 * arm["test_accuracy"][name][place], 3) - count) <= moved
        assert arm["test_accuracy"]["picked_epoch"][place] == looks[reference.picked(curves)]
    for place in range(len(SEEDS)):
        for name, gain in result["gain"].items():
            expected = right["distilled", place][name] - right["alone", place][name]
            assert abs(round(150 * gain[place], 3) - expected) <= 2 * moved
    return result


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(CODE, id="paper-code, shots"),
        pytest.param(CODE | {"readout": "softmax"}, id="paper-code, the other head"),
        pytest.param(TEXT | DECOUPLED, id="paper-text, decoupled"),
        pytest.param(ROBUST, id="robust"),
        pytest.param(CODE | {"shots": None, "batch_size": 1}, id="paper-code", marks=SLOW),
        pytest.param(TEXT, id="paper-text", marks=SLOW),
        pytest.param(TEXT | {"shots": 51, "epochs": 2}, id="paper-text, shots", marks=SLOW),
        pytest.param(ROBUST | {"shots": 50}, id="robust, shots", marks=SLOW),
    ],
)
def test_students_train_as_the_reference(options, teacher):
    agree(options, teacher)


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": 5.0, "weight": 0.6, "label_weight": 0.3, "term": "kl * 6/8"},
        {"term": "constant", "selection": "random"},
        {"placebo": "constant"},
        {"augmentation": "none", "schedule": "constant", "learning_rate": 2e-3},
    ],
    ids=lambda change: ", ".join(f"{name} {value}" for name, value in change.items()),
)
def test_options_train_as_the_reference(change, teacher):
    """All that is traced, in one program."""
    agree(ROBUST | change, teacher)


class OneLayer(Network):
    """Half of the pixels are dropped in training."""

    def __init__(self, num_classes, image_shape, *, rngs):
        self.dense = dense(784, num_classes, rngs=rngs)

    def with_hidden(self, images, key=None):
        x = dropout(images.reshape(len(images), -1), 0.5, key)
        return self.dense(x), x


@dataclass(frozen=True)
class Dropped(Architecture):
    label, network = "one layer", OneLayer


@pytest.mark.parametrize(
    ("arch", "layers", "changes"),
    [
        ("lenet", LENET, {}),
        ("dropped", {"dense": (784, 3)}, {"seed": 15, "epochs": 6, "learning_rate": 0.03}),
    ],
)
def test_teachers_train_as_the_reference(arch, layers, changes, teacher):
    """LeNet's last epoch is picked; the other's is neither the last nor that of the least loss."""
    how = TEACHER | changes
    with quick_compiler(), registered(TEACHERS, "dropped", Dropped):
        trained, params = train_teacher(TeacherConfig(arch, "digits", NAMES, **how), load("digits"))
    parts = reference.split(load("digits"), CLASSES)
    weights, curves, logits = teacher
    assert reference.picked(curves) == 1
    if arch == "dropped":
        weights, curves, logits = reference.train_teacher(reference.dropped, layers, parts, **how)
        losses = [epoch["validation"][0] for epoch in curves]
        assert reference.picked(curves) not in (len(curves) - 1, int(np.argmin(losses)))
    first = reference.first_weights(layers, reference.teacher_key(how["seed"]))
    assert_same_weights(flat(params), weights, first, how["learning_rate"])
    images = {part: len(rows[2]) for part, rows in parts.items()}
    assert_same_curves(trained.curves, ..., curves, images)
    assert trained.accuracies["picked_epoch"] == reference.picked(curves) + 1
    for part, rows in parts.items():
        np.testing.assert_array_equal(trained.ids[part], rows[2])
        np.testing.assert_allclose(trained.logits[part], logits[part], rtol=1e-3, atol=1e-3)


def test_runs_at_the_level_of_guessing_are_counted():
    right = [40, 50, 53, 54, 150]
    assert reference.collapsed(right, 150, 3) == 3
    assert collapsed([count / 1.5 for count in right], 3) == 3


def with_rate(config, rate):
    """A learning rate that no configuration accepts: no other diverges in a single step."""
    object.__setattr__(config, "learning_rate", rate)
    return config


# Of infinite steps in float32, or of steps after which a sum of products is infinite.
@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@pytest.mark.parametrize(("rate", "subject"), [(1e39, "weights"), (3e38, "validation logits")])
def test_a_divergence_in_the_last_step_is_an_error(rate, subject):
    """The loss of the one step there is does not show it."""
    splits = student_splits(load("digits"), CLASSES, per_class=1)
    options = CODE | {"epochs": 1}
    config = with_rate(StudentConfig("digits", NAMES, 2, per_class=1, **options), rate)
    told = Output(np.zeros((3, 3), np.float32))
    place = r"epoch 1, step 1 of the epoch \(1 of the run\); lower the learning rate"
    sentence = f"{subject} of the alone student with seed 3 are not finite after {place}"
    with quick_compiler(), pytest.raises(TrainingError, match=sentence):
        train_students(config, splits, SEEDS, teacher=told)
    sentence = f"{subject} of teacher dropped are not finite after epoch 1, step 1, its last"
    with quick_compiler(), registered(TEACHERS, "dropped", Dropped):
        config = with_rate(TeacherConfig("dropped", "digits", NAMES, 1, batch_size=400), rate)
        with pytest.raises(TrainingError, match=sentence):
            train_teacher(config, load("digits"))
