"""jqkd crosscheck: our circuits on an independent simulator."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jqkd._checks import fail
from jqkd._interrupts import keeps
from jqkd.cli.bars import CountBar
from jqkd.cli.console import Output
from jqkd.cli.effects import CROSSCHECK_RULES, refuse_unread
from jqkd.cli.options import Json, Plugins, deliver
from jqkd.common.files import EXACT, write_json
from jqkd.common.outputs import check_out_folder
from jqkd.crosscheck import certify, noise_picture, noise_table, run_battery
from jqkd.crosscheck.certificate import FILE
from jqkd.crosscheck.report import agreement_table, battery_picture, battery_table
from jqkd.crosscheck.students import students_of
from jqkd.models import StudentSpec
from jqkd.quantum.exchange.packages import require_qiskit
from jqkd.training.trained import load_run


def crosscheck(
    ctx: typer.Context,
    run: Annotated[
        Path | None,
        typer.Option(help="Folder that `jqkd student --out` has written: certify its students."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer and smaller circuits: half a minute.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of circuits, angles and shots.")] = 0,
    students: Annotated[
        int, typer.Option(help="With --run: how many seeds of each kind are certified.")
    ] = 1,
    noise: Annotated[bool, typer.Option(help="With --run: also accuracy under noise.")] = True,
    picture: Annotated[
        Path | None, typer.Option(help="Where the picture goes (with --run: the run folder).")
    ] = None,
    json: Json = None,
    plugin: Plugins = None,
) -> None:
    """Repeat our circuits on Qiskit Aer: the whole simulator, or the students of one run.

    Exit code 1 when something disagrees.

    Example: jqkd crosscheck --run runs/f7
    """
    refuse_unread(ctx, CROSSCHECK_RULES)
    keeps("nothing was kept, the same command begins anew")
    output = Output(json)
    if run is None:
        result, agrees = _battery(output, picture, quick=quick, seed=seed)
    else:
        result, agrees = _certify_run(output, run, students, picture, seed=seed, noise=noise)
    deliver(result, json)
    if not agrees:
        raise typer.Exit(1)


def _battery(output: Output, picture: Path | None, **how: Any) -> tuple[dict[str, Any], bool]:
    require_qiskit("qiskit_aer")
    with CountBar(output, "crosscheck, %", 100) as bar:
        report = run_battery(
            **how, progress=lambda done, of, name: bar.move(100 * done // of, name)
        )
    output.say(battery_table(report))
    if picture is not None:
        output.say(f"Picture: {battery_picture(report, picture)}")
    return report.to_json(), report.agrees


def _certify_run(
    output: Output, folder: Path, students: int, picture: Path | None, **how: Any
) -> tuple[dict[str, Any], bool]:
    trained = load_run(folder)
    check_has_circuit("run", trained.job.config.spec)
    require_qiskit("qiskit_aer")
    if students > len(trained.job.seeds):
        fail("students", f"be at most {len(trained.job.seeds)}, the seeds of that run", students)
    check_out_folder("run", folder)
    certificates = []
    for student in students_of(trained, trained.job.seeds[:students]):
        with CountBar(output, student.name, 1) as bar:
            certificate = certify(
                student, **how, progress=lambda what, done, of, bar=bar: bar.move(done / of, what)
            )
        output.say(agreement_table(certificate))
        certificates.append(certificate)
    if how["noise"]:
        output.say(noise_table(certificates))
        path = noise_picture(certificates, picture or folder / "noise.png")
        output.say(f"Picture: {path}")
    result = {"schema": 1, "kind": "certificates", "certificates": certificates}
    write_json(folder / FILE, result, EXACT)
    output.say(f"Certificate: {folder / FILE}")
    return result, all(certificate["agrees"] for certificate in certificates)


def check_has_circuit(name: str, spec: StudentSpec) -> None:
    """There is nothing to repeat on a simulator, or to draw, where a classical layer stands."""
    if not spec.is_quantum:
        fail(name, "be of a student with a circuit", f"{spec.words}, which has none,")
