"""The door for our own events as JSON."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from models.sources import Sender
from web import documented, intake
from web.door import Document, events_of, of, serve

router = APIRouter(tags=["Events"])
FORMATS = ("canonical",)


@router.post("/events", openapi_extra=documented.body(list_too=True), responses=documented.responses("counts"))
async def post_events(request: Request) -> Response:
    """Take one of our own events, or a list of them."""
    doorbell = of(request).doorbell

    def work(sender: Sender, document: Document) -> Response:
        return JSONResponse(intake.take(sender, events_of(document), doorbell).counts())

    return await serve(request, work, formats=FORMATS)


router.add_api_route("/events/", post_events, methods=["POST"], include_in_schema=False)
