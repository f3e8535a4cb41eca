"""Finds the answer of a task from its text alone: an independent check of what the generator computed.

Nothing here knows which numbers were drawn, or the formulas of `relations`: the numbers are read back from the
finished words, in their order, and each kind of question is settled by counting, dealing out, searching or trying,
not by the formula that made it. Only the kind of question is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import count, islice

from examples.names import FIRST

_NUMBER = re.compile(
    r"(?<![\w.,/])(?P<sign>-?)\$?(?:(?P<clock>\d{1,2}:\d\d)|(?P<mixed>\d+ \d+/\d+)|(?P<fraction>\d+/\d+)"
    r"|(?P<plain>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?))"
)


class UnsolvedError(ValueError):
    """A text cannot be solved: the kind is unknown, or the numbers in it do not fit the kind."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"cannot solve a {kind!r} in {text!r}")
        self.kind = kind
        self.text = text


def numbers_in(text: str) -> list[Fraction]:
    """Return the numbers that a text shows in digits, in order; a clock time is its minutes since 0:00."""
    return [_read(found) for found in _NUMBER.finditer(text)]


def _read(found: re.Match[str]) -> Fraction:
    sign = -1 if found["sign"] else 1
    if found["clock"]:
        hours, _, minutes = found["clock"].partition(":")
        return Fraction(int(hours) * 60 + int(minutes))
    if found["mixed"]:
        units, part = found["mixed"].split()
        return sign * (int(units) + Fraction(part))
    return sign * Fraction((found["fraction"] or found["plain"]).replace(",", ""))


def names_in(text: str) -> list[str]:
    """Return the people's names in a text, in the order in which they are first named."""
    found = re.findall(r"\b[A-Z][a-z]+\b", text)
    return list(dict.fromkeys(name for name in found if name in FIRST))


def agrees(kind: str, text: str, answer: str) -> bool:
    """Return whether the answer to a question of this kind is the one that its text asks for.

    Raises:
        UnsolvedError: nothing can be concluded from the text.
    """
    if kind not in SOLVERS:
        raise UnsolvedError(kind, text)
    try:
        found = SOLVERS[kind](text)
    except (IndexError, ZeroDivisionError, ValueError, StopIteration) as error:
        raise UnsolvedError(kind, text) from error
    if isinstance(found, str):
        return found == answer
    given = numbers_in(answer)
    return len(given) == 1 and given[0] == found


# --- counting, dealing, searching ------------------------------------------------------------------------------------


def _pieces(values: list[Fraction]) -> tuple[list[int], int]:
    """Cut all values into pieces of one size, found by trying sizes, and return how many each has."""
    size = next(d for d in count(1) if all((value * d).denominator == 1 for value in values))
    return [int(value * size) for value in values], size


def _add(text: str) -> Fraction:
    pieces, size = _pieces(numbers_in(text))
    return Fraction(sum(pieces), size)


def _take_away(text: str) -> Fraction:
    """Find what must be given back to the rest to have the first number again."""
    pieces, size = _pieces(numbers_in(text))
    start, *gone = pieces
    rest = start
    for part in gone:
        rest -= part
    return Fraction(rest, size)


def _repeat(text: str) -> Fraction:
    """Multiply by adding again and again, one digit's worth at a time; a fraction is so many of its pieces."""
    result = Fraction(1)
    for value in numbers_in(text):
        (piece,), size = _pieces([value])
        added, shift = Fraction(0), 1
        for digit in reversed(str(abs(piece))):
            for _ in range(int(digit)):
                added += result * shift
            shift *= 10
        result = (-added if piece < 0 else added) / size
    return result


def _deal(text: str) -> tuple[int, Fraction]:
    """Deal the first number out in lots of the second, long-division fashion; return lots and what is left."""
    (whole, lot), size = _pieces(numbers_in(text)[:2])
    lots, left = 0, whole
    step = 1
    while lot * step * 10 <= left:
        step *= 10
    while step:
        while left >= lot * step:
            left -= lot * step
            lots += step
        step //= 10
    return lots, Fraction(left, size)


def _divide(text: str) -> Fraction:
    whole, lot = numbers_in(text)[:2]
    lots, left = _deal(text)
    scale = 1
    while left and scale < 10**9:
        # What does not come out even is cut finer: tenths, or pieces of the divisor.
        scale *= lot.numerator if lot.numerator > 1 else 10
        lots, left = _deal(f"{whole.numerator * scale}/{whole.denominator} {lot.numerator}/{lot.denominator}")
    return Fraction(lots, scale)


def _left_over(text: str) -> Fraction:
    return _deal(text)[1]


def _full_lots(text: str) -> Fraction:
    return Fraction(_deal(text)[0])


def _lots_for_all(text: str) -> Fraction:
    lots, left = _deal(text)
    return Fraction(lots + (1 if left else 0))


def _reduced(top: int, bottom: int) -> tuple[int, int]:
    """Reduce by trying every common divisor, the largest first."""
    best = next(d for d in range(min(top, bottom), 0, -1) if top % d == 0 and bottom % d == 0)
    return top // best, bottom // best


def _part(text: str) -> Fraction:
    parts, taken = numbers_in(text)[:2]
    return sum((1 / parts for _ in range(int(taken))), Fraction(0))


def _part_left(text: str) -> Fraction:
    parts, taken = numbers_in(text)[:2]
    return sum((1 / parts for _ in range(int(taken), int(parts))), Fraction(0))


def _part_lowest(text: str) -> str:
    parts, taken = (int(n) for n in numbers_in(text)[:2])
    return "{}/{}".format(*_reduced(taken, parts))


def _rest_of_one(text: str) -> Fraction:
    (a, b), size = _pieces(numbers_in(text)[:2])
    return Fraction(len(range(a + b, size)), size)


def _simplest(text: str) -> str:
    found = re.search(r"(\d+)/(\d+)", text)
    if not found:
        raise UnsolvedError("simplify", text)
    return "{}/{}".format(*_reduced(int(found[1]), int(found[2])))


def _unit_count(text: str) -> Fraction:
    """Lay unit after unit until the amount is reached."""
    amount, unit = numbers_in(text)[:2]
    return next(Fraction(n) for n in count() if unit * n >= amount and unit * n == amount)


def _same_amount(text: str) -> Fraction:
    """Fill the new pieces one by one until they hold as much as the old."""
    amount, pieces = numbers_in(text)[:2]
    return next(Fraction(n) for n in count() if Fraction(n, int(pieces)) == amount or n > pieces)


def _options(text: str) -> Iterator[str]:
    """Yield the two things that a question compares: people where people are named, else the numbers."""
    people = names_in(text)
    if len(people) > 1:
        yield from islice(people, 2)
    else:
        yield from (found[0].lstrip("$") for found in islice(_NUMBER.finditer(text), 2))


def _greater(text: str) -> str:
    first, second = numbers_in(text)[:2]
    (a, b), _ = _pieces([first, second])
    one, other = _options(text)
    return one if a - b > 0 else other


def _greater_scaled(text: str) -> str:
    """Scale the start by both factors, and compare what comes out."""
    start, first, second = numbers_in(text)[:3]
    people = names_in(text)
    shown = people[:2] if len(people) > 1 else [found[0] for found in islice(_NUMBER.finditer(text), 1, 3)]
    return shown[0] if start * first - start * second > 0 else shown[1]


def _split_lots(text: str) -> Fraction:
    lots, a, b = numbers_in(text)[:3]
    return sum((a for _ in range(int(lots))), Fraction(0)) + sum((b for _ in range(int(lots))), Fraction(0))


def _scaled(text: str) -> str:
    """Compare the scaled size with the old one; the two words to choose from stand in the question."""
    old, factor = numbers_in(text)[:2]
    words = re.search(r"(\w+) or (\w+)[^.?]*\?", text)
    if not words:
        raise UnsolvedError("scaling", text)
    return words[1] if old * factor - old > 0 else words[2]


def _ratio(text: str) -> str:
    a, b = (int(n) for n in numbers_in(text)[:2])
    return "{}:{}".format(*_reduced(a, b))


def _ratio_of_all(text: str) -> str:
    a, b = (int(n) for n in numbers_in(text)[:2])
    return "{}:{}".format(*_reduced(a, len([*range(a), *range(b)])))


SOLVERS: dict[str, Callable[[str], Fraction | str]] = {
    "sum": _add,
    "difference": _take_away,
    "rest": _take_away,
    "product": _repeat,
    "quotient": _divide,
    "left-over": _left_over,
    "full": _full_lots,
    "enough": _lots_for_all,
    "part": _part,
    "part-left": _part_left,
    "part-lowest": _part_lowest,
    "equivalent": _same_amount,
    "greater": _greater,
    "distribute": _split_lots,
    "scaling": _scaled,
    "rest-of-one": _rest_of_one,
    "simplify": _simplest,
    "unit-count": _unit_count,
    "greater-scaled": _greater_scaled,
    "ratio": _ratio,
    "ratio-of-all": _ratio_of_all,
}
