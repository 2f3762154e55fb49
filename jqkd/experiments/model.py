"""What an experiment is: arms, and comparisons between them. Data, and nothing else.

An arm is one line of a table: students that differ in their seed only, or a teacher. A comparison
is a difference of two arms, seed by seed. Planner, analysis and report follow this description;
none of them knows an experiment by name.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import jqkd
from jqkd._checks import (
    check_choice,
    check_integer,
    check_list,
    check_number,
    check_type,
    fail,
    shown,
)
from jqkd.training.config import StudentConfig, TeacherConfig

if TYPE_CHECKING:
    from jqkd.experiments.analysis import ArmRecord

# Accuracies by protocol: the paper takes the epoch that is best on the test images.
PROTOCOLS = ("final", "picked", "best")
_NAMES_OF_ARMS = tuple((name, str, "names of arms") for name in ("arms", "baselines"))
T = TypeVar("T")


def present(value: T | None) -> T:
    """What a job or an arm of its kind cannot lack."""
    assert value is not None
    return value


@dataclass(frozen=True)
class Arm:
    """One line of a table.

    Attributes:
        name: names it on the command line; unique within its experiment.
        label: names it for a reader, beside its group.
        group: heading that it stands under: data set and classes.
        student: how its students are trained; ``None`` where the line is the teacher itself.
        teacher: of distilled students, or the line's own; ``None`` for students alone.
        published: accuracy, in % of the test images; ``None`` where nobody published one.
        note: a footnote.
        hidden: whether it is there to be compared with only, and no line of the table.
    """

    name: str
    label: str
    group: str
    student: StudentConfig | None
    teacher: TeacherConfig | None = None
    published: float | None = None
    note: str = ""
    hidden: bool = False

    def __post_init__(self) -> None:
        for name in ("name", "label", "group", "note"):
            check_type(name, getattr(self, name), str, "a text")
        if self.published is not None:
            check_number("published", self.published, least=0, most=100)
        check_type("hidden", self.hidden, bool, "true or false")
        if self.student is None and self.teacher is None:
            fail("student", "be given where there is no teacher", "None")

    @property
    def is_teacher(self) -> bool:
        """Whether the line is a teacher's own."""
        return self.student is None

    @property
    def config(self) -> StudentConfig | TeacherConfig:
        """Of its students, or of the teacher that it is."""
        return self.student or present(self.teacher)


@dataclass(frozen=True)
class Comparison:
    """A difference of accuracies, arm minus baseline, seed by seed.

    Attributes:
        arm: name of an arm.
        baseline: name of the arm that it is compared with.
        label: what the difference is called where one arm has several: ``one head``.
        published: difference in points; ``None`` where nobody published one.
        family: comparisons whose p-values are corrected together (Holm); ``""`` for none, and then
            no p-value is shown.
        note: a footnote.
    """

    arm: str
    baseline: str
    label: str = "gain"
    published: float | None = None
    family: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        for name in ("arm", "baseline", "label", "family", "note"):
            check_type(name, getattr(self, name), str, "a text")
        if self.published is not None:
            check_number("published", self.published, least=-100, most=100)


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of differences, seed by seed: their mean, a slope, one minus another.

    Attributes:
        label: for a reader.
        terms: (weight, arm, baseline) of each difference, which is one of the comparisons.
        family: contrasts whose p-values are corrected together (Holm); ``""`` for none.
        published: what the text of a paper states, in points.
        published_rows: the sum of the published differences themselves.
    """

    label: str
    terms: tuple[tuple[float, str, str], ...]
    family: str = ""
    published: float | None = None
    published_rows: float | None = None

    def __post_init__(self) -> None:
        check_type("family", self.family, str, "a text")
        terms = tuple(
            (check_number("weight", weight), arm, baseline) for weight, arm, baseline in self.terms
        )
        object.__setattr__(self, "terms", terms)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """(arm, baseline) of each."""
        return [(arm, baseline) for _, arm, baseline in self.terms]


@dataclass(frozen=True)
class Curve:
    """What a teacher is worth in another currency: as many images, shots, epochs of its students.

    At each x an arm with a teacher is set against the baselines at all x: where would a baseline
    be as accurate?

    Attributes:
        label: what has a worth, in a sentence: ``a LeNet``.
        unit: what x counts, many of them: ``images a class``.
        x: ascending, above 0; at least two.
        arms: names of those with what has a worth, one for each x.
        baselines: names of those without.
        at: the x whose worth is the answer; the others stand in a table.
    """

    label: str
    unit: str
    x: tuple[float, ...]
    arms: tuple[str, ...]
    baselines: tuple[str, ...]
    at: float

    def __post_init__(self) -> None:
        for name in ("label", "unit"):
            check_type(name, getattr(self, name), str, "a text")
        for name, kind, what in (("x", (int, float), "numbers"), *_NAMES_OF_ARMS):
            items = tuple(check_list(name, getattr(self, name), kind, what))
            object.__setattr__(self, name, items)
        if not len(self.x) == len(self.arms) == len(self.baselines) > 1:
            lengths = f"{len(self.x)}, {len(self.arms)} and {len(self.baselines)}"
            fail("x", "have as many numbers as there are arms and baselines, two or more", lengths)
        if self.x[0] <= 0 or list(self.x) != sorted(set(self.x)):
            fail("x", "ascend, from above 0", shown(self.x))
        if self.at not in self.x:
            fail("at", "be one of x", shown(self.at))


@dataclass(frozen=True)
class Pace:
    """How many shots two arms need until they are as accurate as a third one is in the end.

    Attributes:
        label: what differs between the two, for a reader: ``taught, constant``.
        arm: name of an arm.
        baseline: name of the arm that it is compared with, seed by seed.
        goal: name of the arm whose mean accuracy after its last epoch is the goal.
        shares: of the goal.
    """

    label: str
    arm: str
    baseline: str
    goal: str
    shares: tuple[float, ...] = (0.95, 0.99)

    def __post_init__(self) -> None:
        for name in ("label", "arm", "baseline", "goal"):
            check_type(name, getattr(self, name), str, "a text")
        shares = tuple(check_number("shares", one, above=0, most=1) for one in self.shares)
        object.__setattr__(self, "shares", shares)


@dataclass(frozen=True)
class Experiment:
    """A question.

    Args:
        name: names it on the command line, and its files.
        title: its heading.
        about: what is compared, in a sentence or two.
        arms: its lines, in the order of the report.
        comparisons: between them.
        protocol: a name of ``PROTOCOLS``: what tables, pictures and verdicts go by.
        seeds: students of every kind, where nothing else is asked for.
        contrasts: of some of the comparisons.
        shows_mechanism: whether the report says where features have gone.
        shows_turning: whether it draws gains against the accuracy of students alone.
        published_protocol: how the published accuracies were read; ``None`` if that is not known.
        published_epochs: of the published teachers; others are marked, and not judged.
        curves: whose arms and baselines differ in one quantity.
        paces: shots to some accuracy.

    Raises:
        InputError: two arms of one name, or a comparison of arms that are not there.
    """

    name: str
    title: str
    about: str
    arms: tuple[Arm, ...]
    comparisons: tuple[Comparison, ...] = ()
    protocol: str = "final"
    seeds: int = 10
    contrasts: tuple[Contrast, ...] = ()
    shows_mechanism: bool = False
    shows_turning: bool = False
    published_protocol: str | None = None
    published_epochs: int | None = None
    curves: tuple[Curve, ...] = ()
    paces: tuple[Pace, ...] = ()

    def __post_init__(self) -> None:
        for name in ("name", "title", "about"):
            check_type(name, getattr(self, name), str, "a text")
        check_choice("protocol", self.protocol, PROTOCOLS)
        if self.published_protocol is not None:
            check_choice("published_protocol", self.published_protocol, PROTOCOLS)
        check_integer("seeds", self.seeds, 1)
        for name in ("shows_mechanism", "shows_turning"):
            check_type(name, getattr(self, name), bool, "true or false")
        for name, kind in _KINDS.items():
            items = check_list(name, getattr(self, name), kind, f"{kind.__name__}s")
            object.__setattr__(self, name, tuple(items))
        names = [arm.name for arm in self.arms]
        twice = [name for name, count in Counter(names).items() if count > 1]
        if not names or twice:
            given = shown(twice[0]) + " twice" if twice else "none"
            fail("arms", "be at least one, each with a name of its own", given)
        pairs = [(name, getattr(c, name)) for c in self.comparisons for name in ("arm", "baseline")]
        pairs += [("arms", name) for curve in self.curves for name in curve.arms + curve.baselines]
        pairs += [(k, getattr(one, k)) for one in self.paces for k in ("arm", "baseline", "goal")]
        known = set(names)
        for which, name in pairs:
            if name not in known:
                check_choice(which, name, names)

    def run(self, out: str | Path = "runs", **options: Any) -> dict[str, ArmRecord]:
        """Do what is not in a store yet, see ``jqkd.run_experiment``."""
        # What does it stands above this module: it is asked for by its public name.
        return jqkd.run_experiment(self, out, **options)

    def report(self, out: str | Path = "runs", **options: Any) -> list[Path]:
        """Write the report of what a store has of it, see ``jqkd.report_experiment``."""
        return jqkd.report_experiment(self, out, **options)

    def arm(self, name: str) -> Arm:
        """By name.

        Raises:
            InputError: there is none.
        """
        check_choice("arm", name, [arm.name for arm in self.arms])
        return next(arm for arm in self.arms if arm.name == name)

    def select(self, patterns: tuple[str, ...]) -> Experiment:
        """The experiment with only the arms whose names match, and what those are compared with.

        Args:
            patterns: such as ``*-3q-lenet``; none means all.

        Raises:
            InputError: a pattern that no arm matches.
        """
        if not patterns:
            return self
        names = [arm.name for arm in self.arms]
        chosen: set[str] = set()
        for pattern in check_list("arms", patterns, str, "texts, such as *-3q-lenet"):
            matching = {name for name in names if fnmatchcase(name, pattern)}
            if not matching:
                some = ", ".join(names[:4])
                advice = f"they are called {some}, ..., and --dry-run lists them all"
                fail("arms", f"match arms of experiment {self.name}", shown(pattern), advice)
            chosen |= matching
        # Not of a step that is in no family: the steps of a ladder do not all need the first one.
        chosen |= {one.baseline for one in self.comparisons if one.arm in chosen and one.family}
        kept = [c for c in self.comparisons if {c.arm, c.baseline} <= chosen]
        pairs = {(c.arm, c.baseline) for c in kept}
        return replace(
            self,
            arms=tuple(arm for arm in self.arms if arm.name in chosen),
            comparisons=tuple(kept),
            contrasts=tuple(one for one in self.contrasts if pairs.issuperset(one.pairs)),
            curves=tuple(c for c in self.curves if chosen.issuperset(c.arms + c.baselines)),
            paces=tuple(p for p in self.paces if chosen.issuperset({p.arm, p.baseline, p.goal})),
        )


_KINDS = {
    "arms": Arm,
    "comparisons": Comparison,
    "contrasts": Contrast,
    "curves": Curve,
    "paces": Pace,
}
