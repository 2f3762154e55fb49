"""Both command lines as one: the benchmarks' words begin with ``benchmarks``, others are jqkd's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from benchmarks import cli as benchmarks
from jqkd import cli

FIRST = "benchmarks"


def enter(words: list[str], patch: pytest.MonkeyPatch) -> int:
    """Run a command line in this process, whose devices are chosen already; its exit code."""
    patch.setattr(sys, "argv", words if words[:1] == [FIRST] else ["jqkd", *words])
    patch.setattr(cli, "setup", lambda: None)
    try:
        (benchmarks.main if words[:1] == [FIRST] else cli.main)()
    except SystemExit as stop:
        return stop.code or 0
    return 0


def _leaves(command: Any, words: str = "") -> Iterator[tuple[str, Any]]:
    """Every command by its words, from the command line's own description."""
    children = getattr(command, "commands", {})
    if not children or getattr(command, "invoke_without_command", False):
        yield words, command
    for name, child in children.items():
        yield from _leaves(child, f"{words} {name}".strip())


# Name and click command of all that can be called; some groups can.
COMMANDS = dict(
    [
        *_leaves(typer.main.get_command(cli.app)),
        *_leaves(typer.main.get_command(benchmarks.app), FIRST),
    ]
)
