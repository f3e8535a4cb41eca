"""What sources have withdrawn: facts by their key, or all facts of an xAPI statement, whether they have come or not.

A withdrawn fact is deleted, so that nothing that reads facts has to know of it. The row here keeps it from coming back
when its event is sent or read again.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete
from sqlmodel import Session, col

from lms.json_fields import digest
from models import clock
from models.events.facts import NewFact, digest_of_statement
from models.events.inbox import REPROCESS
from models.rows import change, execute
from models.tables import Retraction

CODE = "retracted"
"""The code of an event all of whose facts were withdrawn before it was read."""
RACE_MINUTES = 10
"""For how long the sweep looks for facts that another worker recorded at the moment of their retraction."""


@dataclass(frozen=True, slots=True)
class NewRetraction:
    """What one event withdraws: the fact of a key or the facts of a statement."""

    source_id: int
    inbox_id: int
    key: str | None
    statement: str | None
    student_id: int | None
    revised_at: dt.datetime | None

    @property
    def digest(self) -> bytes:
        """Return the key of its row."""
        return digest_of_key(self.key) if self.statement is None else digest_of_statement(self.statement)


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A stored fact that is withdrawn."""

    id: int
    student_id: int
    material_id: int | None
    """Of an answer to a material's own question: the material."""


def digest_of_key(key: str | None) -> bytes:
    """Return the 16 bytes under which a fact's key is withdrawn."""
    return digest("fact", key)


def record(session: Session, school_id: int, retractions: Collection[NewRetraction]) -> None:
    """Record retractions; of two of one fact the one that withdraws more stands, in whatever order they come."""
    rows = {(each.source_id, each.digest): each for each in sorted(retractions, key=_extent)}
    statement = """
        INSERT INTO souschef.retraction AS old (source_id, key, school_id, student_id, revised_at, inbox_id)
        SELECT source_id, key, :school, student_id, revised_at, inbox_id
          FROM unnest(CAST(:sources AS bigint[]), CAST(:keys AS bytea[]), CAST(:students AS bigint[]),
                      CAST(:revised AS timestamptz[]), CAST(:events AS bigint[]))
            AS new(source_id, key, student_id, revised_at, inbox_id)
        ON CONFLICT (source_id, key) DO UPDATE
           SET student_id = coalesce(excluded.student_id, old.student_id), inbox_id = excluded.inbox_id,
               revised_at = CASE WHEN old.revised_at IS NULL OR excluded.revised_at IS NULL THEN NULL
                                 ELSE greatest(old.revised_at, excluded.revised_at) END
    """
    ordered = [rows[key] for key in sorted(rows)]
    parameters = {
        "school": school_id,
        "sources": [each.source_id for each in ordered],
        "keys": [each.digest for each in ordered],
        "students": [each.student_id for each in ordered],
        "revised": [each.revised_at for each in ordered],
        "events": [each.inbox_id for each in ordered],
    }
    if ordered:
        execute(session, statement, parameters)


def forget_stale(session: Session, events: Collection[int], retractions: Collection[NewRetraction]) -> None:
    """Delete retractions of events that were read again and withdraw something else now, or nothing."""
    statement = """
        DELETE FROM souschef.retraction WHERE inbox_id = ANY(CAST(:events AS bigint[]))
           AND NOT (source_id, key) IN (
             SELECT * FROM unnest(CAST(:sources AS bigint[]), CAST(:keys AS bytea[])))
    """
    parameters = {
        "events": sorted(events),
        "sources": [each.source_id for each in retractions],
        "keys": [each.digest for each in retractions],
    }
    if events:
        execute(session, statement, parameters)


def find_facts(session: Session, retractions: Collection[NewRetraction]) -> list[StoredFact]:
    """Return the stored facts that these retractions withdraw."""
    statement = """
        WITH gone AS (
          SELECT * FROM unnest(CAST(:sources AS bigint[]), CAST(:keys AS text[]), CAST(:statements AS bytea[]),
                               CAST(:revised AS timestamptz[])) AS gone(source_id, key, statement, until)),
        matches AS (
          SELECT fact.*, gone.until FROM gone JOIN souschef.fact
                 ON fact.source_id = gone.source_id AND fact.key = gone.key COLLATE "C"
          UNION ALL
          SELECT fact.*, gone.until FROM gone JOIN souschef.fact
                 ON fact.source_id = gone.source_id AND fact.statement = gone.statement)
        SELECT DISTINCT id, student_id, CAST(value ->> 'material' AS bigint) AS material_id FROM matches
         WHERE until IS NULL OR coalesce(revised_at, '-infinity') <= until ORDER BY id
    """
    parameters = {
        "sources": [each.source_id for each in retractions],
        "keys": [each.key for each in retractions],
        "statements": [None if each.statement is None else each.digest for each in retractions],
        "revised": [each.revised_at for each in retractions],
    }
    if not retractions:
        return []
    return [StoredFact(*row) for row in execute(session, statement, parameters)]


def without_retracted(session: Session, facts: Sequence[NewFact]) -> list[NewFact]:
    """Return the facts that are not withdrawn."""
    sources = sorted({fact.source_id for fact in facts})
    some = "SELECT EXISTS (SELECT FROM souschef.retraction WHERE source_id = ANY(CAST(:sources AS bigint[])))"
    if not facts or not execute(session, some, {"sources": sources}).scalar_one():
        return list(facts)
    keys = {digest for fact in facts for digest in _digests(fact)}
    statement = """
        SELECT source_id, key, revised_at FROM souschef.retraction
         WHERE source_id = ANY(CAST(:sources AS bigint[])) AND key = ANY(CAST(:keys AS bytea[]))
    """
    rows = execute(session, statement, {"sources": sources, "keys": sorted(keys)})
    gone = {(source, bytes(key)): revised_at for source, key, revised_at in rows}
    return [fact for fact in facts if not _is_retracted(fact, gone)]


def reprocess_missed(session: Session) -> int:
    """Make retractions due again that another worker's transaction crossed: each had not seen the other's row."""
    statement = """
        UPDATE souschef.inbox SET state = 'pending', code = :again, attempts = 0, leased_until = NULL,
               finished_at = NULL, next_attempt_at = (SELECT souschef.clock())
         WHERE state = 'done' AND id IN (
           SELECT retraction.inbox_id FROM souschef.retraction JOIN souschef.fact
                  ON fact.source_id = retraction.source_id AND fact.statement = retraction.key
            WHERE retraction.recorded_at > (SELECT souschef.clock()) - make_interval(mins => :minutes))
    """
    return execute(session, statement, {"again": REPROCESS, "minutes": RACE_MINUTES}).rowcount


def prune(session: Session, school_id: int, *, days: int) -> int:
    """Delete retractions that are older than facts are kept; return how many."""
    old = col(Retraction.recorded_at) < clock.NOW - dt.timedelta(days=days)
    return change(session, delete(Retraction).where(col(Retraction.school_id) == school_id, old))


def _extent(each: NewRetraction) -> tuple[bool, dt.datetime, bool]:
    """Sort what withdraws more last; of equal ones that whose student is known."""
    at = each.revised_at or dt.datetime.max.replace(tzinfo=dt.UTC)
    return each.revised_at is None, at, each.student_id is not None


def _digests(fact: NewFact) -> list[bytes]:
    own = [digest_of_key(fact.key)]
    return own if fact.statement is None else [*own, digest_of_statement(fact.statement)]


def _is_retracted(fact: NewFact, gone: Mapping[tuple[int, bytes], dt.datetime | None]) -> bool:
    for key in _digests(fact):
        if (fact.source_id, key) in gone:
            revised_at = gone[fact.source_id, key]
            if revised_at is None or fact.revised_at is None or fact.revised_at <= revised_at:
                return True
    return False
