"""jqkd tables: run, status, report. Everything of the paper's two tables."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from jqkd._checks import InputError, check_choice, fail
from jqkd.cli.console import Output
from jqkd.cli.options import DataDir, parse_shots
from jqkd.experiments.figures import draw_all
from jqkd.experiments.files import DamagedUnit
from jqkd.experiments.plan import (
    StudentUnit,
    TeacherUnit,
    Unit,
    answers_of,
    arms_of,
    plan_units,
    teachers_of,
)
from jqkd.experiments.presets import NOTEBOOK_SHOTS, TABLE_PRESETS, Settings
from jqkd.experiments.report import introduction, update_readme, write_report
from jqkd.experiments.rows import ROWS, TABLES, select
from jqkd.experiments.runner import Outcome, default_block, redo, run_units
from jqkd.experiments.store import Store
from jqkd.experiments.summary import summarise
from jqkd.experiments.work import Datasets

app = typer.Typer(
    help="Both tables of the paper: every row, many seeds, error bars, a report.",
    no_args_is_help=True,
)
ENSEMBLE_NAMES = {"average": "ensemble", "joint": "joint-ensemble"}
OutFolder = Annotated[
    Path | None, typer.Option(help="Results folder (default: runs/ and the preset's name).")
]


@app.command()
def run(
    table: Annotated[str, typer.Option(help=f"One of {', '.join(TABLES)}.")] = "all",
    rows: Annotated[
        str | None, typer.Option(help="Only rows whose names match, such as *-3q-lenet,*-alone.")
    ] = None,
    preset: Annotated[str, typer.Option(help=f"One of {', '.join(TABLE_PRESETS)}.")] = "paper-code",
    seeds: Annotated[int, typer.Option(help="Students of every kind, seeds 0, 1, ...")] = 10,
    shots: Annotated[
        str, typer.Option(help="For every circuit; `exact`, or `notebook` for each row's own.")
    ] = "5000",
    out: OutFolder = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan, do nothing.")] = False,
    epochs: Annotated[
        int | None, typer.Option(help="Of the students (default: the preset's).")
    ] = None,
    ensemble: Annotated[
        str,
        typer.Option(
            help="`average` of the probabilities of LeNet and AlexNet (eq. 16), or `joint`: "
            "trained as one, as the notebooks do."
        ),
    ] = "average",
    lenet_epochs: Annotated[int, typer.Option(help="Of LeNet.")] = 10,
    alexnet_epochs: Annotated[int, typer.Option(help="Of AlexNet and the joint ensemble.")] = 10,
    teacher_seeds: Annotated[int, typer.Option(help="Teachers of every teacher row.")] = 1,
    teachers: Annotated[
        str,
        typer.Option(help="`train` them, take the `shipped` ones, or those of a results folder."),
    ] = "train",
    block: Annotated[
        int | None, typer.Option(help="Seeds in a unit of work (default: by device).")
    ] = None,
    redo_damaged: Annotated[bool, typer.Option("--redo", help="Do damaged units anew.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Run rows of the tables; started again, it goes on where it was stopped.

    Several processes, on several machines too, may work on one folder: they share the units.

    Example: jqkd tables run --table 2 --rows '*-3q-*' --seeds 10 --out runs/fashion
    """
    check_choice("ensemble", ensemble, ENSEMBLE_NAMES)
    chosen = select(table, rows.split(",") if rows else [])
    settings = Settings(
        preset,
        _shots(shots),
        epochs,
        ENSEMBLE_NAMES[ensemble],
        lenet_epochs,
        alexnet_epochs,
    )
    block = default_block(seeds) if block is None else block
    numbers = {"seeds": seeds, "teacher_seeds": teacher_seeds, "block": block}
    plan = partial(plan_units, chosen, settings, **numbers)
    units, output = plan(), Output()  # Bad numbers are told before a folder is made.
    folder = Path("runs") / preset if out is None else out
    if dry_run:
        show_plan(output, f"{len(chosen)} rows", units)
        output.say("Rows: " + ", ".join(row.name for row in chosen))
        return
    store = Store.create(folder, settings, [row.name for row in chosen], seeds, teacher_seeds)
    arms = arms_of(chosen, settings)
    needed = [*teachers_of(chosen, settings, teacher_seeds), *answers_of(arms)]
    damaged = store.damage(needed, arms)
    options = {"teachers": teachers, "data_dir": data_dir}
    outcome = work_off(output, store, plan, damaged, redo_damaged, **options)
    finish(output, store, outcome, "jqkd tables report")


@app.command()
def status(out: OutFolder = None) -> None:
    """What of a results folder is done, who is at work, what is damaged."""
    store = Store.open(_existing(out))
    output = Output()
    rows = [row for row in ROWS if row.name in store.asked["rows"]]
    seeds, teacher_seeds = store.asked["seeds"], store.asked["teacher_seeds"]
    table = Table(title=f"{store.root}: preset {store.settings.preset}")
    for name in ("", "done", "of", "at work"):
        table.add_column(name, justify="right" if name in ("done", "of") else "left")
    arms = arms_of(rows, store.settings)
    teachers, answers = teachers_of(rows, store.settings, teacher_seeds), answers_of(arms)
    for kind, units in (("teacher", teachers), ("answers", answers)):
        for unit in units:
            who = store.holder(unit) or ""
            table.add_row(f"{kind} {unit.label}", str(int(store.done(unit))), "1", who)
    for arm in arms:
        done = len([seed for seed in store.present(arm) if seed < seeds])
        table.add_row(arm.label, str(done), str(seeds), ", ".join(store.at_work(arm)))
    output.say(table)
    for error in store.damage([*teachers, *answers], arms):
        output.say(str(error))


@app.command()
def report(
    out: OutFolder = None,
    to: Annotated[
        Path | None, typer.Option(help="Where the report goes (default: report/ in the folder).")
    ] = None,
    readme: Annotated[
        Path | None, typer.Option(help="Also bring the short form in this README up to date.")
    ] = None,
    pictures: Annotated[bool, typer.Option(help="Draw the pictures.")] = True,
    data_dir: DataDir = None,
) -> None:
    """Say for each published number: reproduced, higher, lower or undecidable.

    Writes Markdown, CSV, LaTeX and one HTML page, and pictures as PNG, SVG and PDF.

    Example: jqkd tables report --out results/paper-code --readme README.md
    """
    store, output = Store.open(_existing(out)), Output()
    summary = summarise(store)
    if not summary.rows:
        fail("out", "hold at least one finished row", f"{store.root} without any")
    folder = store.root / "report" if to is None else to
    drawn = draw_all(summary, store, folder, Datasets(data_dir).__getitem__) if pictures else []
    written = write_report(summary, folder, drawn)
    if readme is not None:
        update_readme(readme, summary)
    for paragraph in introduction(summary)[2:]:
        output.say(paragraph)
    output.say(f"Written: {', '.join(str(path) for path in written)}")


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
    **options: Any,
) -> Outcome:
    """Do what is not there yet, under one bar.

    Args:
        output: where the bar is shown.
        store: the results folder.
        plan: (present=...) -> units; without ``present``, all of them.
        damaged: units found damaged; done anew, or told at the end.
        redo_damaged: which of the two.
        **options: of ``run_units``.
    """
    if redo_damaged:
        redo(damaged)
        damaged = []
    units = plan(present=store.present)
    there = sum(unit.cost for unit in plan()) - sum(unit.cost for unit in units)
    with overall_bar(output, units, there) as (on_progress, on_wait):
        calls = {"on_progress": on_progress, "on_wait": on_wait}
        outcome = run_units(units, store, **options, **calls)
    for error in damaged:
        outcome.failed.setdefault(error.path.stem, str(error))
    return outcome


@contextmanager
def overall_bar(output: Output, units: list[Unit], there: float) -> Any:
    """One bar over all units, weighed by their cost, with the time that is left."""
    shares = {unit.name: 0.0 for unit in units}
    started = time.perf_counter()
    columns = (BarColumn(bar_width=16), TextColumn("{task.percentage:.0f} %"))
    texts = (TimeElapsedColumn(), TextColumn("{task.fields[text]}"))
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


def _shots(text: str) -> int | str | None:
    if text == NOTEBOOK_SHOTS:
        return text
    try:
        return parse_shots(text)
    except InputError:
        fail("shots", "be a whole number of at least 1, `exact` or `notebook`", repr(text))


def _existing(out: Path | None) -> Path:
    if out is not None:
        return out
    found = [p.parent for p in sorted(Path("runs").glob("*/tables.json"))]
    if len(found) != 1:
        given = "none" if not found else ", ".join(map(str, found))
        fail("out", "name the results folder where there is not just one under runs/", given)
    return found[0]


def finish(output: Output, store: Store, outcome: Outcome, report: str) -> None:
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
