"""jqkd tables: the earlier names of `jqkd run PRESET` and `jqkd status`, for one version more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jqkd._checks import check_choice
from jqkd.cli.edge import Command
from jqkd.cli.experiments import show_status
from jqkd.cli.options import (
    BlockSize,
    DataDir,
    DryRun,
    Redo,
    StoreFolder,
    Students,
    Teachers,
    TeacherSeeds,
)
from jqkd.cli.work import run_experiment
from jqkd.experiments.catalogue import EXPERIMENTS
from jqkd.experiments.store import Store

_PRESETS = ("paper-code", "paper-text", "robust")
_TABLES = {"1": "mnist-*", "2": "fashion_mnist-*", "all": None, "demo": None}
app = typer.Typer(
    help="Earlier names: `jqkd run paper-code` and `jqkd status` replace them.",
    no_args_is_help=True,
)


@app.command(cls=Command)
def run(
    ctx: typer.Context,
    table: Annotated[str, typer.Option(help=f"One of {', '.join(_TABLES)}.")] = "all",
    rows: Annotated[str | None, typer.Option(help="As --arms of `jqkd run`.")] = None,
    preset: Annotated[str, typer.Option(help=f"One of {', '.join(_PRESETS)}.")] = "paper-code",
    seeds: Students = None,
    shots: Annotated[str, typer.Option(help="A number, exact or notebook.")] = "5000",
    out: StoreFolder = Path("runs"),
    dry_run: DryRun = False,
    epochs: Annotated[int | None, typer.Option(help="Of the students.")] = None,
    ensemble: Annotated[str, typer.Option(help="average or joint.")] = "average",
    lenet_epochs: Annotated[int, typer.Option(help="Of LeNet.")] = 10,
    alexnet_epochs: Annotated[int, typer.Option(help="Of AlexNet.")] = 10,
    teacher_seeds: TeacherSeeds = 1,
    teachers: Teachers = "train",
    block: BlockSize = None,
    redo: Redo = False,
    data_dir: DataDir = None,
) -> None:
    """The same as `jqkd run PRESET:shots=...,epochs=... --arms ...`, which replaces it."""
    check_choice("table", table, _TABLES)
    check_choice("preset", preset, _PRESETS)
    entry = EXPERIMENTS["demo" if table == "demo" else preset]
    more = {"preset": preset} if table == "demo" else {}
    chosen = entry(shots, epochs, ensemble, lenet_epochs, alexnet_epochs, **more)
    own = ("seeds", "out", "dry_run", "teacher_seeds", "teachers", "block", "redo", "data_dir")
    options = {name: ctx.params[name] for name in own}
    arms = _TABLES[table] if rows is None else rows
    run_experiment(ctx, EXPERIMENTS.text(chosen), arms=arms, **options)


@app.command(cls=Command)
def status(out: StoreFolder = Path("runs")) -> None:
    """The same as `jqkd status`, which replaces it."""
    show_status(Store.open(out))
