"""What stands in quarantine, and the ways out of it; and old events that are to be read again."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from lms.facts import EventKind
from models.inbox import AGAIN

DISCARDED = "discarded"
"""The code of an event that a person has given up."""
GIVEN_UP = (DISCARDED, "erased")
"""Codes of events that are read again only where the code is named."""
EVERYTHING = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which events are meant: all that fit every field that is not None."""

    ids: tuple[int, ...] | None = None
    code: str | None = None
    source: str | None = None
    school: str | None = None
    since: dt.datetime | None = None
    """Received at this moment or later."""
    limit: int = EVERYTHING

    def parameters(self) -> dict[str, Any]:
        """Return the fields as a query takes them."""
        return {
            "ids": None if self.ids is None else list(self.ids),
            "code": self.code,
            "source": self.source,
            "school": self.school,
            "since": self.since,
            "limit": self.limit,
        }


@dataclass(frozen=True, slots=True)
class Held:
    """One event in quarantine."""

    id: int
    school: str
    source: str
    format: str
    kind: str
    code: str
    pointer: str
    """Where in the event the fault lies, as a JSON pointer; "" for the whole of it."""
    attempts: int
    received_at: dt.datetime
    quarantined_at: dt.datetime | None
    payload: str
    """A student's data: shown only to who asks for it."""


@dataclass(frozen=True, slots=True)
class Reread:
    """A slice of old events that are due again."""

    ids: dict[EventKind, list[int]]
    pruned: int
    """How many of the slice cannot be read again, because their raw body is gone."""
    last: int | None
    """The id after which the next slice begins; None where this was the last."""

    @property
    def count(self) -> int:
        """Return how many events are due again."""
        return sum(map(len, self.ids.values()))


def listed(session: Session, chosen: Chosen) -> list[Held]:
    """Return the events in quarantine that are meant, the oldest first."""
    statement = text("""
        SELECT inbox.id, school.ref, source.name, source.format, inbox.kind, coalesce(inbox.code, ''),
               coalesce(quarantine.pointer, ''), inbox.attempts, inbox.received_at,
               coalesce(quarantine.quarantined_at, inbox.finished_at), inbox.payload
          FROM souschef.inbox
          JOIN souschef.source ON source.id = inbox.source_id
          JOIN souschef.school ON school.id = inbox.school_id
          LEFT JOIN souschef.quarantine ON quarantine.inbox_id = inbox.id
         WHERE inbox.state = 'quarantined'
           AND (CAST(:ids AS bigint[]) IS NULL OR inbox.id = ANY(CAST(:ids AS bigint[])))
           AND (CAST(:code AS text) IS NULL OR inbox.code = :code)
           AND (CAST(:source AS text) IS NULL OR source.name = :source)
           AND (CAST(:school AS text) IS NULL OR school.ref = :school)
           AND (CAST(:since AS timestamptz) IS NULL OR inbox.received_at >= :since)
         ORDER BY inbox.id LIMIT :limit FOR UPDATE OF inbox
    """)
    return [Held(*row) for row in session.connection().execute(statement, chosen.parameters())]


def retry(session: Session, ids: Sequence[int]) -> dict[EventKind, list[int]]:
    """Make events due again under the ids that they have, with all their attempts; return those that were held."""
    statement = text("""
        UPDATE souschef.inbox SET state = 'pending', code = NULL, attempts = 0, leased_until = NULL,
               finished_at = NULL, next_attempt_at = (SELECT souschef.clock())
         WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'quarantined'
        RETURNING kind, id
    """)
    freed = sorted(tuple(row) for row in session.connection().execute(statement, {"ids": list(ids)}))
    _explain_no_more(session, [event for _, event in freed])
    return _by_kind(freed)


def discard(session: Session, ids: Sequence[int]) -> list[int]:
    """Give events up: their rows stay, so that a resend is a duplicate; return those that were held."""
    statement = text("""
        UPDATE souschef.inbox SET state = 'dropped', code = :code, leased_until = NULL,
               finished_at = (SELECT souschef.clock())
         WHERE id = ANY(CAST(:ids AS bigint[])) AND state = 'quarantined'
        RETURNING id
    """)
    parameters = {"ids": list(ids), "code": DISCARDED}
    gone = sorted(session.connection().execute(statement, parameters).scalars())
    _explain_no_more(session, gone)
    return gone


def again(session: Session, chosen: Chosen, *, after: int = 0, keep: bool = True) -> Reread:
    """Make events due again that were done, dropped or parked: one slice of at most `chosen.limit`.

    Args:
        session: an open transaction.
        chosen: which; those with a code of `GIVEN_UP` only where it is named.
        after: the id after which the slice begins.
        keep: False to count only.
    """
    read = text("""
        SELECT inbox.id, inbox.kind, inbox.payload = '' FROM souschef.inbox
          JOIN souschef.source ON source.id = inbox.source_id
          JOIN souschef.school ON school.id = inbox.school_id
         WHERE inbox.id > :after AND inbox.state IN ('done', 'dropped', 'parked')
           AND (CAST(:ids AS bigint[]) IS NULL OR inbox.id = ANY(CAST(:ids AS bigint[])))
           AND CASE WHEN CAST(:code AS text) IS NULL THEN coalesce(inbox.code, '') <> ALL(CAST(:given_up AS text[]))
                    ELSE inbox.code = :code END
           AND (CAST(:source AS text) IS NULL OR source.name = :source)
           AND (CAST(:school AS text) IS NULL OR school.ref = :school)
           AND (CAST(:since AS timestamptz) IS NULL OR inbox.received_at >= :since)
         ORDER BY inbox.id LIMIT :limit FOR UPDATE OF inbox
    """)
    parameters = {**chosen.parameters(), "after": after, "given_up": list(GIVEN_UP)}
    rows = session.connection().execute(read, parameters).all()
    due = sorted((kind, event) for event, kind, pruned in rows if not pruned)
    if keep:
        _make_due(session, [event for _, event in due])
    last = rows[-1][0] if len(rows) == chosen.limit else None
    return Reread(_by_kind(due), len(rows) - len(due), last)


def _make_due(session: Session, ids: Sequence[int]) -> None:
    statement = text("""
        UPDATE souschef.inbox SET state = 'pending', code = :again, attempts = 0, leased_until = NULL,
               finished_at = NULL, next_attempt_at = (SELECT souschef.clock())
         WHERE id = ANY(CAST(:ids AS bigint[]))
    """)
    session.connection().execute(statement, {"ids": list(ids), "again": AGAIN})


def _explain_no_more(session: Session, ids: Sequence[int]) -> None:
    statement = text("DELETE FROM souschef.quarantine WHERE inbox_id = ANY(CAST(:ids AS bigint[]))")
    session.connection().execute(statement, {"ids": list(ids)})


def _by_kind(rows: Sequence[Any]) -> dict[EventKind, list[int]]:
    found: dict[EventKind, list[int]] = {}
    for kind, event in rows:
        found.setdefault(EventKind(kind), []).append(event)
    return found
