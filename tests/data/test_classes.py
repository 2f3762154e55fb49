"""Class ranges: what they mean, and the sentence for what they cannot mean."""

from __future__ import annotations

import pytest

from jqkd._checks import InputError
from jqkd.data import parse_classes


@pytest.mark.parametrize(
    ("text", "classes"),
    [
        ("0-5", (0, 1, 2, 3, 4, 5)),
        ("0-7", (0, 1, 2, 3, 4, 5, 6, 7)),
        ("0,2,4", (0, 2, 4)),
        ("0-2,5", (0, 1, 2, 5)),
        (" 4 , 0 - 1 ", (0, 1, 4)),
    ],
)
def test_ranges_and_lists(text, classes):
    assert parse_classes(text) == classes


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("5-0", "low to high, but '5-0' was given; write 0-5"),
        ("0-99", "stay within 0-9"),
        ("0-999999999", "stay within 0-9"),
        ("10,1", "stay within 0-9"),
        ("", "be class numbers such as"),
        ("a", "be class numbers such as"),
        ("0,,1", "be class numbers such as"),
        ("-1,2", "be class numbers such as"),
        ("0,1,1", "each class once"),
        ("0-3,2", "each class once"),
        ("3", "at least 2 classes"),
    ],
)
def test_nonsense_is_explained(text, says):
    with pytest.raises(InputError, match=says):
        parse_classes(text)


def test_available_bounds_the_classes():
    with pytest.raises(InputError, match="0-3"):
        parse_classes("0-4", available=4)
