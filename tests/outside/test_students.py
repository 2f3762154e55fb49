"""Students of a stranger's parts: trained, audited, stored, and certified on Aer."""

from __future__ import annotations

import numpy as np
import pytest

from jqkd._checks import InputError
from jqkd.data import load, student_splits
from jqkd.training.audit import audit_block
from jqkd.training.config import StudentConfig
from jqkd.training.recipes import Output
from jqkd.training.runs import Run
from jqkd.training.student_run import student_parameters
from jqkd.training.students import Block, train_students
from tests.outside.toys import all_registered
from tests.quantum.dense import simulate

pytestmark = pytest.mark.quick

SETTINGS = {
    "features": "own-pca", "ansatz": "again:layers=2", "readout": "expectations",
    "encoding": "angle:turn=0.25", "shots": None, "epochs": 8, "batch_size": 10, "per_class": 20,
    "augmentation": "none", "learning_rate": 0.05, "evaluate_every": 8,
    "recipe": "softened:softness=2",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _toys():
    with all_registered():
        yield


def configured(**changes):
    settings = {"classes": "0-1", **SETTINGS, **changes}
    return StudentConfig("digits", qubits=5, preset="robust", **settings)


@pytest.fixture(scope="module")
def splits(_toys):
    return student_splits(load("digits"), (0, 1), per_class=20)


@pytest.fixture(scope="module")
def trained(splits):
    teacher = Output(8 * np.eye(2, dtype=np.float32)[splits.train.labels])
    return train_students(configured(), splits, [0, 1], teacher=teacher)


def test_they_learn(trained):
    curves, _ = trained
    assert curves.test_accuracy.shape == (4, 1)
    # Of 100 images, more than 80 are right by chance with a probability of 1e-10.
    assert curves.test_accuracy.min() > 0.8


def test_what_is_fitted_stays_and_what_is_trained_moves(trained, splits):
    _, block = trained
    before, after = (
        Block(configured(), splits, block.runs[:1], None).state.params,
        block.state.params,
    )
    scores = splits.train.images.reshape(40, -1) - np.asarray(after["features"]["mean"][0])
    scores = scores @ np.asarray(after["features"]["axes"][0], np.float64)
    np.testing.assert_allclose(scores.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(np.cov(scores.T, bias=True), np.eye(5), atol=2e-3)
    for name in ("mean", "axes"):
        np.testing.assert_array_equal(before["features"][name][0], after["features"][name][0])
    assert np.abs(before["weights"][0] - after["weights"][0]).min() > 0
    assert np.abs(before["readout"]["scale"][0] - after["readout"]["scale"][0]) > 0
    # Two layers of two weights on five qubits, and one scale; what is fitted is no parameter.
    assert student_parameters(configured()) == 2 * 2 * 5 + 1


def test_its_logits_are_those_of_dense_matrices(trained, splits):
    """Two uploads of the data: features by NumPy, circuit by matrices, Z read by hand."""
    _, block = trained
    params = {k: np.asarray(v[0], float) for k, v in block.state.params["features"].items()}
    images = splits.test.images[:3]
    features = (images.reshape(3, -1) - params["mean"]) @ params["axes"]
    x, w = np.pi / 4 * np.tanh(features), np.asarray(block.state.params["weights"][0], float)
    bits = np.arange(32)[:, None] >> np.arange(5) & 1
    for row, logits in zip(x, block.logits(splits.test)[0, :3], strict=True):
        layers = [np.c_[row, turns].ravel() for turns in w.reshape(2, 5, 2)]
        angles = np.concatenate([row, *layers])
        shares = np.abs(simulate(configured().spec.circuit, angles)) ** 2
        scale = float(block.state.params["readout"]["scale"][0])
        np.testing.assert_allclose(logits, scale * shares @ (1 - 2 * bits), atol=2e-4)


def test_they_are_audited(trained):
    found = audit_block(trained[1])
    assert (
        np.isfinite(found["gradients"]["norm"]).all() and (found["gradients"]["norm"] > 0)[2:].all()
    )


def test_a_recipes_own_hyperparameter_counts(splits):
    runs, teacher = [Run(0, "distilled")], Output(8 * np.eye(2)[splits.train.labels])
    after = {}
    for softness in ("1", "2"):
        config = configured(recipe=f"softened:softness={softness}", epochs=1, evaluate_every=1)
        block = Block(config, splits, runs, teacher)
        block.next_epoch()
        after[config.digest()] = np.asarray(block.state.params["weights"])
    assert len(after) == 2 and np.ptp(list(after.values()), 0).max() > 1e-4


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"classes": "0-5"}, "`readout` must tell 6 classes apart, but expectations on 5 qubits"),
        (
            {"recipe": "softened:hardness=2"},
            "`recipe` must set options that softened has .soft",
        ),
        ({"ansatz": "greed"}, "`ansatz` must be one of .*perhaps 'greedy' is meant"),
        (
            {"ansatz": "greedy"},
            "`ansatz` must read the encoding's 5 number.s. and no others",
        ),
        (
            {"ansatz": "narrow"},
            "`ansatz` must make a circuit of 5 qubit.s., but narrow, which",
        ),
    ],
)
def test_what_does_not_fit_is_one_sentence(change, sentence):
    with pytest.raises(InputError, match=sentence):
        configured(**change)
