"""Checks that the cross-checks share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jqkd._checks import check_number, check_type, fail, shown


def check_alpha(alpha: float) -> float:
    """A probability of false alarms: between 0 and 1, neither of them."""
    if not 0 < check_number("alpha", alpha) < 1:
        fail("alpha", "lie between 0 and 1", alpha)
    return float(alpha)


def check_progress(progress: Callable[..., None] | None) -> None:
    """A function, or nothing."""
    check_type("progress", progress, (Callable, type(None)), "a function or None")


def check_flag(name: str, value: bool | np.bool_) -> None:
    """True or False, not a word that Python takes for True."""
    check_type(name, value, (bool, np.bool_), "True or False")


def check_sequence(name: str, values: Any, what: str) -> tuple[Any, ...]:
    """One or more of something, not a string; read once, so that a generator is not used up."""
    try:
        if isinstance(values, str):
            raise TypeError
        values = tuple(values)
    except TypeError:
        fail(name, f"be a list of {what}", shown(values))
    if not values:
        fail(name, f"be a list of {what}", "an empty one")
    return values
