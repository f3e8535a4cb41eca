"""Events that an LMS has written by SQL: moved to the inbox in order, or refused with a code that the LMS can read."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col

from lms.facts import SourceRules
from models import clock
from models.access import sources
from models.access.sources import Sender
from models.rows import change, execute
from models.tables import Outbox

REFUSED_DAYS = 30
"""How long a refused event is kept with its reason."""


MOST_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """One event that waits in the outbox; `source_id` is None where the school has no source of that name."""

    id: int
    school_id: int
    source: str
    event: str
    source_id: int | None
    format: str
    surveys: frozenset[str]
    zone: str | None
    revoked: bool

    def sender(self) -> Sender:
        """Return the source of the event as the inbox needs it.

        Raises:
            ValueError: there is none.
        """
        if self.source_id is None:
            raise ValueError(f"event {self.id} of the outbox has no source in school {self.school_id}")
        rules = SourceRules(self.surveys, sources.zone_of(self.zone))
        return Sender(self.source_id, self.school_id, self.source, self.format, rules)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one event of the outbox was refused, and where in it the error is (JSON Pointer)."""

    id: int
    code: str
    pointer: str = ""


def take(session: Session, *, limit: int) -> list[OutboxEvent]:
    """Lock and return waiting events, without those that another process has locked.

    Each school that waits gets the same share of the batch, oldest events first, so that none waits behind another's.
    """
    statement = """
        WITH school AS MATERIALIZED (
          SELECT each.id FROM souschef.school AS each CROSS JOIN LATERAL (
            SELECT o.id FROM souschef.event_outbox AS o WHERE o.school_id = each.id AND o.code IS NULL
             ORDER BY o.school_id, o.id LIMIT 1) AS first
           ORDER BY random() LIMIT :limit),
        waiting AS MATERIALIZED (
          SELECT own.id FROM school CROSS JOIN LATERAL (
            SELECT o.id FROM souschef.event_outbox AS o WHERE o.school_id = school.id AND o.code IS NULL
             ORDER BY o.school_id, o.id LIMIT :limit / (SELECT greatest(count(*), 1) FROM school)
               FOR UPDATE SKIP LOCKED) AS own)
        SELECT o.id, o.school_id, o.source, o.event, source.id AS source_id, coalesce(source.format, '') AS format,
               coalesce(source.surveys, '[]') AS surveys, source.settings ->> 'timezone' AS zone,
               source.revoked_at IS NOT NULL AS revoked
          FROM waiting JOIN souschef.event_outbox AS o ON o.id = waiting.id
          LEFT JOIN souschef.source ON source.school_id = o.school_id AND source.name = o.source
         ORDER BY o.id
    """
    rows = execute(session, statement, {"limit": limit}).mappings()
    return [OutboxEvent(**{**row, "surveys": frozenset(row["surveys"])}) for row in rows]


def release_known(session: Session, *, limit: int) -> int:
    """Let events wait again that were refused because their source was unknown, where it has been added since.

    An index has them by source, so that the others are not read. Returns how many, at most `limit` a source.
    """
    statement = """
        UPDATE souschef.event_outbox SET code = NULL, pointer = NULL WHERE id IN (
          SELECT own.id FROM souschef.source AS known CROSS JOIN LATERAL (
            SELECT o.id FROM souschef.event_outbox AS o
             WHERE o.code = 'unknown_source' AND o.school_id = known.school_id AND o.source = known.name
             ORDER BY o.school_id, o.source, o.id LIMIT :limit FOR UPDATE SKIP LOCKED) AS own)
    """
    return execute(session, statement, {"limit": limit}).rowcount


def remove(session: Session, ids: Sequence[int]) -> None:
    """Delete events that the same transaction has recorded in the inbox."""
    statement = "DELETE FROM souschef.event_outbox WHERE id = ANY(CAST(:ids AS bigint[]))"
    execute(session, statement, {"ids": list(ids)})


def refuse(session: Session, refusals: Sequence[Refusal]) -> None:
    """Store why events were refused."""
    statement = """
        UPDATE souschef.event_outbox SET code = new.code, pointer = new.pointer
          FROM unnest(CAST(:ids AS bigint[]), CAST(:codes AS text[]), CAST(:pointers AS text[]))
               AS new(id, code, pointer)
         WHERE event_outbox.id = new.id
    """
    parameters = {
        "ids": [each.id for each in refusals],
        "codes": [each.code for each in refusals],
        "pointers": [each.pointer for each in refusals],
    }
    if refusals:
        execute(session, statement, parameters)


def prune_refused(session: Session) -> int:
    """Delete events that were refused long ago; return how many."""
    old = col(Outbox.inserted_at) < clock.NOW - dt.timedelta(days=REFUSED_DAYS)
    return change(session, delete(Outbox).where(col(Outbox.code).is_not(None), old))


@dataclass(frozen=True, slots=True)
class OutboxFigures:
    """How many events are in the outbox, and for how long."""

    counts: dict[str, int]
    """By why they were refused, and under "waiting"; of more than `MOST_COUNTED` only so many are counted."""
    oldest_seconds: float
    """Of those that wait."""


def figures(session: Session) -> OutboxFigures:
    """Count what is in the outbox; a flood is not counted to its end."""
    statement = """
        SELECT code, count(*) FROM (
          (SELECT 'waiting' AS code FROM souschef.event_outbox WHERE code IS NULL LIMIT :most)
          UNION ALL (SELECT code FROM souschef.event_outbox WHERE code IS NOT NULL LIMIT :most)) AS counted
         GROUP BY code
    """
    oldest = """
        SELECT coalesce(extract(epoch FROM (SELECT souschef.clock()) - min(first.inserted_at)), 0)::double precision
          FROM souschef.school AS each CROSS JOIN LATERAL (
            SELECT o.inserted_at FROM souschef.event_outbox AS o WHERE o.school_id = each.id AND o.code IS NULL
             ORDER BY o.school_id, o.id LIMIT 1) AS first
    """
    counts = {code: int(count) for code, count in execute(session, statement, {"most": MOST_COUNTED})}
    return OutboxFigures(counts, max(0.0, float(execute(session, oldest).scalar_one())))


def unknown_sources(session: Session) -> list[tuple[str, str, int]]:
    """Return (school, source, how many events) of events whose source the school does not have, most events first."""
    statement = """
        SELECT school.ref, refused.source, count(*) FROM (
          SELECT school_id, source FROM souschef.event_outbox WHERE code = 'unknown_source' LIMIT :most) AS refused
          JOIN souschef.school ON school.id = refused.school_id
         GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 5
    """
    return [
        (school, source, int(count)) for school, source, count in execute(session, statement, {"most": MOST_COUNTED})
    ]
