"""Small and published nowhere: what the whole machinery is tried with, in a minute."""

from __future__ import annotations

from dataclasses import dataclass

from jqkd.experiments.catalogue.entry import EXPERIMENTS
from jqkd.experiments.catalogue.paper import Paper, Row, experiment_of
from jqkd.experiments.model import Experiment

_ROWS = (
    Row("digits", "0-1", 2, head="softmax"),
    Row("digits", "0-1", teacher="lenet"),
    Row("digits", "0-1", 2, "lenet"),
)


@EXPERIMENTS.register("demo")
@dataclass(frozen=True)
class Demo(Paper):
    """A teacher, and students alone and taught, on the digits that come with scikit-learn."""

    preset: str = "paper-code"

    def experiment(self) -> Experiment:
        """Three rows, as the paper's tables have them."""
        title = "A table in a minute"
        about = "Digits 0 and 1, which come with scikit-learn: one row of each kind."
        protocol = "best" if self.preset == "paper-code" else "final"
        return experiment_of(self, self.preset, title, about, _ROWS, protocol=protocol)
