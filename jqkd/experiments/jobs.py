"""What doing a job means: a pure function from its inputs, found by name, to one file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import jqkd
from jqkd._checks import InputError, fail
from jqkd.common.arrays import arrays_digest
from jqkd.common.files import DamagedFile
from jqkd.common.plugins import load_plugin
from jqkd.data import Dataset, Splits, Subset, load, student_splits
from jqkd.experiments.asked import Asked, asked
from jqkd.experiments.mechanism import mechanism
from jqkd.experiments.planner import Job, plan
from jqkd.experiments.store import DamagedJob, Store
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.config import StudentConfig
from jqkd.training.recipes import Output
from jqkd.training.result import Stopwatch, environment, protocols
from jqkd.training.student_run import splits_for, student_parameters
from jqkd.training.student_task import ALONE, DISTILLED
from jqkd.training.students import Block, Run, collect
from jqkd.training.teacher_store import obtain_teacher
from jqkd.training.teachers import Progress, average
from jqkd.training.teaching import answers, controlled

# How far a task is, from 0 to 1, and a few words.
Report = Callable[[float, str], None]
Content = dict[str, Any]
Arrays = dict[str, np.ndarray]
_PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Order:
    """What a worker needs beside the names of jobs: plain texts, the same for all of a run.

    Attributes:
        root: of the store.
        name: of what that was asked for.
        teachers: ``train``, ``shipped``, or a store to take them from.
        data_dir: TFDS's data folder.
        plugins: to be loaded.
    """

    root: str
    name: str
    teachers: str = "train"
    data_dir: str | None = None
    plugins: tuple[str, ...] = ()


@dataclass
class Outcome:
    """How a task, or a run, ended.

    Attributes:
        done: names of jobs done.
        failed: reasons by name.
        held: who does them, by name; they were left to that process.
    """

    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)


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


_datasets = lru_cache(maxsize=None)(Datasets)


def do_jobs(
    order: Order, names: Sequence[str], report: Report = lambda fraction, text: None
) -> Outcome:
    """Do some jobs of one arm, or one other job, unless they are done or others are at it.

    To be called in any process, on any machine that sees the store.

    Args:
        order: whose jobs these are.
        names: of students of one arm, trained side by side; or of one teacher.
        report: called with progress.

    Raises:
        InputError: the store cannot be read or written, or no such job was asked for.
    """
    for plugin in order.plugins:
        load_plugin(plugin)
    store = Store.open(Path(order.root))
    store.check_algorithm()
    known = _known(asked(store, order.name))
    lost = [name for name in names if name not in known]
    if lost:
        fail("name", f"be of a job of experiment {order.name}", lost[0])
    outcome = Outcome()
    with ExitStack() as stack:
        free = []
        for name in names:
            other = stack.enter_context(store.claim(name))
            if other is not None:
                outcome.held[name] = other
            elif not store.done(name):
                free.append(known[name])
        if free:
            _attempt(free, store, order, report, outcome)
    report(1.0, "")
    return outcome


@lru_cache(maxsize=8)
def _known(asking: Asked) -> dict[str, Job]:
    jobs = plan(asking.experiment(), asking.seeds, asking.teacher_seeds)
    return {job.name: job for job in jobs}


def _attempt(
    jobs: Sequence[Job], store: Store, order: Order, report: Report, outcome: Outcome
) -> None:
    """Do jobs that are ours; whatever goes wrong is told at the end, and the others go on."""
    watch = Stopwatch()
    try:
        results = compute(jobs, store, order, report)
    except Exception as error:
        kind = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
        for job in jobs:
            outcome.failed[job.name] = f"{kind}{error}"
            store.log({"job": job.name, "failed": outcome.failed[job.name]})
        return
    seconds, made_on = watch.seconds(), environment()
    share = {name: value / len(jobs) for name, value in seconds.items()}
    for job, (content, arrays) in zip(jobs, results, strict=True):
        store.write(job.name, content, arrays)
        store.log({"job": job.name, "seconds": share, "environment": made_on})
        outcome.done.append(job.name)


def compute(
    jobs: Sequence[Job], store: Store, order: Order, report: Report
) -> list[tuple[Content, Arrays | None]]:
    """The files of some jobs, as the store keeps them."""
    (job, *_), datasets = jobs, _datasets(order.data_dir)
    if job.kind == "students":
        taught = store.read_arrays(job.needs[0]) if job.needs else None
        return [(one, None) for one in do_students(jobs, datasets, taught, report)]
    if order.teachers != "train":
        return [taken_teacher(job, order.teachers)]
    make = do_teacher if job.kind == "teachers" else do_answers
    return [make(job, datasets, report)]


def do_teacher(job: Job, datasets: Datasets, report: Report) -> tuple[Content, Arrays]:
    """Train a teacher, or take it from the cache.

    Returns:
        What the job's file says; logits (N, C) and ids (N,) of the students' train images.
    """
    config, dataset = job.teacher, datasets[job.teacher.dataset]

    def on_progress(progress: Progress) -> None:
        text = "" if progress.metrics is None else f"loss {progress.metrics['train_loss']:.3f}"
        report(min(1.0, progress.images / max(1, job.images)), text)

    trained = [obtain_teacher(one, dataset, on_progress=on_progress) for one in config.members]
    teacher = trained[0] if len(trained) == 1 else average(config, dataset, *trained)
    train = student_splits(dataset, config.class_numbers).train
    arrays = {"ids": train.ids, "logits": np.asarray(teacher.logits_for(train), np.float32)}
    looks = range(1, len(teacher.curves["test_loss"]) + 1)
    content = {
        "kind": "teacher",
        "teacher": config.to_json(),
        "members": [member.to_json() for member in config.members],
        "data_digest": dataset.digest,
        **_scores(teacher.curves, {part: len(teacher.ids[part]) for part in _PARTS}, looks),
    }
    return content, arrays


def do_answers(job: Job, datasets: Datasets, report: Report) -> tuple[Content, Arrays]:
    """Ask a teacher about every view of the students' images.

    Returns:
        What the job's file says; logits (V, N, C), features if needed, and ids (N,).
    """
    config, teacher, dataset = job.student, job.teacher, datasets[job.student.dataset]
    train = splits_for(config, dataset).train
    report(0.0, "")
    answered = answers(teacher.members, config, dataset, train)
    arrays = {"ids": train.ids, "logits": np.asarray(answered.logits, np.float16)}
    if answered.features is not None:
        arrays["features"] = np.asarray(answered.features, np.float16)
    content = {
        "kind": "answers",
        "members": [member.to_json() for member in teacher.members],
        "augmentation": config.augmentation,
        "views": config.views,
        "data_digest": dataset.digest,
    }
    return content, arrays


def do_students(
    jobs: Sequence[Job], datasets: Datasets, taught: Arrays | None, report: Report
) -> list[Content]:
    """Train students of one arm side by side.

    Args:
        jobs: one for each seed.
        datasets: where the images come from.
        taught: what the teacher says, by image id; of all views where the images are augmented.
        report: called after every evaluated epoch.

    Returns:
        What each job's file says.
    """
    config = jobs[0].student
    dataset = datasets[config.dataset]
    splits = splits_for(config, dataset)
    if taught is not None and not np.array_equal(taught["ids"], splits.train.ids):
        raise InputError("The teacher's logits are those of other images; train it again.")
    runs = [Run(job.seed, ALONE if job.teacher is None else DISTILLED) for job in jobs]
    block = Block(config, splits, runs, _teaching(taught, config, splits.train))
    epochs = []
    report(0.0, "")
    while block.epoch < config.epochs:
        epoch = block.next_epoch()
        epochs.append(epoch.metrics)
        accuracy = 100 * epoch.metrics["validation_accuracy"].mean()
        report(epoch.number / config.epochs, f"validation {accuracy:.1f} %")
    curves, why = vars(collect(runs, epochs)), mechanism(block)
    about = {
        "kind": "student",
        "student": config.to_json(),
        "arm": runs[0].arm,
        "teacher": jobs[0].needs[0] if jobs[0].needs else None,
        "taught_sha256": None if taught is None else arrays_digest(taught),
        "data_digest": dataset.digest,
        "parameters": student_parameters(config),
    }
    return [
        {
            **about,
            "seed": job.seed,
            "mechanism": {name: values[row] for name, values in why.items()},
            **_scores_of(curves, row, splits, config.evaluated_epochs),
        }
        for row, job in enumerate(jobs)
    ]


def _teaching(arrays: Arrays | None, config: StudentConfig, train: Subset) -> Output | None:
    if arrays is None:
        return None
    arrays = {name: a.astype(np.float32) for name, a in arrays.items() if name != "ids"}
    return controlled(Output(arrays["logits"], arrays.get("features")), config, train)


def _scores_of(curves: Any, row: int, splits: Splits, looks: Sequence[int]) -> Content:
    own = {name: values[row] for name, values in curves.items() if name != "runs"}
    return _scores(own, {part: len(getattr(splits, part)) for part in _PARTS}, looks)


def _scores(curves: Any, images: dict[str, int], looks: Iterable[int]) -> Content:
    """Losses (E,), and right answers as whole numbers: of each part (E,), and by protocol."""
    by_protocol = protocols(
        curves["validation_loss"], curves["test_accuracy"], curves["validation_accuracy"]
    )
    picked, looks = int(by_protocol.pop("picked_epoch")), list(looks)
    right = {name: round(float(value) * images["test"]) for name, value in by_protocol.items()}
    for part, size in images.items():
        right[part] = [round(float(value) * size) for value in curves[f"{part}_accuracy"]]
    losses = {f"{part}_loss": curves[f"{part}_loss"] for part in images}
    epochs = {"epochs": looks, "picked_epoch": looks[picked - 1]}
    return {**epochs, "images": images, "right": right, "losses": losses}


def taken_teacher(job: Job, where: str) -> tuple[Content, Arrays]:
    """A teacher's curves and logits, or its answers, from another store.

    Args:
        job: which.
        where: ``shipped`` for those of this repository, else a store.

    Raises:
        InputError: no such folder, or not this teacher in it.
    """
    for store in teacher_stores(where):
        if store.done(job.name):
            try:
                arrays, content = store.read_arrays(job.name), store.read(job.name)
            except DamagedJob as error:  # It cannot be done anew from here.
                advice = "use --teachers train, or another store"
                raise DamagedFile(error.path, error.reason, advice) from error
            del content["arrays_sha256"]
            return content, arrays
    raise _lacking(job, where)


def teacher_stores(where: str) -> list[Store]:
    """Stores to take teachers from.

    Raises:
        InputError: there is none, or none that this version of the algorithm has made.
    """
    here = Path(jqkd.__file__).parents[1] / "results"
    folders = [here, *sorted(here.glob("*"))] if where == "shipped" else [Path(where)]
    stores = [Store.open(folder) for folder in folders if (folder / "store.json").exists()]
    if not stores:
        must = "be train, shipped (in the repository, not in a wheel) or a store"
        fail("teachers", must, f"`{where}`")
    fitting = [store for store in stores if store.algorithm == ALGORITHM]
    if not fitting:
        stores[0].check_algorithm("use --teachers train")
    return fitting


def check_teachers(jobs: Iterable[Job], where: str) -> None:
    """Every teacher of some jobs can be had; to be called before a store is made.

    Raises:
        InputError: ``where`` is none of ``train``, ``shipped`` and a store, or lacks a teacher.
    """
    if where == "train":
        return
    stores = teacher_stores(where)
    for job in jobs:
        if job.kind != "students" and not any(store.done(job.name) for store in stores):
            raise _lacking(job, where)


def _lacking(job: Job, where: str) -> InputError:
    epochs = ", ".join(f"{one.arch} {one.epochs}" for one in job.teacher.members)
    return InputError(
        f"There is no {job.label} trained for so many epochs ({epochs}) in {where}; ask for the "
        "epochs that are there, or use --teachers train."
    )
