"""Sets of data."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from examples.relations.values import Quantities, Relation, picks, series, val


def _mean(values: Sequence[Fraction]) -> Fraction:
    return sum(values, Fraction(0)) / len(values)


def _range(values: Sequence[Fraction]) -> Fraction:
    return max(values) - min(values)


def _tally(q: Quantities) -> Fraction:
    return Fraction(sum(1 for value in series(q) if value == val(q, "x")))


def _tally_over(q: Quantities) -> Fraction:
    return Fraction(sum(1 for value in series(q) if value > val(q, "x")))


DATA: dict[str, Relation] = {
    "mean": Relation(lambda q: _mean(series(q))),
    "median": Relation(lambda q: sorted(series(q))[len(series(q)) // 2]),
    "range": Relation(lambda q: _range(series(q))),
    "tally": Relation(_tally),
    "tally-over": Relation(_tally_over),
    "mean-gap": Relation(lambda q: abs(_mean(picks(q, "abc")) - _mean(picks(q, "def")))),
    "range-gap": Relation(lambda q: abs(_range(picks(q, "abc")) - _range(picks(q, "def")))),
}
