"""What a request gets that is not taken: RFC 9457 problem+json with a stable code, never an echo of what was sent."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

log = structlog.get_logger(__name__)

SENTENCES = {
    "auth_missing": "Send the key and secret that `souschef source add` printed.",
    "auth_failed": "The credential or the signature is not good.",
    "wrong_door": "This source's format goes to another door.",
    "not_found": "There is nothing here.",
    "method_not_allowed": "This door takes other methods; see Allow.",
    "bad_request": "A parameter is missing or makes no sense.",
    "bad_json": "The body is not one JSON document.",
    "bad_encoding": "The body is not UTF-8, or not what its Content-Encoding says.",
    "too_deep": "The body is nested too deep.",
    "number_range": "The body holds a number beyond a double.",
    "duplicate_key": "An object in the body has a name twice.",
    "bad_unicode": "The body holds U+0000 or half a surrogate pair.",
    "not_an_object": "An event is a JSON object.",
    "no_envelope": "This is no sensor's message: `data` holds the events.",
    "too_large": "The body is too large: send it in smaller batches.",
    "unsupported_media": "Send application/json in UTF-8, plain or gzip.",
    "unsupported_version": "This version of the format is not read.",
    "refused": "This cannot be ordered; `reason` says why.",
    "body_timeout": "The body came too slowly.",
    "rate_limited": "This source sends too often: try again later.",
    "overloaded": "Too much at once: try again soon.",
    "unavailable": "The event could not be stored: try again.",
    "internal": "Something broke here; nothing was stored.",
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
    "internal": 500,
    "overloaded": 503,
    "unavailable": 503,
}
_RETRY_AFTER_SECONDS = {"overloaded": 2, "unavailable": 5}


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so
    """A request that is not taken, by its code."""

    def __init__(
        self, code: str, *, allow: str | None = None, retry_after: int | None = None, reason: str | None = None
    ) -> None:
        super().__init__(code)
        self.code = code
        self.allow = allow
        self.retry_after = _RETRY_AFTER_SECONDS.get(code) if retry_after is None else retry_after
        self.reason = reason
        """Why exactly, for a teacher's tool to show; it may name what was asked for."""

    @property
    def status(self) -> int:
        """Return the HTTP status."""
        return _STATUSES.get(self.code, 400)


def answer(problem: Problem) -> Response:
    """Return a problem as a response, and tell the log which it was."""
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
    """Answer a problem that was raised while a request was handled; whatever else it is, nothing of it is told."""
    problem = error if isinstance(error, Problem) else Problem("internal")
    return answer(problem)
