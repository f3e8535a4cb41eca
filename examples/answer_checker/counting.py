"""Counting, adding, taking away, multiplying by adding again and again, comparing, rounding."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from itertools import count

from examples.answer_checker.reading import (
    MARKS,
    Solver,
    cut_alike,
    names_in,
    numbers_in,
    options_in,
    whole_in,
    yes_or_no,
)


def _count_marks(text: str) -> Fraction:
    return Fraction(sum(1 for letter in text if letter in MARKS))


def _more_marks(text: str) -> str:
    first, second = (len(run.split()) for run in re.findall(rf"[{MARKS}](?: [{MARKS}])*", text))
    people = names_in(text)[:2] or ["first", "second"]
    return people[0] if first > second else people[1]


def _next(text: str) -> Fraction:
    return Fraction(len(range(int(numbers_in(text)[0]) + 1)))


def add(text: str) -> Fraction:
    """Put the pieces of all numbers in one heap and count it."""
    pieces, size = cut_alike(numbers_in(text))
    return Fraction(sum(pieces), size)


def take_away(text: str) -> Fraction:
    """Take the pieces of all later numbers from the first."""
    (heap, *gone), size = cut_alike(numbers_in(text))
    for part in gone:
        heap -= part
    return Fraction(heap, size)


def _come_and_go(text: str) -> Fraction:
    start, come, gone = whole_in(text)
    return Fraction(len([*range(start), *range(come)][gone:]))


def _same_sum(text: str) -> str:
    a, b, c, d = whole_in(text)
    return yes_or_no([*range(a), *range(b)].__len__() == [*range(c), *range(d)].__len__())


def _balance(text: str) -> Fraction:
    a, b, c = whole_in(text)
    return next(Fraction(x) for x in count() if c + x == a + b)


def _pairs_off(text: str) -> bool:
    left = whole_in(text)[0]
    while left > 1:
        left -= 2
    return left == 0


def _hundreds(text: str) -> Fraction:
    hundreds, tens, ones = (n for n in whole_in(text) if n not in (100, 10, 1))
    return Fraction(int(f"{hundreds}{tens}{ones}"))


_WORDS = {
    word: value
    for value, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
} | {
    word: 10 * (n + 2)
    for n, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"])
}


def _from_words(text: str) -> Fraction:
    """Read a spelled-out number from left to right; a bigger unit multiplies what came before it."""
    done, open_part = 0, 0
    for word in re.findall(r"[a-z]+", text.lower()):
        if word in _WORDS:
            open_part += _WORDS[word]
        elif word == "hundred":
            open_part *= 100
        elif word == "thousand":
            done, open_part = done + open_part * 1000, 0
    return Fraction(done + open_part)


def _pattern(text: str) -> Fraction:
    a, b, c = whole_in(text)[:3]
    step = next(d for d in count() if a + d == b)
    if b + step != c:
        raise ValueError(text)
    return Fraction(c + step)


def repeat(text: str) -> Fraction:
    """Multiply all numbers, by adding again and again, a digit at a time; a fraction is so many of its pieces."""
    result = Fraction(1)
    for value in numbers_in(text):
        result = _times(result, value)
    return result


def _times(start: Fraction, value: Fraction) -> Fraction:
    (piece,), size = cut_alike([value])
    added, shift = Fraction(0), 1
    for digit in reversed(str(abs(piece))):
        for _ in range(int(digit)):
            added += start * shift
        shift *= 10
    return (-added if piece < 0 else added) / size


def _lots(text: str) -> tuple[int, int]:
    lots, size, rest = whole_in(text)
    return sum(size for _ in range(lots)), rest


def _lots_and_more(text: str) -> Fraction:
    heap, rest = _lots(text)
    return Fraction(len(range(-rest, heap)))


def _lots_less(text: str) -> Fraction:
    heap, rest = _lots(text)
    return Fraction(len(range(rest, heap)))


def _split_lots(text: str) -> Fraction:
    lots, a, b = numbers_in(text)
    return sum((a for _ in range(int(lots))), Fraction(0)) + sum((b for _ in range(int(lots))), Fraction(0))


def _lots_of_rest(text: str) -> Fraction:
    found = whole_in(text)
    a, b, lots = found if "×" not in text else (*found[1:], found[0])
    return Fraction(sum(a for _ in range(lots)) - sum(b for _ in range(lots)))


def _write_total(text: str) -> str:
    found = whole_in(text)
    n, a, b = found if not text.startswith("Add") else (found[2], *found[:2])
    return f"{n} × ({a} + {b})"


def _change(text: str) -> Fraction:
    money, pieces, price = numbers_in(text)
    for _ in range(int(pieces)):
        money -= price
    return money


def _greater(text: str) -> str:
    (first, second), _ = cut_alike(numbers_in(text)[:2])
    one, other = options_in(text, among=2)
    return one if first - second > 0 else other


def _greatest(text: str) -> str:
    values, _ = cut_alike(numbers_in(text)[:3])
    options = options_in(text, among=3)
    best = next(n for n in range(3) if all(values[n] >= value for value in values))
    return options[best]


def nearest(value: Fraction, unit: Fraction) -> Fraction:
    """Find the multiple of `unit` next to a value by walking up to it; halfway goes up."""
    below = (value // unit) * unit
    return below if value - below < below + unit - value else below + unit


def _rounded(text: str) -> Fraction:
    value, unit = numbers_in(text)[:2]
    return nearest(value, unit)


def _rounded_place(text: str) -> Fraction:
    units = {"whole number": Fraction(1), "tenth": Fraction(1, 10), "hundredth": Fraction(1, 100)}
    unit = next(size for word, size in units.items() if re.search(rf"nearest {word}\b", text))
    return nearest(numbers_in(text)[0], unit)


def _rounded_sum(text: str) -> Fraction:
    a, b, unit = numbers_in(text)
    return nearest(a, unit) + nearest(b, unit)


def _walk_pattern(text: str) -> Fraction:
    value, step, place = whole_in(text)
    for _ in range(place - 1):
        value += step
    return Fraction(value)


def _walk_apart(text: str) -> Fraction:
    slow, fast, steps = whole_in(text)
    here = there = 0
    for _ in range(steps):
        here, there = here + slow, there + fast
    return Fraction(max(here, there) - min(here, there))


def _below_zero(text: str) -> Fraction:
    if not re.search(r"\b(below|under|owes)\b", text):
        raise ValueError(text)
    return Fraction(0) - numbers_in(text)[0]


def _undo(text: str) -> Fraction:
    start = whole_in(text)[0]
    return next(Fraction(x) for n in count() for x in (n, -n) if start + x == 0)


def _from_zero(text: str) -> Fraction:
    here = whole_in(text)[0]
    return Fraction(len(range(min(here, 0), max(here, 0))))


def _farther(text: str) -> str:
    first, second = whole_in(text)[:2]
    one, other = options_in(text, among=2)
    return one if first * first > second * second else other


COUNTING: Mapping[str, Solver] = {
    "count-marks": _count_marks,
    "greater-marks": _more_marks,
    "next": _next,
    "sum": add,
    "difference": take_away,
    "come-and-go": _come_and_go,
    "same-sum": _same_sum,
    "balance": _balance,
    "even": lambda text: yes_or_no(_pairs_off(text)),
    "even-word": lambda text: "even" if _pairs_off(text) else "odd",
    "hundreds": _hundreds,
    "words": _from_words,
    "pattern": _pattern,
    "product": repeat,
    "lots-and-more": _lots_and_more,
    "lots-less": _lots_less,
    "distribute": _split_lots,
    "times-less": _lots_of_rest,
    "write-total": _write_total,
    "change": _change,
    "greater": _greater,
    "largest": _greatest,
    "round": _rounded,
    "round-place": _rounded_place,
    "round-dollar": lambda text: nearest(numbers_in(text)[0], Fraction(1)),
    "round-sum": _rounded_sum,
    "nth-term": _walk_pattern,
    "growth-gap": _walk_apart,
    "signed-word": _below_zero,
    "opposite": _undo,
    "absolute": _from_zero,
    "greater-size": _farther,
}
