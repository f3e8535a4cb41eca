"""Dealing out, factors, and fractions as pieces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from itertools import count

from examples.answer_checker.reading import (
    Solver,
    UnsolvedError,
    cut_alike,
    numbers_in,
    options_in,
    whole_in,
    yes_or_no,
)


def deal(whole: Fraction, lot: Fraction) -> tuple[int, Fraction]:
    """Deal `whole` out in lots, in the manner of long division; return the lots and what is left."""
    (heap, size), unit = cut_alike([whole, lot])
    lots, step = 0, 1
    while size * step * 10 <= heap:
        step *= 10
    while step:
        while heap >= size * step:
            heap -= size * step
            lots += step
        step //= 10
    return lots, Fraction(heap, unit)


def _divide(text: str) -> Fraction:
    """Deal out; what does not come out even is cut finer until it does."""
    whole, lot = numbers_in(text)[:2]
    return split(whole, lot)


def split(whole: Fraction, lot: Fraction) -> Fraction:
    """Return how many lots a whole makes, parts of a lot included."""
    for scale in count(1):
        lots, left = deal(whole * scale, lot)
        if not left:
            return Fraction(lots, scale)
    raise UnsolvedError("quotient", f"{whole} {lot}")


def _left_over(text: str) -> Fraction:
    return deal(*numbers_in(text)[:2])[1]


def _full_lots(text: str) -> Fraction:
    return Fraction(deal(*numbers_in(text)[:2])[0])


def _lots_for_all(text: str) -> Fraction:
    lots, left = deal(*numbers_in(text)[:2])
    return Fraction(lots + (1 if left else 0))


def _comes_out(text: str) -> str:
    return yes_or_no(not deal(*numbers_in(text)[:2])[1])


def _ways(text: str) -> Fraction:
    heap = whole_in(text)[0]
    return Fraction(len({size for size in range(1, heap + 1) if any(size * rows == heap for rows in range(heap + 1))}))


def _first_common(text: str) -> Fraction:
    a, b = whole_in(text)[:2]
    here, there = a, b
    while here != there:
        if here < there:
            here += a
        else:
            there += b
    return Fraction(here)


def _largest_common(text: str) -> Fraction:
    a, b = whole_in(text)[:2]
    return Fraction(next(d for d in range(min(a, b), 0, -1) if a % d == 0 and b % d == 0))


def reduced(top: int, bottom: int) -> tuple[int, int]:
    """Reduce by trying every common divisor, the largest first."""
    best = next(d for d in range(min(top, bottom), 0, -1) if top % d == 0 and bottom % d == 0)
    return top // best, bottom // best


def _part(text: str) -> Fraction:
    parts, taken = whole_in(text)[:2]
    return sum((Fraction(1, parts) for _ in range(taken)), Fraction(0))


def _part_left(text: str) -> Fraction:
    parts, taken = whole_in(text)[:2]
    return sum((Fraction(1, parts) for _ in range(taken, parts)), Fraction(0))


def _part_lowest(text: str) -> str:
    parts, taken = whole_in(text)[:2]
    return "{}/{}".format(*reduced(taken, parts))


def _rest_lowest(text: str) -> str:
    parts, taken = whole_in(text)[:2]
    return "{}/{}".format(*reduced(len(range(taken, parts)), parts))


def _digits_of(top: int, bottom: int) -> Fraction:
    """Divide by hand, digit after digit, until nothing is left."""
    units, rest = divmod(top, bottom)
    digits = ""
    while rest:
        digit, rest = divmod(rest * 10, bottom)
        digits += str(digit)
        if len(digits) > 12:  # noqa: PLR2004 - it repeats
            raise UnsolvedError("as-decimal", f"{top}/{bottom}")
    return Fraction(f"{units}.{digits or 0}")


def _as_decimal(text: str) -> Fraction:
    found = re.search(r"(\d+)/(\d+)", text)
    if not found:
        raise UnsolvedError("as-decimal", text)
    return _digits_of(int(found[1]), int(found[2]))


def _part_decimal(text: str) -> Fraction:
    parts, taken = whole_in(text)[:2]
    return _digits_of(taken, parts)


def _rest_of_one(text: str) -> Fraction:
    (a, b), size = cut_alike(numbers_in(text)[:2])
    return Fraction(len(range(a + b, size)), size)


def _simplest(text: str) -> str:
    found = re.search(r"(\d+)/(\d+)", text)
    if not found:
        raise UnsolvedError("simplify", text)
    return "{}/{}".format(*reduced(int(found[1]), int(found[2])))


def _same_amount(text: str) -> Fraction:
    """Fill the new pieces one by one until they hold as much as the old."""
    amount, pieces = numbers_in(text)[:2]
    return next(Fraction(n) for n in range(int(pieces) + 1) if Fraction(n, int(pieces)) == amount)


def _unit_count(text: str) -> Fraction:
    """Lay unit after unit until the amount is reached."""
    amount, unit = numbers_in(text)[:2]
    laid, units = Fraction(0), 0
    while laid < amount:
        laid, units = laid + unit, units + 1
    if laid != amount:
        raise UnsolvedError("unit-count", text)
    return Fraction(units)


def _share_out(text: str) -> Fraction:
    """Cut each thing into as many pieces as there are sharers; each takes one piece of each thing."""
    things, sharers = numbers_in(text)[:2]
    (pieces,), size = cut_alike([things])
    return sum((Fraction(1, int(sharers) * size) for _ in range(pieces)), Fraction(0))


def _scaled(text: str) -> str:
    """Compare the scaled size with the old one; the two words to choose from stand in the question."""
    old, factor = numbers_in(text)[:2]
    words = re.search(r"(\w+) or (\w+)[^.?]*\?", text)
    if not words:
        raise UnsolvedError("scaling", text)
    return words[1] if old * factor - old > 0 else words[2]


def _greater_scaled(text: str) -> str:
    """Scale the start by both factors, and compare what comes out."""
    start, first, second = numbers_in(text)[:3]
    one, other = options_in(text, among=2, skip=1)
    return one if start * first - start * second > 0 else other


def _signed_share(text: str) -> Fraction:
    found = whole_in(text)
    change, times = found if "÷" in text else (found[1], found[0])
    return next(Fraction(x) for n in count() for x in (n, -n) if sum(x for _ in range(times)) == change)


DEALING: Mapping[str, Solver] = {
    "quotient": _divide,
    "left-over": _left_over,
    "full": _full_lots,
    "enough": _lots_for_all,
    "divides": _comes_out,
    "divisors": _ways,
    "lcm": _first_common,
    "gcf": _largest_common,
    "part": _part,
    "part-left": _part_left,
    "part-lowest": _part_lowest,
    "rest-lowest": _rest_lowest,
    "part-decimal": _part_decimal,
    "as-decimal": _as_decimal,
    "rest-of-one": _rest_of_one,
    "simplify": _simplest,
    "equivalent": _same_amount,
    "unit-count": _unit_count,
    "share-out": _share_out,
    "part-shared": _share_out,
    "scaling": _scaled,
    "greater-scaled": _greater_scaled,
    "signed-share": _signed_share,
}
