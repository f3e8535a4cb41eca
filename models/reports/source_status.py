"""A line a source: how much it sends, how long its events wait, and what of them needs a person."""

import datetime as dt
from dataclasses import dataclass

from sqlmodel import Session

from models.rows import fetch, load_sql

RECENT_EVENTS = 5000
"""Events that are looked at for a source's rate: the newest of all sources."""
RATE_MINUTES = 10


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How one source does."""

    school: str
    source: str
    format: str
    today: int
    """Events that came since midnight (UTC), also duplicates and what was ignored."""
    per_minute: float
    """New events a minute, over the last ten minutes."""
    at_least: bool
    """More came than are looked at: the rate is at least `per_minute`."""
    last_event_at: dt.datetime | None
    """Of the newest events of all sources; None if none of them is of this source."""
    last_day: dt.date | None
    """The last day on which anything came."""
    waiting: int
    waits_seconds: float
    """How long the oldest that waits has waited."""
    parked: int
    failed: int
    """In quarantine."""
    revoked: bool


def source_statuses(session: Session) -> list[SourceStatus]:
    """Return every source that is in use or has something that waits, by school and name."""
    statement = load_sql("source_statuses")
    return fetch(session, SourceStatus, statement, {"newest": RECENT_EVENTS, "minutes": RATE_MINUTES})
