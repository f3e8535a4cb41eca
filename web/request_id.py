"""Give every request an id, the sender's if it is valid; the response and all log lines of the request carry it."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config import telemetry, tracing

log = structlog.get_logger(__name__)

HEADER = "X-Request-Id"


class RequestIdMiddleware:
    """Add the id to each response; unexpected errors are answered here, so that they carry it too."""

    def __init__(self, app: ASGIApp, answer: Callable[[Scope], Response]) -> None:
        self.app = app
        self.answer = answer
        """What an unexpected error is answered with."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = tracing.normalize_request_id(headers.get(HEADER, ""))
        started = False
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal started, status
            if message["type"] == "http.response.start":
                started, status = True, message["status"]
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with (
            tracing.request_context(request_id),
            telemetry.span("request", kind="SERVER", parent=headers.get(telemetry.HEADER)) as span,
        ):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception:
                if not started:
                    await self.answer(scope)(scope, receive, send_with_id)
                    log.exception("request_failed")
                    return
                log.exception("request_failed")
                raise
            finally:
                span.update({"request_id": request_id, "http.response.status_code": status, "name": _name(scope)})


def _name(scope: Scope) -> str:
    """Return the method and the route as it is written in the code: a path may hold a name."""
    return f"{scope['method']} {getattr(scope.get('route'), 'path', '')}".strip()
