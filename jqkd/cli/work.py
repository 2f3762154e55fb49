"""An experiment on the command line: its plan shown, its jobs done under one bar, how it ended."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from jqkd._interrupts import keeps
from jqkd.cli.console import Output
from jqkd.cli.effects import RUN_RULES, refuse_unread
from jqkd.experiments.asked import Asked, ask, experiment_of, source_of
from jqkd.experiments.executors import EXECUTORS, Progress
from jqkd.experiments.model import Experiment
from jqkd.experiments.planner import Job, Task, jobs_of, plan, tasks_of
from jqkd.experiments.store import Store
from jqkd.experiments.worker import Order, Outcome, check_teachers


def run_experiment(
    ctx: typer.Context,
    name: str,
    *,
    arms: str | None = None,
    seeds: int | None = None,
    teacher_seeds: int = 1,
    out: Path = Path("runs"),
    executor: str = "here",
    block: int | None = None,
    teachers: str = "train",
    dry_run: bool = False,
    redo: bool = False,
    data_dir: Path | None = None,
    plugin: Sequence[str] | None = None,
) -> None:
    """Do what of an experiment is not there yet; see the options of ``jqkd run``."""
    store = Store.open(out) if (out / "store.json").exists() else None
    source, does = source_of(name, store), EXECUTORS.build(executor)
    experiment = experiment_of(source)
    patterns = tuple(arms.split(",")) if arms else ()
    chosen = experiment.select(patterns)
    refuse_unread(ctx, RUN_RULES, chosen=chosen.arms)
    asking = Asked(source, seeds or experiment.seeds, teacher_seeds, patterns)
    jobs = plan(chosen, asking.seeds, teacher_seeds)
    block, output = block or does.block(asking.seeds), Output()
    if dry_run:
        show_plan(output, chosen, tasks_of(jobs, block))
        return
    check_teachers(jobs, teachers)
    store = Store.create(out)
    ask(store, experiment.name, asking)
    damaged = store.damage(jobs)
    if redo:
        store.forget(damaged)
        damaged = []
    order = Order(
        str(out), experiment.name, teachers, data_dir and str(data_dir), tuple(plugin or ())
    )
    keeps(f"finished jobs are in {out}, and the same command goes on from there")
    left = tasks_of(jobs, block, lambda job: store.done(job.name))
    with _overall_bar(output, left) as on_progress:
        outcome = does.run(left, order, on_progress) if left else Outcome()
    for error in damaged:
        outcome.failed.setdefault(error.path.stem, str(error))
    _finish(output, store, outcome, experiment.name)


def show_plan(output: Output, experiment: Experiment, tasks: Sequence[Task]) -> None:
    """Tasks with their sizes, arm by arm."""
    jobs = sum(len(task.jobs) for task in tasks)
    table = Table(title=f"{experiment.title}, {len(tasks)} tasks, {jobs} jobs")
    for name in ("", "tasks", "jobs", "images to train on", "core time, roughly"):
        table.add_column(name, justify="left" if not name else "right")
    of_group: dict[str, list[Task]] = {}
    for task in tasks:
        of_group.setdefault(task.jobs[0].group, []).append(task)
    names = arm_names(experiment)
    for group, members in of_group.items():
        first = members[0].jobs[0]
        label = names.get(group, f"{first.kind} {first.label}")
        table.add_row(label, str(len(members)), *_sizes(members))
    table.add_section()
    table.add_row("all", str(len(tasks)), *_sizes(tasks))
    output.say(table)
    output.say(f"Arms: {', '.join(arm.name for arm in experiment.arms)}")


def arm_names(experiment: Experiment) -> dict[str, str]:
    """Of students, by their folder; the first arm that needs them names them."""
    names: dict[str, str] = {}
    for arm in experiment.arms:
        if not arm.is_teacher:
            names.setdefault(jobs_of(arm, [0])[0].group, arm.name)
    return names


def _sizes(tasks: Sequence[Task]) -> tuple[str, str, str]:
    jobs: list[Job] = [job for task in tasks for job in task.jobs]
    images = sum(job.images for job in jobs)
    return str(len(jobs)), f"{images:,}", duration(sum(task.cost for task in tasks))


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


@contextmanager
def _overall_bar(output: Output, tasks: Sequence[Task]) -> Iterator[Progress]:
    """One bar over all tasks, weighed by their cost, with the time that is left."""
    shares, started = {task.names: 0.0 for task in tasks}, time.perf_counter()
    columns = (BarColumn(bar_width=16), TextColumn("{task.percentage:.0f} %"))
    texts = (TimeElapsedColumn(), TextColumn("{task.fields[text]}", markup=False))
    with Bar(*columns, *texts, console=output.console) as bar:
        total = sum(task.cost for task in tasks)
        row = bar.add_task("", total=max(total, 1e-9), text="")
        ahead = 0.0  # What others did.

        def on_progress(task: Task | None, fraction: float, text: str) -> None:
            nonlocal ahead
            if task is None:
                bar.update(row, text=f"waiting for {text}")
                return
            if fraction == 1 and shares[task.names] == 0:
                ahead += task.cost
            shares[task.names] = fraction * task.cost
            done = sum(shares.values())
            own = max(done - ahead, 1e-9)
            left = (total - done) * (time.perf_counter() - started) / own
            more = f"about {duration(left)} left, " if own > 1 else ""
            finished = sum(shares[one.names] == one.cost for one in tasks)
            at = f"task {min(finished + 1, len(tasks))}/{len(tasks)}: {task.label}  {text}"
            bar.update(row, completed=done, text=more + at)

        yield on_progress


def duration(seconds: float) -> str:
    """Readable.

    Example:
        >>> duration(40), duration(400), duration(40000)
        ('40 s', '7 min', '11.1 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
