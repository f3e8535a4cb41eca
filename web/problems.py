"""Error responses: RFC 9457 problem+json with a stable code, which never repeat what was sent."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from config.errors import OperatorError
from models import engine

log = structlog.get_logger(__name__)

SENTENCES = {
    "auth_missing": "Send the key and secret that `souschef source add` printed.",
    "auth_failed": "Invalid credentials or signature.",
    "wrong_door": "This source's format belongs to another route.",
    "not_found": "Not found.",
    "method_not_allowed": "This route has other methods; see Allow.",
    "bad_request": "A parameter is missing or invalid.",
    "bad_json": "The body is not one JSON document.",
    "bad_encoding": "The body is not UTF-8, or not what its Content-Encoding says.",
    "too_deep": "The body is nested too deeply.",
    "number_range": "The body has a number beyond a double.",
    "duplicate_key": "An object in the body has a name twice.",
    "bad_unicode": "The body contains U+0000 or half a surrogate pair.",
    "bad_multipart": "The body is not multipart/mixed with its statements as JSON in the first part.",
    "alternate_syntax": "The alternate request syntax of xAPI (?method=) is not supported.",
    "not_an_object": "An event is a JSON object.",
    "no_envelope": "This is not a sensor's message: `data` contains the events.",
    "too_large": "The body is too large: send it in smaller batches.",
    "unsupported_media": "Send application/json in UTF-8, plain or gzip; xAPI statements also as multipart/mixed.",
    "unsupported_version": "This version of the format is not supported.",
    "refused": "This change is refused; `reason` says why.",
    "body_timeout": "The body came too slowly.",
    "rate_limited": "This source sends too often: try again later.",
    "too_many_at_once": "This source has too many requests under way: send the next when some are answered.",
    "overloaded": "Too many requests at once: try again soon.",
    "unavailable": "The event could not be stored: try again.",
    "internal": "An internal error; nothing was stored.",
}
_STATUSES = {
    "auth_missing": 401,
    "auth_failed": 401,
    "wrong_door": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "body_timeout": 408,
    "too_large": 413,
    "unsupported_media": 415,
    "unsupported_version": 422,
    "refused": 422,
    "rate_limited": 429,
    "too_many_at_once": 429,
    "internal": 500,
    "overloaded": 503,
    "unavailable": 503,
}
_RETRY_AFTER_SECONDS = {"too_many_at_once": 2, "overloaded": 2, "unavailable": 5}


class ProblemError(Exception):
    """A request that is refused, by its code."""

    def __init__(
        self, code: str, *, allow: str | None = None, retry_after: int | None = None, reason: str | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.allow = allow
        self.retry_after = _RETRY_AFTER_SECONDS.get(code) if retry_after is None else retry_after
        self.reason = reason
        """The exact cause, for a teacher's tool to show; it may repeat parts of the request."""

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return _STATUSES.get(self.code, 400)


def problem_response(problem: ProblemError) -> Response:
    """Return a problem as a response, and log its code."""
    log.info("refused", code=problem.code, status=problem.status)
    headers: dict[str, str] = {}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Basic realm="souschef", charset="UTF-8"'
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.allow:
        headers["Allow"] = problem.allow
    content = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "code": problem.code,
        "detail": SENTENCES[problem.code],
    }
    if problem.reason:
        content["reason"] = problem.reason
    return JSONResponse(content, problem.status, headers, media_type="application/problem+json")


def handle(_: Request, error: Exception) -> Response:
    """Answer an exception of a route: a problem by its code, anything else as `internal`."""
    problem = error if isinstance(error, ProblemError) else ProblemError("internal")
    return problem_response(problem)


def unavailable(_: Request, error: Exception) -> Response:
    """Answer that the sender should try again: the database, or something else that an operator can fix, failed.

    Nothing was stored, or it is unknown whether it was. Any other error is a bug, and is logged with its location.
    """
    expected = isinstance(error, OperatorError) or engine.is_infrastructure_error(error)
    log.warning("inbox_unavailable", error=type(error).__name__, exc_info=None if expected else error)
    return problem_response(ProblemError("unavailable"))
