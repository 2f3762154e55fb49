"""What an angle is filled with: an entry of the data, a weight, or a polynomial in them.

The shift rule turns one gate at a time, so it never sees these: ``Circuit.fill`` evaluates them in
JAX, before the circuit, and autodiff does the chain rule there.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jqkd._checks import check_integer, check_number, fail

DATA, WEIGHT = "data", "weight"
# Of one angle: products of long sums have more than anyone means.
_MOST_TERMS = 1000
_HIGHEST_POWER = 16


class Expression:
    """Base of ``Slot`` and ``Polynomial``: sums and products of them, and of numbers.

    Example:
        >>> (x,) = data(0)
        >>> (w,) = weight(0)
        >>> print(2 * x + 0.5, x * (1 - w), -x / 2)
        2*x0+0.5 -x0*w0+x0 -0.5*x0
    """

    if TYPE_CHECKING:

        @property
        def terms(self) -> tuple[Term, ...]:
            """Factors and coefficient of each product."""
            ...

    def at(self, read: Callable[[Slot], Any]) -> Any:
        """Its value where ``read`` says that of each slot."""
        products = [
            functools.reduce(operator.mul, [c] * (c != 1 or not slots) + [*map(read, slots)])
            for slots, c in self.terms
        ]
        return functools.reduce(operator.add, products) if products else 0.0

    def slots(self) -> tuple[Slot, ...]:
        """The data and weights in it."""
        return tuple(slot for slots, _ in self.terms for slot in slots)

    def __add__(self, other: Any) -> Any:
        return _combined(self, other, lambda a, b: (*a, *b))

    def __mul__(self, other: Any) -> Any:
        return _combined(self, other, lambda a, b: [((*s, *t), c * d) for s, c in a for t, d in b])

    def __neg__(self) -> Any:
        return self * -1.0

    def __sub__(self, other: Any) -> Any:
        return self + -1.0 * other

    def __rsub__(self, other: Any) -> Any:
        return -self + other

    def __truediv__(self, number: Any) -> Any:
        return self * (1 / number)

    def __pow__(self, power: Any) -> Any:
        check_integer("power", power, 1, _HIGHEST_POWER)
        return functools.reduce(operator.mul, [self] * int(power))

    __radd__ = __add__
    __rmul__ = __mul__


@dataclass(frozen=True, order=True)
class Slot(Expression):
    """What an angle is filled with: entry ``index`` of the data or of the weights."""

    kind: str
    index: int

    def __str__(self) -> str:
        return f"{'x' if self.kind == DATA else 'w'}{self.index}"

    @property
    def terms(self) -> tuple[Term, ...]:
        return (((self,), 1.0),)


Term = tuple[tuple[Slot, ...], float]


@dataclass(frozen=True)
class Polynomial(Expression):
    """A sum of products of data and weights; made by adding and multiplying slots.

    Attributes:
        terms: factors and coefficient of each, those with most factors first; none for 0.
    """

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return "+".join(map(_text, self.terms)).replace("+-", "-") or "0"


def data(*indices: int) -> tuple[Slot, ...]:
    """Slots that hold entries of the data, for ``Op(..., filled=data(0))``."""
    return tuple(Slot(DATA, index) for index in indices)


def weight(*indices: int) -> tuple[Slot, ...]:
    """Slots that hold weights."""
    return tuple(Slot(WEIGHT, index) for index in indices)


def polynomial(terms: Iterable[Term]) -> Slot | Polynomial:
    """The sum of some products and their coefficients; a slot where it is one and no more.

    Example:
        >>> print(polynomial([((*data(0), *weight(1)), 2.0), ((), 0.25)]))
        2*x0*w1+0.25
    """
    sums: dict[tuple[Slot, ...], float] = {}
    for slots, coefficient in terms:
        slots = tuple(sorted(slots))
        sums[slots] = sums.get(slots, 0.0) + check_number("filled", coefficient)
    kept = [(slots, coefficient) for slots, coefficient in sums.items() if coefficient]
    if len(kept) > _MOST_TERMS:
        fail("filled", f"be a sum of at most {_MOST_TERMS} terms", f"one of {len(kept)}")
    if len(kept) == 1 and len(kept[0][0]) == kept[0][1] == 1:
        return kept[0][0][0]
    return Polynomial(tuple(sorted(kept, key=lambda term: (-len(term[0]), term[0]))))


def _combined(first: Expression, second: Any, join: Callable[..., Iterable[Term]]) -> Any:
    # Arrays of numbers are walked through by their own operators.
    if isinstance(second, np.ndarray) or np.ndim(second):
        return NotImplemented
    if not isinstance(second, Expression):
        return polynomial(join(first.terms, [((), check_number("filled", second))]))
    return polynomial(join(first.terms, second.terms))


def _text(term: Term) -> str:
    slots, coefficient = term
    number = f"{coefficient:.4g}"
    if not slots:
        return number
    sign = {1.0: "", -1.0: "-"}.get(coefficient, f"{number}*")
    return sign + "*".join(map(str, slots))
