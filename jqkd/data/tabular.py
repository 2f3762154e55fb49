"""Tables that scikit-learn carries: rows of features, scaled to [0, 1]; need no network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from jqkd._checks import InputError
from jqkd.data.arranged import scale
from jqkd.data.cache import Arrays
from jqkd.data.sources import DATASETS, Source


class _Table(Source):
    """Every fourth row of a class is a test row; features are scaled by the train rows."""

    loader: ClassVar[str]
    advice = "install another version of scikit-learn, which carries them"

    def read(self, data_dir: Path, cache_dir: Path) -> Arrays:
        """The rows as scikit-learn has them."""
        try:
            from sklearn import datasets
        except ImportError:
            raise InputError(
                f"Reading {self.label} needs scikit-learn, which is not installed; "
                "run `pip install scikit-learn`."
            ) from None
        rows, labels = getattr(datasets, self.loader)(return_X_y=True)
        test = np.zeros(len(labels), bool)
        for label in range(self.num_classes):
            test[np.flatnonzero(labels == label)[3::4]] = True
        images, _ = scale({"train": rows[~test], "test": rows[test]})
        labels = {"train": labels[~test].astype(np.int32), "test": labels[test].astype(np.int32)}
        arrays = {"images": images, "labels": labels}
        return {f"{part}_{what}": arrays[what][part] for part in images for what in arrays}


@DATASETS.register("wine")
@dataclass(frozen=True)
class Wine(_Table):
    """Chemical analyses of 178 wines of three cultivars (Forina et al., UCI repository, 1991)."""

    label, loader = "wine", "load_wine"
    class_names = ("cultivar 1", "cultivar 2", "cultivar 3")
    image_shape = (13,)
    train_images, train_per_class, validation_per_class, test_per_class = 45, 28, 8, 12
    digest = "11af173c6965394f2d0fb678bb61a2c43a179cffa5f11cb0d2b76b0256140ed6"


@DATASETS.register("breast_cancer")
@dataclass(frozen=True)
class BreastCancer(_Table):
    """Cell nuclei of 569 tumours, measured in pictures (Wolberg et al., UCI repository, 1995)."""

    label, loader = "breast cancer", "load_breast_cancer"
    class_names = ("malignant", "benign")
    image_shape = (30,)
    train_images, train_per_class, validation_per_class, test_per_class = 214, 134, 25, 53
    digest = "48317fa65cf090e24d69bd0fd8f0d5c61514debb95c6abc5cca5b2416895c486"
