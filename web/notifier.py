"""Notify the workers of committed events: outside of the request, many requests in one message, never failing one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from config import telemetry, tracing
from lms.facts import EventKind
from tasks.broker import enqueue
from tasks.routing import TASK_FOR_KIND

MAX_STUDENT_IDS = 100
MAX_IDS = 300
"""A message names a few hundred events at most; the task drains all that wait beside them."""
PAUSE_SECONDS = 0.05
"""How long messages are collected after a round of them: in a burst each costs a worker more than it tells it."""


@dataclass(slots=True)
class PendingMessage:
    """One message to send: events of one kind, and the requests that brought them."""

    ids: list[int] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    parent: str | None = None
    """The trace of the first request that is traced; one message has one parent."""

    def add(self, ids: list[int], request: str | None) -> None:
        """Add a request's events, up to `MAX_IDS`."""
        self.ids += ids[: max(0, MAX_IDS - len(self.ids))]
        self.requests += [] if request is None else [request]
        self.parent = self.parent or telemetry.traceparent()


class WorkerNotifier:
    """One thread that sends messages; what arrives while it sends, or just after, goes into its next message."""

    def __init__(
        self, send: Callable[[str, list[int], list[str]], object] = enqueue, *, pause_seconds: float = PAUSE_SECONDS
    ) -> None:
        self._send = send
        self._pause_seconds = pause_seconds
        self._lock = threading.Lock()
        self._pending: dict[str, list[PendingMessage]] = {}
        self._closing = threading.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="notifier")

    def notify(self, accepted: Mapping[EventKind, Iterable[int]], request: str | None = None) -> None:
        """Send messages for a request's events by kind, soon; return at once."""
        ids_by_task = {TASK_FOR_KIND[kind]: list(ids) for kind, ids in accepted.items() if ids}
        if not ids_by_task:
            return
        with self._lock:
            idle = not self._pending
            for task, ids in ids_by_task.items():
                messages = self._pending.setdefault(task, [PendingMessage()])
                if len(messages[-1].requests) == tracing.MAX_REQUEST_IDS:
                    messages.append(PendingMessage())
                messages[-1].add(ids, request)
        if idle:
            self._thread.submit(self._flush)

    def notify_students(self, students: Sequence[int], request: str | None = None) -> None:
        """Have the workers decide again for these students, soon; return at once."""
        requests = [] if request is None else [request]
        for start in range(0, len(students), MAX_STUDENT_IDS):
            batch = list(students[start : start + MAX_STUDENT_IDS])
            self._thread.submit(self._send, "refresh_assignments", batch, requests)

    def close(self) -> None:
        """Send what is pending, and stop."""
        self._closing.set()
        self._thread.shutdown(wait=True)

    def _flush(self) -> None:
        with self._lock:
            pending, self._pending = self._pending, {}
        for task, messages in pending.items():
            for message in messages:
                with telemetry.span(f"notify {task}", kind="PRODUCER", parent=message.parent):
                    self._send(task, message.ids, message.requests)
        self._closing.wait(self._pause_seconds)
