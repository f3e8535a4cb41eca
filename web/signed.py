"""Canvas's signed events: compact JWS, RS256, against a configured key set whose keys rotate monthly.

The signature is checked with whole-number arithmetic alone: verifying holds no secret, and what is due is built whole
and compared, so nothing of an attacker's padding is ever parsed.
Source: RFC 7515 (JWS), RFC 7518 3.3 (RS256), RFC 8017 8.2.2 (RSASSA-PKCS1-v1_5, verification).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from lms import strict_json
from lms.fields import at, text_at

MIN_BITS = 2_048
MAX_BITS = 8_192
REFRESH_SECONDS = 3_600.0
"""How long a key set that was fetched is believed."""
ASK_AGAIN_SECONDS = 60.0
"""How often an unknown key may make us ask for the key set again."""
FETCH_SECONDS = 3.0
_MAX_KEY_SET = 256 * 1024
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""DER of the DigestInfo of SHA-256, RFC 8017 9.2 note 1."""


class NotSigned(ValueError):  # noqa: N818 - it is told as what it is
    """The message is no JWS that a key of the set has signed."""


@dataclass(frozen=True, slots=True)
class Message:
    """A compact JWS taken apart, not yet believed."""

    key_id: str
    signed: bytes
    payload: bytes
    signature: bytes


def take_apart(text: bytes) -> Message:
    """Return the parts of a compact JWS.

    Raises:
        NotSigned: it is none, or its algorithm is not RS256 (`none` and the symmetric ones above all).
    """
    parts = text.strip().split(b".")
    if len(parts) != 3:  # noqa: PLR2004 - header, payload, signature
        raise NotSigned
    header_bytes, payload, signature = map(_decoded, parts)
    try:
        header = strict_json.read(header_bytes)
    except strict_json.BodyError:
        raise NotSigned from None
    # `crit` names what must be understood: we understand none of it.
    if at(header, "alg") != "RS256" or at(header, "crit") is not None:
        raise NotSigned
    return Message(text_at(header, "kid") or "", parts[0] + b"." + parts[1], payload, signature)


def is_good(message: Message, key: Mapping[str, Any]) -> bool:
    """Whether an RSA key (a JWK) has signed the message."""
    if key.get("kty") != "RSA" or key.get("use", "sig") != "sig" or key.get("alg", "RS256") != "RS256":
        return False
    try:
        modulus, exponent = _number(key.get("n")), _number(key.get("e"))
    except NotSigned:
        return False
    size = (modulus.bit_length() + 7) // 8
    if not MIN_BITS <= modulus.bit_length() <= MAX_BITS or not 2 < exponent < 2**32 or len(message.signature) != size:  # noqa: PLR2004 - an exponent of 1 or 2 is none
        return False
    number = int.from_bytes(message.signature, "big")
    if number >= modulus:
        return False
    info = _DIGEST_INFO + hashlib.sha256(message.signed).digest()
    due = b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info
    return pow(number, exponent, modulus).to_bytes(size, "big") == due


def fetched(url: str) -> object:
    """Return the JSON at an address, within bounds of time and size.

    Raises:
        httpx.HTTPError: it cannot be had.
        strict_json.BodyError: it is no JSON, or too large.
    """
    with httpx.Client(timeout=FETCH_SECONDS, follow_redirects=False) as client, client.stream("GET", url) as answer:
        answer.raise_for_status()
        body = bytearray()
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > _MAX_KEY_SET:
                raise strict_json.BodyError("too_large")
    return strict_json.read(bytes(body))


@dataclass(slots=True)
class KeySets:
    """Key sets by address, kept for an hour and asked for again when a key is unknown, at most once a minute."""

    fetch: Callable[[str], object] = fetched
    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, tuple[float, dict[str, Mapping[str, Any]]]] = field(default_factory=dict)
    _asked_at: dict[str, float] = field(default_factory=dict)

    def key(self, url: str, key_id: str) -> Mapping[str, Any] | None:
        """Return a key by its id; the old set serves on while its address does not answer."""
        now = self.clock()
        known_at, keys = self._kept.get(url, (float("-inf"), {}))
        stale = now - known_at > REFRESH_SECONDS or key_id not in keys
        if stale and now - self._asked_at.get(url, float("-inf")) > ASK_AGAIN_SECONDS:
            self._asked_at[url] = now
            try:
                keys = keys_in(self.fetch(url))
                self._kept[url] = (now, keys)
            except (httpx.HTTPError, strict_json.BodyError):
                pass
        return keys.get(key_id)


def keys_in(document: object) -> dict[str, Mapping[str, Any]]:
    """Return the keys of a JWK Set by their id."""
    found = at(document, "keys")
    listed = found if isinstance(found, list) else []
    return {key["kid"]: key for key in listed if isinstance(key, Mapping) and isinstance(key.get("kid"), str)}


def _decoded(part: bytes) -> bytes:
    try:
        return base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotSigned from None


def _number(value: object) -> int:
    if not isinstance(value, str) or not value.isascii() or len(value) > MAX_BITS // 6 + 4:
        raise NotSigned
    return int.from_bytes(_decoded(value.encode()), "big")
