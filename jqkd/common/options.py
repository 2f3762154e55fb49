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
        read: text -> value, where the annotation does not say how a text is read.
    """

    help: str
    check: Check
    read: Callable[[str], Any] | None = None

    @property
    def names(self) -> list[str]:
        """What a value may be called now, with plug-ins' parts; none where that is no list."""
        return [*getattr(self.check, "names", ())]


def option(default: Any, help: str, check: Check, read: Callable[[str], Any] | None = None) -> Any:
    """A field of a frozen dataclass, for ``check_fields`` and the command line.

    Args:
        default: ``None`` where something else decides what is not given; ``...`` for none.
        help: one line for a reader.
        check: (name, value) -> the value as it is kept; not called for ``None``
            where the annotation allows it.
        read: text -> value, where the annotation does not say how a text is read.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Config:
        ...     epochs: int = option(10, "Passes over the images.", integer(1, 100))
        ...     def __post_init__(self):
        ...         check_fields(self)
        >>> Config(epochs=3)
        Config(epochs=3)
    """
    default = dataclasses.MISSING if default is ... else default
    return dataclasses.field(default=default, metadata={"option": Option(help, check, read)})


def check_fields(config: Any) -> None:
    """Look at every option of a frozen dataclass, in order, and keep what its check returns.

    Raises:
        InputError: one sentence about the first value that is not allowed.
    """
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        # By the annotation, a text: nothing is a value of some fields.
        missing = value is None and "None" in str(field.type)
        if "option" in field.metadata and not missing:
            kept = field.metadata["option"].check(field.name, value)
            object.__setattr__(config, field.name, kept)


class integer(NamedTuple):
    """A whole number within bounds; ``why`` there may not be more."""

    least: int
    most: int
    why: str = ""

    def __call__(self, name: str, value: Any) -> int:
        """See ``Check``."""
        number = check_integer(name, value, self.least)
        if number > self.most:
            fail(name, f"be at most {self.most}", number, self.why)
        return number


class choice(NamedTuple):
    """One of some names."""

    names: Collection[str]

    def __call__(self, name: str, value: Any) -> str:
        """See ``Check``."""
        if isinstance(self.names, Registry):
            self.names.check(value, name)
        else:
            check_choice(name, value, self.names)
        return value


class part(NamedTuple):
    """A part of some kind, kept as its text."""

    names: Registry[Any]

    def __call__(self, name: str, value: Any) -> str:
        """See ``Check``."""
        return self.names.text(self.names.build(value, name))
