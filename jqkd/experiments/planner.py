"""An experiment becomes jobs: teachers, their answers, and students, one a seed.

A job is named by content: its kind, a readable stem, and a digest of all that decides its bits.
The same arm in two experiments is the same job; a name says where the result lies in a store.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from jqkd._checks import check_integer, check_type
from jqkd.common.digests import json_digest
from jqkd.data import DATASETS, load
from jqkd.experiments.model import Arm, Experiment, present
from jqkd.models import TEACHERS
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.teacher_import import check_views
from jqkd.training.teaching import needs_views

# Seconds of one core for a student's image, and for a step beside its images; they weigh jobs.
_IMAGE_COST, _STEP_COST = 2.5e-4, 7.5e-4


@dataclass(frozen=True)
class Job:
    """One file of a store, and what it is made from.

    Attributes:
        name: where it lies, without suffix: ``students/<stem>-<digest>/seed-007``.
        label: what it is, for a reader.
        needs: names of the jobs that come before it.
        images: seen in training.
        cost: rough seconds of one core.
        teacher: of a teacher, of answers, and of distilled students.
        student: of students, and of answers to their views.
        seed: of a student.
    """

    name: str
    label: str
    needs: tuple[str, ...]
    images: int
    cost: float
    teacher: TeacherConfig | None = None
    student: StudentConfig | None = None
    seed: int | None = None

    @property
    def kind(self) -> str:
        """``teachers``, ``answers`` or ``students``."""
        return self.name.partition("/")[0]

    @property
    def group(self) -> str:
        """The folder of a student's arm; of other jobs the name."""
        return self.name if self.seed is None else self.name.rpartition("/")[0]


@dataclass(frozen=True)
class Task:
    """What a worker is handed: one job, or students of one arm to train side by side."""

    jobs: tuple[Job, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Its jobs' names."""
        return tuple(job.name for job in self.jobs)

    @property
    def cost(self) -> float:
        """Rough seconds of one core."""
        return 1 + sum(job.cost for job in self.jobs)

    @property
    def label(self) -> str:
        """What it is, for a progress bar."""
        first, last = self.jobs[0], self.jobs[-1]
        seeds = "" if first.seed is None else f" seeds {first.seed}-{last.seed}"
        return f"{first.label}{seeds}"


def dataset_label(name: str) -> str:
    """What a data set is called for a reader."""
    return DATASETS[name].label


def data_digest(name: str) -> str:
    """Of a data set's arrays; one that does not say it beforehand is read."""
    return DATASETS[name].digest or _read_digest(name)


@lru_cache
def _read_digest(name: str) -> str:
    return load(name).digest


def teacher_label(arch: str) -> str:
    """What a teacher is called for a reader."""
    return TEACHERS.build(arch, "teacher").label


def trained(teacher: TeacherConfig) -> tuple[TeacherConfig, ...]:
    """What a teacher consists of: itself, or the members of an average."""
    return tuple(present(teacher.members))


def members_of(teacher: TeacherConfig) -> tuple[TeacherConfig, ...]:
    """The teachers that a teacher is the average of; none where it is one itself."""
    return () if trained(teacher) == (teacher,) else trained(teacher)


def with_seed(teacher: TeacherConfig, seed: int) -> TeacherConfig:
    """The same teacher with another seed, and so the members of an average."""
    members = tuple(replace(one, seed=seed, members=None) for one in members_of(teacher))
    return replace(teacher, seed=seed, members=members or None)


def _name(kind: str, algorithm: int, stem: Iterable[Any], dataset: str, *parts: Any) -> str:
    """Kind, stem, and digits that name all that decides a job's bits."""
    about = {"algorithm": algorithm, "data": data_digest(dataset), "parts": parts}
    text = re.sub(r"[^A-Za-z0-9_.=+-]", "_", "-".join(map(str, stem)))
    return f"{kind}/{text}-{json_digest(about, 12)}"


def teacher_job(teacher: TeacherConfig, algorithm: int = ALGORITHM) -> Job:
    """The job that trains a teacher, or averages others."""
    check_type("teacher", teacher, TeacherConfig, "a TeacherConfig")
    parts, about = members_of(teacher), (teacher.arch, teacher.dataset, teacher.classes)
    digests = [member.digest() for member in parts or (teacher,)]
    stem = (*about, f"s{teacher.seed}")
    # An average's own source too: its members do not say it.
    sources = [plugin.digest for plugin in teacher.plugins]
    name = _name("teachers", algorithm, stem, teacher.dataset, digests, teacher.arch, *sources)
    per_class = DATASETS[teacher.dataset].train_images
    images = 0 if parts else teacher.epochs * teacher.num_classes * per_class
    needs = tuple(teacher_job(part, algorithm).name for part in parts)
    return Job(name, " ".join(about), needs, images, images * teacher.part.cost, teacher)


def answer_job(teacher: TeacherConfig, student: StudentConfig, algorithm: int = ALGORITHM) -> Job:
    """The job that asks a teacher about the views of a student's images."""
    first, about = teacher_job(teacher, algorithm), (teacher.arch, teacher.dataset)
    fields = ("augmentation", "views", "per_class", "selection", "needs_features")
    views = {name: getattr(student, name) for name in fields}
    stem = (*about, teacher.classes, student.augmentation)
    name = _name("answers", algorithm, stem, student.dataset, views, first.name)
    needs = [answer_job(part, student, algorithm).name for part in members_of(teacher)]
    images = student.views * student.num_images
    # A third of training.
    cost = images * sum(one.part.cost for one in trained(teacher)) / 3
    label = f"{first.label} on {student.augmentation}"
    return Job(name, label, (first.name, *needs), images, cost, teacher, student)


def needs_answers(student: StudentConfig) -> bool:
    """Whether a teacher's logits for the data set's first images are not enough."""
    if needs_views(student):
        return True
    usual = DATASETS[student.dataset].train_per_class
    return student.per_class != usual or student.selection != "first"


def student_jobs(
    student: StudentConfig,
    teacher: TeacherConfig | None,
    seeds: Iterable[int],
    algorithm: int = ALGORITHM,
) -> list[Job]:
    """The jobs of some students, one a seed, alone or with a teacher."""
    check_type("student", student, StudentConfig, "a StudentConfig")
    if teacher is not None:
        check_views(teacher, student)
    needs: tuple[str, ...] = ()
    if teacher is None:
        student = student.alone()
    else:
        own = needs_answers(student)
        job = answer_job(teacher, student, algorithm) if own else teacher_job(teacher, algorithm)
        needs = (job.name,)
    arch = "alone" if teacher is None else teacher.arch
    stem = (student.dataset, student.classes, f"{student.qubits}q", arch)
    folder = _name("students", algorithm, stem, student.dataset, student.digest(), needs)
    images = present(student.epochs) * student.num_images
    cost = images * (_IMAGE_COST + _STEP_COST / present(student.batch_size))
    common = (" ".join(stem), needs, images, cost, teacher, student)
    return [Job(f"{folder}/seed-{seed:03d}", *common, seed) for seed in seeds]


def jobs_of(arm: Arm, seeds: Iterable[int], algorithm: int = ALGORITHM) -> list[Job]:
    """An arm's own jobs, one a seed: students, or its teacher with other seeds."""
    if arm.student is None:
        return [teacher_job(with_seed(present(arm.teacher), seed), algorithm) for seed in seeds]
    return student_jobs(arm.student, arm.teacher, seeds, algorithm)


def plan(
    experiment: Experiment, seeds: int, teacher_seeds: int = 1, algorithm: int = ALGORITHM
) -> list[Job]:
    """All jobs of an experiment, each once, those that others need first.

    Args:
        experiment: its arms.
        seeds: students of every kind, seeds 0, 1, ...
        teacher_seeds: teachers of every arm that is a teacher.
        algorithm: version that the names are of.

    Example:
        >>> from jqkd.experiments.catalogue import EXPERIMENTS
        >>> jobs = plan(EXPERIMENTS.build("demo").experiment(), seeds=2)
        >>> [job.kind for job in jobs]
        ['teachers', 'students', 'students', 'students', 'students', 'students', 'students']
    """
    check_type("experiment", experiment, Experiment, "an Experiment")
    check_integer("seeds", seeds, 1)
    check_integer("teacher_seeds", teacher_seeds, 1)
    teachers: list[Job] = []
    answers: list[Job] = []
    students: list[Job] = []
    for arm in experiment.arms:
        own = jobs_of(arm, range(teacher_seeds if arm.is_teacher else seeds), algorithm)
        (teachers if arm.is_teacher else students).extend(own)
        for teacher in [job.teacher for job in own] if arm.is_teacher else [arm.teacher]:
            every = [] if teacher is None else [*members_of(teacher), teacher]
            teachers += [teacher_job(one, algorithm) for one in every]
            if arm.student is not None and needs_answers(arm.student):
                answers += [answer_job(one, arm.student, algorithm) for one in every]
    for jobs in (teachers, answers):
        jobs.sort(key=lambda job: (len(job.needs), job.cost))
    # Students alone first: they wait for no teacher. Same width next to each other: one program.
    students.sort(key=lambda job: (job.teacher is not None, present(job.student).qubits))
    return list({job.name: job for job in [*teachers, *answers, *students]}.values())


def tasks_of(
    jobs: Sequence[Job], block: int, done: Callable[[Job], bool] = lambda job: False
) -> list[Task]:
    """Jobs that are not done, in ``plan``'s order: students of an arm in blocks of seeds."""
    block = check_integer("block", block, 1)
    blocks: dict[tuple[int, str], list[Job]] = {}
    for job in jobs:
        if not done(job):
            number = -1 if job.seed is None else job.seed // block
            blocks.setdefault((number, job.group), []).append(job)
    # Block by block over all arms: whenever it is stopped, every arm has about as many seeds.
    return [Task(tuple(blocks[key])) for key in sorted(blocks, key=lambda key: key[0])]
