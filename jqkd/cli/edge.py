"""The command line's edge: every option of every command is looked at before the command starts.

What belongs to a configuration is checked there; here stand numbers that would keep a machine busy
for nothing, and places that cannot be written.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from jqkd._checks import check_integer, check_path, check_seed, fail
from jqkd.cli.effects import source_of
from jqkd.cli.endings import USAGE_ERROR
from jqkd.common.outputs import check_out_file, check_out_folder, check_picture
from jqkd.statistics import MOST_RUNS
from jqkd.training.base_config import MOST_EPOCHS

# Commands that read the folder that others write.
_READERS = ("report", "status")
# What the library calls differently than the command line.
_LIBRARY = {"num_qubits": "--qubits"}
_FILES = ("json", "picture", "qasm")


class Command(TyperCommand):
    """A command whose options are checked before it starts."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse what cannot be read."""
        return _parse(super().parse_args, ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Check, then run."""
        check_options(ctx)
        return super().invoke(ctx)


class Group(TyperGroup):
    """A group that is a command itself, and checks its own options."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuse what cannot be read."""
        return _parse(super().parse_args, ctx, args)


def _parse(parse: Callable[[Any, list[str]], list[str]], ctx: Any, args: list[str]) -> list[str]:
    """Refuse empty values (an empty path is a dot); of others note what cannot be read."""
    words = list(args)
    for before, word in zip(["", *words], words, strict=False):
        option, equals, value = word.partition("=")
        if word == "" or (equals and value == "" and option.startswith("--")):
            named = option or (before if before.startswith("-") else "NAME")
            fail(named, "not be empty", "''")
    try:
        return parse(ctx, args)
    except USAGE_ERROR as error:
        error.given = _given(getattr(error, "param", None), words, ctx.default_map or {})
        raise


def check_options(ctx: typer.Context) -> None:
    """Every option that a command was given, or has by default, can be meant.

    Raises:
        InputError: one sentence about the first that cannot.
    """
    for name, value in ctx.params.items():
        check = _CHECKS.get(name)
        if name == "out" and ctx.command.name in _READERS:
            check = _check_in_folder
        if check is not None and value is not None and not isinstance(value, bool):
            check(name, value)
    for name in ctx.default_map or {}:
        if source_of(ctx, name) == "COMMANDLINE":
            value = str(ctx.params[name])
            fail(name, "not be given where the file of `config` has it", value, "leave out one")
    first = ctx.params.get("first_seed", 0)
    last = first + (ctx.params.get("seeds") or 1) - 1
    if last >= 2**32:
        must, advice = "leave room for all seeds up to 2**32 - 1", f"the last one is {last}"
        fail("first_seed", must, first, advice)
    _check_apart(ctx.params)


def options_of(command: Any) -> dict[str, str]:
    """Option as the user types it, by the name of its parameter, over all commands."""
    names = dict(_LIBRARY)
    for param in command.params:
        if param.opts[0].startswith("-"):
            names[param.name] = max(param.opts, key=len)
    for child in getattr(command, "commands", {}).values():
        names |= options_of(child)
    return names


def _given(param: Any, words: list[str], in_file: dict[str, str]) -> str | None:
    """What stands behind an option, or in the file of options."""
    for word, following in zip_longest(words, words[1:], fillvalue=""):
        option, equals, value = word.partition("=")
        if option in getattr(param, "opts", ()):
            return value if equals else following
    return in_file.get(getattr(param, "name", ""))


def _check_json(name: str, value: str) -> None:
    if value != "-":
        check_out_file(name, value)


def _check_in_folder(name: str, value: Any) -> None:
    """A folder, or nothing: what is to be in it, the command itself says best."""
    path = check_path(name, value)
    try:
        if not stat.S_ISDIR(path.expanduser().stat().st_mode):
            fail(name, "be a folder", f"{path} (something else)")
    except FileNotFoundError:
        return
    except (OSError, RuntimeError) as error:  # The latter: ~somebody who has no home.
        fail(name, "be a folder", f"{path} ({getattr(error, 'strerror', error)})")


def _check_readme(name: str, value: Any) -> None:
    path = check_out_file(name, value)
    try:
        path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        fail(name, "be a README that is there", f"{path} ({reason})")


def _up_to(most: int) -> Callable[[str, Any], int]:
    return partial(check_integer, least=1, most=most)


# By the name of an option.
_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("seeds", "students", "teacher_seeds", "block"), _up_to(MOST_RUNS)),
    **{"teacher_epochs": _up_to(MOST_EPOCHS), "rounds": _up_to(1000), "sample": _up_to(10_000)},
    **dict.fromkeys(("seed", "first_seed"), check_seed),
    **dict.fromkeys(("data_dir", "run", "folder"), _check_in_folder),
    **dict.fromkeys(("out", "to"), check_out_folder),
    **{"json": _check_json, "readme": _check_readme},
    **{"picture": check_picture, "qasm": check_out_file},
}


def _check_apart(params: dict[str, Any]) -> None:
    """No two outputs in one place."""
    outputs = {name: params.get(name) for name in (*_FILES, "out", "to")}
    places = {
        name: Path(value).absolute() for name, value in outputs.items() if value not in (None, "-")
    }
    for name in _FILES:
        for other, path in places.items():
            if name in places and name != other and places[name] in (path, *path.parents):
                fail(name, f"lie elsewhere than `{other}`", str(params[name]))
