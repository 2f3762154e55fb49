"""What doing a unit means: train, and say what came of it as plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

import jqkd
from jqkd._checks import InputError, fail
from jqkd.common.arrays import arrays_digest
from jqkd.common.files import DamagedFile
from jqkd.data import Dataset, Subset, load, student_splits
from jqkd.experiments.files import DamagedUnit
from jqkd.experiments.mechanism import mechanism
from jqkd.experiments.plan import AnswerUnit, StudentUnit, TeacherUnit
from jqkd.experiments.store import Store
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.config import StudentConfig
from jqkd.training.recipes import Output
from jqkd.training.student_run import arm_result, splits_for, student_parameters
from jqkd.training.students import Block, Run, collect
from jqkd.training.teacher import average
from jqkd.training.teacher_store import obtain_teacher
from jqkd.training.teachers import Progress
from jqkd.training.teaching import answers, controlled

# How far a unit is, from 0 to 1, and a few words.
Report = Callable[[float, str], None]
Content = dict[str, Any]
Arrays = dict[str, np.ndarray]


class Datasets:
    """Data sets, each loaded once; so is the reason why one cannot be had."""

    def __init__(self, data_dir: Path | None = None) -> None:
        self._get = lru_cache(maxsize=None)(self._load)
        self._data_dir = data_dir

    def __getitem__(self, name: str) -> Dataset:
        found = self._get(name)
        if isinstance(found, InputError):
            raise found
        return found

    def _load(self, name: str) -> Dataset | InputError:
        try:
            return load(name, data_dir=self._data_dir)
        except InputError as error:
            return error


def do_teacher(unit: TeacherUnit, datasets: Datasets, report: Report) -> tuple[Content, Arrays]:
    """Train a teacher, or take it from the cache.

    Returns:
        What the unit's file says; logits (N, C) and ids (N,) of the students' train images.
    """
    plan = unit.plan
    dataset = datasets[plan.config.dataset]

    def on_progress(progress: Progress) -> None:
        done = progress.images / max(1, unit.images)
        text = "" if progress.metrics is None else f"loss {progress.metrics['train_loss']:.3f}"
        report(min(1.0, done), text)

    trained = [obtain_teacher(m, dataset, on_progress=on_progress) for m in plan.members]
    teacher = trained[0] if len(trained) == 1 else average(plan.config, dataset, *trained)
    train = student_splits(dataset, plan.config.class_numbers).train
    arrays = {"ids": train.ids, "logits": np.asarray(teacher.logits_for(train), np.float32)}
    content = {
        "kind": "teacher",
        "teacher": plan.config.to_json(),
        "members": [member.to_json() for member in plan.members],
        "data_digest": dataset.digest,
        "test_images": len(teacher.ids["test"]),
        "curves": teacher.curves,
        "test_accuracy": teacher.accuracies,
    }
    return content, arrays


def do_answers(unit: AnswerUnit, datasets: Datasets, report: Report) -> tuple[Content, Arrays]:
    """Ask a teacher about every view of the students' images.

    Returns:
        What the unit's file says; logits (V, N, C), features if needed, and ids (N,).
    """
    config, plan = unit.config, unit.plan
    dataset = datasets[config.dataset]
    train = splits_for(config, dataset).train
    report(0.0, "")
    teacher = replace(plan.config, members=plan.members)
    said = answers(obtain_teacher(teacher, dataset), config, dataset, train)
    arrays = {"ids": train.ids, "logits": np.asarray(said.logits, np.float16)}
    if said.features is not None:
        arrays["features"] = np.asarray(said.features, np.float16)
    content = {
        "kind": "answers",
        "members": [member.to_json() for member in plan.members],
        "augmentation": config.augmentation,
        "views": config.views,
        "data_digest": dataset.digest,
    }
    return content, arrays


def do_students(
    unit: StudentUnit, datasets: Datasets, logits: Arrays | None, report: Report
) -> Content:
    """Train a block of seeds.

    Args:
        unit: which.
        datasets: where the images come from.
        logits: of the teacher, by image id, for distilled students; of all views where the
            images are augmented.
        report: called after every epoch.
    """
    arm, config = unit.arm, unit.arm.config
    dataset = datasets[config.dataset]
    splits = splits_for(config, dataset)
    if logits is not None and not np.array_equal(logits["ids"], splits.train.ids):
        raise InputError("The teacher's logits are those of other images; train it again.")
    runs = [Run(seed, arm.arm) for seed in unit.seeds]
    block = Block(config, splits, runs, _told(logits, config, splits.train))
    epochs = []
    report(0.0, "")
    while block.epoch < config.epochs:
        epoch = block.next_epoch()
        epochs.append(epoch.metrics)
        accuracy = 100 * epoch.metrics["validation_accuracy"].mean()
        report(epoch.number / config.epochs, f"validation {accuracy:.1f} %")
    return {
        "kind": "students",
        "student": config.to_json(),
        "arm": arm.arm,
        "teacher": arm.teacher_unit,
        "logits_sha256": None if logits is None else arrays_digest(logits),
        "data_digest": dataset.digest,
        "parameters": student_parameters(config),
        "mechanism": mechanism(block),
        **arm_result(collect(runs, epochs), config.evaluated_epochs),
    }


def _told(arrays: Arrays | None, config: StudentConfig, train: Subset) -> Output | None:
    if arrays is None:
        return None
    arrays = {name: a.astype(np.float32) for name, a in arrays.items() if name != "ids"}
    return controlled(Output(arrays["logits"], arrays.get("features")), config, train)


def shipped_teacher(unit: TeacherUnit | AnswerUnit, where: str) -> tuple[Content, Arrays]:
    """A teacher's curves and logits from another results folder.

    Args:
        unit: which.
        where: ``shipped`` for those of this repository, else a results folder.

    Raises:
        InputError: no such folder, or not this teacher in it.
    """
    for store in teacher_stores(where):
        if store.done(unit):
            try:
                arrays, content = store.read_logits(unit), store.read(unit)
            except DamagedUnit as error:  # It cannot be done anew from here.
                advice = "use --teachers train, or another results folder"
                raise DamagedFile(error.path, error.reason, advice) from error
            del content["arrays_sha256"]
            return content, arrays
    raise lacking_teacher(unit, where)


def teacher_stores(where: str) -> list[Store]:
    """Results folders to take teachers from.

    Raises:
        InputError: there is none, or none that this version of the algorithm has made.
    """
    here = Path(jqkd.__file__).parents[1] / "results"
    folders = sorted(here.glob("*")) if where == "shipped" else [Path(where)]
    stores = [Store.open(folder) for folder in folders if (folder / "tables.json").exists()]
    if not stores:
        must = "be train, shipped (in the repository, not in a wheel) or a results folder"
        fail("teachers", must, f"`{where}`")
    fitting = [store for store in stores if store.algorithm == ALGORITHM]
    if not fitting:
        stores[0].check_algorithm("use --teachers train")
    return fitting


def lacking_teacher(unit: TeacherUnit | AnswerUnit, where: str) -> InputError:
    """No results folder has it."""
    return InputError(
        f"There is no {unit.label} trained for {unit.plan.epochs} epochs in {where}; ask for the "
        "epochs that are there, or use --teachers train."
    )
