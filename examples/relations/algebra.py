"""Rates, proportions, percents, expressions, equations, functions and powers."""

from __future__ import annotations

from fractions import Fraction

from examples.numbers import Number, whole
from examples.relations.values import Choice, Quantities, Relation, distinct, larger, like, lowest, picks, val

_SIGNS = ("≥", "≤", ">", "<")


def _proportion(q: Quantities) -> dict[str, Number]:
    """Derive the larger amount from a factor, or both amounts from a speed."""
    if "speed" in q:
        return {"a": whole(val(q, "speed") * val(q, "n"))}
    return {"m": whole(val(q, "n") * val(q, "k"))}


def _twin_ratio(q: Quantities) -> dict[str, Number]:
    return {"c": whole(val(q, "a") * val(q, "k")), "d": whole(val(q, "b") * val(q, "k") + val(q, "off"))}


def _two_rates(q: Quantities) -> dict[str, Number]:
    return {"a": whole(val(q, "r") * val(q, "b")), "c": whole(val(q, "s") * val(q, "d"))}


def _on_line(q: Quantities) -> dict[str, Number]:
    x, u, m, b = picks(q, "xumb")
    return {"y": whole(b + m * x), "v": whole(b + m * u)}


def _meeting(q: Quantities) -> dict[str, Number]:
    a, m, n, x = picks(q, "amnx")
    return {"b": whole(a + (m - n) * x)}


def _mixture(q: Quantities) -> dict[str, Number]:
    x, y, m, n = picks(q, "xymn")
    return {"s": whole(x + y), "t": whole(m * x + n * y)}


def _after(q: Quantities) -> dict[str, Number]:
    a, n, lots, r = picks(q, "anqr")
    return {"t": whole(a + n * lots + r)}


def _linear(q: Quantities) -> Fraction:
    m, b, x = picks(q, "mbx")
    return m * x + b


def _plans(q: Quantities) -> tuple[Fraction, Fraction]:
    m, a, n, b, x = picks(q, "manbx")
    return m * x + a, n * x + b


def _ten(q: Quantities, name: str) -> Fraction:
    return Fraction(10) ** int(val(q, name))


def _scaled_pair(q: Quantities) -> dict[str, Number]:
    return {"a": like(val(q, "b") * val(q, "k"), q["b"]), "m": whole(val(q, "n") + val(q, "e"))}


ALGEBRA: dict[str, Relation] = {
    "ratio": Relation(lambda q: lowest(val(q, "a"), val(q, "b"), ":")),
    "ratio-of-all": Relation(lambda q: lowest(val(q, "a"), val(q, "a") + val(q, "b"), ":")),
    "proportion": Relation(lambda q: val(q, "a") * val(q, "m") / val(q, "n"), _proportion, distinct("n", "m")),
    "proportion-up": Relation(lambda q: val(q, "k") * val(q, "m"), lambda q: {"t": whole(val(q, "n") * val(q, "m"))}),
    "percent-of": Relation(lambda q: val(q, "n") * val(q, "p") / 100),
    "what-percent": Relation(lambda q: 100 * val(q, "k") / val(q, "n")),
    "price-off": Relation(lambda q: val(q, "n") * (100 - val(q, "p")) / 100),
    "price-up": Relation(lambda q: val(q, "n") * (100 + val(q, "p")) / 100),
    "same-ratio": Relation(
        lambda q: Choice(0 if val(q, "off") == 0 else 1),
        _twin_ratio,
        lambda q: val(q, "d") > 0 and distinct("a", "b")(q),
    ),
    "greater-rate": Relation(lambda q: larger(*picks(q, "rs")), _two_rates, distinct("r", "s")),
    "greater-chance": Relation(
        lambda q: larger(val(q, "a") / val(q, "b"), val(q, "c") / val(q, "d")),
        valid=lambda q: (
            val(q, "a") < val(q, "b")
            and val(q, "c") < val(q, "d")
            and val(q, "a") * val(q, "d") != val(q, "c") * val(q, "b")
        ),
    ),
    "slope": Relation(lambda q: val(q, "m"), _on_line),
    "linear": Relation(_linear),
    "linear-start": Relation(_linear),
    "write-linear": Relation(lambda q: f"{q['m'].shown}x + {q['b'].shown}"),
    "write-times": Relation(lambda q: f"{q['m'].shown}x"),
    "difference-back": Relation(
        lambda q: val(q, "x"), lambda q: {"t": like(val(q, "x") + val(q, "a"), q["x"], q["a"])}
    ),
    "quotient-back": Relation(lambda q: val(q, "x"), lambda q: {"t": like(val(q, "x") * val(q, "n"), q["x"], q["n"])}),
    "inequality": Relation(lambda q: f"x {_SIGNS[int(val(q, 'w'))]} {q['n'].shown}"),
    "full-after": Relation(lambda q: val(q, "q"), _after, lambda q: val(q, "r") < val(q, "n")),
    "enough-after": Relation(lambda q: val(q, "q") + 1, _after, lambda q: 0 < val(q, "r") < val(q, "n")),
    "two-step": Relation(lambda q: val(q, "x"), lambda q: {"t": whole(val(q, "n") * val(q, "x") + val(q, "a"))}),
    "meet": Relation(lambda q: val(q, "x"), _meeting, lambda q: val(q, "m") > val(q, "n")),
    "two-unknowns": Relation(lambda q: val(q, "x"), _mixture, distinct("m", "n")),
    "sum-and-gap": Relation(lambda q: val(q, "y") + val(q, "d"), lambda q: {"s": whole(2 * val(q, "y") + val(q, "d"))}),
    "greater-linear": Relation(lambda q: larger(*_plans(q)), valid=lambda q: len(set(_plans(q))) > 1),
    "combine": Relation(lambda q: f"{val(q, 'a') + val(q, 'c')}x + {q['b'].shown}"),
    "expand": Relation(lambda q: f"{val(q, 'n') * val(q, 'a')}x + {val(q, 'n') * val(q, 'b')}"),
    "growth": Relation(lambda q: val(q, "a") * val(q, "f") ** int(val(q, "n"))),
    "power": Relation(lambda q: val(q, "s") ** int(val(q, "n"))),
    "scientific": Relation(lambda q: val(q, "a") * _ten(q, "n")),
    "scientific-ratio": Relation(lambda q: val(q, "k") * _ten(q, "e"), _scaled_pair),
    "root": Relation(lambda q: val(q, "s"), lambda q: {"t": whole(val(q, "s") ** 2)}),
    "cube-root": Relation(lambda q: val(q, "s"), lambda q: {"t": whole(val(q, "s") ** 3)}),
    "root-floor": Relation(
        lambda q: val(q, "s"),
        lambda q: {"t": whole(val(q, "s") ** 2 + val(q, "r"))},
        lambda q: 0 < val(q, "r") <= 2 * val(q, "s"),
    ),
    "root-near": Relation(
        lambda q: val(q, "s"),
        lambda q: {"t": whole(val(q, "s") ** 2 + val(q, "r"))},
        lambda q: -val(q, "s") < val(q, "r") <= val(q, "s") and val(q, "r") != 0,
    ),
}
