"""The command line: parse, call, print."""

from __future__ import annotations

import sys

import typer

from jqkd._checks import InputError
from jqkd.cli import audit, bench, crosscheck, demo, study, tables, train
from jqkd.data import cache_folder
from jqkd.training.devices import keep_compiled, use_all_cores

app = typer.Typer(
    name="jqkd",
    help="Classical-to-quantum knowledge distillation: teachers, quantum students, the paper's "
    "tables, and proof on Qiskit Aer. Start with `jqkd demo`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command()(demo.demo)
app.command()(train.teacher)
app.command()(train.student)
app.command()(audit.audit)
app.add_typer(tables.app, name="tables")
app.add_typer(study.app, name="study")
app.command()(crosscheck.crosscheck)
app.command()(crosscheck.circuit)
app.add_typer(bench.app, name="bench")


def main() -> None:
    """Entry point: bad input ends in one sentence and exit code 2."""
    try:
        use_all_cores()
        keep_compiled(cache_folder() / "compiled")
        app()
    except InputError as error:
        print(f"jqkd: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("jqkd: stopped; what was finished is kept.", file=sys.stderr)
        sys.exit(130)
