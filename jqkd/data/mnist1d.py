"""MNIST-1D: forty numbers an example, ten classes, made by a seeded generator.

A linear classifier reaches 32 % there, a perceptron 68 %, a convolutional net 94 % (table 1 of
Greydanus and Kobak, "Scaling down deep learning with MNIST-1D", arXiv:2011.14439): the widest gap
between a weak and a strong model that can be had without a network.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float16, Integer

from jqkd._checks import check_integer, check_seed
from jqkd.data.cache import PARTS, Arrays
from jqkd.data.mnist import NUMERALS
from jqkd.data.sources import DATASETS, Source, describe

# What a pen does over time that draws the numerals, upwards positive (figure 2 of the paper).
_STROKES = (
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)
_PADDING, _SHIFTS, _LENGTH = (36, 60), 48, 40
_SCALING, _SMOOTH, _WHITE, _SHEAR = 0.4, 0.25, 0.02, 0.75
# Standard deviations that become 0 and 1; what lies beyond, nothing by default, is clipped.
_RANGE = 6.0
# Steps of the grid: as fine as half precision is at 1.
_GRID = 2**11
_PUBLISHED = "1c9181f5d7c6467070d55e15dde026973cf3a0e58ab0fc823a1430d194100bfe"


@DATASETS.register("mnist1d")
@dataclass(frozen=True)
class MNIST1D(Source):
    """Forty numbers an example, drawn as published: a perceptron reaches 68 %, a linear map 32 %.

    Numbers x of mean 0 and standard deviation 1, as published, become (x + 6) / 12.

    Attributes:
        examples: of all classes; the first four fifths are the train split.
        seed: of the generator; the published examples are 5000 of seed 42.
    """

    examples: int = 5000
    seed: int = 42

    label = "MNIST-1D"
    class_names = NUMERALS
    image_shape = (_LENGTH,)
    advice = "report it with the version of NumPy"

    def __post_init__(self) -> None:
        check_integer("examples", self.examples, 5000, 100_000)
        check_seed("seed", self.seed)
        shares = {"train_images": 80, "train_per_class": 60, "validation_per_class": 10}
        shares |= {"test_per_class": 13}
        published = _PUBLISHED if (self.examples, self.seed) == (5000, 42) else None
        counts = {fact: self.examples * share // 1000 for fact, share in shares.items()}
        describe(self, {"digest": published, **counts})

    def read(self, data_dir: Path, cache_dir: Path) -> Arrays:
        """Draw the examples; nothing is read."""
        values, labels = draw(self.examples, self.seed)
        cuts = [self.examples * 4 // 5]
        images, labels = np.split(to_grid(values), cuts), np.split(labels, cuts)
        return dict(zip(PARTS, (images[0], labels[0], images[1], labels[1]), strict=True))


def draw(examples: int, seed: int) -> tuple[Float[np.ndarray, "N 40"], Integer[np.ndarray, " N"]]:
    """As many examples of each class, shuffled: mean 0, standard deviation 1, as published.

    Random numbers come in the order of the published generator, from NumPy's frozen one.

    >>> values, labels = draw(20, 42)
    >>> values.shape, np.bincount(labels).tolist()
    ((20, 40), [2, 2, 2, 2, 2, 2, 2, 2, 2, 2])
    """
    rng = np.random.RandomState(seed)
    # Of one spread, beginning at 0, and not quite: what is 0 is silence.
    strokes = np.array(_STROKES)
    strokes = (strokes - strokes.mean(1, keepdims=True)) / strokes.std(1, keepdims=True)
    strokes = (strokes - strokes[:, :1]) / 6 + 1e-8
    labels = np.repeat(np.arange(10, dtype=np.int32), examples // 10)
    values = np.stack([_example(stroke, rng) for stroke in strokes[labels]])
    order = rng.permutation(len(labels))
    return (values[order] - values.mean()) / values.std(), labels[order]


def _example(stroke: np.ndarray, rng: np.random.RandomState) -> Float[np.ndarray, " 40"]:
    """A stroke padded, stretched, scaled, rotated; noise for silence; white noise and a slope."""
    from scipy.ndimage import gaussian_filter

    least, most = _PADDING
    padded = np.pad(stroke, (0, least + int(rng.rand() * (most - least + 1))))
    long = _stretched(padded, len(stroke) + most) * (1 + _SCALING * (rng.rand() - 0.5))
    long = np.roll(long, rng.choice(_SHIFTS))
    smooth = gaussian_filter(_SMOOTH * rng.randn(len(long)), 2)
    long = np.where(long != 0, long, smooth) + _WHITE * rng.randn(len(long))
    slope = _SHEAR * (rng.rand() - 0.5) * np.linspace(-0.5, 0.5, len(long))
    return _stretched(long - slope, _LENGTH)


def _stretched(values: np.ndarray, length: int) -> np.ndarray:
    """By linear interpolation."""
    return np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(values)), values)


def to_grid(values: np.ndarray) -> Float16[np.ndarray, "N 40"]:
    """(x + 6) / 12 on a grid of half precision: a machine's last bits do not reach the digest."""
    shares = np.clip(values / (2 * _RANGE) + 0.5, 0, 1)
    return (np.round(shares * _GRID) / _GRID).astype(np.float16)
