"""What all executors share: a queue of tasks, and workers that may die."""

from __future__ import annotations

import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from jqkd._checks import fail, shown
from jqkd.common.registry import Registry, as_text
from jqkd.experiments.planner import Task
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order, Outcome, Progress

# Seconds between looks at a job that another process does and others wait for.
_PATIENCE = 2.0
# Workers that a task may cost before it counts as failed.
TRIES = 3
# Runs side by side on an accelerator at most.
WIDEST = 64


class Crew:
    """An executor's workers while they are at it: tasks go in, outcomes come out.

    Attributes:
        room: tasks that may be with it at once.
    """

    room = 1

    def start(self, tasks: Sequence[Task]) -> None:
        """Hand out tasks; there is room for them."""
        raise NotImplementedError

    def ended(self) -> list[tuple[Task, Outcome | str]]:
        """Tasks that have ended since it was called last; a text says how a worker died.

        Waits for some seconds where there are none.
        """
        raise NotImplementedError


class Executor:
    """Does tasks, each after those that it needs; derived classes are registered."""

    def check(self) -> None:
        """Raise ``InputError`` where it cannot work; called before anything is written."""

    def block(self, seeds: int) -> int:
        """How many seeds of so many a task trains side by side, where nobody says."""
        return min(seeds, 2)

    def open(
        self, tasks: Sequence[Task], order: Order, on_progress: Progress
    ) -> AbstractContextManager[Crew]:
        """Workers, for as long as the context lasts."""
        raise NotImplementedError

    def run(self, tasks: Sequence[Task], order: Order, on_progress: Progress) -> Outcome:
        """Do all tasks; what a dead worker was at goes to another, ``TRIES`` times at most.

        ``do_jobs(order, task.names)`` does one, in whatever process.
        """
        queue, busy = Queue(Store.open(Path(order.root)), list(tasks), on_progress), []
        with self.open(tasks, order, on_progress) as crew:
            while True:
                started = queue.take(crew.room - len(busy))
                if started:
                    crew.start(started)
                    busy += started
                if busy:
                    for task, outcome in crew.ended():
                        busy.remove(task)
                        queue.finish(task, outcome)
                elif queue.is_over:
                    return queue.outcome
                elif held := queue.outcome.held:
                    on_progress(None, 0.0, ", ".join(sorted(set(held.values()))))
                    time.sleep(_PATIENCE)


EXECUTORS: Registry[Executor] = Registry("executor", Executor)


def executor_of(text: str | Executor) -> Executor:
    """An executor from its text, or from a TOML file with one table: ``[slurm]``, then its options.

    ``NAME://HOST:PORT`` is short for ``NAME:address=HOST:PORT``.

    Raises:
        InputError: an unknown name or option, or a file that is no such table.

    Example:
        >>> executor_of("processes:workers=2").workers, executor_of("dask://node-7:8786").address
        (2, 'node-7:8786')
    """
    if isinstance(text, str) and text.endswith(".toml"):
        text = _from_file(Path(text))
    elif isinstance(text, str) and text.partition("://")[0] in EXECUTORS:
        text = text.replace("://", ":address=", 1)
    return EXECUTORS.build(text, "on")


def _from_file(path: Path) -> str:
    try:
        tables = list(tomllib.loads(path.read_text(encoding="utf-8")).items())
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        fail("on", "be a TOML file that can be read", f"{path} ({reason})")
    if len(tables) != 1 or not isinstance(tables[0][1], dict):
        fail("on", "be a file with one table, such as [slurm]", shown(dict(tables)))
    name, options = tables[0]
    return f"{name}:{','.join(f'{key}={as_text(value)}' for key, value in options.items())}"


@dataclass
class Queue:
    """Tasks that wait, until what each needs is in the store."""

    store: Store
    waiting: list[Task]
    on_progress: Progress
    outcome: Outcome = field(default_factory=Outcome)
    _deaths: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def take(self, most: int) -> list[Task]:
        """So many tasks that can be done now, and that nobody does or has done meanwhile."""
        taken: list[Task] = []
        for task in list(self.waiting):
            if len(taken) == most:
                break
            needs = task.jobs[0].needs
            lost = [name for name in needs if name in self.outcome.failed]
            if lost:
                reason = f"needs {lost[0]}, which failed"
                self.finish(task, Outcome(failed=dict.fromkeys(task.names, reason)))
            elif all(map(self.store.done, needs)):
                left = [name for name in task.names if not self.store.done(name)]
                held = {name: who for name in left if (who := self.store.holder(name))}
                if len(held) == len(left):
                    self.finish(task, Outcome(held=held))
                else:
                    taken.append(task)
                    self.waiting.remove(task)
                    self.on_progress(task, 0.0, "")
        return taken

    def finish(self, task: Task, outcome: Outcome | str) -> None:
        """Note how a task ended; it goes to the end where another process is, or will be, at it."""
        if isinstance(outcome, str):
            outcome = self._after_death(task, outcome)
        self.outcome.done += outcome.done
        self.outcome.failed |= outcome.failed
        held = {name: who for name, who in self.outcome.held.items() if name not in task.names}
        self.outcome.held = held | outcome.held
        self.waiting = [other for other in self.waiting if other is not task]
        for name, reason in outcome.failed.items():
            self.store.log({"job": name, "failed": reason})
        if outcome.held:
            self.waiting.append(task)
        else:
            self.on_progress(task, 1.0, "")

    def _after_death(self, task: Task, reason: str) -> Outcome:
        """What was left of a task whose worker died: what it has written is done."""
        done = [name for name in task.names if self.store.done(name)]
        left = [name for name in task.names if name not in done]
        self._deaths[task.names] += 1
        if (deaths := self._deaths[task.names]) < TRIES:
            return Outcome(done, held=dict.fromkeys(left, "another worker"))
        reason = f"its worker died {deaths} times, at last so: {reason}"
        return Outcome(done, failed=dict.fromkeys(left, reason))

    @property
    def is_over(self) -> bool:
        """Nothing is left, or only what others are doing and none of ours waits for."""
        return all(set(task.names) & set(self.outcome.held) for task in self.waiting)
