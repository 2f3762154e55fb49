"""A SLURM cluster, through submitit: tasks are jobs of arrays, the store lies where all see it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jqkd._checks import InputError, check_choice, check_integer, fail
from jqkd.experiments.executors.base import EXECUTORS, WIDEST, Crew, Executor
from jqkd.experiments.planner import Task
from jqkd.experiments.worker import Order, Outcome, Progress, serve_jobs

# Tasks in the queue at most, as most clusters have it.
_MOST = 1000


@EXECUTORS.register("slurm")
@dataclass(frozen=True)
class Slurm(Executor):
    """Jobs of a SLURM cluster, in arrays; put back into its queue when preempted or out of time.

    Args:
        partition: by default the cluster's own.
        account: by default the user's own.
        time: minutes that a task may take.
        memory: GB of a task.
        cpus: cores of a task.
        gpus: of a task.
        workers: tasks that run at once.
        cluster: ``slurm``, or ``local`` for processes of this machine, to try things out.
    """

    partition: str | None = None
    account: str | None = None
    time: int = 240
    memory: int = 8
    cpus: int = 4
    gpus: int = 0
    workers: int = 32
    cluster: str = "slurm"

    def __post_init__(self) -> None:
        check_integer("time", self.time, 1, 60 * 24 * 30, advice="it counts minutes")
        for name, least in (("memory", 1), ("cpus", 1), ("gpus", 0), ("workers", 1)):
            check_integer(name, getattr(self, name), least, 4096)
        check_choice("cluster", self.cluster, ("slurm", "local"))

    def check(self) -> None:
        # Its own set-up of logging would close what others log to.
        os.environ.setdefault("SUBMITIT_LOG_LEVEL", "NOCONFIG")
        try:
            import submitit  # noqa: F401
        except ImportError:
            raise InputError(
                'SLURM needs submitit, which is not installed; run `pip install "jqkd[slurm]"`.'
            ) from None
        if self.cluster == "slurm" and not (shutil.which("sbatch") and shutil.which("srun")):
            advice = "call this on a login node, or choose processes"
            fail("on", "be what this machine has", "slurm, without its sbatch and srun,", advice)

    def block(self, seeds: int) -> int:
        return min(seeds, WIDEST if self.gpus else self.cpus)

    @contextmanager
    def open(self, tasks: Sequence[Task], order: Order, on_progress: Progress) -> Generator[Crew]:
        import submitit

        executor = submitit.AutoExecutor(Path(order.root) / ".slurm", cluster=self.cluster)
        executor.update_parameters(
            name=f"jqkd-{order.name}"[:64],
            timeout_min=self.time,
            mem_gb=self.memory,
            cpus_per_task=self.cpus,
            gpus_per_node=self.gpus,
            slurm_partition=self.partition,
            slurm_account=self.account,
            slurm_array_parallelism=self.workers,
        )
        most = self.workers if self.cluster == "local" else _MOST
        crew = _Jobs(executor, Errand(order, self.cpus), most)
        try:
            yield crew
        finally:
            crew.cancel()


@dataclass(frozen=True)
class Errand:
    """What a job of the cluster does: jobs of the store, by name."""

    order: Order
    cpus: int

    def __call__(self, names: Sequence[str]) -> Outcome:
        job = os.environ.get("SLURM_JOB_ID")
        if job is not None:  # So that `squeue` shows what it is at; an array has but one name.
            with suppress(OSError):
                update = ["scontrol", "update", f"JobId={job}", f"JobName={names[0]}"]
                subprocess.run(update, check=False, capture_output=True)
        return serve_jobs(self.order, names, self.cpus)

    def checkpoint(self, names: Sequence[str]) -> Any:
        """What is to be done after a preemption: the same, but for what is finished."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, names)


class _Jobs(Crew):
    """Jobs of the cluster: those that are started together are one array."""

    def __init__(self, executor: Any, errand: Errand, room: int) -> None:
        self._executor, self._errand, self.room = executor, errand, room
        self._jobs: list[tuple[Task, Any]] = []

    def start(self, tasks: Sequence[Task]) -> None:
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        try:
            jobs = self._executor.map_array(self._errand, [task.names for task in tasks])
        except (FailedJobError, FailedSubmissionError, OSError) as error:
            lines = [line.strip() for line in str(error).split("\n")]
            reason = next(filter(None, reversed(lines)), "it does not say why")
            raise InputError(f"SLURM refused the jobs: {reason}.") from error
        self._jobs += zip(tasks, jobs, strict=True)

    def ended(self) -> list[tuple[Task, Outcome | str]]:
        ended = [(task, job) for task, job in self._jobs if job.done()]
        self._jobs = [pair for pair in self._jobs if pair not in ended]
        if not ended:
            time.sleep(2.0 if self.room == _MOST else 0.2)
        return [(task, _outcome(job)) for task, job in ended]

    def cancel(self) -> None:
        """Take back what has not ended: who stops the run stops its jobs."""
        if self._jobs and self.room == _MOST:  # Whole arrays, as there may be a thousand jobs.
            ids = {job.job_id.partition("_")[0] for _, job in self._jobs}
            subprocess.run(["scancel", *ids], check=False)
            return
        for _, job in self._jobs:
            job.cancel()


def _outcome(job: Any) -> Outcome | str:
    """What a job says; of one that was killed, where its log is."""
    if not job.paths.result_pickle.exists():
        return f"job {job.job_id} ended as {job.state}, its log is {job.paths.stderr}"
    return job.result()
