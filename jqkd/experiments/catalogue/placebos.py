"""What is left of a gain when the teacher knows nothing."""

from __future__ import annotations

from dataclasses import dataclass

from jqkd.experiments.catalogue.entry import EXPERIMENTS, Study, Variant
from jqkd.experiments.model import Experiment
from jqkd.training.placebos import PLACEBOS


@EXPERIMENTS.register("placebos")
@dataclass(frozen=True)
class Placebos(Study):
    """Robust students that are taught by the teacher, or by what lacks its knowledge."""

    def experiment(self) -> Experiment:
        """Students alone, and a line for each placebo."""
        about = (
            "Robust students with preset robust's own recipe; what they are taught comes from the "
            "teacher, or from something that lacks its knowledge."
        )
        alone = Variant("alone", "alone", {"preset": "robust"})
        distilled = [
            Variant(
                "teacher" if name == "none" else name,
                part.label or name,
                {"preset": "robust", "placebo": name},
                True,
                "alone",
            )
            for name, part in PLACEBOS.items()
        ]
        return self.study("Teachers that know nothing", about, [alone, *distilled])
