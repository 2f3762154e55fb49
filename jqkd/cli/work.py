"""An experiment on the command line: its plan shown, its jobs done under one bar, how it ended."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from jqkd._interrupts import keeps
from jqkd.cli.bars import TaskBar
from jqkd.cli.console import Output, duration, table
from jqkd.experiments.executors import Executor
from jqkd.experiments.model import Experiment
from jqkd.experiments.planner import Job, Task, jobs_of
from jqkd.experiments.store import DamagedJob, Store
from jqkd.experiments.worker import Order, Outcome
from jqkd.training.algorithm import ALGORITHM


def work_off(
    executor: Executor,
    store: Store,
    order: Order,
    tasks: Sequence[Task],
    damaged: Sequence[DamagedJob],
) -> None:
    """Do what is not there yet, under one bar, and say how it ended.

    Args:
        executor: who does it.
        store: where.
        order: what its workers need to know.
        tasks: what is not there yet.
        damaged: what is, and will be told at the end.
    """
    output = Output()
    keeps(f"finished jobs are in {store.root}, and the same command goes on from there")
    with TaskBar(output, tasks) as on_progress:
        outcome = executor.run(tasks, order, on_progress) if tasks else Outcome()
    for error in damaged:
        outcome.failed.setdefault(error.path.stem, str(error))
    _finish(output, store, outcome, order.name)


def show_plan(experiment: Experiment, tasks: Sequence[Task]) -> None:
    """The sizes of what is to be done, arm by arm."""
    jobs, output = [job for task in tasks for job in task.jobs], Output()
    output.say(f"{experiment.title}, {len(tasks)} tasks, {len(jobs)} jobs", style="bold")
    sizes = table("", ">jobs", ">images to train on", ">core time, roughly")
    for label, members in grouped(experiment, jobs).items():
        sizes.add_row(label, *_sizes(members))
    sizes.add_section()
    sizes.add_row("all", *_sizes(jobs))
    output.say(sizes)
    output.say(f"Arms: {', '.join(arm.name for arm in experiment.arms)}")


def grouped(
    experiment: Experiment, jobs: Sequence[Job], algorithm: int = ALGORITHM
) -> dict[str, list[Job]]:
    """Jobs by what a reader calls them: students by the first arm that needs them."""
    names: dict[str, str] = {}
    for arm in experiment.arms:
        (first,) = jobs_of(arm, [0], algorithm)
        if not arm.is_teacher:
            names.setdefault(first.group, arm.name)
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        groups.setdefault(names.get(job.group, f"{job.kind} {job.label}"), []).append(job)
    return groups


def _sizes(jobs: Sequence[Job]) -> tuple[str, str, str]:
    images, cost = sum(job.images for job in jobs), sum(job.cost for job in jobs)
    return str(len(jobs)), f"{images:,}", duration(cost)


def _finish(output: Output, store: Store, outcome: Outcome, name: str) -> None:
    """Say how it ended, and what to do next; exit code 1 where a job failed."""
    output.say(f"{len(outcome.done)} jobs done; results are in {store.root}.")
    for job, who in outcome.held.items():
        output.say(f"Left to {who}: {job}")
    for job, reason in outcome.failed.items():
        output.say(f"Failed: {job}: {reason}")
    if outcome.failed:
        output.say(f"{len(outcome.failed)} jobs failed; the others are kept.")
        raise typer.Exit(1)
    if not outcome.held:
        output.say(f"Next: jqkd report {name} --out {store.root}")
