"""This process does it all."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import jax

from jqkd.experiments.executors.base import EXECUTORS, WIDEST, Crew, Engine
from jqkd.experiments.planner import Task
from jqkd.experiments.worker import Order, Progress, do_jobs


@EXECUTORS.register("here")
@dataclass(frozen=True)
class Here(Engine):
    """This process, one task after another."""

    @contextmanager
    def open(self, tasks: Sequence[Task], order: Order, on_progress: Progress) -> Generator[Crew]:
        yield _Alone(order, on_progress)

    def block(self, seeds: int) -> int:
        cores = jax.devices("cpu") if jax.default_backend() == "cpu" else []
        return max(2, len(cores)) if cores else min(seeds, WIDEST)


class _Alone(Crew):
    """Works while a task is started."""

    def __init__(self, order: Order, on_progress: Progress) -> None:
        super().__init__()
        self._order, self._on_progress = order, on_progress

    @property
    def is_free(self) -> bool:
        return not self.ended

    @property
    def is_busy(self) -> bool:
        return bool(self.ended)

    def start(self, task: Task) -> None:
        outcome = do_jobs(self._order, task.names, lambda *far: self._on_progress(task, *far))
        self.ended.append((task, outcome))
