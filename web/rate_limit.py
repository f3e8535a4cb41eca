"""Token-bucket rate limit per source and API process.

Processes share no bucket: with three, a source may send up to three times as much. The limit keeps one faulty sender
from filling the inbox and the API's threads; `web.request_body.Limits` bounds all senders together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from math import ceil

from config.settings import settings
from web.problems import ProblemError

MANY = 10_000
"""Senders that are remembered before those who have paused long enough are forgotten."""


@dataclass(slots=True)
class RateLimiter:
    """The buckets of one process."""

    per_second: float | None = None
    """Steady requests a second; None: as configured."""
    burst: int | None = None
    """Requests at once after a pause; None: as configured."""
    clock: Callable[[], float] = time.monotonic
    _buckets: dict[Hashable, tuple[float, float]] = field(default_factory=dict, init=False)
    """Sender -> (requests left, time)."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def check(self, sender: Hashable) -> None:
        """Count one request of a sender: a source, or somebody's page.

        Raises:
            ProblemError: `rate_limited`, with the seconds until the next request is allowed.
        """
        per_second = self.per_second or settings().web_rate_per_second
        burst = float(self.burst or settings().web_rate_burst)
        with self._lock:
            now = self.clock()
            if len(self._buckets) >= MANY:
                self._forget_idle(now, burst / per_second)
            left, then = self._buckets.get(sender, (burst, now))
            left = min(burst, left + (now - then) * per_second)
            if left >= 1:
                self._buckets[sender] = (left - 1, now)
                return
            self._buckets[sender] = (left, now)
        raise ProblemError("rate_limited", retry_after=max(1, ceil((1 - left) / per_second)))

    def _forget_idle(self, now: float, seconds: float) -> None:
        """Forget senders whose pause has filled their bucket again; they are treated as new ones."""
        self._buckets = {sender: (left, then) for sender, (left, then) in self._buckets.items() if now - then < seconds}
