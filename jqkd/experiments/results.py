"""What is known of each row: the model that report and pictures are made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from jqkd._checks import check_array, fail
from jqkd.common.digests import json_digest
from jqkd.common.files import plain
from jqkd.data import DATASETS, parse_classes
from jqkd.experiments import statistics as st
from jqkd.experiments.presets import Settings
from jqkd.experiments.rows import Row

# The paper's protocol first: it takes the epoch that is best on the test images.
PROTOCOLS = {"best": "best on test (paper)", "picked": "picked on validation", "final": "last"}


class Gain(NamedTuple):
    """Distilled minus alone, seed by seed, in points."""

    values: list[float]
    mean: float
    interval: st.Interval | None
    p: float
    p_holm: float | None = None


@dataclass
class RowResult:
    """One row, published and ours. Accuracies in %, by protocol, one for each seed.

    Attributes:
        row: the row.
        seeds: that all its numbers have in common.
        accuracy: protocol -> (R,).
        alone: the same of the student alone, for a distilled row.
        matched: the same with the distilled row's head and shots, where they differ.
        interval: where one more run falls, by the paper's protocol.
        verdict: on the published accuracy.
        gain: protocol -> as the notebooks run it.
        gain_matched: protocol -> with one head for both arms.
        gain_interval: where one more gain of two unrelated runs falls.
        gain_verdict: on the published gain.
        teacher_epochs: by architecture, where a teacher has to do with it.
        epochs_differ: that they are not the paper's.
    """

    row: Row
    seeds: list[int]
    accuracy: dict[str, list[float]]
    alone: dict[str, list[float]] | None = None
    matched: dict[str, list[float]] | None = None
    interval: st.Interval | None = None
    verdict: str | None = None
    gain: dict[str, Gain] = field(default_factory=dict)
    gain_matched: dict[str, Gain] = field(default_factory=dict)
    gain_interval: st.Interval | None = None
    gain_verdict: str | None = None
    teacher_epochs: dict[str, int] = field(default_factory=dict)
    epochs_differ: bool = False

    @property
    def num_classes(self) -> int:
        """C."""
        return len(parse_classes(self.row.classes, DATASETS[self.row.dataset].num_classes))


@dataclass
class MeanGain:
    """Mean gain over the distilled rows of a table, in points."""

    table: int
    stated: float
    of_rows: float
    ours: dict[str, Gain]
    ours_matched: dict[str, Gain]


@dataclass
class Summary:
    """A results folder, understood."""

    settings: Settings
    rows: list[RowResult]
    means: list[MeanGain]
    missing: list[str]
    machines: list[str]
    seconds: float

    def digest(self) -> str:
        """Sixteen hex digits that name the numbers that all else follows from."""
        names = ("seeds", "accuracy", "alone", "matched")
        rows = [
            {"row": vars(r.row)} | {name: getattr(r, name) for name in names} for r in self.rows
        ]
        return json_digest(plain([self.settings.to_json(), rows]))


def gain_of(distilled: list[float], alone: list[float]) -> Gain:
    """Paired gain of some seeds.

    Raises:
        InputError: no seeds, other numbers of them, or numbers that are not finite.

    Example:
        >>> gain_of([3.0, 5.0, 4.0], [1.0, 1.0, 1.0]).mean
        3.0
    """
    check_array("distilled", distilled, ("R",))
    check_array("alone", alone, ("R",))
    if not len(distilled) or len(alone) != len(distilled):
        fail("alone", "have a number for each seed, as many as `distilled`", f"{len(alone)}")
    values = [round(b - a, 9) for a, b in zip(alone, distilled, strict=True)]
    return Gain(values, float(np.mean(values)), st.mean_interval(values), st.sign_flip(values))
