"""Teachers that know nothing, and what is left of the teacher in each."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from jqkd._checks import InputError
from jqkd.data import Subset
from jqkd.training.config import StudentConfig
from jqkd.training.placebos import PLACEBOS
from jqkd.training.recipes import RECIPES, Output
from jqkd.training.teaching import controlled

pytestmark = pytest.mark.quick

LOGITS = np.random.default_rng(0).normal(size=(3, 50, 6)).astype(np.float32) * 3
TARGETS = np.eye(6)[np.random.default_rng(1).integers(0, 6, (3, 50))]


def test_none_is_the_teacher():
    assert PLACEBOS.build("none").logits(LOGITS, TARGETS) is LOGITS


def test_shuffled_gives_every_image_anothers_logits_in_all_views():
    found = PLACEBOS.build("shuffled").logits(LOGITS, TARGETS)
    source = [int(np.flatnonzero((LOGITS[0] == row).all(1))[0]) for row in found[0]]
    assert sorted(source) == list(range(50)) and not np.any(np.array(source) == np.arange(50))
    np.testing.assert_array_equal(found, LOGITS[:, source])


def test_constant_is_the_mean_of_the_probabilities():
    found = softmax(PLACEBOS.build("constant").logits(LOGITS, TARGETS), -1)
    wanted = softmax(LOGITS.astype(float), -1).mean((0, 1))
    np.testing.assert_allclose(found, np.broadcast_to(wanted, found.shape), atol=1e-6)


def test_smoothed_are_labels_of_the_teachers_entropy():
    found = softmax(PLACEBOS.build("smoothed").logits(LOGITS, TARGETS).astype(float), -1)
    teacher = entropy(softmax(LOGITS.astype(float), -1), axis=-1).mean()
    np.testing.assert_allclose(entropy(found, axis=-1).mean(), teacher, rtol=1e-4)
    assert (found.argmax(-1) == TARGETS.argmax(-1)).all()
    rest = np.where(TARGETS > 0, np.nan, found)
    np.testing.assert_allclose(np.nanmax(rest), np.nanmin(rest), rtol=1e-4)


def test_smoothed_targets_that_are_mixed_more_stay_as_they_are():
    mixed = 0.6 * TARGETS + 0.4 * np.roll(TARGETS, 1, -1)
    found = softmax(PLACEBOS.build("smoothed").logits(30 * LOGITS, mixed).astype(float), -1)
    np.testing.assert_allclose(found, mixed, atol=1e-6)


@pytest.mark.parametrize("name", PLACEBOS)
def test_placebos_keep_shape_and_precision(name):
    found = PLACEBOS.build(name).logits(LOGITS, TARGETS)
    assert found.shape == LOGITS.shape and found.dtype == np.float32
    assert np.isfinite(found).all()


def test_constant_features_are_their_mean_over_images_and_views():
    found = PLACEBOS.build("constant").features(LOGITS, TARGETS)
    np.testing.assert_allclose(found, np.broadcast_to(LOGITS.mean((0, 1)), found.shape), atol=1e-6)
    assert found.dtype == np.float32


# --- what the recipes make of it --------------------------------------------------------------

IMAGES, CLASSES = 12, 3
LABELS = np.arange(IMAGES, dtype=np.int32) % CLASSES


def _train(images=IMAGES):
    pixels = np.zeros((images, 28, 28), np.float32)
    return Subset(pixels, LABELS[:images], np.arange(images, dtype=np.int32), "train")


def _said(seed, images=IMAGES):
    rng = np.random.default_rng(seed)
    sizes = (CLASSES, 5)
    return Output(*(rng.normal(size=(images, n)).astype(np.float32) for n in sizes))


def _config(recipe, placebo):
    return StudentConfig("digits", "0-2", 2, recipe=recipe, placebo=placebo, augmentation="none")


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("placebo", [name for name in PLACEBOS if name != "none"])
def test_a_placebo_changes_what_a_recipe_teaches_or_is_refused(recipe, placebo):
    if placebo == "smoothed" and recipe in ("hints", "relational"):
        sentence = "`placebo` must be one of none, shuffled, constant where the recipe is "
        with pytest.raises(InputError, match=f"{sentence}{recipe}, but smoothed was given"):
            _config(recipe, placebo)
        return
    teacher, student = _said(0), _said(1)
    told = controlled(teacher, _config(recipe, placebo), _train())
    rest = (LABELS, np.ones(IMAGES, bool), 2.0, CLASSES)
    losses = [
        np.asarray(RECIPES.build(recipe).loss(student, say, *rest)) for say in (teacher, told)
    ]
    # Nearly every image is told something else, not only some of them.
    assert (np.abs(losses[0] - losses[1]) > 1e-3).sum() >= IMAGES - 1


@pytest.mark.parametrize("recipe", ["hints", "relational"])
def test_features_get_what_logits_get(recipe):
    teacher = _said(0)
    shuffled = controlled(teacher, _config(recipe, "shuffled"), _train())
    for name in ("logits", "features"):
        before, after = getattr(teacher, name), getattr(shuffled, name)
        source = [int(np.flatnonzero((before == row).all(1))[0]) for row in after]
        # One and the same other image, of which student and teacher differ in every row.
        assert not np.any(np.array(source) == np.arange(IMAGES))
        np.testing.assert_array_equal(shuffled.logits, teacher.logits[source])
    constant = controlled(teacher, _config(recipe, "constant"), _train())
    mean = np.broadcast_to(teacher.features.mean(0), (IMAGES, 5))
    np.testing.assert_allclose(constant.features, mean, atol=1e-6)
    assert constant.features.dtype == np.float32
    assert controlled(teacher, _config(recipe, "none"), _train()) is teacher


def _alike(field):
    """A teacher whose logits (or features) are the same for every image."""
    said = _said(0)
    return said._replace(**{field: np.repeat(getattr(said, field)[:1], IMAGES, 0)})


def test_a_placebo_that_changes_nothing_is_refused():
    nothing = "`placebo` must take something from the teacher, but '{}', which leaves"
    one, labels = _said(0, 1), controlled(_said(0), _config("hinton", "smoothed"), _train())
    cases = [
        ("hinton", "constant", one, 1),
        ("hinton", "shuffled", _alike("logits"), IMAGES),
        ("hinton", "constant", _alike("logits"), IMAGES),
        # What counts is what the recipe reads.
        ("relational", "shuffled", _alike("features"), IMAGES),
        ("hints", "constant", _alike("features"), IMAGES),
        # A teacher that is smoothed labels already.
        ("hinton", "smoothed", labels, IMAGES),
    ]
    for recipe, placebo, said, images in cases:
        with pytest.raises(InputError, match=nothing.format(placebo)):
            controlled(said, _config(recipe, placebo), _train(images))
    for recipe in ("hinton", "hints"):
        with pytest.raises(InputError, match="must answer at least 2 images, .* but one was given"):
            controlled(one, _config(recipe, "shuffled"), _train(1))
    for recipe, said in (("hinton", _alike("features")), ("hints", _alike("logits"))):
        for placebo in ("shuffled", "constant"):
            controlled(said, _config(recipe, placebo), _train())
