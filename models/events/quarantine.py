"""List, retry and discard quarantined events; reprocess events that were applied or dropped before."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col

from lms.facts import EventKind
from models import clock
from models.access import schools
from models.events.inbox import REPROCESS
from models.rows import among, change, execute, fetch
from models.tables import Inbox, Quarantine
from models.tables.events import InboxState

DISCARDED = "discarded"
"""The code of an event that an operator has discarded."""
EXPLICIT_ONLY = (DISCARDED, "erased")
"""Codes of events that are reprocessed only where the filter names the code."""

DUE = {
    "state": InboxState.PENDING,
    "attempts": 0,
    "leased_until": None,
    "finished_at": None,
    "next_attempt_at": clock.NOW,
}
"""What the row of an event has that is due again, with all attempts."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Selects events that match every field that is not None.

    A source's name is unique in its school: `source` without `school` needs an installation with one school.
    """

    ids: tuple[int, ...] | None = None
    code: str | None = None
    source: str | None = None
    school: str | None = None
    since: dt.datetime | None = None
    """Received at this moment or later."""
    limit: int | None = None
    """At most so many; None for all."""

    def parameters(self, session: Session) -> dict[str, Any]:
        """Return the fields as parameters of a query, with the school's id.

        Raises:
            UnresolvedSchoolError: no such school, or a source without a school where there are several.
        """
        one_school = self.source is not None or self.school is not None
        return {
            "ids": None if self.ids is None else list(self.ids),
            "code": self.code,
            "source": self.source,
            "school": schools.resolve(session, self.school).id if one_school else None,
            "since": self.since,
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True)
class QuarantinedEvent:
    """One event in quarantine."""

    id: int
    school: str
    source: str
    format: str
    kind: str
    code: str
    pointer: str
    """Where in the event the error is, as a JSON pointer; "" for the whole event."""
    attempts: int
    received_at: dt.datetime
    quarantined_at: dt.datetime | None
    payload: str
    """A student's data: shown only on request."""


@dataclass(frozen=True, slots=True)
class ReprocessBatch:
    """A batch of events that are due again."""

    ids: dict[EventKind, list[int]]
    pruned: int
    """How many of the batch cannot be reprocessed, because their payload is gone."""
    last: int | None
    """The id after which the next batch begins; None where this was the last."""

    @property
    def count(self) -> int:
        """Return how many events are due again."""
        return sum(map(len, self.ids.values()))


def list_events(session: Session, events: EventFilter) -> list[QuarantinedEvent]:
    """Return the quarantined events that match, the oldest first."""
    statement = """
        SELECT inbox.id, school.ref AS school, source.name AS source, source.format, inbox.kind,
               coalesce(inbox.code, '') AS code, coalesce(quarantine.pointer, '') AS pointer, inbox.attempts,
               inbox.received_at, coalesce(quarantine.quarantined_at, inbox.finished_at) AS quarantined_at,
               inbox.payload
          FROM souschef.inbox
          JOIN souschef.source ON source.id = inbox.source_id
          JOIN souschef.school ON school.id = inbox.school_id
          LEFT JOIN souschef.quarantine ON quarantine.inbox_id = inbox.id
         WHERE inbox.state = 'quarantined'
           AND (CAST(:ids AS bigint[]) IS NULL OR inbox.id = ANY(CAST(:ids AS bigint[])))
           AND (CAST(:code AS text) IS NULL OR inbox.code = :code)
           AND (CAST(:source AS text) IS NULL OR source.name = :source)
           AND (CAST(:school AS bigint) IS NULL OR inbox.school_id = :school)
           AND (CAST(:since AS timestamptz) IS NULL OR inbox.received_at >= :since)
         ORDER BY inbox.id LIMIT :limit FOR UPDATE OF inbox
    """
    return fetch(session, QuarantinedEvent, statement, events.parameters(session))


def retry(session: Session, ids: Sequence[int]) -> dict[EventKind, list[int]]:
    """Make quarantined events due again under their ids, with all attempts; return their ids by kind."""
    failed = among(Inbox.id, ids), col(Inbox.state) == InboxState.QUARANTINED
    due = update(Inbox).where(*failed).values({"code": None, **DUE}).returning(col(Inbox.kind), col(Inbox.id))
    retried = sorted((kind, event) for kind, event in session.connection().execute(due) if event is not None)
    _remove_reasons(session, [event for _, event in retried])
    return _by_kind(retried)


def discard(session: Session, ids: Sequence[int]) -> list[int]:
    """Discard quarantined events, whose rows stay so that a resend is a duplicate; return their ids."""
    failed = among(Inbox.id, ids), col(Inbox.state) == InboxState.QUARANTINED
    ended = {"state": InboxState.DROPPED, "code": DISCARDED, "leased_until": None, "finished_at": clock.NOW}
    dropped = update(Inbox).where(*failed).values(ended).returning(col(Inbox.id))
    discarded = sorted(event for event in session.connection().execute(dropped).scalars() if event is not None)
    _remove_reasons(session, discarded)
    return discarded


def reprocess(session: Session, events: EventFilter, *, after: int = 0, dry_run: bool = False) -> ReprocessBatch:
    """Make events due again that were done, dropped or parked: one batch of at most `events.limit`.

    Args:
        session: an open transaction.
        events: which; those with a code of `EXPLICIT_ONLY` only where the filter names it.
        after: the id after which the batch begins.
        dry_run: count only.
    """
    read = """
        SELECT inbox.id, inbox.kind, inbox.payload = '' FROM souschef.inbox
          JOIN souschef.source ON source.id = inbox.source_id
         WHERE inbox.id > :after AND inbox.state IN ('done', 'dropped', 'parked')
           AND (CAST(:ids AS bigint[]) IS NULL OR inbox.id = ANY(CAST(:ids AS bigint[])))
           AND CASE WHEN CAST(:code AS text) IS NULL THEN coalesce(inbox.code, '') <> ALL(CAST(:given_up AS text[]))
                    ELSE inbox.code = :code END
           AND (CAST(:source AS text) IS NULL OR source.name = :source)
           AND (CAST(:school AS bigint) IS NULL OR inbox.school_id = :school)
           AND (CAST(:since AS timestamptz) IS NULL OR inbox.received_at >= :since)
         ORDER BY inbox.id LIMIT :limit FOR UPDATE OF inbox
    """
    parameters = {**events.parameters(session), "after": after, "given_up": list(EXPLICIT_ONLY)}
    rows = execute(session, read, parameters).all()
    due = sorted((kind, event) for event, kind, pruned in rows if not pruned)
    if not dry_run:
        _make_due(session, [event for _, event in due])
    last = rows[-1][0] if len(rows) == events.limit else None
    return ReprocessBatch(_by_kind(due), len(rows) - len(due), last)


def _make_due(session: Session, ids: Sequence[int]) -> None:
    change(session, update(Inbox).where(among(Inbox.id, ids)).values({"code": REPROCESS, **DUE}))


def _remove_reasons(session: Session, ids: Sequence[int]) -> None:
    change(session, delete(Quarantine).where(among(Quarantine.inbox_id, ids)))


def _by_kind(rows: Sequence[Any]) -> dict[EventKind, list[int]]:
    found: dict[EventKind, list[int]] = {}
    for kind, event in rows:
        found.setdefault(EventKind(kind), []).append(event)
    return found
