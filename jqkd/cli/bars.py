"""Live bars of commands that train."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar, Self

from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TextColumn
from rich.progress import Progress as Columns
from rich.progress import TimeElapsedColumn as Elapsed

from jqkd.cli.console import Output, duration, epoch_text, teacher_text
from jqkd.experiments.planner import Task
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.students import Epoch
from jqkd.training.teachers import Progress


class Bar:
    """Counts to a total, with a text that says what it is at.

    Attributes:
        opening: its first text; ``None`` where it opens at the first report.
    """

    opening: ClassVar[str | None] = ""

    def __init__(self, output: Output, total: float, *columns: ProgressColumn) -> None:
        text = TextColumn("{task.fields[text]}", markup=False)
        self._columns = Columns(*columns, text, Elapsed(), console=output.console)
        self._total, self._start = total, time.perf_counter()

    def __enter__(self) -> Self:
        """Open."""
        if self.opening is not None:
            self.move(0, self.opening)
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the bar as it is and let go of the terminal."""
        if self._columns.live.is_started:
            self._columns.stop()

    def move(self, done: float, text: str, total: float | None = None) -> None:
        """Open if need be, then show; of another total if one is given."""
        if not self._columns.tasks:
            self._columns.add_task("", total=self._total, text=text)
            self._columns.start()
        self._columns.update(self._columns.task_ids[0], completed=done, text=text, total=total)


class CountBar(Bar):
    """Says how many of how many are done."""

    opening = "compiling"

    def __init__(self, output: Output, what: str, total: int) -> None:
        columns = (TextColumn(what, markup=False), BarColumn(bar_width=8), MofNCompleteColumn())
        super().__init__(output, total, *columns)


class TeacherBar(CountBar):
    """Counts a teacher's epochs; a cached teacher shows none."""

    opening = None

    def __init__(self, output: Output, config: TeacherConfig | None) -> None:
        super().__init__(output, "teacher ", 0 if config is None else config.epochs)

    def __call__(self, progress: Progress) -> None:
        """Move the bar, within epochs too."""
        self.move(progress.epoch, teacher_text(progress, time.perf_counter() - self._start))


class StudentBar(CountBar):
    """Counts the epochs that all students go through together."""

    opening = None

    def __init__(
        self, output: Output, config: StudentConfig, runs: int, arms: tuple[str, ...]
    ) -> None:
        super().__init__(output, "students", config.epochs)
        self._arms, self._images = arms, runs * config.num_images
        self._first: tuple[int, float] | None = None

    def __call__(self, epoch: Epoch) -> None:
        """Move the bar; the rate counts from the end of the first epoch, which compiles."""
        now = time.perf_counter()
        if self._first is None or epoch.number < self._first[0]:  # Others: seeds that are added.
            self._first = (epoch.number, now)
        done, seconds = (epoch.number - self._first[0]) * self._images, now - self._first[1]
        self.move(epoch.number, epoch_text(epoch, self._arms, done, seconds))


class TaskBar(Bar):
    """One bar over all tasks, weighed by their cost, with the time that is left."""

    def __init__(self, output: Output, tasks: Sequence[Task]) -> None:
        self._cost = sum(task.cost for task in tasks)
        percent = TextColumn("{task.percentage:.0f} %")
        super().__init__(output, max(self._cost, 1e-9), BarColumn(bar_width=16), percent)
        self._tasks, self._shares = tasks, {task.names: 0.0 for task in tasks}
        self._begun: set[tuple[str, ...]] = set()
        self._ahead = 0.0  # What others did.

    def __call__(self, task: Task | None, fraction: float, text: str) -> None:
        """Move the bar; without a task it waits for another worker."""
        shares = self._shares
        if task is None:
            self.move(sum(shares.values()), f"waiting for {text}")
            return
        self._begun |= {task.names} if fraction < 1 else set()
        if fraction == 1 and task.names not in self._begun:
            self._ahead += task.cost
        shares[task.names] = fraction * task.cost
        done = sum(shares.values())
        own = max(done - self._ahead, 1e-9)
        left = (self._cost - done) * (time.perf_counter() - self._start) / own
        more = f"about {duration(left)} left, " if own > 1 else ""
        finished = sum(shares[one.names] == one.cost for one in self._tasks)
        at = f"task {min(finished + 1, len(shares))}/{len(shares)}: {task.label}  {text}"
        self.move(done, more + at)
