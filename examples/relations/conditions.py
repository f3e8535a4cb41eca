"""Conditions by which an author narrows the numbers of a task."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from fractions import Fraction

from examples.relations.values import Answer, Quantities, total


class ConditionError(ValueError):
    """A condition on the numbers of a task is not written in one of the known ways."""

    def __init__(self, condition: str) -> None:
        super().__init__(f"{condition!r} is no condition")
        self.condition = condition


_COMPARE: dict[str, Callable[[Fraction, Fraction], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "!=": operator.ne,
    "=": operator.eq,
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
    "same-bottom": lambda q: len(set(_bottoms(q))) == 1,
    "same-top": lambda q: q["a"].parts[0] == q["b"].parts[0],
    "not-unit": lambda q: q["a"].parts[0] > 1,
    "close": lambda q: abs(q["a"].value - q["b"].value) < Fraction(1, 6),
    "reducible": lambda q: math.gcd(int(q["k"].value), int(q["n"].value)) > 1,
    "reducible-a": lambda q: math.gcd(*q["a"].parts) > 1,
    "shares-factor": lambda q: math.gcd(int(q["a"].value), int(q["b"].value)) > 1,
}


def holds(condition: str, quantities: Quantities, answer: Answer) -> bool:
    """Return whether a condition holds.

    It is one of CONDITIONS, `whole`, `broken`, or a comparison such as `a<b` or `answer<=20`.

    Raises:
        ConditionError: it is none of these.
    """
    if condition in CONDITIONS:
        return CONDITIONS[condition](quantities)
    if condition in ("whole", "broken"):
        return isinstance(answer, Fraction) and (answer.denominator == 1) == (condition == "whole")
    found = re.fullmatch(r"([\w.]+)(<=|>=|!=|<|>|=)([\w./-]+)", condition)
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
