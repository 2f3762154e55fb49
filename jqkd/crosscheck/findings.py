"""What a check returns: a deviation against its limit, or a p-value against its share of alpha."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from jqkd._checks import check_array, check_integer, check_list, check_number, fail
from jqkd.crosscheck.arguments import check_alpha
from jqkd.crosscheck.statistics import Statistic, smallest, uniform
from jqkd.statistics import holm

# What was compared, our value, the other one.
Pairs = Iterable[tuple[str, ArrayLike, ArrayLike]]


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


def deviation(name: str, pairs: Pairs, limit: float) -> Finding:
    """Largest distance of two values of a pair; a NaN or another shape disagrees.

    Example:
        >>> pairs = [("a", np.ones(2), np.ones(2)), ("b", np.ones(2), np.array([1.0, 1.5]))]
        >>> finding = deviation("states", pairs, 1e-5)
        >>> finding.where, finding.worst, finding.agrees
        ('b', 0.5, False)
    """
    check_number("limit", limit, least=0)
    distances = {label: _distance(np.asarray(a), np.asarray(b)) for label, a, b in pairs}
    if not distances:
        fail("pairs", "hold something to compare", "nothing")
    where = max(distances, key=distances.__getitem__)
    worst = distances[where]
    return Finding(name, "deviation", len(distances), worst, limit, where, worst <= limit)


def _distance(first: np.ndarray, second: np.ndarray) -> float:
    if first.shape != second.shape:
        return float("inf")
    largest = float(np.abs(first - second).max(initial=0.0))
    return largest if np.isfinite(largest) else float("inf")


def p_value(name: str, value: float, compared: int, where: str = "") -> Finding:
    """A p-value without a verdict yet: ``judge`` gives it one."""
    check_array("value", value, (), finite=False)
    check_integer("compared", compared, 0)
    return Finding(name, "p-value", compared, float(value), 0.0, where, True)


def family(name: str, values: ArrayLike) -> list[Finding]:
    """Of many p-values the smallest after Holm's correction, and their uniformity; of none, none.

    Example:
        >>> [finding.name for finding in family("shots", [0.2, 0.7])]
        ['shots: smallest, Holm', 'shots: uniform, KS']
    """
    values = np.where(np.isfinite(values), values, 0.0)
    if not values.size:
        return []
    return [
        p_value(f"{name}: smallest, Holm", smallest(values), values.size),
        p_value(f"{name}: uniform, KS", uniform(values), values.size),
    ]


def total(name: str, tests: Sequence[Statistic]) -> Finding:
    """Is the sum of all statistics too large or too small? Sees a wrong dispersion best."""
    statistic, freedom = np.sum(tests, axis=0)
    if not freedom:
        return p_value(f"{name}: total", 1.0, 0)
    tail = min(stats.chi2.sf(statistic, freedom), stats.chi2.cdf(statistic, freedom))
    return p_value(f"{name}: total", min(1.0, 2 * tail), len(tests))


def judge(findings: Sequence[Finding], alpha: float) -> list[Finding]:
    """Verdicts for all p-values together; deviations pass through unchanged.

    Holm's correction keeps the probability of a false alarm at ``alpha``.

    Example:
        >>> judged = judge([p_value("a", 0.004, 1), p_value("b", 0.5, 1)], 0.01)
        >>> [(f.limit, f.agrees) for f in judged]
        [(0.005, False), (0.01, True)]
    """
    alpha = check_alpha(alpha)
    findings = check_list("findings", findings, Finding, "Findings")
    # A NaN agrees with nothing: it counts as the least of all p-values.
    values = [0.0 if f.worst != f.worst else f.worst for f in findings if f.kind == "p-value"]
    adjusted = iter(holm(values))
    shares = iter(alpha / (len(values) - np.argsort(np.argsort(values, kind="stable"))))
    return [
        replace(f, agrees=bool(next(adjusted) > alpha), limit=float(next(shares)))
        if f.kind == "p-value"
        else f
        for f in findings
    ]
