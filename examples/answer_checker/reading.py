"""Reads numbers, marks, names and times back from the text of a task."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from itertools import count, islice

from examples.names import FIRST

Solver = Callable[[str], Fraction | str]
NUMBER = re.compile(
    r"(?<![\w.,/])(?P<sign>-?)\$?(?:(?P<clock>\d{1,2}:\d\d)|(?P<mixed>\d+ \d+/\d+)|(?P<fraction>\d+/\d+)"
    r"|(?P<plain>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?))"
)
MARKS = "●▲♪■★"


class UnsolvedError(ValueError):
    """A text cannot be solved: the kind is unknown, or the numbers in it do not fit the kind."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"cannot solve a {kind!r} in {text!r}")
        self.kind = kind
        self.text = text


def numbers_in(text: str) -> list[Fraction]:
    """Return the numbers that a text shows in digits, in order; a clock time is its minutes since 0:00."""
    return [_read(found) for found in NUMBER.finditer(text)]


def _read(found: re.Match[str]) -> Fraction:
    sign = -1 if found["sign"] else 1
    if found["clock"]:
        hours, _, minutes = found["clock"].partition(":")
        return Fraction(int(hours) * 60 + int(minutes))
    if found["mixed"]:
        units, part = found["mixed"].split()
        return sign * (int(units) + Fraction(part))
    return sign * Fraction((found["fraction"] or found["plain"]).replace(",", ""))


def whole_in(text: str) -> list[int]:
    """Return the numbers of a text that holds whole numbers only.

    Raises:
        ValueError: one of them is not whole.
    """
    found = numbers_in(text)
    if any(number.denominator != 1 for number in found):
        raise ValueError(text)
    return [int(number) for number in found]


def names_in(text: str) -> list[str]:
    """Return the people's names in a text, in the order in which they are first named."""
    found = re.findall(r"\b[A-Z][a-z]+\b", text)
    return list(dict.fromkeys(name for name in found if name in FIRST))


def options_in(text: str, *, among: int, skip: int = 0) -> list[str]:
    """Return what a question lets one choose from.

    These are people where enough are named, else colors, else the first and the second where the text speaks of them,
    else the numbers after the first `skip` ones.
    """
    people = names_in(text)
    if len(people) >= among:
        return people[:among]
    colors = list(dict.fromkeys(re.findall(r"\b(?:red|blue|green)\b", text)))
    if len(colors) >= among:
        return colors[:among]
    if "the first or the second" in text:
        return ["the first", "the second"]
    return [found[0].lstrip("$") for found in islice(NUMBER.finditer(text), skip, skip + among)]


def cut_alike(values: list[Fraction]) -> tuple[list[int], int]:
    """Cut all values into pieces of one size, found by trying sizes; return how many each has, and how many make 1."""
    size = next(d for d in count(1) if all((value * d).denominator == 1 for value in values))
    return [int(value * size) for value in values], size


def percent_in(text: str) -> tuple[Fraction, Fraction]:
    """Return the percentage and the other number of a text."""
    found = re.search(r"([\d.]+)%", text)
    if not found:
        raise UnsolvedError("percent", text)
    share = Fraction(found[1])
    rest = numbers_in(text.replace(found[0], " "))
    return share, rest[0]


def yes_or_no(truth: bool) -> str:  # noqa: FBT001 - the truth is what it is about
    """Return the word for a truth."""
    return "yes" if truth else "no"
