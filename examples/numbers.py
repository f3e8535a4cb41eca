"""Numbers as a task shows them, and how they are drawn from a range written in a few characters."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from fractions import Fraction


class SpecError(ValueError):
    """A range of numbers is not written in one of the known ways."""

    def __init__(self, spec: str) -> None:
        super().__init__(f"{spec!r} is no range of numbers")
        self.spec = spec


@dataclass(frozen=True, slots=True)
class Number:
    """A value and the characters that stand for it in a text; 2/4 and 1/2 are one value shown in two ways."""

    value: Fraction
    shown: str

    @property
    def parts(self) -> tuple[int, int]:
        """Numerator and denominator of the fraction as it is shown, not reduced."""
        found = re.search(r"(\d+)/(\d+)$", self.shown)
        return (int(found[1]), int(found[2])) if found else (self.value.numerator, self.value.denominator)

    @property
    def singular(self) -> bool:
        """Whether a noun after it stands in the singular: 1 mile, 3/4 mile, but 0.5 miles."""
        return self.value == 1 or ("/" in self.shown and 0 < self.value < 1)


def whole(value: int | Fraction) -> Number:
    """Return a whole number, with commas from 10,000 on (a school's habit; 4-digit years and sums stay plain)."""
    count = int(value)
    return Number(Fraction(count), f"{count:,}" if abs(count) >= 10_000 else str(count))  # noqa: PLR2004 - see above


def fraction(top: int, bottom: int) -> Number:
    """Return top/bottom, shown as it is given."""
    return Number(Fraction(top, bottom), f"{top}/{bottom}")


def mixed(value: Fraction) -> Number:
    """Return a value as a whole number and a proper fraction in lowest terms."""
    units, rest = divmod(abs(value), 1)
    sign = "-" if value < 0 else ""
    if not rest:
        return whole(value)
    shown = f"{rest.numerator}/{rest.denominator}"
    return Number(value, f"{sign}{units} {shown}" if units else f"{sign}{shown}")


def decimal(value: Fraction, places: int | None = None) -> Number:
    """Return a value as a decimal with `places` digits, or as many as it needs.

    Raises:
        SpecError: the value has no finite decimal expansion.
    """
    needed = next((n for n in range(12) if (value * 10**n).denominator == 1), None)
    if needed is None:
        raise SpecError(str(value))
    digits = needed if places is None else max(places, needed)
    scaled = abs(int(value * 10**digits))
    text = f"{scaled:0{digits + 1}d}"
    shown = f"{whole(int(text[:-digits])).shown}.{text[-digits:]}" if digits else whole(scaled).shown
    return Number(value, f"-{shown}" if value < 0 else shown)


def money(value: Fraction) -> Number:
    """Return a price: $4 or $4.50."""
    return Number(value, f"${whole(value).shown}" if value.denominator == 1 else f"${decimal(value, 2).shown}")


def percent(value: Fraction) -> Number:
    """Return a share as a percentage; the value stays the number of percent."""
    return Number(value, f"{decimal(value).shown}%")


def is_decimal(value: Fraction) -> bool:
    """Return whether a value can be written with finitely many decimals."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return rest == 1


def draw(dice: random.Random, spec: str) -> Number:
    """Return a number from a range.

    `3..9` and `20..90/10` are whole numbers (with a step), `0.5..9.5/0.1` decimals, `$1..9/0.25` prices,
    `5..95/5%` percentages, `2|3|5` a choice, `f:2|4|8` a proper fraction in lowest terms with one of these
    denominators, `F:4|6` one that may be reducible, `u:3|5` a unit fraction, `i:2|3` a fraction between 1 and 2,
    `m1..4:2|3` a mixed number with a whole part from 1 to 4; what a task shows as words is drawn by `words.draw_word`.

    Raises:
        SpecError: the range is not written in one of these ways.
    """
    if found := re.fullmatch(r"([fFui]):([\d|]+)", spec):
        return _draw_fraction(dice, found[1], int(dice.choice(found[2].split("|"))))
    if found := re.fullmatch(r"m(\d+)\.\.(\d+):([\d|]+)", spec):
        part = _draw_fraction(dice, "f", int(dice.choice(found[3].split("|"))))
        return mixed(dice.randint(int(found[1]), int(found[2])) + part.value)
    if ".." not in spec:
        return _literal(dice.choice(spec.split("|")))
    return _draw_range(dice, spec)


def _draw_fraction(dice: random.Random, kind: str, bottom: int) -> Number:
    if kind == "u":
        return fraction(1, bottom)
    tops = [n for n in range(1, bottom) if kind == "F" or Fraction(n, bottom).denominator == bottom]
    top = dice.choice(tops)
    return fraction(top + bottom, bottom) if kind == "i" else fraction(top, bottom)


def _literal(text: str) -> Number:
    if text.startswith("$"):
        return money(Fraction(text[1:]))
    try:
        value = Fraction(text)
    except ValueError as error:
        raise SpecError(text) from error
    if value.denominator == 1 and "." not in text:
        return whole(value)
    return Number(value, text)


def _draw_range(dice: random.Random, spec: str) -> Number:
    found = re.fullmatch(r"(\$?)(-?[\d.]+?)\.\.(-?[\d.]+)(?:/([\d.]+))?(%?)", spec)
    if not found:
        raise SpecError(spec)
    low, high, step = Fraction(found[2]), Fraction(found[3]), Fraction(found[4] or "1")
    if low > high:
        raise SpecError(spec)
    value = low + dice.randint(0, int((high - low) / step)) * step
    if found[1]:
        return money(value)
    if found[5]:
        return percent(value)
    return decimal(value)
