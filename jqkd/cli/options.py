"""Options that several commands share, files of options, and where results go."""

from __future__ import annotations

import inspect
import json
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import typer

from jqkd._checks import check_choice, fail, shown
from jqkd.common.files import plain, write_json
from jqkd.common.plugins import load_plugin
from jqkd.models import TEACHERS

Json = Annotated[
    str | None, typer.Option(help="Also write the result here; - for standard output alone.")
]
Out = Annotated[
    Path | None,
    typer.Option(help="Folder for result, picture and checkpoint; resumes what is there."),
]
DataDir = Annotated[
    Path | None,
    typer.Option(help="TFDS's data folder (default: $TFDS_DATA_DIR or ~/tensorflow_datasets)."),
]
TeacherName = Annotated[
    str, typer.Option(help=f"One of {', '.join(TEACHERS)}, or none for students alone.")
]
TeacherEpochs = Annotated[int, typer.Option(help="Epochs of the teacher.")]
Seeds = Annotated[int, typer.Option(help="Students of each kind, seeds 0, 1, ...")]
FirstSeed = Annotated[int, typer.Option(help="Where the seeds start.")]
Known = Annotated[
    str | None, typer.Argument(help="Experiment that the store was asked for (default: all).")
]
StoreFolder = Annotated[Path, typer.Option("--out", help="Store; all experiments may share one.")]


def _load_all(names: list[str] | None) -> list[str] | None:
    for name in names or []:
        load_plugin(name)
    return names


# Loaded first of all, so that every other option may name its parts.
Plugins = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        help="Python file or module with parts of your own; may be given several times.",
        callback=_load_all,
        is_eager=True,
    ),
]
Readme = Annotated[
    Path | None, typer.Option(help="Also bring the short form in this README up to date.")
]
Pictures = Annotated[bool, typer.Option(help="Draw the pictures.")]
# What a call is about, and no student: stands in no file.
_OF_A_CALL = ("config", "plugin", "run", "audit", "track", "data_dir", "out", "json", "help")
# Bytes.
_LARGEST = 2**20


def _read_config(ctx: typer.Context, path: Path | None) -> Path | None:
    """A file's fields are given as if they stood on the command line."""
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            values = tomllib.loads(file.read(_LARGEST).decode())
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        fail("config", "be a TOML file that can be read", f"{path} ({reason})")
    command: Any = ctx.command
    options = [p.name for p in command.params if p.name not in _OF_A_CALL]
    hints = get_type_hints(inspect.unwrap(command.callback))
    for name, value in values.items():
        check_choice("field of the file", name, options)
        number = bool({int, float} & {hints[name], *get_args(hints[name])})
        if not isinstance(value, int | float | str) or (number and isinstance(value, str)):
            fail(name, f"be a {'number' if number else 'text or number'} in {path}", shown(value))
        if value == "":
            fail(name, f"not be empty in {path}", "''")
    ctx.default_map = {name: str(value) for name, value in values.items()}
    return path


ConfigFile = Annotated[
    Path | None,
    typer.Option(
        help="TOML file with options by their names, such as batch_size = 30.",
        callback=_read_config,
        is_eager=True,
    ),
]


def deliver(result: dict[str, Any], json_file: str | None) -> None:
    """Write a result where ``--json`` says."""
    if json_file == "-":
        json.dump(plain(result), sys.stdout, indent=1)
        sys.stdout.write("\n")
    elif json_file is not None:
        write_json(Path(json_file), result)
