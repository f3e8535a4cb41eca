"""How often a source may ask: a bucket of requests for each, refilled steadily, in each process of the doors.

Several processes share no bucket: with three, a source may send three times as much, as far as its requests reach all
three. It keeps one sender that runs wild from filling the inbox and the doors' threads; what all may take together is
bounded by `web.bodies.Limits`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

from config.settings import settings
from web.problems import Problem


@dataclass(slots=True)
class Rates:
    """The buckets of one process."""

    per_second: float | None = None
    """Requests a second that go on for ever; None: as set."""
    burst: int | None = None
    """Requests at once after a rest; None: as set."""
    clock: Callable[[], float] = time.monotonic
    _left: dict[int, tuple[float, float]] = field(default_factory=dict, init=False)
    """Source -> (requests left, at which second)."""
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def admit(self, source_id: int) -> None:
        """Take one request out of a source's bucket.

        Raises:
            Problem: `rate_limited`, with the seconds until there is one again.
        """
        per_second = self.per_second or settings().web_rate_per_second
        burst = float(self.burst or settings().web_rate_burst)
        with self._lock:
            now = self.clock()
            left, then = self._left.get(source_id, (burst, now))
            left = min(burst, left + (now - then) * per_second)
            if left >= 1:
                self._left[source_id] = (left - 1, now)
                return
            self._left[source_id] = (left, now)
        raise Problem("rate_limited", retry_after=max(1, ceil((1 - left) / per_second)))
