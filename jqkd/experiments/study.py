"""A study is data: variants of a student that differ in one thing, and what they are compared with.

Its units of work are those of the tables, so that a results folder can hold both, and students
that several studies ask for are trained once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any

from jqkd._checks import (
    check_choice,
    check_integer,
    check_list,
    check_type,
    fail,
    shown,
)
from jqkd.data import DATASETS, parse_classes
from jqkd.experiments.plan import (
    Arm,
    TeacherUnit,
    Unit,
    answers_of,
    make_arm,
    student_units,
    teacher_unit,
)
from jqkd.experiments.presets import TeacherPlan
from jqkd.experiments.rows import NAMES
from jqkd.models import NETWORKS, TEACHERS
from jqkd.models.arguments import WIDEST
from jqkd.training.config import StudentConfig, TeacherConfig


@dataclass(frozen=True)
class Data:
    """Images, and a circuit of a width that fits them."""

    dataset: str
    classes: str
    qubits: int

    def __post_init__(self) -> None:
        check_choice("dataset", self.dataset, DATASETS)
        parse_classes(self.classes, DATASETS[self.dataset].num_classes)
        object.__setattr__(self, "qubits", check_integer("qubits", self.qubits, 1, WIDEST))

    @property
    def label(self) -> str:
        """For a reader."""
        return f"{NAMES[self.dataset]} {self.classes}"


# The last one is small and comes with scikit-learn.
DATA: dict[str, Data] = {
    "mnist": Data("mnist", "0-5", 3),
    "fashion_mnist": Data("fashion_mnist", "0-5", 3),
    "digits": Data("digits", "0-1", 2),
}
# In the list of what a results folder was asked for, where the tables keep their rows.
MARK = "study:"
DEFAULT_DATA = ("mnist", "fashion_mnist")


@dataclass(frozen=True)
class Variant:
    """A line of a study.

    Attributes:
        name: names it on the command line.
        label: names it for a reader.
        preset: a name of ``jqkd.models.NETWORKS``.
        changes: fields of ``StudentConfig`` that differ from the preset's own training.
        teacher: architecture of the teacher; ``None`` for a student alone.
        against: name of the variant it is compared with, seed by seed. For a distilled student
            that is the same student alone.
    """

    name: str
    label: str
    preset: str
    changes: dict[str, Any] = field(default_factory=dict)
    teacher: str | None = None
    against: str | None = None

    def __post_init__(self) -> None:
        for name in ("name", "label"):
            check_type(name, getattr(self, name), str, "a text")
        check_choice("preset", self.preset, NETWORKS)
        check_type("changes", self.changes, dict, "a dictionary of fields of StudentConfig")
        for name in self.changes:
            check_choice("changes", name, [one.name for one in fields(StudentConfig)])
        if self.teacher is not None:
            check_choice("teacher", self.teacher, TEACHERS)
        if self.against is not None:
            check_type("against", self.against, str, "the name of a variant, or None")

    def config(self, data: Data) -> StudentConfig:
        """How its students are trained."""
        check_type("data", data, Data, "a Data")
        exact = {} if NETWORKS[self.preset].draws_shots else {"shots": None}
        given = exact | self.changes
        return StudentConfig(data.dataset, data.classes, data.qubits, self.preset, **given)

    def arm(self, data: Data) -> Arm:
        """Its students, alone or distilled."""
        config = self.config(data)
        if self.teacher is None:
            return make_arm(config, "alone")
        taught = TeacherConfig(self.teacher, data.dataset, data.classes)
        return make_arm(config, "distilled", TeacherPlan(taught, taught.members))


@dataclass(frozen=True)
class Study:
    """A question.

    Attributes:
        name: names it on the command line.
        title: its heading.
        about: what is compared, in a sentence or two.
        variants: its lines; what a line is compared with comes before it.
        shows_mechanism: whether the report says where features have gone; else it shows gains.
    """

    name: str
    title: str
    about: str
    variants: tuple[Variant, ...]
    shows_mechanism: bool = False

    def __post_init__(self) -> None:
        for name in ("name", "title", "about"):
            check_type(name, getattr(self, name), str, "a text")
        variants = tuple(check_list("variants", self.variants, Variant, "Variants"))
        object.__setattr__(self, "variants", variants)
        names = [variant.name for variant in variants]
        if not names or len(set(names)) != len(names):
            fail("variants", "be at least one, each with a name of its own", names)

    def variant(self, name: str) -> Variant:
        """By name."""
        check_choice("name", name, [variant.name for variant in self.variants])
        return next(variant for variant in self.variants if variant.name == name)

    def select(self, glob: str) -> list[Variant]:
        """Variants whose names match, and those that they are compared with.

        Raises:
            InputError: none matches.

        Example:
            >>> alone = Variant("a", "alone", "robust")
            >>> taught = Variant("b", "taught", "robust", {}, "lenet", "a")
            >>> [variant.name for variant in Study("s", "", "", (alone, taught)).select("b")]
            ['a', 'b']
        """
        check_type("glob", glob, str, "a text such as robust*")
        wanted = {v.name for v in self.variants if fnmatchcase(v.name, glob)}
        if not wanted:
            names = ", ".join(variant.name for variant in self.variants)
            fail("glob", f"match variants of study {self.name}", shown(glob), f"there are {names}")
        # Not for those alone: the steps of a ladder do not all need the first one.
        wanted |= {self.variant(n).against for n in tuple(wanted) if self.variant(n).teacher}
        return [variant for variant in self.variants if variant.name in wanted]


def arms_of(studies: Sequence[Study], data: Sequence[Data], glob: str = "*") -> list[Arm]:
    """Every kind of student of some studies, each once; those alone come first.

    Example:
        >>> from jqkd.experiments.studies import STUDIES
        >>> arms = arms_of([STUDIES["recipes"], STUDIES["controls"]], [DATA["digits"]])
        >>> sum(arm.arm == "alone" for arm in arms), arms[0].arm
        (1, 'alone')
    """
    studies = check_list("studies", studies, Study, "studies")
    data = check_list("data", data, Data, "Data")
    chosen = [variant for study in studies for variant in study.select(glob)]
    arms = {arm.name: arm for arm in (v.arm(one) for one in data for v in chosen)}
    return sorted(arms.values(), key=lambda arm: arm.arm)


def teachers_of(arms: Sequence[Arm]) -> list[TeacherUnit]:
    """Every teacher of some arms, each once; parts of an average come before it."""
    arms = check_list("arms", arms, Arm, "arms")
    units: dict[str, TeacherUnit] = {}
    for plan in (arm.teacher for arm in arms if arm.teacher):
        parts = [TeacherPlan(m, (m,)) for m in plan.members if m != plan.config]
        units |= {unit.name: unit for unit in map(teacher_unit, [*parts, plan])}
    return sorted(units.values(), key=lambda unit: bool(unit.needs))


def units_of(
    arms: Sequence[Arm],
    seeds: int,
    *,
    block: int = 2,
    present: Callable[[Arm], set[int]] = lambda arm: set(),
) -> list[Unit]:
    """All units of work of some arms.

    Args:
        arms: the students.
        seeds: of every kind, seeds 0, 1, ...
        block: seeds in a unit.
        present: seeds of an arm that are there already; they are in no unit.

    Raises:
        InputError: a number below 1, or more seeds than statistics can be made of.

    Example:
        >>> from jqkd.experiments.studies import STUDIES
        >>> len(units_of(arms_of([STUDIES["controls"]], [DATA["digits"]]), seeds=2))
        7
    """
    students = student_units(arms, seeds, block, present)
    return [*teachers_of(arms), *answers_of(arms), *students]


def chosen_data(names: str) -> list[Data]:
    """Data by names with commas.

    Raises:
        InputError: a name that is not one of ``DATA``.

    Example:
        >>> [data.label for data in chosen_data("mnist,digits")]
        ['MNIST 0-5', 'digits 0-1']
    """
    check_type("datasets", names, str, "names with commas")
    found = [name.strip() for name in names.split(",")]
    for name in found:
        check_choice("datasets", name, DATA)
    return [DATA[name] for name in dict.fromkeys(found)]


def images_seen(config: StudentConfig) -> int:
    """Images that one student is trained on, each counted as often as it is seen."""
    check_type("config", config, StudentConfig, "a StudentConfig")
    return config.epochs * config.num_images
