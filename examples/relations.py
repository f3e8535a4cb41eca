"""What a shape's quantities have to do with each other: which are drawn, which follow, and what is asked for."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from examples.numbers import Number, decimal, fraction, mixed, money, whole

Quantities = Mapping[str, Number]
Values = Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer that is one of the shape's options, by its index."""

    index: int


Answer = Fraction | Number | Choice | str


@dataclass(frozen=True, slots=True)
class Relation:
    """How the answer follows from the quantities, and which quantities follow from those that are drawn."""

    answer: Callable[[Quantities], Answer]
    derive: Callable[[Quantities], dict[str, Number]] = lambda _: {}


class ConditionError(ValueError):
    """A condition on the numbers of a task is not written in one of the known ways."""

    def __init__(self, condition: str) -> None:
        super().__init__(f"{condition!r} is no condition")
        self.condition = condition


def like(value: Fraction, *models: Number) -> Number:
    """Return a value shown as the models are: as money, as a decimal, or as a mixed number."""
    if any(model.shown.startswith("$") for model in models):
        return money(value)
    if value.denominator == 1:
        return whole(value)
    if any("." in model.shown for model in models) and _is_decimal(value):
        return decimal(value)
    return mixed(value)


def _is_decimal(value: Fraction) -> bool:
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def total(q: Quantities) -> Fraction:
    """Add all quantities."""
    return sum((n.value for n in q.values()), Fraction(0))


def times(q: Quantities) -> Fraction:
    """Multiply all quantities."""
    return math.prod((n.value for n in q.values()), start=Fraction(1))


def lowest(top: Fraction, bottom: Fraction, sign: str = ":") -> str:
    """Return a ratio in lowest terms, as text."""
    ratio = Fraction(top, bottom)
    return f"{ratio.numerator}{sign}{ratio.denominator}"


def _dealt(q: Quantities) -> dict[str, Number]:
    return {"t": whole(q["q"].value * q["n"].value + q["r"].value)}


def _rescaled(q: Quantities) -> dict[str, Number]:
    return {"c": whole(q["a"].parts[1] * q["k"].value)}


RELATIONS: dict[str, Relation] = {
    "sum": Relation(total),
    "difference": Relation(lambda q: q["a"].value - q["b"].value),
    "rest": Relation(lambda q: q["t"].value - q["a"].value - q["b"].value),
    "product": Relation(times),
    "quotient": Relation(lambda q: q["q"].value, lambda q: {"t": like(q["q"].value * q["n"].value, q["q"], q["n"])}),
    "left-over": Relation(lambda q: q["r"].value, _dealt),
    "full": Relation(lambda q: q["q"].value, _dealt),
    "enough": Relation(lambda q: q["q"].value + 1, _dealt),
    "part": Relation(lambda q: fraction(int(q["k"].value), int(q["n"].value))),
    "part-left": Relation(lambda q: fraction(int(q["n"].value - q["k"].value), int(q["n"].value))),
    "part-lowest": Relation(lambda q: lowest(q["k"].value, q["n"].value, "/")),
    "equivalent": Relation(lambda q: q["a"].parts[0] * q["k"].value, _rescaled),
    "greater": Relation(lambda q: Choice(0 if q["a"].value > q["b"].value else 1)),
    "distribute": Relation(lambda q: q["n"].value * (q["a"].value + q["b"].value)),
    "scaling": Relation(lambda q: Choice(0 if q["f"].value > 1 else 1)),
    "rest-of-one": Relation(lambda q: 1 - q["a"].value - q["b"].value),
    "simplify": Relation(lambda q: lowest(q["a"].value, Fraction(1), "/")),
    "unit-count": Relation(lambda q: Fraction(q["a"].parts[0]), lambda q: {"u": fraction(1, q["a"].parts[1])}),
    "greater-scaled": Relation(lambda q: Choice(0 if q["a"].value > q["b"].value else 1)),
    "ratio": Relation(lambda q: lowest(q["a"].value, q["b"].value)),
    "ratio-of-all": Relation(lambda q: lowest(q["a"].value, q["a"].value + q["b"].value)),
}

_COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "!=": operator.ne,
}


def _digits(value: Fraction) -> list[int]:
    return [int(digit) for digit in reversed(str(int(value)))]


def _carries(q: Quantities) -> bool:
    a, b = _digits(q["a"].value), _digits(q["b"].value)
    return any(x + y > 9 for x, y in zip(a, b, strict=False))  # noqa: PLR2004 - the largest digit


def _borrows(q: Quantities) -> bool:
    a, b = _digits(q["a"].value), _digits(q["b"].value)
    return any(x < y for x, y in zip(a, b, strict=False))


def _bottoms(q: Quantities) -> list[int]:
    return [number.parts[1] for number in q.values() if "/" in number.shown]


CONDITIONS: dict[str, Callable[[Quantities], bool]] = {
    "carry": _carries,
    "no-carry": lambda q: not _carries(q),
    "borrow": _borrows,
    "no-borrow": lambda q: not _borrows(q),
    "unlike": lambda q: len(set(_bottoms(q))) == len(_bottoms(q)),
    "nested": lambda q: max(_bottoms(q)) % min(_bottoms(q)) == 0,
    "not-nested": lambda q: max(_bottoms(q)) % min(_bottoms(q)) != 0,
    "reducible": lambda q: math.gcd(int(q["k"].value), int(q["n"].value)) > 1,
    "reducible-a": lambda q: math.gcd(*q["a"].parts) > 1,
    "same-bottom": lambda q: q["a"].parts[1] == q["b"].parts[1],
    "same-top": lambda q: q["a"].parts[0] == q["b"].parts[0],
    "not-unit": lambda q: q["a"].parts[0] > 1,
    "close": lambda q: abs(q["a"].value - q["b"].value) < Fraction(1, 6),
    "shares-factor": lambda q: math.gcd(int(q["a"].value), int(q["b"].value)) > 1,
}


def holds(condition: str, quantities: Quantities, answer: Answer) -> bool:
    """Return whether a condition holds: one of CONDITIONS, or a comparison such as `a<b` or `answer<=20`.

    Raises:
        ConditionError: it is neither.
    """
    if condition in CONDITIONS:
        return CONDITIONS[condition](quantities)
    found = re.fullmatch(r"([\w.]+)(<=|>=|!=|<|>)([\w./]+)", condition)
    if not found:
        raise ConditionError(condition)
    left, right = (_side(found[n], quantities, answer) for n in (1, 3))
    return _COMPARE[found[2]](left, right)


def _side(name: str, quantities: Quantities, answer: Answer) -> Fraction:
    if name in quantities:
        return quantities[name].value
    if name == "answer":
        return answer if isinstance(answer, Fraction) else Fraction(str(getattr(answer, "value", answer)))
    if name == "sum":
        return total(quantities)
    return Fraction(name)
