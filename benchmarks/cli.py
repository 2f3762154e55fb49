"""``python -m benchmarks``: measures side by side, and writes table and picture anew."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from benchmarks import command
from benchmarks.peers import PEERS
from benchmarks.report import target_sheet
from benchmarks.runner import Plan
from benchmarks.studies import STUDIES
from benchmarks.summary import Summary, absent
from benchmarks.workloads import QUICK, WORKLOADS
from jqkd import cli
from jqkd._checks import InputError, fail
from jqkd._interrupts import keeps
from jqkd.cli.console import Output
from jqkd.cli.edge import Command, Group, check_options
from jqkd.cli.effects import ALL, Unread, refuse_unread
from jqkd.cli.options import Json, Pictures, Readme, deliver

NAME = "python -m benchmarks"
app = typer.Typer(
    cls=Group,
    help="Measure speed side by side with other libraries, and check their answers.",
    **cli.SETTINGS,
)
OutFolder = Annotated[Path, typer.Option(help="Folder for bench.json, the report, the picture.")]
_NAMES = ", ".join((*WORKLOADS, *STUDIES))
RULES = (
    Unread(
        (ALL,),
        lambda values: values["command"] is not None,
        "before `{command}`, which measures nothing",
        "give options of `{command}` after it",
    ),
    Unread(
        ("quick", "peers", "peer_python", "rounds", "patience"),
        lambda values: bool(values["only"]) and set(values["only"].split(",")) <= set(STUDIES),
        "with only {only}: a study measures jqkd alone, in a size of its own",
    ),
)


@app.callback(invoke_without_command=True)
def measure(
    context: typer.Context,
    quick: Annotated[bool, typer.Option("--quick", help="A few cells: a minute or two.")] = False,
    only: Annotated[
        str | None, typer.Option(help=f"Some of {_NAMES}; what else the folder holds stays.")
    ] = None,
    peers: Annotated[
        str | None, typer.Option(help=f"Some of {', '.join(PEERS)}; or `none`, jqkd alone.")
    ] = None,
    peer_python: Annotated[
        list[str] | None,
        typer.Option(help="PEER=PYTHON for a peer that lives in another environment."),
    ] = None,
    rounds: Annotated[int, typer.Option(help="How often the peers of a cell take turns.")] = 3,
    patience: Annotated[
        float, typer.Option(help="Seconds after which a peer's first call is given up.")
    ] = 60.0,
    out: OutFolder = Path("runs/bench"),
    json: Json = None,
) -> None:
    """Measure jqkd and its peers, each in processes of its own; write table and picture.

    Peers come with `pip install -e ".[bench]"`; one that is not installed is said to be so. What
    is measured, and what was promised, stands in the report. Nothing else should be running.

    Example: python -m benchmarks --quick --only W1,T1 --out runs/bench
    """
    refuse_unread(context, RULES, command=context.invoked_subcommand)
    if context.invoked_subcommand is not None:
        return
    check_options(context)
    names, studies = _chosen(only, quick)
    chosen = None if peers is None else () if peers == "none" else tuple(peers.split(","))
    plan = Plan(names, chosen, _pythons(peer_python or []), quick, rounds, patience=patience)
    output = Output(json)
    keeps(f"finished workloads are in {out}, and --only names those to measure still")
    result = command.run(plan, studies, output.say, out)
    written = command.report(out)
    summary = command.load(out)
    output.say(_targets(summary))
    for name, why in absent(summary.result).items():
        if why != "not asked":
            output.say(f"{name}: {why}")
    output.say(f"Written: {', '.join(map(str, written))}")
    deliver(result, json)


@app.command(cls=Command)
def report(
    out: OutFolder = Path("runs/bench"),
    readme: Readme = None,
    pictures: Pictures = True,
) -> None:
    """Write table and picture from what was measured.

    Example: python -m benchmarks report --out results/bench --readme README.md
    """
    written = command.report(out, readme, pictures)
    Output().say(f"Written: {', '.join(map(str, written))}")


def main() -> None:
    """Run a command line, as ``jqkd`` does."""
    cli.run(app, NAME)


def _chosen(only: str | None, quick: bool) -> tuple[tuple[str, ...], list[str]]:
    """Workloads and studies."""
    if only is None:
        return (QUICK, []) if quick else (tuple(WORKLOADS), list(STUDIES))
    names = dict.fromkeys(only.split(","))
    for name in names:
        if name not in WORKLOADS and name not in STUDIES:
            raise InputError(f"There is nothing called {name!r} to measure; there are {_NAMES}.")
    return tuple(n for n in names if n in WORKLOADS), [n for n in names if n in STUDIES]


def _pythons(given: list[str]) -> dict[str, str]:
    for text in given:
        if "=" not in text:
            fail("peer_python", "be PEER=PYTHON", repr(text))
        if shutil.which(text.split("=", 1)[1]) is None:
            fail("peer_python", "name a Python that can be run", repr(text))
    return dict(text.split("=", 1) for text in given)


def _targets(summary: Summary) -> Table:
    """Those that were measured: their worst cell decides."""
    table = Table(title="Targets")
    for name in ("target", "wanted", "worst", "met by"):
        table.add_column(name, justify="left" if name == "target" else "right")
    for text, word, wanted, worst, _, _, count in target_sheet(summary).cells:
        if word != "not measured":
            table.add_row(text, wanted, worst, count, style="" if word == "reached" else "bold")
    return table
