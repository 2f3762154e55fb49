"""jqkd run, status, list: experiments of the catalogue, of a plug-in, or of a TOML file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from jqkd._checks import fail
from jqkd.cli.console import Output, duration, table
from jqkd.cli.edge import Command
from jqkd.cli.effects import RUN_RULES, refuse_unread
from jqkd.cli.options import DataDir, Known, Plugins, StoreFolder
from jqkd.cli.work import grouped, show_plan, work_off
from jqkd.common.plugins import load_installed
from jqkd.common.registry import KINDS, Registry, as_text
from jqkd.experiments.asked import Asked, ask, asked, experiment_of, names_in, source_of
from jqkd.experiments.catalogue import EXPERIMENTS
from jqkd.experiments.executors import EXECUTORS, executor_of
from jqkd.experiments.grids import check_size
from jqkd.experiments.planner import Job, plan, tasks_of
from jqkd.experiments.store import DamagedJob, Store
from jqkd.experiments.worker import Order, check_teachers

_NAME = f"One of {', '.join(EXPERIMENTS)}, with options (paper-code:shots=exact), or a TOML file; "
_NAME += "`jqkd list` has them all."
_SEEDS = "Students of every kind, seeds 0, 1, ... (default: 10 or so)."
_TEACHERS = "`train` them, take the `shipped` ones, or those of another store."
_ON = f"Who does the jobs: {', '.join(EXECUTORS)}, with options; dask://HOST:PORT."
_BLOCK = "Seeds that are trained side by side (default: by device)."


def run(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help=_NAME)],
    arms: Annotated[
        str | None, typer.Option(help="Only arms whose names match, such as *-3q-lenet,*-alone.")
    ] = None,
    seeds: Annotated[int | None, typer.Option(help=_SEEDS)] = None,
    teacher_seeds: Annotated[int, typer.Option(help="Teachers of every arm that is one.")] = 1,
    out: StoreFolder = Path("runs"),
    on: Annotated[str, typer.Option(help=_ON)] = "here",
    block: Annotated[int | None, typer.Option(help=_BLOCK)] = None,
    teachers: Annotated[str, typer.Option(help=_TEACHERS)] = "train",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, do nothing.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Even if it is more than 10,000 jobs.")
    ] = False,
    redo: Annotated[bool, typer.Option("--redo", help="Do damaged jobs anew.")] = False,
    data_dir: DataDir = None,
    plugin: Plugins = None,
) -> None:
    """Run an experiment; started again, it goes on where it was stopped.

    Students that several experiments ask for are trained once for one store. Several processes,
    on several machines too, may work on one store: they share the jobs.

    Example: jqkd run paper-code:alexnet_epochs=1 --arms 'mnist-0-5-3q-*' --seeds 10
    """
    known = Store.open(out) if (out / "store.json").exists() else None
    source, does = source_of(name, known, yes=yes), executor_of(on)
    experiment = experiment_of(source)
    asking = Asked(
        source, seeds or experiment.seeds, teacher_seeds, tuple(arms.split(",")) if arms else ()
    )
    chosen = experiment.select(asking.arms)
    refuse_unread(ctx, RUN_RULES, chosen=chosen.arms)
    check_size(sum(not arm.is_teacher for arm in chosen.arms), asking.seeds, yes)
    jobs = plan(chosen, asking.seeds, teacher_seeds)
    tasks = partial(tasks_of, jobs, block or does.block(asking.seeds))
    if dry_run:
        show_plan(chosen, tasks())
        return
    check_teachers(jobs, teachers)
    does.check()
    store = Store.create(out)
    ask(store, experiment.name, asking)
    images = None if data_dir is None else str(data_dir)
    order = Order(str(out), experiment.name, teachers, images, tuple(plugin or ()))
    damaged = store.damage(jobs)
    if redo:
        store.forget(damaged)
    left = tasks(lambda job: store.done(job.name))
    work_off(does, store, order, left, [] if redo else damaged)


def pass_on(words: list[str]) -> None:
    """Call ``jqkd run`` with some words."""
    app = typer.Typer()
    app.command("run", cls=Command)(run)
    command = typer.main.get_command(app)
    with command.make_context("run", words) as context:
        command.invoke(context)


def status(name: Known = None, out: StoreFolder = Path("runs"), plugin: Plugins = None) -> None:
    """What of a store's experiments is done, who is at work, what failed and why, the time left.

    Exit code 1 when something is damaged.

    Example: jqkd status paper-code
    """
    store, output = Store.open(out), Output()
    names = names_in(store) if name is None else [name]
    if not names:
        fail("out", "be a store that was asked for an experiment", str(store.root))
    damaged = [error for name in names for error in _status_of(store, asked(store, name), output)]
    for text in dict.fromkeys(map(str, damaged)):
        output.say(text)
    if damaged:
        raise typer.Exit(1)


def _status_of(store: Store, asking: Asked, output: Output) -> list[DamagedJob]:
    experiment = asking.experiment().select(asking.arms)
    output.say(f"{store.root}: {experiment.name}, {experiment.title}", style="bold")
    rows = table("", ">done", ">of", "at work")
    jobs = plan(experiment, asking.seeds, asking.teacher_seeds, store.algorithm)
    for label, members in grouped(experiment, jobs, store.algorithm).items():
        done = sum(store.done(job.name) for job in members)
        who = ", ".join(store.at_work(members[0].group))
        rows.add_row(label, str(done), str(len(members)), who)
    output.say(rows)
    left = [job for job in jobs if not store.done(job.name)]
    reasons = {one["job"]: one["failed"] for one in store.times() if {"job", "failed"} <= set(one)}
    for job in left:
        if job.name in reasons and store.holder(job.name) is None:
            output.say(f"Failed: {job.name}: {reasons[job.name]}")
    seconds = time_left(store, jobs)
    if seconds:
        output.say(f"About {duration(seconds)} left.")
    return store.damage(jobs)


def time_left(store: Store, jobs: Sequence[Job]) -> float:
    """Rough seconds, by what students have taken that are done; 0 where none is, or none is left.

    As many workers as now are at work share what is left.
    """
    spent = {one["job"]: one["seconds"]["total"] for one in store.times() if "seconds" in one}
    timed = [job for job in jobs if job.seed is not None and job.name in spent]
    pace = sum(spent[job.name] for job in timed) / max(1e-9, sum(job.cost for job in timed))
    left = sum(job.cost for job in jobs if not store.done(job.name))
    return pace * left / max(1, len(store.at_work("")))


def list_parts(plugin: Plugins = None) -> None:
    """Every experiment and every part there is, with its options and their defaults.

    Example: jqkd list --plugin my_circuit.py
    """
    load_installed()
    output = Output()
    for kind in sorted(KINDS, key=lambda kind: (kind != EXPERIMENTS.kind, kind)):
        rows = table("name", "options", "")
        for row in _parts(KINDS[kind]):
            rows.add_row(*row)
        output.say(kind, style="bold")
        output.say(rows)


def _parts(registry: Registry[Any]) -> list[tuple[str, str, str]]:
    """Name, options, and the first line of its description, of every part of a kind."""
    rows = []
    for name, part in registry.items():
        made = part() if isinstance(part, type) else part
        values = {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
        options = ", ".join(f"{option}={as_text(value)}" for option, value in values.items())
        rows.append((name, options, (type(made).__doc__ or "").strip().partition("\n")[0]))
    titles = registry.shelf.titles() if registry.shelf else []
    return rows + [(title, "", "Imported.") for title in titles]
