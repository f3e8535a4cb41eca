"""The doors for single events as JSON: our own, and Canvas Live Events."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from models.sources import Sender
from web import documented, intake
from web.door import Document, events_of, of, serve

router = APIRouter()


@router.post(
    "/events", tags=["Events"], openapi_extra=documented.body(list_too=True), responses=documented.responses("counts")
)
async def post_events(request: Request) -> Response:
    """Take one of our own events, or a list of them."""
    return await _post(request, formats=("canonical",))


@router.post(
    "/canvas", tags=["Canvas"], openapi_extra=documented.body(list_too=True), responses=documented.responses("counts")
)
async def post_canvas(request: Request) -> Response:
    """Take one Canvas Live Event, or a list of them."""
    return await _post(request, formats=("canvas",))


router.add_api_route("/events/", post_events, methods=["POST"], include_in_schema=False)
router.add_api_route("/canvas/", post_canvas, methods=["POST"], include_in_schema=False)


async def _post(request: Request, *, formats: tuple[str, ...]) -> Response:
    doorbell = of(request).doorbell

    def work(sender: Sender, document: Document) -> Response:
        return JSONResponse(intake.take(sender, events_of(document), doorbell).counts())

    return await serve(request, work, formats=formats)
