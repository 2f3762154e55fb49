"""Feature extractors: from an image to the F numbers that an encoding reads."""

from jqkd.models.features.base import FEATURES, Features
from jqkd.models.features.conv import Conv, ConvFeatures
from jqkd.models.features.dense import Dense, DenseFeatures
from jqkd.models.features.fixed import Crop, Grid, Identity, Pca

__all__ = [
    "FEATURES",
    "Conv",
    "ConvFeatures",
    "Crop",
    "Dense",
    "DenseFeatures",
    "Features",
    "Grid",
    "Identity",
    "Pca",
]
