"""Show in Flower what a running task has done so far."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

import structlog

from config.celery import app
from tasks import broker

log = structlog.get_logger(__name__)

REPORT_EVERY_SECONDS: Final = 1.0


class Progress:
    """Report the counts of one running task, first after a second and at most once a second."""

    def __init__(self) -> None:
        self._due = time.monotonic() + REPORT_EVERY_SECONDS

    def report(self, counts: Mapping[str, int | str]) -> None:
        """Report the counts so far; without a broker or a running task nothing happens."""
        if time.monotonic() >= self._due:
            report_progress(counts)
            self._due = time.monotonic() + REPORT_EVERY_SECONDS


def report_progress(counts: Mapping[str, int | str]) -> bool:
    """Send the counts as the running task's result so far; return whether they were sent.

    Celery's own `update_state` never reaches Flower, an event does. Never raises, like `broker.enqueue`.
    """
    task = app.current_task
    if task is None or task.request.hostname is None:
        return False
    try:
        return broker.current_client().send_event(
            "task-progress", hostname=task.request.hostname, uuid=task.request.id, result=str(dict(counts))
        )
    except Exception as error:  # noqa: BLE001 - see `broker.enqueue`
        log.warning("progress_not_sent", error=type(error).__name__)
        return False
