"""Options, each said once: a field of a frozen dataclass, with its help and what it may be.

The command line, files and documentation follow from the fields; ``check_fields`` is the one place
where values are looked at.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from jqkd._checks import check_choice, check_integer, fail
from jqkd.common.registry import Registry

# (name, value) -> the value as it is kept; raises InputError.
Check = Callable[[str, Any], Any]


class Option(NamedTuple):
    """What stands in a field's metadata under ``option``.

    Attributes:
        help: one line for a reader.
        check: what it may be.
    """

    help: str
    check: Check


def option(default: Any, help: str, check: Check) -> Any:
    """A field of a frozen dataclass, for ``check_fields`` and the command line.

    Args:
        default: ``None`` where something else decides what is not given; ``...`` for none.
        help: one line for a reader.
        check: (name, value) -> the value as it is kept; not called for ``None``.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Config:
        ...     epochs: int = option(10, "Passes over the images.", whole(1, 100))
        ...     def __post_init__(self):
        ...         check_fields(self)
        >>> Config(epochs=3)
        Config(epochs=3)
    """
    default = dataclasses.MISSING if default is ... else default
    return dataclasses.field(default=default, metadata={"option": Option(help, check)})


def check_fields(config: Any) -> None:
    """Look at every option of a frozen dataclass, in order, and keep what its check returns.

    Raises:
        InputError: one sentence about the first value that is not allowed.
    """
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if "option" in field.metadata and value is not None:
            kept = field.metadata["option"].check(field.name, value)
            object.__setattr__(config, field.name, kept)


def whole(least: int, most: int, why: str = "") -> Check:
    """A whole number within bounds; ``why`` there may not be more."""

    def check(name: str, value: Any) -> int:
        number = check_integer(name, value, least)
        if number > most:
            fail(name, f"be at most {most}", number, why)
        return number

    return check


def choice(names: Collection[str]) -> Check:
    """One of some names."""

    def check(name: str, value: Any) -> str:
        check_choice(name, value, names)
        return value

    return check


def part(registry: Registry[Any]) -> Check:
    """A part of some kind, kept as its text."""
    return lambda name, value: registry.text(registry.build(value, name))
