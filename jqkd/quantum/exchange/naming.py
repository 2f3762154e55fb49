"""Which parameters of a foreign circuit are data and which are weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from jqkd._checks import fail, shown
from jqkd.quantum.expressions import DATA, WEIGHT, Slot

T = TypeVar("T")


def slots_of(
    free: Iterable[T], data: Sequence[T] | None, weights: Sequence[T] | None
) -> dict[T, Slot]:
    """Every parameter's slot: places in ``data`` and ``weights`` are indices.

    One of them that is not given is all others, in order; with neither, all of ``free`` is data.
    """
    rest = [p for p in free if p not in (data or ()) and p not in (weights or ())]
    if data is None:
        data, rest = rest, []
    elif weights is None:
        weights, rest = rest, []
    weights = weights or ()
    if rest:
        names = ", ".join(map(str, rest))
        fail("weights", "name with `data` all parameters", f"neither of {shown(names)[1:-1]}")
    twice = [p for i, p in enumerate([*data, *weights]) if p in [*data, *weights][:i]]
    if twice:
        fail("weights", "name each parameter once, in `data` or in `weights`", f"{twice[0]} twice")
    slots = {p: Slot(DATA, i) for i, p in enumerate(data)}
    return slots | {p: Slot(WEIGHT, j) for j, p in enumerate(weights)}
