"""A data set of coloured images and a teacher with batch statistics, both from outside: this file.

Nothing in the package knows them; a student's job goes from the images to its result.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from jqkd._checks import InputError
from jqkd.data import DATASETS, Source, load, student_splits, view
from jqkd.models import FEATURES, TEACHERS, Features, count_parameters
from jqkd.models.layers import as_images, as_rows, average_pool, dense
from jqkd.models.teachers import Architecture, Network
from jqkd.training import loop, teacher_store
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.loop import Data, Schedule
from jqkd.training.recipes import Output
from jqkd.training.student_run import StudentJob, run_student
from jqkd.training.teacher_store import obtain_teacher
from jqkd.training.teachers import Hyper, teacher_task, train_teacher
from jqkd.training.teaching import answers
from jqkd.training.trained import load_run
from tests.parts import registered

pytestmark = pytest.mark.quick

SHAPE, EACH = (32, 32, 3), 60


@dataclass(frozen=True)
class Tints(Source):
    """Noise that is a little redder, greener or bluer."""

    noise: float = 0.2

    label = "Tints"
    class_names = ("red", "green", "blue")
    image_shape = SHAPE
    train_images = train_per_class = EACH
    validation_per_class = test_per_class = 20

    def read(self, data_dir, cache_dir):
        rng, arrays = np.random.default_rng(3), {}
        for part, count in (("train", 2 * EACH), ("test", 20)):
            labels = np.arange(3 * count, dtype=np.int32) % 3
            tints = 0.4 + 0.2 * np.eye(3)[labels]
            images = tints[:, None, None] + self.noise * rng.normal(size=(len(labels), *SHAPE))
            pixels = np.clip(255 * images, 0, 255).astype(np.uint8)
            arrays |= {f"{part}_images": pixels, f"{part}_labels": labels}
        return arrays


class TwoConvolutions(Network):
    """Two convolutions with strides, each normalised over the batch, and the mean over pixels."""

    def __init__(self, num_classes, image_shape, *, rngs):
        self.conv1 = nnx.Conv(image_shape[-1], 8, (3, 3), strides=4, rngs=rngs)
        self.norm1 = nnx.BatchNorm(8, momentum=0.8, rngs=rngs)
        self.conv2 = nnx.Conv(8, 16, (3, 3), strides=2, rngs=rngs)
        self.norm2 = nnx.BatchNorm(16, momentum=0.8, rngs=rngs)
        self.dense = dense(16, num_classes, rngs=rngs)

    def with_hidden(self, images, key=None):
        known = key is None
        x = jax.nn.relu(self.norm1(self.conv1(images), use_running_average=known))
        x = jax.nn.relu(self.norm2(self.conv2(x), use_running_average=known)).mean((1, 2))
        return self.dense(x), x


@dataclass(frozen=True)
class Normalised(Architecture):
    label, network = "two convolutions", TwoConvolutions
    cost, hidden_size, smallest = 1e-4, 16, 8


class Pixels(nnx.Module):
    """The student's features: one dense layer on the pixels, four times as coarse."""

    def __init__(self, num_features, *, rngs):
        self.dense = dense(8 * 8 * 3, num_features, rngs=rngs)

    def with_hidden(self, images, key=None):
        x = as_rows(average_pool(average_pool(as_images(images, SHAPE))))
        return self.dense(x), x

    def __call__(self, images, key=None):
        return self.with_hidden(images, key)[0]


@dataclass(frozen=True)
class Coarse(Features):
    def build(self, image_shape, num_features, *, rngs):
        return Pixels(num_features, rngs=rngs)

    def hidden_size(self, image_shape):
        return 8 * 8 * 3


@pytest.fixture(scope="module", autouse=True)
def _parts():
    with ExitStack() as stack:
        stack.enter_context(registered(DATASETS, "tints", Tints))
        stack.enter_context(registered(TEACHERS, "normalised", Normalised))
        stack.enter_context(registered(FEATURES, "coarse", Coarse))
        yield


@pytest.fixture(scope="module")
def config(_parts):
    # 120 images, so that the last of the batches of 50 is of 20.
    return TeacherConfig("normalised", "tints", "0-2", 4, 50, 0.02)


@pytest.fixture(scope="module")
def trained(config):
    return train_teacher(config, load("tints"))


def test_a_data_set_from_outside_is_loaded_split_and_moved(tmp_path):
    for name, spread in (("tints", 40), ("tints:noise=0.0", 0)):
        data = load(name, cache_dir=tmp_path)
        assert data.name == name and data.image_shape == DATASETS[name].image_shape == SHAPE
        train = student_splits(data, (0, 2)).train
        assert train.images.shape == (2 * EACH, *SHAPE) and set(train.labels) == {0, 1}
        red = 255 * train.images[train.labels == 0][..., 0]
        assert red.mean() == pytest.approx(0.6 * 255, rel=0.02)
        assert red.std() == pytest.approx(spread, abs=12)
    assert len(data.digest) == 64 != load("tints").digest
    assert not list(tmp_path.iterdir())
    moved, _ = view(train, "affine", 1)
    for channel in range(3):
        alone = replace(train, images=train.images[..., channel])
        np.testing.assert_array_equal(
            moved.images[..., channel], view(alone, "affine", 1)[0].images
        )
    mixed, targets = view(train, "mixup", 0)
    flat = replace(train, images=train.images.reshape(len(train), -1))
    np.testing.assert_array_equal(
        mixed.images.reshape(len(train), -1), view(flat, "mixup", 0)[0].images
    )
    assert 0.5 <= targets.max(1).min() < 0.6


def test_statistics_are_those_of_the_batches_own_images(config):
    """Against the sums by hand: three steps, of which the last has 2 images and 3 rows to fill."""
    images = load("tints").train_images[:12].astype(np.float32) / 255
    targets, zeros = jnp.eye(3)[jnp.arange(12) % 3], jnp.zeros((12, 0))
    data = Data(jnp.asarray(images), targets, jnp.arange(12), Output(zeros, zeros))
    order = jnp.array([[0, 1, 2, 3, 4], [5, 6, 7, 8, 9], [10, 11, -1, -1, -1]])
    task, key = teacher_task(config), jax.random.key(1)
    start = loop.start(task.init, key)
    hyper = Hyper(Schedule(0.0))
    end, _ = jax.jit(loop.train_steps, static_argnums=0)(task, start, data, order, key, hyper, 3)
    conv = TwoConvolutions(3, SHAPE, rngs=nnx.Rngs(0)).conv1
    nnx.update(conv, nnx.State(start.params["conv1"]))
    mean, variance = np.zeros(8), np.ones(8)
    # The rows that fill a batch up repeat its own, here 10, 11, 10.
    for rows in (range(5), range(5, 10), (10, 11, 10, 11, 10)):
        x = np.asarray(conv(images[list(rows)])).reshape(-1, 8)
        mean, variance = 0.8 * mean + 0.2 * x.mean(0), 0.8 * variance + 0.2 * x.var(0)
    kept = end.params["norm1"]
    np.testing.assert_allclose(kept["mean"], mean, atol=1e-5)
    np.testing.assert_allclose(kept["var"], variance, atol=1e-5)
    # A rate of 0 leaves all that is trained as it was.
    for layer, name in (("norm1", "scale"), ("conv2", "kernel"), ("dense", "bias")):
        np.testing.assert_array_equal(end.params[layer][name], start.params[layer][name])


def test_the_teacher_is_trained_kept_and_read_back(config, trained, tmp_path, monkeypatch):
    teacher, weights = trained
    assert teacher.accuracies["picked"] > 0.9
    network = TEACHERS.build(config.arch).build(SHAPE, 3, rngs=nnx.Rngs(0))
    # The statistics are no parameters: nobody trains them.
    assert count_parameters(network) == sum(map(np.size, jax.tree.leaves(weights))) - 2 * (8 + 16)
    kept = obtain_teacher(config, load("tints"), cache_dir=tmp_path)
    monkeypatch.setattr(teacher_store, "train_teacher", lambda *_, **__: pytest.fail("twice"))
    again = obtain_teacher(config, load("tints"), cache_dir=tmp_path, with_weights=True)
    for one in (kept, again):
        np.testing.assert_array_equal(one.logits["test"], teacher.logits["test"])
    jax.tree.map(np.testing.assert_array_equal, again.weights, weights)
    norm = again.weights["norm2"]
    assert np.any(norm["mean"]) and not np.allclose(norm["var"], 1)


class Stop(Exception):
    pass


def test_a_stopped_teacher_goes_on_with_its_statistics(config, trained, tmp_path):
    def stop(progress):
        if progress.metrics is not None:
            raise Stop

    with pytest.raises(Stop):
        train_teacher(config, load("tints"), checkpoints=tmp_path, on_progress=stop)
    _, weights = train_teacher(config, load("tints"), checkpoints=tmp_path)
    jax.tree.map(np.testing.assert_array_equal, weights, trained[1])


@pytest.mark.parametrize("recipe", ["hinton", "relational"])
def test_it_teaches_students(config, recipe, tmp_path, monkeypatch):
    """Logits of the plain images, and of views with the hidden layer."""
    monkeypatch.setenv("JQKD_CACHE", str(tmp_path / "cache"))
    views = {"augmentation": "none" if recipe == "hinton" else "affine+mixup", "recipe": recipe}
    student = StudentConfig(
        "tints", "0-2", 2, "robust", None, "coarse", epochs=2, evaluate_every=1, **views
    )
    job = StudentJob(replace(student, learning_rate=0.01), config, (0, 1))
    result, block = run_student(job, out=tmp_path / "run")
    assert result["teacher_result"]["config"]["arch"] == "normalised"
    assert result["images"] == {"train": 180, "validation": 60, "test": 60}
    losses = result["arms"]["distilled"]["curves"]["train_loss"]
    assert (losses[:, -1] < losses[:, 0]).all()
    if recipe == "hinton":
        teacher = obtain_teacher(config, load("tints"))
        np.testing.assert_array_equal(block.teacher.logits, teacher.logits_for(block.splits.train))
    else:
        assert block.teacher.features.shape == (2, 180, 16)
    assert load_run(tmp_path / "run").job == job


def test_an_average_takes_any_members(config, tmp_path):
    both = TeacherConfig("ensemble:members=lenet+normalised", "tints", "0-2", 1, members=(
        TeacherConfig("lenet", "tints", "0-2", 1), config))  # fmt: skip
    average = obtain_teacher(both, load("tints"), cache_dir=tmp_path)
    parts = [obtain_teacher(m, load("tints"), cache_dir=tmp_path) for m in both.members]
    assert [member.epochs for member in both.members] == [1, 4]
    probabilities = [jax.nn.softmax(teacher.logits["test"]) for teacher in (average, *parts)]
    np.testing.assert_allclose(
        probabilities[0], (probabilities[1] + probabilities[2]) / 2, atol=1e-6
    )
    assert TeacherConfig.from_json(both.to_json()) == both != replace(both, members=None)


@dataclass(frozen=True)
class Rows(Tints):
    """Seven numbers in place of an image."""

    image_shape = (7,)

    def read(self, data_dir, cache_dir):
        arrays = super().read(data_dir, cache_dir)
        return {
            k: a if a.ndim == 1 else a[:, :7, :, :].mean((2, 3)) / 255 for k, a in arrays.items()
        }


class OneLayer(Network):
    def __init__(self, num_classes, image_shape, *, rngs):
        self.dense = dense(*image_shape, num_classes, rngs=rngs)

    def with_hidden(self, images, key=None):
        return self.dense(images), None


@dataclass(frozen=True)
class Plain(Architecture):
    label, network = "one layer", OneLayer

    def check(self, image_shape):
        assert len(image_shape) == 1


def test_numbers_are_taught_as_images_are(tmp_path):
    """Features (F,): loaded as floats, mixed, and answered by a teacher without a hidden layer."""
    with registered(DATASETS, "rows", Rows), registered(TEACHERS, "plain", Plain):
        data, config = load("rows"), TeacherConfig("plain", "rows", "0-2", 1)
        teacher = obtain_teacher(config, data, cache_dir=tmp_path, with_weights=True)
        train = student_splits(data, (0, 1, 2)).train
        np.testing.assert_array_equal(train.images, data.train_images[train.ids].astype(np.float32))
        weights = {name: np.asarray(leaf, float) for name, leaf in teacher.weights["dense"].items()}
        by_hand = train.images @ weights["kernel"] + weights["bias"]
        np.testing.assert_allclose(teacher.logits_for(train), by_hand, atol=1e-5)
        student = StudentConfig("rows", "0-2", 2, augmentation="mixup", epochs=2)
        views = answers(teacher, student, data, train, cache_dir=tmp_path).logits
        mixed, _ = view(train, "mixup", 1)
        by_hand = mixed.images @ weights["kernel"] + weights["bias"]
        np.testing.assert_allclose(views[1], by_hand, atol=2e-3)


@dataclass(frozen=True)
class Lying(Tints):
    image_shape = (8, 8)


@dataclass(frozen=True)
class Halved(Tints):
    def read(self, data_dir, cache_dir):
        return {"train_images": np.zeros((1, *SHAPE))}


class Random(nnx.Module):
    def __init__(self, num_classes, image_shape, *, rngs):
        self.dropout = nnx.Dropout(0.5, rngs=rngs)


@dataclass(frozen=True)
class Keyed(Normalised):
    network = Random


@dataclass(frozen=True)
class Wide(Normalised):
    hidden_size = 17


@dataclass(frozen=True)
class Narrow(Normalised):
    def build(self, image_shape, num_classes, *, rngs):
        return TwoConvolutions(num_classes - 1, image_shape, rngs=rngs)


@dataclass(frozen=True)
class Silent(Source):
    def read(self, data_dir, cache_dir):
        return {}


def job(arch="normalised", **student):
    taught = TeacherConfig(arch, "tints", "0-2")
    return StudentJob(
        StudentConfig("tints", "0-2", 2, "robust", features="coarse", **student), taught, (0,)
    )


OTHERS = list(TeacherConfig("ensemble", "digits", "0-1").members)
WRONG = {
    "features for a picture's teacher": (
        lambda: TeacherConfig("lenet", "rows", "0-1"),
        r"`image_shape` must be \(H, W\) or .* at least 16x16, for LeNet, but \(7,\) was given",
    ),
    "features for members": (
        lambda: TeacherConfig("ensemble", "rows", "0-1"),
        r"`image_shape` must be .* for LeNet, but \(7,\)",
    ),
    "pixels of features": (
        lambda: StudentConfig("rows", "0-1", 1, augmentation="affine"),
        "`augmentation` must be one of none, half-mixup, mixup where images are features",
    ),
    "another shape than said": (
        lambda: load("lying"),
        r"`train_images` must have shape \(N, 8, 8\), but shape \(360, 32, 32, 3\)",
    ),
    "half a data set": (lambda: load("halved"), "`dataset` must be read as train_images, train_la"),
    "no facts": (lambda: load("silent"), "`dataset` must say its label, class_names, image_shape"),
    "no option": (lambda: load("tints:blur=2"), "`dataset` must set options that tints has .noise"),
    "no hidden layer": (
        lambda: job("ensemble:members=normalised+lenet", recipe="hints"),
        "`teacher` must have a hidden layer of at most 512 numbers .* which has none, was given",
    ),
    "keys in a network": (
        lambda: train_teacher(TeacherConfig("keyed", "tints", "0-1"), load("tints")),
        "`build` must make a module whose state is of nnx.Param, nnx.BatchStat and Fitted",
    ),
    "a hidden layer of another size than said": (
        lambda: teacher_task(TeacherConfig("wide", "tints", "0-2")),
        r"`arch` must return logits \(B, 3\) and a hidden layer \(B, 17\) .*\(2, 16\)\)",
    ),
    "logits of other classes": (
        lambda: teacher_task(TeacherConfig("narrow", "tints", "0-2")),
        r"`arch` must return logits \(B, 3\) .*narrow, which returns \(\(2, 2\)",
    ),
    "a teacher twice": (
        lambda: TeacherConfig("ensemble:members=lenet+lenet", "tints", "0-1"),
        "`members` must be two or more different teachers",
    ),
    "an average of averages": (
        lambda: TeacherConfig("ensemble:members=lenet+ensemble", "tints", "0-1"),
        "`members` must be two or more different teachers, no averages",
    ),
    "an unknown member": (
        lambda: TeacherConfig("ensemble:members=lenet+swin", "tints", "0-1"),
        "`members` must be one of lenet, .*but 'swin'",
    ),
    "members of other data": (
        lambda: replace(TeacherConfig("ensemble", "tints", "0-1"), members=OTHERS),
        "`members` must be the teachers that ensemble is made of, lenet, alexnet, of its data",
    ),
    "members of none": (
        lambda: TeacherConfig("lenet", "tints", "0-1", members=[]),
        "`members` must be the teachers that lenet is made of, itself",
    ),
    "features for convolutions": (
        lambda: StudentConfig("rows", "0-1", 1).spec.build(rngs=nnx.Rngs(0), image_shape=(7,)),
        r"`image_shape` must be \(H, W\) or .* at least 16x16, for conv, but \(7,\) was given",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit_is_one_sentence(name):
    with ExitStack() as stack:
        for text, part in (
            ("rows", Rows),
            ("lying", Lying),
            ("halved", Halved),
            ("silent", Silent),
        ):
            stack.enter_context(registered(DATASETS, text, part))
        for text, part in (("keyed", Keyed), ("wide", Wide), ("narrow", Narrow)):
            stack.enter_context(registered(TEACHERS, text, part))
        call, sentence = WRONG[name]
        with pytest.raises(InputError, match=sentence):
            call()
