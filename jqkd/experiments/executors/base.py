"""What every engine shares: a queue of tasks, and workers that may die."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from jqkd.common.registry import Registry
from jqkd.experiments.planner import Task
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order, Outcome, Progress

# Seconds between looks at a job that another process does and others wait for.
_PATIENCE = 2.0
# Workers that a task may cost before it counts as failed.
TRIES = 3
# Runs side by side on an accelerator at most.
WIDEST = 64


class Executor:
    """Does tasks, each after those that it needs; derived classes are registered."""

    def check(self) -> None:
        """Raise ``InputError`` where it cannot work; called before anything is written."""

    def run(self, tasks: Sequence[Task], order: Order, on_progress: Progress) -> Outcome:
        """Do all tasks, in an order that respects what they need.

        ``do_jobs(order, task.names)`` does one, in whatever process.
        """
        raise NotImplementedError

    def block(self, seeds: int) -> int:
        """How many seeds of so many a task trains side by side, where nobody says."""
        return min(seeds, 2)


EXECUTORS: Registry[Executor] = Registry("executor", Executor)


def executor_of(text: str | Executor) -> Executor:
    """An executor from its text; ``NAME://HOST:PORT`` is short for ``NAME:address=HOST:PORT``.

    Raises:
        InputError: an unknown name or option.

    Example:
        >>> executor_of("processes:workers=2").workers, executor_of("dask://node-7:8786").address
        (2, 'node-7:8786')
    """
    if isinstance(text, str) and text.partition("://")[0] in EXECUTORS:
        text = text.replace("://", ":address=", 1)
    return EXECUTORS.build(text, "on")


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


class Crew:
    """An engine's workers while they are at it: tasks go in, outcomes come out.

    Attributes:
        ended: tasks that have ended and were not asked for yet.
    """

    def __init__(self) -> None:
        self.ended: list[tuple[Task, Outcome | str]] = []

    @property
    def is_free(self) -> bool:
        """Whether one more task can be started."""
        raise NotImplementedError

    @property
    def is_busy(self) -> bool:
        """Whether a task was started that ``finished`` has not returned."""
        raise NotImplementedError

    def start(self, task: Task) -> None:
        """Hand a task to a worker."""
        raise NotImplementedError

    def wait(self) -> None:
        """Wait until some have ended, or for some seconds; add them to ``ended``."""
        raise NotImplementedError

    def finished(self) -> list[tuple[Task, Outcome | str]]:
        """Tasks with their outcomes, each once; a text says how its worker died."""
        if not self.ended:
            self.wait()
        ended, self.ended = self.ended, []
        return ended


class Engine(Executor):
    """An executor whose workers may die: each death costs a task's time, and ``TRIES`` the task."""

    def open(
        self, tasks: Sequence[Task], order: Order, on_progress: Progress
    ) -> AbstractContextManager[Crew]:
        """Workers, for as long as the context lasts."""
        raise NotImplementedError

    def run(self, tasks: Sequence[Task], order: Order, on_progress: Progress) -> Outcome:
        store, queue, idle = Store.open(Path(order.root)), Queue(list(tasks)), 0
        deaths: Counter[tuple[str, ...]] = Counter()
        with self.open(tasks, order, on_progress) as crew:
            while True:
                while crew.is_free and (task := queue.next()) is not None:
                    crew.start(task)
                if not crew.is_busy:
                    break
                for task, outcome in crew.finished():
                    idle = idle + 1 if isinstance(outcome, Outcome) and outcome.held else 0
                    if isinstance(outcome, str):
                        deaths[task.names] += 1
                        outcome = _lost(task, store, outcome, deaths[task.names])
                    queue.finish(task, outcome)
                    if not outcome.held:
                        on_progress(task, 1.0, "")
                # Once round without any work of our own: the rest is left to others, or waited for.
                if idle > len(queue.waiting):
                    if queue.is_over and not crew.is_busy:
                        break
                    on_progress(None, 0.0, ", ".join(sorted(set(queue.outcome.held.values()))))
                    time.sleep(_PATIENCE)
        return queue.outcome


def _lost(task: Task, store: Store, reason: str, deaths: int) -> Outcome:
    """What was left of a task whose worker died: what it has written is done."""
    done = [name for name in task.names if store.done(name)]
    left = [name for name in task.names if name not in done]
    if deaths < TRIES:
        return Outcome(done, held=dict.fromkeys(left, "another worker"))
    reason = f"its worker died {deaths} times, at last so: {reason}"
    for name in left:
        store.log({"job": name, "failed": reason})
    return Outcome(done, failed=dict.fromkeys(left, reason))
