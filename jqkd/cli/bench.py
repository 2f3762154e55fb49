"""jqkd bench: side by side with what a user would pick instead; bench report: tables anew."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from jqkd._checks import InputError, fail
from jqkd._interrupts import keeps
from jqkd.bench import command
from jqkd.bench.peers import PEERS
from jqkd.bench.report import target_sheet
from jqkd.bench.runner import Plan
from jqkd.bench.studies import STUDIES
from jqkd.bench.summary import Summary, absent
from jqkd.bench.workloads import QUICK, WORKLOADS
from jqkd.cli.console import Output
from jqkd.cli.edge import Command, Group, check_options
from jqkd.cli.effects import BENCH_RULES, refuse_unread
from jqkd.cli.options import Json, Pictures, Readme, deliver

app = typer.Typer(
    cls=Group, help="Measure speed side by side with other libraries, and check their answers."
)
OutFolder = Annotated[Path, typer.Option(help="Folder for bench.json, the report, the picture.")]
_NAMES = ", ".join((*WORKLOADS, *STUDIES))


@app.callback(invoke_without_command=True)
def bench(
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
    out: OutFolder = Path("runs/bench"),
    json: Json = None,
) -> None:
    """Measure jqkd and its peers, each in processes of its own; write table and picture.

    Peers come with `pip install "jqkd[bench]"`; one that is not installed is said to be so. What
    is measured, and what was promised, stands in the report. Nothing else should be running.

    Example: jqkd bench --quick --only W1,T1 --out runs/bench
    """
    refuse_unread(context, BENCH_RULES, command=context.invoked_subcommand)
    if context.invoked_subcommand is not None:
        return
    check_options(context)
    names, studies = _chosen(only, quick)
    chosen = None if peers is None else () if peers == "none" else tuple(peers.split(","))
    plan = Plan(names, chosen, _pythons(peer_python or []), quick, rounds)
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

    Example: jqkd bench report --out results/bench --readme README.md
    """
    written = command.report(out, readme, pictures)
    Output().say(f"Written: {', '.join(map(str, written))}")


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
