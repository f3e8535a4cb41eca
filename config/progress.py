"""How far a task is, shown live in Flower, and seldom enough to cost nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from config.celery import tell

EVERY_SECONDS: Final = 1.0


class Progress:
    """What one running task tells of itself: first after a second, and at most once a second."""

    def __init__(self) -> None:
        self._due = time.monotonic() + EVERY_SECONDS

    def so_far(self, done: Mapping[str, int | str]) -> None:
        """Tell what is done so far, as the counts that the task will return; where nobody hears, nothing happens."""
        if time.monotonic() >= self._due:
            tell(done)
            self._due = time.monotonic() + EVERY_SECONDS
