"""Ratios, rates, percents, and equations solved by trying."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import count

from examples.answer_checker.dealing import reduced, split
from examples.answer_checker.reading import (
    Solver,
    UnsolvedError,
    numbers_in,
    options_in,
    percent_in,
    whole_in,
    yes_or_no,
)

_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


def _ratio(text: str) -> str:
    a, b = whole_in(text)[:2]
    return "{}:{}".format(*reduced(a, b))


def _ratio_of_all(text: str) -> str:
    a, b = whole_in(text)[:2]
    return "{}:{}".format(*reduced(a, len([*range(a), *range(b)])))


def _proportion(text: str) -> Fraction:
    """Go by way of one: as much for one, then for all."""
    much, lots, wanted = numbers_in(text)[:3]
    one = split(much, lots)
    return sum((one for _ in range(int(wanted))), Fraction(0))


def _sample(text: str) -> Fraction:
    size, hits, all_of_them = whole_in(text)[:3]
    seen = found = 0
    while seen < all_of_them:
        seen, found = seen + size, found + hits
    return Fraction(found)


def _percent_of(text: str) -> Fraction:
    share, whole = percent_in(text)
    return sum((whole / 1000 for _ in range(int(share * 10))), Fraction(0))


def _what_percent(text: str) -> Fraction:
    whole, part = whole_in(text)[:2]
    return next(Fraction(p) for p in range(101) if p * whole == part * 100)


def _price_off(text: str) -> Fraction:
    return percent_in(text)[1] - _percent_of(text)


def _price_up(text: str) -> Fraction:
    return percent_in(text)[1] + _percent_of(text)


def _same_ratio(text: str) -> str:
    a, b, c, d = whole_in(text)
    return yes_or_no(reduced(a, b) == reduced(c, d))


def _greater_rate(text: str) -> str:
    a, b, c, d = numbers_in(text)[:4]
    first, second = options_in(text, among=2)
    return first if split(a, b) > split(c, d) else second


def _slope(text: str) -> Fraction:
    x, y, u, v = whole_in(text)[:4]
    return next(Fraction(m) for n in count() for m in (n, -n) if y + sum(m for _ in range(x, u)) == v)


def _grown(start: int, rate: int, steps: int) -> int:
    for _ in range(steps):
        start += rate
    return start


def _rule_value(text: str) -> Fraction:
    rate, start, steps = whole_in(text)[:3]
    return Fraction(_grown(start, rate, steps))


def _predicted(text: str) -> Fraction:
    start, rate, steps = whole_in(text)[:3]
    return Fraction(_grown(start, rate, steps))


def _write_rule(text: str) -> str:
    start, rate = whole_in(text)
    return f"{rate}x + {start}"


def _write_times(text: str) -> str:
    (each,) = whole_in(text)
    return f"{each}x"


def _before(text: str) -> Fraction:
    added, now = numbers_in(text)[-2:]
    return now - added


def _each(text: str) -> Fraction:
    lots, whole = numbers_in(text)[-2:]
    return split(whole, lots)


def _inequality(text: str) -> str:
    signs = {"at least": "≥", "at most": "≤", "more than": ">", "less than": "<"}
    word = next(word for word in signs if f" {word} " in text)
    return f"x {signs[word]} {whole_in(text)[0]}"


def _bound(text: str) -> tuple[int, int, int]:
    """Return (whole, taken, size of a lot), from an inequality or from a story."""
    found = whole_in(text)
    if "x +" in text:
        size, taken, whole = found[:3]
        return whole, taken, size
    return found[0], found[1], found[2]


def _at_most(text: str) -> Fraction:
    whole, taken, size = _bound(text)
    return Fraction(next(x for x in count() if taken + (x + 1) * size > whole))


def _at_least(text: str) -> Fraction:
    whole, had, size = _bound(text)
    return Fraction(next(x for x in count() if had + x * size >= whole))


def _by_trying(holds: Callable[[int], bool]) -> Fraction:
    return next(Fraction(x) for x in range(10_000) if holds(x))


def _two_step(text: str) -> Fraction:
    each, start, whole = whole_in(text)[:3]
    return _by_trying(lambda x: each * x + start == whole)


def _meet(text: str) -> Fraction:
    found = whole_in(text)[:4]
    m, a, n, b = found if "x +" in text else (found[1], found[0], found[3], found[2])
    return _by_trying(lambda x: m * x + a == n * x + b)


def _mixture(text: str) -> Fraction:
    found = whole_in(text)[:4]
    count_of_all, worth, m, n = found if "x + y" not in text else (found[0], found[3], found[1], found[2])
    return _by_trying(lambda x: m * x + n * (count_of_all - x) == worth)


def _sum_and_gap(text: str) -> Fraction:
    both, gap = whole_in(text)[:2]
    return _by_trying(lambda x: x + (x - gap) == both)


def _greater_plan(text: str) -> str:
    m, a, n, b, steps = whole_in(text)[:5]
    return "the first" if _grown(a, m, steps) > _grown(b, n, steps) else "the second"


def _terms(values: Iterator[tuple[int, int]]) -> str:
    """Return a line through two points as text, found from its values at 0 and 1."""
    (_, start), (_, next_one) = values
    return f"{next_one - start}x + {start}"


def _combine(text: str) -> str:
    a, b, c = whole_in(text)
    return _terms((x, sum(x for _ in range(a)) + b + sum(x for _ in range(c))) for x in (0, 1))


def _expand(text: str) -> str:
    n, a, b = whole_in(text)
    return _terms((x, sum(a * x + b for _ in range(n))) for x in (0, 1))


def _growth(text: str) -> Fraction:
    now, factor, times = whole_in(text)
    for _ in range(times):
        now = sum(now for _ in range(factor))
    return Fraction(now)


def _power(text: str) -> Fraction:
    found = whole_in(text)
    choices, places = found if "to the power of" in text else (found[1], found[0])
    ways = 1
    for _ in range(places):
        ways = sum(ways for _ in range(choices))
    return Fraction(ways)


def _scientific_in(text: str) -> list[Fraction]:
    """Shift the point of each number as far as its power of ten says."""
    found = []
    for digits, power in re.findall(r"([\d.]+) × 10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text):
        before, _, after = digits.partition(".")
        places = int(power.translate(_SUPERSCRIPT))
        found.append(Fraction(f"{before}{after[:places]:0<{places}}.{after[places:] or 0}"))
    return found


def _scientific(text: str) -> Fraction:
    return _scientific_in(text)[0]


def _scientific_ratio(text: str) -> Fraction:
    large, small = _scientific_in(text)
    return split(large, small)


def _root(text: str) -> Fraction:
    square = numbers_in(text)[0]
    return _by_trying(lambda x: x * x == square)


def _cube_root(text: str) -> Fraction:
    cube = numbers_in(text)[0]
    return _by_trying(lambda x: x * x * x == cube)


def _root_floor(text: str) -> Fraction:
    square = numbers_in(text)[0]
    return _by_trying(lambda x: x * x < square < (x + 1) * (x + 1))


def _root_near(text: str) -> Fraction:
    """Compare with the square of the number halfway to the next."""
    square = numbers_in(text)[0]
    below = _root_floor(text)
    if (below + Fraction(1, 2)) ** 2 == square:
        raise UnsolvedError("root-near", text)
    return below if (below + Fraction(1, 2)) ** 2 > square else below + 1


ALGEBRA: Mapping[str, Solver] = {
    "ratio": _ratio,
    "ratio-of-all": _ratio_of_all,
    "proportion": _proportion,
    "proportion-up": _sample,
    "percent-of": _percent_of,
    "what-percent": _what_percent,
    "price-off": _price_off,
    "price-up": _price_up,
    "same-ratio": _same_ratio,
    "greater-rate": _greater_rate,
    "greater-chance": _greater_rate,
    "slope": _slope,
    "linear": _rule_value,
    "linear-start": _predicted,
    "write-linear": _write_rule,
    "write-times": _write_times,
    "difference-back": _before,
    "quotient-back": _each,
    "inequality": _inequality,
    "full-after": _at_most,
    "enough-after": _at_least,
    "two-step": _two_step,
    "meet": _meet,
    "two-unknowns": _mixture,
    "sum-and-gap": _sum_and_gap,
    "greater-linear": _greater_plan,
    "combine": _combine,
    "expand": _expand,
    "growth": _growth,
    "power": _power,
    "scientific": _scientific,
    "scientific-ratio": _scientific_ratio,
    "root": _root,
    "cube-root": _cube_root,
    "root-floor": _root_floor,
    "root-near": _root_near,
}
