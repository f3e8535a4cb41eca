"""Sets of data."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from examples.answer_checker.dealing import split
from examples.answer_checker.reading import Solver, numbers_in


def _levelled(values: list[Fraction]) -> Fraction:
    """Put all in one heap and deal it out again in equal shares."""
    heap = Fraction(0)
    for value in values:
        heap += value
    return split(heap, Fraction(len(values)))


def _middle(text: str) -> Fraction:
    """Cross out the smallest and the largest until one is left."""
    values = numbers_in(text)
    while len(values) > 2:  # noqa: PLR2004 - one or two in the middle
        values.remove(min(values))
        values.remove(max(values))
    (middle,) = values
    return middle


def _spread(values: list[Fraction]) -> Fraction:
    return max(abs(a - b) for a in values for b in values)


def _tally(text: str) -> Fraction:
    *values, wanted = numbers_in(text)
    return Fraction(values.count(wanted))


def _tally_over(text: str) -> Fraction:
    *values, bound = numbers_in(text)
    return Fraction(len(values) - len([value for value in values if value <= bound]))


def _mean_gap(text: str) -> Fraction:
    values = numbers_in(text)
    return abs(_levelled(values[:3]) - _levelled(values[3:6]))


def _range_gap(text: str) -> Fraction:
    values = numbers_in(text)
    return abs(_spread(values[:3]) - _spread(values[3:6]))


DATA: Mapping[str, Solver] = {
    "mean": lambda text: _levelled(numbers_in(text)),
    "median": _middle,
    "range": lambda text: _spread(numbers_in(text)),
    "tally": _tally,
    "tally-over": _tally_over,
    "mean-gap": _mean_gap,
    "range-gap": _range_gap,
}
