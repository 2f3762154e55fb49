"""A run read back: its students answer as they did when they were trained."""

import dataclasses

import numpy as np
import pytest

from jqkd import Circuit, load_run
from jqkd._checks import InputError
from jqkd.common.arrays import write_npz
from jqkd.data import load, student_splits
from jqkd.training.predictions import Predictions, logits_of
from jqkd.training.runs import Run
from jqkd.training.student_job import StudentJob
from jqkd.training.student_run import run_student
from jqkd.training.students import Block
from tests.quantum import dense
from tests.small import LENET, STUDENT

pytestmark = pytest.mark.quick
# Three classes of four outcomes; class 1 of the students is 3.
CONFIG = dataclasses.replace(STUDENT, classes="0,3,4", shots=None, epochs=2)
TEST = student_splits(load("digits"), (0, 3, 4)).test


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    teacher = dataclasses.replace(LENET, classes="0,3,4")
    outcome = run_student(StudentJob(CONFIG, teacher, (0, 2)), out=folder)
    return load_run(str(folder)), outcome


def test_logits_are_those_of_the_trained_students_bit_for_bit(trained):
    run, outcome = trained
    whole = outcome.block.logits(TEST)
    np.testing.assert_array_equal(run.predict(TEST.images).logits, whole[..., :3])
    predictions = run.predict(TEST.images)
    np.testing.assert_array_equal(
        predictions.classes, np.array([0, 3, 4])[whole[..., :3].argmax(-1)]
    )
    np.testing.assert_allclose(predictions.probabilities.sum(-1), 1, atol=1e-6)
    # The fourth outcome is no class; where it is not chosen, accuracy is that of the result.
    chosen = whole.argmax(-1) < 3
    right = (predictions.classes == np.array([0, 3, 4])[TEST.labels]) & chosen
    final = [outcome.result["arms"][r.arm]["test_accuracy"]["final"] for r in run.runs[::2]]
    np.testing.assert_allclose(right.mean(-1), np.concatenate(final))


def test_history_and_configuration_are_those_of_the_run(trained):
    run, outcome = trained
    assert run.config == CONFIG and run.history.runs == run.runs == outcome.block.runs
    for arm, kept in outcome.result["arms"].items():
        for name, curve in kept["curves"].items():
            np.testing.assert_array_equal(getattr(run.history.arm(arm), name), curve)


def test_circuit_and_angles_by_dense_matrices_give_the_logits(trained):
    run, _ = trained
    images = TEST.images[:3]
    assert isinstance(run.circuit(), Circuit)
    angles = run.angles(images)
    assert angles.shape == (4, 3, run.circuit().num_angles)
    for row, one in enumerate(run.runs):
        student = run.model(seed=one.seed, arm=one.arm)
        states = np.stack(
            [dense.simulate(run.circuit(), np.asarray(a, float)) for a in angles[row]]
        )
        logits = student.logits((np.abs(states) ** 2).astype(np.float32), 3)
        np.testing.assert_allclose(logits[:, :3], run.predict(images).logits[row], atol=2e-6)
    np.testing.assert_allclose(run.model().encoded(images).angles, angles[2], atol=1e-5)


def test_shots_are_whole_numbers_that_depend_on_the_seeds(trained):
    run, _ = trained
    images, shots = TEST.images[:20], 64
    one, again, other = (run.predict(images, shots=shots, seed=s).logits for s in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
    # The readout is a sigmoid of frequencies.
    counts = shots * np.log(one / (1 - one))
    np.testing.assert_allclose(counts, counts.round(), atol=1e-3)
    exact = run.predict(images).logits
    exact = np.log(exact / (1 - exact))
    sd = np.sqrt(np.maximum(exact * (1 - exact), 1 / shots) / shots)
    assert (np.abs(counts / shots - exact) < 6 * sd).all()


def test_bytes_are_the_same_images(trained):
    run, _ = trained
    pixels = load("digits").test_images[TEST.ids][:5]
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(run.predict(pixels).logits, run.predict(TEST.images[:5]).logits)


def test_a_majority_is_of_an_arm_and_ties_go_to_the_likelier():
    runs = [Run(seed, "alone") for seed in range(3)] + [Run(0, "distilled")]
    logits = np.zeros((4, 2, 3))
    logits[[0, 1, 2], 0, [1, 1, 2]] = 0.1, 0.1, 9.0  # two weak votes against a strong one
    logits[[0, 1, 2], 1, [0, 1, 2]] = 1.0, 2.0, 1.0  # three votes apart
    logits[3, :, 0] = 1.0
    predictions = Predictions(runs, (2, 5, 7), logits)
    assert {arm: v.tolist() for arm, v in predictions.majority.items()} == {
        "alone": [5, 5],
        "distilled": [2, 2],
    }


NAN = np.full((1, 28, 28), np.nan)
WRONG = {
    "shape": (
        lambda run: run.predict(np.zeros((2, 8, 8))),
        r"\(N, 28, 28\), but shape \(2, 8, 8\)",
    ),
    "one": (lambda run: run.predict(np.zeros((28, 28))), r"shape \(28, 28\) was given"),
    "none": (lambda run: run.predict(np.zeros((0, 28, 28))), "`images` must hold at least one"),
    "number": (lambda run: run.predict(3.0), "`images` must hold at least one"),
    "nan": (lambda run: run.predict(NAN), r"`images` must lie in \[0, 1\].* nan"),
    "range": (lambda run: run.angles(NAN * 0 + 2.0), r"`images` must lie in \[0, 1\]"),
    "integers": (lambda run: run.angles(np.zeros((1, 28, 28), int)), "must be uint8, or floating"),
    "texts": (lambda run: run.predict([["a"]]), "`images` must hold integers or real numbers"),
    "no seed": (lambda run: run.predict(TEST.images, shots=5), "`seed` must be given where shots"),
    "no shots": (lambda run: run.predict(TEST.images, seed=5), "`seed` must be given where shots"),
    "zero": (lambda run: run.predict(TEST.images, shots=0, seed=0), "`shots` must be"),
    "another seed": (lambda run: run.model(seed=1), r"`seed` must be one of \(0, 2\)"),
    "another arm": (lambda run: run.model(arm="both"), "`arm` must be one of alone, distilled"),
}


@pytest.mark.parametrize(("call", "sentence"), WRONG.values(), ids=WRONG)
def test_wrong_calls(trained, call, sentence):
    with pytest.raises(InputError, match=sentence):
        call(trained[0])


def test_what_has_no_circuit_draws_no_shots():
    config, runs = dataclasses.replace(CONFIG, stand_in="classical"), [Run(0, "alone")]
    block = Block(config, student_splits(load("digits"), (0, 3, 4)), runs)
    params = block.state.params
    with pytest.raises(InputError, match="`shots` must be exact where classical takes the circ"):
        logits_of(config, params, runs, TEST.images, 10, 0)
    exact = logits_of(config, params, runs, TEST.images, None, None)
    np.testing.assert_array_equal(exact, block.logits(TEST)[..., :3])


def test_a_folder_of_another_kind_is_refused(tmp_path):
    write_npz(tmp_path / "file", {"a": np.zeros(2)})
    for place in (tmp_path, tmp_path / "file", tmp_path / "nothing"):
        with pytest.raises(InputError, match=r"`folder` must be one that .* has no result\.json"):
            load_run(place)
    with pytest.raises(InputError, match="`folder` must be a path, but 3 was given"):
        load_run(3)
