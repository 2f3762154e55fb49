"""Rows become units of work: a teacher, or a block of seeds of one kind of student.

A unit is a pure function of its configuration and carries its digest in its name. Students alone
are shared by all rows that are compared with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jqkd._checks import check_choice, check_integer, check_list, check_type, fail, shown
from jqkd.common.digests import json_digest
from jqkd.experiments.presets import (
    Settings,
    TeacherPlan,
    alone_config,
    distilled_config,
    matched_config,
    teacher_of,
)
from jqkd.experiments.rows import DISTILLED, TEACHER, Row
from jqkd.statistics import MOST_RUNS
from jqkd.training.config import StudentConfig
from jqkd.training.teaching import needs_views

# Of the digest in a unit's name.
_DIGITS = 12
# Seconds of one CPU core for one image and epoch, roughly: they weigh units against each other.
_STUDENT_COST = {"paper-code": 1.0e-3, "paper-text": 1.2e-3, "robust": 3e-4}
_TEACHER_COST = {"lenet": 5e-4, "alexnet": 2e-2, "joint-ensemble": 2.1e-2}
# Train images of one class, all of them.
_IMAGES = {"mnist": 6000, "fashion_mnist": 6000, "digits": 120}


@dataclass(frozen=True)
class TeacherUnit:
    """Train a teacher, or average two, and keep its logits for the students' images.

    Attributes:
        plan: which.
        name: where its result lies, without suffix.
        needs: names of the units that come before it.
    """

    plan: TeacherPlan
    name: str
    needs: tuple[str, ...] = ()

    @property
    def images(self) -> int:
        """Images seen in training; none where the parts are units of their own."""
        if self.needs:
            return 0
        of_class = _IMAGES[self.plan.config.dataset]
        return self.plan.config.epochs * self.plan.config.num_classes * of_class

    @property
    def cost(self) -> float:
        """Rough seconds of one core."""
        return 1 + self.images * _TEACHER_COST.get(self.plan.config.arch, 0)

    @property
    def label(self) -> str:
        """What it is, for a progress bar."""
        config = self.plan.config
        return f"{config.arch} {config.dataset} {config.classes}"


@dataclass(frozen=True)
class Arm:
    """Students that differ in their seed only.

    Attributes:
        config: their training.
        arm: ``alone`` or ``distilled``.
        teacher: of distilled ones.
        name: folder of their results.
        teacher_unit: name of the unit that holds the teacher's logits.
    """

    config: StudentConfig
    arm: str
    teacher: TeacherPlan | None
    name: str
    teacher_unit: str | None

    @property
    def label(self) -> str:
        """What they are, for a table of units."""
        config = self.config
        taught = f"by {self.teacher.config.arch}" if self.teacher else "alone"
        special = "" if config.term == "kl" else f", {config.term}"
        special += "" if config.control == "none" else f", {config.control}"
        shots = "exact" if config.shots is None else f"{config.shots} shots"
        data = f"{config.dataset} {config.classes} {config.qubits}q"
        return f"{data} {taught} ({config.head}{special}, {shots})"


@dataclass(frozen=True)
class StudentUnit:
    """A block of seeds of one arm."""

    arm: Arm
    seeds: tuple[int, ...]

    @property
    def name(self) -> str:
        """Where its result lies, without suffix."""
        return f"{self.arm.name}/seeds-{self.seeds[0]:03d}-{self.seeds[-1]:03d}"

    @property
    def needs(self) -> tuple[str, ...]:
        """The teacher's unit."""
        return () if self.arm.teacher_unit is None else (self.arm.teacher_unit,)

    @property
    def images(self) -> int:
        """Images seen in training, over all seeds."""
        config = self.arm.config
        return len(self.seeds) * config.epochs * config.num_images

    @property
    def cost(self) -> float:
        """Rough seconds of one core."""
        return 1 + self.images * _STUDENT_COST.get(self.arm.config.preset, 1e-3)

    @property
    def label(self) -> str:
        """What it is, for a progress bar."""
        config, first, last = self.arm.config, self.seeds[0], self.seeds[-1]
        taught = self.arm.teacher.config.arch if self.arm.teacher else "alone"
        return f"{config.dataset} {config.classes} {config.qubits}q {taught} seeds {first}-{last}"


@dataclass(frozen=True)
class AnswerUnit:
    """What a teacher says of the views of a student's images.

    Attributes:
        plan: the teacher.
        config: a student's; what the answers depend on is in the name.
        name: where the result lies, without suffix.
        needs: the teacher's unit; of an average also the answers of its parts.
    """

    plan: TeacherPlan
    config: StudentConfig
    name: str
    needs: tuple[str, ...]

    @property
    def images(self) -> int:
        """Images answered, none of them trained on."""
        return self.config.views * self.config.num_images

    @property
    def cost(self) -> float:
        """Rough seconds of one core: a third of training."""
        costs = [_TEACHER_COST.get(member.arch, 0) for member in self.plan.members]
        return 1 + self.images * sum(costs) / 3

    @property
    def label(self) -> str:
        """What it is, for a progress bar."""
        config = self.plan.config
        return f"{config.arch} {config.dataset} {config.classes} on {self.config.augmentation}"


Unit = TeacherUnit | AnswerUnit | StudentUnit


def teacher_unit(plan: TeacherPlan) -> TeacherUnit:
    """The unit of a teacher."""
    check_type("plan", plan, TeacherPlan, "a TeacherPlan")
    config = plan.config
    # The parts' epochs are told apart by the members, not by the average's own configuration.
    digest = json_digest([member.to_json() for member in plan.members] + [config.arch], _DIGITS)
    classes = config.classes.replace(",", "_")
    name = f"teachers/{config.arch}-{config.dataset}-{classes}-s{config.seed}-{digest}"
    return TeacherUnit(plan, name, tuple(teacher_unit(part).name for part in _parts(plan)))


def answer_unit(plan: TeacherPlan, config: StudentConfig) -> AnswerUnit:
    """The unit of a teacher's answers to a student's views."""
    check_type("config", config, StudentConfig, "a StudentConfig")
    teacher = teacher_unit(plan).name
    depends = [teacher, config.augmentation, config.views, config.per_class, config.selection]
    digest = json_digest([*depends, config.needs_features], _DIGITS)
    taught = plan.config
    classes = taught.classes.replace(",", "_")
    name = f"answers/{taught.arch}-{taught.dataset}-{classes}-{config.augmentation}-{digest}"
    parts = [answer_unit(part, config).name for part in _parts(plan)]
    return AnswerUnit(plan, config, name, (teacher, *parts))


def _parts(plan: TeacherPlan) -> list[TeacherPlan]:
    """The teachers that a teacher is the average of; none where it is one itself."""
    return [TeacherPlan(member, (member,)) for member in plan.members if member != plan.config]


def teaching_unit(plan: TeacherPlan, config: StudentConfig) -> TeacherUnit | AnswerUnit:
    """The unit that holds what a student is taught: answers to its views, or the plain logits."""
    return answer_unit(plan, config) if needs_views(config) else teacher_unit(plan)


def make_arm(config: StudentConfig, arm: str, teacher: TeacherPlan | None = None) -> Arm:
    """An arm, named by what it depends on.

    Raises:
        InputError: an unknown arm, or a teacher where there is none, and the other way round.
    """
    check_type("config", config, StudentConfig, "a StudentConfig")
    check_choice("arm", arm, ("alone", "distilled"))
    if (arm == "distilled") != isinstance(teacher, TeacherPlan):
        must = "be a TeacherPlan where the arm is distilled, and None where it is alone"
        fail("teacher", must, shown(teacher))
    unit = None if teacher is None else teaching_unit(teacher, config).name
    digest = json_digest([config.to_json(), arm, unit], _DIGITS)
    classes, taught = config.classes.replace(",", "_"), teacher.config.arch if teacher else "alone"
    name = f"students/{config.dataset}-{classes}-{config.qubits}q-{taught}-{digest}"
    return Arm(config, arm, teacher, name, unit)


def alone_arm(row: Row, settings: Settings) -> Arm:
    """The students alone that a row is, or is compared with."""
    return make_arm(alone_config(row, settings), "alone")


def matched_arm(row: Row, settings: Settings) -> Arm:
    """The students alone with a distilled row's own head and shots."""
    return make_arm(matched_config(row, settings), "alone")


def distilled_arm(row: Row, settings: Settings) -> Arm:
    """The distilled students of a row."""
    return make_arm(distilled_config(row, settings), "distilled", teacher_of(row, settings))


def teachers_of(
    rows: Sequence[Row], settings: Settings, teacher_seeds: int = 1
) -> list[TeacherUnit]:
    """Every teacher that the rows are or need; parts of an average come before it."""
    rows = check_list("rows", rows, Row, "rows, as `select` returns them")
    check_counts(teacher_seeds=teacher_seeds)
    units: dict[str, TeacherUnit] = {}
    for row in rows:
        for seed in range(teacher_seeds if row.kind == TEACHER else 1):
            if row.teacher is None:
                continue
            plan = teacher_of(row, settings, seed)
            for unit in map(teacher_unit, [*_parts(plan), plan]):
                units[unit.name] = unit
    return sorted(units.values(), key=lambda unit: (bool(unit.needs), unit.cost))


def arms_of(rows: Sequence[Row], settings: Settings) -> list[Arm]:
    """Every kind of student that the rows are or need, each once."""
    arms: dict[str, Arm] = {}
    for row in check_list("rows", rows, Row, "rows, as `select` returns them"):
        if row.kind == TEACHER:
            continue
        found = [alone_arm(row, settings)]
        if row.kind == DISTILLED:
            found += [matched_arm(row, settings), distilled_arm(row, settings)]
        arms |= {arm.name: arm for arm in found}
    # Students alone first: they wait for no teacher. Same width next to each other: one program.
    return sorted(arms.values(), key=lambda arm: (arm.arm, arm.config.qubits))


def plan_units(
    rows: Sequence[Row],
    settings: Settings,
    seeds: int,
    *,
    teacher_seeds: int = 1,
    block: int = 2,
    present: Callable[[Arm], set[int]] = lambda arm: set(),
) -> list[Unit]:
    """All units of some rows.

    Args:
        rows: which numbers are wanted.
        settings: how they are made.
        seeds: students of every kind, seeds 0, 1, ...
        teacher_seeds: teachers of every teacher row.
        block: seeds in a unit.
        present: seeds of an arm that are there already; they are in no unit.

    Raises:
        InputError: a number below 1, more than ``MOST_RUNS`` seeds, or a distilled row without its
            student alone.

    Example:
        >>> from jqkd.experiments.rows import select
        >>> units = plan_units(select("all"), Settings(), seeds=10)
        >>> sum(isinstance(unit, TeacherUnit) for unit in units), len(units)
        (12, 142)
    """
    check_counts(seeds=seeds, teacher_seeds=teacher_seeds)
    check_integer("block", block, 1)
    teachers = teachers_of(rows, settings, teacher_seeds)
    arms = arms_of(rows, settings)
    return [*teachers, *answers_of(arms), *student_units(arms, seeds, block, present)]


def answers_of(arms: Sequence[Arm]) -> list[AnswerUnit]:
    """Every teacher's answers that some arms need, each once."""
    arms = check_list("arms", arms, Arm, "arms")
    taught = [arm for arm in arms if arm.teacher and needs_views(arm.config)]
    asked = [(plan, arm.config) for arm in taught for plan in (*_parts(arm.teacher), arm.teacher)]
    units = {unit.name: unit for unit in (answer_unit(*pair) for pair in asked)}
    return sorted(units.values(), key=lambda unit: (len(unit.plan.members), unit.cost))


def student_units(
    arms: Sequence[Arm], seeds: int, block: int, present: Callable[[Arm], set[int]]
) -> list[StudentUnit]:
    """Blocks of seeds of some arms.

    Raises:
        InputError: a number below 1, or more than ``MOST_RUNS`` seeds.
    """
    arms = check_list("arms", arms, Arm, "arms")
    check_counts(seeds=seeds)
    check_integer("block", block, 1)
    if not callable(present):
        fail("present", "be a function of an arm", shown(present))
    students: list[StudentUnit] = []
    # Block by block over all arms: whenever it is stopped, every row has about as many seeds.
    for first in range(0, seeds, block):
        for arm in arms:
            wanted = set(range(first, min(first + block, seeds))) - present(arm)
            if wanted:
                students.append(StudentUnit(arm, tuple(sorted(wanted))))
    return students


def check_counts(**numbers: int) -> None:
    """Seeds are at least 1, and no more than statistics can be made of."""
    for name, number in numbers.items():
        if check_integer(name, number, 1) > MOST_RUNS:
            fail(name, f"be at most {MOST_RUNS}", number)
