"""jqkd teacher, jqkd student: one teacher, or one row of the paper's tables."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from jqkd._interrupts import keeps
from jqkd.cli import student_options as of
from jqkd.cli.audit_table import audit_table
from jqkd.cli.console import (
    Output,
    epoch_text,
    seconds_text,
    student_table,
    teacher_table,
    teacher_text,
)
from jqkd.cli.effects import DATA_RULES, refuse_unread
from jqkd.cli.memory import check_memory
from jqkd.cli.options import Classes, DataDir, Dataset, Json, Out, Plugins, Shots, deliver
from jqkd.common.files import write_json
from jqkd.data import load
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.config import StudentConfig, TeacherConfig
from jqkd.training.figures import curves_figure
from jqkd.training.result import RESULT_SCHEMA, Stopwatch, environment
from jqkd.training.runs import Epoch
from jqkd.training.student_run import Outcome, StudentJob, run_student
from jqkd.training.teacher_store import describe, obtain_teacher
from jqkd.training.teachers import Progress
from jqkd.training.trained import check_resumable


def teacher(
    ctx: typer.Context,
    arch: Annotated[
        str,
        typer.Option(
            help=f"One of {', '.join(of.ARCHITECTURES)}; ensemble averages the probabilities of a "
            "LeNet and an AlexNet (eq. 16), joint-ensemble trains the two as one."
        ),
    ] = "lenet",
    dataset: Dataset = "mnist",
    classes: Classes = "0-5",
    epochs: Annotated[int, typer.Option(help="Passes over the train images.")] = 10,
    batch_size: Annotated[int, typer.Option(help="Images a step.")] = 128,
    learning_rate: Annotated[float, typer.Option(help="Adam's.")] = 1e-3,
    seed: Annotated[int, typer.Option(help="Of weights, order and dropout.")] = 0,
    data_dir: DataDir = None,
    out: Out = None,
    json: Json = None,
    plugin: Plugins = None,
) -> None:
    """Train a classical teacher on all images of the classes, and keep it for its students.

    A teacher of the same configuration that is in the cache is not trained again.

    Example: jqkd teacher --arch lenet --dataset fashion_mnist --classes 0-7
    """
    config = TeacherConfig(arch, dataset, classes, epochs, batch_size, learning_rate, seed)
    refuse_unread(ctx, DATA_RULES)
    output, watch = Output(json), Stopwatch()
    keeps("finished epochs are in the cache, and the same command goes on from there")
    images = load(dataset, data_dir=data_dir)
    with TeacherBar(output, config) as on_progress:
        trained = obtain_teacher(config, images, on_progress=on_progress)
    result = {
        "schema": RESULT_SCHEMA,
        "kind": "teacher",
        "algorithm": ALGORITHM,
        "data_digest": images.digest,
        **describe(trained),
        "seconds": watch.seconds(),
        "environment": environment(),
    }
    output.say(teacher_table(result))
    output.say(seconds_text(result["seconds"]))
    if out is not None:
        write_json(out / "result.json", result)
    deliver(result, json)


def student(
    ctx: typer.Context,
    dataset: Dataset = "mnist",
    classes: Classes = "0-5",
    qubits: of.Qubits = 3,
    teacher: of.TeacherName = "lenet",
    preset: of.Preset = "robust",
    seeds: of.Seeds = 4,
    first_seed: of.FirstSeed = 0,
    shots: Shots = "5000",
    epochs: of.Epochs = None,
    batch_size: of.BatchSize = None,
    learning_rate: of.LearningRate = None,
    schedule: of.Schedule = None,
    augmentation: of.Augmentation = None,
    recipe: of.Recipe = None,
    temperature: of.Temperature = None,
    weight: of.Weight = None,
    label_weight: of.LabelWeight = None,
    term: of.Term = "kl",
    control: of.Control = None,
    head: of.Head = None,
    per_class: of.PerClass = None,
    selection: of.SelectionName = "first",
    teacher_epochs: of.TeacherEpochs = 10,
    audit: Annotated[
        bool,
        typer.Option(
            "--audit",
            help="Also note, as `jqkd audit` does, what reaches the students, and stop where "
            "distillation teaches nothing.",
        ),
    ] = False,
    data_dir: DataDir = None,
    out: Out = None,
    json: Json = None,
    plugin: Plugins = None,
) -> None:
    """Train quantum students, alone and distilled: one row of the paper's tables.

    The teacher is trained first if no cached one fits. Both arms of a seed share initial weights,
    order of images, dropout and shots, so that their difference is a paired one.

    Example: jqkd student --dataset fashion_mnist --classes 0-7 --qubits 4 --seeds 8 --out runs/f7
    """
    job = of.student_job(ctx)
    output = Output(json)
    result, _ = run_job(job, output, data_dir=data_dir, out=out, audit=audit)
    output.say(student_table(result))
    if audit:
        output.say(audit_table(result["audit"]))
    output.say(seconds_text(result["seconds"]))
    if out is not None:
        curves_figure(result, out / "curves.png")
        output.say(f"Result, picture and checkpoint: {out}")
    deliver(result, json)


def run_job(
    job: StudentJob,
    output: Output,
    *,
    data_dir: Path | None = None,
    out: Path | None = None,
    audit: bool = False,
) -> Outcome:
    """Run with live bars, one for the teacher and one for the students."""
    arms = ("alone",) if job.teacher is None else ("alone", "distilled")
    runs = len(job.seeds) * len(arms)
    check_memory(job, runs)
    if out is not None:
        check_resumable(job, out)
    keeps(_kept(job, out))
    teacher = TeacherBar(output, job.teacher)
    students = StudentBar(output, job.config, runs, arms)
    with teacher, students:
        return run_student(
            job,
            data_dir=data_dir,
            out=out,
            audit=audit,
            on_teacher=teacher,
            on_data=teacher.close,
            on_epoch=students,
        )


def _kept(job: StudentJob, out: Path | None) -> str:
    teacher = "" if job.teacher is None else "the teacher's finished epochs are in the cache; "
    if out is not None:
        return (
            f"{teacher}the students' finished epochs are in {out}, and the same command goes on "
            "from there"
        )
    return f"{teacher}of the students nothing was kept, `jqkd student --out FOLDER` keeps them"


class _Bar:
    """Opens at the first report: a cached teacher shows no bar."""

    def __init__(self, output: Output, what: str, total: int) -> None:
        self._opening = output.bar(what, total)
        self._move: Any = None
        self._start = time.perf_counter()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def close(self) -> None:
        """Leave the bar as it is and let go of the terminal."""
        if self._move is not None:
            self._opening.__exit__(None, None, None)
            self._move = None

    def move(self, done: int, text: str) -> None:
        """Open if need be, then show."""
        if self._move is None:
            self._move = self._opening.__enter__()
        self._move(done, text)


class TeacherBar(_Bar):
    """Counts a teacher's epochs; its text moves within them."""

    def __init__(self, output: Output, config: TeacherConfig | None) -> None:
        epochs = 0 if config is None else config.epochs
        super().__init__(output, "teacher ", epochs)

    def __call__(self, progress: Progress) -> None:
        """Move the bar."""
        seconds = time.perf_counter() - self._start
        self.move(progress.epoch, teacher_text(progress, seconds))


class StudentBar(_Bar):
    """Counts the epochs that all students go through together."""

    def __init__(
        self, output: Output, config: StudentConfig, runs: int, arms: tuple[str, ...]
    ) -> None:
        super().__init__(output, "students", config.epochs)
        self._runs, self._arms, self._config = runs, arms, config
        self._first: tuple[int, float] | None = None

    def __call__(self, epoch: Epoch) -> None:
        """Move the bar; the rate counts from the end of the first epoch, which compiles."""
        now = time.perf_counter()
        self._first = self._first or (epoch.number, now)
        images = self._runs * self._config.num_images
        done, seconds = (epoch.number - self._first[0]) * images, now - self._first[1]
        self.move(epoch.number, epoch_text(epoch, self._arms, done, seconds))
