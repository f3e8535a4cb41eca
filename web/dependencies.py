"""FastAPI dependencies that routes share: admit a request, authenticate its sender, read and parse its body.

A route lists them in the order in which they run: first the sender, then the body, so that nobody without a credential
makes us read a body. Whatever blocks runs in a thread (`ApiState.run`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sized
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, TypeVar

import anyio
from anyio import to_thread
from fastapi import Depends
from starlette.requests import Request

from config import tracing
from config.settings import settings
from lms import strict_json
from models.access import source_keys
from models.access.sources import Sender
from models.events.inbox import RecordResult
from web import ingest, memory_budget
from web.auth import basic_or_bearer
from web.in_flight import InFlight, Limits, Place, place_of
from web.memory_budget import MemoryBudget
from web.multipart import MEDIA, first_json_part, is_multipart
from web.notifier import WorkerNotifier
from web.problems import ProblemError
from web.rate_limit import RateLimiter
from web.request_body import (
    JSON_TYPES,
    decompress,
    decompress_small,
    read_body,
    zlib_window_bits,
)
from web.waiting import Waiting

R = TypeVar("R")
Document = Any
"""One parsed JSON value."""
THREADS = 16
"""As many as the API's connections to the database."""
PARSE_INLINE_BYTES = 16 * 1024
"""A larger or compressed body is parsed in a thread, so that it does not delay other requests."""
MAX_EVENTS = 20_000
"""Most events in one request: as many as are stored in time, also by a busy machine."""
_waited_seconds: ContextVar[float] = ContextVar("_waited_seconds", default=0.0)
"""How long the current request has waited for threads so far."""


PAGES_A_SECOND = 4.0
PAGES_AT_ONCE = 40
"""A page asks for itself and little else; a teacher may open ten students at once."""


@dataclass(frozen=True, slots=True)
class ApiState:
    """What the requests of one process share."""

    limits: Limits = field(default_factory=Limits)
    in_flight: InFlight = field(default_factory=InFlight)
    memory: MemoryBudget = field(default_factory=MemoryBudget)
    notifier: WorkerNotifier = field(default_factory=WorkerNotifier)
    rate_limiter: RateLimiter = field(default_factory=RateLimiter)
    page_limiter: RateLimiter = field(default_factory=lambda: RateLimiter(PAGES_A_SECOND, PAGES_AT_ONCE))
    """Of each open page: a person clicks slower."""
    threads: anyio.CapacityLimiter = field(default_factory=lambda: anyio.CapacityLimiter(THREADS))
    free_threads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(THREADS))
    waiting: Waiting = field(init=False)
    """Whose page waits for a worker."""

    def __post_init__(self) -> None:
        """Let those who wait share the threads with everybody."""
        object.__setattr__(self, "waiting", Waiting(self.threads))

    async def run(self, function: Callable[[], R]) -> R:
        """Run a blocking function in a thread; a sender that disconnects does not interrupt it.

        On timeout answer 503 and let the thread finish; if it still commits, the sender's retry is a duplicate.

        Raises:
            ProblemError: `overloaded`: no thread became free in time; `unavailable`: the function took too long.
        """
        left = self.limits.answer_seconds - _waited_seconds.get()
        started = time.monotonic()
        try:
            async with asyncio.timeout(min(self.limits.wait_seconds, left)):
                await self.free_threads.acquire()
        except TimeoutError:
            raise ProblemError("overloaded") from None
        running = asyncio.ensure_future(to_thread.run_sync(function, limiter=self.threads))
        running.add_done_callback(self._release_thread)
        if (reservation := memory_budget.current()) is not None:
            reservation.hold()
            running.add_done_callback(lambda _: reservation.drop())
        try:
            async with asyncio.timeout(left - (time.monotonic() - started)):
                return await asyncio.shield(running)
        except TimeoutError:
            if running.done():  # it finished at the last moment, or raised a TimeoutError of its own
                return running.result()
            raise ProblemError("unavailable") from None
        finally:
            _waited_seconds.set(_waited_seconds.get() + time.monotonic() - started)

    @asynccontextmanager
    async def unpacking(self) -> AsyncIterator[None]:
        """Let one request at a time unpack a large body.

        Raises:
            ProblemError: `overloaded`: others took too long.
        """
        began = time.monotonic()
        try:
            async with asyncio.timeout(memory_budget.WAIT_SECONDS):
                await self.memory.unpacking.acquire()
        except TimeoutError:
            raise ProblemError("overloaded") from None
        self.count_wait(time.monotonic() - began)
        try:
            yield
        finally:
            self.memory.unpacking.release()

    async def waited_for(self, work: Awaitable[R]) -> R:
        """Return what another server's answer gives, and count the time as the current request's."""
        began = time.monotonic()
        try:
            return await work
        finally:
            self.count_wait(time.monotonic() - began)

    @staticmethod
    def count_wait(seconds: float) -> None:
        """Take what the current request has waited for from the time that is left for its work."""
        _waited_seconds.set(_waited_seconds.get() + seconds)

    def _release_thread(self, finished: asyncio.Future[Any]) -> None:
        self.free_threads.release()
        if not finished.cancelled():
            finished.exception()  # marks it as retrieved, in case nobody waits for it any more

    def max_body_bytes(self) -> int:
        """Return the largest body in bytes, compressed or not."""
        return self.limits.body_bytes or settings().web_max_body_mb * 1024 * 1024


def state_of(request: Request) -> ApiState:
    """Return the state of this process."""
    state: ApiState = request.app.state.api
    return state


async def api_state(request: Request) -> ApiState:
    """Return the state of this process; async, because FastAPI runs other dependencies in a thread."""
    return state_of(request)


State = Annotated[ApiState, Depends(api_state)]


async def limit_concurrency(request: Request, state: State) -> AsyncIterator[None]:
    """Count the request among those in flight.

    Raises:
        ProblemError: `overloaded`.
    """
    place = Place(state.in_flight, state.limits)
    place.enter()
    request.state.place = place
    try:
        yield
    finally:
        place.leave()


def notify_workers(request: Request, recorded: RecordResult) -> None:
    """Notify the workers of events that were committed, outside of the request."""
    state_of(request).notifier.notify(recorded.accepted, tracing.request_id())


CONCURRENCY_LIMIT = Depends(limit_concurrency, scope="function")
"""For the `dependencies` of a router, which run before those of its routes."""


def sender_of(*formats: str) -> Callable[[Request, ApiState], Coroutine[Any, Any, Sender]]:
    """Return a dependency that authenticates a sender of one of these formats."""

    async def authenticated_sender(request: Request, state: State) -> Sender:
        return await authenticate(request, state, formats)

    return authenticated_sender


async def authenticate(request: Request, state: ApiState, formats: tuple[str, ...]) -> Sender:
    """Return the sender by the Authorization header.

    Raises:
        ProblemError: `auth_missing`, `auth_failed`, `rate_limited`, `too_many_at_once`, `wrong_door`, `overloaded`,
            `unavailable`.
    """
    header = request.headers.get("authorization")
    if not header:
        raise ProblemError("auth_missing")
    credential = basic_or_bearer(header)
    if credential is None:
        raise ProblemError("auth_failed")
    place = place_of(request)
    place.check_share(source_keys.source_of(credential[0]))  # costs less than to authenticate all that are refused
    sender = await state.run(partial(ingest.authenticate, *credential))
    state.rate_limiter.check(sender.source_id)
    if sender.format not in formats:
        raise ProblemError("wrong_door")
    place.belongs_to(sender.source_id)
    return sender


@asynccontextmanager
async def read_plain(
    request: Request,
    state: ApiState,
    *,
    allowed: tuple[str, ...] = JSON_TYPES,
    part: Callable[[bytes], bytes] = bytes,
) -> AsyncIterator[tuple[bytes, bool]]:
    """Read the body within the limits and decompress it; yield the JSON in it, and whether to parse it in a thread.

    Until the end of the block it counts as buffered, and the memory that it may take once parsed is reserved.

    Raises:
        ProblemError: `unsupported_media`, `too_large`, `body_timeout`, `overloaded`, `bad_encoding`.
    """
    window_bits = zlib_window_bits(request, allowed=allowed)
    max_bytes = state.max_body_bytes()
    async with AsyncExitStack() as stack:
        raw = await stack.enter_async_context(read_body(request, state.limits, place_of(request), max_bytes=max_bytes))
        in_thread = bool(window_bits) or len(raw) > PARSE_INLINE_BYTES
        plain: bytes | None = raw
        if window_bits:
            plain = await state.run(partial(decompress_small, raw, window_bits, max_bytes=max_bytes))
        began = time.monotonic()
        async with state.unpacking() if plain is None else nullcontext():
            if plain is None:
                plain = await state.run(partial(decompress, raw, window_bits, max_bytes=max_bytes))
            content = part(plain)
            estimate = partial(memory_budget.estimate, content)
            wanted = await state.run(estimate) if in_thread else estimate()
            began_to_wait = time.monotonic()
            within = max(0.0, memory_budget.WAIT_SECONDS - (began_to_wait - began))
            await stack.enter_async_context(state.memory.reserved(wanted, within=within))
        state.count_wait(time.monotonic() - began_to_wait)
        yield content, in_thread


@asynccontextmanager
async def read_json(request: Request, state: ApiState) -> AsyncIterator[Document]:
    """Read the body within the limits and parse it.

    Raises:
        ProblemError: as `read_plain`, or a code of `strict_json`.
    """
    async with read_plain(request, state) as (plain, in_thread):
        parse = partial(parse_json, plain)
        yield await state.run(parse) if in_thread else parse()


@asynccontextmanager
async def read_statements(request: Request, state: ApiState) -> AsyncIterator[Document]:
    """Read a body of xAPI statements: JSON, or multipart/mixed, whose attachments are dropped.

    Raises:
        ProblemError: as `read_json`; `bad_multipart`.
    """
    content_type = request.headers.get("content-type", "")
    if not is_multipart(content_type):
        async with read_json(request, state) as document:
            yield document
        return
    part = partial(first_json_part, content_type=content_type)
    async with read_plain(request, state, allowed=(MEDIA,), part=part) as (content, _):
        yield await state.run(partial(parse_json, content))


async def statements_body(request: Request, state: State) -> AsyncIterator[Document]:
    """Yield the parsed statements; they count as buffered until the route has returned."""
    async with read_statements(request, state) as document:
        yield document


StatementsBody = Annotated[Document, Depends(statements_body, scope="function")]
"""The statements of a request, without attachments."""


async def json_body(request: Request, state: State) -> AsyncIterator[Document]:
    """Yield the parsed body; it counts as buffered until the route has returned."""
    async with read_json(request, state) as document:
        yield document


JsonBody = Annotated[Document, Depends(json_body, scope="function")]
"""The body of a request as strict JSON."""


def parse_json(plain: bytes, *, max_values: int | None = None) -> Document:
    """Return the document in a body; without `max_values`, its values were counted before (`memory_budget.estimate`).

    Raises:
        ProblemError: the body is not strict JSON, or has too many values.
    """
    if max_values is not None and strict_json.count_values(plain) > max_values:
        raise ProblemError("too_large")
    try:
        return strict_json.read(plain)
    except strict_json.BodyError as error:
        raise ProblemError(error.code) from None


def events_of(document: Document) -> list[Document]:
    """Return the events of a body that is one event or a list of events.

    Elements of a list that are not objects are kept, and quarantined by a worker, unless no element is an object.

    Raises:
        ProblemError: `not_an_object`; `too_large`: they are too many.
    """
    events = document if isinstance(document, list) else [document]
    refuse_too_many(events)
    if events and not any(isinstance(event, dict) for event in events):
        raise ProblemError("not_an_object")
    return events


def refuse_too_many(events: Sized) -> None:
    """Refuse more events than could be stored before the sender has to be answered; sent again, they would be too.

    Raises:
        ProblemError: `too_large`.
    """
    if len(events) > MAX_EVENTS:
        raise ProblemError("too_large")
