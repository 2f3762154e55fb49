"""jqkd init: an experiment file to begin with, and the schema by which editors complete it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from jqkd._checks import fail
from jqkd.cli.console import Output
from jqkd.cli.options import Plugins
from jqkd.common.outputs import check_out_file, write_text
from jqkd.experiments import toml
from jqkd.experiments.schema import FILE, text

_EXAMPLE = FILE.with_name("example.toml")


def init(
    file: Annotated[Path | None, typer.Argument(help="Where it goes (default: mine.toml).")] = None,
    schema: Annotated[
        Path | None,
        typer.Option("--schema", help="Write the JSON Schema of experiment files there instead."),
    ] = None,
    plugin: Plugins = None,
) -> None:
    """Write a commented experiment file that runs as it is, in less than a minute.

    With --schema the JSON Schema, parts of plug-ins among its examples.

    Example: jqkd init mine.toml
    """
    output = Output()
    if schema is not None:
        where = check_out_file("schema", schema)
        if file is not None:
            fail("file", "not be given with `schema`", str(file), "leave it out")
        write_text(where, text(plugins=True))
        output.say(f"Written: {schema}")
        return
    place = check_out_file("file", file or Path("mine.toml"), [".toml"])
    if place.exists():
        fail("file", "be a new file", f"{place}, which exists,", "choose another name")
    name = json.dumps(toml.check_name(place.stem), ensure_ascii=False)
    example = _EXAMPLE.read_text(encoding="utf-8").replace('"mine"', name, 1)
    write_text(place, f"#:schema {FILE.as_uri()}\n{example}")
    output.say(f"Written: {place}")
    output.say(f"Next: jqkd run {place}")
