"""Whether what a student wrote is the answer: exact rational arithmetic, and words apart from how they are typed."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from fractions import Fraction

MAX_LENGTH = 200
"""Longer answers are no answers to tasks with one field."""
_MAX_DIGITS = 30
_SIGNS = str.maketrans({"−": "-", "–": "-", "⁄": "/", "÷": "/", "∶": ":", "\u00a0": " ", "\u202f": " ", "’": "'"})
_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,3})((?:,\d{3})+)(?![\d,])")
_VULGAR = re.compile(r"[¼-¾⅐-⅞]")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?|-?\.\d+", re.ASCII)
_FRACTION = re.compile(r"(-?\d+) ?/ ?(\d+)", re.ASCII)
_MIXED = re.compile(r"(-?)(\d+) (\d+) ?/ ?(\d+)", re.ASCII)
_RATIO = re.compile(r"(\d+) ?: ?(\d+)", re.ASCII)


class Form(StrEnum):
    """What an answer looks like; the page says it beside the field."""

    NUMBER = "number"
    FRACTION = "fraction"
    MIXED = "mixed"
    RATIO = "ratio"
    POINT = "point"
    WORD = "word"


def form_of(expected: str) -> Form:
    """Return what the expected answer looks like."""
    text = _plain(expected)
    for form, pattern in ((Form.MIXED, _MIXED), (Form.FRACTION, _FRACTION), (Form.RATIO, _RATIO)):
        if pattern.fullmatch(text):
            return form
    if _NUMBER.fullmatch(_without_thousands(text)):
        return Form.NUMBER
    return Form.POINT if _point(text) is not None else Form.WORD


def is_right(expected: str, written: str, *, decimal_comma: bool = False) -> bool:
    """Whether an answer means the expected one: `6/8`, `0.75` and `75/100` are all `3/4`.

    Args:
        expected: the answer as the catalogue has it, with a decimal point.
        written: what the student wrote.
        decimal_comma: whether the student's language writes 0,75.
    """
    if len(written) > MAX_LENGTH:
        return False
    right, answer = _plain(expected), _plain(written)
    form = form_of(expected)
    if form is Form.POINT:
        return _point(right) == _point(answer)
    if form is Form.WORD:
        return _word(right) == _word(answer) != ""
    number = _written_number(answer, decimal_comma=decimal_comma)
    return number is not None and number == _number(_without_thousands(right))


def is_readable(expected: str, written: str, *, decimal_comma: bool = False) -> bool:
    """Whether a text is an answer of the kind that is due, right or wrong: `twelve` and `3 apples` are no numbers.

    The arguments are those of `is_right`; what is right is also readable.
    """
    if len(written) > MAX_LENGTH:
        return False
    answer = _plain(written)
    match form_of(expected):
        case Form.WORD:
            return _word(answer) != ""
        case Form.POINT:
            return _point(answer) is not None
        case _:
            return _written_number(answer, decimal_comma=decimal_comma) is not None


def value_of(expected: str) -> Fraction | None:
    """Return the number that an answer of the catalogue is; None for a word or a point."""
    return _number(_without_thousands(_plain(expected)))


def _plain(text: str) -> str:
    """Return a text with one kind of minus, slash and space, and ¾ written out."""
    spaced = _VULGAR.sub(lambda found: f" {unicodedata.normalize('NFKC', found[0])}", text)
    return " ".join(unicodedata.normalize("NFC", spaced).translate(_SIGNS).split())


def _without_thousands(text: str) -> str:
    return _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)


def _written_number(text: str, *, decimal_comma: bool) -> Fraction | None:
    """Return the number that a student wrote; None where it is none."""
    return _number(text.replace(",", ".") if decimal_comma else _without_thousands(text))


def _number(text: str) -> Fraction | None:
    """Return the number that a text writes; None where it writes none, or divides by zero."""
    if sum(each.isdigit() for each in text) > _MAX_DIGITS:
        return None
    try:
        if found := _MIXED.fullmatch(text):
            sign, whole, above, below = found.groups()
            size = int(whole) + Fraction(int(above), int(below))
            return -size if sign else size
        if found := _FRACTION.fullmatch(text) or _RATIO.fullmatch(text):
            return Fraction(int(found[1]), int(found[2]))
    except ZeroDivisionError:
        return None
    return Fraction(text) if _NUMBER.fullmatch(text) else None


def _point(text: str) -> tuple[Fraction, ...] | None:
    """Return the numbers of a point such as (3, 4)."""
    parts = re.split(r"[,;]", text.removeprefix("(").removesuffix(")"))
    numbers = [_number(part.strip()) for part in parts]
    found = tuple(number for number in numbers if number is not None)
    return found if len(found) == len(parts) > 1 else None


def _word(text: str) -> str:
    return text.casefold().strip(" .!?\"'")
