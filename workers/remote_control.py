"""What may be asked of a worker through the broker: to tell, never to change.

Who can write to the broker (the API, beat, Flower, and who takes one of them over) could tell every worker to stop
consuming, shut down or drop tasks, and the worker would look well. Commands that change something are taken away, and a
worker that no longer consumes from our queue, for whatever reason, begins again.
"""

from __future__ import annotations

from typing import Any

import structlog
from celery import bootsteps
from celery.worker.consumer.tasks import Tasks
from celery.worker.control import Panel

from config.celery import QUEUE

log = structlog.get_logger(__name__)

ALLOWED = frozenset({
    "hello", "ping", "clock", "report", "stats", "conf", "registered", "active", "active_queues", "reserved",
    "scheduled", "revoked", "query_task", "dump_active", "dump_reserved", "dump_schedule", "dump_revoked", "dump_tasks",
    "dump_conf", "enable_events", "heartbeat",
})  # fmt: skip
"""What workers ask each other at their start, what Flower and `celery inspect` ask; the last two only send events."""
CHECK_SECONDS = 10.0


def restrict() -> None:
    """Unregister all other commands; a worker of Celery answers them with an error."""
    for name in set(Panel.data) - ALLOWED:
        del Panel.data[name]


class KeepConsuming(bootsteps.StartStopStep):  # type: ignore[misc] # Celery ships no types
    """Consume from our queue again where a worker has stopped to."""

    requires = (Tasks,)

    def __init__(self, consumer: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery ships no types
        super().__init__(consumer, **kwargs)
        self._timer: Any = None

    def start(self, consumer: Any) -> None:  # noqa: ANN401 - see above
        """Begin to look every few seconds."""
        self._timer = consumer.timer.call_repeatedly(CHECK_SECONDS, consume_again, (consumer,))

    def stop(self, consumer: Any) -> None:  # noqa: ANN401, ARG002 - see above
        """End: a worker that shuts down takes nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def consume_again(consumer: Any) -> None:  # noqa: ANN401 - see above
    """Add our queue to what a worker consumes from, if it is not there."""
    if not consumer.task_consumer.consuming_from(QUEUE):
        log.warning("consumer_lost", queue=QUEUE)
        consumer.add_task_queue(QUEUE)
