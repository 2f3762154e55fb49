"""Numbers as text."""

from __future__ import annotations

from collections.abc import Iterable

from jqkd import statistics as st
from jqkd._checks import check_array, check_number, check_type
from jqkd.models import TEACHERS
from jqkd.statistics import Gain

DASH = "–"
# Protocols as a column is headed, and as a sentence goes on.
COLUMN = {"best": "best on test", "picked": "picked on validation", "final": "last epoch"}
WHEN = {
    "best": "at the epoch that is best on the test images",
    "picked": "at the epoch picked on validation images",
    "final": "after the last epoch",
}


def number(value: float | None) -> str:
    """Two decimals, or a dash."""
    return DASH if value is None else f"{check_number('value', value):.2f}"


def signed(value: float | None) -> str:
    """Two decimals with a sign, except for nothing; or a dash.

    Example:
        >>> signed(0.5), signed(-0.001)
        ('+0.50', '0.00')
    """
    if value is None:
        return DASH
    value = check_number("value", value)
    return "0.00" if abs(value) < 0.005 else f"{value:+.2f}".replace("-", "−")


def mean_sd(values: list[float]) -> str:
    """Mean ± standard deviation, of one run the run.

    Example:
        >>> mean_sd([90.0, 92.0]), mean_sd([90.0])
        ('91.00 ± 1.41', '90.00')
    """
    spread = st.spread(values)
    return number(spread.mean) if spread.count < 2 else f"{spread.mean:.2f} ± {spread.sd:.2f}"


def range_text(values: list[float]) -> str:
    """Least and greatest; a dash for one number."""
    spread = st.spread(values)
    return f"{spread.low:.2f} to {spread.high:.2f}" if spread.count > 1 else DASH


def interval_text(interval: st.Interval | None) -> str:
    """Both ends."""
    if interval is None:
        return DASH
    low, high = check_array("interval", interval, (2,))
    return f"{signed(low)} to {signed(high)}"


def gain_text(gain: Gain) -> str:
    """Mean and interval."""
    check_type("gain", gain, Gain, "a Gain, as `gain_of` returns one")
    text = signed(gain.mean)
    return text if gain.interval is None else f"{text} [{interval_text(gain.interval)}]"


def teacher_name(arch: str | None) -> str:
    """A teacher for a reader: its label, if it has one, and its options; a dash for none."""
    if arch is None:
        return DASH
    name, _, options = arch.partition(":")
    label = getattr(TEACHERS.get(name), "label", name)
    return f"{label} ({options})" if options else label


def counts_text(numbers: Iterable[int]) -> str:
    """The only number, or the range.

    Example:
        >>> counts_text([10, 20, 15]), counts_text([10, 10])
        ('10 to 20', '10')
    """
    numbers = sorted(numbers)
    return " to ".join(map(str, sorted({numbers[0], numbers[-1]})))


def sign_flip_text(*seeds: int) -> str:
    """How p-values were made, for so many seeds each.

    Example:
        >>> sign_flip_text(10), sign_flip_text(20)
        ('exact sign-flip test', 'sign-flip test with random signs')
    """
    if max(seeds) <= st.EXACT_UP_TO:
        return "exact sign-flip test"
    most = f", exact for up to {st.EXACT_UP_TO} seeds"
    return f"sign-flip test with random signs{most if min(seeds) <= st.EXACT_UP_TO else ''}"


def p_text(p: float | None) -> str:
    """A p-value.

    Example:
        >>> p_text(0.0351), p_text(0.0001)
        ('0.035', '< 0.001')
    """
    if p is None:
        return DASH
    p = check_number("p", p, least=0, most=1)
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
