"""Read a request's body as JSON, strictly: what two readers could understand differently is refused.

orjson does the bulk and refuses by itself what is no JSON, NaN, Infinity, numbers beyond a double, lone surrogates and
invalid UTF-8. What it lets through (a name twice, U+0000) is proved absent by counting; only a body in which the count
cannot prove it is read a second time, slowly and exactly. Texts are composed (NFC), as in files that are loaded.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from typing import Any, NoReturn

import orjson

MAX_DEPTH = 254
"""Deepest nesting that is read, which is the deepest that orjson writes; an LMS stays below 15."""

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_ESCAPE = rb"\u00"
_HARMLESS_ESCAPE = re.compile(rb"\\u00[4-9a-fA-F]")
"""As PHP writes é. Only the escapes of U+0000 to U+003F hide anything: U+0000 itself, or a colon."""
_MAX_DIGITS = 400
"""A double has at most 309 digits before the point; longer ones are an attack."""


class BodyError(ValueError):
    """The body is not one strict JSON document; `code` says why, and nothing of the body is kept."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return the one JSON document that `body` holds.

    Raises:
        BodyError: `bad_json` (also truncated, trailing, two documents, NaN, Infinity, a byte order mark, UTF-16),
            `bad_encoding` (not UTF-8), `too_deep`, `number_range`, `duplicate_key`, `bad_unicode` (U+0000, a lone
            surrogate).
    """
    try:
        document = orjson.loads(body)
        written = orjson.dumps(document)
    except (orjson.JSONDecodeError, TypeError):
        return _read_exactly(body)
    # A value under a name that comes twice is lost with all that is in it: what is written again holds fewer colons.
    if written.count(b":") != body.count(b":") or _may_hide(body):
        document = _read_exactly(body)
        written = orjson.dumps(document)
    return document if written.isascii() else _composed(document, written)


def count_values(body: bytes) -> int:
    """Return about how many values a body holds, without parsing it, and never fewer than it does.

    Each value but the first follows a comma or an opening bracket; those within texts are counted too.
    """
    return body.count(b",") + body.count(b"[") + body.count(b"{") + 1


def write(event: object) -> str:
    """Return an event's JSON as the inbox keeps it: the same names and values in the same order, no white space."""
    return orjson.dumps(event).decode()


def _composed(document: Any, written: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return a document with all its texts composed (NFC): a name is the same however its accents were written."""
    return document if _is_composed(written.decode()) else _compose(document)


def _is_composed(text: str) -> bool:
    """Return whether a text is composed: every text of Latin-1 is, which is known in a hundredth of the time."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return unicodedata.is_normalized("NFC", text)
    return True


def _compose(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    match value:
        case str():
            return unicodedata.normalize("NFC", value)
        case list():
            return [_compose(each) for each in value]
        case dict():
            return {unicodedata.normalize("NFC", name): _compose(each) for name, each in value.items()}
    return value


def _may_hide(body: bytes) -> bool:
    return _ESCAPE in body and len(_HARMLESS_ESCAPE.findall(body)) != body.count(_ESCAPE)


def _read_exactly(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    if body.startswith(_BYTE_ORDER_MARKS):
        raise BodyError("bad_json")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise BodyError("bad_encoding") from None
    try:
        document = json.loads(
            text, object_pairs_hook=_object, parse_constant=_refuse, parse_int=_integer, parse_float=_number
        )
    except json.JSONDecodeError:
        raise BodyError("bad_json") from None
    except RecursionError:
        raise BodyError("too_deep") from None
    return _storable(document)


def _storable(document: object) -> object:
    """Refuse what PostgreSQL cannot keep, and what is nested too deep to be written again."""
    try:
        written = orjson.dumps(document)
    except TypeError:
        # orjson has one error for both: too deep, or a lone surrogate, which has no UTF-8.
        raise BodyError("too_deep" if _deeper_than(document, MAX_DEPTH) else "bad_unicode") from None
    if re.search(rb"(?<!\\)(?:\\\\)*\\u0000", written):
        raise BodyError("bad_unicode")
    return document


def _deeper_than(document: object, limit: int) -> bool:
    level = [document]
    for _ in range(limit):
        inner = [
            value.values() if isinstance(value, dict) else value for value in level if isinstance(value, dict | list)
        ]
        level = [value for values in inner for value in values]
    return any(isinstance(value, dict | list) for value in level)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise BodyError("duplicate_key")
    return value


def _refuse(_: str) -> NoReturn:
    raise BodyError("bad_json")


def _integer(digits: str) -> int | float:
    if len(digits) > _MAX_DIGITS:
        raise BodyError("number_range")
    number = int(digits)
    # Beyond 64 bits it becomes a double, as in the fast path.
    return number if -(2**63) <= number < 2**64 else _number(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise BodyError("number_range")
    return number
