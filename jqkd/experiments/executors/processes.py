"""Several processes on this machine: spawned, as JAX cannot be forked."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from multiprocessing.connection import wait
from typing import Any

from jqkd._checks import check_integer
from jqkd.experiments.entrance import serve
from jqkd.experiments.executors.base import EXECUTORS, WIDEST, Crew, Engine
from jqkd.experiments.planner import Task
from jqkd.experiments.worker import Order, Progress
from jqkd.training import devices


@EXECUTORS.register("processes")
@dataclass(frozen=True)
class Processes(Engine):
    """Several processes on this machine, spawned.

    Args:
        workers: how many; by default one a GPU, or one a core.
        gpus: how many GPUs they share, each worker sees one; by default all that JAX could use.
    """

    workers: int | None = None
    gpus: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("workers", 1), ("gpus", 0)):
            if (value := getattr(self, name)) is not None:
                check_integer(name, value, least, 256)

    @contextmanager
    def open(self, tasks: Sequence[Task], order: Order, on_progress: Progress) -> Generator[Crew]:
        gpus = self._gpus()
        number = self.workers or len(gpus) or devices.num_cores()
        about = (asdict(order), max(1, devices.num_cores() // number))
        places = [gpus[n % len(gpus)] if gpus else None for n in range(min(number, len(tasks)))]
        crew = _Workers([(*about, gpu) for gpu in places])
        try:
            yield crew
        finally:
            crew.close()

    def _gpus(self) -> list[str]:
        return visible_gpus() if self.gpus is None else [str(n) for n in range(self.gpus)]

    def block(self, seeds: int) -> int:
        if self._gpus():
            return min(seeds, WIDEST)
        return max(2, devices.num_cores() // (self.workers or devices.num_cores()))


def visible_gpus() -> list[str]:
    """Names of the GPUs that JAX could use, as CUDA has them; JAX is not started for it."""
    if os.environ.get("JAX_PLATFORMS") == "cpu" or not importlib.util.find_spec("jax_plugins"):
        return []
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [name for name in chosen.split(",") if name]
    listed = ""
    with suppress(OSError, subprocess.SubprocessError):
        call = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=20)
        listed = call.stdout
    return [str(n) for n in range(sum(line.startswith("GPU ") for line in listed.splitlines()))]


class _Workers(Crew):
    """A process for each place; one that has died is followed by another."""

    def __init__(self, places: Sequence[tuple[dict[str, Any], int, str | None]]) -> None:
        super().__init__()
        self.idle = [_Worker(place) for place in places]
        self.busy: dict[Any, tuple[_Worker, Task]] = {}

    @property
    def is_free(self) -> bool:
        return bool(self.idle)

    @property
    def is_busy(self) -> bool:
        return bool(self.busy or self.ended)

    def start(self, task: Task) -> None:
        worker = self.idle.pop()
        with suppress(OSError):  # One that has died is noticed in ``wait``.
            worker.pipe.send(task.names)
        self.busy[worker.pipe] = (worker, task)

    def wait(self) -> None:
        for pipe in wait(list(self.busy)):
            worker, task = self.busy.pop(pipe)
            try:
                self.ended.append((task, worker.pipe.recv()))
            except (EOFError, OSError):
                worker.process.join()
                self.ended.append((task, f"exit code {worker.process.exitcode}"))
                worker = _Worker(worker.place)
            self.idle.append(worker)

    def close(self) -> None:
        for worker in [*self.idle, *(worker for worker, _ in self.busy.values())]:
            worker.process.terminate()


class _Worker:
    """A process that does one task after another."""

    def __init__(self, place: tuple[dict[str, Any], int, str | None]) -> None:
        context, self.place = multiprocessing.get_context("spawn"), place
        self.pipe, end = context.Pipe()
        self.process = context.Process(target=serve, args=(end, *place), daemon=True)
        self.process.start()
        end.close()
