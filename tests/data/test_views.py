"""Views of images: deterministic, mixed as said, moved as SciPy's own rotation would."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage, stats

from jqkd._checks import InputError
from jqkd.data import AUGMENTATIONS, load, student_splits, view, views

# Chance that a sound build fails one of the random checks below.
ALPHA = 1e-6


@pytest.fixture(scope="module")
def train():
    return student_splits(load("digits"), (0, 1, 2, 3)).train


def test_without_augmentation_a_view_is_the_images(train):
    for number in (0, 5):
        same, targets = view(train, "none", number)
        np.testing.assert_array_equal(same.images, train.images)
        np.testing.assert_array_equal(targets, np.eye(4)[train.labels])


@pytest.mark.parametrize("name", [name for name in AUGMENTATIONS if name != "none"])
def test_a_view_depends_on_its_number_alone(train, name):
    (first, targets), (again, same), (other, _) = (view(train, name, n) for n in (3, 3, 4))
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(targets, same)
    assert not np.array_equal(first.images, other.images)
    np.testing.assert_array_equal(first.ids, train.ids)
    assert first.images.dtype == np.float32 and first.images.min() >= 0 <= first.images.max() <= 1
    np.testing.assert_allclose(targets.sum(1), 1, atol=1e-6)


@pytest.mark.parametrize(("name", "chance"), [("mixup", 1.0), ("half-mixup", 0.5)])
def test_mixed_images_are_blends_with_shares_up_to_one_half(train, name, chance):
    """Image and target are blended alike, as often as said, with uniform shares."""
    shares = []
    for number in range(10):
        mixed, targets = view(train, name, number)
        for image, plain, target, label in zip(
            mixed.images, train.images, targets, train.labels, strict=True
        ):
            share = 1 - target[label]
            if share > 0:  # A partner of another class; which one shows in the target.
                (other,) = np.flatnonzero(target * (np.arange(4) != label))
                rest = (image - (1 - share) * plain) / share
                found = np.abs(rest - train.images[train.labels == other]).max((1, 2)).min()
                assert found < 1e-3 / share
                shares.append(share)
            else:
                assert target[label] == 1
    total = 10 * len(train)
    # Three in four partners are of another class.
    expected = stats.binom(total, 0.75 * chance)
    assert expected.ppf(ALPHA / 2) <= len(shares) <= expected.isf(ALPHA / 2)
    assert stats.kstest(shares, "uniform", (0, 0.5)).pvalue > ALPHA


def test_moved_images_are_scipys_rotation_and_shift(train):
    """Each transformation alone against ``ndimage.rotate`` and ``ndimage.shift``."""
    image = train.images[:1]

    class Fixed:
        def __init__(self, *draws):
            self.draws = list(draws)

        def uniform(self, low, high, size):
            return np.broadcast_to(np.asarray(self.draws.pop(0), float), size)

    recipe = AUGMENTATIONS["affine"]
    turned = views._moved(image, recipe, Fixed(8.0, 0.0, 0.0))[0]
    wanted = ndimage.rotate(image[0], -8.0, reshape=False, order=1)
    np.testing.assert_allclose(turned, wanted, atol=1e-5)
    shifted = views._moved(image, recipe, Fixed(0.0, 0.0, [1.5, -0.5]))[0]
    np.testing.assert_allclose(shifted, ndimage.shift(image[0], (-1.5, 0.5), order=1), atol=1e-5)
    large = views._moved(image, recipe, Fixed(0.0, -0.08, 0.0))[0]
    assert large.sum() > 1.1 * image.sum()


def test_bad_input_is_refused(train):
    with pytest.raises(InputError, match="`augmentation` must be one of none, shift"):
        view(train, "flip", 0)
    with pytest.raises(InputError, match="`number` must be an integer of at least 0"):
        view(train, "none", -1)
