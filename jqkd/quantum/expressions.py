"""What an angle is filled with: an entry of the data, a weight, or a polynomial in them.

The shift rule turns one gate at a time, so it never sees these: ``Circuit.fill`` evaluates them in
JAX, before the circuit, and autodiff does the chain rule there.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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

    def at(self, read: Callable[[Slot], Any]) -> Any:
        """Its value where ``read`` says that of each slot."""
        raise NotImplementedError

    def slots(self) -> tuple[Slot, ...]:
        """The data and weights in it."""
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        return _combined(self, other, lambda a, b: _collected([*a.items(), *b.items()]))

    def __mul__(self, other: Any) -> Any:
        return _combined(self, other, _product)

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

    def at(self, read: Callable[[Slot], Any]) -> Any:
        return read(self)

    def slots(self) -> tuple[Slot, ...]:
        return (self,)


_Product = tuple[Slot, ...]


@dataclass(frozen=True)
class Polynomial(Expression):
    """A sum of products of data and weights; made by adding and multiplying slots.

    Attributes:
        terms: factors and coefficient of each, those with most factors first; none for 0.
    """

    terms: tuple[tuple[_Product, float], ...]

    def at(self, read: Callable[[Slot], Any]) -> Any:
        values = [_term(coefficient, [*map(read, slots)]) for slots, coefficient in self.terms]
        return functools.reduce(operator.add, values) if values else 0.0

    def slots(self) -> tuple[Slot, ...]:
        return tuple(slot for factors, _ in self.terms for slot in factors)

    def __str__(self) -> str:
        text = "+".join(_term_text(*term) for term in self.terms).replace("+-", "-")
        return text or "0"


def data(*indices: int) -> tuple[Slot, ...]:
    """Slots that hold entries of the data, for ``Op(..., filled=data(0))``."""
    return tuple(Slot(DATA, index) for index in indices)


def weight(*indices: int) -> tuple[Slot, ...]:
    """Slots that hold weights."""
    return tuple(Slot(WEIGHT, index) for index in indices)


def polynomial(terms: Mapping[_Product, float]) -> Slot | Polynomial:
    """The sum of some products by their coefficients; a slot where it is one and no more.

    Example:
        >>> print(polynomial({(*data(0), *weight(1)): 2.0, (): 0.25}), polynomial({data(3): 1.0}))
        2*x0*w1+0.25 x3
    """
    return _made(_collected(terms.items()))


def _made(terms: Mapping[_Product, float]) -> Slot | Polynomial:
    if len(terms) > _MOST_TERMS:
        fail("filled", f"be a sum of at most {_MOST_TERMS} terms", f"one of {len(terms)}")
    [(slots, coefficient)] = terms.items() if len(terms) == 1 else [((), 0.0)]
    if len(slots) == 1 and coefficient == 1:
        return slots[0]
    return Polynomial(tuple(sorted(terms.items(), key=lambda term: (-len(term[0]), term[0]))))


def _collected(terms: Any) -> dict[_Product, float]:
    """Equal products added up, without those of coefficient 0."""
    sums: dict[_Product, float] = {}
    for slots, coefficient in terms:
        slots = tuple(sorted(slots))
        sums[slots] = sums.get(slots, 0.0) + check_number("filled", coefficient)
    return {slots: coefficient for slots, coefficient in sums.items() if coefficient}


def _product(a: Mapping[_Product, float], b: Mapping[_Product, float]) -> dict[_Product, float]:
    return _collected(((*s, *t), c * d) for s, c in a.items() for t, d in b.items())


def _combined(first: Expression, second: Any, join: Callable[..., dict[_Product, float]]) -> Any:
    # Arrays of numbers are walked through by their own operators.
    if isinstance(second, np.ndarray) or np.ndim(second):
        return NotImplemented
    return _made(join(_terms(first), _terms(second)))


def _terms(value: Any) -> Mapping[_Product, float]:
    if isinstance(value, Polynomial):
        return dict(value.terms)
    return {(value,): 1.0} if isinstance(value, Slot) else {(): check_number("filled", value)}


def _term(coefficient: float, values: list[Any]) -> Any:
    if coefficient != 1 or not values:
        values = [coefficient, *values]
    return functools.reduce(operator.mul, values)


def _term_text(slots: _Product, coefficient: float) -> str:
    number = f"{coefficient:.4g}"
    if not slots:
        return number
    sign = {1.0: "", -1.0: "-"}.get(coefficient, f"{number}*")
    return sign + "*".join(map(str, slots))
