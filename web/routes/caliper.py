"""The routes for Caliper sensors: 1.1 and 1.2, also as Blackboard and Canvas send them.

Sensors differ in what they take for success: caliper-php exactly 200, caliper-ts a body that is JSON.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import JSONResponse, Response

from lms import caliper
from models.access.sources import Sender
from web import ingest, openapi
from web.dependencies import CONCURRENCY_LIMIT, JsonBody, State, refuse_too_many, sender_of
from web.problems import ProblemError

router = APIRouter(tags=["Caliper"], dependencies=[CONCURRENCY_LIMIT])
CaliperSender = Annotated[Sender, Depends(sender_of("caliper"))]


@router.post("/caliper/", include_in_schema=False)
@router.post("/caliper", openapi_extra=openapi.sensors_message(), responses=openapi.responses("empty"))
async def post_caliper(sender: CaliperSender, document: JsonBody, state: State) -> Response:
    """Store the events of a sensor's message; entity descriptions in it are skipped."""
    if not isinstance(document, dict):
        raise ProblemError("not_an_object")
    events = caliper.events_in(document)
    if events is None:
        raise ProblemError("no_envelope")
    refuse_too_many(events)
    if not caliper.version_is_read(document):
        raise ProblemError("unsupported_version")
    await state.run(lambda: ingest.ingest(sender, events, state.notifier))
    return JSONResponse({})


@router.get("/caliper/", include_in_schema=False)
@router.get("/caliper", openapi_extra=openapi.SECURITY, responses=openapi.responses("empty"))
async def get_configuration(_: CaliperSender, state: State) -> Response:
    """Return the supported versions and the largest message."""
    return JSONResponse({"dataVersions": list(caliper.VERSIONS), "maxPayloadSize": state.max_body_bytes()})
