"""Numeric answers as students write them: with a unit, or with a decimal comma."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lms.json_fields import finite_or_none

_PLAIN = re.compile(r"[+-]?(?:\d{1,15}\.?\d{0,15}|\.\d{1,15})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_COMMA = re.compile(r"([+-]?\d{0,15}),(\d{1,15})", re.ASCII)
_THOUSANDS = 3
"""As many digits after a comma may be thousands: 3,500 is three and a half, or three thousand five hundred."""
_BETWEEN = "[:]"
"""Source: xAPI 1.0.3, part 2, 2.4.4.1, "Response Patterns": `min[:]max`, of which either may be absent."""


def outcome_of_number(definition: Mapping[str, Any], response: object, success: float | None) -> float | None:
    """Return how right a numeric answer is whose sender compares texts, and so calls `3.5 m` and `3,5` wrong.

    What the sender calls right stays right; a plain number, a blank and `idk` stay what they were called. Any other
    answer with digits is judged by the correct responses where that is certain, and is else unknown.
    """
    if definition.get("interactionType") != "numeric" or success != 0.0 or not isinstance(response, str):
        return success
    text = response.strip()
    if _PLAIN.fullmatch(text) or not any(map(str.isdecimal, text)):
        return success
    value = _decimal_comma(text)
    patterns = definition.get("correctResponsesPattern")
    if value is None or not isinstance(patterns, list) or not patterns:
        return None
    verdicts = [_matches(pattern, value) for pattern in patterns]
    if True in verdicts:
        return 1.0
    return None if None in verdicts else 0.0


def _decimal_comma(text: str) -> float | None:
    """Return the number of a text with a decimal comma; None for a unit, or where the comma may part thousands."""
    found = _COMMA.fullmatch(text)
    if found is None or (len(found[2]) == _THOUSANDS and found[1].lstrip("+-") not in ("", "0")):
        return None
    return float(f"{found[1]}.{found[2]}")


def _matches(pattern: object, value: float) -> bool | None:
    """Return whether a value is a correct response; None where only its sender knows, as of a tolerance."""
    if isinstance(pattern, str) and _BETWEEN in pattern:
        low, _, high = pattern.partition(_BETWEEN)
        bounds = [_number(each) if each.strip() else None for each in (low, high)]
        if any(bound is None and each.strip() for bound, each in zip(bounds, (low, high), strict=True)):
            return None
        return (bounds[0] is None or value >= bounds[0]) and (bounds[1] is None or value <= bounds[1])
    number = _number(pattern)
    return True if number is not None and number == value else None


def _number(value: object) -> float | None:
    if isinstance(value, str):
        text = value.strip()
        return float(text) if _PLAIN.fullmatch(text) else _decimal_comma(text)
    return finite_or_none(value)
