"""Numbers as text."""

from __future__ import annotations

from jqkd._checks import check_array, check_choice, check_number, check_type
from jqkd.experiments import statistics as st
from jqkd.experiments.results import Gain
from jqkd.experiments.rows import NAMES, Row

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


def signed(value: float) -> str:
    """Two decimals with a sign, except for nothing.

    Example:
        >>> signed(0.5), signed(-0.001)
        ('+0.50', '0.00')
    """
    value = check_number("value", value)
    return "0.00" if abs(value) < 0.005 else f"{value:+.2f}".replace("-", "−")


def mean_sd(values: list[float]) -> str:
    """Mean ± standard deviation.

    Example:
        >>> mean_sd([90.0, 92.0]), mean_sd([90.0])
        ('91.00 ± 1.41', '90.00')
    """
    found = st.spread(values)
    return number(found.mean) if found.count < 2 else f"{found.mean:.2f} ± {found.sd:.2f}"


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


def network_name(arch: str) -> str:
    """A teacher's architecture for a reader.

    Example:
        >>> network_name("lenet"), network_name("joint-ensemble")
        ('LeNet', 'the joint ensemble')
    """
    check_choice("arch", arch, (*NAMES, "joint-ensemble"))
    return "the joint ensemble" if arch == "joint-ensemble" else NAMES[arch]


def data_name(row: Row) -> str:
    """Data set and classes."""
    check_type("row", row, Row, "a Row")
    return f"{NAMES[row.dataset]} {row.classes}"


def sign_flip_text(seeds: int) -> str:
    """How p was found, for so many seeds.

    Example:
        >>> sign_flip_text(10), sign_flip_text(20)
        ('exact sign-flip test', 'sign-flip test with random signs')
    """
    exact = seeds <= st.EXACT_UP_TO
    return "exact sign-flip test" if exact else "sign-flip test with random signs"


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
