"""An experiment becomes jobs: teachers, their answers, and students, one a seed.

A job is named by content: its kind, a readable stem, and a digest of all that decides its bits.
The same arm in two experiments is the same job; a name says where the result lies in a store.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jqkd._checks import check_integer, check_type
from jqkd.common.digests import json_digest
from jqkd.common.registry import KINDS
from jqkd.data import DATASETS
from jqkd.experiments.model import Arm, Experiment
from jqkd.models import NETWORKS, TEACHERS
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.teaching import needs_views

# Of the digest in a name.
_DIGITS = 12
# Seconds of one CPU core for one image and epoch, roughly, of parts that do not say: they weigh
# jobs against each other.
_STUDENT_COST, _TEACHER_COST = 1e-3, 1e-2
# Train images of one class, of data sets that do not say.
_TRAIN_IMAGES = 6000
# Fields of configurations that hold parts of another kind than their own name.
_KIND_OF_FIELD = {"arch": "teacher"}


@dataclass(frozen=True)
class Job:
    """One file of a store, and how it is made.

    Attributes:
        name: where it lies, without suffix; begins with its kind: ``teachers``, ``answers`` or
            ``students``.
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
        return self.name.split("/")[0]

    @property
    def group(self) -> str:
        """What jobs of one kind share: the folder of a student's arm, else the name."""
        return self.name.rpartition("/")[0] if self.seed is not None else self.name


@dataclass(frozen=True)
class Task:
    """What a worker is handed: a job, or students of one arm to train side by side."""

    jobs: tuple[Job, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of its jobs."""
        return tuple(job.name for job in self.jobs)

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the jobs that come before it."""
        return self.jobs[0].needs

    @property
    def cost(self) -> float:
        """Rough seconds of one core."""
        return 1 + sum(job.cost for job in self.jobs)

    @property
    def label(self) -> str:
        """What it is, for a progress bar."""
        seeds = [job.seed for job in self.jobs if job.seed is not None]
        of_seeds = f" seeds {seeds[0]}-{seeds[-1]}" if seeds else ""
        return f"{self.jobs[0].label}{of_seeds}"


def dataset_label(name: str) -> str:
    """What a data set is called for a reader."""
    return getattr(DATASETS[name], "label", name)


def teacher_label(arch: str) -> str:
    """What a teacher is called for a reader."""
    return getattr(TEACHERS.get(arch.partition(":")[0]), "label", arch)


def members_of(teacher: TeacherConfig) -> tuple[TeacherConfig, ...]:
    """The teachers that a teacher is the average of; none where it is one itself."""
    return () if tuple(teacher.members) == (teacher,) else tuple(teacher.members)


def plugins_of(*configs: Mapping[str, Any]) -> dict[str, str]:
    """Digests of the plug-ins whose parts some configurations name, by part."""
    digests = {}
    for config in configs:
        for field, text in config.items():
            kind = _KIND_OF_FIELD.get(field, field)
            plugin = (
                KINDS[kind].plugin_of(text) if kind in KINDS and isinstance(text, str) else None
            )
            if plugin is not None:
                digests[f"{kind} {text.partition(':')[0]}"] = plugin.digest
    return dict(sorted(digests.items()))


def _key(algorithm: int, configs: Sequence[Mapping[str, Any]], *more: Any) -> str:
    """Digits that name all that decides a job's bits."""
    about = {"algorithm": algorithm, "configs": configs, "more": more}
    about |= {"data": DATASETS[configs[0]["dataset"]].digest, "plugins": plugins_of(*configs)}
    return json_digest(about, _DIGITS)


def _stem(*parts: Any) -> str:
    """As a file may be called."""
    return re.sub(r"[^A-Za-z0-9_.=+-]", "_", "-".join(map(str, parts)))


def teacher_job(teacher: TeacherConfig, algorithm: int = ALGORITHM) -> Job:
    """The job that trains a teacher, or averages others."""
    check_type("teacher", teacher, TeacherConfig, "a TeacherConfig")
    parts = members_of(teacher)
    configs = [member.to_json() for member in parts or (teacher,)]
    stem = _stem(teacher.arch, teacher.dataset, teacher.classes, f"s{teacher.seed}")
    key = _key(algorithm, configs, teacher.arch)
    per_class = getattr(DATASETS[teacher.dataset], "train_images", _TRAIN_IMAGES)
    images = 0 if parts else teacher.epochs * teacher.num_classes * per_class
    label = f"{teacher.arch} {teacher.dataset} {teacher.classes}"
    needs = tuple(teacher_job(part, algorithm).name for part in parts)
    cost = 1 + images * _teacher_cost(teacher.arch)
    return Job(f"teachers/{stem}-{key}", label, needs, images, cost, teacher)


def _teacher_cost(arch: str) -> float:
    return getattr(TEACHERS.get(arch.partition(":")[0]), "cost", _TEACHER_COST)


def answer_job(teacher: TeacherConfig, student: StudentConfig, algorithm: int = ALGORITHM) -> Job:
    """The job that asks a teacher about the views of a student's images."""
    trained = teacher_job(teacher, algorithm)
    views = {name: getattr(student, name) for name in ("augmentation", "per_class", "selection")}
    views |= {"dataset": student.dataset, "views": student.views}
    key = _key(algorithm, [views], trained.name, student.needs_features)
    stem = _stem(teacher.arch, teacher.dataset, teacher.classes, student.augmentation)
    parts = [answer_job(part, student, algorithm).name for part in members_of(teacher)]
    images = student.views * student.num_images
    # A third of training.
    cost = 1 + images * sum(_teacher_cost(one.arch) for one in teacher.members) / 3
    label = f"{teacher.arch} {teacher.dataset} {teacher.classes} on {student.augmentation}"
    needs = (trained.name, *parts)
    return Job(f"answers/{stem}-{key}", label, needs, images, cost, teacher, student)


def teaching_job(teacher: TeacherConfig, student: StudentConfig, algorithm: int = ALGORITHM) -> Job:
    """The job whose file holds what a student is taught: answers to its views, or plain logits."""
    make = answer_job(teacher, student, algorithm) if needs_views(student) else None
    return make or teacher_job(teacher, algorithm)


def student_jobs(
    student: StudentConfig,
    teacher: TeacherConfig | None,
    seeds: Iterable[int],
    algorithm: int = ALGORITHM,
) -> list[Job]:
    """The jobs of an arm, one a seed."""
    check_type("student", student, StudentConfig, "a StudentConfig")
    needs = () if teacher is None else (teaching_job(teacher, student, algorithm).name,)
    arch = "alone" if teacher is None else teacher.arch
    key = _key(algorithm, [student.to_json()], needs)
    stem = _stem(student.dataset, student.classes, f"{student.qubits}q", arch)
    images = student.epochs * student.num_images
    network = NETWORKS.get(student.preset)
    rest = (needs, images, images * getattr(network, "cost", _STUDENT_COST), teacher, student)
    label = f"{student.dataset} {student.classes} {student.qubits}q {arch}"
    folder = f"students/{stem}-{key}"
    return [Job(f"{folder}/seed-{seed:03d}", label, *rest, seed) for seed in seeds]


def jobs_of(arm: Arm, seeds: Iterable[int], algorithm: int = ALGORITHM) -> list[Job]:
    """An arm's own jobs, one a seed: students, or its teacher with other seeds."""
    if arm.is_teacher:
        return [teacher_job(replace_seed(arm.teacher, seed), algorithm) for seed in seeds]
    return student_jobs(arm.student, arm.teacher, seeds, algorithm)


def replace_seed(teacher: TeacherConfig, seed: int) -> TeacherConfig:
    """The same teacher with another seed, and so the members of an average."""
    parts = members_of(teacher)
    if seed == teacher.seed or not parts or "members" not in teacher.__dataclass_fields__:
        return replace(teacher, seed=seed)
    return replace(teacher, seed=seed, members=tuple(replace(one, seed=seed) for one in parts))


def plan(
    experiment: Experiment, seeds: int, teacher_seeds: int = 1, algorithm: int = ALGORITHM
) -> list[Job]:
    """All jobs of an experiment, each once, those that others need first.

    Args:
        experiment: its arms.
        seeds: students of every kind, seeds 0, 1, ...
        teacher_seeds: teachers of every arm that is a teacher.
        algorithm: version that the names are of.

    Raises:
        InputError: a number below 1.

    Example:
        >>> from jqkd.experiments.catalogue import EXPERIMENTS
        >>> jobs = plan(EXPERIMENTS.build("demo").experiment(), seeds=2)
        >>> [job.kind for job in jobs]
        ['teachers', 'students', 'students', 'students', 'students', 'students', 'students']
    """
    check_type("experiment", experiment, Experiment, "an Experiment")
    seeds, teacher_seeds = (
        check_integer("seeds", seeds, 1),
        check_integer("teacher_seeds", teacher_seeds, 1),
    )
    teachers: list[Job] = []
    answers: list[Job] = []
    students: list[Job] = []
    for arm in experiment.arms:
        if arm.is_teacher:
            taught = [replace_seed(arm.teacher, seed) for seed in range(teacher_seeds)]
        else:
            students += student_jobs(arm.student, arm.teacher, range(seeds), algorithm)
            taught = [] if arm.teacher is None else [arm.teacher]
            if taught and needs_views(arm.student):
                asked = [*members_of(arm.teacher), arm.teacher]
                answers += [answer_job(one, arm.student, algorithm) for one in asked]
        for teacher in taught:
            teachers += [teacher_job(one, algorithm) for one in [*members_of(teacher), teacher]]
    teachers.sort(key=lambda job: (len(job.needs), job.cost))
    answers.sort(key=lambda job: (len(job.needs), job.cost))
    # Students alone first: they wait for no teacher. Same width next to each other: one program.
    students.sort(key=lambda job: (job.teacher is not None, job.student.qubits))
    return list({job.name: job for job in [*teachers, *answers, *students]}.values())


def tasks_of(
    jobs: Sequence[Job], block: int, done: Callable[[Job], bool] = lambda job: False
) -> list[Task]:
    """Jobs as workers are handed them; students of an arm go in blocks of seeds.

    Args:
        jobs: as ``plan`` orders them.
        block: seeds that are trained side by side.
        done: of jobs that are in no task.
    """
    block = check_integer("block", block, 1)
    left = [job for job in jobs if not done(job)]
    tasks = [Task((job,)) for job in left if job.seed is None]
    blocks: dict[tuple[int, str], list[Job]] = {}
    for job in left:
        if job.seed is not None:
            blocks.setdefault((job.seed // block, job.group), []).append(job)
    # Block by block over all arms: whenever it is stopped, every arm has about as many seeds.
    first_of = sorted(blocks, key=lambda key: key[0])
    return tasks + [Task(tuple(blocks[key])) for key in first_of]
