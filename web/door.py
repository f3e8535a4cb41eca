"""What all doors share: let a request in, learn who sends, read the body, and do the blocking rest in a thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import anyio
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from config.settings import settings
from lms import strict_json
from models.sources import Sender
from web import intake
from web.bodies import JSON_TYPES, Limits, admitted, body_of, check_type, unpacked
from web.credentials import basic_or_bearer
from web.doorbell import Doorbell
from web.problems import Problem
from web.rates import Rates

R = TypeVar("R")
Document = Any
"""One parsed JSON value."""
THREADS = 16
"""As many as the door's connections to the database."""
_spent: ContextVar[float] = ContextVar("_spent", default=0.0)
"""For how many seconds the request of this context has been kept waiting by what blocks."""


@dataclass(frozen=True, slots=True)
class Door:
    """What the requests of one process share."""

    limits: Limits = field(default_factory=Limits)
    doorbell: Doorbell = field(default_factory=Doorbell)
    rates: Rates = field(default_factory=Rates)
    threads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(THREADS))
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(THREADS))

    async def run(self, function: Callable[[], R]) -> R:
        """Run what blocks in a thread; a sender that hangs up does not interrupt it.

        A request that has been kept waiting for too long in all is answered, and what blocks goes on without it: what
        it stores all the same is known when it is sent again.

        Raises:
            Problem: `overloaded`: no thread came free in time, since the database is slow or we are many;
                `unavailable`: the database does not say a word.
        """
        left = self.limits.answer_seconds - _spent.get()
        began = time.monotonic()
        try:
            async with asyncio.timeout(min(self.limits.wait_seconds, left)):
                await self.turns.acquire()
        except TimeoutError:
            raise Problem("overloaded") from None
        running = asyncio.ensure_future(to_thread.run_sync(function, limiter=self.threads))
        running.add_done_callback(self._give_back)
        try:
            async with asyncio.timeout(left - (time.monotonic() - began)):
                return await asyncio.shield(running)
        except TimeoutError:
            if running.done():  # at the last moment; or the function's own time was over
                return running.result()
            raise Problem("unavailable") from None
        finally:
            _spent.set(_spent.get() + time.monotonic() - began)

    def _give_back(self, ended: asyncio.Future[Any]) -> None:
        self.turns.release()
        if not ended.cancelled():
            ended.exception()  # seen, where nobody waits for it any more

    def most(self) -> int:
        """Return the largest body in bytes, packed or unpacked."""
        return self.limits.body_bytes or settings().web_max_body_mb * 1024 * 1024


def of(request: Request) -> Door:
    """Return the door that a request stands at."""
    door: Door = request.app.state.door
    return door


async def serve(
    request: Request,
    work: Callable[[Sender, Document], Response],
    *,
    formats: Collection[str],
    media: tuple[str, ...] = JSON_TYPES,
) -> Response:
    """Authenticate by the Authorization header, read the body, and answer with what `work` makes of it.

    Raises:
        Problem: whatever is wrong with the request; nothing was stored.
    """
    door = of(request)
    async with admitted(door.limits):
        sender = await identified(request, formats=formats)
        window_bits = check_type(request, allowed=media)
        async with body_of(request, door.limits, most=door.most()) as raw:
            return await door.run(lambda: work(sender, read(raw, window_bits, most=door.most())))


async def identified(request: Request, *, formats: Collection[str]) -> Sender:
    """Return who sends, by the Authorization header.

    Raises:
        Problem: `auth_missing`, `auth_failed`, `rate_limited`, `wrong_door`, `unavailable`.
    """
    header = request.headers.get("authorization")
    if not header:
        raise Problem("auth_missing")
    pair = basic_or_bearer(header)
    if pair is None:
        raise Problem("auth_failed")
    sender = await of(request).run(partial(intake.authenticated, *pair))
    of(request).rates.admit(sender.source_id)
    if sender.format not in formats:
        raise Problem("wrong_door")
    return sender


def read(raw: bytes, window_bits: int, *, most: int) -> Document:
    """Return the document in a body.

    Raises:
        Problem: as the body is no strict JSON.
    """
    try:
        return strict_json.read(unpacked(raw, window_bits, most=most))
    except strict_json.BodyError as error:
        raise Problem(error.code) from None


def events_of(document: Document) -> list[Document]:
    """Return the events of a body that is one event or a list of them.

    A list may hold what is no event: the worker quarantines it, and the others count. Where nothing is one, the
    sender is told.

    Raises:
        Problem: `not_an_object`.
    """
    events = document if isinstance(document, list) else [document]
    if events and not any(isinstance(event, dict) for event in events):
        raise Problem("not_an_object")
    return events
