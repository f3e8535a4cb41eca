"""Fixed-point arithmetic: the logistic, the normal distribution and a hash, in integers alone.

Probabilities, logits and variances are integers in units of 1/10,000. The tables come from decimal arithmetic, which
gives the same results everywhere, as `math.exp` does not. So every machine comes to the same decision.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import lru_cache
from math import isqrt

SCALE = 10_000
"""One."""
SHRINKAGE_SCALE = 1_000_000
"""The unit of `shrinkage`."""
_FINE = 100_000_000
_STEP_BITS = 7
_STEP = 1 << _STEP_BITS
_PI_8 = 392_699
"""pi / 8 in millionths."""
_MASK = (1 << 64) - 1


def to_fixed(value: float) -> int:
    """Return a number in units of 1/10,000, ties to even."""
    return round(value * SCALE)


def _logistic_table(top: int) -> tuple[int, ...]:
    with localcontext() as context:
        context.prec = 28
        return tuple(
            int((Decimal(_FINE) / (1 + (-Decimal(step * _STEP) / SCALE).exp())).to_integral_value())
            for step in range(top * SCALE // _STEP + 2)
        )


def _normal_table(top: int) -> tuple[int, ...]:
    """Return Phi by its series: 1/2 + phi-like sum of x^(2n+1) (-1)^n / (n! 2^n (2n+1)) / sqrt(2 pi)."""
    with localcontext() as context:
        context.prec = 40
        root = Decimal("2.506628274631000502415765284811045253006986740609938")
        values = []
        for step in range(top * SCALE // _STEP + 2):
            x = Decimal(step * _STEP) / SCALE
            power, total, n = x, x, 0
            while abs(power) > Decimal("1e-14"):
                n += 1
                power *= -x * x / (2 * n)
                total += power / (2 * n + 1)
            values.append(int((_FINE * (Decimal("0.5") + total / root)).to_integral_value()))
        return tuple(values)


_LOGISTIC = _logistic_table(10)
_NORMAL = _normal_table(5)
_LAST_LOGISTIC = len(_LOGISTIC) - 1
_LAST_NORMAL = len(_NORMAL) - 1


_PART = _STEP - 1
_DOWN = _FINE * _STEP // SCALE
"""Divisor of an interpolated value for 1/10,000."""


def sigmoid(x: int) -> int:
    """Return 1 / (1 + exp(-x))."""
    size = x if x >= 0 else -x
    index = size >> _STEP_BITS
    if index >= _LAST_LOGISTIC:
        return SCALE if x >= 0 else 0
    low = _LOGISTIC[index]
    value = (low * _STEP + (_LOGISTIC[index + 1] - low) * (size & _PART) + _DOWN // 2) // _DOWN
    return value if x >= 0 else SCALE - value


def normal_cdf(x: int) -> int:
    """Return the standard normal distribution function at `x`."""
    size = x if x >= 0 else -x
    index = size >> _STEP_BITS
    if index >= _LAST_NORMAL:
        return SCALE if x >= 0 else 0
    low = _NORMAL[index]
    value = (low * _STEP + (_NORMAL[index + 1] - low) * (size & _PART) + _DOWN // 2) // _DOWN
    return value if x >= 0 else SCALE - value


def logit(p: int) -> int:
    """Return ln(p / (1 - p)) of a probability strictly between 0 and 1."""
    with localcontext() as context:
        context.prec = 28
        odds = Decimal(p) / Decimal(SCALE - p)
        return int((odds.ln() * SCALE).to_integral_value())


def shrinkage(variance: int) -> int:
    """Return 1 / sqrt(1 + pi v / 8) in millionths: how much uncertainty pulls an expectation towards a half."""
    return isqrt(10**22 // (10**10 + _PI_8 * variance))


def sqrt(variance: int) -> int:
    """Return the square root of a number in units of 1/10,000, in the same units."""
    return isqrt(variance * SCALE)


def skill_share(count: int) -> int:
    """Return the weight of each of `count` skills in one material: 1 / count ** 0.74."""
    return _SHARING[min(count, len(_SHARING) - 1)]


def _sharing_table(top: int) -> tuple[int, ...]:
    with localcontext() as context:
        context.prec = 28
        return (0, *(int((SCALE * Decimal(n) ** Decimal("-0.74")).to_integral_value()) for n in range(1, top)))


_SHARING = _sharing_table(33)


def hash64(*values: int) -> int:
    """Return a 64-bit hash of integers that keys and ids break ties with (the finaliser of SplitMix64, chained).

    Source: Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators".
    """
    state = 0
    for value in values:
        state = (state + value + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state


@lru_cache(maxsize=4096)
def text_hash64(text: str) -> int:
    """Return a number for a text, the same everywhere (FNV-1a; Python's own hash differs from run to run)."""
    state = 0xCBF29CE484222325
    for byte in text.encode():
        state = ((state ^ byte) * 0x100000001B3) & _MASK
    return state
