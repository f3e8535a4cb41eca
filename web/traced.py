"""Every request has an id: the sender's where it is sane, else one made here; the answer and all log lines carry it."""

from __future__ import annotations

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config import trace
from web.problems import Problem, answer

log = structlog.get_logger(__name__)

HEADER = "X-Request-Id"


class Traced:
    """The doors, with an id in each answer; what breaks behind them is answered here, so that it has its id too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = trace.taken(Headers(scope=scope).get(HEADER, ""))
        begun = False

        async def send_with_id(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with trace.of_request(request_id):
            try:
                await self.app(scope, receive, send_with_id)
            except Exception:
                log.exception("request_broke")
                if begun:
                    raise
                await answer(Problem("internal"))(scope, receive, send_with_id)
