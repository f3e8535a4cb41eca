"""The doors as one ASGI application; importing it opens nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from web import caliper, canvas, documented, events, health, metrics, problems, reference, surveys, teachers, xapi
from web.door import Door
from web.problems import Problem
from web.traced import Traced

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_CODES = {404: "not_found", 405: "method_not_allowed"}


def create_app(door: Door | None = None) -> FastAPI:
    """Make the application; `door` holds its limits and its doorbell."""
    app = FastAPI(
        title="Souschef",
        summary="The doors through which an LMS and its survey tools tell what happened.",
        lifespan=_lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        responses=documented.everywhere(),
    )
    app.state.door = door or Door()
    for part in (xapi, caliper, canvas, events, surveys, teachers, health, metrics, reference):
        app.include_router(part.router)
    app.add_exception_handler(Problem, problems.handle)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _bad_request)
    app.add_exception_handler(Exception, problems.handle)
    app.add_middleware(Traced)
    _describe_security(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.door.doorbell.close()


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    problem = Problem(_CODES.get(status, "bad_request"))
    if problem.code == "method_not_allowed":
        problem.allow = ", ".join(_methods_at(request)) or None
    return problems.answer(problem)


def _bad_request(_: Request, __: Exception) -> Response:
    return problems.answer(Problem("bad_request"))


def _methods_at(request: Request) -> list[str]:
    """Return the methods that a path takes; Starlette would name only those of the first route."""
    routes = request.app.router.routes
    scopes = ({**request.scope, "method": method} for method in METHODS)
    return [scope["method"] for scope in scopes if any(route.matches(scope)[0] is Match.FULL for route in routes)]


def _describe_security(app: FastAPI) -> None:
    written = app.openapi

    def openapi() -> dict[str, Any]:
        schema = written()
        schema.setdefault("components", {})["securitySchemes"] = documented.SECURITY_SCHEMES
        return schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend the schema


app = create_app()
