"""Read single fields of an event, and say where in it the fault lies."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from lms.facts import PayloadError, SourceRules
from lms.local_time import as_utc

MAX_REF = 1_000
"""Longest name of a person, class, item or attempt, in characters."""
MAX_REF_BYTES = 2_000
"""And in bytes, for a character may have four: an index entry must stay below a third of a page, which is 2,704."""
MAX_TEXT = 10_000
"""Longest free answer that is read; the rest is cut off."""
ROUNDING = 1e-6
"""A share may be out of its range by so much where a sender has computed it in floating point."""

_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?",
    re.IGNORECASE | re.ASCII,
)
_YEARS = range(1990, 2200)


def get_path(value: object, *path: str | int) -> Any:  # noqa: ANN401 - any JSON value
    """Return what stands at `path` inside a JSON value, or None where the way there ends."""
    for step in path:
        if type(value) is dict:  # what JSON makes, and no other mapping: this runs dozens of times an event
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def text_at(value: object, *path: str) -> str | None:
    """Return the text that stands at `path` inside a JSON object, or None where there is none."""
    for step in path:
        if type(value) is not dict:
            return None
        value = value.get(step)
    return value if isinstance(value, str) else None


def mapping(value: object, pointer: str) -> Mapping[str, Any]:
    """Return `value` where it is an object.

    Raises:
        PayloadError: `schema`.
    """
    if not isinstance(value, dict):  # what JSON makes: to ask for any Mapping takes six times as long
        raise PayloadError("schema", pointer, "an object is due")
    return value


def valid_ref(value: object, pointer: str) -> str:
    """Return `value` where it can name somebody or something: text of 1 to 1,000 characters that can be stored.

    Raises:
        PayloadError: `schema`, or `bad_unicode`.
    """
    if not isinstance(value, str) or not value.strip():
        raise PayloadError("schema", pointer, "a name is due")
    if len(value) > MAX_REF or not _fits_an_index(postgres_text(value, pointer)):
        raise PayloadError("schema", pointer, "the name is too long")
    return value


def valid_name(value: object, pointer: str) -> str:
    """Return the name of what a school loads, without the space around it: files are read without it, too.

    Raises:
        PayloadError: `schema`, or `bad_unicode`.
    """
    return valid_ref(value, pointer).strip()


def _fits_an_index(name: str) -> bool:
    return name.isascii() or len(name.encode()) <= MAX_REF_BYTES


def postgres_text(value: str, pointer: str) -> str:
    """Return `value` where PostgreSQL can keep it.

    Raises:
        PayloadError: `bad_unicode`.
    """
    if "\x00" in value or not (value.isascii() or _has_utf8(value)):
        raise PayloadError("bad_unicode", pointer)
    return value


def _has_utf8(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def parse_datetime(value: object, pointer: str, *, rules: SourceRules) -> datetime:
    """Return an ISO 8601 time as UTC; digits beyond the microsecond are cut off.

    A time without a zone is read in the source's zone. It is never later than the event came: a sender whose zone is
    not set must not lose what it sends to the future.

    Raises:
        PayloadError: `bad_time`: no such day, a year outside 1990 to 2199.
    """
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise PayloadError("bad_time", pointer)
    try:
        written = datetime.fromisoformat(value)
        moment = written.astimezone(UTC) if written.tzinfo else _local(written, rules)
    except (ValueError, OverflowError):
        raise PayloadError("bad_time", pointer) from None
    if moment.year not in _YEARS:
        raise PayloadError("bad_time", pointer)
    return moment


def _local(written: datetime, rules: SourceRules) -> datetime:
    moment = as_utc(written, rules.zone)
    return moment if rules.received_at is None else min(moment, rules.received_at)


def number(value: object, pointer: str) -> float:
    """Return a finite number.

    Raises:
        PayloadError: `score_range`: a boolean, a text, NaN or infinite.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise PayloadError("score_range", pointer)
    return float(value)


def number_or_none(value: object, pointer: str) -> float | None:
    """Return a finite number, or None for null.

    Raises:
        PayloadError: `score_range`.
    """
    return None if value is None else number(value, pointer)


def finite_or_none(value: object) -> float | None:
    """Return a finite number; None for anything else."""
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable and isinstance(value, int | float) else None


def score_fraction(points: object, maximum: object, *, pointer: str, minimum: object = 0) -> float | None:
    """Return points as a share in [0, 1] of what could be had; None where nothing could be had.

    More than the maximum is extra credit and counts as all of it; less than the minimum (a penalty) counts as nothing.

    Raises:
        PayloadError: `score_range`: no numbers.
    """
    got, most = number(points, f"{pointer}/raw"), number(maximum, f"{pointer}/max")
    least = 0.0 if minimum is None else number(minimum, f"{pointer}/min")
    if most <= least:
        return None
    return min(1.0, max(0.0, (got - least) / (most - least)))


def localized_text(value: object) -> str | None:
    """Return the text of a language map (English first), a text itself, or None."""
    if isinstance(value, dict):
        texts = {str(language): text for language, text in value.items() if isinstance(text, str) and text.strip()}
        value = texts[min(texts, key=_english_first)] if texts else None
    return value.strip() if isinstance(value, str) and value.strip() else None


def _english_first(language: str) -> tuple[bool, str]:
    return not language.lower().startswith("en"), language


def names(*candidates: object) -> tuple[str, ...]:
    """Return those of the candidates that can name something, each once, in their order."""
    good: dict[str, None] = {}
    for name in candidates:
        if isinstance(name, str) and name.strip() and len(name) <= MAX_REF:
            good[postgres_text(name, "")] = None
    return tuple(good)


def key_of(*parts: str) -> str:
    """Return a fact's key from its parts: readable while short, a digest behind its first part where long."""
    joined = "|".join(part.replace("|", "%7C") for part in parts)
    if len(joined) <= MAX_REF // 2:
        return joined
    return f"{parts[0]}|{hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()}"


def digest(*parts: object) -> bytes:
    """Return 16 bytes that stand for the parts, which are texts or None."""
    joined = "\x1f".join("" if part is None else str(part) for part in parts)
    return hashlib.blake2b(joined.encode(errors="surrogatepass"), digest_size=16).digest()


def content_digest(event: object) -> bytes:
    """Return 16 bytes that stand for an event's whole content, whatever the order of its names."""
    try:
        written = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # A lone surrogate or a number of more than 64 bits, which no door lets through.
        written = json.dumps(event, sort_keys=True).encode()
    return hashlib.blake2b(written, digest_size=16).digest()
