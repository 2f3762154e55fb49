"""jqkd tables: run, status, report. Everything of the paper's two tables."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from jqkd._checks import InputError, check_choice, fail
from jqkd.cli.console import Output
from jqkd.cli.edge import Command
from jqkd.cli.effects import REPORT_RULES, TABLES_RULES, refuse_unread
from jqkd.cli.options import (
    BlockSize,
    DataDir,
    DryRun,
    Pictures,
    Readme,
    Redo,
    Students,
    Teachers,
    To,
    parse_shots,
)
from jqkd.cli.units import show_plan, work_off
from jqkd.common.outputs import check_out_folder
from jqkd.experiments.figures import draw_all
from jqkd.experiments.plan import (
    answers_of,
    arms_of,
    plan_units,
    teachers_of,
)
from jqkd.experiments.presets import NOTEBOOK_SHOTS, TABLE_PRESETS, Settings
from jqkd.experiments.readme import check_share
from jqkd.experiments.report import introduction, share, update_readme, write_report
from jqkd.experiments.rows import ROWS, TABLES, select
from jqkd.experiments.runner import check_teachers, default_block
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


@app.command(cls=Command)
def run(
    ctx: typer.Context,
    table: Annotated[str, typer.Option(help=f"One of {', '.join(TABLES)}.")] = "all",
    rows: Annotated[
        str | None, typer.Option(help="Only rows whose names match, such as *-3q-lenet,*-alone.")
    ] = None,
    preset: Annotated[str, typer.Option(help=f"One of {', '.join(TABLE_PRESETS)}.")] = "paper-code",
    seeds: Students = 10,
    shots: Annotated[
        str, typer.Option(help="For every circuit; `exact`, or `notebook` for each row's own.")
    ] = "5000",
    out: OutFolder = None,
    dry_run: DryRun = False,
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
    teachers: Teachers = "train",
    block: BlockSize = None,
    redo_damaged: Redo = False,
    data_dir: DataDir = None,
) -> None:
    """Run rows of the tables; started again, it goes on where it was stopped.

    Several processes, on several machines too, may work on one folder: they share the units.

    Example: jqkd tables run --table 2 --rows '*-3q-*' --seeds 10 --out runs/fashion
    """
    check_choice("ensemble", ensemble, ENSEMBLE_NAMES)
    chosen = select(table, rows.split(",") if rows else [])
    refuse_unread(ctx, TABLES_RULES, chosen=chosen)
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
    check_teachers(units, teachers)
    store = Store.create(folder, settings, [row.name for row in chosen], seeds, teacher_seeds)
    arms = arms_of(chosen, settings)
    needed = [*teachers_of(chosen, settings, teacher_seeds), *answers_of(arms)]
    damaged = store.damage(needed, arms)
    options = {"teachers": teachers, "data_dir": data_dir}
    work_off(output, store, plan, damaged, redo_damaged, "jqkd tables report", **options)


@app.command(cls=Command)
def status(out: OutFolder = None) -> None:
    """What of a results folder is done, who is at work, what is damaged.

    Exit code 1 when something is damaged.
    """
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
    damaged = store.damage([*teachers, *answers], arms)
    for error in damaged:
        output.say(str(error))
    if damaged:
        raise typer.Exit(1)


@app.command(cls=Command)
def report(
    ctx: typer.Context,
    out: OutFolder = None,
    to: To = None,
    readme: Readme = None,
    pictures: Pictures = True,
    data_dir: DataDir = None,
) -> None:
    """Say for each published number: reproduced, higher, lower or undecidable.

    Writes Markdown, CSV, LaTeX and one HTML page, and pictures as PNG, SVG and PDF.

    Example: jqkd tables report --out results/paper-code --readme README.md
    """
    refuse_unread(ctx, REPORT_RULES)
    store, output = Store.open(_existing(out)), Output()
    summary = summarise(store)
    if not summary.rows:
        fail("out", "hold at least one finished row", f"{store.root} without any")
    folder = check_out_folder("to", store.root / "report" if to is None else to)
    if readme is not None:
        check_share(readme, share(summary))
    drawn = draw_all(summary, store, folder, Datasets(data_dir).__getitem__) if pictures else []
    written = write_report(summary, folder, drawn)
    if readme is not None:
        update_readme(readme, summary)
    for paragraph in introduction(summary)[2:]:
        output.say(paragraph)
    output.say(f"Written: {', '.join(str(path) for path in written)}")


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
