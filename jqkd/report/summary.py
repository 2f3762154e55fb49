"""What the records of an experiment say: the numbers that tables and pictures are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import takewhile
from typing import Any

import numpy as np

from jqkd import statistics as st
from jqkd.common.digests import json_digest
from jqkd.common.files import plain
from jqkd.experiments.analysis import ArmRecord
from jqkd.experiments.model import PROTOCOLS, Arm, Comparison, Contrast, Experiment, present
from jqkd.report.pace import Paced, paced
from jqkd.report.worth import Valued, valued
from jqkd.statistics import Gain, Interval
from jqkd.training.config import StudentConfig, TeacherConfig


@dataclass(frozen=True)
class Line:
    """An arm with runs.

    Attributes:
        record: its runs.
        protocol: the experiment's.
        accuracy: protocol -> (R,), in %.
        fallen: which runs are no better than guessing.
        interval: where one more run falls.
        verdict: on the published accuracy; ``None`` where there is none.
        epochs_differ: whether a teacher was not trained for as long as the published one.
    """

    record: ArmRecord
    protocol: str
    accuracy: dict[str, list[float]]
    fallen: list[bool]
    interval: Interval | None
    verdict: str | None
    epochs_differ: bool

    @property
    def arm(self) -> Arm:
        """The arm."""
        return self.record.arm

    @property
    def config(self) -> StudentConfig | TeacherConfig:
        """Of its students, or of the teacher that it is."""
        return self.arm.config

    @property
    def values(self) -> list[float]:
        """Accuracies by the experiment's protocol."""
        return self.accuracy[self.protocol]

    @property
    def below(self) -> int | None:
        """How many runs are below the published accuracy."""
        published = self.arm.published
        return None if published is None else sum(v < published - 0.005 for v in self.values)

    @property
    def images_seen(self) -> int | None:
        """Images that one of its students is trained on, as often as it sees them."""
        student = self.arm.student
        return None if student is None else present(student.epochs) * student.num_images

    @property
    def taught_by(self) -> str | None:
        """Architecture of its students' teacher."""
        return self.arm.teacher.arch if self.arm.student and self.arm.teacher else None


@dataclass(frozen=True)
class Difference:
    """A comparison with runs, over the ``seeds`` that both arms have.

    Attributes:
        gain: protocol -> arm minus baseline.
        interval: where the difference of one more run of each falls.
        verdict: on the published difference; ``None`` where there is none.
    """

    comparison: Comparison
    arm: Line
    baseline: Line
    seeds: list[int]
    gain: dict[str, Gain]
    interval: Interval | None
    verdict: str | None

    @property
    def main(self) -> Gain:
        """By the experiment's protocol."""
        return self.gain[self.arm.protocol]


@dataclass(frozen=True)
class Summary:
    """An experiment, understood.

    Attributes:
        lines: by name of their arm, those that are only compared with too.
        differences: of the comparisons that have runs.
        contrasts: of complete sets of comparisons, by protocol.
        missing: arms without a run.
        machines: where the runs were made.
        valued: the experiment's curves that have runs.
        paced: its paces that have runs.
        declared: what was written down beforehand, in a sentence.
    """

    experiment: Experiment
    lines: dict[str, Line]
    differences: list[Difference]
    contrasts: list[tuple[Contrast, dict[str, Gain]]]
    missing: list[str]
    machines: list[str]
    valued: Sequence[Valued] = ()
    paced: Sequence[Paced] = ()
    declared: str = ""

    @property
    def shown(self) -> list[Line]:
        """Lines of the tables."""
        return [line for line in self.lines.values() if not line.arm.hidden]

    @property
    def students(self) -> list[Line]:
        """Those that are students."""
        return [line for line in self.shown if not line.arm.is_teacher]

    @property
    def sections(self) -> dict[str, list[Line]]:
        """Lines by data set, under what their groups have in common."""
        by_data: dict[str, list[Line]] = {}
        for line in self.shown:
            by_data.setdefault(line.config.dataset, []).append(line)
        return {_common(lines) or name: lines for name, lines in by_data.items()}

    @property
    def teachers(self) -> list[str | None]:
        """Who teaches, in order of appearance; ``None`` for students alone, first."""
        teachers = dict.fromkeys(line.taught_by for line in self.students)
        return sorted(teachers, key=lambda name: name is not None)

    @property
    def second(self) -> str:
        """The protocol that stands beside the experiment's own."""
        return "best" if self.experiment.protocol == "picked" else "picked"

    def of(self, line: Line) -> list[Difference]:
        """Comparisons of a line with others, in the experiment's order."""
        return [one for one in self.differences if one.comparison.arm == line.arm.name]

    def digest(self) -> str:
        """Sixteen hex digits that name the numbers that all else follows from."""
        records = [line.record for line in self.lines.values()]
        arms = [
            [_named(one.arm), one.seeds, one.right, one.mechanism, *([one.probe] * bool(one.probe))]
            for one in records
        ]
        experiment, pairs = self.experiment, list(map(vars, self.experiment.comparisons))
        curves = [asdict(one) for one in (*experiment.curves, *experiment.paces)]
        return json_digest(plain([experiment.protocol, pairs, arms, *curves]))


def summarise(
    experiment: Experiment,
    records: dict[str, ArmRecord],
    machines: Sequence[str] = (),
    declared: str = "",
) -> Summary:
    """All arms and comparisons of an experiment that have runs; records by name of their arm."""
    arms = [arm for arm in experiment.arms if arm.name in records]
    lines = {arm.name: _line(records[arm.name], experiment) for arm in arms}
    both = [c for c in experiment.comparisons if c.arm in lines and c.baseline in lines]
    made = (_difference(c, lines[c.arm], lines[c.baseline]) for c in both)
    differences = _corrected([one for one in made if one is not None])
    missing = [arm.name for arm in experiment.arms if arm.name not in lines]
    contrasts = _contrasts(experiment, differences)
    curves = [one for curve in experiment.curves if (one := valued(curve, lines))]
    paces = [one for pace in experiment.paces for one in paced(pace, lines)]
    about = (missing, list(machines), curves, paces, declared)
    return Summary(experiment, lines, differences, contrasts, *about)


def _named(arm: Arm) -> dict[str, Any]:
    configs = {"student": arm.student, "teacher": arm.teacher}
    return vars(arm) | {name: config and config.digest() for name, config in configs.items()}


def _common(lines: list[Line]) -> str:
    """Words with which all groups begin."""
    words = zip(*(line.arm.group.split() for line in lines), strict=False)
    return " ".join(same[0] for same in takewhile(lambda some: len(set(some)) == 1, words))


def _line(record: ArmRecord, experiment: Experiment) -> Line:
    arm, protocol = record.arm, experiment.protocol
    accuracy = {name: record.accuracy(name) for name in PROTOCOLS}
    classes = arm.config.num_classes
    fallen = [st.collapsed([value], classes) == 1 for value in accuracy[protocol]]
    interval, verdict = st.next_run(accuracy[protocol]), None
    differ = experiment.published_epochs is not None and any(
        epochs != experiment.published_epochs for epochs in record.teacher_epochs.values()
    )
    if arm.published is not None:
        verdict = st.verdict(arm.published, interval, len(record.seeds))
        verdict = "undecidable" if arm.is_teacher and differ else verdict
    return Line(record, protocol, accuracy, fallen, interval, verdict, differ)


def _difference(comparison: Comparison, arm: Line, baseline: Line) -> Difference | None:
    seeds = sorted(set(arm.record.seeds) & set(baseline.record.seeds))
    if not seeds:
        return None
    pairs = {p: (_of_seeds(arm, p, seeds), _of_seeds(baseline, p, seeds)) for p in PROTOCOLS}
    gain = {p: st.gain_of(*pair) for p, pair in pairs.items()}
    values, baselines = pairs[arm.protocol]
    interval, verdict, published = st.next_gain(baselines, values), None, comparison.published
    if published is not None:
        widest = st.widest_for_gain(published)
        verdict = st.verdict(published, interval, len(seeds), widest)
    return Difference(comparison, arm, baseline, seeds, gain, interval, verdict)


def _of_seeds(line: Line, protocol: str, seeds: list[int]) -> list[float]:
    by_seed = dict(zip(line.record.seeds, line.accuracy[protocol], strict=True))
    return [by_seed[seed] for seed in seeds]


def _corrected(differences: list[Difference]) -> list[Difference]:
    families = [one.comparison.family for one in differences]
    gains = _holm([one.gain for one in differences], families)
    return [replace(one, gain=gain) for one, gain in zip(differences, gains, strict=True)]


def _holm(gains: list[dict[str, Gain]], families: list[str]) -> list[dict[str, Gain]]:
    """Holm's correction within each family, protocol by protocol."""
    corrected = [dict(gain) for gain in gains]
    for family in set(families) - {""}:
        members = [i for i, name in enumerate(families) if name == family]
        for protocol in PROTOCOLS:
            adjusted = st.holm([gains[i][protocol].p for i in members])
            for i, p in zip(members, adjusted, strict=True):
                corrected[i][protocol] = gains[i][protocol]._replace(p_holm=p)
    return corrected


def _contrasts(
    experiment: Experiment, differences: list[Difference]
) -> list[tuple[Contrast, dict[str, Gain]]]:
    """Those of comparisons that all have runs, of some common seed."""
    compared = {(one.comparison.arm, one.comparison.baseline): one for one in differences}
    made = []
    for contrast in experiment.contrasts:
        members = [compared[pair] for pair in contrast.pairs if pair in compared]
        if len(members) == len(contrast.terms) > 0:
            seeds = sorted(set.intersection(*(set(one.seeds) for one in members)))
            if seeds:
                weights = [weight for weight, _, _ in contrast.terms]
                gains = {p: _weighted(members, weights, p, seeds) for p in PROTOCOLS}
                made.append((contrast, gains))
    families = [contrast.family for contrast, _ in made]
    corrected = _holm([gains for _, gains in made], families)
    return [(contrast, gains) for (contrast, _), gains in zip(made, corrected, strict=True)]


def _weighted(
    members: list[Difference], weights: list[float], protocol: str, seeds: list[int]
) -> Gain:
    """Seed by seed, over all members."""
    values = [[one.gain[protocol].values[one.seeds.index(s)] for one in members] for s in seeds]
    return st.gain_of((np.array(values) @ weights).tolist(), [0.0] * len(seeds))
