"""One command's worth of work: data, teacher, students, and the folder they leave behind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from flax import nnx

from jqkd._checks import fail
from jqkd.common.digests import json_digest
from jqkd.common.files import write_json
from jqkd.common.outputs import check_out_folder
from jqkd.data import Dataset, Splits, load, student_splits
from jqkd.models import count_parameters
from jqkd.training import checkpoint
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.audit import FILE as AUDIT_FILE
from jqkd.training.audit import Audit, check_teaching
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.devices import place
from jqkd.training.result import RESULT_SCHEMA, Stopwatch, environment, protocols
from jqkd.training.runs import Curves, Epoch, Run, check_seeds, paired
from jqkd.training.student_task import ALONE, DISTILLED
from jqkd.training.students import Block
from jqkd.training.teacher import Teacher
from jqkd.training.teacher_store import describe, obtain_teacher
from jqkd.training.teachers import Progress
from jqkd.training.teaching import answers, check_features, controlled, teachable


@dataclass(frozen=True)
class StudentJob:
    """What ``run_student`` does.

    Args:
        config: the students' training; of plain images where the teacher cannot answer views.
        teacher: the teacher's, of the same data set and classes; ``None`` to train alone only.
        seeds: one student alone and one distilled for each; at least one, none twice.

    Raises:
        InputError: no seed, a seed twice or of more than 32 bits, a teacher of other classes, or
            one whose hidden layer the recipe cannot use.
    """

    config: StudentConfig
    teacher: TeacherConfig | None
    seeds: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "seeds", check_seeds(self.seeds))
        if self.teacher is None:
            return
        student, teacher = ((c.dataset, c.class_numbers) for c in (self.config, self.teacher))
        if student != teacher:
            must = f"know the student's classes, {self.config.dataset} {self.config.classes}"
            fail("teacher", must, f"{self.teacher.dataset} {self.teacher.classes}")
        check_features(self.teacher, self.config)
        object.__setattr__(self, "config", teachable(self.config, self.teacher))

    @property
    def runs(self) -> list[Run]:
        """Who trains: every seed alone and, with a teacher, distilled."""
        return paired(self.seeds, self.teacher is not None)

    def digest(self) -> str:
        """Sixteen hex digits that name this job, done by this version of the algorithm."""
        teacher = self.teacher and self.teacher.digest()
        parts = {"student": self.config.digest(), "teacher": teacher, "seeds": list(self.seeds)}
        return json_digest(parts | {"algorithm": ALGORITHM})

    @property
    def plugins(self) -> dict[str, str]:
        """Digests of the plug-ins that parts come from, by name."""
        configs = [self.config, *([self.teacher] if self.teacher else [])]
        return dict(plugin for config in configs for plugin in config.plugins)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary."""
        teacher = self.teacher and self.teacher.to_json()
        return {"student": self.config.to_json(), "teacher": teacher, "seeds": list(self.seeds)}


class Outcome(NamedTuple):
    """A result, and the block of students it came from."""

    result: dict[str, Any]
    block: Block


class Prepared(NamedTuple):
    """Students before their first step: the data's digest, the teacher, their block."""

    data_digest: str
    teacher: Teacher | None
    block: Block

    def audit(self, file: Path | None = None) -> Audit:
        """What looks at the students, with the teacher's word on images they are not taught."""
        splits, logits = self.block.splits, {}
        if self.teacher is not None:
            parts = {"validation": splits.validation, "test": splits.test}
            logits = {name: self.teacher.logits_for(subset) for name, subset in parts.items()}
        return Audit(self.block, logits, file)


def prepare(
    job: StudentJob,
    *,
    data_dir: Path | None = None,
    on_teacher: Callable[[Progress], None] = lambda progress: None,
) -> Prepared:
    """Read the images, train the teacher if no cached one fits, and set the students up.

    Arguments are those of ``run_student``.

    Raises:
        InputError: data that cannot be had.
        TrainingError: a teacher's loss that is not finite.
    """
    config = job.config
    dataset = load(config.dataset, data_dir=data_dir)
    splits = splits_for(config, dataset)
    teacher = teaching = None
    if job.teacher is not None:
        teacher = obtain_teacher(job.teacher, dataset, on_progress=on_teacher)
        teaching = answers(teacher, config, dataset, splits.train)
        teaching = controlled(teaching, config, splits.train)
    return Prepared(dataset.digest, teacher, Block(config, splits, job.runs, teaching))


def run_student(
    job: StudentJob,
    *,
    data_dir: Path | None = None,
    out: Path | None = None,
    audit: bool = False,
    on_teacher: Callable[[Progress], None] = lambda progress: None,
    on_data: Callable[[], None] = lambda: None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> Outcome:
    """Train the teacher if no cached one fits, then the students alone and distilled.

    Args:
        job: what to do.
        data_dir: TFDS's data folder.
        out: run folder; holds ``result.json`` and the checkpoint, and resumes from the latter.
        audit: look at gradients, angles and answers before training and after every evaluated
            epoch; ``audit.json`` in the run folder, ``audit`` in the result.
        on_teacher: called while a teacher trains.
        on_data: called once images and teacher are ready, before the students start.
        on_epoch: called after every evaluated epoch of the students.

    Returns:
        The result, as ``result.json`` has it (see docs/result.md), and the trained students.

    Raises:
        InputError: data that cannot be had, a folder that cannot be written, a damaged checkpoint;
            with an audit, a distillation term of weight 0.
        TrainingError: a loss that is not finite; with an audit, a silent distillation term.
    """
    watch = Stopwatch()
    if audit and job.teacher is not None:
        check_teaching(job.config)
    if out is not None:
        check_out_folder("out", out)
    prepared = prepare(job, data_dir=data_dir, on_teacher=on_teacher)
    on_data()
    teacher, block = prepared.teacher, prepared.block
    look = prepared.audit(out and out / AUDIT_FILE) if audit else None
    curves = _train(block, out and out / "checkpoints", job.digest(), on_epoch, look)
    arms, looks = dict.fromkeys(run.arm for run in block.runs), job.config.evaluated_epochs
    result = {
        "schema": RESULT_SCHEMA,
        "kind": "student",
        "algorithm": ALGORITHM,
        "digest": job.digest(),
        "data_digest": prepared.data_digest,
        **job.to_json(),
        **({"plugins": job.plugins} if job.plugins else {}),
        "teacher_result": teacher and describe(teacher),
        "parameters": student_parameters(job.config),
        "images": {part: len(subset) for part, subset in vars(block.splits).items()},
        "arms": {arm: arm_result(curves.arm(arm), looks) for arm in arms},
        "seconds": watch.seconds(),
        "environment": environment(),
    }
    if teacher is not None:
        result["gain"] = paired_gain(result["arms"])
    if look is not None:
        result["audit"] = look.report()
    if out is not None:
        write_json(out / "result.json", result)
    return Outcome(result, block)


def splits_for(config: StudentConfig, dataset: Dataset) -> Splits:
    """The student's images, by its configuration."""
    classes, count = config.class_numbers, config.per_class
    return student_splits(dataset, classes, per_class=count, selection=config.selection)


def student_parameters(config: StudentConfig) -> int:
    """Number of trainable numbers of a student."""
    spec, shape = config.spec, config.image_shape
    build = lambda: spec.build(rngs=nnx.Rngs(0), image_shape=shape)  # noqa: E731
    return count_parameters(nnx.eval_shape(build))


def _train(
    block: Block,
    folder: Path | None,
    digest: str,
    on_epoch: Callable[[Epoch], None],
    look: Audit | None,
) -> Curves:
    """From the newest checkpoint on, with one after every evaluated epoch."""
    if folder is not None:
        resume(block, folder, digest)

    def after(epoch: Epoch) -> None:
        if folder is not None:
            arrays = {k: v for k, v in vars(block.curves).items() if k != "runs"}
            checkpoint.save(folder, block.epoch, block.state, arrays, digest)
        if look is not None:
            look()
        on_epoch(epoch)

    if look is not None:
        look()
    return block.train(after)


def resume(block: Block, folder: Path, digest: str) -> None:
    """Set a block to its newest checkpoint, if there is one."""
    kept = checkpoint.restore(folder, block.state, digest)
    if kept is not None:
        block.epoch, state, arrays = kept
        block.state = place(state)
        looks = range(len(next(iter(arrays.values()))[0]))
        block.history = [{k: v[:, look] for k, v in arrays.items()} for look in looks]


def arm_result(curves: Curves, looks: Sequence[int]) -> dict[str, Any]:
    """Curves (R, E) and accuracies (R,) by protocol; ``looks`` are the E evaluated epochs."""
    arrays = {name: value for name, value in vars(curves).items() if name != "runs"}
    accuracies = protocols(curves.validation_loss, curves.test_accuracy, curves.validation_accuracy)
    accuracies["picked_epoch"] = np.asarray(looks)[accuracies["picked_epoch"] - 1]
    seeds = [run.seed for run in curves.runs]
    return {"seeds": seeds, "curves": arrays, "test_accuracy": accuracies}


def paired_gain(arms: dict[str, Any]) -> dict[str, Any]:
    """Distilled minus alone, seed by seed, by protocol."""
    alone, distilled = (arms[arm]["test_accuracy"] for arm in (ALONE, DISTILLED))
    return {name: distilled[name] - alone[name] for name in ("final", "picked", "best")}
