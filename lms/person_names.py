"""All names of people in an event, whatever its format: for erasing and exporting, where one field is not enough.

A Canvas event, for instance, has its student under four names: Canvas's id, the uuid, the roster's id and the login.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, product

import orjson

_PERSON_KEY = re.compile(
    r"user|student|person|actor|learner|login|account|agent|member|assignee|mbox|openid|e-?mail|respondent|creator",
    re.IGNORECASE,
)
_NO_PERSON = re.compile(r"root_account", re.IGNORECASE)
_QUOTED = re.compile(r'"([^"]{1,500})"')
_UNICODE_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
MAX_PAIRS = 10_000
"""Of addresses and names in a text that is no JSON."""


def in_payload(payload: str, *, everywhere: bool) -> set[str]:
    """Return the names of people in an event; with `everywhere` any text, also of a payload that is no JSON.

    `everywhere` is for events whose envelope names nobody; else only fields count that name people by their key, so
    that a class or an item of the same id is nobody.
    """
    try:
        event = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return set(_in_text(payload)) if everywhere else set()
    return set(_in_value(event, of_person=everywhere))


def _in_value(event: object, *, of_person: bool) -> Iterator[str]:
    """Yield the names; without recursion, as what was refused for its depth is looked through too."""
    waiting = [(event, of_person)]
    while waiting:
        value, is_person = waiting.pop()
        match value:
            case dict():
                home, name = value.get("homePage"), value.get("name")
                if isinstance(home, str) and isinstance(name, str):
                    yield f"{home}|{name}"
                waiting += [(inner, is_person or _names_person(key)) for key, inner in value.items()]
            case list():
                waiting += [(inner, is_person) for inner in value]
            case bool():
                continue
            case str() | int() if is_person:
                yield str(value)


def _names_person(key: str) -> bool:
    return _PERSON_KEY.search(key) is not None and _NO_PERSON.search(key) is None


def _in_text(text: str) -> Iterator[str]:
    """Yield what is quoted in a text that is no JSON, as it would be read if it were; and addresses with names."""
    plain = _UNICODE_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text).replace("\\/", "/")
    plain = plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    quoted = list(dict.fromkeys(_QUOTED.findall(plain)))
    yield from quoted
    homes = [each for each in quoted if each.startswith(("http://", "https://"))]
    yield from (f"{home}|{name}" for home, name in islice(product(homes, quoted), MAX_PAIRS))
