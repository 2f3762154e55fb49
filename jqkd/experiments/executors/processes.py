"""Several processes on this machine: spawned, as JAX cannot be forked."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import signal
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from jqkd._checks import check_integer
from jqkd.experiments.executors.base import EXECUTORS, WIDEST, Crew, Executor
from jqkd.experiments.planner import Task
from jqkd.experiments.worker import Order, Outcome, Progress, serve_jobs
from jqkd.training import devices

# What a worker is given: the order, how many cores, which GPU.
_Place = tuple[Order, int, str | None]


@EXECUTORS.register("processes")
@dataclass(frozen=True)
class Processes(Executor):
    """Several processes on this machine, spawned.

    Args:
        workers: how many; by default one a GPU (see ``CUDA_VISIBLE_DEVICES``), or one a core.
    """

    workers: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None:
            check_integer("workers", self.workers, 1, 256)

    @contextmanager
    def open(self, tasks: Sequence[Task], order: Order, on_progress: Progress) -> Generator[Crew]:
        gpus = visible_gpus()
        number = self.workers or len(gpus) or devices.num_cores()
        cores = max(1, devices.num_cores() // number)
        used = range(min(number, len(tasks)))
        crew = _Workers([(order, cores, gpus[n % len(gpus)] if gpus else None) for n in used])
        try:
            yield crew
        finally:
            crew.close()

    def block(self, seeds: int) -> int:
        if visible_gpus():
            return min(seeds, WIDEST)
        return max(2, devices.num_cores() // (self.workers or devices.num_cores()))


def visible_gpus() -> list[str]:
    """Names of the GPUs that JAX could use, as CUDA has them; JAX is not started for it."""
    if os.environ.get("JAX_PLATFORMS") == "cpu" or not importlib.util.find_spec("jax_plugins"):
        return []
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name for name in chosen.split(",") if name]
    with suppress(OSError, subprocess.SubprocessError):
        call = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20)
        return [str(n) for n in range(call.stdout.count("GPU "))]
    return []


class _Workers(Crew):
    """A process for each place; one that has died is followed by another."""

    def __init__(self, places: Sequence[_Place]) -> None:
        self.room = len(places)
        self._idle = [_Worker(place) for place in places]
        self._busy: dict[Any, tuple[_Worker, Task]] = {}

    def start(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            worker = self._idle.pop()
            with suppress(OSError):  # One that has died is noticed in ``ended``.
                worker.pipe.send(task.names)
            self._busy[worker.pipe] = (worker, task)

    def ended(self) -> list[tuple[Task, Outcome | str]]:
        ended: list[tuple[Task, Outcome | str]] = []
        for pipe in wait(list(self._busy)):
            worker, task = self._busy.pop(pipe)
            try:
                ended.append((task, worker.pipe.recv()))
            except (EOFError, OSError):
                worker.process.join()
                ended.append((task, f"exit code {worker.process.exitcode}"))
                worker = _Worker(worker.place)
            self._idle.append(worker)
        return ended

    def close(self) -> None:
        for worker in [*self._idle, *(worker for worker, _ in self._busy.values())]:
            worker.process.terminate()


class _Worker:
    """A process that does one task after another."""

    def __init__(self, place: _Place) -> None:
        context, self.place = multiprocessing.get_context("spawn"), place
        self.pipe, end = context.Pipe()
        self.process = context.Process(target=_serve, args=(end, *place), daemon=True)
        self.process.start()
        end.close()


def _serve(pipe: Connection, order: Order, cores: int, gpu: str | None) -> None:
    """A worker's life: names in, outcomes out, until its employer is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Its employer ends it.
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    with suppress(EOFError, OSError):
        while True:
            pipe.send(serve_jobs(order, pipe.recv(), cores))
