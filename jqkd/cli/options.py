"""Options that several commands share, and how their text becomes values."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from jqkd._checks import fail, shown
from jqkd.common.files import plain, write_json
from jqkd.common.plugins import load_plugin
from jqkd.data import DATASETS
from jqkd.experiments.executors import EXECUTORS
from jqkd.quantum.sampling import check_shots

Dataset = Annotated[str, typer.Option(help=f"One of {', '.join(DATASETS)}.")]
Classes = Annotated[str, typer.Option(help="Classes such as 0-5, 0-7 or 0,2,4.")]
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
Students = Annotated[
    int | None, typer.Option(help="Students of every kind, seeds 0, 1, ... (default: 10 or so).")
]
TeacherSeeds = Annotated[int, typer.Option(help="Teachers of every arm that is a teacher.")]
Teachers = Annotated[
    str, typer.Option(help="`train` them, take the `shipped` ones, or those of another store.")
]
ExecutorText = Annotated[
    str,
    typer.Option("--executor", help=f"Who does the jobs: {', '.join(EXECUTORS)}, with options."),
]
BlockSize = Annotated[
    int | None, typer.Option(help="Seeds that are trained side by side (default: by device).")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan, do nothing.")]
Redo = Annotated[bool, typer.Option("--redo", help="Do damaged jobs anew.")]
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
To = Annotated[
    Path | None, typer.Option(help="Where the report goes (default: report/ in the folder).")
]
Readme = Annotated[
    Path | None, typer.Option(help="Also bring the short form in this README up to date.")
]
Pictures = Annotated[bool, typer.Option(help="Draw the pictures.")]
Shots = Annotated[str, typer.Option(help="Shots for every circuit, or `exact`.")]


def parse_shots(text: str) -> int | None:
    """A whole number, or ``None`` for ``exact``."""
    if text == "exact":
        return None
    try:
        shots = int(text)
    except ValueError:
        fail("shots", "be a whole number of at least 1, or `exact`", shown(text))
    check_shots(shots)
    return shots


def deliver(result: dict[str, Any], json_file: str | None) -> None:
    """Write a result where ``--json`` says."""
    if json_file == "-":
        json.dump(plain(result), sys.stdout, indent=1)
        sys.stdout.write("\n")
    elif json_file is not None:
        write_json(Path(json_file), result)
