"""Small and published nowhere: what the whole machinery is tried with, in a minute."""

from __future__ import annotations

from dataclasses import dataclass

from jqkd._checks import check_choice
from jqkd.experiments.catalogue.entry import EXPERIMENTS
from jqkd.experiments.catalogue.paper import Paper
from jqkd.experiments.catalogue.rows import Row
from jqkd.models import PRESETS


@EXPERIMENTS.register("demo")
@dataclass(frozen=True)
class Demo(Paper):
    """A teacher, and students alone and taught, on the digits that come with scikit-learn."""

    preset: str = "paper-code"  # ty: ignore[incompatible-attribute-override]: an option here
    title = "A table in a minute"
    about = "Digits 0 and 1, which come with scikit-learn: one row of each kind."
    rows = (
        Row("digits", "0-1", 2, readout="softmax"),
        Row("digits", "0-1", teacher="lenet"),
        Row("digits", "0-1", 2, "lenet"),
    )

    def __post_init__(self) -> None:
        check_choice("preset", self.preset, PRESETS)
        super().__post_init__()
