"""Teachers that exist already: every route to the same logits, their keys, views, and averages."""

from __future__ import annotations

import sys
from dataclasses import replace

import jax
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

import jqkd
from jqkd._checks import InputError
from jqkd.data import load, student_splits, view
from jqkd.experiments import jobs
from jqkd.experiments.model import Arm, Experiment
from jqkd.experiments.planner import plan
from jqkd.models.teachers import TEACHERS
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.student_run import StudentJob, prepare
from jqkd.training.teacher_answer import Asking
from jqkd.training.teacher_store import describe, obtain_teacher
from jqkd.training.teaching import answers
from tests.small import STUDENT

pytestmark = pytest.mark.quick


@pytest.fixture(autouse=True)
def _shelf(tmp_path, monkeypatch):
    monkeypatch.setenv("JQKD_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def matrix():
    """Ridge regression on the test images: a teacher that knows something, and no more."""
    data = load("digits")
    x = data.train_images.reshape(-1, 784) / 255
    targets = 2.0 * np.eye(10)[data.train_labels] - 1
    return np.linalg.solve(x.T @ x + 30 * np.eye(784), x.T @ targets).astype(np.float32)


@pytest.fixture
def function(matrix):
    # One image after the other: whichever lie beside it, its bits are the same.
    return lambda images: 4 * np.stack([image.reshape(-1) @ matrix for image in images])


def arrays_of(function, order=lambda ids: ids):
    """What a file of logits holds, for all classes."""
    data, arrays = load("digits"), {}
    for part in ("train", "test"):
        images = getattr(data, f"{part}_images").astype(np.float32) / np.float32(255)
        ids = order(np.arange(len(images)))
        arrays |= {f"{part}_ids": ids, f"{part}_logits": function(images[ids])}
    return arrays


def shuffled(ids):
    return np.random.default_rng(len(ids)).permutation(ids)


def test_the_order_of_a_file_does_not_matter_and_every_bit_does(function, tmp_path):
    np.savez(tmp_path / "mixed.npz", **arrays_of(function, shuffled))
    title = jqkd.import_teacher("mine", arrays_of(function), "digits")
    assert title == jqkd.import_teacher("mine", tmp_path / "mixed.npz", "digits")
    flipped = arrays_of(function)
    flipped["test_logits"].view(np.uint32)[7, 3] ^= 1
    other = jqkd.import_teacher("flipped", flipped, "digits")
    keys = {
        StudentJob(STUDENT, TeacherConfig(arch, "digits", "0-3"), (0,)).digest()
        for arch in ("mine", title, other)
    }
    assert len(keys) == 2 and other.partition("@")[2] != title.partition("@")[2]
    # In double precision, and of the chosen classes' images alone.
    some = {k: v.astype(np.float64) if "logits" in k else v for k, v in arrays_of(function).items()}
    for part in ("train", "test"):
        rows = np.isin(getattr(load("digits"), f"{part}_labels"), range(4))
        for what in ("ids", "logits"):
            some[f"{part}_{what}"] = some[f"{part}_{what}"][rows]
    narrow = jqkd.import_teacher("narrow", some, "digits", "0-3")
    for part in ("train", "validation", "test"):
        one, all_ten = (
            obtain_teacher(TeacherConfig(t, "digits", "0-3"), load("digits")).logits[part]
            for t in (narrow, title)
        )
        np.testing.assert_array_equal(one, all_ten)


def test_every_route_to_the_same_logits_makes_the_same_students(function, matrix, tmp_path):
    """A function, one of a file, a module's, a shuffled file: equal bits; asked but once."""
    np.save(tmp_path / "matrix.npy", matrix)
    (tmp_path / "routes.py").write_text(
        "import numpy as np\nfrom pathlib import Path\ncalls = []\n"
        "matrix = np.load(Path(__file__).with_name('matrix.npy'))\n"
        "def logits(images):\n    calls.append(len(images))\n"
        "    return 4 * np.stack([image.reshape(-1) @ matrix for image in images])\n"
    )
    np.savez(tmp_path / "mixed.npz", **arrays_of(function, shuffled))
    teachers = [
        jqkd.answer_teacher(f"{tmp_path}/routes.py:logits", "digits", views="none"),
        jqkd.import_teacher("file", tmp_path / "mixed.npz", "digits"),
        function,
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        teachers.append(jqkd.answer_teacher("routes:logits", "digits", views="none", name="module"))
        asked = len(sys.modules["routes"].calls)
        results = [jqkd.distill(STUDENT, teacher, seeds=[3]).result for teacher in teachers]
        assert len(sys.modules.pop("routes").calls) == asked
    first, *others = [result["arms"]["distilled"]["curves"] for result in results]
    for other in others:
        jax.tree.map(np.testing.assert_array_equal, other, first)
    assert len({result["digest"] for result in results}) == 4
    assert TEACHERS.build(teachers[0]).facts["model"] == "routes.py:logits"
    summary = results[0]["teacher_result"]
    assert summary["test_accuracy"]["picked_epoch"] == 1 and summary["curves"][
        "test_loss"
    ].shape == (1,)


def test_columns_are_chosen_by_class_and_accuracies_are_counted(function):
    arrays, data = arrays_of(function), load("digits")
    config = TeacherConfig(jqkd.import_teacher("ten", arrays, "digits"), "digits", "1,4,7")
    teacher, classes = obtain_teacher(config, data), (1, 4, 7)
    train = student_splits(data, classes).train
    np.testing.assert_array_equal(
        teacher.logits_for(train), arrays["train_logits"][train.ids][:, classes]
    )
    rows = np.flatnonzero(np.isin(data.test_labels, classes))
    chosen = arrays["test_logits"][rows][:, classes]
    labels = np.searchsorted(classes, data.test_labels[rows])
    assert teacher.accuracies["final"] == (chosen.argmax(1) == labels).mean() > 0.8
    loss = -log_softmax(chosen.astype(float), 1)[range(len(rows)), labels].mean()
    assert describe(teacher)["curves"]["test_loss"] == pytest.approx([loss], rel=1e-6)
    # It is not trained: what would train it is no part of it.
    assert TeacherConfig(config.arch, "digits", "1,4,7", epochs=3) == config


ROBUST = StudentConfig(
    "digits", "0-3", 2, "robust", epochs=2, per_class=10, evaluate_every=2, shots=None
)


def test_views_are_answered_beforehand_for_the_default_student(function, caplog):
    about = {"views": "half-mixup:3", "per_class": 10, "name": "seen"}
    title = jqkd.answer_teacher(function, "digits", "0-3", **about)
    config = TeacherConfig(title, "digits", "0-3")
    assert StudentJob(ROBUST, config, (0,)).config is ROBUST
    data, train = load("digits"), student_splits(load("digits"), range(4), per_class=10).train
    logits = answers(obtain_teacher(config, data), ROBUST, data, train).logits
    assert logits.shape == (2, 40, 4)
    by_hand = np.stack([function(view(train, "half-mixup", n)[0].images)[:, :4] for n in range(2)])
    np.testing.assert_array_equal(logits, by_hand.astype(np.float16))
    for change in ({"epochs": 4}, {"per_class": 9}, {"augmentation": "mixup"}, {"classes": "0-2"}):
        other = replace(ROBUST, **change)
        taught = TeacherConfig(title, "digits", other.classes)
        images = student_splits(data, other.class_numbers, per_class=other.per_class).train
        with pytest.raises(InputError, match=f"`augmentation` must be none .* teacher is {title}"):
            answers(obtain_teacher(taught, data), other, data, images)
        plain = replace(other, augmentation="none")
        assert StudentJob(other, taught, (0,)) == StudentJob(plain, taught, (0,))
    assert caplog.text.count("all students train on plain images") == 4


def test_a_function_is_asked_for_the_views_of_its_students(function):
    block = jqkd.distill(ROBUST, function, seeds=[0]).block
    first = view(block.splits.train, "half-mixup", 1)[0].images
    kept = function(first)[:, :4].astype(np.float16)
    np.testing.assert_array_equal(block.teacher.logits[1], kept)


def test_an_average_takes_imported_members(function):
    one = jqkd.answer_teacher(function, "digits", "0-3", views="half-mixup:2", per_class=10)
    other = jqkd.answer_teacher(
        lambda images: -function(1 - images), "digits", "0-3", views="half-mixup:2", per_class=10
    )
    both = TeacherConfig(f"ensemble:members={one.partition('@')[0]}+{other}", "digits", "0-3")
    assert both.arch == f"ensemble:members={one}+{other}"
    members = [obtain_teacher(member, load("digits")) for member in both.members]
    mean = obtain_teacher(both, load("digits"))
    probabilities = [softmax(member.logits["test"], 1) for member in members]
    np.testing.assert_allclose(
        softmax(mean.logits["test"], 1), np.mean(probabilities, 0), atol=1e-6
    )
    block = prepare(StudentJob(ROBUST, both, (0,))).block
    images = view(block.splits.train, "half-mixup", 0)[0].images
    parts = [softmax(f(images)[:, :4], 1) for f in (function, lambda x: -function(1 - x))]
    mean = softmax(np.asarray(block.teacher.logits[0]), 1)
    np.testing.assert_allclose(mean, np.mean(parts, 0), atol=5e-3)


def test_an_experiment_names_one_like_any_teacher(function):
    title = jqkd.answer_teacher(function, "digits", "0-3", views="half-mixup:2", per_class=10)
    taught = TeacherConfig(title.partition("@")[0], "digits", "0-3")
    arms = [Arm(n, n, "digits", ROBUST, t) for n, t in (("taught", taught), ("alone", None))]
    planned = plan(Experiment("mine", "Mine", "", arms, []), 1)
    longer = replace(arms[0], student=replace(ROBUST, epochs=3))
    with pytest.raises(InputError, match="not answered these views.*--views half-mixup:3"):
        plan(Experiment("mine", "Mine", "", [longer, arms[1]], []), 1)
    kinds = {job.kind: job for job in planned}
    assert [job.kind for job in planned] == ["teachers", "answers", "students", "students"]
    assert title.replace("@", "_") in kinds["answers"].name
    assert kinds["teachers"].cost == kinds["answers"].cost == 0
    data = jobs.Datasets()
    content, _ = jobs.do_teacher(kinds["teachers"], data, lambda *_: None)
    assert content["epochs"] == [1] and content["picked_epoch"] == 1
    assert content["right"]["final"] == content["right"]["test"][0]
    _, viewed = jobs.do_answers(kinds["answers"], data, lambda *_: None)
    assert viewed["logits"].shape == (2, 40, 4)


def test_images_are_prepared_as_is_written_down():
    images = np.random.default_rng(0).random((3, 6, 4)).astype(np.float32)
    plain = Asking().prepare(images)
    np.testing.assert_array_equal(plain, images)
    three = Asking(channels="3-first", mean=(0.1, 0.2, 0.3), std="0.5").prepare(images)
    for channel, mean in enumerate((0.1, 0.2, 0.3)):
        np.testing.assert_allclose(three[:, channel], (images - mean) / 0.5, rtol=1e-5, atol=1e-6)
    large = Asking(resize=12, channels="1-last").prepare(images[..., :2].repeat(3, -1))
    assert large.shape == (3, 12, 12, 1)
    # Twice as large by linear interpolation: inside, 1/4 and 3/4 of two neighbours.
    np.testing.assert_allclose(large[0, 0, 0, 0], images[0, 0, 0], rtol=1e-5)
    rows = 0.75 * images[0, 0] + 0.25 * images[0, 1]
    np.testing.assert_allclose(large[0, 1, 0, 0], rows[0], rtol=1e-5)
    colour = np.stack([images, 0 * images, images / 2], -1)
    grey = Asking(channels="1-first").prepare(colour)
    np.testing.assert_allclose(grey[:, 0], images / 2, rtol=1e-5)
    features = Asking(mean="0.5,0.25").prepare(images[:, 0, :2])
    np.testing.assert_allclose(features, images[:, 0, :2] - [0.5, 0.25], rtol=1e-5, atol=1e-6)


def test_a_classifier_of_scikit_learn_teaches_by_its_log_probabilities():
    from sklearn.linear_model import LogisticRegression

    data, coarse = load("digits"), lambda images: images[:, 2:26:2, 2:26:2].reshape(len(images), -1)
    model = LogisticRegression(max_iter=500).fit(coarse(data.train_images / 255), data.train_labels)
    title = jqkd.answer_teacher(
        lambda images: model.predict_log_proba(coarse(images)), "digits", "0-3", views="none"
    )
    teacher = obtain_teacher(TeacherConfig(title, "digits", "0-3"), data)
    kept = np.isin(data.test_labels, range(4))
    right = model.predict(coarse(data.test_images / 255)) == data.test_labels
    assert teacher.accuracies["final"] >= right[kept].mean() > 0.8
