"""Signed messages: compact JWS and JWT by RS256, against key sets whose keys rotate. All JOSE of the project is here.

Source: RFC 7515 (JWS), RFC 7517 (JWK), RFC 7518 3.3 (RS256).
"""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

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
WAIT_SECONDS = 3.0
"""How long a request waits for a key set: as long as another server has for its answer."""
FETCHES = 8
"""How many key sets are fetched at the same time."""
KeySet: TypeAlias = Mapping[str, Mapping[str, Any]]
"""Keys (JWKs) by their id."""


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
    """Key sets by address, kept for an hour and asked for again when a key is unknown, at most once a minute.

    Who needs a key waits for the fetch in the event loop: a slow key server takes one thread of a pool that does
    nothing else, and holds nobody up who needs the keys of another one.
    """

    fetch: Callable[[str], object] = fetch_json
    clock: Callable[[], float] = time.monotonic
    wait_seconds: float = WAIT_SECONDS
    _cached: dict[str, tuple[float, KeySet]] = field(default_factory=dict)
    _fetched_at: dict[str, float] = field(default_factory=dict)
    _fetching: dict[str, Future[None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(FETCHES, "key-sets"))

    async def key(self, url: str, key_id: str) -> Mapping[str, Any] | None:
        """Return a key by its id; the old set is used while its address does not answer in time.

        Requests that need one address at the same time wait for one fetch.
        """
        with self._lock:
            fetching = self._fetch_if_due(url, key_id)
        if fetching is not None:
            ended, _ = await asyncio.wait([asyncio.wrap_future(fetching)], timeout=self.wait_seconds)
            for each in ended:
                each.result()
        return self._cached_set(url)[1].get(key_id)

    def _cached_set(self, url: str) -> tuple[float, KeySet]:
        return self._cached.get(url, (float("-inf"), {}))

    def _fetch_if_due(self, url: str, key_id: str) -> Future[None] | None:
        """Return the fetch to wait for: the one that runs, or a new one; None where the cached set is to be used."""
        now = self.clock()
        known_at, keys = self._cached_set(url)
        if key_id in keys and now - known_at <= REFRESH_SECONDS:
            return None
        running = self._fetching.get(url)
        if running is not None and not running.done():
            return running
        if now - self._fetched_at.get(url, float("-inf")) <= ASK_AGAIN_SECONDS:
            return None
        self._fetched_at[url] = now
        self._fetching[url] = self._pool.submit(self._refresh, url, now)
        return self._fetching[url]

    def _refresh(self, url: str, now: float) -> None:
        with suppress(httpx.HTTPError, strict_json.BodyError, outbound.AddressRefusedError):
            self._cached[url] = (now, parse_key_set(self.fetch(url)))


def parse_key_set(document: object) -> KeySet:
    """Return the keys of a JWK Set by their id."""
    keys = get_path(document, "keys")
    return {
        key["kid"]: key
        for key in (keys if isinstance(keys, list) else [])
        if isinstance(key, Mapping) and isinstance(key.get("kid"), str)
    }


def _header(text: bytes) -> bytes:
    return urlsafe_b64decode(text.split(b".", 1)[0])
