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
        about = (
            "Robust students with preset robust's own recipe; what they are taught comes from the "
            "teacher, or from something that lacks its knowledge."
        )
        alone = Variant("alone", "alone", {"preset": "robust"})
        settings = {name: {"preset": "robust", "placebo": name} for name in PLACEBOS}
        names = {name: "teacher" if name == "none" else name for name in PLACEBOS}
        distilled = [
            Variant(names[name], part.label or name, settings[name], True, "alone")
            for name, part in PLACEBOS.items()
        ]
        return self.study("Teachers that know nothing", about, [alone, *distilled])
