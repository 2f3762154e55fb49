"""Teachers that exist already: what they say of a data set's images lies on the shelf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jqkd._checks import fail
from jqkd.models.teachers.architecture import SHELF, TEACHERS, Architecture


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
        return SHELF.facts(self.title)

    def arrays(self) -> dict[str, np.ndarray]:
        """Ids and logits of train and test images, and of the views that it has answered."""
        return SHELF.arrays(self.title)

    def check(self, image_shape: tuple[int, ...]) -> None:
        """Whatever it was shown, it has answered already."""

    def check_data(self, dataset: str, classes: Sequence[int]) -> None:
        known = self.facts
        if dataset != known["dataset"] or not set(classes) <= set(known["classes"]):
            one, other = (",".join(map(str, some)) for some in (classes, known["classes"]))
            answered = f"{self.title}, which has answered {known['dataset']}, classes {other},"
            fail("teacher", f"have answered {dataset}, classes {one}", answered)
