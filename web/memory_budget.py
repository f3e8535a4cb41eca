"""Bound the memory of parsed bodies: each reserves what it may become before it is parsed, or waits, or is refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from lms import strict_json
from web.problems import ProblemError

MAX_VALUES = 500_000
"""Most values in one body, counted by its commas and brackets. A statement of Moodle has about 60."""
VALUE_BYTES = 160
"""Memory of a parsed value at most, such as an object with one name; most are smaller."""
ASCII_COPIES = 3
"""A body's text lives as the document, as what the inbox stores, and as what is sent to the database."""
WIDE_COPIES = 10
"""As above where a character may take four bytes; one beyond ASCII makes all of a text wide."""
SMALL_BYTES = 256 * 1024
"""What takes no more waits for nobody: the number of requests at once bounds it."""
WAIT_SECONDS = 2.5
"""Longest wait for memory; the rest of `Limits.answer_seconds` is for parsing and storing."""


def estimate(body: bytes, *, max_values: int = MAX_VALUES) -> int:
    """Return the bytes that a body may take once parsed, without parsing it.

    Raises:
        ProblemError: `too_large`: it has too many values.
    """
    values = strict_json.count_values(body)
    if values > max_values:
        raise ProblemError("too_large")
    return values * VALUE_BYTES + len(body) * (ASCII_COPIES if body.isascii() else WIDE_COPIES)


class Reservation:
    """Memory that a request has reserved: until the request has ended, and each thread that works for it."""

    def __init__(self, budget: MemoryBudget, reserved: int) -> None:
        self._budget, self._reserved, self._holders = budget, reserved, 1

    def hold(self) -> None:
        """Keep it once more; a thread goes on where its request was answered 503."""
        self._holders += 1

    def drop(self) -> None:
        """Undo one `hold`, or the reservation itself."""
        self._holders -= 1
        if not self._holders:
            self._budget.give_back(self._reserved)


_current: ContextVar[Reservation | None] = ContextVar("_current", default=None)


def current() -> Reservation | None:
    """Return the reservation of the current request."""
    return _current.get()


@dataclass(slots=True)
class MemoryBudget:
    """What all large bodies of a process may take together once parsed; the largest has it to itself."""

    total: int = 160 * 1024 * 1024
    used: int = 0
    unpacking: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while a large body is unpacked and its memory reserved: what comes out is in no reservation until then."""
    _waiting: set[asyncio.Future[None]] = field(default_factory=set)

    @asynccontextmanager
    async def reserved(self, wanted: int, *, within: float = WAIT_SECONDS) -> AsyncIterator[None]:
        """Reserve memory until the end of the block, and of the threads that were started in it.

        Raises:
            ProblemError: `overloaded`: it did not become free in time.
        """
        if wanted <= SMALL_BYTES:
            yield
            return
        wanted = min(wanted, self.total)
        try:
            async with asyncio.timeout(within):
                while self.used + wanted > self.total:
                    await self._something_freed()
        except TimeoutError:
            raise ProblemError("overloaded") from None
        self.used += wanted
        reservation = Reservation(self, wanted)
        token = _current.set(reservation)
        try:
            yield
        finally:
            _current.reset(token)
            reservation.drop()

    def give_back(self, reserved: int) -> None:
        """Free reserved memory, and let all that wait look again."""
        self.used -= reserved
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def _something_freed(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await waiter
        finally:
            self._waiting.discard(waiter)
