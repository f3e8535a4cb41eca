"""Ring for what has been committed: off the request path, many rings as one, and never a reason to fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from config.celery import wake
from lms.facts import EventKind

TASK_OF = {
    EventKind.ASSESSMENT: "assessment_completed",
    EventKind.SURVEY: "survey_submitted",
    EventKind.CHOICE: "choice_made",
    EventKind.ORDER: "order_given",
}
"""Which task works off which kind of event, as in `tasks.events`, which would load the learner model into the door."""
IDS_A_RING = 300
"""A ring names a few hundred events at most; the task drains all that wait beside them."""


class Doorbell:
    """One thread that rings; what comes while it rings goes with the next ring."""

    def __init__(self, ring: Callable[[str, list[int]], object] = wake) -> None:
        self._ring = ring
        self._lock = threading.Lock()
        self._waiting: dict[str, list[int]] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="doorbell")

    def ring(self, accepted: Mapping[EventKind, Iterable[int]]) -> None:
        """Ring for events by kind, soon; return at once."""
        rung = {TASK_OF[kind]: list(ids) for kind, ids in accepted.items() if ids}
        if not rung:
            return
        with self._lock:
            idle = not self._waiting
            for task, ids in rung.items():
                waiting = self._waiting.setdefault(task, [])
                waiting += ids[: max(0, IDS_A_RING - len(waiting))]
        if idle:
            self._thread.submit(self._flush)

    def close(self) -> None:
        """Let the last ring out, and stop."""
        self._thread.shutdown(wait=True)

    def _flush(self) -> None:
        with self._lock:
            due, self._waiting = self._waiting, {}
        for task, ids in due.items():
            self._ring(task, ids)
