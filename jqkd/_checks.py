"""The one phrasing of bad input: what was given, what is allowed, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn


class InputError(ValueError):
    """Bad input, explained in one sentence; the command line turns it into exit code 2."""


def fail(name: str, must: str, given: object, advice: str = "") -> NoReturn:
    """Raise ``InputError("Argument `name` must ..., but ... was given; advice.")``."""
    shown = given if isinstance(given, str) else repr(given)
    raise InputError(
        f"Argument `{name}` must {must}, but {shown} was given{'; ' + advice if advice else ''}."
    )


def check_positive(name: str, value: float, advice: str = "") -> None:
    """``value`` is a finite number above 0."""
    if not (0 < value < float("inf")):
        fail(name, "be a finite number above 0", value, advice)


def check_at_least(name: str, value: int, least: int, advice: str = "") -> None:
    """``value`` is an integer of ``least`` or more."""
    if isinstance(value, bool) or int(value) != value or value < least:
        fail(name, f"be an integer of at least {least}", value, advice)


def check_choice(name: str, value: str, choices: Iterable[str]) -> None:
    """``value`` is one of ``choices``."""
    choices = list(choices)
    if value not in choices:
        fail(name, f"be one of {', '.join(choices)}", repr(value))
