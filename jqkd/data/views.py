"""Augmented views of train images: a view is a pure function of (images, recipe, number).

A student's epoch e is view e, for every seed and both arms, so that a teacher need answer each
view once ("function matching": teacher and student see the very same image).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from jqkd._checks import check_choice, check_integer, check_type, fail
from jqkd.data.splits import Subset


@dataclass(frozen=True)
class Augmentation:
    """What happens to an image.

    Attributes:
        shift: largest shift along either axis, pixels.
        rotation: largest rotation, degrees.
        scaling: largest change of size along either axis, as a natural logarithm.
        mixed: probability of being blended with another image, whose share is uniform in
            (0, 1/2) (mixup: Zhang et al., arXiv:1710.09412; with all shares alike as in Beyer et
            al., arXiv:2106.05237).
    """

    shift: float = 0.0
    rotation: float = 0.0
    scaling: float = 0.0
    mixed: float = 0.0

    @property
    def moves(self) -> bool:
        """Whether pixels move."""
        return max(self.shift, self.rotation, self.scaling) > 0


AUGMENTATIONS: dict[str, Augmentation] = {
    "none": Augmentation(),
    "shift": Augmentation(shift=2.0),
    "affine": Augmentation(shift=1.5, rotation=8.0, scaling=0.08),
    "half-mixup": Augmentation(mixed=0.5),
    "mixup": Augmentation(mixed=1.0),
    "affine+mixup": Augmentation(shift=1.5, rotation=8.0, scaling=0.08, mixed=1.0),
}


def view(subset: Subset, augmentation: str, number: int) -> tuple[Subset, np.ndarray]:
    """View ``number`` of some images.

    Args:
        subset: N images of C classes.
        augmentation: a name of ``AUGMENTATIONS``.
        number: which view, from 0; without augmentation all are alike.

    Returns:
        The images, with labels and ids as they were; targets (N, C), the share of every class.

    Raises:
        InputError: no images, an unknown augmentation or a negative number.

    >>> from jqkd.data import load, student_splits
    >>> train = student_splits(load("digits"), (0, 1)).train
    >>> mixed, targets = view(train, "mixup", 0)
    >>> targets.shape, float(targets.max(1).min()) >= 0.5
    ((200, 2), True)
    """
    check_choice("augmentation", augmentation, AUGMENTATIONS)
    number = check_integer("number", number, 0)
    check_type("subset", subset, Subset, "a Subset, as `student_splits` returns three")
    if not len(subset):
        fail("subset", "hold at least one image", "none")
    recipe = AUGMENTATIONS[augmentation]
    images = subset.images
    targets = np.eye(int(subset.labels.max()) + 1, dtype=np.float32)[subset.labels]
    # Streams of their own: mixing blends the same partners whether pixels move or not.
    if recipe.moves:
        images = _moved(images, recipe, np.random.default_rng((number, 0)))
    if recipe.mixed:
        rng = np.random.default_rng((number, 1))
        partner = rng.permutation(len(subset))
        share = rng.uniform(0, 0.5, len(subset)).astype(np.float32)
        share *= rng.random(len(subset)) < recipe.mixed
        images = _blend(images, images[partner], share[:, None, None])
        targets = _blend(targets, targets[partner], share[:, None])
    return dataclasses.replace(subset, images=images), targets


def _blend(mine: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    return (1 - share) * mine + share * other


def _moved(images: np.ndarray, recipe: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Every image turned, stretched and shifted about its centre, with linear interpolation."""
    from scipy.ndimage import affine_transform

    count, centre = len(images), (np.array(images.shape[1:]) - 1) / 2
    turn = np.deg2rad(rng.uniform(-recipe.rotation, recipe.rotation, count))
    stretch = np.exp(rng.uniform(-recipe.scaling, recipe.scaling, (count, 2)))
    shift = rng.uniform(-recipe.shift, recipe.shift, (count, 2))
    moved = np.empty_like(images)
    for i, image in enumerate(images):
        cos, sin = math.cos(turn[i]), math.sin(turn[i])
        matrix = np.array([[cos, -sin], [sin, cos]]) * stretch[i]
        offset = centre - matrix @ centre + shift[i]
        affine_transform(image, matrix, offset, output=moved[i], order=1)
    return moved
