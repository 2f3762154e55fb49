"""Trained teachers on disk: their curves, their logits by image id, their weights.

A teacher's folder is named by the digest of its configuration and of its data; logits carry the
digest of the weights they come from. A student needs the logits only.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jqkd._checks import InputError
from jqkd._interrupts import whole
from jqkd.data import Dataset, cache_folder
from jqkd.models.functional import Params
from jqkd.training.checkpoint import on_one_device
from jqkd.training.config import TeacherConfig
from jqkd.training.loop import Task
from jqkd.training.result import Stopwatch, environment, write_json
from jqkd.training.teachers import Progress, Teacher, average, train_teacher

_PARTS = ("train", "validation", "test")


def weights_digest(params: Params) -> str:
    """Sixteen hex digits that name some weights."""
    sha = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        sha.update(jax.tree_util.keystr(path).encode())
        sha.update(np.ascontiguousarray(leaf))
    return sha.hexdigest()[:16]


def teacher_folder(config: TeacherConfig, dataset: Dataset, cache_dir: Path | None = None) -> Path:
    """Where a teacher is kept."""
    name = f"{config.arch}-{config.dataset}-{config.digest()}-{dataset.digest[:8]}"
    return cache_folder(cache_dir) / "teachers" / name


def obtain_teacher(
    config: TeacherConfig,
    dataset: Dataset,
    *,
    cache_dir: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Teacher:
    """The cached teacher of that configuration, or a newly trained one, which is then cached.

    Args:
        config: which teacher.
        dataset: where the images come from.
        cache_dir: in place of the cache folder.
        on_progress: called every few steps of training.

    Raises:
        InputError: a cache folder that cannot be written, or a damaged checkpoint.
        TrainingError: a loss that is not finite.
    """
    if config.arch == "ensemble":
        keep = {"cache_dir": cache_dir, "on_progress": on_progress}
        members = [obtain_teacher(member, dataset, **keep) for member in config.members]
        return average(config, dataset, *members)
    folder = teacher_folder(config, dataset, cache_dir)
    found = load_teacher(folder)
    if found is not None:
        return found
    watch = Stopwatch()
    checkpoints = folder / "checkpoints"
    teacher, params = train_teacher(
        config, dataset, checkpoints=checkpoints, on_progress=on_progress
    )
    save_teacher(folder, teacher, dataset.digest, params, watch)
    shutil.rmtree(checkpoints, ignore_errors=True)
    return teacher


def describe(teacher: Teacher) -> dict[str, Any]:
    """Configuration, curves and accuracies, as they stand in a result."""
    return {
        "config": teacher.config.to_json(),
        "digest": teacher.config.digest(),
        "curves": teacher.curves,
        "test_accuracy": teacher.accuracies,
    }


@whole()
def save_teacher(
    folder: Path, teacher: Teacher, data_digest: str, params: Params | None, watch: Stopwatch
) -> None:
    """Write logits, weights and, last, the description that makes the folder count."""
    import orbax.checkpoint as ocp

    logits = {f"{part}_logits": teacher.logits[part] for part in _PARTS}
    ids = {f"{part}_ids": teacher.ids[part] for part in _PARTS}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = folder / f".logits.{os.getpid()}.npz"
        np.savez(temporary, **logits, **ids)
        os.replace(temporary, folder / "logits.npz")
        if params is not None:
            with ocp.StandardCheckpointer() as checkpointer:
                checkpointer.save((folder / "weights").resolve(), params, force=True)
    except OSError as error:
        raise InputError(
            f"The teacher cannot be kept in {folder} ({error.strerror}); set JQKD_CACHE to a "
            "folder that can be written."
        ) from error
    about = describe(teacher) | {
        "data_digest": data_digest,
        "weights_digest": None if params is None else weights_digest(params),
        "seconds": watch.seconds(),
        "environment": environment(),
    }
    write_json(folder / "teacher.json", about)


def load_weights(folder: Path, task: Task) -> Params:
    """A kept teacher's weights.

    Raises:
        InputError: they are not there, or damaged.
    """
    import orbax.checkpoint as ocp

    like = on_one_device(jax.eval_shape(task.init, jax.random.key(0)))
    try:
        with ocp.StandardCheckpointer() as checkpointer:
            return checkpointer.restore((folder / "weights").resolve(), like)
    except Exception as error:
        raise InputError(
            f"The teacher's weights in {folder} cannot be read ({type(error).__name__}); delete "
            "that folder to train it again."
        ) from error


def load_teacher(folder: Path) -> Teacher | None:
    """A teacher from its folder; ``None`` if it is not there or not whole."""
    try:
        about = json.loads((folder / "teacher.json").read_text())
        with np.load(folder / "logits.npz", allow_pickle=False) as file:
            logits = {part: file[f"{part}_logits"] for part in _PARTS}
            ids = {part: file[f"{part}_ids"] for part in _PARTS}
        names = {field.name for field in dataclasses.fields(TeacherConfig)}
        config = TeacherConfig(**{k: v for k, v in about["config"].items() if k in names})
        curves = {name: np.asarray(values) for name, values in about["curves"].items()}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return Teacher(config, curves, logits, ids)
