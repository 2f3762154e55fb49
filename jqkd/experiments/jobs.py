"""What doing a job means: a pure function from its inputs to what one file of a store says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from jqkd._checks import InputError
from jqkd.common.arrays import arrays_digest
from jqkd.data import Dataset, Subset, load, student_splits
from jqkd.experiments.model import present
from jqkd.experiments.planner import Job, trained
from jqkd.training.config import StudentConfig
from jqkd.training.mechanism import mechanism
from jqkd.training.probe import probe
from jqkd.training.recipes import Output
from jqkd.training.result import protocols
from jqkd.training.runs import Epoch, Run
from jqkd.training.student_run import splits_for, student_parameters
from jqkd.training.student_task import ALONE, DISTILLED
from jqkd.training.students import Block
from jqkd.training.teacher_store import obtain_teacher
from jqkd.training.teachers import Progress
from jqkd.training.teaching import answers, controlled, needs_views

# How far a task is, from 0 to 1, and a few words.
Report = Callable[[float, str], None]
Content = dict[str, Any]
Arrays = dict[str, np.ndarray]
_PARTS = ("train", "validation", "test")


class Datasets:
    """Data sets, each loaded once; so is the reason why one cannot be had."""

    def __init__(self, data_dir: str | Path | None = None) -> None:
        self._get = lru_cache(maxsize=None)(self._load)
        self._data_dir = data_dir

    def __getitem__(self, name: str) -> Dataset:
        loaded = self._get(name)
        if isinstance(loaded, InputError):
            raise loaded
        return loaded

    def _load(self, name: str) -> Dataset | InputError:
        try:
            return load(name, data_dir=self._data_dir)
        except InputError as error:
            return error


def do_teacher(job: Job, datasets: Datasets, report: Report) -> tuple[Content, Arrays]:
    """Train a teacher, or take it from the cache.

    Returns:
        What the job's file says; logits (N, C) and ids (N,) of the students' train images.
    """
    config = present(job.teacher)
    dataset = datasets[config.dataset]

    def on_progress(progress: Progress) -> None:
        text = "" if progress.metrics is None else f"loss {progress.metrics['train_loss']:.3f}"
        report(min(1.0, progress.images / max(1, job.images)), text)

    teacher = obtain_teacher(config, dataset, on_progress=on_progress)
    train = student_splits(dataset, config.class_numbers).train
    images = {part: len(teacher.ids[part]) for part in _PARTS}
    looks = range(1, len(teacher.curves["test_loss"]) + 1)
    content = {
        "kind": "teacher",
        "teacher": config.to_json(),
        "members": [member.to_json() for member in trained(config)],
        "data_digest": dataset.digest,
        **tally(teacher.curves, images, looks),
    }
    return content, {"ids": train.ids, "logits": np.asarray(teacher.logits_for(train), np.float32)}


def do_answers(job: Job, datasets: Datasets, report: Report) -> tuple[Content, Arrays]:
    """Ask a teacher about every view of the students' images.

    Returns:
        What the job's file says; logits (V, N, C), features if needed, and ids (N,).
    """
    config, teacher = present(job.student), present(job.teacher)
    dataset = datasets[config.dataset]
    train = splits_for(config, dataset).train
    report(0.0, "")
    answered = answers(obtain_teacher(teacher, dataset), config, dataset, train)
    given = {"logits": answered.logits, "features": answered.features}
    # Views are kept in half precision, see ``answers``; of plain images all is kept.
    kind = np.float16 if needs_views(config) else np.float32
    arrays = {k: np.asarray(v, kind) for k, v in given.items() if v is not None}
    content = {
        "kind": "answers",
        "members": [member.to_json() for member in trained(teacher)],
        "augmentation": config.augmentation,
        "views": config.views,
        "data_digest": dataset.digest,
    }
    return content, {"ids": train.ids} | arrays


def do_students(
    jobs: Sequence[Job], datasets: Datasets, teaching: Arrays | None, report: Report
) -> list[Content]:
    """Train students of one arm side by side, one for each job.

    Args:
        jobs: one for each seed.
        datasets: where the images come from.
        teaching: the teacher's answers to the students' images, and the ids of these.
        report: called after every evaluated epoch.

    Returns:
        What each job's file says.
    """
    config, needs = present(jobs[0].student), jobs[0].needs
    dataset = datasets[config.dataset]
    splits = splits_for(config, dataset)
    if teaching is not None and not np.array_equal(teaching["ids"], splits.train.ids):
        raise InputError("The teacher's logits are those of other images; train it again.")
    runs = [Run(present(job.seed), ALONE if job.teacher is None else DISTILLED) for job in jobs]
    block = Block(config, splits, runs, _teaching(teaching, config, splits.train))
    report(0.0, "")

    def after(epoch: Epoch) -> None:
        accuracy = 100 * epoch.metrics["validation_accuracy"].mean()
        report(epoch.number / config.epochs, f"validation {accuracy:.1f} %")

    start = probe(block)
    curves, why = block.train(after), mechanism(block)
    looks = [start, probe(block)]
    images = {part: len(getattr(splits, part)) for part in _PARTS}
    about = {
        "kind": "student",
        "student": config.to_json(),
        "arm": runs[0].arm,
        "teacher": needs[0] if needs else None,
        "taught_sha256": None if teaching is None else arrays_digest(teaching),
        "data_digest": dataset.digest,
        "parameters": student_parameters(config),
    }
    contents = []
    for row, run in enumerate(runs):
        own = {name: values[row] for name, values in curves.arrays.items()}
        own_why = {name: values[row] for name, values in why.items()}
        counts = tally(own, images, curves.epochs)
        if config.allocation or config.shot_budget:
            counts["shots"] = curves.shots[row]
        probed = _probed([0, curves.epochs[-1]], looks, row)
        own_about = {"seed": run.seed, "mechanism": own_why, "probe": probed}
        contents.append({**about, **own_about, **counts})
    return contents


def _probed(epochs: Sequence[int], looks: Sequence[Any], row: int) -> dict[str, Any] | None:
    """What was seen of a student before and after training, by name."""
    if looks[0] is None:
        return None
    return {"epochs": epochs} | {k: [look[k][row] for look in looks] for k in looks[0]}


def _teaching(arrays: Arrays | None, config: StudentConfig, train: Subset) -> Output | None:
    if arrays is None:
        return None
    logits, features = arrays["logits"], arrays.get("features")
    hidden = None if features is None else jnp.asarray(features, np.float32)
    return controlled(Output(jnp.asarray(logits, np.float32), hidden), config, train)


def tally(curves: Mapping[str, Any], images: dict[str, int], looks: Iterable[int]) -> Content:
    """Losses (E,), and right answers as whole numbers: of each part (E,), and by protocol."""
    by_protocol = protocols(
        curves["validation_loss"], curves["test_accuracy"], curves["validation_accuracy"]
    )
    picked, looks = int(by_protocol.pop("picked_epoch")), list(looks)
    right: Content = {
        name: round(float(value) * images["test"]) for name, value in by_protocol.items()
    }
    for part, size in images.items():
        right[part] = [round(float(value) * size) for value in curves[f"{part}_accuracy"]]
    losses = {f"{part}_loss": curves[f"{part}_loss"] for part in images}
    epochs = {"epochs": looks, "picked_epoch": looks[picked - 1]}
    return {**epochs, "images": images, "right": right, "losses": losses}
