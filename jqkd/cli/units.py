"""Units of work on the command line: a plan shown, a bar over all of them, how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from jqkd._interrupts import keeps
from jqkd.cli.console import Output
from jqkd.experiments.files import DamagedUnit
from jqkd.experiments.plan import StudentUnit, TeacherUnit, Unit
from jqkd.experiments.runner import Outcome, redo, run_units
from jqkd.experiments.store import Store


def kind_of(unit: Unit) -> str:
    """What a plan counts together."""
    if isinstance(unit, StudentUnit):
        return unit.arm.label
    return f"{'teacher' if isinstance(unit, TeacherUnit) else 'answers of'} {unit.label}"


def show_plan(
    output: Output, what: str, units: list[Unit], kind: Callable[[Unit], str] = kind_of
) -> None:
    """Units of work with their sizes."""
    table = Table(title=f"{what}, {len(units)} units of work")
    for name in ("", "units", "runs", "images to train on", "core time, roughly"):
        table.add_column(name, justify="left" if not name else "right")
    groups: dict[str, list[Unit]] = {}
    for unit in units:
        groups.setdefault(kind(unit), []).append(unit)
    for name, members in groups.items():
        runs = sum(len(getattr(unit, "seeds", (0,))) for unit in members)
        images, cost = (sum(getattr(unit, n) for unit in members) for n in ("images", "cost"))
        table.add_row(name, str(len(members)), str(runs), f"{images:,}", duration(cost))
    table.add_section()
    images, cost = (sum(getattr(unit, name) for unit in units) for name in ("images", "cost"))
    table.add_row("all", str(len(units)), "", f"{images:,}", duration(cost))
    output.say(table)


def work_off(
    output: Output,
    store: Store,
    plan: Callable[..., list[Unit]],
    damaged: list[DamagedUnit],
    redo_damaged: bool,
    report: str,
    **options: Any,
) -> None:
    """Do what is not there yet, under one bar, and say how it ended.

    Args:
        output: where the bar is shown.
        store: the results folder.
        plan: (present=...) -> units; without ``present``, all of them.
        damaged: units found damaged; done anew, or told at the end.
        redo_damaged: which of the two.
        report: the command that comes next.
        **options: of ``run_units``.

    Raises:
        typer.Exit: code 1 where a unit failed.
    """
    if redo_damaged:
        redo(damaged)
        damaged = []
    keeps(f"finished units are in {store.root}, and the same command goes on from there")
    units = plan(present=store.present)
    there = sum(unit.cost for unit in plan()) - sum(unit.cost for unit in units)
    with _overall_bar(output, units, there) as (on_progress, on_wait):
        calls = {"on_progress": on_progress, "on_wait": on_wait}
        outcome = run_units(units, store, **options, **calls)
    for error in damaged:
        outcome.failed.setdefault(error.path.stem, str(error))
    _finish(output, store, outcome, report)


def _finish(output: Output, store: Store, outcome: Outcome, report: str) -> None:
    """Say how it ended, and what to do next; exit code 1 where a unit failed."""
    output.say(f"{len(outcome.done)} units done; results are in {store.root}.")
    for name, who in outcome.held.items():
        output.say(f"Left to {who}: {name}")
    for name, reason in outcome.failed.items():
        output.say(f"Failed: {name}: {reason}")
    if outcome.failed:
        output.say(f"{len(outcome.failed)} units failed; the others are kept.")
        raise typer.Exit(1)
    if not outcome.held:
        output.say(f"Next: {report} --out {store.root}")


@contextmanager
def _overall_bar(output: Output, units: list[Unit], there: float) -> Any:
    """One bar over all units, weighed by their cost, with the time that is left."""
    shares = {unit.name: 0.0 for unit in units}
    started = time.perf_counter()
    columns = (BarColumn(bar_width=16), TextColumn("{task.percentage:.0f} %"))
    texts = (TimeElapsedColumn(), TextColumn("{task.fields[text]}", markup=False))
    with Progress(*columns, *texts, console=output.console) as bar:
        total = there + sum(unit.cost for unit in units)
        task = bar.add_task("", total=max(total, 1e-9), completed=there, text="")
        ahead = 0.0  # What was done when the folder was opened, or by others.

        def on_progress(unit: Unit, fraction: float, text: str) -> None:
            nonlocal ahead
            if fraction == 1 and shares[unit.name] == 0:
                ahead += unit.cost
            shares[unit.name] = fraction * unit.cost
            done, now = sum(shares.values()), time.perf_counter()
            own = max(done - ahead, 1e-9)
            left = (total - there - done) * (now - started) / own
            more = f"about {duration(left)} left, " if own > 1 else ""
            finished = sum(s == u.cost for s, u in zip(shares.values(), units, strict=True))
            shown = f"{more}unit {min(finished + 1, len(units))}/{len(units)}: {unit.label}  {text}"
            bar.update(task, completed=there + done, text=shown)

        yield on_progress, lambda who: bar.update(task, text=f"waiting for {who}")


def duration(seconds: float) -> str:
    """Readable.

    Example:
        >>> duration(40), duration(400), duration(40000)
        ('40 s', '7 min', '11.1 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
