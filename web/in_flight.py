"""The requests that a process is reading or storing now: bounded for all together, and for each sender.

A sender may have as much as is free: one alone half of all, three a quarter each, so that there is always room for one
more. Source: Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet switches", 1998.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.requests import Request

from config.settings import settings
from web.problems import ProblemError


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one process for all requests together, and for each."""

    body_bytes: int | None = None
    """Largest body, also after decompression; None: as configured."""
    buffered_bytes: int = 64 * 1024 * 1024
    """All bodies in memory together, as they were sent; a request beyond gets 503, unless it is the only one."""
    small_bytes: int = 64 * 1024
    """A body up to here is never refused for memory: the number of requests bounds what all of them take."""
    requests: int = 256
    """Requests being read or stored at the same time."""
    sender_requests: int | None = None
    """Those of one sender at most; None: as configured."""
    idle_seconds: float = 5.0
    """Longest silence within a body."""
    total_seconds: float = 30.0
    """Longest time for a whole body."""
    wait_seconds: float = 4.0
    """Longest wait for a free thread, about as long as a database statement may take."""
    answer_seconds: float = 4.5
    """Longest time for all threads and database work of a request together."""


@dataclass(slots=True)
class InFlight:
    """The requests and body bytes that a process is handling now, all and those of each sender."""

    requests: int = 0
    body_bytes: int = 0
    requests_of: Counter[Hashable] = field(default_factory=Counter)
    bytes_of: Counter[Hashable] = field(default_factory=Counter)


class Place:
    """The place of one request among those in flight."""

    __slots__ = ("_body_bytes", "_in_flight", "_limits", "_sender")

    def __init__(self, in_flight: InFlight, limits: Limits) -> None:
        self._in_flight, self._limits = in_flight, limits
        self._sender: Hashable = None
        self._body_bytes = 0

    def enter(self) -> None:
        """Count the request, until it leaves.

        Raises:
            ProblemError: `overloaded`.
        """
        if self._in_flight.requests >= self._limits.requests:
            raise ProblemError("overloaded")
        self._in_flight.requests += 1

    def belongs_to(self, sender: Hashable) -> None:
        """Count the request among those of a sender: a source, or an address that is not known as one yet.

        Raises:
            ProblemError: `too_many_at_once`.
        """
        self.check_share(sender)
        self._in_flight.requests_of[sender] += 1
        self._sender = sender

    def check_share(self, sender: Hashable) -> None:
        """Do nothing where a sender may have one more request under way.

        Raises:
            ProblemError: `too_many_at_once`.
        """
        most = self._limits.sender_requests or settings().web_source_requests
        free = self._limits.requests - self._in_flight.requests
        under_way = self._in_flight.requests_of.get(sender, 0)
        if under_way and under_way >= min(most, free):
            raise ProblemError("too_many_at_once")

    def leave(self) -> None:
        """Count the request no longer."""
        in_flight, sender = self._in_flight, self._sender
        in_flight.requests -= 1
        if sender is not None:
            in_flight.requests_of[sender] -= 1
            if not in_flight.requests_of[sender]:
                del in_flight.requests_of[sender]

    @contextmanager
    def buffering(self) -> Iterator[None]:
        """Count the bytes of a body until the end of the block."""
        try:
            yield
        finally:
            self._add_bytes(-self._body_bytes)

    def count_bytes(self, number: int) -> None:
        """Count bytes of the body that have come.

        Raises:
            ProblemError: `overloaded`, `too_many_at_once`.
        """
        self._add_bytes(number)
        in_flight, limits = self._in_flight, self._limits
        if self._body_bytes <= limits.small_bytes:
            return
        if in_flight.body_bytes > max(limits.buffered_bytes, self._body_bytes):
            raise ProblemError("overloaded")
        free = limits.buffered_bytes - in_flight.body_bytes
        if in_flight.bytes_of[self._sender] > max(free, self._body_bytes):
            raise ProblemError("too_many_at_once")

    def _add_bytes(self, number: int) -> None:
        in_flight, sender = self._in_flight, self._sender
        self._body_bytes += number
        in_flight.body_bytes += number
        in_flight.bytes_of[sender] += number
        if not in_flight.bytes_of[sender]:
            del in_flight.bytes_of[sender]


def place_of(request: Request) -> Place:
    """Return the place of a request, which the route's first dependency has taken."""
    place: Place = request.state.place
    return place


def address_of(request: Request) -> Hashable:
    """Return what an unknown sender is counted by: the address of the last proxy, where it stands behind one."""
    return "address", request.client.host if request.client else ""
