"""This process does it all."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import jax

from jqkd.experiments.executors.base import EXECUTORS, WIDEST, Crew, Executor
from jqkd.experiments.planner import Task
from jqkd.experiments.worker import Order, Outcome, Progress, do_jobs


@EXECUTORS.register("here")
@dataclass(frozen=True)
class Here(Executor):
    """This process, one task after another."""

    @contextmanager
    def open(self, tasks: Sequence[Task], order: Order, on_progress: Progress) -> Generator[Crew]:
        yield _Alone(order, on_progress)

    def block(self, seeds: int) -> int:
        cores = jax.devices("cpu") if jax.default_backend() == "cpu" else []
        return max(2, len(cores)) if cores else min(seeds, WIDEST)


class _Alone(Crew):
    """Works while its end is waited for."""

    def __init__(self, order: Order, on_progress: Progress) -> None:
        self._order, self._on_progress = order, on_progress

    def start(self, tasks: Sequence[Task]) -> None:
        self._tasks = tasks

    def ended(self) -> list[tuple[Task, Outcome | str]]:
        (task,) = self._tasks
        report = lambda *far: self._on_progress(task, *far)  # noqa: E731
        return [(task, do_jobs(self._order, task.names, report))]
