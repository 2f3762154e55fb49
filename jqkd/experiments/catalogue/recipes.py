"""Which distillation loss teaches."""

from __future__ import annotations

from dataclasses import dataclass

from jqkd.experiments.catalogue.entry import EXPERIMENTS, Study, Variant
from jqkd.experiments.model import Experiment
from jqkd.training.config import StudentConfig, reads_field
from jqkd.training.recipes import RECIPES


@EXPERIMENTS.register("recipes")
@dataclass(frozen=True)
class Recipes(Study):
    """The same robust students, taught by every recipe there is."""

    def experiment(self) -> Experiment:
        own = StudentConfig("digits", "0-1", 1, "robust").recipe
        about = (
            "The same robust students, images, steps and teacher; only the loss differs. Each "
            f"recipe has the weights of its authors, {own} those of preset robust."
        )
        alone = Variant("alone", "alone", {"preset": "robust"})
        distilled = [
            Variant(name, _label(name), {"preset": "robust", "recipe": name}, True, "alone")
            for name in RECIPES
        ]
        return self.study("Distillation recipes", about, [alone, *distilled])


def _label(recipe: str) -> str:
    """With the weights that its students are trained with, on whatever data."""
    config = StudentConfig("digits", "0-1", 1, "robust", recipe=recipe)
    heat = f"T = {config.temperature:g}, " if reads_field(recipe, "temperature") else ""
    labels = "" if config.label_weight else ", no labels"
    return f"{recipe} ({heat}weight {config.weight:g}{labels})"
