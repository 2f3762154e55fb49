"""The UCI handwritten digits that scikit-learn carries, brought to 28x28: needs no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Integer, UInt8

from jqkd._checks import InputError
from jqkd.data.cache import Arrays
from jqkd.data.mnist import NUMERALS
from jqkd.data.sources import DATASETS, Source


@DATASETS.register("digits")
@dataclass(frozen=True)
class Digits(Source):
    """The 1797 digits, the last 50 of each class as test split.

    The file is ordered by writer, so the test digits are mostly by other hands.
    """

    label = "digits"
    class_names = NUMERALS
    image_shape = (28, 28)
    train_images = 120
    train_per_class = 100
    validation_per_class = 20
    test_per_class = 50
    digest = "e3a11acf4bce530eb5fbb4549af8e426cd22db1abbf93dd919a79e22511bfc9b"
    advice = "install another version of scikit-learn, which carries them"

    def read(self, data_dir: Path, cache_dir: Path) -> Arrays:
        """The arrays as scikit-learn has them, the last images of each class apart.

        Raises:
            InputError: scikit-learn is not installed.
        """
        try:
            from sklearn.datasets import load_digits
        except ImportError:
            raise InputError(
                "Reading digits needs scikit-learn, which is not installed; "
                "run `pip install scikit-learn`."
            ) from None
        published = load_digits()
        images = enlarge(published.images.astype(np.int64))
        labels = published.target.astype(np.int32)
        test = np.zeros(len(labels), bool)
        for label in range(10):
            test[np.flatnonzero(labels == label)[-self.test_per_class :]] = True
        return {
            "train_images": images[~test],
            "train_labels": labels[~test],
            "test_images": images[test],
            "test_labels": labels[test],
        }


def enlarge(images: Integer[np.ndarray, "B 8 8"]) -> UInt8[np.ndarray, "B 28 28"]:
    """Three times as large by bilinear interpolation, with a black frame of 2 pixels.

    From 0..16 to 0..255, in integers, so that every machine makes the same bytes.

    >>> enlarge(np.full((1, 8, 8), 16))[0, 14, 14]
    np.uint8(255)
    """
    # Each pixel becomes thirds (1, 2, 3, 2, 1) around its centre; outside is background.
    weights = np.zeros((24, 8), np.int64)
    for column in range(8):
        for offset, weight in zip(range(-1, 4), (1, 2, 3, 2, 1), strict=True):
            if 0 <= 3 * column + offset < 24:
                weights[3 * column + offset, column] = weight
    ninths = np.einsum("yi,bij,xj->byx", weights, images, weights)
    pixels = (255 * ninths + 72) // 144  # rounded; 144 = 16 grey levels * 9
    return np.pad(pixels, ((0, 0), (2, 2), (2, 2))).astype(np.uint8)
