"""What keeps the house in order without an event: the sweep, and the night."""

import structlog

from config.celery import job, wake
from lms.facts import EventKind
from models import database, inbox, learners
from tasks.drain import Outcome
from tasks.events import TASK_OF

log = structlog.get_logger(__name__)

UNRUNG_SECONDS = 5.0
"""An event that has been due for this long was not rung for, or its bell was lost."""
REFRESH_SLICE = 200
"""Students of one refresh task."""


@job("sweep")
def sweep() -> Outcome:
    """Ring again for everything that is due and waits."""
    return {"rung": sweep_once()}


def sweep_once() -> int:
    """Ring for due events and students that nobody rang for; return how many. Safe to run anywhere, at any time."""
    with database.transaction() as session:
        inbox.exhausted(session)
        waiting = inbox.overdue(session, older_than_seconds=UNRUNG_SECONDS)
        stale = learners.due(session, limit=REFRESH_SLICE)
    for kind, ids in waiting.items():
        wake(TASK_OF[EventKind(kind)], ids)
    if stale:
        wake("refresh_assignments", stale)
    rung = sum(map(len, waiting.values())) + len(stale)
    if rung:
        log.info("swept", events=rung - len(stale), students=len(stale))
    return rung
