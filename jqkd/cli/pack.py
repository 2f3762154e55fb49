"""jqkd pack: a store of few files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jqkd._interrupts import keeps
from jqkd.cli.console import Output
from jqkd.experiments.packs import pack as pack_store
from jqkd.experiments.store import Store


def pack(
    folder: Annotated[Path, typer.Argument(help="Store, as `jqkd run` has written it.")],
) -> None:
    """Put the seeds of every kind of student into one file: less to copy and to keep.

    Numbers and digests stay what they are; `run`, `report` and `verify` read both.

    Example: jqkd pack runs
    """
    keeps("what is packed stays packed, and nothing is lost")
    moved = pack_store(Store.open(folder, "folder"))
    Output(None).say(f"{folder}: {moved} files have gone into others.")
