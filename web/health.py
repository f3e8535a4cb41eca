"""Whether the door stands, and whether it can store what it is given; monitors ask by HEAD as often as by GET."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from config.errors import Mendable
from models import clock, database
from web import intake
from web.door import of

router = APIRouter(tags=["Health"])


@router.head("/health", include_in_schema=False)
@router.get("/health")
async def health() -> JSONResponse:
    """Say that the process lives: it looks at nothing else, so that nobody restarts it for another's fault."""
    return JSONResponse({"status": "ok"})


@router.head("/ready", include_in_schema=False)
@router.get("/ready", responses={503: {"description": "unavailable"}})
async def ready(request: Request) -> Response:
    """Say whether an event could be stored now."""
    await of(request).run(_database_answers)
    return JSONResponse({"status": "ok", "database": "ok"})


def _database_answers() -> None:
    try:
        with database.transaction(role=intake.ROLE) as session:
            clock.now(session)
    except (SQLAlchemyError, Mendable) as error:
        raise intake.unavailable(error) from None
