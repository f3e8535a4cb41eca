"""Whether this worker takes messages, and its end if it stays deaf.

A worker can run, and even sweep, while no message reaches it: its event loop hangs, somebody has cancelled its
consumer, or the connection came back without one. It then has no heartbeat, so that health checks see it, and ends by
itself, so that whatever supervises it starts a new one. A broker that does not answer is no reason: a new worker would
wait for it, too.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import psutil
import structlog
from celery import bootsteps, signals
from celery.worker import state

from config.celery import QUEUE
from tasks import broker

log = structlog.get_logger(__name__)

TICK_SECONDS: Final = 5.0
DEAF_SECONDS = 60.0
"""Deaf for this long, a worker has no heartbeat any more. Celery reconnects within 32 s."""
END_SECONDS = 120.0
"""Deaf for this long, it ends; what it has begun is finished first."""
KILL_SECONDS = 45.0
"""After a request to end that it does not hear either, it is killed: more than the soft shutdown takes."""


class Listening:
    """What the event loop of this worker was last seen doing."""

    def __init__(self, queue_length: Callable[[], int | None] = broker.queue_length) -> None:
        self._queue_length = queue_length
        self._consumer: Any = None
        self._ticked_at = self._received_at = time.monotonic()
        self._deaf_since: float | None = None
        self._seen: str | None = None
        self._ends = False

    def attach(self, consumer: Any) -> None:  # noqa: ANN401 - Celery ships no types
        """Watch the consumer of a new connection; call it in the event loop."""
        self._consumer = consumer
        self.tick()
        consumer.timer.call_repeatedly(TICK_SECONDS, self.tick)

    def tick(self) -> None:
        """Record that the event loop runs."""
        self._ticked_at = time.monotonic()

    def received(self, **_: Any) -> None:  # noqa: ANN401 - Celery passes arguments of many types
        """Record that a message came."""
        self._received_at = time.monotonic()

    def deaf_seconds(self) -> float:
        """Return for how long messages have not reached this worker though the broker answers; 0: they do."""
        now = time.monotonic()
        waiting = self._queue_length()
        symptom = None if waiting is None else self._symptom(now, waiting)
        if symptom is not None and symptom != self._seen:
            log.warning("worker_hears_nothing", symptom=symptom)
        self._seen = symptom
        if symptom is None:
            self._deaf_since = None
            return 0.0
        if self._deaf_since is None:
            self._deaf_since = now
        return now - self._deaf_since

    def check(self) -> bool:
        """Return whether the worker may have a heartbeat; end a worker that stays deaf."""
        seconds = self.deaf_seconds()
        if seconds >= END_SECONDS:
            self._end()
        return seconds < DEAF_SECONDS

    def _symptom(self, now: float, waiting: int) -> str | None:
        """Return why no message can reach this worker, or that one waits which it does not take."""
        if now - self._ticked_at > 3 * TICK_SECONDS:
            return "event_loop_hangs"
        consumer = getattr(self._consumer, "task_consumer", None)
        if self._consumer is not None and (consumer is None or not consumer.consuming_from(QUEUE)):
            return "no_consumer"
        idle = not state.reserved_requests and now - self._received_at > 3 * TICK_SECONDS
        return "messages_not_taken" if waiting and idle else None

    def _end(self) -> None:
        """Ask this worker to end, once; a thread of its own kills it, as the request also ends the sweeper."""
        if self._ends:
            return
        self._ends = True
        log.error("worker_deaf_ends")
        killer = threading.Timer(KILL_SECONDS, kill_this_worker)
        killer.daemon = True  # a worker that ends by itself does not wait for it
        killer.start()
        os.kill(os.getpid(), signal.SIGTERM)


def kill_this_worker() -> None:
    """Kill the pool's processes, then this one."""
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os.kill(os.getpid(), signal.SIGKILL)


listening = Listening()
signals.task_received.connect(listening.received)


class ListeningStep(bootsteps.StartStopStep):  # type: ignore[misc] # Celery ships no types
    """Watch each consumer that this worker makes: one for every connection."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def start(self, c: Any) -> None:  # noqa: ANN401 - see above
        """Begin when the consumer is there; Celery calls this in the main thread."""
        listening.attach(c)
