"""Which classes of a data set: ``0-5``, ``0-7``, ``0,2,4``."""

from __future__ import annotations

import re

from jqkd._checks import check_integer, check_type, fail, shown

# Longer than any list of classes; more classes than any data set has.
_LONGEST, _MOST = 1000, 1000
_PIECE = re.compile(r"\s*([0-9]{1,9})\s*(?:-\s*([0-9]{1,9})\s*)?")


def parse_classes(text: str, available: int = 10) -> tuple[int, ...]:
    """The class numbers that ``text`` names, in ascending order.

    Args:
        text: numbers and ranges (both ends included), separated by commas.
        available: how many classes the data set has; they are numbered from 0.

    Returns:
        At least two class numbers, each once.

    Raises:
        InputError: ``text`` is not such a list, or names a class that does not exist.

    >>> parse_classes("0-5")
    (0, 1, 2, 3, 4, 5)
    >>> parse_classes("0-2,5")
    (0, 1, 2, 5)
    """
    check_type("classes", text, str, "a text such as 0-5 or 0,2,4")
    available = check_integer("available", available, 1, _MOST)
    if len(text) > _LONGEST:
        fail("classes", f"have at most {_LONGEST} characters", shown(text))
    classes = [c for piece in text.split(",") for c in _parse_piece(piece, text, available)]
    if len(set(classes)) != len(classes):
        fail("classes", "name each class once", shown(text))
    if len(classes) < 2:
        fail("classes", "name at least 2 classes", shown(text), "for example 0-5")
    return tuple(sorted(classes))


def _parse_piece(piece: str, text: str, available: int) -> range:
    """One number or one range, checked before it is unrolled."""
    match = _PIECE.fullmatch(piece)
    if match is None:
        fail("classes", "be class numbers such as 0-5 or 0,2,4", shown(text))
    low = int(match[1])
    high = low if match[2] is None else int(match[2])
    if high < low:
        fail("classes", "be ranges from low to high", shown(text), f"write {high}-{low}")
    if high >= available:
        fail("classes", f"stay within 0-{available - 1}", shown(text))
    return range(low, high + 1)
