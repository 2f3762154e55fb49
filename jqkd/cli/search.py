"""jqkd search: the best settings of an arm, by validation images."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jqkd._interrupts import keeps
from jqkd.cli.console import Output
from jqkd.cli.options import DataDir, Plugins, StoreFolder
from jqkd.common.registry import as_text
from jqkd.experiments.search import Trial, run_search


def search(
    name: Annotated[Path, typer.Argument(help="TOML file with a [search] table.")],
    trials: Annotated[int, typer.Option(help="How many in all, earlier ones among them.")] = 50,
    out: StoreFolder = Path("runs"),
    data_dir: DataDir = None,
    plugin: Plugins = None,
) -> None:
    """Search settings of an arm; started again, it goes on where it was stopped.

    By validation images only, with seeds from 1000 on, which no report reads. Needs Optuna:
    pip install "jqkd[search]".

    Example: jqkd search mine.toml --trials 50
    """
    output = Output()
    keeps(f"finished trials are in {out}, and the same command goes on from there")
    best, file = run_search(
        name, trials, out, data_dir=data_dir, on_trial=lambda one: output.say(_line(one))
    )
    output.say(f"Best: {_line(best)}", style="bold")
    output.say(f"Next: jqkd run {file} --out {out}")


def _line(trial: Trial) -> str:
    short = {
        k: f"{v:.4g}" if isinstance(v, float) else as_text(v) for k, v in trial.settings.items()
    }
    settings = ", ".join(f"{name} = {text}" for name, text in short.items())
    result = trial.reason if trial.accuracy is None else f"validation {trial.accuracy:.2f} %"
    return f"trial {trial.number}: {settings}: {result}"
