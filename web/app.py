"""The API as one ASGI application; importing it opens nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from config import telemetry
from config.errors import OperatorError
from tasks.pipeline.overrides import RefusedError
from web import openapi as web_openapi
from web import problems
from web.dependencies import ApiState
from web.lti import routes as lti
from web.pages import choose_class, groups, home, links, rules, static, student, tables, task, teacher
from web.pages import overrides as page_overrides
from web.pages.render import PageRefusedError, refused
from web.problems import ProblemError
from web.request_id import RequestIdMiddleware
from web.routes import caliper, canvas, docs, events, health, overrides, policy, scope, surveys, xapi

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
PAGES = ("/lti/", "/link/")
"""Where people's browsers come: even an unexpected error is answered with a page there."""
_CODES = {404: "not_found", 405: "method_not_allowed"}


def create_app(state: ApiState | None = None) -> FastAPI:
    """Return the application; `state` holds its limits and its notifier."""
    app = FastAPI(
        title="Souschef",
        summary="The API through which an LMS and its survey tools send events.",
        lifespan=_lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        responses=web_openapi.common_responses(),
    )
    app.state.api = state or ApiState()
    sensors = (xapi, caliper, canvas, events, surveys)
    tools = (overrides, policy, scope, health, docs)
    pages = (lti, links, home, choose_class, student, task, tables, teacher, groups, page_overrides, rules, static)
    for module in (*sensors, *tools, *pages):
        app.include_router(module.router)
    app.add_exception_handler(ProblemError, problems.handle)
    app.add_exception_handler(PageRefusedError, refused)
    app.add_exception_handler(HTTPException, _for_pages("not_found", _http_error))
    app.add_exception_handler(RequestValidationError, _for_pages("not_found", _bad_request))
    app.add_exception_handler(SQLAlchemyError, _for_pages("busy", problems.unavailable))
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(OperatorError, _for_pages("busy", problems.unavailable))
    app.add_middleware(RequestIdMiddleware, answer=_unexpected)
    _describe_security(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.api.notifier.close()
    telemetry.stop()


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    problem = ProblemError(_CODES.get(status, "bad_request"))
    if problem.code == "method_not_allowed":
        problem.allow = ", ".join(_methods_at(request)) or None
    return problems.problem_response(problem)


def _for_pages(code: str, otherwise: Callable[[Request, Exception], Response]) -> Callable[..., Response]:
    """Return a handler that answers a browser's page with a page, and everybody else as before."""

    def handle(request: Request, error: Exception) -> Response:
        if request.url.path.startswith(PAGES):
            return refused(request, PageRefusedError(code))
        return otherwise(request, error)

    return handle


def _unexpected(scope: Scope) -> Response:
    """Answer an error that nobody expected; the middleware logs it."""
    return _for_pages("failed", problems.handle)(Request(scope), ProblemError("internal"))


def _refused(_: Request, error: Exception) -> Response:
    """Answer a teacher's change that is refused, with the reason."""
    reason = error.message if isinstance(error, RefusedError) else None
    return problems.problem_response(ProblemError("refused", reason=reason))


def _bad_request(_: Request, __: Exception) -> Response:
    return problems.problem_response(ProblemError("bad_request"))


def _methods_at(request: Request) -> list[str]:
    """Return the methods of a path; Starlette would name only those of the first route."""
    routes = request.app.router.routes
    scopes = ({**request.scope, "method": method} for method in METHODS)
    return [scope["method"] for scope in scopes if any(route.matches(scope)[0] is Match.FULL for route in routes)]


def _describe_security(app: FastAPI) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        schema = generate()
        schema.setdefault("components", {})["securitySchemes"] = web_openapi.SECURITY_SCHEMES
        return schema

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend the schema


app = create_app()
