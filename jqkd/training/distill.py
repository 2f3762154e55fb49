"""Teach students in one call: seeds side by side, alone and distilled."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from jqkd._checks import check_path, check_type
from jqkd.tracking import Tracker, tracker_of
from jqkd.training.config import StudentConfig
from jqkd.training.devices import setup
from jqkd.training.runs import Epoch
from jqkd.training.student_run import Outcome, StudentJob, run_student
from jqkd.training.teacher_answer import answer_teacher
from jqkd.training.teacher_config import TeacherConfig


def distill(
    student: StudentConfig,
    teacher: TeacherConfig | str | Callable[[np.ndarray], Any] | None = "lenet",
    *,
    seeds: Iterable[int] = range(4),
    out: str | Path | None = None,
    data_dir: str | Path | None = None,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    tracker: str | Tracker | None = None,
) -> Outcome:
    """Train one student a seed alone and, by a teacher, one distilled; ``jqkd student`` in Python.

    Both arms of a seed share initial weights, order of images, dropout and shots, so that their
    difference is a paired one. The teacher is trained first, if no cached one fits.

    Args:
        student: what it is made of and how it is trained.
        teacher: its configuration; the text of one, such as ``lenet``, of the student's data; a
            function from images (B, *shape) in [0, 1] to logits (B, C), which is asked about all
            images of the classes and the student's views; ``None`` for students alone.
        seeds: one pair of students each.
        out: folder for result and checkpoint; goes on from what is there, be it of fewer epochs
            (where the rate is constant) or seeds.
        data_dir: TFDS's data folder.
        on_epoch: called after every evaluated epoch, with its ``number``, its ``metrics`` (arrays
            (R,) by name) and the ``runs`` that these are of.
        tracker: follows the students: ``tensorboard``, ``mlflow``, ``wandb``, with options as
            ``jqkd list`` has them, or an object with the methods of ``jqkd.tracking.Tracker``.

    Returns:
        ``result``, as ``result.json`` has it (docs/result.md), and the ``block`` of trained
        students.

    Raises:
        InputError: one sentence about the first argument that is wrong.

    Example:
        >>> student = StudentConfig("digits", "0-1", 2, "robust", epochs=1, shots=None)
        >>> outcome = distill(student, None, seeds=range(2))
        >>> outcome.result["arms"]["alone"]["test_accuracy"]["final"].shape
        (2,)
    """
    setup()
    check_type("student", student, StudentConfig, "a StudentConfig")
    folder, images = _path("out", out), _path("data_dir", data_dir)
    if callable(teacher):
        data, mixed = (student.dataset, student.classes), student.augmentation != "none"
        views = f"{student.augmentation}:{student.views}" if mixed else "none"
        count = student.per_class if mixed else None
        teacher = answer_teacher(teacher, *data, data_dir=images, views=views, per_class=count)
    if isinstance(teacher, str):
        teacher = TeacherConfig(teacher, student.dataset, student.classes)
    job = StudentJob(student, teacher, tuple(seeds))
    check_type("on_epoch", on_epoch, Callable, "a function of an epoch")
    follows = None if tracker is None else tracker_of(tracker)
    return run_student(job, out=folder, data_dir=images, on_epoch=on_epoch, tracker=follows)


def _path(name: str, value: str | Path | None) -> Path | None:
    return None if value is None else check_path(name, value)
