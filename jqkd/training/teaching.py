"""What a teacher says of a student's images: of every view of them, once, before students train.

A student whose images are augmented needs its teacher's word on the very same augmented images.
Views are the same for all seeds, so the teacher answers each once, and its weights never sit in a
student's training step.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import jax
import numpy as np
from jax import Array

from jqkd._checks import fail
from jqkd.data import AUGMENTATIONS, Dataset, Subset, view
from jqkd.models import average_probabilities
from jqkd.models.functional import Params
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.controls import CONTROLS
from jqkd.training.loop import Task, predict_chunks
from jqkd.training.recipes import Output
from jqkd.training.result import written_whole
from jqkd.training.teacher_store import load_weights, obtain_teacher, teacher_folder
from jqkd.training.teachers import Progress, teacher_task

# Raised when views or answers come to mean something else.
_VERSION = 1


def needs_views(config: StudentConfig) -> bool:
    """Whether a teacher's logits for the plain images are not enough."""
    return config.augmentation != "none" or config.needs_features


def answers(
    members: Sequence[TeacherConfig],
    config: StudentConfig,
    dataset: Dataset,
    train: Subset,
    *,
    cache_dir: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Output:
    """What a teacher, or the average of several, says of the views of a student's train images.

    Where ``needs_views`` is false, its logits for the plain images are enough.

    Args:
        members: the teachers, trained now where the cache has none; several are averaged as
            probabilities (eq. 16).
        config: the student's: which views, and whether features are needed.
        dataset: where the images come from.
        train: the student's N train images.
        cache_dir: in place of the cache folder.
        on_progress: called while a teacher trains.

    Returns:
        Logits (N, C), or (V, N, C) where the images are augmented, and features of the same
        leading shape if they are needed; rounded to half precision, as that is how they are kept.

    Raises:
        InputError: features of an ensemble or of a teacher with a wide hidden layer are needed.
    """
    check_features(members, config)
    said = []
    for member in members:
        keep = {"cache_dir": cache_dir, "on_progress": on_progress}
        obtain_teacher(member, dataset, with_weights=True, **keep)
        said.append(_of_views(member, config, dataset, train, cache_dir))
    if len(said) == 1:
        return said[0]
    mean = np.asarray(average_probabilities(*(output.logits for output in said)))
    return Output(mean.astype(np.float16).astype(np.float32))


def controlled(said: Output, config: StudentConfig, train: Subset) -> Output:
    """What the student is told: the teacher's answers, or those of a control in its place."""
    if config.control == "none":
        return said
    targets = [view(train, config.augmentation, number)[1] for number in range(config.views)]
    targets = targets[0] if config.augmentation == "none" else np.stack(targets)
    return said._replace(logits=CONTROLS[config.control](np.asarray(said.logits), targets))


def check_features(members: Sequence[TeacherConfig], config: StudentConfig) -> None:
    """A recipe that compares hidden layers needs one teacher with a small one."""
    archs = [member.arch for member in members]
    if config.needs_features and archs != ["lenet"]:
        must = f"be lenet where the recipe is {config.recipe}, which compares hidden layers"
        advice = "the others' are too wide to keep for every view, or two; choose another recipe"
        fail("teacher", must, " and ".join(archs), advice)


def _of_views(
    member: TeacherConfig,
    config: StudentConfig,
    dataset: Dataset,
    train: Subset,
    cache_dir: Path | None,
) -> Output:
    """A member's answers, kept beside its weights."""
    folder = teacher_folder(member, dataset, cache_dir)
    path = folder / f"answers-{_digest(config, train)}.npz"
    try:
        with np.load(path, allow_pickle=False) as file:
            return _unpacked(dict(file), config)
    except (OSError, ValueError, KeyError, EOFError):
        pass
    task = teacher_task(member.arch, member.num_classes)
    params = load_weights(folder, task)
    parts = [
        _answer(task, params, view(train, config.augmentation, number)[0])
        for number in range(config.views)
    ]
    half = np.float16
    arrays = {"logits": np.stack([part.logits for part in parts]).astype(half)}
    if config.needs_features:
        arrays["features"] = np.stack([part.features for part in parts]).astype(half)
    with written_whole(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)
    return _unpacked(arrays, config)


def _unpacked(arrays: dict[str, np.ndarray], config: StudentConfig) -> Output:
    """As students read them: single precision, no axis of views where there is but one."""
    only = config.augmentation == "none"
    read = {name: (a[0] if only else a).astype(np.float32) for name, a in arrays.items()}
    return Output(read["logits"], read.get("features"))


def _digest(config: StudentConfig, train: Subset) -> str:
    recipe = asdict(AUGMENTATIONS[config.augmentation])
    about = [_VERSION, recipe, config.views, config.needs_features, train.ids.tolist()]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:12]


def _answer(task: Task, params: Params, subset: Subset) -> Output:
    said = lambda images, ids: _run(task, params, images)  # noqa: E731
    return predict_chunks(said, subset.images, subset.ids)


@partial(jax.jit, static_argnums=0)
def _run(task: Task, params: Params, images: Array) -> Output:
    return task.output(params, images, None, None, None, False)
