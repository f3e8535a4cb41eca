"""Numbers that a task shows as words: the names of shapes and parts, spelled-out numbers, clock times."""

from __future__ import annotations

import random
from fractions import Fraction

from examples.numbers import Number

SHAPES = {3: "triangle", 4: "square", 5: "pentagon", 6: "hexagon", 8: "octagon"}
PAIRS = {3: "triangle or a square", 5: "pentagon or a hexagon"}
PARTS = {2: "halves", 3: "thirds", 4: "fourths", 6: "sixths", 8: "eighths"}
PLACES = {"1": "whole number", "0.1": "tenth", "0.01": "hundredth"}
LIMITS = ("at least", "at most", "more than", "less than")
_ONES = [
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
_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def spelled(count: int) -> str:
    """Return a whole number below one million in words, as schools spell it: no `and`, tens and ones joined."""
    if count < len(_ONES):
        return _ONES[count]
    if count < 100:  # noqa: PLR2004 - two digits
        return _TENS[count // 10] + (f"-{_ONES[count % 10]}" if count % 10 else "")
    unit, name = (1000, "thousand") if count >= 1000 else (100, "hundred")  # noqa: PLR2004 - four digits
    rest = f" {spelled(count % unit)}" if count % unit else ""
    return f"{spelled(count // unit)} {name}{rest}"


def shape_name(sides: int) -> str:
    """Return the name of the shape with so many sides."""
    return SHAPES[sides]


def clock(minutes: int) -> Number:
    """Return a time of day on a clock of twelve hours, from minutes since 0:00."""
    hour = (minutes // 60 - 1) % 12 + 1
    return Number(Fraction(minutes), f"{hour}:{minutes % 60:02d}")


def draw_word(dice: random.Random, kind: str, spec: str) -> Number | None:
    """Return a number shown as a word, or None where `kind` is none of ours.

    `sides:3|4`, `pair:3|5` (a shape and the next), `cut:2|4`, `place:1|0.1`, `words:100..999`,
    `clock:480..690/30` (minutes since 0:00), `limit:0|1` (an index into LIMITS) and `axis:x|y`.
    """
    match kind:
        case "words":
            low, _, high = spec.partition("..")
            count = dice.randint(int(low), int(high))
            return Number(Fraction(count), spelled(count))
        case "clock":
            span, _, step = spec.partition("/")
            low, _, high = span.partition("..")
            return clock(dice.randrange(int(low), int(high) + 1, int(step)))
        case "sides" | "pair" | "cut" | "limit" | "place" | "axis":
            return _word_for(kind, dice.choice(spec.split("|")))
        case _:
            return None


def _word_for(kind: str, choice: str) -> Number:
    match kind:
        case "sides":
            return Number(Fraction(choice), SHAPES[int(choice)])
        case "pair":
            return Number(Fraction(choice), PAIRS[int(choice)])
        case "cut":
            return Number(Fraction(choice), PARTS[int(choice)])
        case "place":
            return Number(Fraction(choice), PLACES[choice])
        case "limit":
            return Number(Fraction(choice), LIMITS[int(choice)])
        case _:
            return Number(Fraction(0), choice)
