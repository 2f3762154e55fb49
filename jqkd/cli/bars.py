"""Live bars of commands that train."""

from __future__ import annotations

import time
from typing import Any

from jqkd.cli.console import Output, epoch_text, teacher_text
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.students import Epoch
from jqkd.training.teachers import Progress


class _Bar:
    """Opens at the first report: a cached teacher shows no bar."""

    def __init__(self, output: Output, what: str, total: int) -> None:
        self._opening = output.bar(what, total)
        self._move: Any = None
        self._start = time.perf_counter()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def close(self) -> None:
        """Leave the bar as it is and let go of the terminal."""
        if self._move is not None:
            self._opening.__exit__(None, None, None)
            self._move = None

    def move(self, done: int, text: str) -> None:
        """Open if need be, then show."""
        if self._move is None:
            self._move = self._opening.__enter__()
        self._move(done, text)


class TeacherBar(_Bar):
    """Counts a teacher's epochs; its text moves within them."""

    def __init__(self, output: Output, config: TeacherConfig | None) -> None:
        epochs = 0 if config is None else config.epochs
        super().__init__(output, "teacher ", epochs)

    def __call__(self, progress: Progress) -> None:
        """Move the bar."""
        seconds = time.perf_counter() - self._start
        self.move(progress.epoch, teacher_text(progress, seconds))


class StudentBar(_Bar):
    """Counts the epochs that all students go through together."""

    def __init__(
        self, output: Output, config: StudentConfig, runs: int, arms: tuple[str, ...]
    ) -> None:
        super().__init__(output, "students", config.epochs)
        self._runs, self._arms, self._config = runs, arms, config
        self._first: tuple[int, float] | None = None

    def __call__(self, epoch: Epoch) -> None:
        """Move the bar; the rate counts from the end of the first epoch, which compiles."""
        now = time.perf_counter()
        self._first = self._first or (epoch.number, now)
        images = self._runs * self._config.num_images
        done, seconds = (epoch.number - self._first[0]) * images, now - self._first[1]
        self.move(epoch.number, epoch_text(epoch, self._arms, done, seconds))
