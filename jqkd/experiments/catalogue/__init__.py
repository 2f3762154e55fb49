"""The experiments that come with jqkd, one file each; another is one more file, or a plug-in."""

from jqkd.experiments.catalogue import (
    angles,
    circuits,
    demo,
    directions,
    images,
    ladder,
    map,
    noise,
    paper,
    placebos,
    recipes,
    shots,
    v2,
)
from jqkd.experiments.catalogue.entry import EXPERIMENTS, Entry

__all__ = [
    "EXPERIMENTS",
    "Entry",
    "angles",
    "circuits",
    "demo",
    "directions",
    "images",
    "ladder",
    "map",
    "noise",
    "paper",
    "placebos",
    "recipes",
    "shots",
    "v2",
]
