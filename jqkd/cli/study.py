"""jqkd study: the earlier name of `jqkd run NAME`, for one version more."""

from __future__ import annotations

from typing import Annotated

import typer

from jqkd._checks import check_choice
from jqkd.cli.edge import Command
from jqkd.cli.experiments import pass_on
from jqkd.cli.report import report
from jqkd.cli.tables import PASSED

_STUDIES = {name: name for name in ("ladder", "recipes", "circuits")} | {"controls": "placebos"}
app = typer.Typer(
    help="Earlier names: `jqkd run ladder`, `jqkd run placebos` and the like replace them.",
    no_args_is_help=True,
)


app.command("report", cls=Command)(report)


@app.command(cls=Command, context_settings=PASSED)
def run(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(_STUDIES)}, all.")],
    datasets: Annotated[str, typer.Option(help="Names with commas.")] = "mnist,fashion_mnist",
    variants: Annotated[str, typer.Option(help="Only lines whose names match.")] = "*",
) -> None:
    """`jqkd run NAME:datasets=mnist+digits --arms ...` replaces it; takes its options too."""
    check_choice("name", name, (*_STUDIES, "all"))
    names = tuple(one.strip() for one in datasets.split(","))
    arms = ",".join(f"{one}-{variants}" for one in names)
    for study in _STUDIES.values() if name == "all" else [_STUDIES[name]]:
        pass_on([f"{study}:datasets={'+'.join(names)}", "--arms", arms, *ctx.args])
