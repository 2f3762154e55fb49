"""Trained teachers on disk: their curves, their logits by image id, their weights.

A teacher's folder is named by the digests of its configuration and of its data and by the version
of the algorithm. A student needs the logits only.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import re
import shutil
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jqkd._interrupts import whole
from jqkd.common.arrays import Most, arrays_digest, read_npz, write_npz
from jqkd.common.cache import cache_folder, check_cache
from jqkd.common.files import DamagedFile, read_json, remove_leftovers, write_json
from jqkd.common.locks import held
from jqkd.data import CacheWarning, Dataset
from jqkd.models.functional import Params
from jqkd.models.teachers import TEACHERS
from jqkd.training import checkpoint
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.result import Stopwatch, environment
from jqkd.training.teacher import PARTS, Teacher, average
from jqkd.training.teacher_config import TeacherConfig
from jqkd.training.teacher_import import imported_teacher
from jqkd.training.teachers import Progress, teacher_task, train_teacher

_CURVES = {f"{part}_{name}" for part in PARTS for name in ("loss", "accuracy")}
_FILES = ("logits.npz", "weights.npz")
_ADVICE = "the teacher is trained again"


def weights_digest(params: Params) -> str:
    """Sixteen hex digits that name some weights."""
    sha = hashlib.sha256()
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        sha.update(jax.tree_util.keystr(path).encode())
        sha.update(np.ascontiguousarray(leaf).data)
    return sha.hexdigest()[:16]


def teacher_folder(config: TeacherConfig, dataset: Dataset, cache_dir: Path | None = None) -> Path:
    """Where a teacher is kept; one of a plug-in is another where the plug-in's source is."""
    plugin = TEACHERS.plugin_of(config.arch)
    made = f"{config.digest()}-{dataset.digest[:8]}-algorithm-{ALGORITHM}"
    made += f"-{plugin.digest}" if plugin else ""
    name = re.sub("[^A-Za-z0-9._-]", "-", f"{config.arch}-{config.dataset}-{made}")
    return cache_folder(cache_dir) / "teachers" / name


def obtain_teacher(
    config: TeacherConfig,
    dataset: Dataset,
    *,
    cache_dir: Path | None = None,
    with_weights: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Teacher:
    """The cached teacher of that configuration, or a newly trained one, which is then cached.

    One that was imported is taken from the shelf, whatever ``cache_dir`` is.

    Of several processes that need one teacher, one trains it and the others wait.

    Args:
        config: which teacher.
        dataset: where the images come from.
        cache_dir: in place of the cache folder.
        with_weights: whether its weights are needed too, and not only its logits.
        on_progress: called every few steps of training.

    Raises:
        InputError: a cache folder that cannot be written, where the teacher must be trained; one
            that was imported and has answered other images.
        TrainingError: a loss that is not finite.

    Warns:
        CacheWarning: what the cache has of it is damaged, and the teacher is trained again.
    """
    if config.part.members:
        obtain = partial(
            obtain_teacher, cache_dir=cache_dir, with_weights=with_weights, on_progress=on_progress
        )
        return average(config, dataset, *(obtain(member, dataset) for member in config.members))
    if not config.part.is_trained:
        return imported_teacher(config, dataset)
    folder, root = teacher_folder(config, dataset, cache_dir), cache_folder(cache_dir)
    load = partial(load_teacher, folder, config, dataset, with_weights=with_weights)
    try:
        return load()
    except (FileNotFoundError, DamagedFile):
        check_cache(folder)
    with held(root / "locks" / f"{folder.name}.lock", "trains this teacher"):
        try:
            return load()
        except FileNotFoundError:
            pass
        except DamagedFile as error:
            warnings.warn(str(error), CacheWarning, stacklevel=2)
        return _train(folder, config, dataset, on_progress)


def _train(
    folder: Path,
    config: TeacherConfig,
    dataset: Dataset,
    on_progress: Callable[[Progress], None],
) -> Teacher:
    """A newly trained teacher; to be called by the only process that writes into the folder."""
    watch, checkpoints = Stopwatch(), folder / "checkpoints"
    how = {"checkpoints": checkpoints, "on_progress": on_progress}
    train = partial(train_teacher, config, dataset, **how)
    for name in (*_FILES, "teacher.json"):
        remove_leftovers(folder, name, 0)
    checkpoint.remove_half_written(folder)
    try:
        teacher, params = train()
    except DamagedFile as error:
        damage = DamagedFile(checkpoints, error.reason, _ADVICE + " from the beginning")
        warnings.warn(str(damage), CacheWarning, stacklevel=3)
        shutil.rmtree(checkpoints)
        teacher, params = train()
    teacher = replace(teacher, weights=params)
    save_teacher(folder, teacher, dataset.digest, watch)
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
def save_teacher(folder: Path, teacher: Teacher, data_digest: str, watch: Stopwatch) -> None:
    """Write logits, weights and, last, the description that makes the folder count.

    Raises:
        InputError: the folder cannot be written, or the disk is full.
    """
    weights = teacher.weights or {}
    arrays = {f"{part}_logits": teacher.logits[part] for part in PARTS}
    arrays |= {f"{part}_ids": teacher.ids[part] for part in PARTS}
    # An old description does not fit the new logits.
    with contextlib.suppress(OSError):
        (folder / "teacher.json").unlink()
    for name, content in zip(_FILES, (arrays, _flat(weights)), strict=True):
        write_npz(folder / name, content)
    about = describe(teacher) | {
        "algorithm": ALGORITHM,
        "data_digest": data_digest,
        "logits_digest": arrays_digest(arrays),
        "weights_digest": weights_digest(weights),
        "seconds": watch.seconds(),
        "environment": environment(),
    }
    write_json(folder / "teacher.json", about)


def load_teacher(
    folder: Path, config: TeacherConfig, dataset: Dataset, *, with_weights: bool = False
) -> Teacher:
    """A teacher from its folder, see ``teacher_folder``.

    Raises:
        FileNotFoundError: there is none.
        DamagedFile: what is there is not what was written.
    """
    path = folder / "teacher.json"
    about = read_json(path, _ADVICE)
    logits, ids, digest = _load_logits(folder / _FILES[0], config, dataset)
    weights = _load_weights(folder / _FILES[1], config) if with_weights else None
    try:
        curves = {name: np.asarray(about["curves"][name], np.float64) for name in _CURVES}
        # Teachers of earlier versions carry no digest of their logits.
        fits = {
            "configuration": about["digest"] == config.digest(),
            "data": about["data_digest"] == dataset.digest,
            "logits": about.get("logits_digest", digest) == digest,
            "curves": all(
                curve.shape == (config.epochs,) and np.isfinite(curve).all()
                for curve in curves.values()
            ),
            "weights": weights is None or about["weights_digest"] == weights_digest(weights),
        }
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedFile(path, f"{type(error).__name__}: {error}", _ADVICE) from error
    wrong = [name for name, fit in fits.items() if not fit]
    if wrong:
        raise DamagedFile(path, f"{', '.join(wrong)} not as described there", _ADVICE)
    return Teacher(config, curves, logits, ids, weights)


def _load_weights(path: Path, config: TeacherConfig) -> Params:
    """Weights of the shapes that the teacher's network has."""
    like = jax.eval_shape(teacher_task(config).init, jax.random.key(0))
    shapes = {name: Most("f", math.prod(leaf.shape)) for name, leaf in _flat(like).items()}
    arrays = _read(path, shapes)
    if any(arrays[name].shape != leaf.shape for name, leaf in _flat(like).items()):
        raise DamagedFile(path, "its weights have other shapes", _ADVICE)
    leaves = [arrays[name] for name in _flat(like)]
    return jax.tree.unflatten(jax.tree.structure(like), leaves)


def _flat(params: Params) -> dict[str, Any]:
    """Arrays by their path: ``conv1.kernel``."""
    leaves = jax.tree_util.tree_leaves_with_path(params)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in leaves}


def _read(path: Path, expected: Mapping[str, Most]) -> dict[str, np.ndarray]:
    try:
        return read_npz(path, expected, _ADVICE)
    except FileNotFoundError as error:
        raise DamagedFile(path, "it is missing", _ADVICE) from error


def _load_logits(
    path: Path, config: TeacherConfig, dataset: Dataset
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], str]:
    """Logits and ids by part, and the digest of all; of just the images of the classes."""
    classes, train = config.class_numbers, dataset.train_labels
    every = [np.flatnonzero(np.isin(labels, classes)) for labels in (train, dataset.test_labels)]
    most = sum(map(len, every))
    expected = {f"{part}_logits": Most("f", most * len(classes)) for part in PARTS}
    arrays = _read(path, expected | {f"{part}_ids": Most("i", most) for part in PARTS})
    logits = {part: arrays[f"{part}_logits"] for part in PARTS}
    ids = {part: arrays[f"{part}_ids"] for part in PARTS}
    seen = [np.sort(np.concatenate([ids["train"], ids["validation"]])), ids["test"]]
    if not all(map(np.array_equal, seen, every)):
        raise DamagedFile(path, "its images are others", _ADVICE)
    for part, values in logits.items():
        if values.shape != (len(ids[part]), len(classes)) or not np.isfinite(values).all():
            raise DamagedFile(path, f"{part} logits are of wrong shape or not finite", _ADVICE)
    return logits, ids, arrays_digest(arrays)
