"""Ways to spoil a request: its structure, its bytes, its headers, and what proves who sends it."""

from __future__ import annotations

import base64
import copy
import gzip
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

Json: TypeAlias = Any
NASTY: Final[tuple[Json, ...]] = (
    *(None, True, False, "", 0, -1, -0.0, 1e308, 5e-324, 10**40, 2**63, [], {}, [[]], [None], {"": ""}),
    *("\u0000", "\ud800", "NaN", "\u202e", "'; DROP TABLE", "{{7*7}}", "${jndi:ldap://x}", "__proto__"),
    *("9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "2026-10-01", {"__proto__": {}}),
    *("x" * 70_000, [0] * 2_000, "https://" + "a/" * 3_000),
)
RAW: Final = (
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"9" * 5_000,
    b"[" * 100_000,
    b'"\\ud800"',
    b'"\\u0000"',
    b"\xff",
    b"\xef\xbb\xbf",
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request to the API."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    secret: str
    key: str


def structure(dice: random.Random, request: Request) -> Request:
    """Change a few places of the document, and keep it JSON as far as that can be written."""
    document = json.loads(request.body)
    for _ in range(dice.choice((1, 1, 1, 2, 5))):
        document = changed(dice, document)
    return replace(request, body=json.dumps(document).encode())


def changed(dice: random.Random, document: Json) -> Json:
    """Change one place of a document, in place; what comes of it is still JSON."""
    places = list(places_of(document))
    if not places:
        return dice.choice(NASTY)
    holder, name = dice.choice(places)
    value = holder[name]
    match dice.randrange(7):
        case 0:
            del holder[name]
        case 1:
            holder[name] = [copy.deepcopy(value) for _ in range(dice.choice((1, 2, 60)))]
        case 2:
            holder[name] = {dice.choice(("a", "id", "", "type")): value}
        case 3 if isinstance(holder, dict):
            holder[(name + dice.choice(("", "X", " ", "\u0000"))).swapcase()] = holder.pop(name)
        case 4 if isinstance(value, str) and value:
            at = dice.randrange(len(value))
            holder[name] = value[:at] + dice.choice(("", value, chr(dice.randrange(1, 0xD7FF)))) + value[at + 1 :]
        case 5:
            other, place = dice.choice(places)
            holder[name] = copy.deepcopy(other[place])
        case _:
            holder[name] = copy.deepcopy(dice.choice(NASTY))
    return document


def places_of(document: Json) -> Any:
    """Yield (object or list, name or number) of every value."""
    names = (
        document.keys() if isinstance(document, dict) else range(len(document)) if isinstance(document, list) else ()
    )
    for name in list(names):
        yield document, name
        yield from places_of(document[name])


def bytes_of_body(dice: random.Random, request: Request) -> Request:
    """Change bytes, whatever comes of it."""
    body = bytearray(request.body)
    for _ in range(dice.choice((1, 1, 2, 8))):
        at = dice.randrange(len(body) + 1)
        to = min(len(body), at + dice.choice((1, 1, 4, 50)))
        match dice.randrange(6):
            case 0:
                del body[at:to]
            case 1:
                body[at:at] = dice.randbytes(dice.choice((1, 2, 20)))
            case 2:
                body[at:at] = body[at:to]
            case 3:
                del body[at:]
            case 4:
                body[at:to] = dice.choice(RAW)
            case _:
                body[at:to] = bytes(byte ^ (1 << dice.randrange(8)) for byte in body[at:to])
    return replace(request, body=bytes(body))


def headers(dice: random.Random, request: Request) -> Request:
    """Change what is said of the body, the method or the path."""
    match dice.randrange(6):
        case 0:
            media = dice.choice(
                ("", "text/plain", "application/json; charset=utf-16", "application/xml", "a" * 3_000, "/")
            )
            return replace(request, headers={**request.headers, "Content-Type": media})
        case 1:
            packed = dice.choice((request.body, gzip.compress(request.body), gzip.compress(request.body)[:-5]))
            encoding = dice.choice(("gzip", "deflate", "br", "gzip, gzip", "identity", "x"))
            return replace(request, body=packed, headers={**request.headers, "Content-Encoding": encoding})
        case 2:
            return replace(request, method=dice.choice(("GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW")))
        case 3:
            tail = dice.choice(("/", "//", "?statementId=x", "?" + "a=b&" * 500, "/..", "/%00", "/%ff", "x", ";a"))
            return replace(request, path=request.path + tail)
        case 4:
            name = dice.choice(("X-Request-Id", "X-Experience-API-Version", "Accept", "Expect", "Range", "If-Match"))
            return replace(request, headers={**request.headers, name: dice.choice(("", "x" * 3_000, "0", "é'\"<"))})
        case _:
            return replace(
                request, path="/" + "".join(dice.choices("abc/._-~%2e?#&=", k=dice.randrange(40))).replace("#", "")
            )


def forged(dice: random.Random, request: Request) -> Request:
    """Change who sends: nothing of it may be taken."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    at = dice.randrange(len(request.secret))
    other = dice.choice([letter for letter in letters if letter != request.secret[at]])
    wrong = request.secret[:at] + other + request.secret[at + 1 :]
    stranger = f"souschef-{dice.choice((0, 10**6, 10**17, 2**63, -1, '٣', ''))}"
    pairs = [
        (request.key, wrong),
        (request.key, request.secret[:at]),
        (request.key, request.secret + other),
        (request.key, request.secret.swapcase()),
        (stranger, request.secret),
        (request.key + other, request.secret),
        (request.key, dice.randbytes(20).hex()),
        (request.key, ""),
        ("", request.secret),
    ]
    key, secret = dice.choice(pairs)
    header = dice.choice(
        (
            "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode(),
            f"Bearer {key.encode().hex() if not key.isascii() else key}.{secret}",
            "Basic " + dice.randbytes(dice.randrange(1, 60)).hex(),
            f"Negotiate {secret}",
            "Bearer eyJhbGciOiJub25lIn0.e30.",
            "Basic",
        )
    )
    return replace(request, headers={**request.headers, "Authorization": header.strip()})


KINDS: Final[dict[str, Callable[[random.Random, Request], Request]]] = {
    "forged": forged,
    "structure": structure,
    "bytes": bytes_of_body,
    "headers": headers,
}
"""Forged ones first: what they leave behind is nothing, and that can be seen while nothing else was sent."""
