"""The door for xAPI statements: Moodle's logstore_xapi, Open edX, cmi5, H5P and TinCan clients.

Source: xAPI 1.0.3, part 3, "Statement Resource" and "About Resource".
"""

from __future__ import annotations

import uuid
from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from lms import xapi_statement as xapi
from models.sources import Sender
from web import documented, intake
from web.door import Document, events_of, of, serve
from web.problems import Problem

router = APIRouter(tags=["xAPI"])
FORMATS = ("moodle", "xapi", "openedx")
VERSIONS = ["1.0.0", "1.0.1", "1.0.2", "1.0.3"]
HEADERS = {"X-Experience-API-Version": VERSIONS[-1]}
_ALIASES = ("/xapi/statements/", "/xAPI/statements", "/xAPI/statements/")


@router.post("/xapi/statements", openapi_extra=documented.body(list_too=True), responses=documented.responses("ids"))
async def post_statements(request: Request) -> Response:
    """Take one statement or a list of them; answer with their ids, in order, once they are stored."""
    doorbell = of(request).doorbell

    def work(sender: Sender, document: Document) -> Response:
        statements = events_of(document)
        taken = intake.take(sender, statements, doorbell, stamp=_stamped)
        ids = [xapi.id_of(statement, key) for statement, key in zip(statements, taken.keys, strict=True)]
        return JSONResponse(ids, headers=HEADERS)

    return await serve(request, work, formats=FORMATS)


@router.put(
    "/xapi/statements",
    openapi_extra=documented.body(parameters=("statementId",)),
    responses=documented.responses("nothing"),
    status_code=HTTPStatus.NO_CONTENT,
)
async def put_statement(request: Request) -> Response:
    """Take one statement under the id given as `statementId`."""
    doorbell = of(request).doorbell
    named = _uuid(request.query_params.get("statementId", ""))

    def work(sender: Sender, document: Document) -> Response:
        (statement,) = events_of(document) if isinstance(document, dict) else (None,)
        if statement is None:
            raise Problem("not_an_object")
        own = statement.get("id", named)
        if not isinstance(own, str) or own.lower() != named:
            raise Problem("bad_request")
        intake.take(sender, [{**statement, "id": named}], doorbell, stamp=_stamped)
        return Response(status_code=HTTPStatus.NO_CONTENT, headers=HEADERS)

    return await serve(request, work, formats=FORMATS)


@router.get("/xapi/about")
async def about() -> JSONResponse:
    """Say which versions of xAPI are taken."""
    return JSONResponse({"version": VERSIONS}, headers=HEADERS)


for alias in _ALIASES:
    router.add_api_route(alias, post_statements, methods=["POST"], include_in_schema=False)
    router.add_api_route(alias, put_statement, methods=["PUT"], include_in_schema=False)
for alias in ("/xapi/about/", "/xAPI/about"):
    router.add_api_route(alias, about, methods=["GET"], include_in_schema=False)


def _stamped(statement: object, now: datetime) -> object:
    return xapi.stamped(statement, received_at=now)


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise Problem("bad_request") from None
