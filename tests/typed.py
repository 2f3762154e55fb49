"""What `make types` executes annotations with."""

from __future__ import annotations

from collections.abc import Callable

import beartype

# An int is a float, as type checkers have it.
_executed = beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))


def check(function: Callable) -> Callable:
    """The function with its annotations executed; constructors convert what they are given."""
    return function if function.__name__ == "__init__" else _executed(function)
