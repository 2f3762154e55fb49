"""jqkd study: the earlier names of `jqkd run NAME` and `jqkd status`, for one version more."""

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
)
from jqkd.cli.work import run_experiment
from jqkd.experiments.catalogue import EXPERIMENTS
from jqkd.experiments.store import Store

_STUDIES = {name: name for name in ("ladder", "recipes", "circuits")} | {"controls": "placebos"}
app = typer.Typer(
    help="Earlier names: `jqkd run ladder`, `jqkd run placebos` and `jqkd status` replace them.",
    no_args_is_help=True,
)


@app.command(cls=Command)
def run(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(_STUDIES)}, all.")],
    seeds: Students = None,
    out: StoreFolder = Path("runs"),
    teachers: Teachers = "train",
    datasets: Annotated[str, typer.Option(help="Names with commas.")] = "mnist,fashion_mnist",
    variants: Annotated[str, typer.Option(help="Only lines whose names match.")] = "*",
    dry_run: DryRun = False,
    block: BlockSize = None,
    redo: Redo = False,
    data_dir: DataDir = None,
) -> None:
    """The same as `jqkd run NAME:datasets=mnist+fashion_mnist --arms ...`, which replaces it."""
    check_choice("name", name, (*_STUDIES, "all"))
    own = ("seeds", "out", "teachers", "dry_run", "block", "redo", "data_dir")
    options = {option: ctx.params[option] for option in own}
    names = tuple(one.strip() for one in datasets.split(","))
    arms = None if variants == "*" else ",".join(f"{one}-{variants}" for one in names)
    for study in _STUDIES.values() if name == "all" else [_STUDIES[name]]:
        text = EXPERIMENTS.text(EXPERIMENTS[study](datasets=names))
        run_experiment(ctx, text, arms=arms, **options)


@app.command(cls=Command)
def status(out: StoreFolder = Path("runs")) -> None:
    """The same as `jqkd status`, which replaces it."""
    show_status(Store.open(out))
