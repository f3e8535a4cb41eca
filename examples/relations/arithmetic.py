"""Counting, the four operations, fractions and decimals."""

from __future__ import annotations

import math
from fractions import Fraction

from examples.numbers import Number, decimal, fraction, money, whole
from examples.relations.values import (
    Choice,
    Quantities,
    Relation,
    distinct,
    larger,
    like,
    lowest,
    picks,
    times,
    total,
    val,
)


def _dealt(q: Quantities) -> dict[str, Number]:
    lots, size, rest = picks(q, "qnr")
    return {"t": whole(lots * size + rest)}


def _rescaled(q: Quantities) -> dict[str, Number]:
    return {"c": whole(q["a"].parts[1] * val(q, "k"))}


def _grouped(q: Quantities) -> dict[str, Number]:
    return {"t": like(val(q, "q") * val(q, "n"), q["q"], q["n"])}


def _evened(q: Quantities) -> dict[str, Number]:
    a, b, c = picks(q, "abc")
    return {"d": whole(a + b - c + val(q, "off"))}


def _stepped(q: Quantities) -> dict[str, Number]:
    a, d = picks(q, "ad")
    return {"b": whole(a + d), "c": whole(a + 2 * d)}


def round_to(value: Fraction, unit: Fraction) -> Fraction:
    """Round half up to a multiple of `unit`, as schools do."""
    return math.floor(value / unit + Fraction(1, 2)) * unit


def _divisors(number: int) -> int:
    return sum(1 for n in range(1, number + 1) if number % n == 0)


def _gcf(q: Quantities) -> Fraction:
    return Fraction(math.gcd(int(val(q, "a")), int(val(q, "b"))))


def _write_total(q: Quantities) -> str:
    return f"{q['n'].shown} × ({q['a'].shown} + {q['b'].shown})"


ARITHMETIC: dict[str, Relation] = {
    "count-marks": Relation(total),
    "greater-marks": Relation(lambda q: larger(*picks(q, "ab")), valid=distinct("a", "b")),
    "next": Relation(lambda q: val(q, "a") + 1),
    "sum": Relation(total),
    "difference": Relation(lambda q: val(q, "a") - val(q, "b")),
    "come-and-go": Relation(lambda q: val(q, "a") + val(q, "b") - val(q, "c")),
    "same-sum": Relation(
        lambda q: Choice(0 if val(q, "off") == 0 else 1), _evened, lambda q: val(q, "d") > 0 and distinct("a", "c")(q)
    ),
    "balance": Relation(lambda q: val(q, "a") + val(q, "b") - val(q, "c"), valid=distinct("a", "c")),
    "even": Relation(lambda q: Choice(int(val(q, "a") % 2))),
    "even-word": Relation(lambda q: Choice(int(val(q, "a") % 2))),
    "hundreds": Relation(lambda q: 100 * val(q, "h") + 10 * val(q, "t") + val(q, "o")),
    "words": Relation(lambda q: val(q, "w")),
    "pattern": Relation(lambda q: val(q, "a") + 3 * val(q, "d"), _stepped),
    "product": Relation(times),
    "lots-and-more": Relation(lambda q: val(q, "n") * val(q, "m") + val(q, "r")),
    "lots-less": Relation(lambda q: val(q, "n") * val(q, "m") - val(q, "r")),
    "distribute": Relation(lambda q: val(q, "n") * (val(q, "a") + val(q, "b"))),
    "times-less": Relation(lambda q: val(q, "n") * (val(q, "a") - val(q, "b"))),
    "write-total": Relation(_write_total),
    "change": Relation(lambda q: val(q, "t") - val(q, "n") * val(q, "p")),
    "quotient": Relation(lambda q: val(q, "q"), _grouped),
    "left-over": Relation(lambda q: val(q, "r"), _dealt, lambda q: 0 < val(q, "r") < val(q, "n")),
    "full": Relation(lambda q: val(q, "q"), _dealt, lambda q: val(q, "r") < val(q, "n")),
    "enough": Relation(lambda q: val(q, "q") + 1, _dealt, lambda q: 0 < val(q, "r") < val(q, "n")),
    "divides": Relation(lambda q: Choice(0 if val(q, "r") == 0 else 1), _dealt, lambda q: val(q, "r") < val(q, "n")),
    "divisors": Relation(lambda q: Fraction(_divisors(int(val(q, "n"))))),
    "lcm": Relation(lambda q: val(q, "a") * val(q, "b") / _gcf(q), valid=distinct("a", "b")),
    "gcf": Relation(_gcf, valid=distinct("a", "b")),
    "greater": Relation(lambda q: larger(*picks(q, "ab")), valid=distinct("a", "b")),
    "largest": Relation(lambda q: larger(*picks(q, "abc")), valid=distinct("a", "b", "c")),
    "round": Relation(lambda q: round_to(val(q, "a"), val(q, "u"))),
    "round-place": Relation(lambda q: decimal(round_to(val(q, "a"), val(q, "u")))),
    "round-dollar": Relation(lambda q: money(round_to(val(q, "p"), Fraction(1)))),
    "round-sum": Relation(lambda q: round_to(val(q, "a"), val(q, "u")) + round_to(val(q, "b"), val(q, "u"))),
    "nth-term": Relation(lambda q: val(q, "a") + (val(q, "n") - 1) * val(q, "d")),
    "growth-gap": Relation(lambda q: val(q, "n") * abs(val(q, "b") - val(q, "a")), valid=distinct("a", "b")),
    "part": Relation(lambda q: fraction(int(val(q, "k")), int(val(q, "n")))),
    "part-left": Relation(lambda q: fraction(int(val(q, "n") - val(q, "k")), int(val(q, "n")))),
    "part-lowest": Relation(lambda q: lowest(val(q, "k"), val(q, "n"), "/")),
    "rest-lowest": Relation(lambda q: lowest(val(q, "n") - val(q, "k"), val(q, "n"), "/")),
    "part-decimal": Relation(lambda q: decimal(val(q, "k") / val(q, "n"))),
    "as-decimal": Relation(lambda q: decimal(val(q, "a"))),
    "rest-of-one": Relation(lambda q: 1 - val(q, "a") - val(q, "b")),
    "simplify": Relation(lambda q: lowest(val(q, "a"), Fraction(1), "/")),
    "equivalent": Relation(lambda q: q["a"].parts[0] * val(q, "k"), _rescaled),
    "unit-count": Relation(lambda q: Fraction(q["a"].parts[0]), lambda q: {"u": fraction(1, q["a"].parts[1])}),
    "share-out": Relation(lambda q: val(q, "a") / val(q, "n")),
    "part-shared": Relation(lambda q: val(q, "f") / val(q, "n")),
    "scaling": Relation(lambda q: Choice(0 if val(q, "f") > 1 else 1)),
    "greater-scaled": Relation(lambda q: larger(*picks(q, "ab")), valid=distinct("a", "b")),
    "signed-word": Relation(lambda q: whole(-val(q, "n"))),
    "opposite": Relation(lambda q: whole(-val(q, "a"))),
    "absolute": Relation(lambda q: abs(val(q, "a"))),
    "greater-size": Relation(
        lambda q: larger(abs(val(q, "a")), abs(val(q, "b"))), valid=lambda q: abs(val(q, "a")) != abs(val(q, "b"))
    ),
    "signed-share": Relation(lambda q: val(q, "q"), _grouped),
}
