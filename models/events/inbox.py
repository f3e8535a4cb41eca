"""The inbox: events are recorded once, and finished in the commit of their effect; `claiming` leases them to workers.

A row is work while it is pending, due and not leased. An attempt is counted in a commit of its own before the work
starts, so that an event which kills its worker is not retried forever. Failed events come back in ever smaller batches,
so that one bad event is soon alone; after its last attempt it is quarantined.
"""

import datetime as dt
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, func, select

from config import tracing
from lms.facts import EventKind, SourceRules
from lms.values import immutable
from models.access import sources
from models.access.sources import Sender
from models.engine import execute_with_commit
from models.events import counters, id_conflicts
from models.events.incoming import NewEvent
from models.rows import execute
from models.tables.events import Inbox, InboxState

MAX_ATTEMPTS = 5
REPROCESS = "again"
"""The code of an event that is due although it was applied before."""
BACKOFF_SECONDS = (0, 0, 5, 20, 60)
LOCKED = """
    WITH locked AS MATERIALIZED (
      SELECT id, state, attempts FROM souschef.inbox WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE)
"""
"""The rows with these ids. With a condition on their state, a server whose statistics are older than a burst would read
all pending rows for every batch."""


class LeaseLostError(Exception):
    """Another worker has claimed the event since: this worker's result is discarded."""


@dataclass(frozen=True, slots=True)
class RecordResult:
    """What became of a request's events."""

    accepted: Mapping[EventKind, list[int]]
    """Inbox ids of the new events, by kind."""
    duplicates: int
    quarantined: int = 0
    """How many differ from the event that is already there under their id."""

    @property
    def count(self) -> int:
        """Return how many events are new."""
        return sum(map(len, self.accepted.values()))


@immutable
class ClaimedEvent:
    """One event that a worker has leased."""

    id: int
    source_id: int
    format: str
    surveys: Collection[str]
    """The surveys of its source that may be read."""
    zone: str | None
    """The time zone of times that name none; None: not set."""
    received_at: dt.datetime
    shard: int
    payload: str
    attempts: int
    again: bool = False
    """It was applied before, and its facts are replaced."""
    request_id: str | None = None
    """Of the request that brought it."""

    @property
    def rules(self) -> SourceRules:
        """Return what its source allows to be read, and how its times are read."""
        return SourceRules(frozenset(self.surveys), sources.zone_of(self.zone), self.received_at)


@dataclass(slots=True)
class BatchOutcome:
    """The outcome of each event of a batch; filled while a batch is applied, written by `finish`."""

    done: list[int] = field(default_factory=list)
    dropped: dict[int, str] = field(default_factory=dict)
    parked: dict[int, str] = field(default_factory=dict)
    quarantined: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Inbox id -> (code, pointer)."""
    anonymous: list[int] = field(default_factory=list)
    """Applied events that are about nobody who is known, such as a voided statement's."""
    moved: dict[int, int] = field(default_factory=dict)
    """Inbox id -> the school that has its student, of a source that serves several."""

    def counts(self) -> dict[str, int]:
        """Return the number of events by outcome, without zeros."""
        numbers = {
            "applied": len(self.done),
            "ignored": len(self.dropped),
            "parked": len(self.parked),
            "quarantined": len(self.quarantined),
            "moved": len(self.moved),
        }
        return {name: number for name, number in numbers.items() if number}


def record(session: Session, sender: Sender, events: Sequence[NewEvent]) -> RecordResult:
    """Insert the events that are new. Two copies of one event, at once or years apart, become one row."""
    # Sorted, because two requests with the same events in different orders would deadlock.
    first = {event.key: event for event in reversed(events)}
    rows = [first[key] for key in sorted(first)]
    statement = """
        INSERT INTO souschef.inbox (school_id, source_id, received_at, next_attempt_at, request_id,
                                    key, kind, shard, payload)
        SELECT :school, :source, now, now, CAST(:request AS text), new.*
          FROM (SELECT souschef.clock() OFFSET 0) AS clock(now), unnest(
          CAST(:keys AS bytea[]), CAST(:kinds AS text[]), CAST(:shards AS smallint[]), CAST(:payloads AS text[])) AS new
        ON CONFLICT (source_id, key) DO NOTHING
        RETURNING id, kind, key
    """
    parameters = {
        "school": sender.school_id,
        "source": sender.source_id,
        "request": tracing.request_id(),
        "keys": [row.key for row in rows],
        "kinds": [row.kind.value for row in rows],
        "shards": [row.shard for row in rows],
        "payloads": [row.payload for row in rows],
    }
    accepted: dict[EventKind, list[int]] = {}
    new: set[bytes] = set()
    if rows:
        for inbox_id, kind, key in execute(session, statement, parameters).all():
            accepted.setdefault(EventKind(kind), []).append(inbox_id)
            new.add(bytes(key))
    existing = [event for event in events if event.key not in new or event is not first[event.key]]
    conflicts = id_conflicts.quarantine_conflicts(session, sender, existing)
    return RecordResult(accepted, len(events) - len(new) - conflicts, conflicts)


def keys_there(session: Session, source_id: int, keys: Collection[bytes]) -> set[bytes]:
    """Return which of a source's keys are stored already."""
    statement = "SELECT key FROM souschef.inbox WHERE source_id = :source AND key = ANY(CAST(:keys AS bytea[]))"
    found = execute(session, statement, {"source": source_id, "keys": sorted(keys)}).scalars()
    return {bytes(key) for key in found}


def count_received(session: Session, sender: Sender, counts: Mapping[str, int]) -> None:
    """Add to the counts of a source today (accepted, duplicate, ignored by reason), in the commit."""
    statement = """
        INSERT INTO souschef.door_count (source_id, school_id, day, outcome, count)
        SELECT :source, :school, ((SELECT souschef.clock()) AT TIME ZONE 'UTC')::date, new.*
          FROM unnest(CAST(:outcomes AS text[]), CAST(:counts AS bigint[])) AS new
        ON CONFLICT (source_id, day, outcome) DO UPDATE SET count = door_count.count + excluded.count
    """
    nonzero = sorted((outcome, count) for outcome, count in counts.items() if count)
    if nonzero:
        outcomes, numbers = zip(*nonzero, strict=True)
        parameters: dict[str, Any] = {"source": sender.source_id, "school": sender.school_id}
        parameters |= {"outcomes": list(outcomes), "counts": list(numbers)}
        execute_with_commit(session, statement, parameters)


def finish(session: Session, events: Sequence[ClaimedEvent], outcome: BatchOutcome) -> None:
    """Store the outcome of each event of a batch, in the transaction of its effect.

    Raises:
        LeaseLostError: another worker has claimed one of them since; roll everything back.
    """
    states: dict[int, tuple[str, str | None]] = dict.fromkeys(outcome.done, ("done", None))
    states |= {event: ("dropped", code) for event, code in outcome.dropped.items()}
    states |= {event: ("parked", code) for event, code in outcome.parked.items()}
    states |= {event: ("quarantined", code) for event, (code, _) in outcome.quarantined.items()}
    statement = f"""{LOCKED}
        UPDATE souschef.inbox SET state = new.state, code = new.code, leased_until = NULL,
               finished_at = (SELECT souschef.clock())
          FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS integer[]), CAST(:states AS text[]),
                      CAST(:codes AS text[])) AS new(id, attempts, state, code)
          JOIN locked ON locked.id = new.id AND locked.state = 'pending' AND locked.attempts = new.attempts
         WHERE inbox.id = locked.id
    """  # noqa: S608 - a constant
    parameters = {
        "ids": [event.id for event in events],
        "attempts": [event.attempts for event in events],
        "states": [states[event.id][0] for event in events],
        "codes": [states[event.id][1] for event in events],
    }
    if execute(session, statement, parameters).rowcount != len(events):
        raise LeaseLostError
    if outcome.quarantined:
        _explain_quarantine(session, outcome.quarantined)
    counters.observe(session, outcome.done)


def fail(session: Session, events: Sequence[ClaimedEvent]) -> None:
    """Reschedule a failed batch with backoff and a smaller batch size; quarantine after `MAX_ATTEMPTS`."""
    spent = {event.id: ("crashed", "") for event in events if event.attempts >= MAX_ATTEMPTS}
    if spent:
        finish(session, [event for event in events if event.id in spent], BatchOutcome(quarantined=spent))
    rest = [event for event in events if event.id not in spent]
    delays = [BACKOFF_SECONDS[min(event.attempts, len(BACKOFF_SECONDS) - 1)] for event in rest]
    _reschedule(session, rest, delays=[delay * random.uniform(0.5, 1.5) for delay in delays], refund=0)


def release(session: Session, events: Sequence[ClaimedEvent], *, seconds: float = 0.0) -> None:
    """Reschedule a batch whose failure was not its own, due again after `seconds`: no attempt is counted.

    The database went away, the worker must stop, or another transaction has locked a row that it needs.
    """
    _reschedule(session, events, delays=[seconds * random.uniform(0.5, 1.5) for _ in events], refund=1)


def quarantine_exhausted(session: Session) -> int:
    """Quarantine events whose worker died at every attempt; return how many."""
    statement = """
        UPDATE souschef.inbox SET state = 'quarantined', code = 'crashed', leased_until = NULL,
               finished_at = (SELECT souschef.clock())
         WHERE state = 'pending' AND attempts >= :most AND leased_until <= (SELECT souschef.clock())
        RETURNING id
    """
    ids = execute(session, statement, {"most": MAX_ATTEMPTS}).scalars().all()
    if ids:
        _explain_quarantine(session, dict.fromkeys(ids, ("crashed", "")))
    return len(ids)


def repair_after_clock_change(session: Session, *, lease_seconds: float) -> int:
    """After the database's clock was set back, cap due times that lie further ahead than any lease or backoff.

    Events that an operator has postponed until infinity are not changed. Returns how many were.
    """
    statement = """
        UPDATE souschef.inbox SET next_attempt_at = least(next_attempt_at, now),
               leased_until = CASE WHEN leased_until > now + :lease THEN now + :lease ELSE leased_until END
          FROM (SELECT souschef.clock() OFFSET 0) AS clock(now)
         WHERE state = 'pending' AND next_attempt_at <> 'infinity'
           AND (next_attempt_at > now + :backoff OR leased_until > now + :lease)
    """
    longest = dt.timedelta(seconds=1.5 * BACKOFF_SECONDS[-1])
    parameters = {"lease": dt.timedelta(seconds=lease_seconds), "backoff": longest}
    return execute(session, statement, parameters).rowcount


def overdue(
    session: Session, *, older_than_seconds: float, requests: int = 0
) -> dict[EventKind, tuple[list[int], list[str]]]:
    """Return up to 500 events of each kind whose task seems lost, and up to `requests` of their request ids."""
    statement = """
        SELECT kind, array_agg(id ORDER BY id),
               (array_agg(DISTINCT request_id) FILTER (WHERE request_id IS NOT NULL))[1:CAST(:requests AS integer)]
          FROM (SELECT kind, id, request_id, row_number() OVER (PARTITION BY kind ORDER BY id) AS place
                  FROM souschef.inbox
                 WHERE state = 'pending' AND greatest(next_attempt_at, coalesce(leased_until, next_attempt_at))
                       <= (SELECT souschef.clock()) - make_interval(secs => :age)) AS due
         WHERE place <= 500 GROUP BY kind
    """
    asked = {"age": older_than_seconds, "requests": requests}
    rows = execute(session, statement, asked).all()
    return {EventKind(kind): (list(ids), list(request_ids or ())) for kind, ids, request_ids in rows}


def unpark(session: Session, *, school_id: int) -> int:
    """Make a school's parked events due again, after a load; return how many.

    Those of sources that serve it too: they may stand with another school, and be about a student of this one.
    """
    statement = """
        UPDATE souschef.inbox SET state = 'pending', code = NULL, attempts = 0, finished_at = NULL,
               next_attempt_at = (SELECT souschef.clock())
         WHERE state = 'parked' AND (school_id = :school OR source_id IN (
           SELECT source.id FROM souschef.source JOIN souschef.source_school AS also ON also.source_id = source.id
            WHERE :school IN (source.school_id, also.school_id)))
    """
    return execute(session, statement, {"school": school_id}).rowcount


def states(session: Session, events: Sequence[int]) -> dict[int, InboxState]:
    """Return where each event stands."""
    wanted = select(Inbox.id, Inbox.state).where(col(Inbox.id).in_(events))
    return {found: InboxState(state) for found, state in session.exec(wanted) if found is not None}


def counts(session: Session) -> dict[str, int]:
    """Return the number of inbox rows by state."""
    return dict(session.exec(select(Inbox.state, func.count()).group_by(Inbox.state)).all())


def still_pending(session: Session, ids: Collection[int]) -> set[int]:
    """Return which of these rows wait for a worker."""
    statement = "SELECT id FROM souschef.inbox WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'pending'"
    return set(execute(session, statement, {"ids": list(ids)}).scalars())


def _reschedule(session: Session, events: Sequence[ClaimedEvent], *, delays: Sequence[float], refund: int) -> None:
    statement = f"""{LOCKED}
        UPDATE souschef.inbox SET leased_until = NULL, attempts = inbox.attempts - :refund,
               next_attempt_at = (SELECT souschef.clock()) + make_interval(secs => new.delay)
          FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS integer[]), CAST(:delays AS double precision[]))
               AS new(id, attempts, delay)
          JOIN locked ON locked.id = new.id AND locked.state = 'pending' AND locked.attempts = new.attempts
         WHERE inbox.id = locked.id
    """  # noqa: S608 - a constant
    parameters: dict[str, Any] = {"refund": refund, "ids": [event.id for event in events], "delays": list(delays)}
    if events:
        execute(session, statement, {**parameters, "attempts": [event.attempts for event in events]})


def _explain_quarantine(session: Session, reasons: Mapping[int, tuple[str, str]]) -> None:
    statement = """
        INSERT INTO souschef.quarantine (inbox_id, school_id, code, pointer)
        SELECT inbox.id, inbox.school_id, new.code, new.pointer
          FROM unnest(CAST(:ids AS bigint[]), CAST(:codes AS text[]), CAST(:pointers AS text[]))
               AS new(id, code, pointer)
          JOIN souschef.inbox ON inbox.id = new.id
        ON CONFLICT (inbox_id) DO UPDATE SET code = excluded.code, pointer = excluded.pointer,
          quarantined_at = (SELECT souschef.clock())
    """
    parameters = {
        "ids": list(reasons),
        "codes": [code for code, _ in reasons.values()],
        "pointers": [pointer for _, pointer in reasons.values()],
    }
    execute(session, statement, parameters)
