"""Options of a command that are fields of a dataclass: said there, once, and read from there."""

from __future__ import annotations

import dataclasses
import inspect
import shlex
from collections.abc import Callable, Collection
from typing import Annotated, Any, get_args, get_type_hints

import typer

from jqkd.common.options import Option

Command = Callable[..., None]


def takes(
    config: type[Any], *, only: Collection[str] | None = None, **defaults: Any
) -> Callable[[Command], Command]:
    """Decorates a command: its ``**fields`` are an option for each field of a dataclass.

    Args:
        config: its fields are made by ``jqkd.common.options.option``.
        only: names of those that the command reads; by default all.
        **defaults: of the command, where they are not the field's.

    Example:
        >>> from jqkd.training.config import TeacherConfig
        >>> @takes(TeacherConfig, only=["arch", "epochs"], arch="lenet")
        ... def show(**fields): ...
        >>> {name: param.default for name, param in inspect.signature(show).parameters.items()}
        {'arch': 'lenet', 'epochs': 10}
    """
    chosen = [f for f in dataclasses.fields(config) if "option" in f.metadata]
    chosen = [f for f in chosen if only is None or f.name in only]
    hints = get_type_hints(config)
    made = [_parameter(f, hints[f.name], defaults.get(f.name, f.default)) for f in chosen]

    def decorate(command: Command) -> Command:
        own = list(inspect.signature(command, eval_str=True).parameters.values())
        # Keyword-only parameters come after the fields.
        first = [p for p in own if p.kind is p.POSITIONAL_OR_KEYWORD]
        last = [p for p in own if p.kind is p.KEYWORD_ONLY]
        every = [*first, *made, *last]
        described: Any = command
        described.__signature__ = inspect.Signature(every)
        described.__annotations__ = {p.name: p.annotation for p in every}
        return command

    return decorate


def _parameter(field: dataclasses.Field[Any], hint: Any, default: Any) -> inspect.Parameter:
    option: Option = field.metadata["option"]
    kind = next((one for one in get_args(hint) if one is not type(None)), hint)
    if option.read is not None:
        kind, default = str, str(default)
    typed = typer.Option(help=_help(option, default), callback=option.read)
    kind = kind if default is not None else kind | None
    keyword = inspect.Parameter.KEYWORD_ONLY
    annotation = Annotated[kind, typed]  # ty: ignore[invalid-type-form]  Made here.
    return inspect.Parameter(field.name, keyword, default=default, annotation=annotation)


def _help(option: Option, default: Any) -> str:
    """A line for a reader, with the names there are, and who decides what is not given."""
    names = f" One of {', '.join(map(shlex.quote, option.names))}." if option.names else ""
    preset = default is None and "(default:" not in option.help
    return option.help + names + (" (default: the preset's own)" if preset else "")
