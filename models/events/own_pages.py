"""Events of our own pages: which are stored, and what a page needs to record new ones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from lms.facts import SourceRules
from models.access import sources
from models.access.sources import Sender
from models.rows import fetch
from models.together import Query


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


@dataclass(frozen=True, slots=True)
class OwnSource:
    """The source of a school's pages, with what stands beside it."""

    id: int
    school_id: int
    name: str
    format: str
    surveys: list[str]
    settings: dict[str, Any]
    now: dt.datetime
    existing: list[bytes]

    @property
    def before_recording(self) -> BeforeRecording:
        """Return what a page needs to record events."""
        rules = SourceRules(frozenset(self.surveys), sources.zone_of(self.settings.get("timezone")))
        sender = Sender(self.id, self.school_id, self.name, self.format, rules)
        return BeforeRecording(sender, self.now, frozenset(self.existing))


def own_events(session: Session, school_id: int, keys: Sequence[bytes]) -> list[OwnEvent]:
    """Return those events of a school's own pages that are in the inbox, of these keys."""
    return fetch(session, *own_events_query(school_id, keys))


def own_events_query(school_id: int, keys: Sequence[bytes]) -> Query[OwnEvent]:
    """Return the query for those events of a school's own pages that are in the inbox."""
    statement = """
        SELECT inbox.id, inbox.key, inbox.payload, inbox.state = 'pending' AS is_pending
          FROM souschef.inbox JOIN souschef.source ON source.id = inbox.source_id
         WHERE source.school_id = :school AND source.name = :pages AND inbox.key = ANY(CAST(:keys AS bytea[]))
    """
    return Query(OwnEvent, statement, {"school": school_id, "pages": sources.PAGES, "keys": list(keys)})


def before_recording(session: Session, school_id: int, keys: Sequence[bytes]) -> BeforeRecording:
    """Return in one statement the source of a school's pages, the time, and which of these events are stored."""
    query = own_source_query(school_id, keys)
    found = fetch(session, *query)
    if not found:
        sources.sender_of_pages(session, school_id)  # makes it
        found = fetch(session, *query)
    return found[0].before_recording


def own_source_query(school_id: int, keys: Sequence[bytes]) -> Query[OwnSource]:
    """Return the query of `before_recording`: no row before a school's pages have written anything."""
    statement = """
        SELECT source.id, source.school_id, source.name, source.format, source.surveys, source.settings,
               (SELECT souschef.clock()) AS now,
               ARRAY(SELECT inbox.key FROM souschef.inbox
                      WHERE inbox.source_id = source.id AND inbox.key = ANY(CAST(:keys AS bytea[]))) AS existing
          FROM souschef.source WHERE source.school_id = :school AND source.name = :pages
    """
    return Query(OwnSource, statement, {"school": school_id, "pages": sources.PAGES, "keys": list(keys)})
