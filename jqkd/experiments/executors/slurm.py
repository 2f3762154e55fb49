"""A SLURM cluster, through submitit: tasks are jobs of arrays, the store lies where all see it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from jqkd._checks import InputError, check_choice, check_integer, fail
from jqkd.experiments.entrance import settle, work
from jqkd.experiments.executors.base import EXECUTORS, WIDEST, Crew, Engine
from jqkd.experiments.planner import Task
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order, Outcome, Progress

# Tasks of one array at most, as most clusters have it.
_LONGEST_ARRAY = 1000


@EXECUTORS.register("slurm")
@dataclass(frozen=True)
class Slurm(Engine):
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
        check_integer("time", self.time, 1, 60 * 24 * 30)
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
        most = self.workers if self.cluster == "local" else _LONGEST_ARRAY
        crew = _Jobs(executor, Errand(asdict(order), self.cpus), most, Store.open(Path(order.root)))
        try:
            yield crew
        finally:
            crew.cancel()

    def block(self, seeds: int) -> int:
        return min(seeds, WIDEST if self.gpus else self.cpus)


@dataclass(frozen=True)
class Errand:
    """What a job of the cluster does: jobs of the store, by name."""

    order: dict[str, Any]
    cpus: int

    def __call__(self, names: Sequence[str]) -> Outcome:
        settle(self.cpus)
        return work(self.order, names)

    def checkpoint(self, names: Sequence[str]) -> Any:
        """What is to be done after a preemption: the same, but for what is finished."""
        from submitit.helpers import DelayedSubmission

        return DelayedSubmission(self, names)


class _Jobs(Crew):
    """Jobs of the cluster: those started between two looks are one array."""

    def __init__(self, executor: Any, errand: Errand, most: int, store: Store) -> None:
        super().__init__()
        self._executor, self._errand, self._most, self._store = executor, errand, most, store
        self._started: list[Task] = []
        self._jobs: list[tuple[Task, Any]] = []

    @property
    def is_free(self) -> bool:
        return len(self._started) + len(self._jobs) < self._most

    @property
    def is_busy(self) -> bool:
        return bool(self.ended or self._started or self._jobs)

    def start(self, task: Task) -> None:
        # Jobs of an earlier run may still be at it: they are waited for without a place in a queue.
        holders = {name: self._store.holder(name) for name in task.names}
        held = {name: holder for name, holder in holders.items() if holder is not None}
        if held:
            self.ended.append((task, Outcome(held=held)))
        else:
            self._started.append(task)

    def wait(self) -> None:
        if self._started:
            self._submit()
        for task, job in list(self._jobs):
            if job.done():
                self._jobs.remove((task, job))
                self.ended.append((task, _outcome(job)))
        if not self.ended:
            time.sleep(0.2 if self._most < _LONGEST_ARRAY else 2.0)

    def _submit(self) -> None:
        from submitit.core.utils import FailedJobError, FailedSubmissionError

        started, self._started = self._started, []
        try:
            names = [task.names for task in started]
            jobs = self._executor.map_array(self._errand, names)
        except (FailedJobError, FailedSubmissionError, OSError) as error:
            reason = next((line for line in reversed(str(error).split("\n")) if line.strip()), "")
            raise InputError(f"SLURM refused the jobs: {reason.strip()}.") from error
        self._jobs += zip(started, jobs, strict=True)

    def cancel(self) -> None:
        """Take back what has not ended: who stops the run stops its jobs."""
        ids = {job.job_id.partition("_")[0] for _, job in self._jobs}
        if ids and self._most == _LONGEST_ARRAY:
            subprocess.run(["scancel", *ids], check=False)
        elif ids:
            for _, job in self._jobs:
                job.cancel(check=False)


def _outcome(job: Any) -> Outcome | str:
    """What a job says; of one that was killed, where its log is."""
    if not job.paths.result_pickle.exists():
        return f"job {job.job_id} ended as {job.state}, its log is {job.paths.stderr}"
    return job.result()
