"""What a relation is made of, and how a value is shown beside others."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from examples.numbers import Number, decimal, is_decimal, mixed, money, whole

Quantities = Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer that is one of the shape's options, by its index."""

    index: int


Answer = Fraction | Number | Choice | str


def _nothing(_: Quantities) -> dict[str, Number]:
    return {}


def _always(_: Quantities) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Relation:
    """How the answer follows from the quantities, and which quantities follow from those that are drawn."""

    answer: Callable[[Quantities], Answer]
    derive: Callable[[Quantities], dict[str, Number]] = _nothing
    valid: Callable[[Quantities], bool] = _always
    """Whether the question makes sense for these numbers (a tie has no winner)."""


def like(value: Fraction, *models: Number) -> Number:
    """Return a value shown as the models are: as money, as a decimal, or as a mixed number."""
    if any(model.shown.startswith("$") for model in models):
        return money(value)
    if value.denominator == 1:
        return whole(value)
    if any("." in model.shown for model in models) and is_decimal(value):
        return decimal(value)
    return mixed(value)


def total(q: Quantities) -> Fraction:
    """Add all quantities."""
    return sum((n.value for n in q.values()), Fraction(0))


def times(q: Quantities) -> Fraction:
    """Multiply all quantities."""
    return math.prod((n.value for n in q.values()), start=Fraction(1))


def lowest(top: Fraction, bottom: Fraction, sign: str) -> str:
    """Return top and bottom in lowest terms with `sign` between them."""
    ratio = Fraction(top, bottom)
    return f"{ratio.numerator}{sign}{ratio.denominator}"


def val(q: Quantities, name: str) -> Fraction:
    """Return the value of a quantity."""
    return q[name].value


def picks(q: Quantities, names: str) -> tuple[Fraction, ...]:
    """Return the values of several quantities, each named by one letter."""
    return tuple(q[name].value for name in names)


def series(q: Quantities) -> list[Fraction]:
    """Return the values of d1, d2, ... in order."""
    return [q[name].value for name in sorted(q) if name[0] == "d" and name[1:].isdigit()]


def larger(first: Fraction, *others: Fraction) -> Choice:
    """Return which of the values is the largest."""
    values = (first, *others)
    return Choice(values.index(max(values)))


def distinct(*names: str) -> Callable[[Quantities], bool]:
    """Return a check that the named quantities have different values."""
    return lambda q: len({q[name].value for name in names}) == len(names)
