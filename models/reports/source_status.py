"""A line a source: how much it sends, how long its events wait, and what of them needs a person."""

import datetime as dt
from dataclasses import dataclass

from sqlmodel import Session

from models.rows import fetch

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
    statement = """
        WITH recent AS MATERIALIZED (
          SELECT source_id, received_at FROM souschef.inbox ORDER BY id DESC LIMIT :newest
        ), newest AS (
          SELECT source_id, max(received_at) AS last_event_at,
                 count(*) FILTER (WHERE received_at > (SELECT souschef.clock()) - make_interval(mins => :minutes)) AS n
            FROM recent GROUP BY source_id
        ), came AS (
          SELECT source_id, max(day) AS last_day,
                 coalesce(sum(count) FILTER (WHERE day = ((SELECT souschef.clock()) AT TIME ZONE 'UTC')::date), 0) AS n
            FROM souschef.door_count GROUP BY source_id
        ), open AS (
          SELECT source_id, count(*) FILTER (WHERE state = 'pending') AS waiting,
                 min(received_at) FILTER (WHERE state = 'pending') AS oldest,
                 count(*) FILTER (WHERE state = 'parked') AS parked,
                 count(*) FILTER (WHERE state = 'quarantined') AS failed
            FROM souschef.inbox WHERE state IN ('pending', 'parked', 'quarantined') GROUP BY source_id)
        SELECT school.ref AS school, source.name AS source, source.format, coalesce(came.n, 0)::bigint AS today,
               coalesce(newest.n, 0)::double precision / :minutes AS per_minute,
               coalesce(newest.n, 0) > 0 AND (SELECT sum(n) >= :newest FROM newest) AS at_least,
               newest.last_event_at, came.last_day,
               coalesce(open.waiting, 0) AS waiting,
               coalesce(extract(epoch FROM (SELECT souschef.clock()) - open.oldest), 0)::double precision
                 AS waits_seconds,
               coalesce(open.parked, 0) AS parked, coalesce(open.failed, 0) AS failed,
               source.revoked_at IS NOT NULL AS revoked
          FROM souschef.source JOIN souschef.school ON school.id = source.school_id
          LEFT JOIN newest ON newest.source_id = source.id
          LEFT JOIN came ON came.source_id = source.id
          LEFT JOIN open ON open.source_id = source.id
         WHERE source.revoked_at IS NULL OR open.source_id IS NOT NULL
         ORDER BY school.ref, source.name
    """
    return fetch(session, SourceStatus, statement, {"newest": RECENT_EVENTS, "minutes": RATE_MINUTES})
