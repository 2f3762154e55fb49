"""Feature extractors without a weight, against NumPy and scikit-learn."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from flax import nnx

from jqkd._checks import InputError
from jqkd.data import load, student_splits
from jqkd.models import FEATURES, StudentSpec, count_parameters
from jqkd.training.config import StudentConfig
from jqkd.training.runs import Run
from jqkd.training.students import Block

IMAGES = np.random.default_rng(0).random((3, 28, 28)).astype(np.float32)


def made(text, shape, number, images):
    module = FEATURES.build(text).build(shape, number, rngs=nnx.Rngs(0))
    return np.asarray(jax.jit(module)(images))


def test_pixels_are_as_they_are():
    small = IMAGES[:, :4, :8]
    np.testing.assert_array_equal(made("identity", (4, 8), 32, small), small.reshape(3, -1))
    flat = small.reshape(3, 32)
    np.testing.assert_array_equal(made("identity", (32,), 32, flat), flat)


@pytest.mark.parametrize(("number", "block"), [(1024, 1), (256, 2), (64, 4), (16, 8)])
def test_means_over_blocks_of_the_padded_image(number, block):
    padded = np.pad(IMAGES.astype(np.float64), ((0, 0), (2, 2), (2, 2)))
    side = 32 // block
    means = [
        padded[:, block * i : block * (i + 1), block * j : block * (j + 1)].mean((1, 2))
        for i in range(side)
        for j in range(side)
    ]
    np.testing.assert_allclose(
        made("grid", (28, 28), number, IMAGES), np.transpose(means), rtol=1e-5
    )


def test_maxima_over_blocks():
    """Of a row of numbers, and of an image; means over colours come first."""
    rows = np.random.default_rng(4).random((2, 40)).astype(np.float32)
    padded = np.pad(rows, ((0, 0), (12, 12))).reshape(2, 16, 4).max(2)
    np.testing.assert_array_equal(made("grid:of=max", (40,), 16, rows), padded)
    images = np.random.default_rng(1).random((2, 8, 8, 3)).astype(np.float32)
    maxima = images.mean(3).reshape(2, 4, 2, 4, 2).max((2, 4)).reshape(2, 16)
    np.testing.assert_allclose(made("grid:of=max", (8, 8, 3), 16, images), maxima, rtol=1e-6)


def test_means_of_colours_are_means_over_channels_too():
    images = np.random.default_rng(1).random((2, 8, 8, 3)).astype(np.float32)
    means = images.reshape(2, 4, 2, 4, 2, 3).mean((2, 4, 5)).reshape(2, 16)
    np.testing.assert_allclose(made("grid", (8, 8, 3), 16, images), means, rtol=1e-5)


def test_the_centre():
    centre = IMAGES[:, 6:22, 6:22].reshape(3, -1)
    np.testing.assert_array_equal(made("crop", (28, 28), 256, IMAGES), centre)


@pytest.mark.parametrize("whiten", ["true", "false"])
def test_principal_axes_against_scikit_learn(whiten):
    """Of the train images alone, up to the sign of an axis; nothing of it is trained."""
    decomposition = pytest.importorskip("sklearn.decomposition")
    splits = student_splits(load("digits"), (0, 1), per_class=40)
    text = f"pca:whiten={whiten}"
    config = StudentConfig(
        "digits", "0-1", 3, "robust", shots=None, features=text, ansatz="entangling", per_class=40
    )
    block = Block(config, splits, [Run(0, "alone")])
    fitted = {k: np.asarray(v[0], np.float64) for k, v in block.state.params["features"].items()}
    rows = splits.train.images.reshape(80, -1).astype(np.float64)
    other = decomposition.PCA(3, whiten=whiten == "true", svd_solver="full").fit(rows)
    images = splits.test.images.reshape(len(splits.test), -1)
    scores = (images - fitted["mean"]) @ fitted["axes"]
    # Scikit-learn divides by the deviation over N - 1.
    scale = np.sqrt(80 / 79) if whiten == "true" else 1
    expected = scale * other.transform(images.astype(np.float64))
    signs = np.sign((scores * expected).sum(0))
    np.testing.assert_allclose(scores, signs * expected, atol=2e-4 * np.abs(expected).max())
    spec = StudentSpec(3, text, ansatz="entangling")
    assert count_parameters(nnx.eval_shape(lambda: spec.build(rngs=nnx.Rngs(0)))) == 6


def test_a_student_without_a_classical_weight_before_its_circuit():
    spec = StudentSpec(6, "grid", "amplitude:squash=false", "hardware-efficient")
    student = spec.build(rngs=nnx.Rngs(0))
    made = student.forward(IMAGES)
    amplitudes = made.features / np.linalg.norm(made.features, axis=1, keepdims=True)
    assert count_parameters(student) == spec.circuit.num_weights == 12
    bare = StudentSpec(6, "grid", "amplitude:squash=false").build(rngs=nnx.Rngs(0))
    np.testing.assert_allclose(bare.forward(IMAGES).frequencies, amplitudes**2, atol=2e-6)


@pytest.mark.parametrize(
    ("text", "shape", "number", "sentence"),
    [
        ("identity", (28, 28), 8, "make the 8 number.s. that the encoding reads, but identity, wh"),
        ("grid", (28, 28), 63, "be read by an encoding of 2..Q numbers, as amplitude is, but grid"),
        ("grid", (1, 1, 1, 1), 4, r"`image_shape` must be \(H, W\)"),
        ("crop", (28, 28), 1024, "but crop, which makes 784, was given"),
        ("crop", (28, 28), 8, "but crop, which makes 4, was given"),
        ("pca", (2, 2), 5, "at most 4 number.s. of an image of .2, 2., but pca for an encoding"),
    ],
)
def test_what_does_not_fit(text, shape, number, sentence):
    with pytest.raises(InputError, match=sentence):
        FEATURES.build(text).build(shape, number, rngs=nnx.Rngs(0))


def test_too_few_images_for_so_many_axes():
    with pytest.raises(InputError, match="at most 3 number.s., as many as there are train images"):
        FEATURES.build("pca").fit(IMAGES, 4)
