"""What a check returns: a deviation against its limit, or a p-value against its share of alpha."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from jqkd._checks import check_array, check_integer, check_number, check_type, fail
from jqkd.crosscheck.arguments import check_alpha
from jqkd.crosscheck.statistics import holm


@dataclass(frozen=True)
class Finding:
    """Result of one check.

    Attributes:
        name: what was compared.
        kind: "deviation" (agrees up to ``limit``) or "p-value" (agrees above ``limit``).
        compared: number of comparisons behind it.
        worst: largest deviation or p-value of the whole family of comparisons.
        limit: see ``kind``; of a p-value, Holm's share of the battery's alpha.
        where: the comparison that came out worst.
        agrees: the verdict.
    """

    name: str
    kind: str
    compared: int
    worst: float
    limit: float
    where: str
    agrees: bool


def deviation(
    name: str, pairs: Iterable[tuple[str, np.ndarray, np.ndarray]], limit: float
) -> Finding:
    """Largest |ours - theirs| of all (label, ours, theirs); a NaN or another shape disagrees.

    Example:
        >>> pairs = [("a", np.ones(2), np.ones(2)), ("b", np.ones(2), np.array([1.0, 1.5]))]
        >>> found = deviation("states", pairs, 1e-5)
        >>> found.where, found.worst, found.agrees
        ('b', 0.5, False)
    """
    check_number("limit", limit, least=0)
    distances = {label: _distance(ours, theirs) for label, ours, theirs in pairs}
    if not distances:
        fail("pairs", "hold something to compare", "nothing")
    where = max(distances, key=distances.get)
    worst = distances[where]
    return Finding(name, "deviation", len(distances), worst, limit, where, worst <= limit)


def _distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    if ours.shape != theirs.shape:
        return float("inf")
    largest = float(np.abs(ours - theirs).max(initial=0.0))
    return largest if np.isfinite(largest) else float("inf")


def p_value(name: str, value: float, compared: int, where: str = "") -> Finding:
    """A p-value without a verdict yet: ``judge`` gives it one."""
    check_array("value", value, (), finite=False)
    check_integer("compared", compared, 0)
    return Finding(name, "p-value", compared, float(value), 0.0, where, True)


def judge(findings: list[Finding], alpha: float) -> list[Finding]:
    """Verdicts for all p-values together: Holm's correction keeps false alarms at ``alpha``.

    Args:
        findings: deviations pass through unchanged.
        alpha: probability that at least one p-value of a correct simulator is rejected.

    Example:
        >>> found = judge([p_value("a", 0.004, 1), p_value("b", 0.5, 1)], 0.01)
        >>> [(f.limit, f.agrees) for f in found]
        [(0.005, False), (0.01, True)]
    """
    alpha = check_alpha(alpha)
    check_type("findings", findings, (list, tuple), "a list of Findings")
    for finding in findings:
        check_type("findings", finding, Finding, "a list of Findings")
    # A NaN agrees with nothing: it counts as the least of all p-values.
    values = [0.0 if f.worst != f.worst else f.worst for f in findings if f.kind == "p-value"]
    adjusted = iter(holm(values)) if values else iter(())
    order = np.argsort(np.argsort(values, kind="stable"))
    shares = iter(alpha / (len(values) - order))
    return [
        replace(f, agrees=bool(next(adjusted) > alpha), limit=float(next(shares)))
        if f.kind == "p-value"
        else f
        for f in findings
    ]
