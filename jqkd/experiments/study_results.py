"""From a results folder to what it says about each line of a study."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from jqkd.common.digests import json_digest
from jqkd.common.files import plain
from jqkd.data import DATASETS
from jqkd.experiments import statistics as st
from jqkd.experiments.results import PROTOCOLS, Gain, gain_of
from jqkd.experiments.store import Store
from jqkd.experiments.study import DATA, Data, Study, Variant, images_seen
from jqkd.training.config import StudentConfig

# What tables, pictures and differences go by: no choice of an epoch, by whatever images.
HEADLINE = "final"


@dataclass(frozen=True)
class Line:
    """A variant on some data.

    Attributes:
        variant: which.
        data: on what.
        config: how its students are trained.
        seeds: those that are there, ascending.
        accuracy: protocol -> (R,), in %.
        mechanism: name -> (R,), see ``mechanism``; empty if it is not known.
        difference: seed by seed, to the variant that it is compared with, over the seeds that both
            have, after the last epoch; its ``p_holm`` is over all taught lines of the study.
    """

    variant: Variant
    data: Data
    config: StudentConfig
    seeds: list[int]
    accuracy: dict[str, list[float]]
    mechanism: dict[str, list[float]]
    difference: Gain | None = None

    @property
    def fallen(self) -> list[bool]:
        """Which seeds have collapsed: no better than guessing, after the last epoch."""
        classes = self.config.num_classes
        return [st.collapsed([value], classes) == 1 for value in self.accuracy[HEADLINE]]

    @property
    def collapsed(self) -> int:
        """How many seeds have."""
        return sum(self.fallen)

    @property
    def images(self) -> int:
        """That one of its students sees in training."""
        return images_seen(self.config)


def lines_of(study: Study, store: Store) -> list[Line]:
    """Every line of a study that has numbers, data by data, in the study's order.

    Args:
        study: which.
        store: the results folder.
    """
    lines: list[Line] = []
    for data in DATA.values():
        found = {v.name: _line(v, data, store) for v in study.variants}
        there = {name: line for name, line in found.items() if line is not None}
        lines += [_compared(line, there) for line in there.values()]
    return _corrected(lines)


def missing(study: Study, lines: list[Line]) -> list[str]:
    """Variants without a number, on data where others have some."""
    there = {(line.data, line.variant.name) for line in lines}
    places = dict.fromkeys(line.data for line in lines)
    return [
        f"{variant.name} on {data.label}"
        for data in places
        for variant in study.variants
        if (data, variant.name) not in there
    ]


def digest(lines: list[Line]) -> str:
    """Sixteen hex digits that name the numbers that all else follows from."""
    numbers = [[line.config.to_json(), line.seeds, line.accuracy, line.mechanism] for line in lines]
    return json_digest(plain(numbers))


def _line(variant: Variant, data: Data, store: Store) -> Line | None:
    runs = store.runs(variant.arm(data))
    if not runs:
        return None
    config = variant.config(data)
    images = DATASETS[data.dataset].test_per_class * config.num_classes
    # Results keep seven digits; whole images restore the rest, so that equal runs are equal.
    accuracy = {
        name: [100 * round(run["test_accuracy"][name] * images) / images for run in runs.values()]
        for name in PROTOCOLS
    }
    whys = [run["mechanism"] for run in runs.values()]
    known = whys[0] if all(whys) else {}
    why = {name: [one[name] for one in whys] for name in known}
    return Line(variant, data, config, list(runs), accuracy, why)


def _compared(line: Line, there: dict[str, Line]) -> Line:
    other = there.get(line.variant.against)
    if other is None:
        return line
    mine, theirs = _by_seed(line), _by_seed(other)
    seeds = sorted(set(mine) & set(theirs))
    if not seeds:
        return line
    return replace(line, difference=gain_of([mine[s] for s in seeds], [theirs[s] for s in seeds]))


def _by_seed(line: Line) -> dict[int, float]:
    return dict(zip(line.seeds, line.accuracy[HEADLINE], strict=True))


def _corrected(lines: list[Line]) -> list[Line]:
    """Holm's correction over the gains of all taught lines."""
    taught = [i for i, line in enumerate(lines) if line.variant.teacher and line.difference]
    adjusted = st.holm([lines[i].difference.p for i in taught])
    found = list(lines)
    for i, p in zip(taught, adjusted, strict=True):
        found[i] = replace(lines[i], difference=lines[i].difference._replace(p_holm=p))
    return found


def middle(line: Line, name: str, chosen: list[bool]) -> float:
    """Median over some seeds of a number of the mechanism."""
    return float(np.median(np.array(line.mechanism[name])[chosen]))
