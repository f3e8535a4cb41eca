"""Work off what is due, batch by batch: claim in one commit, the whole effect in the next."""

import time
from collections import Counter
from collections.abc import Sequence

import structlog

from config.progress import Progress
from config.settings import settings
from lms.facts import EventKind
from models import claiming, database, inbox
from models.inbox import Claimed
from tasks.apply import apply
from tasks.orders import apply_orders

log = structlog.get_logger(__name__)

BUDGET_SECONDS = 10.0
"""A task hands over to a new one after this long, well below the task limit of 20 s."""

LARGE = 50
"""From so many events on, planning a batch's statements anew (some 10 ms) costs less than it saves."""

HELD_SECONDS = 10.0
"""Events of a student whose row somebody holds are due again after so long, half as much more or less."""

STORY = (
    "failed",
    "held",
    "quarantined",
    "parked",
    "applied",
    "students",
    "assigned",
    "withdrawn",
    "kept",
    "nothing",
    "ignored",
)
"""Flower's list cuts a result after some forty characters: what a person must see comes first."""

Outcome = dict[str, int | str]
"""What a task did, as small counts: shown in Flower."""


def drain(kind: EventKind, ids: Sequence[int]) -> tuple[Outcome, bool]:
    """Apply the events named and all that wait beside them; return the counts, and whether more are waiting.

    Raises:
        DatabaseUnreachable: nothing was lost; the sweep rings again.
    """
    started, progress = time.monotonic(), Progress()
    total: Counter[str] = Counter()
    while (batch := _claim(kind, ids)) is not None:
        school_id, events = batch
        if not events:
            continue
        total += _work(kind, school_id, events)
        total["batches"] += 1
        progress.so_far(told(total))
        if time.monotonic() - started > BUDGET_SECONDS:
            return told(total), True
    return told(total), False


def told(counts: Counter[str]) -> Outcome:
    """Return counts as Flower shows them: what needs a person first, then what came of it, then how it came about."""
    first = [name for name in STORY if name in counts]
    return {name: counts[name] for name in (*first, *sorted(counts.keys() - set(STORY)))}


def _claim(kind: EventKind, ids: Sequence[int]) -> tuple[int, list[Claimed]] | None:
    with database.transaction() as session:
        school_id = claiming.next_school(session, kind, ids=ids)
        if school_id is None:
            return None
        return school_id, claiming.claim(session, kind, school_id=school_id, lease_seconds=settings().lease_seconds)


def _work(kind: EventKind, school_id: int, events: list[Claimed], *, waiting: bool = True) -> Counter[str]:
    """Apply one batch; a batch that breaks is handed back whole, and comes again in smaller ones."""
    handle = apply_orders if kind is EventKind.ORDER else apply
    try:
        with database.transaction() as session:
            claiming.hold_shards(session, school_id, events)
            if len(events) >= LARGE:
                database.plan_for_size(session)
            if not waiting:
                database.wait_for_nobody(session)
            counts = handle(session, school_id, events)
        log.info("batch_applied", school=school_id, events=len(events), requests=_requests(events), **counts)
    except inbox.LeaseLost:
        log.warning("lease_lost", school=school_id, events=len(events), requests=_requests(events))
        return Counter(lease_lost=len(events))
    except Exception as error:
        if waiting and database.is_held(error):
            return _apart(kind, school_id, events)
        if database.is_to_blame(error):
            held = database.is_held(error)
            with database.transaction() as session:
                inbox.release(session, events, seconds=HELD_SECONDS if held else 0.0)
            if held:
                log.warning("rows_held", school=school_id, events=len(events), requests=_requests(events))
                return Counter(held=len(events))
            raise
        told = {"events": len(events), "requests": _requests(events), "error": type(error).__name__}
        log.exception("batch_failed", school=school_id, **told)
        with database.transaction() as session:
            inbox.fail(session, events)
        return Counter(failed=len(events))
    return counts


def _apart(kind: EventKind, school_id: int, events: list[Claimed]) -> Counter[str]:
    """Apply a batch shard by shard: somebody holds the row of one of its students, and the others do not wait for that.

    Whose turn it is not comes again in `HELD_SECONDS`, however often: a worker that stands still is ended by the
    database after a minute, a person's open transaction may last for a day.
    """
    counts: Counter[str] = Counter()
    for shard in sorted({event.shard for event in events}):
        counts += _work(kind, school_id, [event for event in events if event.shard == shard], waiting=False)
    return counts


def _requests(events: list[Claimed]) -> list[str]:
    """Return the ids of the requests that brought these events, each once, in their order."""
    return list(dict.fromkeys(event.request_id for event in events if event.request_id is not None))
