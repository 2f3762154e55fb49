"""Teachers that know nothing, and what is left of the teacher in each."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from jqkd.training.controls import CONTROLS

LOGITS = np.random.default_rng(0).normal(size=(3, 50, 6)).astype(np.float32) * 3
TARGETS = np.eye(6)[np.random.default_rng(1).integers(0, 6, (3, 50))]


def test_none_is_the_teacher():
    assert CONTROLS["none"](LOGITS, TARGETS) is LOGITS


def test_shuffled_gives_every_image_anothers_logits_in_all_views():
    found = CONTROLS["shuffled"](LOGITS, TARGETS)
    source = [int(np.flatnonzero((LOGITS[0] == row).all(1))[0]) for row in found[0]]
    assert sorted(source) == list(range(50)) and not np.any(np.array(source) == np.arange(50))
    np.testing.assert_array_equal(found, LOGITS[:, source])


def test_constant_is_the_mean_of_the_probabilities():
    found = softmax(CONTROLS["constant"](LOGITS, TARGETS), -1)
    wanted = softmax(LOGITS.astype(float), -1).mean((0, 1))
    np.testing.assert_allclose(found, np.broadcast_to(wanted, found.shape), atol=1e-6)


def test_smoothed_are_labels_of_the_teachers_entropy():
    found = softmax(CONTROLS["smoothed"](LOGITS, TARGETS).astype(float), -1)
    teacher = entropy(softmax(LOGITS.astype(float), -1), axis=-1).mean()
    np.testing.assert_allclose(entropy(found, axis=-1).mean(), teacher, rtol=1e-4)
    assert (found.argmax(-1) == TARGETS.argmax(-1)).all()
    rest = np.where(TARGETS > 0, np.nan, found)
    np.testing.assert_allclose(np.nanmax(rest), np.nanmin(rest), rtol=1e-4)


def test_smoothed_targets_that_are_mixed_more_stay_as_they_are():
    mixed = 0.6 * TARGETS + 0.4 * np.roll(TARGETS, 1, -1)
    found = softmax(CONTROLS["smoothed"](30 * LOGITS, mixed).astype(float), -1)
    np.testing.assert_allclose(found, mixed, atol=1e-6)


@pytest.mark.parametrize("name", CONTROLS)
def test_controls_keep_shape_and_precision(name):
    found = CONTROLS[name](LOGITS, TARGETS)
    assert found.shape == LOGITS.shape and found.dtype == np.float32
    assert np.isfinite(found).all()
