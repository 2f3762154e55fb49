"""jqkd teacher: train one, import one's logits, or ask a model that exists already."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from jqkd._interrupts import keeps
from jqkd.cli.bars import CountBar, TeacherBar
from jqkd.cli.console import Output, seconds_text, teacher_table
from jqkd.cli.edge import Command, Group, check_options
from jqkd.cli.effects import ALL, DATA_RULES, TEACHER_RULES, Unread, refuse_unread
from jqkd.cli.fields import takes
from jqkd.cli.options import DataDir, Json, Out, Plugins, deliver
from jqkd.common.files import write_json
from jqkd.data import load
from jqkd.models import TEACHERS
from jqkd.training.algorithm import ALGORITHM
from jqkd.training.config import TeacherConfig
from jqkd.training.result import RESULT_SCHEMA, Stopwatch, environment
from jqkd.training.teacher_answer import Asking, answer_teacher
from jqkd.training.teacher_import import import_teacher
from jqkd.training.teacher_store import describe, obtain_teacher

app = typer.Typer(cls=Group)
RULES = (
    Unread(
        (ALL,),
        lambda values: values["command"] is not None,
        "before `{command}`, which trains nothing",
        "give options of `{command}` after it",
    ),
)
Set = Annotated[str, typer.Option(help="Data set whose images are answered.")]
Classes = Annotated[str | None, typer.Option(help="Classes that it knows (default: all).")]
Replace = Annotated[
    bool, typer.Option("--replace", help="Take the place of another teacher of that name.")
]


@app.callback(invoke_without_command=True)
@takes(TeacherConfig, arch="lenet", dataset="mnist", classes="0-5")
def teacher(
    ctx: typer.Context,
    *,
    data_dir: DataDir = None,
    out: Out = None,
    json: Json = None,
    plugin: Plugins = None,
    **fields: Any,
) -> None:
    """Train a classical teacher on all images of the classes, and keep it for its students.

    A teacher of the same configuration that is in the cache is not trained again.

    Example: jqkd teacher --arch lenet --dataset fashion_mnist --classes 0-7
    """
    refuse_unread(ctx, RULES, command=ctx.invoked_subcommand)
    if ctx.invoked_subcommand is not None:
        return
    check_options(ctx)
    config, output, watch = TeacherConfig(**fields), Output(json), Stopwatch()
    refuse_unread(ctx, TEACHER_RULES, config=config)
    keeps("finished epochs are in the cache, and the same command goes on from there")
    result = _shown(config, output, watch, data_dir)
    if out is not None:
        write_json(out / "result.json", result)
    deliver(result, json)


def _shown(
    config: TeacherConfig, output: Output, watch: Stopwatch, data_dir: Path | None
) -> dict[str, Any]:
    """Train if need be, and say how good it is."""
    images = load(config.dataset, data_dir=data_dir)
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
    return result


@app.command("import", cls=Command)
def import_command(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What students will call it by.")],
    *,
    logits: Annotated[
        Path, typer.Option(help=".npz: train_ids, train_logits, test_ids, test_logits.")
    ],
    dataset: Set,
    classes: Classes = None,
    replace: Replace = False,
    data_dir: DataDir = None,
    json: Json = None,
    plugin: Plugins = None,
) -> None:
    """Keep the logits of a teacher that exists already; docs/teachers.md says how a file is made.

    Example: jqkd teacher import mine --logits logits.npz --dataset mnist
    """
    refuse_unread(ctx, DATA_RULES)
    watch = Stopwatch()
    title = import_teacher(name, logits, dataset, classes, replace=replace, data_dir=data_dir)
    _kept(title, Output(json), watch, data_dir, json)


class _ImageBar(CountBar):
    opening = None


@app.command("answer", cls=Command)
@takes(Asking)
def answer_command(
    ctx: typer.Context,
    model: Annotated[
        str, typer.Argument(help="Model: .onnx file, module:function or file.py:function.")
    ],
    *,
    dataset: Set,
    classes: Classes = None,
    called: Annotated[
        str | None, typer.Option("--name", help="Its name (default: the model's own).")
    ] = None,
    replace: Replace = False,
    data_dir: DataDir = None,
    json: Json = None,
    plugin: Plugins = None,
    **fields: Any,
) -> None:
    """Ask a model about all images of a data set, and about students' views; keep the answers.

    A function takes images (B, *shape) in [0, 1] to logits (B, C). It runs here and now, and never
    again: what is kept are its answers.

    Example: jqkd teacher answer my_model.py:logits --dataset mnist --classes 0-5 --mean 0.13
    """
    refuse_unread(ctx, DATA_RULES)
    output, watch = Output(json), Stopwatch()
    with _ImageBar(output, "images", 1) as bar:
        fields |= {"on_images": lambda done, total: bar.move(done, "", total)}
        fields |= {"name": called, "replace": replace, "data_dir": data_dir}
        title = answer_teacher(model, dataset, classes, **fields)
    _kept(title, output, watch, data_dir, json)


def _kept(
    title: str, output: Output, watch: Stopwatch, data_dir: Path | None, json: str | None
) -> None:
    part: Any = TEACHERS.build(title)
    data, classes = part.facts["dataset"], ",".join(map(str, part.facts["classes"]))
    config = TeacherConfig(title, data, classes)
    result = _shown(config, output, watch, data_dir)
    output.say(f"Kept as {title}; for its students:")
    output.say(f"jqkd student --teacher {part.label} --dataset {data} --classes {classes}")
    deliver(result, json)
