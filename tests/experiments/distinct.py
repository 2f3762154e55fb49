"""Made-up results in which every number differs from every other, so that a mix-up shows."""

from __future__ import annotations

from itertools import count

from jqkd.experiments.plan import alone_arm, distilled_arm
from jqkd.experiments.presets import Settings
from jqkd.experiments.results import PROTOCOLS, Gain, MeanGain, RowResult, Summary
from jqkd.experiments.rows import ROWS
from jqkd.experiments.study import DATA, Study, Variant
from jqkd.experiments.study_results import Line

NAMES = (
    "mnist-0-5-3q-alone",
    "mnist-0-7-4q-alone",
    "mnist-0-5-teacher-alexnet",
    "mnist-0-7-4q-alexnet",
    "mnist-0-5-3q-lenet",
    "mnist-0-5-3q-ensemble",
    "fashion_mnist-0-5-3q-alone",
    "fashion_mnist-0-7-3q-lenet",
)
VERDICTS = ("reproduced", "higher", "lower", "undecidable")


class Numbers:
    """Ever new numbers, unevenly spaced, so that no mean is a median."""

    def __init__(self) -> None:
        self._count = count(1)

    def values(self, size: int) -> list[float]:
        """Accuracies in %."""
        first = next(self._count)
        return [30 + 0.3137 * first + 0.1713 * seed**2 for seed in range(size)]

    def gain(self, size: int) -> Gain:
        """A gain with an uneven interval; every third one is below 0."""
        number = next(self._count)
        sign = -1 if number % 3 == 0 else 1
        middle = sign * (1 + 0.13 * number)
        values = [middle + 0.2 * (seed - (size - 1) / 2) for seed in range(size)]
        interval = (middle - 0.11 - 0.01 * number, middle + 0.52 + 0.02 * number)
        return Gain(values, middle, interval, 0.002 + 0.003 * number, 0.011 + 0.007 * number)


def row_named(name: str):
    return next(row for row in ROWS if row.name == name)


def summary(preset: str = "paper-code", names: tuple[str, ...] = NAMES) -> Summary:
    """Three to six seeds a row, all numbers distinct; one row of two heads."""
    numbers, results = Numbers(), []
    for place, row in enumerate(map(row_named, names)):
        size = 3 + place % 4
        by_protocol = lambda: {p: numbers.values(size) for p in PROTOCOLS}  # noqa: B023, E731
        found = RowResult(row, list(range(size)), by_protocol())
        found.interval = (20 + 0.7 * place, 90 + 0.3 * place)
        found.verdict = VERDICTS[place % 4]
        if row.teacher is not None:
            found.teacher_epochs = {row.teacher: 10}
        if row.kind == "distilled":
            found.alone = by_protocol()
            found.gain = {p: numbers.gain(size) for p in PROTOCOLS}
            found.gain_matched = {p: numbers.gain(size) for p in PROTOCOLS}
            found.gain_interval = (-3 - 0.2 * place, 4 + 0.5 * place)
            found.gain_verdict = VERDICTS[(place + 1) % 4]
            if preset == "paper-code" and row.head != "concat-sigmoid":
                found.matched = by_protocol()
        results.append(found)
    gains = [{p: numbers.gain(4) for p in PROTOCOLS} for _ in range(4)]
    means = [MeanGain(1, 0.80, 0.76, *gains[:2]), MeanGain(2, 5.40, 5.41, *gains[2:])]
    return Summary(Settings(preset), results, means, ["a-row-without-runs"], ["a machine"], 1.0)


class Curves:
    """Stands in for a results folder: three seeds of every arm, skewed, distinct by arm."""

    METRICS = ("train_loss", "validation_loss", "test_loss")

    def __init__(self, found: Summary) -> None:
        self.arms = {}
        for result in found.rows:
            if result.row.kind != "teacher":
                self.arms.setdefault(arm_of(result, found).name, len(self.arms))

    def curve(self, arm, metric: str, seed: int) -> list[float]:
        start = self.arms[arm.name] + 100 * self.METRICS.index(metric)
        return [
            start + 0.01 * epoch + (0.0, 0.1, 0.4)[seed] for epoch in arm.config.evaluated_epochs
        ]

    def runs(self, arm) -> dict:
        seeds = range(3)
        return {s: {"curves": {m: self.curve(arm, m, s) for m in self.METRICS}} for s in seeds}


def arm_of(result: RowResult, found: Summary):
    make = distilled_arm if result.row.kind == "distilled" else alone_arm
    return make(result.row, found.settings)


def study(mechanism: bool = True) -> Study:
    variants = (
        Variant("alone", "alone", "robust"),
        Variant("other", "another head", "robust/paper-head", {}, None, "alone"),
        Variant("far", "far taught", "robust", {"weight": 1.5}, "lenet", "alone"),
        Variant("late", "late taught", "robust", {"weight": 3.5}, "lenet", "alone"),
        Variant("wide", "wide taught", "robust", {"weight": 2.5}, "ensemble", "alone"),
    )
    return Study("made-up", "Made up", "Nothing is compared.", variants, mechanism)


def study_lines(of: Study) -> list[Line]:
    """Two data sets; one seed of the first line has collapsed; not every line on both."""
    numbers, gains, lines = Numbers(), Numbers(), []
    for data in (DATA["mnist"], DATA["fashion_mnist"]):
        for variant in of.variants[: 5 if data.dataset == "mnist" else 4]:
            size = 3 + len(lines) % 3
            accuracy = {p: numbers.values(size) for p in PROTOCOLS}
            if not lines:
                accuracy["final"][1] = 17.0
            names = ("feature", "slope", "sine", "dead") if of.shows_mechanism else ()
            why = {name: [value / 7 for value in numbers.values(size)] for name in names}
            gain = gains.gain(size) if variant.against else None
            if gain and variant.teacher is None:
                gain = gain._replace(p_holm=None)
            seeds = list(range(size))
            config = variant.config(data)
            lines.append(Line(variant, data, config, seeds, accuracy, why, gain))
    return lines
