"""The route for Canvas Live Events: plain JSON with a credential, or signed by Instructure.

Instructure signs for all its customers with the same keys, so a signature says "from Canvas", not from which school: a
source has its key set (`jwks_url`) and its `root_accounts` in its settings, and both must match the event.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from lms.json_fields import get_path, text_at
from models import engine
from models.access import sources
from models.access.sources import Sender
from web import ingest, openapi
from web.dependencies import (
    CONCURRENCY_LIMIT,
    Document,
    State,
    authenticate,
    events_of,
    parse_json,
    read_json,
)
from web.in_flight import address_of, place_of
from web.jws import InvalidSignatureError, KeySets, SignedMessage, parse_jws, verify
from web.problems import ProblemError
from web.request_body import JSON_TYPES, read_body, zlib_window_bits

router = APIRouter(tags=["Canvas"], dependencies=[CONCURRENCY_LIMIT])
FORMATS = ("canvas",)
SIGNED_TYPES = ("application/jwt", "application/jose", "text/plain", *JSON_TYPES)
MAX_BYTES = 1024 * 1024
"""An event is a few kilobytes; an unauthenticated sender gets no more memory."""
MAX_VALUES = 10_000
"""An event has about 50; a signature is checked only once its event has been read."""
KEY_SETS = KeySets()


async def read_delivery(request: Request, state: State) -> AsyncIterator[tuple[Sender, Document]]:
    """Authenticate by the Authorization header, or by the signature of a compact JWS; return (sender, body).

    Raises:
        ProblemError: as `authenticate` and `read_json`.
    """
    if "authorization" in request.headers:
        sender = await authenticate(request, state, FORMATS)
        async with read_json(request, state) as document:
            yield sender, document
        return
    window_bits = zlib_window_bits(request, allowed=SIGNED_TYPES)
    place = place_of(request)
    place.belongs_to(address_of(request))
    async with read_body(request, state.limits, place, max_bytes=MAX_BYTES) as raw:
        signed = await state.run(lambda: _read_signed(raw, window_bits))
        sender, document = await state.waited_for(_find_signer(signed)), signed.document
        state.rate_limiter.check(sender.source_id)
        yield sender, document


Delivery = Annotated[tuple[Sender, Document], Depends(read_delivery, scope="function")]


@router.post("/canvas/", include_in_schema=False)
@router.post("/canvas", openapi_extra=openapi.events_body(list_too=True), responses=openapi.responses("counts"))
async def post_canvas(delivery: Delivery, state: State) -> Response:
    """Store one Canvas Live Event, or a list of them; or one as a compact JWS."""
    sender, document = delivery
    events = events_of(document)
    result = await state.run(lambda: ingest.ingest(sender, events, state.notifier))
    return JSONResponse(result.counts())


@dataclass(frozen=True, slots=True)
class Signed:
    """An event whose signature is not verified yet."""

    message: SignedMessage
    document: Document
    candidates: list[tuple[Sender, str]]
    """The sources whose root account the event names, and the addresses of their key sets."""


def _read_signed(raw: bytes, window_bits: int) -> Signed:
    """Return what a compact JWS says, and who may have sent it.

    Raises:
        ProblemError: `auth_missing`: the body is plain JSON; `auth_failed`, whatever the cause.
    """
    if window_bits or raw.lstrip()[:1] in (b"", b"{", b"["):
        raise ProblemError("auth_missing")
    try:
        message = parse_jws(raw)
        document = parse_json(message.payload, max_values=MAX_VALUES)
    except (InvalidSignatureError, ProblemError):
        raise ProblemError("auth_failed") from None
    candidates = _candidates(text_at(document, "metadata", "root_account_uuid") or "")
    return Signed(message, document, candidates)


async def _find_signer(signed: Signed) -> Sender:
    """Return the source whose key set has signed the message.

    Raises:
        ProblemError: `auth_failed`, whatever the cause.
    """
    keys = await asyncio.gather(*(KEY_SETS.key(url, signed.message.key_id) for _, url in signed.candidates))
    for (sender, _), key in zip(signed.candidates, keys, strict=True):
        if key is not None and verify(signed.message, key):
            return sender
    raise ProblemError("auth_failed")


def _candidates(root_account: str) -> list[tuple[Sender, str]]:
    """Return (source, URL of its key set) of the active sources that name this root account."""
    with engine.transaction(role=ingest.ROLE) as session:
        active = sources.live_settings(session, formats=FORMATS)
    return [
        (sender, url)
        for sender, source_settings in active
        if _has_root_account(source_settings, root_account)
        and (url := text_at(source_settings, "jwks_url"))
        and url.startswith("https://")
    ]


def _has_root_account(source_settings: object, root_account: str) -> bool:
    accounts = get_path(source_settings, "root_accounts")
    return bool(root_account) and isinstance(accounts, list) and root_account in accounts
