"""The routes for xAPI statements: Moodle's logstore_xapi, Open edX, cmi5, H5P and TinCan clients.

Source: xAPI 1.0.3, part 3, "Statement Resource" and "About Resource".
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from lms import xapi_statement as xapi
from models.access.sources import Sender
from tasks.pipeline.record_events import Stamp
from web import ingest, openapi
from web.dependencies import CONCURRENCY_LIMIT, State, StatementsBody, events_of, sender_of
from web.problems import ProblemError


async def refuse_alternate_syntax(request: Request) -> None:
    """Refuse a form that stands for another request, credentials in its body included, by a name of its own.

    Source: xAPI 1.0.3, part 3, 1.3 "Alternate Request Syntax", which exists for browsers without CORS.

    Raises:
        ProblemError: `alternate_syntax`.
    """
    if "method" in request.query_params:
        raise ProblemError("alternate_syntax")


router = APIRouter(tags=["xAPI"], dependencies=[CONCURRENCY_LIMIT, Depends(refuse_alternate_syntax)])
XapiSender = Annotated[Sender, Depends(sender_of("moodle", "xapi", "openedx"))]
VERSIONS = ["1.0.0", "1.0.1", "1.0.2", "1.0.3"]
HEADERS = {"X-Experience-API-Version": VERSIONS[-1]}


@router.post("/xapi/statements", openapi_extra=openapi.events_body(list_too=True), responses=openapi.responses("ids"))
async def post_statements(sender: XapiSender, document: StatementsBody, state: State) -> Response:
    """Store one statement or a list of them; return their ids, in order, once they are stored."""
    statements = events_of(document)
    result = await state.run(lambda: ingest.ingest(sender, statements, state.notifier, stamp=_stamp(sender)))
    ids = [xapi.id_of(statement, key) for statement, key in zip(statements, result.keys, strict=True)]
    return JSONResponse(ids, headers=HEADERS)


@router.put(
    "/xapi/statements",
    openapi_extra=openapi.events_body(),
    responses=openapi.responses("nothing"),
    status_code=HTTPStatus.NO_CONTENT,
)
async def put_statement(
    sender: XapiSender,
    document: StatementsBody,
    state: State,
    statement_id: Annotated[uuid.UUID, Query(alias="statementId")],
) -> Response:
    """Store one statement under the id `statementId`."""
    if not isinstance(document, dict):
        raise ProblemError("not_an_object")
    expected = str(statement_id)
    own_id = document.get("id", expected)
    if not isinstance(own_id, str) or own_id.lower() != expected:
        raise ProblemError("bad_request")
    statement = {**document, "id": expected}
    await state.run(lambda: ingest.ingest(sender, [statement], state.notifier, stamp=_stamp(sender)))
    return Response(status_code=HTTPStatus.NO_CONTENT, headers=HEADERS)


@router.get("/xapi/about")
async def get_about() -> JSONResponse:
    """Return the supported versions of xAPI."""
    return JSONResponse({"version": VERSIONS}, headers=HEADERS)


for _path in ("/xapi/statements/", "/xAPI/statements", "/xAPI/statements/"):
    router.add_api_route(_path, post_statements, methods=["POST"], include_in_schema=False)
    router.add_api_route(_path, put_statement, methods=["PUT"], include_in_schema=False)
for _path in ("/xapi/about/", "/xAPI/about"):
    router.add_api_route(_path, get_about, methods=["GET"], include_in_schema=False)


def _stamp(sender: Sender) -> Stamp:
    """Return what adds time and id to statements: by its id a statement can be voided, which Moodle never does."""

    def stamp(statement: object, now: Callable[[], datetime], key: bytes) -> object:
        return xapi.with_receipt(statement, received_at=now, key=None if sender.format == "moodle" else key)

    return stamp
