"""The door for Canvas Live Events: plain JSON with a credential, or signed by Instructure.

Instructure signs for all its customers with the same keys, so a signature says "from Canvas" and not from which school:
a source names its key set (`jwks_url`) and its `root_accounts` in its settings, and both must agree with the event.
"""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from config.errors import Mendable
from config.settings import settings
from lms.fields import at, text_at
from models import database, sources
from models.sources import Sender
from models.tables import Source
from web import documented, intake
from web.bodies import JSON_TYPES, admitted, body_of, check_type
from web.door import Document, Door, events_of, of, read, serve
from web.problems import Problem
from web.signed import KeySets, Message, NotSigned, is_good, take_apart

router = APIRouter(tags=["Canvas"])
FORMATS = ("canvas",)
SIGNED_TYPES = ("application/jwt", "application/jose", "text/plain", *JSON_TYPES)
MAX_BYTES = 1024 * 1024
"""An event is a few kilobytes; who is not known yet gets no more room."""
KEY_SETS = KeySets()


@router.post("/canvas", openapi_extra=documented.body(list_too=True), responses=documented.responses("counts"))
async def post_canvas(request: Request) -> Response:
    """Take one Canvas Live Event, or a list of them; or one as a compact JWS."""
    door = of(request)
    work = partial(_work, door)
    if "authorization" in request.headers:
        return await serve(request, work, formats=FORMATS)
    async with admitted(door.limits):
        window_bits = check_type(request, allowed=SIGNED_TYPES)
        async with body_of(request, door.limits, most=MAX_BYTES) as raw:
            return await door.run(lambda: _take_signed(door, raw, window_bits))


router.add_api_route("/canvas/", post_canvas, methods=["POST"], include_in_schema=False)


def _work(door: Door, sender: Sender, document: Document) -> Response:
    return JSONResponse(intake.take(sender, events_of(document), door.doorbell).counts())


def _take_signed(door: Door, raw: bytes, window_bits: int) -> Response:
    if window_bits or raw.lstrip()[:1] in (b"", b"{", b"["):
        raise Problem("auth_missing")
    try:
        message = take_apart(raw)
    except NotSigned:
        raise Problem("auth_failed") from None
    try:
        document = read(message.payload, 0, most=MAX_BYTES)
    except Problem:
        raise Problem("auth_failed") from None
    sender = _signer(message, text_at(document, "metadata", "root_account_uuid") or "")
    door.rates.admit(sender.source_id)
    return _work(door, sender, document)


def _signer(message: Message, root_account: str) -> Sender:
    """Return the source that this root account belongs to, where its key set has signed the message.

    Raises:
        Problem: `auth_failed`, whatever the cause; `unavailable`.
    """
    for sender, url in _candidates(root_account):
        key = KEY_SETS.key(url, message.key_id)
        if key is not None and is_good(message, key):
            return sender
    raise Problem("auth_failed")


def _candidates(root_account: str) -> list[tuple[Sender, str]]:
    """Return (source, address of its key set) of the live sources that name this root account."""
    try:
        with database.transaction(role=intake.ROLE) as session:
            key = settings().secret_key_bytes()
            live = sources.webhook_candidates(session, formats=FORMATS, secret_key=key)
            told = [(sender, session.get_one(Source, sender.source_id).settings) for sender, _ in live]
    except (SQLAlchemyError, Mendable) as error:
        raise intake.unavailable(error) from None
    named = [(sender, each) for sender, each in told if _names(each, root_account)]
    return [
        (sender, url) for sender, each in named if (url := text_at(each, "jwks_url")) and url.startswith("https://")
    ]


def _names(told: object, root_account: str) -> bool:
    accounts = at(told, "root_accounts")
    return bool(root_account) and isinstance(accounts, list) and root_account in accounts
