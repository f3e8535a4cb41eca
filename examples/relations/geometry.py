"""Shapes, time, areas, volumes, angles, grids and right triangles."""

from __future__ import annotations

from fractions import Fraction

from examples.number_words import clock, shape_name
from examples.numbers import Number, decimal, whole
from examples.relations.values import Choice, Quantities, Relation, picks, val

PI = Fraction(314, 100)
"""As the tasks tell the student to take it."""
TRIPLES = ((3, 4, 5), (5, 12, 13), (8, 15, 17), (7, 24, 25), (20, 21, 29), (4, 3, 5), (12, 5, 13), (15, 8, 17))


def _triple(q: Quantities) -> dict[str, Number]:
    a, b, c = TRIPLES[int(val(q, "i"))]
    k = val(q, "k")
    sides = {"a": whole(a * k), "b": whole(b * k), "c": whole(c * k + (val(q, "off") if "off" in q else 0))}
    if "x" in q:
        return sides | {"u": whole(val(q, "x") + a * k), "v": whole(val(q, "y") + b * k)}
    return sides


def _nearly_flat(q: Quantities) -> dict[str, Number]:
    return {"c": whole(val(q, "a") + val(q, "b") + val(q, "off"))}


def _surface(q: Quantities) -> Fraction:
    a, b, c = picks(q, "abc")
    return 2 * (a * b + b * c + a * c)


def _two_boxes(q: Quantities) -> Fraction:
    a, b, c, d, e, f = picks(q, "abcdef")
    return a * b * c + d * e * f


def _walked(q: Quantities) -> str:
    x, y, a, b = picks(q, "xyab")
    return f"({x + a}, {y + b})"


def _mirrored(q: Quantities) -> str:
    x, y = picks(q, "xy")
    return f"({x}, {-y})" if q["w"].shown == "x" else f"({-x}, {y})"


def _around(q: Quantities) -> Fraction:
    x, y, u, v = picks(q, "xyuv")
    return 2 * (abs(x - u) + abs(y - v))


def _triangle_closes(q: Quantities) -> Choice:
    return Choice(0 if val(q, "off") < 0 else 1)


GEOMETRY: dict[str, Relation] = {
    "sides": Relation(lambda q: val(q, "s")),
    "shape-of": Relation(
        lambda q: shape_name(int(val(q, "n"))), valid=lambda q: val(q, "o") <= val(q, "n") <= val(q, "o") + 1
    ),
    "sides-all": Relation(lambda q: val(q, "n") * val(q, "s")),
    "cut": Relation(lambda q: val(q, "c")),
    "cut-less": Relation(lambda q: val(q, "c") - 1),
    "clock-later": Relation(lambda q: clock(int(val(q, "s") + val(q, "m")))),
    "clock-span": Relation(lambda q: val(q, "m"), lambda q: {"e": clock(int(val(q, "s") + val(q, "m")))}),
    "perimeter": Relation(lambda q: 2 * (val(q, "a") + val(q, "b"))),
    "side-of-perimeter": Relation(lambda q: val(q, "b"), lambda q: {"p": whole(2 * (val(q, "a") + val(q, "b")))}),
    "two-products": Relation(lambda q: val(q, "a") * val(q, "b") + val(q, "c") * val(q, "d")),
    "products-less": Relation(
        lambda q: val(q, "a") * val(q, "b") - val(q, "c") * val(q, "d"),
        valid=lambda q: val(q, "c") < val(q, "a") and val(q, "d") < val(q, "b"),
    ),
    "height-of-box": Relation(lambda q: val(q, "c"), lambda q: {"v": whole(val(q, "a") * val(q, "b") * val(q, "c"))}),
    "two-boxes": Relation(_two_boxes),
    "triangle": Relation(lambda q: val(q, "a") * val(q, "b") / 2),
    "surface": Relation(_surface),
    "cube-surface": Relation(lambda q: 6 * val(q, "s") ** 2),
    "rest-180": Relation(lambda q: 180 - val(q, "a") - val(q, "b")),
    "circle-around": Relation(lambda q: decimal(PI * val(q, "d"))),
    "circle-area": Relation(lambda q: decimal(PI * val(q, "r") ** 2)),
    "cylinder": Relation(lambda q: decimal(PI * val(q, "r") ** 2 * val(q, "h"))),
    "cone": Relation(lambda q: decimal(PI * val(q, "r") ** 2 * val(q, "h") / 3)),
    "walk": Relation(_walked),
    "mirror": Relation(_mirrored),
    "grid-gap": Relation(lambda q: abs(val(q, "x") - val(q, "u"))),
    "grid-around": Relation(_around, valid=lambda q: val(q, "x") != val(q, "u") and val(q, "y") != val(q, "v")),
    "grid-straight": Relation(lambda q: val(q, "c"), _triple),
    "hypotenuse": Relation(lambda q: val(q, "c"), _triple),
    "right-missing": Relation(lambda q: val(q, "c"), _triple),
    "leg": Relation(lambda q: val(q, "b"), _triple),
    "right-triangle": Relation(lambda q: Choice(0 if val(q, "off") == 0 else 1), _triple),
    "triangle-or-not": Relation(_triangle_closes, _nearly_flat, lambda q: val(q, "c") > abs(val(q, "a") - val(q, "b"))),
}
