"""Wait until workers have applied what students just sent: one question to the database for all who wait."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import structlog
from anyio import CapacityLimiter, to_thread
from sqlalchemy.exc import SQLAlchemyError

from config.errors import OperatorError
from models import engine
from models.events import inbox
from web import ingest

log = structlog.get_logger(__name__)
PAUSE_SECONDS = 0.05
CROWD = 16
"""From so many on who wait, workers are behind: an answer takes them some 20 ms of two busy cores."""


def still_pending(ids: Collection[int]) -> set[int]:
    """Return which of these inbox rows wait for a worker."""
    with engine.transaction(role=ingest.ROLE) as session:
        return inbox.still_pending(session, ids)


@dataclass(slots=True)
class Waiting:
    """Everybody in this process who waits for events of theirs.

    Two hundred who answer at once would ask two hundred times as often, each for a page of their own; and the workers,
    for whom they wait, share the processors with them.
    """

    threads: CapacityLimiter
    ask: Callable[[Collection[int]], set[int]] = still_pending
    _waiting: dict[asyncio.Future[None], frozenset[int]] = field(default_factory=dict)
    _asking: asyncio.Task[None] | None = None

    @property
    def is_crowded(self) -> bool:
        """Whether so many wait already that one more would wait in vain."""
        return len(self._waiting) >= CROWD

    async def until_applied(self, ids: Collection[int], *, seconds: float) -> bool:
        """Return when none of these inbox rows is pending, or after so many seconds; whether none was."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[ended] = frozenset(ids)
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_until_nobody_waits(), context=contextvars.Context())
        try:
            await asyncio.wait([ended], timeout=seconds)
        finally:
            del self._waiting[ended]
        return ended.done()

    async def _ask_until_nobody_waits(self) -> None:
        try:
            while self._waiting:
                ids = frozenset[int]().union(*self._waiting.values())
                self._end(await to_thread.run_sync(self.ask, ids, limiter=self.threads), asked=ids)
                await asyncio.sleep(PAUSE_SECONDS)
        except (SQLAlchemyError, OperatorError) as error:
            log.warning("waiting_failed", error=type(error).__name__)  # all wait to the end, as for a worker
        finally:
            self._asking = None

    def _end(self, pending: Collection[int], *, asked: frozenset[int]) -> None:
        for ended, ids in list(self._waiting.items()):
            if ids <= asked and ids.isdisjoint(pending) and not ended.done():
                ended.set_result(None)
