"""Feature extractors without a weight: pixels, cells, the centre, principal axes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jqkd._checks import check_choice, check_type, fail
from jqkd.models.arguments import check_image_shape, check_images
from jqkd.models.features.base import FEATURES, Features
from jqkd.models.functional import Fitted

# Standard deviations below that share of the largest are rounding, and are not divided by.
_SMALLEST = 1e-6


class Pixels(nnx.Module):
    """Pixels of an image: its own, or those of its centre.

    Args:
        image_shape: (H, W), (H, W, channels), or (F,) where nothing is cut.
        crop: (rows, columns) that are left of it; ``None`` for all.
    """

    def __init__(
        self, image_shape: tuple[int, ...], *, crop: tuple[int, int] | None = None
    ) -> None:
        self.image_shape, self.crop = image_shape, crop

    def __call__(self, images: ArrayLike, key: Array | None = None) -> Float[Array, "B F"]:
        """Features ``(B, F)`` of images ``(B, *image_shape)``, in [0, 1]."""
        x = check_images(images, self.image_shape)
        if self.crop is not None:
            top, left = ((x.shape[axis + 1] - self.crop[axis]) // 2 for axis in (0, 1))
            x = x[:, top : top + self.crop[0], left : left + self.crop[1]]
        return x.reshape(len(x), -1)


class Fixed(Features):
    """A feature extractor without a weight."""

    is_trained: ClassVar[bool] = False


@FEATURES.register("identity")
@dataclass(frozen=True)
class Identity(Fixed):
    """All pixels, as they are; as many as the encoding reads."""

    def build(self, image_shape: tuple[int, ...], num_features: int, *, rngs: nnx.Rngs) -> Pixels:
        _check_number("identity", math.prod(image_shape), num_features)
        return Pixels(image_shape)


@FEATURES.register("crop")
@dataclass(frozen=True)
class Crop(Fixed):
    """The central square of so many pixels as the encoding reads."""

    def build(self, image_shape: tuple[int, ...], num_features: int, *, rngs: nnx.Rngs) -> Pixels:
        rows, columns, channels = check_image_shape(image_shape, 1, "crop")
        side = min(math.isqrt(num_features // channels), rows, columns)
        _check_number("crop", side * side * channels, num_features)
        return Pixels(image_shape, crop=(side, side))


class Cells(nnx.Module):
    """A number a cell of a grid, of an image centred in black of sides that are powers of two.

    Args:
        image_shape: (H, W), (H, W, channels), or (F,), which is a single row.
        grid: rows and columns of cells, powers of two.
        of: ``mean`` or ``max``, over a cell; over channels it is the mean.
    """

    def __init__(
        self, image_shape: tuple[int, ...], grid: tuple[int, int], of: str = "mean"
    ) -> None:
        self.image_shape, self.grid, self.of = image_shape, grid, of
        shape = (1, *image_shape) if len(image_shape) == 1 else image_shape
        self.picture = (*shape, 1)[:3]

    def __call__(self, images: ArrayLike, key: Array | None = None) -> Float[Array, "B F"]:
        """Features ``(B, rows * columns)`` of images ``(B, *image_shape)``, in [0, 1]."""
        x = check_images(images, self.image_shape).reshape(-1, *self.picture)
        sides = zip(self.picture[:2], self.grid, strict=True)
        more = [max(_power_of_two(side), cells) - side for side, cells in sides]
        x = jnp.pad(x, [(0, 0), *((n // 2, n - n // 2) for n in more), (0, 0)])
        (rows, columns), (height, width) = self.grid, x.shape[1:3]
        blocks = x.reshape(len(x), rows, height // rows, columns, width // columns, -1)
        if self.of == "max":
            return blocks.mean(5).max((2, 4)).reshape(len(x), -1)
        return blocks.mean((2, 4, 5)).reshape(len(x), -1)


def _power_of_two(number: int) -> int:
    """The smallest that is not below."""
    return 1 << (number - 1).bit_length()


@FEATURES.register("grid")
@dataclass(frozen=True)
class Grid(Fixed):
    """A number for each cell of a grid, of as many as the encoding reads, a power of two.

    The image is first centred in black of sides that are powers of two: 28x28 in 32x32, of which
    256 features are blocks of 2x2. Channels are averaged; (F,) numbers are a row.

    Attributes:
        of: what is taken of a cell: its ``mean`` or its ``max``.

    Example:
        >>> Grid().build((28, 28), 64, rngs=nnx.Rngs(0))(jnp.ones((1, 28, 28))).shape
        (1, 64)
    """

    of: str = "mean"

    def __post_init__(self) -> None:
        check_choice("of", self.of, ("mean", "max"))

    def build(self, image_shape: tuple[int, ...], num_features: int, *, rngs: nnx.Rngs) -> Cells:
        if num_features != _power_of_two(num_features):
            must = "be read by an encoding of 2**Q numbers, as amplitude is"
            fail("features", must, f"grid for an encoding of {num_features}")
        bits = num_features.bit_length() - 1
        if len(image_shape) == 1:
            return Cells(image_shape, (1, num_features), self.of)
        check_image_shape(image_shape, 1, "grid")
        return Cells(image_shape, (2 ** (bits // 2), 2 ** (bits - bits // 2)), self.of)


class Principal(nnx.Module):
    """Scores on principal axes; mean and axes are fitted to the train images."""

    def __init__(self, image_shape: tuple[int, ...], num_features: int) -> None:
        size = math.prod(image_shape)
        self.image_shape = image_shape
        self.mean = Fitted(jnp.zeros(size))
        self.axes = Fitted(jnp.zeros((size, num_features)))

    def __call__(self, images: ArrayLike, key: Array | None = None) -> Float[Array, "B F"]:
        """Scores ``(B, F)`` of images ``(B, *image_shape)``."""
        images = check_images(images, self.image_shape)
        return (images.reshape(len(images), -1) - self.mean[...]) @ self.axes[...]


@FEATURES.register("pca")
@dataclass(frozen=True)
class Pca(Fixed):
    """Scores on the first F principal axes of the student's train images, by NumPy's SVD.

    Attributes:
        whiten: whether each is divided by its standard deviation over the train images.
    """

    whiten: bool = True

    def __post_init__(self) -> None:
        check_type("whiten", self.whiten, bool, "true or false")

    def build(
        self, image_shape: tuple[int, ...], num_features: int, *, rngs: nnx.Rngs
    ) -> Principal:
        if num_features > math.prod(image_shape):
            must = f"make at most {math.prod(image_shape)} number(s) of an image of {image_shape}"
            fail("features", must, f"pca for an encoding of {num_features}")
        return Principal(image_shape, num_features)

    def fit(self, images: np.ndarray, num_features: int) -> Mapping[str, np.ndarray]:
        rows = images.reshape(len(images), -1).astype(np.float64)
        if num_features > len(rows):
            must = f"make at most {len(rows)} number(s), as many as there are train images"
            fail("features", must, f"pca for an encoding of {num_features}")
        _, sizes, axes = np.linalg.svd(rows - rows.mean(0), full_matrices=False)
        axes, deviations = axes[:num_features], sizes[:num_features] / math.sqrt(len(rows))
        # An axis has no sign of its own: its largest entry is positive, on every machine.
        largest = np.take_along_axis(axes, np.abs(axes).argmax(1)[:, None], 1)
        axes = axes * np.sign(largest)
        if self.whiten:
            axes = axes / np.maximum(deviations, _SMALLEST * deviations.max())[:, None]
        return {"mean": rows.mean(0).astype(np.float32), "axes": axes.T.astype(np.float32)}


def _check_number(name: str, made: int, needed: int) -> None:
    if made != needed:
        must = f"make the {needed} number(s) that the encoding reads"
        advice = "choose other qubits, another encoding, or other features"
        fail("features", must, f"{name}, which makes {made},", advice)
