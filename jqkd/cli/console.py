"""What the commands print: tables, and texts of their bars."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from jqkd.training.runs import Epoch
from jqkd.training.teachers import Progress as TeacherProgress

_PROTOCOLS = ("", ">last epoch", ">picked on validation", ">best on test (paper)")


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Left to the command's end, which knows the exit code."""
        raise


class Output:
    """A console for bars and tables. With ``--json -`` it speaks on standard error."""

    def __init__(self, json: str | None = None) -> None:
        # Markup is off: a path may hold [red] or :smile:, and means them.
        self.console = _Console(stderr=json == "-", highlight=False, markup=False, emoji=False)

    def say(self, text: Any = "", style: str | None = None) -> None:
        """Print; what is no terminal gets its lines as they are, for others to read."""
        soft = isinstance(text, str) and not self.console.is_terminal
        self.console.print(text, style=style, soft_wrap=soft)


def table(*columns: str, title: str | None = None) -> Table:
    """Without rows yet; a column whose name begins with ``>`` holds numbers."""
    made = Table(title=title)
    for name in columns:
        right = name.startswith(">")
        made.add_column(name.lstrip(">"), justify="right" if right else "left", overflow="fold")
    return made


def rate(images: float, seconds: float) -> str:
    """Images a second, short enough for a bar in 80 columns."""
    return f"{images / max(seconds, 1e-9):,.0f} img/s"


def teacher_text(progress: TeacherProgress, seconds: float) -> str:
    """Loss and accuracy of a teacher's epoch, images a second."""
    speed = rate(progress.images, seconds)
    if progress.metrics is None:
        return f"epoch {progress.epoch + 1}, {speed}"
    loss, accuracy = (progress.metrics[name] for name in ("train_loss", "validation_accuracy"))
    return f"loss {loss:.3f} val {100 * accuracy:.2f} % {speed}"


def epoch_text(epoch: Epoch, arms: Sequence[str], images: float, seconds: float) -> str:
    """Mean loss and validation accuracy, alone | distilled; images a second over all runs."""
    loss, accuracy = (
        [part.mean() for part in np.split(epoch.metrics[name], len(arms))]
        for name in ("train_loss", "validation_accuracy")
    )
    losses = "|".join(f"{value:.3f}" for value in loss)
    accuracies = "|".join(f"{100 * value:.1f}" for value in accuracy)
    speed = rate(images, seconds) if images else ""
    return f"loss {losses} val {accuracies} % {speed}"


def spread(values: Any) -> str:
    """Mean ± standard error in per cent, or the value itself for one run."""
    values = 100 * np.asarray(values, float)
    if values.size < 2:
        return f"{values.mean():.2f}"
    return f"{values.mean():.2f} ± {values.std(ddof=1) / np.sqrt(values.size):.2f}"


def student_table(result: dict[str, Any]) -> Table:
    """Test accuracy by arm and protocol, and the paired difference."""
    seeds = len(result["seeds"])
    title = f"Test accuracy in %, mean ± standard error over {seeds} seed(s)"
    made = table(*_PROTOCOLS, title=title)
    for arm, found in result["arms"].items():
        by_protocol = [spread(found["test_accuracy"][p]) for p in ("final", "picked", "best")]
        made.add_row(f"student, {arm}", *by_protocol)
    if "gain" in result:
        gains = [spread(result["gain"][p]) for p in ("final", "picked", "best")]
        made.add_row("paired difference", *gains, style="bold")
    teacher = result.get("teacher_result")
    if teacher is not None:
        made.add_row(*_teacher_row(teacher), style="dim")
    return made


def _teacher_row(teacher: dict[str, Any]) -> list[str]:
    accuracies = [spread(teacher["test_accuracy"][p]) for p in ("final", "picked", "best")]
    name = re.sub("@[0-9a-f]{12}", "", teacher["config"]["arch"])
    return [f"teacher, {name}", *accuracies]


def teacher_table(result: dict[str, Any]) -> Table:
    """Test accuracy of a teacher by protocol."""
    made = table(*_PROTOCOLS, title="Test accuracy in %")
    made.add_row(*_teacher_row(result))
    return made


def shots_text(result: dict[str, Any]) -> str:
    """Of one student, and whether a budget has ended its training.

    Example:
        >>> drawn = {"forward": [10], "shifted": [60], "evaluation": [2000]}
        >>> shots_text({"shots": drawn, "student": {"shot_budget": 75}})
        'Shots a student: 70 of 75 in training (60 of shifted circuits), 2,000 in evaluations'
    """
    drawn = {name: max(numbers) for name, numbers in result["shots"].items()}
    budget = result["student"]["shot_budget"]
    training = drawn["forward"] + drawn["shifted"]
    of = "" if budget is None else f" of {budget:,}"
    shifted = f"{drawn['shifted']:,} of shifted circuits"
    looks = f"{drawn['evaluation']:,} in evaluations"
    return f"Shots a student: {training:,}{of} in training ({shifted}), {looks}"


def seconds_text(seconds: dict[str, float]) -> str:
    """How long it took."""
    total, compiling = seconds["total"], seconds["compile"]
    return f"{total:.1f} s, of which {compiling:.1f} s compiling"


def duration(seconds: float) -> str:
    """Readable.

    Example:
        >>> duration(40), duration(400), duration(40000)
        ('40 s', '7 min', '11.1 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
