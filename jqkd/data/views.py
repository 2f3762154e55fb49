"""Augmented views of train images: a view is a pure function of (images, recipe, number).

A student's epoch e is view e, for every seed and both arms, so that a teacher need answer each
view once ("function matching": teacher and student see the very same image).
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

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


def view(subset: Subset, augmentation: str, number: int) -> tuple[Subset, Float[np.ndarray, "N C"]]:
    """View ``number`` of some images.

    Args:
        subset: N images of C classes; features (N, F) can be mixed, and not moved.
        augmentation: a name of ``AUGMENTATIONS``.
        number: which view, from 0; without augmentation all are alike.

    Returns:
        The images, with labels and ids as they were; targets (N, C), the share of every class.

    Raises:
        InputError: no images, an unknown augmentation or one that moves features, a negative
            number.

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
        check_moves(augmentation, images.shape[1:])
        images = _moved(images, recipe, np.random.default_rng((number, 0)))
    if recipe.mixed:
        rng = np.random.default_rng((number, 1))
        partner = rng.permutation(len(subset))
        share = rng.uniform(0, 0.5, len(subset)).astype(np.float32)
        share *= rng.random(len(subset)) < recipe.mixed
        images = _blend(images, images[partner], share.reshape(-1, *[1] * (images.ndim - 1)))
        targets = _blend(targets, targets[partner], share[:, None])
    return dataclasses.replace(subset, images=images), targets


def check_moves(augmentation: str, image_shape: tuple[int, ...]) -> None:
    """Only pixels of (H, W) or (H, W, channels) can move.

    Raises:
        InputError: the augmentation would move features.
    """
    if AUGMENTATIONS[augmentation].moves and len(image_shape) == 1:
        still = ", ".join(name for name, recipe in AUGMENTATIONS.items() if not recipe.moves)
        must = f"be one of {still} where images are features of shape {image_shape}"
        fail("augmentation", must, augmentation, "there are no pixels to move")


def _blend(one: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    return (1 - share) * one + share * other


def _moved(images: np.ndarray, recipe: Augmentation, rng: np.random.Generator) -> np.ndarray:
    """Every image turned, stretched and shifted about its centre, with linear interpolation."""
    from scipy.ndimage import affine_transform

    count, centre = len(images), (np.array(images.shape[1:3]) - 1) / 2
    turn = np.deg2rad(rng.uniform(-recipe.rotation, recipe.rotation, count))
    stretch = np.exp(rng.uniform(-recipe.scaling, recipe.scaling, (count, 2)))
    shift = rng.uniform(-recipe.shift, recipe.shift, (count, 2))
    moved = np.empty_like(images)
    for i, image in enumerate(images):
        cos, sin = math.cos(turn[i]), math.sin(turn[i])
        matrix = np.array([[cos, -sin], [sin, cos]]) * stretch[i]
        offset = centre - matrix @ centre + shift[i]
        # Of a grey image the only plane is the image itself.
        planes = (np.atleast_3d(a).transpose(2, 0, 1) for a in (image, moved[i]))
        for plane, out in zip(*planes, strict=True):
            affine_transform(plane, matrix, offset, output=out, order=1)
    return moved
