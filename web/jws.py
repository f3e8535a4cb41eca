"""Signed messages: compact JWS and JWT by RS256, against key sets whose keys rotate. All JOSE of the project is here.

Source: RFC 7515 (JWS), RFC 7517 (JWK), RFC 7518 3.3 (RS256).
"""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import RSAKey
from joserfc.util import urlsafe_b64decode

from lms import strict_json
from lms.json_fields import get_path, text_at
from tasks import outbound

ALGORITHMS = ["RS256"]
"""All that is accepted: `none`, symmetric algorithms and everything else are refused before a key is looked up."""
MIN_BITS = 2_048
MAX_BITS = 8_192
REFRESH_SECONDS = 3_600.0
"""How long a fetched key set is used."""
ASK_AGAIN_SECONDS = 60.0
"""How often an unknown key may cause a new fetch of the key set."""


class InvalidSignatureError(ValueError):
    """The message is no JWS that a key of the set has signed."""


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """A compact JWS whose header was read; its signature is not verified yet."""

    key_id: str
    text: bytes
    payload: bytes


def parse_jws(text: bytes) -> SignedMessage:
    """Return the parts of a compact JWS.

    Raises:
        InvalidSignatureError: it is none, or its algorithm is not RS256 (`none` and the symmetric ones above all).
    """
    whole = text.strip()
    try:
        found = jws.extract_compact(whole)
        header = strict_json.read(_header(whole))
    except (JoseError, ValueError, TypeError):  # joserfc lets what is no base64 or JSON through as ValueError
        raise InvalidSignatureError from None
    # `crit` names extensions that must be understood; none is supported.
    if get_path(header, "alg") not in ALGORITHMS or get_path(header, "crit") is not None:
        raise InvalidSignatureError
    return SignedMessage(text_at(header, "kid") or "", whole, found.payload)


def verify(message: SignedMessage, key: Mapping[str, Any]) -> bool:
    """Whether an RSA key (a JWK) has signed the message."""
    if key.get("kty") != "RSA" or key.get("use", "sig") != "sig" or key.get("alg", "RS256") != "RS256":
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # short keys are refused below
            public = RSAKey.import_key({name: key[name] for name in ("kty", "n", "e")})
        if not MIN_BITS <= public.raw_value.key_size <= MAX_BITS:
            return False
        jws.deserialize_compact(message.text, public, algorithms=ALGORITHMS)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):  # a key set may hold anything
        return False
    return True


def fetch_json(url: str) -> object:
    """Return the key set at an address that an operator has set, which may lie in the school's own network.

    Raises:
        httpx.HTTPError: it cannot be had.
        strict_json.BodyError: it is no JSON.
        outbound.AddressRefusedError: it is no https address.
    """
    return outbound.fetch_json(url, private_allowed=True)


@dataclass(slots=True)
class KeySets:
    """Key sets by address, kept for an hour and asked for again when a key is unknown, at most once a minute."""

    fetch: Callable[[str], object] = fetch_json
    clock: Callable[[], float] = time.monotonic
    _cached: dict[str, tuple[float, dict[str, Mapping[str, Any]]]] = field(default_factory=dict)
    _fetched_at: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _locks: dict[str, threading.Lock] = field(default_factory=dict)

    def key(self, url: str, key_id: str) -> Mapping[str, Any] | None:
        """Return a key by its id; the old set is used while its address does not answer.

        Requests that need one address at the same time wait for one fetch.
        """
        with self._lock:
            lock = self._locks.setdefault(url, threading.Lock())
        with lock:
            return self._key(url, key_id)

    def _key(self, url: str, key_id: str) -> Mapping[str, Any] | None:
        now = self.clock()
        known_at, keys = self._cached.get(url, (float("-inf"), {}))
        stale = now - known_at > REFRESH_SECONDS or key_id not in keys
        if stale and now - self._fetched_at.get(url, float("-inf")) > ASK_AGAIN_SECONDS:
            self._fetched_at[url] = now
            try:
                keys = parse_key_set(self.fetch(url))
                self._cached[url] = (now, keys)
            except (httpx.HTTPError, strict_json.BodyError, outbound.AddressRefusedError):
                pass
        return keys.get(key_id)


def parse_key_set(document: object) -> dict[str, Mapping[str, Any]]:
    """Return the keys of a JWK Set by their id."""
    keys = get_path(document, "keys")
    return {
        key["kid"]: key
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, Mapping) and isinstance(key.get("kid"), str)
    }


def _header(text: bytes) -> bytes:
    return urlsafe_b64decode(text.split(b".", 1)[0])
