"""The door for form tools, in Typeform's shape: signed as Typeform or Standard Webhooks do, or with a credential."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from config.errors import Mendable
from config.settings import settings
from models import clock, database, sources
from models.sources import Sender
from web import documented, intake
from web.bodies import admitted, body_of, check_type
from web.credentials import typeform_signed, webhook_is_fresh, webhook_signed
from web.door import Document, events_of, of, read, serve
from web.doorbell import Doorbell
from web.problems import Problem

router = APIRouter(tags=["Surveys"])
FORMATS = ("typeform",)
MAX_BYTES = 1024 * 1024
"""A response to a form is a few kilobytes; who is not known yet gets no more room."""


@router.post("/surveys", openapi_extra=documented.body(signed=True), responses=documented.responses("counts"))
async def post_survey(request: Request) -> Response:
    """Take a response to a form; forms that the school has not allowed are counted and not stored."""
    door = of(request)
    work = partial(_work, door.doorbell)
    if "authorization" in request.headers:
        return await serve(request, work, formats=FORMATS)
    if not _is_signed(request.headers):
        raise Problem("auth_missing")
    async with admitted(door.limits):
        window_bits = check_type(request)
        async with body_of(request, door.limits, most=MAX_BYTES) as raw:
            sender = await door.run(lambda: _signer(raw, request.headers))
            door.rates.admit(sender.source_id)
            return await door.run(lambda: work(sender, read(raw, window_bits, most=MAX_BYTES)))


router.add_api_route("/surveys/", post_survey, methods=["POST"], include_in_schema=False)


def _work(doorbell: Doorbell, sender: Sender, document: Document) -> Response:
    return JSONResponse(intake.take(sender, events_of(document), doorbell).counts())


def _is_signed(headers: Headers) -> bool:
    return "typeform-signature" in headers or "webhook-signature" in headers


def _signer(raw: bytes, headers: Headers) -> Sender:
    """Return the source whose secret has signed the raw body.

    Raises:
        Problem: `auth_failed`, whatever the cause; `unavailable`.
    """
    try:
        with database.transaction(role=intake.ROLE) as session:
            key, now = settings().secret_key_bytes(), clock.now(session)
            candidates = sources.webhook_candidates(session, formats=FORMATS, secret_key=key)
    except (SQLAlchemyError, Mendable) as error:
        raise intake.unavailable(error) from None
    typeform = headers.get("typeform-signature")
    if typeform is None and not webhook_is_fresh(headers, now=now):
        raise Problem("auth_failed")
    for sender, secrets in candidates:
        for secret in secrets:
            if typeform is not None and typeform_signed(raw, typeform, secret=secret):
                return sender
            if typeform is None and webhook_signed(raw, headers, secret=secret):
                return sender
    raise Problem("auth_failed")
