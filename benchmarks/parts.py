"""What a study runs in a new process, ``python -m benchmarks.parts NAME OPTIONS``: a line of JSON.

Everything is imported in here, so that the time of imports is part of what is measured.
"""

from __future__ import annotations

import functools
import itertools
import json
import logging
import os
import re
import sys
import time
from statistics import median
from typing import Any

from benchmarks.timing import peak_megabytes

# Epochs that stand for all: the first compiles, the others are alike.
EPOCHS = 3
TABLE_EPOCHS = 10


def _set_up(cores: int | None = None) -> None:
    """As the command line does, perhaps on fewer cores."""
    if cores is not None:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    from jqkd.training.devices import setup

    setup()


def row() -> dict[str, Any]:
    """A row with its times: import, data, first epoch, the others."""
    began = time.perf_counter()
    _set_up()
    from jqkd.training.config import StudentConfig
    from jqkd.training.student_run import StudentJob, run_student

    stamps = [time.perf_counter()]
    stamp = lambda *_: stamps.append(time.perf_counter())  # noqa: E731
    dataset = "mnist" if os.environ.get("TFDS_DATA_DIR") else "digits"
    job = StudentJob(StudentConfig(dataset, "0-5", 3, epochs=EPOCHS), None, (0,))
    run_student(job, on_data=stamp, on_epoch=stamp)
    epochs = [b - a for a, b in itertools.pairwise(stamps[1:])]
    parts = {
        "import": stamps[0] - began,
        "data": stamps[1] - stamps[0],
        "compile": epochs[0] - median(epochs[1:]),
        "epoch": median(epochs[1:]),
    }
    return {"epochs": epochs, "parts": parts, "dataset": dataset, "peak_mb": peak_megabytes()}


def data() -> dict[str, Any]:
    """Both data sets decoded once, so that they stand in the cache."""
    _set_up()
    if os.environ.get("TFDS_DATA_DIR"):
        for name in ("mnist", "fashion_mnist"):
            _dataset(name)
    return {}


def tables() -> dict[str, Any]:
    """All student rows, one after another, with teacher logits out of thin air."""
    _set_up()
    import numpy as np

    from jqkd.experiments.catalogue import EXPERIMENTS
    from jqkd.training.recipes import Output
    from jqkd.training.runs import Run
    from jqkd.training.students import Block

    names = count_programs()
    tables = EXPERIMENTS.build(f"paper-code:epochs={TABLE_EPOCHS}").experiment()
    arms = [arm for arm in tables.arms if not arm.is_teacher and not arm.hidden]
    took, real = [], bool(os.environ.get("TFDS_DATA_DIR"))
    for arm in arms:
        splits = _splits(arm.student, real)
        shape = len(splits.train), arm.student.num_classes
        logits = np.random.default_rng(0).normal(size=shape).astype(np.float32)
        runs = [Run(0, "alone" if arm.teacher is None else "distilled")]
        block = Block(arm.student, splits, runs, Output(logits))
        took.append({"row": arm.name, "epoch": epoch_seconds(block, EPOCHS)})
    training = [name for name in names if "train_steps" in name]
    return {
        "rows": took,
        "widths": len({arm.student.qubits for arm in arms}),
        "programs": len(training),
        "names": {name: names.count(name) for name in sorted(set(names)) if names.count(name) > 1},
        "images": "of the data sets" if real else "synthetic",
    }


@functools.lru_cache
def _dataset(name: str) -> Any:
    from jqkd.data import load

    return load(name)


def _splits(config: Any, real: bool) -> Any:
    from jqkd.data import DATASETS, Splits
    from jqkd.training.student_run import splits_for

    if real:
        return splits_for(config, _dataset(config.dataset))
    from benchmarks.peers.own_training import images

    info, classes = DATASETS[config.dataset], config.num_classes
    counts = (info.train_per_class, info.validation_per_class, info.test_per_class)
    return Splits(*(images(count * classes, classes, i) for i, count in enumerate(counts)))


def count_programs() -> list[str]:
    """A list that grows by the name of every program that XLA compiles from now on."""
    import jax

    names: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found = re.match(r"Finished XLA compilation of (?:jit\()?(\w+)", record.getMessage())
            if found:
                names.append(found[1])

    jax.config.update("jax_log_compiles", True)
    logger = logging.getLogger("jax")
    logger.addHandler(Listener())
    logger.propagate = False
    return names


def epoch_seconds(block: Any, epochs: int) -> float:
    """Median over epochs, without the first one, which compiles."""
    times = []
    for _ in range(epochs):
        started = time.perf_counter()
        block.next_epoch()
        times.append(time.perf_counter() - started)
    return median(times[1:])


def images_per_second(config: Any, runs: int, train: int) -> float:
    """Over all students in training, each on so many train images."""
    from benchmarks.peers.own_training import block

    return runs * train / epoch_seconds(block(config, runs, train), EPOCHS + 1)


def seeds(
    seeds: list[int] | None = None, batch: list[int] | None = None, qubits: list[int] | None = None
) -> dict[str, Any]:
    """Training images per second, for some numbers of seeds, batch sizes or qubits."""
    from dataclasses import replace

    from benchmarks.peers.own_training import CONFIG

    rates = {}
    for value in seeds or batch or qubits or []:
        config = replace(CONFIG, batch_size=value) if batch else CONFIG
        config = replace(config, qubits=value, classes="0-3") if qubits else config
        runs = value if seeds else 1
        train = 300 * value if batch else max(60, 480 // runs)
        rates[str(value)] = images_per_second(config, runs, train)
    return {"images per second": rates, "peak_mb": peak_megabytes()}


def alexnet() -> dict[str, Any]:
    """One epoch of the paper's largest teacher, on the digits."""
    from jqkd.data import load
    from jqkd.training.config import TeacherConfig
    from jqkd.training.teachers import train_teacher

    train_teacher(TeacherConfig("alexnet", "digits", "0-5", epochs=1), load("digits"))
    return {"peak_mb": peak_megabytes()}


PARTS = {"row": row, "data": data, "tables": tables, "seeds": seeds, "alexnet": alexnet}


def main(name: str, options: str) -> None:
    """Run one part, print what it found."""
    arguments = json.loads(options)
    if name in ("seeds", "alexnet"):
        _set_up(arguments.pop("cores", None))
    print(json.dumps(PARTS[name](**arguments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
