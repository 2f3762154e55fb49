"""Statistics that several parts of the package share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jqkd._checks import check_array, fail

# More than any table has; a list of more is a mistake.
_MOST = 1000


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's correction (1979) for testing several hypotheses; of none it is nothing.

    Raises:
        InputError: a p-value outside 0 to 1.

    Example:
        >>> [round(p, 3) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    if isinstance(p_values, Sequence) and len(p_values) > _MOST:  # Before an array is made.
        fail("p_values", f"hold 0 to {_MOST} numbers", f"{len(p_values)}")
    p = np.asarray(check_array("p_values", p_values, ("R",)), float)
    if p.size > _MOST:
        fail("p_values", f"hold 0 to {_MOST} numbers", f"{p.size}")
    outside = p[(p < 0) | (p > 1)]
    if outside.size:
        fail("p_values", "lie within 0 to 1", float(outside[0]))
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate((len(p) - np.arange(len(p))) * p[order])
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(steps, 1)
    return adjusted.tolist()
