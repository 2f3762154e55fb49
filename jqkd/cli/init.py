"""jqkd init: an experiment file to begin with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from jqkd._checks import fail
from jqkd.cli.console import Output
from jqkd.common.outputs import check_out_file, write_text
from jqkd.experiments import schema, toml

_EXAMPLE = schema.FILE.with_name("example.toml")


def init(
    file: Annotated[Path, typer.Argument(help="Where it goes.")] = Path("mine.toml"),
) -> None:
    """Write a commented experiment file that runs as it is, in a minute.

    Its first line names the JSON Schema by which editors complete it.

    Example: jqkd init mine.toml
    """
    place = check_out_file("file", file, [".toml"])
    if place.exists():
        fail("file", "be a new file", f"{place}, which exists,", "choose another name")
    name = json.dumps(toml.check_name(place.stem), ensure_ascii=False)
    example = _EXAMPLE.read_text(encoding="utf-8").replace('"mine"', name, 1)
    write_text(place, f"#:schema {schema.FILE.as_uri()}\n{example}")
    output = Output()
    output.say(f"Written: {place}")
    output.say(f"Next: jqkd run {place}")
