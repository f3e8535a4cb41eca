"""What keeps the house in order without an event: the sweep, and the night."""

from collections import Counter
from dataclasses import replace

import structlog
from sqlmodel import Session

from config.celery import job, wake
from config.progress import Progress
from config.settings import settings
from config.trace import REQUESTS_A_RING
from learning.online import OnlinePass
from learning.snapshot import Snapshot
from models import database, facts, inbox, learners, maintenance, numbers, orders, people, tallies, terms
from models.facts import BEGINNING
from tasks.drain import Outcome
from tasks.events import TASK_OF
from tasks.folding import responses_of
from tasks.forgetting import forget
from tasks.outbox import drain_outbox

log = structlog.get_logger(__name__)

UNRUNG_SECONDS = 5.0
"""An event that has been due for this long was not rung for, or its bell was lost."""
REFRESH_SLICE = 200
"""Students of one refresh task."""
EVERYBODY = 1_000_000
NIGHT_SLICE = 500
"""Students whose facts are in memory at once."""


@job("sweep")
def sweep() -> Outcome:
    """Ring again for everything that is due and waits."""
    return {"rung": sweep_once()}


def sweep_once() -> int:
    """Ring for due events and students that nobody rang for; return how many. Safe to run anywhere, at any time."""
    with database.transaction() as session:
        inbox.exhausted(session)
        fell = inbox.clock_fell(session, lease_seconds=settings().lease_seconds)
        orders.mark_ended(session)
        waiting = inbox.overdue(session, older_than_seconds=UNRUNG_SECONDS, requests=REQUESTS_A_RING)
        stale = learners.due(session, limit=REFRESH_SLICE)
        tallies.swept(session)
        lost = numbers.sweep(session)
    for kind, (ids, requests) in waiting.items():
        wake(TASK_OF[kind], ids, requests)
    if stale:
        wake("refresh_assignments", stale)
    for hole in lost:
        log.warning("numbers_missing", school=hole.school, source=hole.source, first=hole.first, last=hole.last)
    if fell:
        log.warning("clock_fell", events=fell)
    rung = sum(len(ids) for ids, _ in waiting.values()) + len(stale)
    if rung:
        log.info("swept", events=rung - len(stale), students=len(stale))
    # Last, so that trouble with it keeps nobody else waiting.
    drain_outbox()
    return rung


@job("nightly", minutes=60)
def nightly() -> Outcome:
    """Learn item and skill difficulties anew, mark all students for a refresh, retry the parked, forget what is old.

    A second one that runs at the same time finds the lock taken and does nothing.
    """
    counts: Counter[str] = Counter()
    with database.transaction() as lock_holder:
        if not maintenance.try_lock(lock_holder, "nightly"):
            return {"skipped": "another is running"}
        with database.transaction() as session:
            schools = maintenance.schools(session)
        for school_id in schools:
            counts += forget(school_id)
            counts += _night_of(school_id)
    for school_id in schools:
        with database.transaction() as session:
            waiting = learners.due(session, limit=EVERYBODY, school_id=school_id)
        for start in range(0, len(waiting), REFRESH_SLICE):
            wake("refresh_assignments", waiting[start : start + REFRESH_SLICE])
    return dict(counts)


def _night_of(school_id: int) -> Counter[str]:
    counts: Counter[str] = Counter(schools=1)
    with database.transaction() as session:
        before = terms.in_force(session, school_id)
        after = _learned(session, school_id, before)
        if after is not None:
            terms.save_snapshot(session, school_id, after[0], responses=after[1])
            counts["snapshots"] = 1
        counts["unparked"] = inbox.unpark(session, school_id=school_id)
        counts["marked"] = learners.mark_due(session, school_id=school_id)
    return counts


def _learned(session: Session, school_id: int, before: terms.Terms) -> tuple[Snapshot, int] | None:
    """Return the next snapshot and the responses behind it, or None where nothing has been learned since the last.

    Students come in the order of their ids and their responses in their own, so the same facts give the same snapshot.
    """
    learning, progress = OnlinePass(before.parameters), Progress()
    students = people.students_of(session, school_id)
    for start in range(0, len(students), NIGHT_SLICE):
        found = facts.evidence(session, dict.fromkeys(students[start : start + NIGHT_SLICE], BEGINNING))
        for student in sorted(found):
            learning.student(responses_of(found[student]))
        progress.so_far({"school": school_id, "students": min(start + NIGHT_SLICE, len(students)), "of": len(students)})
    after = learning.snapshot(version=before.snapshot.version + 1)
    unchanged = replace(after, version=before.snapshot.version) == before.snapshot
    return None if not learning.responses or unchanged else (after, learning.responses)
