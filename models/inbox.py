"""Events in and out: recorded once, finished in the commit of their effect; `models.claiming` hands them out.

A row is work while it is pending, due and not leased. Attempts are counted in a commit of their own before the work
starts, so that an event which kills its worker is finite. A row that failed comes back in ever smaller batches, so that
one bad event is soon alone; the last attempt that fails puts it into quarantine.
"""

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from config import trace
from lms.facts import EventKind
from models import reuse, tallies
from models.sources import Sender

MAX_ATTEMPTS = 5
AGAIN = "again"
"""The code of an event that is due although it was applied before."""
BACKOFF_SECONDS = (0, 0, 5, 20, 60)
SHARDS = 64
HELD = """
    WITH held AS MATERIALIZED (
      SELECT id, state, attempts FROM souschef.inbox WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE)
"""
"""The rows that are named, found by their ids alone. To ask for their state at once would lead a server whose
statistics are older than a burst through everything that waits, for every batch."""


class LeaseLost(Exception):  # noqa: N818 - it is told as what happened
    """Another worker has taken over since: this one's work is void."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One event at the door."""

    kind: EventKind
    key: bytes
    student: str
    payload: str

    @property
    def shard(self) -> int:
        """Return the shard of its student."""
        return shard_of(self.student)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a request's events."""

    accepted: Mapping[EventKind, list[int]]
    """Inbox ids of the new events, by kind."""
    duplicates: int
    quarantined: int = 0
    """How many say something else than the event that is already there under their id."""

    @property
    def count(self) -> int:
        """Return how many events are new."""
        return sum(map(len, self.accepted.values()))


@dataclass(frozen=True, slots=True)
class Claimed:
    """One event in a worker's hands."""

    id: int
    source_id: int
    format: str
    surveys: frozenset[str]
    shard: int
    payload: str
    attempts: int
    again: bool = False
    """It was read before, and what it says now replaces what it said then."""
    request_id: str | None = None
    """Of the request that brought it."""


@dataclass(slots=True)
class Ending:
    """How the events of a batch end; filled while a batch is worked, written by `finish`."""

    done: list[int] = field(default_factory=list)
    dropped: dict[int, str] = field(default_factory=dict)
    parked: dict[int, str] = field(default_factory=dict)
    quarantined: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Inbox id -> (code, pointer)."""

    def counts(self) -> dict[str, int]:
        """Return the number of events by how they ended, zeros left out."""
        numbers = {
            "applied": len(self.done),
            "ignored": len(self.dropped),
            "parked": len(self.parked),
            "quarantined": len(self.quarantined),
        }
        return {name: number for name, number in numbers.items() if number}


def record(session: Session, sender: Sender, events: Sequence[Incoming]) -> Recorded:
    """Insert the events that are new. Two copies of one event, at once or years apart, become one row."""
    # Sorted, because two requests with the same events in different orders would wait for each other for ever.
    first = {event.key: event for event in reversed(events)}
    rows = [first[key] for key in sorted(first)]
    statement = text("""
        INSERT INTO souschef.inbox (school_id, source_id, received_at, next_attempt_at, request_id,
                                    key, kind, shard, payload)
        SELECT :school, :source, now, now, CAST(:request AS text), new.*
          FROM (SELECT souschef.clock() OFFSET 0) AS clock(now), unnest(
          CAST(:keys AS bytea[]), CAST(:kinds AS text[]), CAST(:shards AS smallint[]), CAST(:payloads AS text[])) AS new
        ON CONFLICT (source_id, key) DO NOTHING
        RETURNING id, kind, key
    """)
    parameters = {
        "school": sender.school_id,
        "source": sender.source_id,
        "request": trace.request_id(),
        "keys": [row.key for row in rows],
        "kinds": [row.kind.value for row in rows],
        "shards": [row.shard for row in rows],
        "payloads": [row.payload for row in rows],
    }
    accepted: dict[EventKind, list[int]] = {}
    new: set[bytes] = set()
    if rows:
        for inbox_id, kind, key in session.connection().execute(statement, parameters).all():
            accepted.setdefault(EventKind(kind), []).append(inbox_id)
            new.add(bytes(key))
    known = [event for event in events if event.key not in new or event is not first[event.key]]
    held = reuse.hold(session, sender, known)
    return Recorded(accepted, len(events) - len(new) - held, held)


def count_at_door(session: Session, sender: Sender, counts: Mapping[str, int]) -> None:
    """Add to what is counted of a source today (accepted, duplicate, ignored by reason)."""
    statement = text("""
        INSERT INTO souschef.door_count (source_id, school_id, day, outcome, count)
        SELECT :source, :school, ((SELECT souschef.clock()) AT TIME ZONE 'UTC')::date, new.*
          FROM unnest(CAST(:outcomes AS text[]), CAST(:counts AS bigint[])) AS new
        ON CONFLICT (source_id, day, outcome) DO UPDATE SET count = door_count.count + excluded.count
    """)
    some = sorted((outcome, count) for outcome, count in counts.items() if count)
    if some:
        outcomes, numbers = zip(*some, strict=True)
        parameters = {"source": sender.source_id, "school": sender.school_id}
        session.connection().execute(statement, {**parameters, "outcomes": list(outcomes), "counts": list(numbers)})


def finish(session: Session, events: Sequence[Claimed], ending: Ending) -> None:
    """Write how each event of a batch ended, in the transaction of its effect.

    Raises:
        LeaseLost: one of them has been claimed by somebody else since; roll everything back.
    """
    states: dict[int, tuple[str, str | None]] = dict.fromkeys(ending.done, ("done", None))
    states |= {event: ("dropped", code) for event, code in ending.dropped.items()}
    states |= {event: ("parked", code) for event, code in ending.parked.items()}
    states |= {event: ("quarantined", code) for event, (code, _) in ending.quarantined.items()}
    statement = text(f"""{HELD}
        UPDATE souschef.inbox SET state = new.state, code = new.code, leased_until = NULL,
               finished_at = (SELECT souschef.clock())
          FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS integer[]), CAST(:states AS text[]),
                      CAST(:codes AS text[])) AS new(id, attempts, state, code)
          JOIN held ON held.id = new.id AND held.state = 'pending' AND held.attempts = new.attempts
         WHERE inbox.id = held.id
    """)  # noqa: S608 - our own
    parameters = {
        "ids": [event.id for event in events],
        "attempts": [event.attempts for event in events],
        "states": [states[event.id][0] for event in events],
        "codes": [states[event.id][1] for event in events],
    }
    if session.connection().execute(statement, parameters).rowcount != len(events):
        raise LeaseLost
    if ending.quarantined:
        _explain_quarantine(session, ending.quarantined)
    tallies.observe(session, ending.done)


def fail(session: Session, events: Sequence[Claimed]) -> None:
    """Hand a batch back whose work broke: smaller and later the next time, into quarantine after the last attempt."""
    spent = {event.id: ("crashed", "") for event in events if event.attempts >= MAX_ATTEMPTS}
    if spent:
        finish(session, [event for event in events if event.id in spent], Ending(quarantined=spent))
    rest = [event for event in events if event.id not in spent]
    delays = [BACKOFF_SECONDS[min(event.attempts, len(BACKOFF_SECONDS) - 1)] for event in rest]
    _hand_back(session, rest, delays=[delay * random.uniform(0.5, 1.5) for delay in delays], refund=0)


def release(session: Session, events: Sequence[Claimed], *, seconds: float = 0.0) -> None:
    """Hand a batch back that was not to blame, due again after `seconds`: no attempt is counted.

    The database went away, the worker must stop, or somebody holds a row that it needs.
    """
    _hand_back(session, events, delays=[seconds * random.uniform(0.5, 1.5) for _ in events], refund=1)


def exhausted(session: Session) -> int:
    """Put events into quarantine whose worker died at every attempt; return how many."""
    statement = text("""
        UPDATE souschef.inbox SET state = 'quarantined', code = 'crashed', leased_until = NULL,
               finished_at = (SELECT souschef.clock())
         WHERE state = 'pending' AND attempts >= :most AND leased_until <= (SELECT souschef.clock())
        RETURNING id
    """)
    ids = session.connection().execute(statement, {"most": MAX_ATTEMPTS}).scalars().all()
    if ids:
        _explain_quarantine(session, dict.fromkeys(ids, ("crashed", "")))
    return len(ids)


def clock_fell(session: Session, *, lease_seconds: float) -> int:
    """Make due what waits for a time that no lease and no backoff lies ahead; return how many events.

    Somebody has set the database's clock back since. What was held by hand, until infinity, is left alone.
    """
    statement = text("""
        UPDATE souschef.inbox SET next_attempt_at = least(next_attempt_at, now),
               leased_until = CASE WHEN leased_until > now + :lease THEN now + :lease ELSE leased_until END
          FROM (SELECT souschef.clock() OFFSET 0) AS clock(now)
         WHERE state = 'pending' AND next_attempt_at <> 'infinity'
           AND (next_attempt_at > now + :backoff OR leased_until > now + :lease)
    """)
    longest = dt.timedelta(seconds=1.5 * BACKOFF_SECONDS[-1])
    parameters = {"lease": dt.timedelta(seconds=lease_seconds), "backoff": longest}
    return session.connection().execute(statement, parameters).rowcount


def overdue(
    session: Session, *, older_than_seconds: float, requests: int = 0
) -> dict[EventKind, tuple[list[int], list[str]]]:
    """Return up to 500 due events of each kind for which nobody seems to have rung, and some `requests` of theirs."""
    statement = text("""
        SELECT kind, array_agg(id ORDER BY id),
               (array_agg(DISTINCT request_id) FILTER (WHERE request_id IS NOT NULL))[1:CAST(:requests AS integer)]
          FROM (SELECT kind, id, request_id, row_number() OVER (PARTITION BY kind ORDER BY id) AS place
                  FROM souschef.inbox
                 WHERE state = 'pending' AND greatest(next_attempt_at, coalesce(leased_until, next_attempt_at))
                       <= (SELECT souschef.clock()) - make_interval(secs => :age)) AS due
         WHERE place <= 500 GROUP BY kind
    """)
    asked = {"age": older_than_seconds, "requests": requests}
    rows = session.connection().execute(statement, asked).all()
    return {EventKind(kind): (list(ids), list(rung or ())) for kind, ids, rung in rows}


def unpark(session: Session, *, school_id: int) -> int:
    """Make a school's parked events due again, after a load; return how many."""
    statement = text("""
        UPDATE souschef.inbox SET state = 'pending', code = NULL, attempts = 0, finished_at = NULL,
               next_attempt_at = (SELECT souschef.clock())
         WHERE school_id = :school AND state = 'parked'
    """)
    return session.connection().execute(statement, {"school": school_id}).rowcount


def counts(session: Session) -> dict[str, int]:
    """Return the number of inbox rows by state."""
    rows = session.connection().execute(text("SELECT state, count(*) FROM souschef.inbox GROUP BY state"))
    return {state: count for state, count in rows}  # noqa: C416 - dict() of rows is typed as rows


def shard_of(student: str) -> int:
    """Return the shard of a student as the source names them: the same in every process."""
    number = 0
    for byte in student.encode():
        number = (number * 31 + byte) % 1_000_003
    return number % SHARDS


def _hand_back(session: Session, events: Sequence[Claimed], *, delays: Sequence[float], refund: int) -> None:
    statement = text(f"""{HELD}
        UPDATE souschef.inbox SET leased_until = NULL, attempts = inbox.attempts - :refund,
               next_attempt_at = (SELECT souschef.clock()) + make_interval(secs => new.delay)
          FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS integer[]), CAST(:delays AS double precision[]))
               AS new(id, attempts, delay)
          JOIN held ON held.id = new.id AND held.state = 'pending' AND held.attempts = new.attempts
         WHERE inbox.id = held.id
    """)  # noqa: S608 - our own
    parameters: dict[str, Any] = {"refund": refund, "ids": [event.id for event in events], "delays": list(delays)}
    if events:
        session.connection().execute(statement, {**parameters, "attempts": [event.attempts for event in events]})


def _explain_quarantine(session: Session, reasons: Mapping[int, tuple[str, str]]) -> None:
    statement = text("""
        INSERT INTO souschef.quarantine (inbox_id, school_id, code, pointer)
        SELECT inbox.id, inbox.school_id, new.code, new.pointer
          FROM unnest(CAST(:ids AS bigint[]), CAST(:codes AS text[]), CAST(:pointers AS text[]))
               AS new(id, code, pointer)
          JOIN souschef.inbox ON inbox.id = new.id
        ON CONFLICT (inbox_id) DO UPDATE SET code = excluded.code, pointer = excluded.pointer,
          quarantined_at = (SELECT souschef.clock())
    """)
    parameters = {
        "ids": list(reasons),
        "codes": [code for code, _ in reasons.values()],
        "pointers": [pointer for _, pointer in reasons.values()],
    }
    session.connection().execute(statement, parameters)
