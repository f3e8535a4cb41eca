"""Apply everything that is due, batch by batch: claim in one transaction, the whole effect in the next."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from enum import StrEnum

import structlog

from config import telemetry
from config.settings import settings
from config.tracing import MAX_REQUEST_IDS
from lms.facts import EventKind
from models import engine
from models.access import schools
from models.events import claiming, inbox
from models.events.inbox import ClaimedEvent
from tasks.pipeline.apply_events import apply_events
from tasks.pipeline.apply_overrides import apply_overrides

log = structlog.get_logger(__name__)

BUDGET_SECONDS = 10.0
"""A task hands over to a new one after this long, well below the task limit of 20 s."""

REPLAN_FROM = 50
"""From this many events on, planning a batch's statements again (some 10 ms) costs less than it saves."""
UNPREPARED_FROM = 500
"""From this many on, reading them again as well (some 20 ms) costs less than planning each foreign key's check."""

LOCKED_RETRY_SECONDS = 10.0
"""Retry delay (±50 % jitter) for events whose student row is locked by another transaction."""

COUNTER_ORDER = (
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


class FailureAction(StrEnum):
    """What to do with a batch that failed; a value that counts events is the name of its counter."""

    SPLIT = "split"
    """Try again one shard at a time: another transaction has locked the row of one student."""
    DELAY = "held"
    """Retry after `LOCKED_RETRY_SECONDS`, without using up an attempt: the row is still locked."""
    RELEASE = "released"
    """Hand the events back at once and raise: the infrastructure failed, not the events."""
    DROP = "lease_lost"
    """Do nothing: another worker has claimed the events."""
    RESCHEDULE = "failed"
    """Retry later in smaller batches; quarantine after the last attempt."""


def drain(
    kind: EventKind, ids: Sequence[int], *, on_progress: Callable[[Outcome], object] = lambda _: None
) -> tuple[Outcome, bool]:
    """Apply these events and all that wait beside them; return the counts, and whether more are waiting.

    Raises:
        DatabaseUnreachableError: nothing was lost; the sweep enqueues the events again.
    """
    started = time.monotonic()
    total: Counter[str] = Counter()
    while (batch := _claim(kind, ids)) is not None:
        school_id, school_ref, events = batch
        if not events:
            continue
        with structlog.contextvars.bound_contextvars(school_ref=school_ref):
            total += _process(kind, school_id, events)
        total["batches"] += 1
        on_progress(ordered_counts(total))
        if time.monotonic() - started > BUDGET_SECONDS:
            return ordered_counts(total), True
    return ordered_counts(total), False


def ordered_counts(counts: Counter[str]) -> Outcome:
    """Return counts in the order in which Flower shows them: what needs a person first."""
    first = [name for name in COUNTER_ORDER if name in counts]
    return {name: counts[name] for name in (*first, *sorted(counts.keys() - set(COUNTER_ORDER)))}


def classify_failure(error: Exception, *, wait_for_locks: bool) -> FailureAction:
    """Return what to do with a batch that failed with this error.

    `wait_for_locks` is True for a whole batch, and False where a single shard was tried with a short lock timeout.
    """
    if isinstance(error, inbox.LeaseLostError):
        return FailureAction.DROP
    if engine.is_lock_timeout(error):
        return FailureAction.SPLIT if wait_for_locks else FailureAction.DELAY
    return FailureAction.RELEASE if engine.is_infrastructure_error(error) else FailureAction.RESCHEDULE


def _claim(kind: EventKind, ids: Sequence[int]) -> tuple[int, str, list[ClaimedEvent]] | None:
    """Claim events of one school; return its id, its ref and the events."""
    with engine.transaction() as session:
        school_id = claiming.next_school(session, kind, ids=ids)
        if school_id is None:
            return None
        events = claiming.claim(session, kind, school_id=school_id, lease_seconds=settings().lease_seconds)
        return school_id, schools.ref_of(session, school_id), events


def _process(
    kind: EventKind, school_id: int, events: list[ClaimedEvent], *, wait_for_locks: bool = True
) -> Counter[str]:
    """Apply one batch and deal with its failure; return counts."""
    try:
        requests = ",".join(_request_ids(events)[:MAX_REQUEST_IDS])
        with telemetry.span("apply_events", school=school_id, events=len(events), request_ids=requests) as span:
            counts = _apply_batch(kind, school_id, events, wait_for_locks=wait_for_locks)
            span.update(counts)
    except Exception as error:
        action = classify_failure(error, wait_for_locks=wait_for_locks)
        _hand_back(action, error, school_id, events)
        if action is FailureAction.RELEASE:
            raise
    else:
        log.info("batch_applied", school=school_id, events=len(events), requests=_request_ids(events), **counts)
        return counts
    if action is FailureAction.SPLIT:
        return _process_per_shard(kind, school_id, events)
    return Counter({action.value: len(events)})


def _apply_batch(kind: EventKind, school_id: int, events: list[ClaimedEvent], *, wait_for_locks: bool) -> Counter[str]:
    apply = apply_overrides if kind is EventKind.ORDER else apply_events
    with engine.transaction() as session:
        claiming.try_lock_shards(session, school_id, events)
        if not wait_for_locks:
            engine.set_lock_timeout(session)
        if REPLAN_FROM <= len(events) < UNPREPARED_FROM:
            engine.force_custom_plan(session)
        with engine.unprepared(session) if len(events) >= UNPREPARED_FROM else nullcontext():
            return apply(session, school_id, events)


def _hand_back(action: FailureAction, error: Exception, school_id: int, events: list[ClaimedEvent]) -> None:
    """Log a failure and give the events back to the inbox, as the action says."""
    fields = {"school": school_id, "events": len(events), "requests": _request_ids(events)}
    match action:
        case FailureAction.DROP:
            log.warning("lease_lost", **fields)
        case FailureAction.DELAY:
            with engine.transaction() as session:
                inbox.release(session, events, seconds=LOCKED_RETRY_SECONDS)
            log.warning("row_lock_timeout", **fields)
        case FailureAction.RELEASE:
            with engine.transaction() as session:
                inbox.release(session, events, seconds=0.0)
        case FailureAction.RESCHEDULE:
            log.error("batch_failed", error=type(error).__name__, exc_info=error, **fields)
            with engine.transaction() as session:
                inbox.fail(session, events)
        case FailureAction.SPLIT:
            pass


def _process_per_shard(kind: EventKind, school_id: int, events: list[ClaimedEvent]) -> Counter[str]:
    """Apply a batch one shard at a time with a short lock timeout, so that one locked student stops no other.

    Shards that stay locked are due again after `LOCKED_RETRY_SECONDS` and do not use up an attempt: the database ends
    a worker's transaction after a minute, a person's open transaction may last for a day.
    """
    counts: Counter[str] = Counter()
    for shard in sorted({event.shard for event in events}):
        counts += _process(kind, school_id, [event for event in events if event.shard == shard], wait_for_locks=False)
    return counts


def _request_ids(events: list[ClaimedEvent]) -> list[str]:
    """Return the ids of the requests that brought these events, each once, in their order."""
    return list(dict.fromkeys(event.request_id for event in events if event.request_id is not None))
