"""Grids in a file: a list in a field stands for an arm with each of its values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from jqkd._checks import check_choice, fail, shown

# More than that is rather a mistake than a plan.
MOST_JOBS = 10_000
_SCALARS = (str, int, float)
# Said by an arm's group.
_IN_GROUP = ("dataset", "classes")


@dataclass(frozen=True)
class Line:
    """One arm of a table, which is many where fields hold lists.

    Attributes:
        table: the table's name.
        fields: of the arm, defaults among them; one value each.
        axes: those that the table has a list for.
    """

    table: str
    fields: dict[str, Any]
    axes: dict[str, Any]

    @property
    def name(self) -> str:
        """The table's, and the values: ``taught-per_class=50``."""
        # Commas separate names of arms.
        return self.table + "".join(f"-{k}={v}".replace(",", "+") for k, v in self.axes.items())

    @property
    def label(self) -> str:
        """For a reader."""
        shown = {k: v for k, v in self.axes.items() if k not in _IN_GROUP}
        parts = (f"{k.replace('_', ' ')} {v}" for k, v in shown.items())
        return ", ".join([self.fields.get("label", self.table), *parts])


def size(table: dict[str, Any], names: Sequence[str]) -> int:
    """How many arms a table stands for, or more."""
    return math.prod(len(v) for k, v in table.items() if k in names and isinstance(v, list))


def lines_of(
    table: dict[str, Any], names: Sequence[str], of_taught: Sequence[str]
) -> Iterator[Line]:
    """The arms of a table, each once.

    Args:
        table: its fields, defaults among them.
        names: of fields that may hold a list.
        of_taught: those that arms without a teacher do not read: of them they are not many.

    Raises:
        InputError: an empty list, one with a value twice, or with what is no value.
    """
    axes = {k: v for k, v in table.items() if k in names and isinstance(v, list)}
    for field, values in axes.items():
        check_values(field, values)
    known = set()
    for values in product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        fields = table | chosen
        if not has_teacher(fields):
            chosen = {k: v for k, v in chosen.items() if k not in of_taught}
        line = Line(table["name"], fields, chosen)
        if line.name not in known:
            known.add(line.name)
            yield line


def check_values(name: str, values: list[Any]) -> list[Any]:
    """One value or more, each once.

    Raises:
        InputError: none, one twice, or what is no value.
    """
    alike = {(type(value), value) for value in values if isinstance(value, _SCALARS)}
    if not values or len(alike) < len(values):
        fail(name, "hold one value or more, each once, where it is a list", shown(values))
    return values


def has_teacher(fields: dict[str, Any]) -> bool:
    """Whether there is a teacher; "none" takes a default teacher back."""
    return fields.get("teacher") not in (None, "none")


class Lines:
    """All arms of a file, for what refers to them."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = {line.name: line for line in lines}
        # By table, fields that are lists in it, and values of these.
        self._tables: dict[str, dict[tuple[str, ...], dict[tuple[Any, ...], Line]]] = {}
        for line in lines:
            kinds = self._tables.setdefault(line.table, {})
            kinds.setdefault(tuple(line.axes), {})[tuple(line.axes.values())] = line

    def of(self, name: Any, argument: str) -> list[Line]:
        """All arms of a table, or the arm of that name."""
        self._check(name, argument)
        if name not in self._tables:
            return [self._lines[name]]
        return [line for kind in self._tables[name].values() for line in kind.values()]

    def baseline(self, line: Line, name: Any, argument: str) -> str:
        """The arm of a table that has a line's own values; or the arm of that name.

        Raises:
            InputError: there is no such arm, or there are several.
        """
        self._check(name, argument)
        if name not in self._tables:
            return name
        chosen, kinds = [], self._tables[name]
        for axes, members in kinds.items():
            free = [axis for axis in axes if axis not in line.fields]
            if free:
                must = f"name one arm to compare {line.name} with, which has no {free[0]}"
                fail(argument, must, f"{name}, one for each {free[0]},", "name one in full")
            member = members.get(tuple(line.fields[axis] for axis in axes))
            chosen += [] if member is None else [member.name]
        if len(chosen) != 1:
            must = f"be arms with the values of {line.name}"
            fail(argument, must, f"{name}, of which {len(chosen) or 'none'} have them,")
        return chosen[0]

    def _check(self, name: Any, argument: str) -> None:
        if not isinstance(name, str) or name not in self._tables | self._lines:
            check_choice(argument, name, dict.fromkeys([*self._tables, *self._lines]))


def check_size(arms: int, seeds: int, yes: bool) -> None:
    """There are no more jobs than anybody wants by mistake.

    Raises:
        InputError: there are, and nobody said yes.
    """
    if arms * seeds > MOST_JOBS and not yes:
        must = f"make at most {MOST_JOBS:,} jobs"
        given = f"{arms:,} arms with {seeds:,} seeds, {arms * seeds:,} in all,"
        fail("arms", must, given, "shorten the lists, or say --yes (from Python yes=True)")
