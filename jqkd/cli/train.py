"""jqkd student: one row of the paper's tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jqkd._interrupts import keeps
from jqkd.cli.audit_table import audit_table
from jqkd.cli.bars import StudentBar, TeacherBar
from jqkd.cli.console import Output, seconds_text, shots_text, student_table
from jqkd.cli.effects import STUDENT_RULES, is_given, refuse_unread
from jqkd.cli.fields import takes
from jqkd.cli.memory import check_memory
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
from jqkd.models import TEACHERS
from jqkd.tracking import TRACKERS, tracker_of
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.figures import curves_figure
from jqkd.training.resuming import CHECKPOINTS, job_in
from jqkd.training.student_job import StudentJob
from jqkd.training.student_run import Outcome, run_student

# What a command takes where nothing is said.
STUDENT: dict[str, Any] = {"dataset": "mnist", "classes": "0-5", "qubits": 3, "preset": "robust"}


@takes(StudentConfig, **STUDENT)
def student(
    ctx: typer.Context,
    *,
    teacher: TeacherName = "lenet",
    teacher_epochs: TeacherEpochs = 10,
    seeds: Seeds = 4,
    first_seed: FirstSeed = 0,
    audit: Annotated[
        bool,
        typer.Option(
            "--audit",
            help="Also note, as `jqkd audit` does, what reaches the students, and stop where "
            "distillation teaches nothing.",
        ),
    ] = False,
    track: Annotated[
        str | None,
        typer.Option(help=f"Follow them live: one of {', '.join(TRACKERS)}, with options."),
    ] = None,
    config: ConfigFile = None,
    data_dir: DataDir = None,
    out: Out = None,
    json: Json = None,
    plugin: Plugins = None,
    **fields: Any,
) -> None:
    """Train quantum students, alone and distilled: one row of the paper's tables.

    The teacher is trained first if no cached one fits. Both arms of a seed share initial weights,
    order of images, dropout and shots, so that their difference is a paired one.

    Parts may be given with options of their own, such as --features conv:dropout_rate=0.2; `jqkd
    list` has them all.

    Example: jqkd student --dataset fashion_mnist --classes 0-7 --qubits 4 --seeds 8 --out runs/f7
    """
    before = None if out is None else job_in(out / CHECKPOINTS)
    job, output = student_job(ctx, fields, before), Output(json)
    if before is not None:
        output.say(f"{out} holds students of {before}; what is not given is as it is there.")
    tracker = None if track is None else tracker_of(track, "track")
    result, block = run_job(job, output, out, data_dir=data_dir, audit=audit, tracker=tracker)
    output.say(student_table(result))
    if audit:
        output.say(audit_table(result["audit"]))
    if any(result["shots"]["forward"]):
        output.say(shots_text(result))
    if block.stopped:
        output.say("The budget has ended the training; with a larger --shot-budget it goes on.")
    output.say(seconds_text(result["seconds"]))
    if out is not None:
        curves_figure(result, out / "curves.png")
        output.say(f"Result, picture and checkpoint: {out}")
    deliver(result, json)


def student_job(
    ctx: typer.Context, fields: dict[str, Any], before: StudentJob | None = None
) -> StudentJob:
    """The job that a command's options describe.

    Args:
        ctx: of a command with the options of ``jqkd student``.
        fields: of ``StudentConfig``.
        before: the job that has what is not given.

    Raises:
        InputError: one sentence about the first option that is out of range or has no effect.
    """
    teacher, seeds, first = (ctx.params[name] for name in ("teacher", "seeds", "first_seed"))
    TEACHERS.check(teacher.partition(":")[0], "teacher", words=("none",))
    given = {name for name in ctx.params if is_given(ctx, name)}
    if before is not None:
        # A preset that is given decides what is None.
        own = given | {k for k, v in fields.items() if v is None and "preset" in given}
        fields = {k: v if k in own else getattr(before.config, k) for k, v in fields.items()}
        first = first if "first_seed" in given else before.seeds[0]
    if fields["stand_in"] is not None and "shots" not in given:
        fields = fields | {"shots": None}
    config, taught = StudentConfig(**fields), None
    if before is not None and not given & {"teacher", "teacher_epochs"}:
        taught = before.teacher
    elif teacher != "none":
        teacher = TEACHERS.text(TEACHERS.build(teacher, "teacher"))
        epochs = ctx.params["teacher_epochs"]
        taught = TeacherConfig(teacher, config.dataset, config.classes, epochs)
    numbers = tuple(range(first, first + seeds))
    if before is not None and not given & {"seeds", "first_seed"}:
        numbers = before.seeds
    job = StudentJob(config, taught, numbers)
    refuse_unread(ctx, STUDENT_RULES, job=job)
    return job


def run_job(job: StudentJob, output: Output, out: Path | None = None, **how: Any) -> Outcome:
    """Run with live bars, one for the teacher and one for the students.

    Args:
        job: what to do.
        output: where the bars are.
        out: run folder.
        **how: ``data_dir``, ``audit`` and ``tracker`` of ``run_student``.
    """
    arms = ("alone",) if job.teacher is None else ("alone", "distilled")
    runs = len(job.seeds) * len(arms)
    check_memory(job, runs)
    keeps(_kept(job, out))
    teacher, students = TeacherBar(output, job.teacher), StudentBar(output, job.config, runs, arms)
    with teacher, students:
        calls = {"on_teacher": teacher, "on_data": teacher.close, "on_epoch": students}
        return run_student(job, out=out, **how, **calls)


def _kept(job: StudentJob, out: Path | None) -> str:
    teacher = "" if job.teacher is None else "the teacher's finished epochs are in the cache; "
    if out is None:
        return f"{teacher}of the students nothing was kept, `jqkd student --out FOLDER` keeps them"
    students = f"the students' finished epochs are in {out}"
    return f"{teacher}{students}, and the same command goes on from there"
