"""Data sets, one part each, as balanced, disjoint subsets."""

from __future__ import annotations

from jqkd.data import digits, mnist, mnist1d, tabular  # noqa: F401  Registers them.
from jqkd.data.cache import CacheWarning
from jqkd.data.classes import parse_classes
from jqkd.data.dataset import Dataset, load
from jqkd.data.images import check_images
from jqkd.data.imported import import_data
from jqkd.data.sources import DATASETS, Source
from jqkd.data.splits import Splits, Subset, student_splits, teacher_splits
from jqkd.data.views import AUGMENTATIONS, view

__all__ = [
    "AUGMENTATIONS",
    "DATASETS",
    "CacheWarning",
    "Dataset",
    "Source",
    "Splits",
    "Subset",
    "check_images",
    "import_data",
    "load",
    "parse_classes",
    "student_splits",
    "teacher_splits",
    "view",
]
