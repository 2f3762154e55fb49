"""Teachers that exist already: what they say of a data set's images lies on the shelf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import fail
from jqkd.models.teachers.architecture import TEACHERS, Architecture, shelf


@TEACHERS.imported
@dataclass(frozen=True)
class Imported(Architecture):
    """Logits by image, under ``NAME@DIGEST``; nothing of it is run or trained.

    Args:
        title: names it on the shelf.
    """

    title: str

    cost, is_trained = 0.0, False

    @property
    def label(self) -> str:  # ty: ignore[incompatible-property-override]  Of what was imported.
        """The name that the user gave it."""
        return self.title.partition("@")[0]

    @property
    def facts(self) -> dict[str, Any]:
        """Data set and its digest, classes, how it answered and which views."""
        return _facts(shelf().folder, self.title)

    def arrays(self) -> dict[str, np.ndarray]:
        """Ids and logits of train and test images, and of the views that it has answered."""
        return shelf().arrays(self.title)

    def check(self, image_shape: tuple[int, ...]) -> None:
        """Whatever it was shown, it has answered already."""

    def check_data(self, dataset: str, classes: Sequence[int]) -> None:
        """It has answered images of that data set and of all these classes."""
        known = self.facts["dataset"], tuple(self.facts["classes"])
        if dataset != known[0] or not set(classes) <= set(known[1]):
            must = f"have answered {dataset}, classes {_text(classes)}"
            answered = f"{self.title}, which has answered {known[0]}, classes {_text(known[1])},"
            fail("teacher", must, answered)

    def columns(self, classes: Sequence[int]) -> np.ndarray:
        """Where the logits of some classes stand."""
        return np.searchsorted(self.facts["classes"], classes)


@lru_cache
def _facts(folder: Path, title: str) -> dict[str, Any]:
    return shelf().facts(title)


def _text(classes: Sequence[int]) -> str:
    return ",".join(map(str, classes))
