"""The route for form tools, in Typeform's format: signed as Typeform or Standard Webhooks, or with a credential."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from config.settings import settings
from models import clock, engine
from models.access import sources
from models.access.sources import Sender
from web import ingest, openapi
from web.auth import typeform_signed, webhook_is_fresh, webhook_signed
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
from web.problems import ProblemError
from web.request_body import decompress, read_body, zlib_window_bits

router = APIRouter(tags=["Surveys"], dependencies=[CONCURRENCY_LIMIT])
FORMATS = ("typeform",)
MAX_BYTES = 1024 * 1024
"""A response to a form is a few kilobytes; an unauthenticated sender gets no more memory."""
MAX_VALUES = 10_000
"""A response to a long form has a few hundred."""


async def read_delivery(request: Request, state: State) -> AsyncIterator[tuple[Sender, Document]]:
    """Authenticate by the Authorization header, or by the signature of the body; return (sender, body).

    Raises:
        ProblemError: as `authenticate` and `read_json`.
    """
    if "authorization" in request.headers:
        sender = await authenticate(request, state, FORMATS)
        async with read_json(request, state) as document:
            yield sender, document
        return
    if not _has_signature(request.headers):
        raise ProblemError("auth_missing")
    window_bits = zlib_window_bits(request)
    place = place_of(request)
    place.belongs_to(address_of(request))
    async with read_body(request, state.limits, place, max_bytes=MAX_BYTES) as raw:
        sender = await state.run(lambda: _find_signer(raw, request.headers))
        state.rate_limiter.check(sender.source_id)
        yield sender, await state.run(lambda: _parse(raw, window_bits))


Delivery = Annotated[tuple[Sender, Document], Depends(read_delivery, scope="function")]


@router.post("/surveys/", include_in_schema=False)
@router.post("/surveys", openapi_extra=openapi.events_body(signed=True), responses=openapi.responses("counts"))
async def post_survey(delivery: Delivery, state: State) -> Response:
    """Store a response to a form; responses to forms that the school has not allowed are only counted."""
    sender, document = delivery
    events = events_of(document)
    result = await state.run(lambda: ingest.ingest(sender, events, state.notifier))
    return JSONResponse(result.counts())


def _parse(raw: bytes, window_bits: int) -> Document:
    return parse_json(decompress(raw, window_bits, max_bytes=MAX_BYTES), max_values=MAX_VALUES)


def _has_signature(headers: Headers) -> bool:
    return "typeform-signature" in headers or "webhook-signature" in headers


def _find_signer(raw: bytes, headers: Headers) -> Sender:
    """Return the source whose secret has signed the raw body.

    Raises:
        ProblemError: `auth_failed`, whatever the cause.
    """
    with engine.transaction(role=ingest.ROLE) as session:
        key, now = settings().secret_key_bytes(), clock.now(session)
        candidates = sources.webhook_candidates(session, formats=FORMATS, secret_key=key)
    typeform = headers.get("typeform-signature")
    if typeform is None and not webhook_is_fresh(headers, now=now):
        raise ProblemError("auth_failed")
    for sender, secrets in candidates:
        for secret in secrets:
            if typeform is not None and typeform_signed(raw, typeform, secret=secret):
                return sender
            if typeform is None and webhook_signed(raw, headers, secret=secret):
                return sender
    raise ProblemError("auth_failed")
