"""Options of the commands that train students, and the job that they describe."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Any

import typer

from jqkd._checks import check_choice, check_integer
from jqkd.cli.effects import STUDENT_RULES, is_given, refuse_unread
from jqkd.cli.options import parse_shots
from jqkd.data import AUGMENTATIONS
from jqkd.models import PRESETS, TEACHERS
from jqkd.training.config import (
    DISTILLATION_TERMS,
    SCHEDULES,
    StudentConfig,
    TeacherConfig,
)
from jqkd.training.placebos import PLACEBOS
from jqkd.training.recipes import RECIPES
from jqkd.training.student_run import StudentJob

ARCHITECTURES = tuple(TEACHERS)
# A named recipe brings its own temperature and weight, unless these are given.
_OWN = "(default: the preset's own)"


def _of(names: Any) -> str:
    return f"One of {', '.join(names)}"


Qubits = Annotated[int, typer.Option(help="Qubits; 2**qubits >= number of classes.")]
TeacherName = Annotated[str, typer.Option(help=f"{_of(ARCHITECTURES)}, none.")]
TeacherEpochs = Annotated[int, typer.Option(help="Epochs of the teacher.")]
Preset = Annotated[
    str,
    typer.Option(
        help=f"{_of(PRESETS)}: what the paper's notebooks run, what its text says, or the same "
        "circuits with a student that always trains; also a variant of one, such as "
        "robust/entangled."
    ),
]
Seeds = Annotated[int, typer.Option(help="Students of each kind, seeds 0, 1, ...")]
FirstSeed = Annotated[int, typer.Option(help="Where the seeds start.")]
Epochs = Annotated[int | None, typer.Option(help=f"Passes over the train images {_OWN}.")]
BatchSize = Annotated[int | None, typer.Option(help=f"Images a step {_OWN}.")]
LearningRate = Annotated[float | None, typer.Option(help=f"Adam's {_OWN}.")]
Schedule = Annotated[str | None, typer.Option(help=f"Of the rate: {', '.join(SCHEDULES)} {_OWN}.")]
Augmentation = Annotated[str | None, typer.Option(help=f"{_of(AUGMENTATIONS)} {_OWN}.")]
Recipe = Annotated[str | None, typer.Option(help=f"Distillation: {_of(RECIPES).lower()} {_OWN}.")]
Temperature = Annotated[float | None, typer.Option(help=f"T of the distillation term {_OWN}.")]
Weight = Annotated[float | None, typer.Option(help=f"lambda of the distillation term {_OWN}.")]
LabelWeight = Annotated[
    float | None, typer.Option(help=f"Of the labels where there is a teacher {_OWN}.")
]
Term = Annotated[
    str,
    typer.Option(
        help=f"{_of(repr(term) for term in DISTILLATION_TERMS)}: what the notebooks make of the "
        "distillation term; the last two teach nothing."
    ),
]
Control = Annotated[str | None, typer.Option(help=f"Teach nothing instead: {', '.join(PLACEBOS)}.")]
Head = Annotated[str | None, typer.Option(help=f"Head {_OWN}.")]
PerClass = Annotated[
    int | None, typer.Option(help="Train images a class (default: the data set's own, 150)")
]
SelectionName = Annotated[str, typer.Option(help="The `first` images, or `random` ones.")]


def student_job(ctx: typer.Context, **settings: Any) -> StudentJob:
    """The job that a command's options describe.

    Args:
        ctx: of a command whose parameters are named as above.
        settings: fields of ``StudentConfig`` that are no options.

    Raises:
        InputError: one sentence about the first option that is out of range or has no effect.
    """
    options = ctx.params
    teacher, seeds, first = (options[name] for name in ("teacher", "seeds", "first_seed"))
    check_choice("teacher", teacher.partition(":")[0], (*ARCHITECTURES, "none"))
    check_integer("seeds", seeds, 1)
    names = {field.name for field in dataclasses.fields(StudentConfig)}
    given = {name: value for name, value in options.items() if name in names}
    config = StudentConfig(**given | {"shots": _shots(ctx)} | settings)
    taught = None
    if teacher != "none":
        epochs = options["teacher_epochs"]
        taught = TeacherConfig(teacher, config.dataset, config.classes, epochs)
    job = StudentJob(config, taught, tuple(range(first, first + seeds)))
    refuse_unread(ctx, STUDENT_RULES, job=job)
    return job


def _shots(ctx: typer.Context) -> int | None:
    """Those that are asked for; none by default where no circuit is run."""
    preset = PRESETS.get(ctx.params["preset"])
    if preset is not None and False and not is_given(ctx, "shots"):
        return None
    return parse_shots(ctx.params["shots"])
