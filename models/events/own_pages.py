"""Events of our own pages: which are stored, and what a page needs to record new ones."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from models.access import sources
from models.access.sources import Sender
from models.rows import execute


@dataclass(frozen=True, slots=True)
class OwnEvent:
    """One event of our own pages in the inbox."""

    id: int
    key: bytes
    payload: str
    is_pending: bool


@dataclass(frozen=True, slots=True)
class BeforeRecording:
    """What a page needs to record events."""

    sender: Sender
    now: dt.datetime
    existing: frozenset[bytes]
    """The keys of those events that are stored already."""


def own_events(session: Session, school_id: int, keys: Sequence[bytes]) -> list[OwnEvent]:
    """Return those events of a school's own pages that are in the inbox, of these keys."""
    statement = """
        SELECT inbox.id, inbox.key, inbox.payload, inbox.state = 'pending' AS is_pending
          FROM souschef.inbox JOIN souschef.source ON source.id = inbox.source_id
         WHERE source.school_id = :school AND source.name = :pages AND inbox.key = ANY(CAST(:keys AS bytea[]))
    """
    rows = execute(session, statement, {"school": school_id, "pages": sources.PAGES, "keys": list(keys)}).all()
    return [OwnEvent(row.id, bytes(row.key), row.payload, row.is_pending) for row in rows]


def before_recording(session: Session, school_id: int, keys: Sequence[bytes]) -> BeforeRecording:
    """Return in one statement the source of a school's pages, the time, and which of these events are stored."""
    statement = """
        SELECT source.*, (SELECT souschef.clock()) AS now,
               ARRAY(SELECT inbox.key FROM souschef.inbox
                      WHERE inbox.source_id = source.id AND inbox.key = ANY(CAST(:keys AS bytea[]))) AS existing
          FROM souschef.source WHERE source.school_id = :school AND source.name = :pages
    """
    parameters = {"school": school_id, "pages": sources.PAGES, "keys": list(keys)}
    row: Any = execute(session, statement, parameters).one_or_none()
    if row is None:
        sources.sender_of_pages(session, school_id)  # makes it
        row = execute(session, statement, parameters).one()
    return BeforeRecording(sources.sender_of(row), row.now, frozenset(map(bytes, row.existing)))
