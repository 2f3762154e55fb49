"""What is left of a student, and of its gain, when the circuit is replaced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jqkd.experiments.catalogue.entry import EXPERIMENTS, Study, Variant
from jqkd.experiments.model import Experiment

_CIRCUITS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("robust", "the circuit, with shots", {}),
    ("closed-form", "its closed form, exact", {"stand_in": "closed-form", "shots": None}),
    ("classical", "a classical layer of its width", {"stand_in": "classical", "shots": None}),
    ("random", "the circuit and a frozen random one", {"ansatz": "frozen"}),
    ("entangled", "the circuit and a trained entangling one", {"ansatz": "entangling"}),
)


@EXPERIMENTS.register("circuits")
@dataclass(frozen=True)
class Circuits(Study):
    """Robust students with something else in the circuit's place."""

    def experiment(self) -> Experiment:
        about = (
            "Robust students whose circuit is replaced; alone, compared with the circuit itself, "
            "and taught with preset robust's own recipe, compared with the same student alone."
        )
        lines = []
        for name, label, changes in _CIRCUITS:
            changes = {"preset": "robust"} | changes
            against = None if name == "robust" else "robust"
            lines += [
                Variant(name, label, changes, against=against),
                Variant(f"{name}-lenet", label, changes, True, name),
            ]
        return self.study("What the circuit does", about, lines)
