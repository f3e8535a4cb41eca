"""The door for Caliper sensors: 1.1 and 1.2, also as Blackboard and Canvas send them.

Its senders differ in what they take for success: caliper-php exactly 200, caliper-ts a body that is JSON.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from lms import caliper
from models.sources import Sender
from web import documented, intake
from web.door import Document, identified, of, serve
from web.problems import Problem

router = APIRouter(tags=["Caliper"])
FORMATS = ("caliper",)


@router.post("/caliper", openapi_extra=documented.sensors_message(), responses=documented.responses("empty"))
async def post_caliper(request: Request) -> Response:
    """Take a sensor's message; descriptions of entities in it are skipped."""
    doorbell = of(request).doorbell

    def work(sender: Sender, document: Document) -> Response:
        if not isinstance(document, dict):
            raise Problem("not_an_object")
        events = caliper.events_in(document)
        if events is None:
            raise Problem("no_envelope")
        if not caliper.version_is_read(document):
            raise Problem("unsupported_version")
        intake.take(sender, events, doorbell)
        return JSONResponse({})

    return await serve(request, work, formats=FORMATS)


@router.get("/caliper", responses=documented.responses("empty"))
async def configuration(request: Request) -> Response:
    """Tell a sensor what is taken here."""
    await identified(request, formats=FORMATS)
    content = {"dataVersions": list(caliper.VERSIONS), "maxPayloadSize": of(request).most()}
    return JSONResponse(content)


router.add_api_route("/caliper/", post_caliper, methods=["POST"], include_in_schema=False)
router.add_api_route("/caliper/", configuration, methods=["GET"], include_in_schema=False)
