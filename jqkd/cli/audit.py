"""jqkd audit: what reaches the students of a configuration, or of a finished run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jqkd._interrupts import keeps
from jqkd.cli.audit_table import audit_table
from jqkd.cli.bars import TeacherBar
from jqkd.cli.console import Output
from jqkd.cli.effects import AUDIT_RULES, refuse_unread
from jqkd.cli.fields import takes
from jqkd.cli.options import (
    ConfigFile,
    DataDir,
    FirstSeed,
    Json,
    Out,
    Plugins,
    Seeds,
    TeacherEpochs,
    TeacherName,
    deliver,
)
from jqkd.cli.train import STUDENT, run_job, student_job
from jqkd.common.files import write_json
from jqkd.training.audit import FILE
from jqkd.training.config import StudentConfig
from jqkd.training.trained import audit_run, load_run


@takes(StudentConfig, **STUDENT, epochs=2, evaluate_every=1)
def audit(
    ctx: typer.Context,
    run: Annotated[
        Path | None,
        typer.Option(
            help="Folder that `jqkd student --out` has written: look at its students, at their "
            "final weights, and train none."
        ),
    ] = None,
    *,
    teacher: TeacherName = "lenet",
    teacher_epochs: TeacherEpochs = 10,
    seeds: Seeds = 2,
    first_seed: FirstSeed = 0,
    config: ConfigFile = None,
    data_dir: DataDir = None,
    out: Out = None,
    json: Json = None,
    plugin: Plugins = None,
    **fields: Any,
) -> None:
    """What reaches a student from its labels and from its teacher, before training and after.

    Norms and cosines of the loss's gradients, the range of the readout, likeness to the teacher,
    calibration, and how far the angles are from where they stop moving. A distillation term that
    sends no gradient is an error, with exit code 2, before anything is trained.

    Example: jqkd audit --dataset fashion_mnist --recipe decoupled
    """
    output = Output(json)
    refuse_unread(ctx, AUDIT_RULES)
    if run is not None:
        report = _of_run(run, output)
        if out is not None:
            write_json(out / FILE, report)
    else:
        job = student_job(ctx, fields)
        report = run_job(job, output, out, data_dir=data_dir, audit=True).result["audit"]
    output.say(audit_table(report))
    if out is not None:
        output.say(f"Audit: {out / FILE}")
    deliver(report, json)


def _of_run(folder: Path, output: Output) -> dict[str, Any]:
    finished = load_run(folder)
    keeps("nothing was changed")
    with TeacherBar(output, finished.job.teacher) as on_teacher:
        return audit_run(finished, on_teacher=on_teacher).report()
