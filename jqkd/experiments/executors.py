"""Who does the jobs: this process, or several. Executors carry names of jobs, never objects."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

import jax

from jqkd._checks import check_integer
from jqkd.common.cache import cache_folder
from jqkd.common.registry import Registry
from jqkd.experiments.planner import Task
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order, Outcome, do_jobs
from jqkd.training import devices

# Seconds between looks at a job that another process does and others wait for.
_PATIENCE = 2.0
# Runs side by side on an accelerator at most.
_WIDEST = 64
# Called with a task, how far it is from 0 to 1, and a few words; with ``None``, of waiting.
Progress = Callable[[Task | None, float, str], None]


class Executor:
    """Does tasks, each after those that it needs; derived classes are registered."""

    def run(self, tasks: Sequence[Task], order: Order, on_progress: Progress) -> Outcome:
        """Do all tasks, in an order that respects what they need.

        ``do_jobs(order, task.names)`` does one, in whatever process.
        """
        raise NotImplementedError

    def block(self, seeds: int) -> int:
        """How many seeds of so many a task trains side by side, where nobody says."""
        return min(seeds, 2)


EXECUTORS: Registry[Executor] = Registry("executor", Executor)


@dataclass
class Queue:
    """Tasks that wait, each handed out once what it needs is finished."""

    waiting: list[Task]
    outcome: Outcome = field(default_factory=Outcome)
    _unfinished: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self._unfinished = {name for task in self.waiting for name in task.names}

    def next(self) -> Task | None:
        """The first task that can be done now; ``None`` if all wait for others."""
        for task in list(self.waiting):
            lost = next((name for name in task.jobs[0].needs if name in self.outcome.failed), None)
            if lost is not None:
                self.waiting.remove(task)
                reason = f"needs {lost}, which failed"
                self.finish(task, Outcome(failed=dict.fromkeys(task.names, reason)))
            elif not self._unfinished.intersection(task.jobs[0].needs):
                self.waiting.remove(task)
                return task
        return None

    def finish(self, task: Task, outcome: Outcome) -> None:
        """Note how a task ended; it goes back to the end where another process is at it."""
        self.outcome.done += outcome.done
        self.outcome.failed |= outcome.failed
        for name in task.names:
            self.outcome.held.pop(name, None)
        self.outcome.held |= outcome.held
        self._unfinished -= set(task.names) - set(outcome.held)
        if outcome.held:
            self.waiting.append(task)

    @property
    def is_over(self) -> bool:
        """Nothing is left, or only what others are doing and none of ours waits for."""
        return all(set(task.names) & set(self.outcome.held) for task in self.waiting)


@EXECUTORS.register("here")
@dataclass(frozen=True)
class Here(Executor):
    """This process, one task after another."""

    def run(self, tasks: Sequence[Task], order: Order, on_progress: Progress) -> Outcome:
        queue, idle = Queue(list(tasks)), 0
        while (task := queue.next()) is not None:
            outcome = do_jobs(order, task.names, lambda *far: on_progress(task, *far))
            queue.finish(task, outcome)
            idle = idle + 1 if outcome.held else 0
            # Once round without any work of our own: the rest is left to others, or waited for.
            if idle > len(queue.waiting):
                if queue.is_over:
                    break
                on_progress(None, 0.0, ", ".join(sorted(set(queue.outcome.held.values()))))
                time.sleep(_PATIENCE)
        return queue.outcome

    def block(self, seeds: int) -> int:
        cores = jax.devices("cpu") if jax.default_backend() == "cpu" else []
        return max(2, len(cores)) if cores else min(seeds, _WIDEST)


@EXECUTORS.register("processes")
@dataclass(frozen=True)
class Processes(Executor):
    """Several processes on this machine, spawned; one that dies loses only its task.

    Args:
        workers: how many.
        gpus: each sees one of so many; 0 leaves to JAX what it sees.
    """

    workers: int = 2
    gpus: int = 0

    def __post_init__(self) -> None:
        check_integer("workers", self.workers, 1, 256)
        check_integer("gpus", self.gpus, 0, 256)

    def run(self, tasks: Sequence[Task], order: Order, on_progress: Progress) -> Outcome:
        queue, busy, left = Queue(list(tasks)), {}, 0
        idle = [self._worker(number, order) for number in range(min(self.workers, len(tasks)))]
        everyone = list(idle)
        try:
            while True:
                while idle and (task := queue.next()) is not None:
                    worker = idle.pop()
                    worker.ask(task)
                    busy[worker.pipe] = (worker, task)
                if not busy:
                    break
                for pipe in wait(list(busy)):
                    worker, task = busy.pop(pipe)
                    outcome = worker.answer()
                    if outcome is None:
                        outcome = _lost(task, order, worker.process.exitcode)
                        worker = self._worker(worker.number, order)
                        everyone.append(worker)
                    queue.finish(task, outcome)
                    on_progress(task, 1.0, "")
                    idle.append(worker)
                    left = left + 1 if outcome.held else 0
                if left > len(queue.waiting):
                    if queue.is_over and not busy:
                        break
                    time.sleep(_PATIENCE)
        finally:
            for worker in everyone:
                worker.process.terminate()
        return queue.outcome

    def _worker(self, number: int, order: Order) -> _Worker:
        gpu = number % self.gpus if self.gpus else None
        return _Worker(number, order, max(1, devices.num_cores() // self.workers), gpu)

    def block(self, seeds: int) -> int:
        return min(seeds, _WIDEST) if self.gpus else max(2, devices.num_cores() // self.workers)


def _lost(task: Task, order: Order, code: int | None) -> Outcome:
    """What was left of a task whose process died: what it has written is done."""
    store, reason = Store.open(Path(order.root)), f"its process died (exit code {code})"
    done = [name for name in task.names if store.done(name)]
    return Outcome(done, {name: reason for name in task.names if name not in done})


class _Worker:
    """A process that does one task after another."""

    def __init__(self, number: int, order: Order, cores: int, gpu: int | None) -> None:
        context, self.number = multiprocessing.get_context("spawn"), number
        self.pipe, end = context.Pipe()
        arguments = (end, order, cores, gpu)
        self.process = context.Process(target=_serve, args=arguments, daemon=True)
        self.process.start()
        end.close()

    def ask(self, task: Task) -> None:
        """Hand it the names of a task's jobs; one that has died is noticed by ``answer``."""
        try:
            self.pipe.send(task.names)
        except OSError:
            self.process.join()

    def answer(self) -> Outcome | None:
        """How the task ended; ``None`` if the process has died."""
        try:
            return self.pipe.recv()
        except (EOFError, OSError):
            self.process.join()
            return None


def _serve(pipe: Connection, order: Order, cores: int, gpu: int | None) -> None:
    """A worker's life: names in, outcomes out, until its employer is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Its employer ends it.
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(gpu)
    if "xla_force_host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):
        jax.config.update("jax_num_cpu_devices", cores)
    devices.keep_compiled(cache_folder() / "compiled")
    with suppress(EOFError):
        while True:
            names = pipe.recv()
            try:
                outcome = do_jobs(order, names)
            except Exception as error:  # Whatever goes wrong ends the task, not the worker.
                outcome = Outcome(failed=dict.fromkeys(names, str(error)))
            pipe.send(outcome)
