"""Diagnoses against numbers worked out by hand."""

import numpy as np
import pytest
from scipy.special import expit

from jqkd.training.config import StudentConfig
from jqkd.training.diagnostics import (
    agreement,
    calibration,
    gradient_sizes,
    readout_range,
    saturation,
)


def test_gradients_of_a_collapsed_student_are_small_and_not_zero():
    """Their squares are 0 in single precision."""
    vectors = np.array([[[3e-30, 4e-30], [-3e-30, -4e-30]]], np.float32)
    found = gradient_sizes(vectors, np.ones(1))
    np.testing.assert_allclose(found["norm"], [[5e-30, 5e-30]], rtol=1e-6)
    np.testing.assert_allclose(found["cosine"], [[1, -1]], rtol=1e-6)


def test_a_weight_of_labels_scales_their_norm_and_no_angle():
    vectors = np.array([[[3.0, 4.0], [4.0, -3.0], [0.0, 0.0]]] * 2)
    found = gradient_sizes(vectors, np.array([0.0, 2.0]))
    np.testing.assert_allclose(found["norm"], [[0, 5, 0], [10, 5, 0]])
    np.testing.assert_allclose(found["cosine"], [[1, 0, 0]] * 2, atol=1e-15)
    np.testing.assert_allclose(found["cross_entropy"], [5, 5])


def test_calibration_by_hand():
    """Ten images in three bins: 0.95, ten times right in six; 0.5 and 0.45, in one bin; 0.55."""
    sure = np.array([0.95] * 6 + [0.5, 0.45] + [0.55] * 2)
    right = np.array([1, 1, 1, 0, 0, 0, 1, 0, 1, 1], bool)
    # Three classes: what is left over is shared by the other two.
    logits = np.log(np.stack([sure, (1 - sure) / 2, (1 - sure) / 2], -1))
    found = calibration(logits, np.where(right, 0, 1))
    # Bins (6/15, 7/15] holds 0.45, (7/15, 8/15] holds 0.5, (8/15, 9/15] holds both 0.55.
    gaps = 6 * abs(0.5 - 0.95) + 1 * abs(1 - 0.5) + 1 * abs(0 - 0.45) + 2 * abs(1 - 0.55)
    np.testing.assert_allclose(found["error"], gaps / 10)
    np.testing.assert_allclose(found["confidence"], sure.mean())
    np.testing.assert_allclose(found["accuracy"], 0.6)


def test_gaps_of_one_bin_cancel_and_those_of_two_do_not():
    labels = np.array([0, 1])
    one_bin = np.log([[0.74, 0.26], [0.76, 0.24]])[None]
    two_bins = np.log([[0.6, 0.4], [0.9, 0.1]])[None]
    found = calibration(np.concatenate([one_bin, two_bins]), labels)
    # One of two is right: in (11/15, 12/15] the bin is off by 0.75 - 0.5.
    np.testing.assert_allclose(found["error"], [0.25, (0.4 + 0.9) / 2])


def test_a_network_that_is_always_certain():
    """The last bin holds a confidence of 1."""
    found = calibration(np.array([[99.0, 0.0], [99.0, 0.0]]), np.array([0, 1]))
    np.testing.assert_allclose([found["error"], found["confidence"]], [0.5, 1])


def test_agreement_is_about_classes_only():
    student = np.array([[[1.0, 2.0, 9.0], [3.0, 0.0, 9.0]], [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]])
    np.testing.assert_array_equal(agreement(student, np.array([[0.0, 1.0], [5.0, 1.0]])), [1, 0.5])


def test_saturation_by_hand():
    """Features 0, 2.9, 3.1 and 28 of theta = pi tanh(f)."""
    features = np.array([0.0, 2.9, 3.1, 28.0])
    slopes = np.pi / np.cosh(features)[None, None] ** 2
    found = saturation(slopes, np.pi * np.tanh(features)[None, None])
    np.testing.assert_allclose(found["saturated"], 0.5)
    np.testing.assert_allclose(found["slope"], slopes.mean())
    np.testing.assert_allclose(found["sine"], np.abs(np.sin(np.pi * np.tanh(features))).mean())


def config(readout, classes="0-7"):
    preset = {"scaled-probability": "robust", "log-probability": "paper-text"}.get(readout)
    return StudentConfig("mnist", classes, 3, preset or "paper-code", readout=readout)


@pytest.mark.parametrize(
    ("readout", "lowest", "highest", "probability"),
    [
        # Of 16 logits one is sigmoid(1), one 1 - sigmoid(1), and the others 1/2.
        (
            "concat-sigmoid",
            [0.5] * 8 + [expit(-1)] * 8,
            [expit(1)] * 8 + [0.5] * 8,
            np.exp(expit(1)) / (np.exp(expit(1)) + np.exp(expit(-1)) + 14 * np.exp(0.5)),
        ),
        (
            "softmax",
            [1 / (np.e + 7)] * 8,
            [np.e / (np.e + 7)] * 8,
            1 / (1 + 7 * np.exp((1 - np.e) / (np.e + 7))),
        ),
        ("log-probability", [np.log(1e-4)] * 8, [np.log(1.0001)] * 8, 1.0001 / 1.0008),
        ("scaled-probability", [0] * 8, [10] * 8, np.exp(10) / (np.exp(10) + 7)),
    ],
)
def test_the_range_of_every_readout(readout, lowest, highest, probability):
    """Closed forms: all reach their limits where one outcome is certain."""
    found = readout_range(config(readout))
    np.testing.assert_allclose(found["lowest"], lowest, rtol=1e-5)
    np.testing.assert_allclose(found["highest"], highest, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found["probability"], [probability] * 8, rtol=1e-5)


def test_the_notebooks_head_cannot_be_sure_and_the_robust_one_can():
    assert readout_range(config("concat-sigmoid"))["probability"].max() < 0.08
    found = readout_range(config("scaled-probability", "0-5"))
    assert found["probability"].shape == found["lowest"].shape == (6,)
    assert found["probability"].min() > 0.999
