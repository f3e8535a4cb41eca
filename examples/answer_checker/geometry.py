"""Shapes, clocks, areas by counting squares, volumes by layers, angles, grids and right triangles by trying."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from itertools import product

from examples.answer_checker.reading import Solver, UnsolvedError, cut_alike, numbers_in, whole_in, yes_or_no

_CORNERS = {"triangle": 3, "square": 4, "pentagon": 5, "hexagon": 6, "octagon": 8}
_PIECES = {"halves": 2, "thirds": 3, "fourths": 4, "sixths": 6, "eighths": 8}


def _word_in(text: str, words: Mapping[str, int]) -> int:
    return next(value for word, value in words.items() if re.search(rf"\b{word}\b", text))


def _sides(text: str) -> Fraction:
    return Fraction(_word_in(text, _CORNERS))


def _shape(text: str) -> str:
    sides = whole_in(text)[0]
    return next(name for name, corners in _CORNERS.items() if corners == sides)


def _all_sides(text: str) -> Fraction:
    return Fraction(sum(_word_in(text, _CORNERS) for _ in range(whole_in(text)[0])))


def _cut(text: str) -> Fraction:
    return Fraction(_word_in(text, _PIECES))


def _later(text: str) -> str:
    """Turn the hand minute by minute."""
    found = re.search(r"(\d{1,2}):(\d\d)", text)
    if not found:
        raise UnsolvedError("clock-later", text)
    hour, minute = int(found[1]), int(found[2])
    for _ in range(int(numbers_in(text)[1])):
        minute += 1
        if minute == 60:  # noqa: PLR2004 - minutes in an hour
            hour, minute = hour % 12 + 1, 0
    return f"{hour}:{minute:02d}"


def _span(text: str) -> Fraction:
    start, end = whole_in(text)[:2]
    return Fraction(len(range(start, end)))


def _walk_around(text: str) -> Fraction:
    a, b = numbers_in(text)[:2]
    return a + b + a + b


def _other_side(text: str) -> Fraction:
    around, side = whole_in(text)[:2]
    return Fraction(next(x for x in range(around) if side + x + side + x == around))


def _squares(a: int, b: int) -> int:
    """Count the squares of a rectangle, row by row."""
    return sum(1 for _ in product(range(a), range(b)))


def _two_areas(text: str) -> Fraction:
    a, b, c, d = whole_in(text)[:4]
    return Fraction(_squares(a, b) + _squares(c, d))


def _area_left(text: str) -> Fraction:
    a, b, c, d = whole_in(text)[:4]
    return Fraction(sum(1 for x, y in product(range(a), range(b)) if x >= c or y >= d))


def _height(text: str) -> Fraction:
    volume, a, b = whole_in(text)[:3]
    layer, layers = _squares(a, b), 0
    while layer * layers < volume:
        layers += 1
    return Fraction(layers)


def _two_boxes(text: str) -> Fraction:
    a, b, c, d, e, f = whole_in(text)[:6]
    return Fraction(sum(_squares(a, b) for _ in range(c)) + sum(_squares(d, e) for _ in range(f)))


def _half_rectangle(text: str) -> Fraction:
    a, b = whole_in(text)[:2]
    return Fraction(_squares(a, b), 2)


def _faces(a: int, b: int, c: int) -> Fraction:
    return Fraction(sum(_squares(x, y) for x, y in ((a, b), (b, a), (b, c), (c, b), (a, c), (c, a))))


def _box_surface(text: str) -> Fraction:
    a, b, c = whole_in(text)[:3]
    return _faces(a, b, c)


def _cube_surface(text: str) -> Fraction:
    edge = whole_in(text)[0]
    return _faces(edge, edge, edge)


def _third_angle(text: str) -> Fraction:
    a, b = whole_in(text)[:2]
    return Fraction(len(range(a + b, 180)))


def _stated_pi(text: str) -> Fraction:
    found = re.search(r"Use ([\d.]+) for pi", text)
    if not found:
        raise UnsolvedError("circle", text)
    return Fraction(found[1])


def _around_circle(text: str) -> Fraction:
    return numbers_in(text)[0] * _stated_pi(text)


def _circle(text: str) -> Fraction:
    radius = whole_in(text.partition("Use")[0])[0]
    return _squares(radius, radius) * _stated_pi(text)


def _cylinder(text: str) -> Fraction:
    height = whole_in(text.partition("Use")[0])[1]
    return sum((_circle(text) for _ in range(height)), Fraction(0))


def _cone(text: str) -> Fraction:
    return _cylinder(text) / 3


def _walk(text: str) -> str:
    x, y, right, up = whole_in(text)[:4]
    return f"({x + right}, {y + up})"


def _mirror(text: str) -> str:
    """The point on the other side, as far from the axis."""
    x, y = whole_in(text)[:2]
    found = re.search(r"\b([xy])-axis", text)
    if not found:
        raise UnsolvedError("mirror", text)
    return f"({x}, {y - 2 * y})" if found[1] == "x" else f"({x - 2 * x}, {y})"


def _gap(text: str) -> Fraction:
    x, y, u, v = whole_in(text)[:4]
    if y != v:
        raise UnsolvedError("grid-gap", text)
    return Fraction(len(range(min(x, u), max(x, u))))


def _grid_around(text: str) -> Fraction:
    x, y, u, v = whole_in(text)[:4]
    return Fraction(2 * len(range(min(x, u), max(x, u))) + 2 * len(range(min(y, v), max(y, v))))


def _straight(text: str) -> Fraction:
    x, y, u, v = whole_in(text)[:4]
    return _longest(abs(u - x), abs(v - y))


def _longest(a: int, b: int) -> Fraction:
    return Fraction(next(c for c in range(a + b + 1) if _squares(a, a) + _squares(b, b) == c * c))


def _hypotenuse(text: str) -> Fraction:
    a, b = whole_in(text)[:2]
    return _longest(a, b)


def _leg(text: str) -> Fraction:
    c, a = whole_in(text)[:2]
    return Fraction(next(b for b in range(1, c) if _longest_or_none(a, b) == c))


def _longest_or_none(a: int, b: int) -> int | None:
    return next((c for c in range(max(a, b), a + b + 1) if a * a + b * b == c * c), None)


def _right(text: str) -> str:
    a, b, c = whole_in(text)[:3]
    return yes_or_no(_longest_or_none(a, b) == c)


def _closes(text: str) -> str:
    """Three sides close where each is shorter than the other two end to end."""
    (a, b, c), _ = cut_alike(numbers_in(text)[:3])
    return yes_or_no(all(x < y + z for x, y, z in ((a, b, c), (b, c, a), (c, a, b))))


GEOMETRY: Mapping[str, Solver] = {
    "sides": _sides,
    "shape-of": _shape,
    "sides-all": _all_sides,
    "cut": _cut,
    "cut-less": lambda text: _cut(text) - 1,
    "clock-later": _later,
    "clock-span": _span,
    "perimeter": _walk_around,
    "side-of-perimeter": _other_side,
    "two-products": _two_areas,
    "products-less": _area_left,
    "height-of-box": _height,
    "two-boxes": _two_boxes,
    "triangle": _half_rectangle,
    "surface": _box_surface,
    "cube-surface": _cube_surface,
    "rest-180": _third_angle,
    "circle-around": _around_circle,
    "circle-area": _circle,
    "cylinder": _cylinder,
    "cone": _cone,
    "walk": _walk,
    "mirror": _mirror,
    "grid-gap": _gap,
    "grid-around": _grid_around,
    "grid-straight": _straight,
    "hypotenuse": _hypotenuse,
    "right-missing": _hypotenuse,
    "leg": _leg,
    "right-triangle": _right,
    "triangle-or-not": _closes,
}
