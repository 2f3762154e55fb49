"""One command's worth of work: data, teacher, students, and the folder they leave behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from flax import nnx

from jqkd.common.files import write_json
from jqkd.common.outputs import check_out_folder
from jqkd.data import Dataset, Splits, load, student_splits
from jqkd.models import count_parameters
from jqkd.tracking import Tracker
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.audit import FILE as AUDIT_FILE
from jqkd.training.audit import Audit, check_teaching
from jqkd.training.config import StudentConfig
from jqkd.training.following import Followers
from jqkd.training.result import RESULT_SCHEMA, Stopwatch, environment, protocols
from jqkd.training.resuming import CHECKPOINTS, check_resumable, train
from jqkd.training.runs import DRAWN, Curves, Epoch
from jqkd.training.student_job import StudentJob
from jqkd.training.student_task import ALONE, DISTILLED
from jqkd.training.students import Block
from jqkd.training.teacher import Teacher
from jqkd.training.teacher_store import describe, obtain_teacher
from jqkd.training.teachers import Progress
from jqkd.training.teaching import answers, controlled


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
    tracker: Tracker | None = None,
) -> Outcome:
    """Train the teacher if no cached one fits, then the students alone and distilled.

    Args:
        job: what to do.
        data_dir: TFDS's data folder.
        out: run folder; holds ``result.json`` and the checkpoint, and resumes from the latter, be
            it of fewer epochs or seeds, see ``resuming``.
        audit: look at gradients, angles and answers before training and after every evaluated
            epoch; ``audit.json`` in the run folder, ``audit`` in the result.
        on_teacher: called while a teacher trains.
        on_data: called once images and teacher are ready, before the students start.
        on_epoch: called after every evaluated epoch of the students that train; where seeds are
            added to a folder, these are others than before.
        tracker: follows the students, see ``jqkd.tracking``; told of every evaluated epoch, of
            those that a run goes on from too.

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
        check_resumable(job, out / CHECKPOINTS, audit)
    prepared = prepare(job, data_dir=data_dir, on_teacher=on_teacher)
    on_data()
    teacher, block = prepared.teacher, prepared.block
    look = prepared.audit(out and out / AUDIT_FILE) if audit else None
    name = job.digest()[:8] if out is None else out.absolute().name
    followers = None if tracker is None else Followers(tracker, job, name)
    follow = {"follow": followers.log} if followers else {}
    curves = train(job, block, out and out / CHECKPOINTS, on_epoch, look, **follow)
    arms = dict.fromkeys(run.arm for run in block.runs)
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
        "arms": {arm: arm_result(curves.arm(arm)) for arm in arms},
        "shots": shots_drawn(job.config, curves, block.splits),
        "seconds": watch.seconds(),
        "environment": environment(),
    }
    if teacher is not None:
        result["gain"] = paired_gain(result["arms"])
    if look is not None:
        result["audit"] = look.report()
    if out is not None:
        write_json(out / "result.json", result)
    if followers is not None:
        followers.finish(result)
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


def arm_result(curves: Curves) -> dict[str, Any]:
    """Curves (R, E) and accuracies (R,) by protocol."""
    accuracies = protocols(curves.validation_loss, curves.test_accuracy, curves.validation_accuracy)
    accuracies["picked_epoch"] = np.asarray(curves.epochs)[accuracies["picked_epoch"] - 1]
    seeds = [run.seed for run in curves.runs]
    return {"seeds": seeds, "curves": curves.arrays, "test_accuracy": accuracies}


def shots_drawn(config: StudentConfig, curves: Curves, splits: Splits) -> dict[str, list[int]]:
    """Of every run: of circuits and of their shifted ones in training, and of all looks."""
    forward, shifted = (curves.arrays[name][:, -1] for name in DRAWN)
    images = len(splits.validation) + len(splits.test)
    looks = len(curves.epochs) * images * (config.shots or 0)
    return {
        "forward": forward.tolist(),
        "shifted": shifted.tolist(),
        "evaluation": [looks] * len(curves.runs),
    }


def paired_gain(arms: dict[str, Any]) -> dict[str, Any]:
    """Distilled minus alone, seed by seed, by protocol."""
    alone, distilled = (arms[arm]["test_accuracy"] for arm in (ALONE, DISTILLED))
    return {name: distilled[name] - alone[name] for name in ("final", "picked", "best")}
