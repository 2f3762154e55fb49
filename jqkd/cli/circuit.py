"""jqkd circuit: a student's circuit on paper and in QASM; circuits of one's own as ansatze."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jqkd._checks import check_choice, fail, shown
from jqkd._interrupts import keeps
from jqkd.cli.console import Output
from jqkd.cli.edge import Command, Group, check_options
from jqkd.cli.effects import ALL, Unread, refuse_unread
from jqkd.cli.fields import takes
from jqkd.cli.options import Json, Plugins, deliver
from jqkd.crosscheck import save_picture
from jqkd.models import ANSATZE, PARTS, PRESETS, import_circuit
from jqkd.quantum.exchange.foreign import as_circuit
from jqkd.quantum.exchange.packages import require_qiskit
from jqkd.report.readme import write_text
from jqkd.training.config import StudentConfig

# What a student's circuit follows from.
CIRCUIT = ("qubits", "preset", "encoding", "ansatz")
app = typer.Typer(cls=Group)
RULES = (
    Unread(
        (ALL,),
        lambda values: values["command"] is not None,
        "before `{command}`, which prints no student's circuit",
        "give options of `{command}` after it",
    ),
)
_INPUTS = "inputs: names, or x for x0, x1, ...; several with commas between them"


@app.callback(invoke_without_command=True)
@takes(StudentConfig, only=CIRCUIT, preset="paper-code", qubits=3)
def circuit(
    ctx: typer.Context,
    *,
    qasm: Annotated[Path | None, typer.Option(help="Write OpenQASM 3 here.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw it here, by Qiskit.")] = None,
    json: Json = None,
    plugin: Plugins = None,
    **fields: Any,
) -> None:
    """Print a student's circuit; save its picture; write it as OpenQASM 3.

    Example: jqkd circuit --preset robust --ansatz entangling --qubits 4 --qasm e4.qasm
    """
    refuse_unread(ctx, RULES, command=ctx.invoked_subcommand)
    if ctx.invoked_subcommand is not None:
        return
    check_options(ctx)
    check_choice("preset", fields["preset"], PRESETS)
    if picture is not None:
        require_qiskit("pylatexenc")
    elif qasm is not None:
        require_qiskit()
    output = Output(json)
    parts = {name: part for name, part in fields.items() if part is not None and name in PARTS}
    spec = PRESETS[fields["preset"]].spec(fields["qubits"], **parts)
    drawn = spec.circuit
    output.say(str(drawn))
    if qasm is not None:
        write_text(qasm, drawn.to_qasm())
    if picture is not None:
        save_picture(drawn, picture)
    result = fields | {name: spec.texts[name] for name in ("encoding", "ansatz")}
    result |= {"data": drawn.num_data, "weights": drawn.num_weights, "angles": drawn.num_angles}
    deliver(result | {"ops": [[op.name, *op.wires] for op in drawn.ops]}, json)


@app.command("import", cls=Command)
def import_(
    name: Annotated[str, typer.Argument(help="What it will be called.")],
    source: Annotated[Path, typer.Argument(help="File in OpenQASM 2 or 3.")],
    data: Annotated[str | None, typer.Option(help=f"Which {_INPUTS}.")] = None,
    weights: Annotated[str | None, typer.Option(help=f"Which {_INPUTS}.")] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="In place of another circuit of that name.")
    ] = False,
) -> None:
    """Keep a circuit as an ansatz: `jqkd student --ansatz NAME --qubits ...`.

    With weights only, it follows the student's encoding; if it reads data, it is the whole
    circuit, and --encoding angle:features=D makes its data. Inputs that are neither in --data nor
    in --weights are of the kind that is not given; without both, all are data.

    Example: jqkd circuit import mine mine.qasm --data x --weights w
    """
    keeps("nothing was imported")
    listed = [text and text.split(",") for text in (data, weights)]
    own = as_circuit(source, *listed)
    title = import_circuit(name, own, replace=replace)
    output = Output()
    output.say(str(own))
    numbers = f"{own.num_data} data, {own.num_weights} weights"
    output.say(f"{title}: {own.num_qubits} qubits, {numbers}.")


@app.command(cls=Command)
def remove(
    name: Annotated[str, typer.Argument(help="Its name, or NAME@DIGEST.")],
) -> None:
    """Take an imported circuit away; runs that were made with it stay.

    Example: jqkd circuit remove mine
    """
    title = ANSATZE.title_of(name)
    if title is None or ANSATZE.shelf is None:
        fail("name", "be an imported circuit", shown(name), "`jqkd list` names them")
    ANSATZE.shelf.remove(title)
    Output().say(f"{title} is gone.")
