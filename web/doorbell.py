"""Ring for what has been committed: off the request path, many rings as one, and never a reason to fail."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from config import trace
from config.celery import wake
from lms.facts import EventKind

TASK_OF = {
    EventKind.ASSESSMENT: "assessment_completed",
    EventKind.SURVEY: "survey_submitted",
    EventKind.CHOICE: "choice_made",
    EventKind.ORDER: "order_given",
}
"""Which task works off which kind of event, as in `tasks.events`, which would load the learner model into the door."""
STUDENTS_A_RING = 100
IDS_A_RING = 300
"""A ring names a few hundred events at most; the task drains all that wait beside them."""


@dataclass(slots=True)
class Ring:
    """One message to be sent: events of one kind, and the requests that brought them."""

    ids: list[int] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def add(self, ids: list[int], request: str | None) -> None:
        """Add a request's events, as far as there is room."""
        self.ids += ids[: max(0, IDS_A_RING - len(self.ids))]
        self.requests += [] if request is None else [request]


class Doorbell:
    """One thread that rings; what comes while it rings goes with the next ring."""

    def __init__(self, ring: Callable[[str, list[int], list[str]], object] = wake) -> None:
        self._ring = ring
        self._lock = threading.Lock()
        self._waiting: dict[str, list[Ring]] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="doorbell")

    def ring(self, accepted: Mapping[EventKind, Iterable[int]], request: str | None = None) -> None:
        """Ring for a request's events by kind, soon; return at once."""
        rung = {TASK_OF[kind]: list(ids) for kind, ids in accepted.items() if ids}
        if not rung:
            return
        with self._lock:
            idle = not self._waiting
            for task, ids in rung.items():
                waiting = self._waiting.setdefault(task, [Ring()])
                if len(waiting[-1].requests) == trace.REQUESTS_A_RING:
                    waiting.append(Ring())
                waiting[-1].add(ids, request)
        if idle:
            self._thread.submit(self._flush)

    def ring_for_students(self, students: Sequence[int], request: str | None = None) -> None:
        """Ring for students whom a request lets be decided for anew, soon; return at once."""
        requests = [] if request is None else [request]
        for start in range(0, len(students), STUDENTS_A_RING):
            slice_ = list(students[start : start + STUDENTS_A_RING])
            self._thread.submit(self._ring, "refresh_assignments", slice_, requests)

    def close(self) -> None:
        """Let the last ring out, and stop."""
        self._thread.shutdown(wait=True)

    def _flush(self) -> None:
        with self._lock:
            due, self._waiting = self._waiting, {}
        for task, rings in due.items():
            for each in rings:
                self._ring(task, each.ids, each.requests)
