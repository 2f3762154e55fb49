"""Students followed by a tracker, while they train or once they are trained."""

from __future__ import annotations

from typing import Any

from jqkd.tracking import Tracker, tell
from jqkd.training.base_config import Config
from jqkd.training.runs import Epoch
from jqkd.training.student_job import StudentJob


class Followers:
    """Hands what a job's students do on to a tracker.

    Args:
        tracker: follows each of them.
        job: who is trained.
        name: of all of them together.
    """

    def __init__(self, tracker: Tracker, job: StudentJob, name: str) -> None:
        self._tracker, fields = tracker, fields_of(job.config, job.teacher)
        self._followed = {}
        for run in job.runs:
            about = {"name": name, "run": f"{run.arm}/seed-{run.seed}", "arm": run.arm}
            self._followed[run] = tell(tracker, "start", {**about, "seed": run.seed, **fields})

    def log(self, epoch: Epoch) -> None:
        """After an evaluated epoch."""
        for row, run in enumerate(epoch.runs):
            values = {name: float(array[row]) for name, array in epoch.metrics.items()}
            tell(self._tracker, "log", self._followed[run], epoch.number, values)

    def finish(self, result: dict[str, Any]) -> None:
        """Hand on what ``result.json`` has of each student."""
        for run, followed in self._followed.items():
            arm, gain = result["arms"][run.arm], {}
            if run.arm == [*result["arms"]][-1]:
                gain = {f"gain_{name}": values for name, values in result.get("gain", {}).items()}
            row, numbers = list(arm["seeds"]).index(run.seed), arm["test_accuracy"] | gain
            numbers = {name: float(values[row]) for name, values in numbers.items()}
            tell(self._tracker, "finish", followed, numbers)


def fields_of(student: Config | None, teacher: Config | None) -> dict[str, Any]:
    """The fields of the configurations that there are, such as ``student.epochs``."""
    parts = {"student": student, "teacher": teacher}
    return {
        f"{kind}.{name}": value
        for kind, config in parts.items()
        for name, value in (config.to_json() if config else {}).items()
        if value is not None
    }
