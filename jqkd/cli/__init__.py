"""The command line: parse, call, print."""

from __future__ import annotations

import sys
from functools import cache
from typing import Any, NoReturn

import typer

from jqkd import _interrupts
from jqkd.cli import (
    audit,
    circuit,
    crosscheck,
    data,
    demo,
    experiments,
    export,
    init,
    pack,
    predict,
    report,
    search,
    study,
    tables,
    teacher,
    train,
    verify,
)
from jqkd.cli.edge import Command, options_of
from jqkd.cli.endings import code_of
from jqkd.training.devices import setup

# Of every command line of this package.
SETTINGS: dict[str, Any] = {
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["-h", "--help"], "max_content_width": 100},
}
app = typer.Typer(
    name="jqkd",
    help="Classical-to-quantum knowledge distillation: teachers, quantum students, experiments "
    "such as the paper's tables, and proof on Qiskit Aer. Start with `jqkd demo`.",
    no_args_is_help=True,
    **SETTINGS,
)
app.command(cls=Command)(demo.demo)
app.add_typer(teacher.app, name="teacher")
app.command(cls=Command)(train.student)
app.command(cls=Command)(predict.predict)
app.command(cls=Command)(audit.audit)
app.command(cls=Command)(init.init)
app.command(cls=Command)(experiments.run)
app.command(cls=Command)(experiments.status)
app.command(cls=Command)(search.search)
app.command("list", cls=Command)(experiments.list_parts)
app.command(cls=Command)(verify.verify)
app.command(cls=Command)(pack.pack)
app.command(cls=Command)(export.export)
app.add_typer(data.app, name="data")
app.add_typer(tables.app, name="tables")
app.add_typer(study.app, name="study")
app.command(cls=Command)(report.report)
app.command(cls=Command)(crosscheck.crosscheck)
app.add_typer(circuit.app, name="circuit")


def main() -> None:
    """Run a command line of ``jqkd``."""
    run(app, "jqkd")


def run(app: typer.Typer, name: str) -> NoReturn:
    """Run a command line; bad input ends in one sentence and exit code 2, see ``endings``.

    Args:
        app: the commands, each an ``edge.Command`` or ``edge.Group``.
        name: what a user types before them.
    """

    def work() -> None:
        _interrupts.keeps("")
        setup()
        # Typer's own way of running a command turns Ctrl-C and closed pipes into codes of its own.
        with _command(app).make_context(name, sys.argv[1:]) as context:
            _command(app).invoke(context)

    sys.exit(code_of(work, lambda: options_of(_command(app))))


@cache
def _command(app: typer.Typer) -> Any:
    return typer.main.get_command(app)
