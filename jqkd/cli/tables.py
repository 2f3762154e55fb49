"""jqkd tables: earlier names of `jqkd run PRESET`, `status` and `report`, for one version more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jqkd._checks import check_choice
from jqkd.cli import experiments
from jqkd.cli.edge import Command
from jqkd.cli.options import StoreFolder
from jqkd.cli.report import report
from jqkd.experiments.catalogue import EXPERIMENTS

_PRESETS = ("paper-code", "paper-text", "robust")
_TABLES = {"1": "mnist-*", "2": "fashion_mnist-*", "all": "*", "demo": "*"}
app = typer.Typer(
    help="Earlier names: `jqkd run paper-code` and `jqkd status` replace them.",
    no_args_is_help=True,
)
app.command("report", cls=Command)(report)
PASSED = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command(cls=Command, context_settings=PASSED)
def run(
    ctx: typer.Context,
    table: Annotated[str, typer.Option(help=f"One of {', '.join(_TABLES)}.")] = "all",
    rows: Annotated[str | None, typer.Option(help="As --arms of `jqkd run`.")] = None,
    preset: Annotated[str, typer.Option(help=f"One of {', '.join(_PRESETS)}.")] = "paper-code",
    shots: Annotated[str, typer.Option(help="A number, exact or notebook.")] = "5000",
    epochs: Annotated[int | None, typer.Option(help="Of the students.")] = None,
    ensemble: Annotated[str, typer.Option(help="average or joint.")] = "average",
    lenet_epochs: Annotated[int, typer.Option(help="Of LeNet.")] = 10,
    alexnet_epochs: Annotated[int, typer.Option(help="Of AlexNet.")] = 10,
) -> None:
    """`jqkd run PRESET:shots=...,epochs=... --arms ...` replaces it; takes its options too."""
    check_choice("table", table, _TABLES)
    check_choice("preset", preset, _PRESETS)
    entry: Any = EXPERIMENTS["demo" if table == "demo" else preset]
    more = {"preset": preset} if table == "demo" else {}
    chosen = entry(shots, epochs, ensemble, lenet_epochs, alexnet_epochs, **more)
    arms = _TABLES[table] if rows is None else rows
    experiments.pass_on([EXPERIMENTS.text(chosen), "--arms", arms, *ctx.args])


@app.command(cls=Command)
def status(out: StoreFolder = Path("runs")) -> None:
    """`jqkd status` replaces it."""
    experiments.status(out=out)
