"""The sweep: enqueue again, every few seconds, what is overdue."""

import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from sqlmodel import Session

from config.settings import settings
from config.tracing import MAX_REQUEST_IDS
from lms.facts import EventKind
from models import engine
from models.assignments import overrides
from models.events import counters, inbox, retractions, sequence_gaps
from models.students import enrolment_moments, states
from tasks.broker import enqueue
from tasks.job import job
from tasks.pipeline import outbox
from tasks.pipeline.drain import Outcome
from tasks.refresh import STUDENTS_PER_TASK
from tasks.routing import TASK_FOR_KIND

log = structlog.get_logger(__name__)
T = TypeVar("T")

OVERDUE_SECONDS = 5.0
"""An event that has been due for this long was never enqueued, or its message was lost."""
OUTBOX_SECONDS = 5.0
"""A drain of the outbox stops after this long, so that a sweep goes on; the next one takes the rest."""


@job("sweep")
def sweep() -> Outcome:
    """Enqueue again everything that is due and waits."""
    return {"notified": sweep_once()}


def sweep_once() -> int:
    """Enqueue overdue events and students; return how many. Safe to run anywhere, at any time.

    Each step has a transaction of its own, so that a step that fails does not stop the others.

    Raises:
        DatabaseUnreachableError: no step can run.
    """
    steps, lease = _Steps(), settings().lease_seconds
    steps.run("exhausted", inbox.quarantine_exhausted)
    repaired = steps.run("clock_fell", lambda session: inbox.repair_after_clock_change(session, lease_seconds=lease))
    steps.run("retracted", retractions.reprocess_missed)
    steps.run("mark_ended", overrides.mark_expired_for_refresh)
    steps.run("mark_enrolled", enrolment_moments.mark_for_refresh)
    overdue = steps.run("overdue", _overdue) or {}
    stale = steps.run("stale", lambda session: states.due(session, limit=STUDENTS_PER_TASK)) or []
    gaps = steps.run("numbers", sequence_gaps.sweep) or []
    if not steps.failed:  # alerts must see a sweep that failed in part
        steps.run("tallies", counters.record_sweep)
    for kind, (ids, requests) in overdue.items():
        enqueue(TASK_FOR_KIND[kind], ids, requests)
    if stale:
        enqueue("refresh_assignments", stale)
    for gap in gaps:
        log.warning("sequence_gap", school=gap.school, source=gap.source, first=gap.first, last=gap.last)
    if repaired:
        log.warning("clock_moved_back", events=repaired)
    events = sum(len(ids) for ids, _ in overdue.values())
    if events or stale:
        log.info("swept", events=events, students=len(stale))
    drain_outbox()  # last, so that a failure here does not stop the rest
    return events + len(stale)


def drain_outbox() -> int:
    """Move what an LMS wrote to `lms.event_outbox` into the inbox; return how many events were new.

    Safe to run anywhere, at any time.
    """
    new, until = 0, time.monotonic() + OUTBOX_SECONDS
    outbox.prepare()
    more_waiting = True
    while more_waiting and time.monotonic() < until:
        accepted, more_waiting = outbox.drain_batch()
        for kind, ids in accepted.items():
            enqueue(TASK_FOR_KIND[kind], ids)
            new += len(ids)
    return new


class _Steps:
    """The steps of one sweep."""

    def __init__(self) -> None:
        self.failed: list[str] = []

    def run(self, name: str, work: Callable[[Session], T]) -> T | None:
        """Run one step in a transaction of its own; log a failure and return None.

        Raises:
            DatabaseUnreachableError: the other steps could not run either.
            SoftTimeLimitExceeded: the task has used up its time.
        """
        try:
            with engine.transaction() as session:
                return work(session)
        except (engine.DatabaseUnreachableError, SoftTimeLimitExceeded):
            raise
        except Exception:
            log.exception("sweep_step_failed", step=name)
            self.failed.append(name)
            return None


def _overdue(session: Session) -> dict[EventKind, tuple[list[int], list[str]]]:
    return inbox.overdue(session, older_than_seconds=OVERDUE_SECONDS, requests=MAX_REQUEST_IDS)
