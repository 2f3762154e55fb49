"""Which options are read when: one that nobody reads is refused where it is given.

A command's rules are data. An option counts as given when it stands on the command line or in the
file of ``--config``, with whatever value: its default is what is done without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import typer

from jqkd._checks import fail
from jqkd.data import DATASETS
from jqkd.training.config import OF_TEACHING, TeacherConfig, reads_field


class Unread(NamedTuple):
    """Options that have no effect in some case.

    Attributes:
        options: names of parameters; ``ALL`` others than these where it comes first.
        case: of what a command knows of itself, whether they have none.
        why: to follow "not be given"; may name what the command knows, in braces.
        advice: what to do instead.
    """

    options: tuple[str, ...]
    case: Callable[[Any], Any]
    why: str
    advice: str = "leave it out"


ALL = "all but"


def _ships(datasets: Iterable[str]) -> bool:
    return not any(DATASETS.build(name, "dataset").needs_data_dir for name in datasets)


def _is_trained(teacher: TeacherConfig) -> bool:
    return any(member.part.is_trained for member in teacher.members)


DATA_RULES = (
    Unread(
        ("data_dir",),
        lambda v: _ships([v["dataset"]]),
        "with dataset {dataset}, which is not read from there",
    ),
)
TEACHER_RULES = (
    Unread(
        ("epochs", "batch_size", "learning_rate", "seed"),
        lambda v: not _is_trained(v["config"]),
        "with arch {arch}, which is imported and not trained",
    ),
    *DATA_RULES,
)
# Of a job, and of the options that it was made from.
STUDENT_RULES = (
    Unread(
        ("teacher_epochs", *OF_TEACHING),
        lambda v: v["job"].teacher is None,
        "with teacher none: students alone read labels only",
    ),
    Unread(
        ("teacher_epochs",),
        lambda v: v["job"].teacher and not _is_trained(v["job"].teacher),
        "with teacher {teacher}, which is imported and not trained",
    ),
    *(
        Unread(
            (field,),
            lambda v, field=field: not reads_field(v["job"].config.recipe, field),
            "with recipe {job.config.recipe}, which does not read it",
        )
        for field in ("temperature", "term")
    ),
    Unread(
        ("gradient",),
        lambda v: v["job"].config.stand_in is not None,
        "with stand-in {job.config.stand_in}: no circuit is differentiated",
    ),
    *DATA_RULES,
)
_OF_A_RUN = (ALL, "run", "out", "json", "plugin")
AUDIT_RULES = (Unread(_OF_A_RUN, lambda v: v["run"], "with `run`, whose students are trained"),)
CROSSCHECK_RULES = (
    Unread(
        ("students", "noise"),
        lambda v: not v["run"],
        "without `run`, whose students it is about",
        "name a run folder, or leave it out",
    ),
    Unread(("quick",), lambda v: v["run"], "with `run`"),
    Unread(
        ("picture",),
        lambda v: v["run"] and not v["noise"],
        "with `no-noise`: the picture shows accuracy under noise",
    ),
)
# `block`, `teachers` and `on` may always be given: scripts do, whatever the arms.
RUN_RULES = (
    Unread(("redo",), lambda v: v["dry_run"], "with `dry-run`"),
    Unread(
        ("teacher_seeds",),
        lambda v: not any(arm.is_teacher for arm in v["chosen"]),
        "where no chosen arm is a teacher",
    ),
    Unread(
        ("seeds",),
        lambda v: all(arm.is_teacher for arm in v["chosen"]),
        "where all chosen arms are teachers",
    ),
    Unread(
        ("data_dir",),
        lambda v: _ships((arm.student or arm.teacher).dataset for arm in v["chosen"]),
        "where all images come with scikit-learn",
    ),
)
PREDICT_RULES = (
    Unread(
        ("data_dir",),
        lambda v: v["is_file"] or _ships([v["images"]]),
        "with images {images}, which are not read from there",
    ),
    Unread(("seed",), lambda v: v["shots"] is None, "without `shots`: nothing is drawn"),
)
REPORT_RULES = (
    Unread(("data_dir",), lambda v: not v["pictures"], "with `no-pictures`: images are only drawn"),
)


def refuse_unread(ctx: typer.Context, rules: Iterable[Unread], **known: Any) -> None:
    """Refuse options that are given and have no effect.

    Args:
        ctx: of the command.
        rules: in which case which have none.
        **known: what the rules look at, beside the options' values.

    Raises:
        InputError: one sentence about the first of them.
    """
    values = ctx.params | known
    for rule in rules:
        if not rule.case(values):
            continue
        names = rule.options
        if names[:1] == (ALL,):
            names = tuple(name for name in ctx.params if name not in names)
        for name in names:
            if is_given(ctx, name):
                must = f"not be given {rule.why.format(**values)}"
                # Of a flag there is nothing more to say.
                value = "it" if isinstance(ctx.params[name], bool) else str(ctx.params[name])
                (option,) = (p for p in ctx.command.params if p.name == name)
                typed = option.opts[0].lstrip("-").replace("-", "_")
                fail(typed, must, value, rule.advice.format(**values))


def is_given(ctx: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line, or in a file that it names."""
    return source_of(ctx, name) in ("COMMANDLINE", "DEFAULT_MAP")


def source_of(ctx: typer.Context, name: str) -> str:
    """Where an option's value comes from, in Click's word."""
    return getattr(ctx.get_parameter_source(name), "name", "")
