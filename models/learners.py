"""Beliefs as rows: locked while they change, saved under a version that only rises, published as a difference."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import TextClause, text
from sqlmodel import Session

from models.facts import BEGINNING, Mark


@dataclass(frozen=True, slots=True)
class StateRow:
    """One student's state as it stands in the database."""

    student_id: int
    state: bytes
    snapshot_version: int
    parameters_version: int
    facts: int
    last: Mark
    version: int
    carry: Mapping[str, Any]
    """What the last decision left to the next."""
    nothing: str | None
    """Why nothing is assigned, as a code; None where something is."""
    nothing_sentence: str
    refresh_due: bool
    """Something that the state rests on has changed since, such as an alignment: it must be folded anew."""


class GapRow(NamedTuple):
    """What is published of one student's standing on one skill; all but the counts and names in [0, 1]."""

    student_id: int
    skill_id: int
    mastery: float
    low: float
    high: float
    target: float
    gap: float
    retention: float
    level: str
    standing: str
    responses: int
    evidence_until: dt.datetime | None
    version: int


class InterestRow(NamedTuple):
    """What is published of one student's interest in one topic."""

    student_id: int
    topic_id: int
    value: float
    confidence: float
    vetoed: bool
    asked_at: dt.datetime | None
    updated_at: dt.datetime | None
    version: int


_READ = """
    SELECT student_id, state, snapshot_version, parameters_version, facts, last_at, last_sequence, last_key,
           version, carry, nothing, nothing_sentence, refresh_due
      FROM souschef.learner_state WHERE student_id = ANY(CAST(:ids AS bigint[]))
     ORDER BY student_id
"""


def lock(session: Session, school_id: int, students: Collection[int]) -> dict[int, StateRow]:
    """Make sure that each student has a state, and lock and return them.

    Rows are locked in the order of their ids, so that two batches with the same students never wait for each other in a
    circle. Whoever holds the lock is alone with the student until the commit.
    """
    ids = sorted(students)
    made = text("""
        INSERT INTO souschef.learner_state (student_id, school_id, state, snapshot_version, parameters_version)
        SELECT student, :school, ''::bytea, -1, -1 FROM unnest(CAST(:ids AS bigint[])) AS student
        ON CONFLICT (student_id) DO NOTHING
    """)
    connection = session.connection()
    connection.execute(made, {"school": school_id, "ids": ids})
    rows = connection.execute(text(f"{_READ} FOR UPDATE"), {"ids": ids}).all()
    return {row[0]: _state_row(tuple(row)) for row in rows}


def look(session: Session, students: Collection[int]) -> dict[int, StateRow]:
    """Return each student's state, unlocked, for what is never written; an empty one where there is none yet."""
    ids = sorted(students)
    found = {student: StateRow(student, b"", -1, -1, 0, BEGINNING, 0, {}, None, "", False) for student in ids}
    rows = session.connection().execute(text(_READ), {"ids": ids})
    return found | {row[0]: _state_row(tuple(row)) for row in rows}


def _state_row(row: tuple[Any, ...]) -> StateRow:
    student, state, snapshot, parameters, count, last_at, last_sequence, last_key, *rest = row
    mark = (last_at or BEGINNING[0], last_sequence, last_key)
    return StateRow(student, state, snapshot, parameters, count, mark, *rest)


def save(session: Session, rows: Sequence[StateRow], *, refreshed_at: dt.datetime) -> None:
    """Write states whose rows are locked. A version that would not rise is a bug and breaks the transaction.

    `refreshed_at` is when what was decided on began to be read: what begins or ends later has not been seen.
    """
    statement = text("""
        UPDATE souschef.learner_state AS old
           SET state = new.state, snapshot_version = new.snapshot_version, parameters_version = new.parameters_version,
               facts = new.facts, last_at = new.last_at, last_sequence = new.last_sequence, last_key = new.last_key,
               version = new.version, carry = new.carry, nothing = new.nothing,
               nothing_sentence = new.sentence, refresh_due = false,
               refreshed_at = :refreshed_at
          FROM unnest(CAST(:students AS bigint[]), CAST(:states AS bytea[]), CAST(:snapshots AS bigint[]),
                      CAST(:parameters AS bigint[]), CAST(:facts AS integer[]), CAST(:times AS timestamptz[]),
                      CAST(:sequences AS text[]), CAST(:keys AS text[]), CAST(:versions AS bigint[]),
                      CAST(:carries AS jsonb[]), CAST(:nothings AS text[]), CAST(:sentences AS text[]))
            AS new(student_id, state, snapshot_version, parameters_version, facts, last_at, last_sequence, last_key,
                   version, carry, nothing, sentence)
         WHERE old.student_id = new.student_id AND old.version <= new.version
    """)
    parameters: dict[str, Any] = {
        "refreshed_at": refreshed_at,
        "students": [row.student_id for row in rows],
        "states": [row.state for row in rows],
        "snapshots": [row.snapshot_version for row in rows],
        "parameters": [row.parameters_version for row in rows],
        "facts": [row.facts for row in rows],
        "times": [None if row.last == BEGINNING else row.last[0] for row in rows],
        "sequences": [row.last[1] for row in rows],
        "keys": [row.last[2] for row in rows],
        "versions": [row.version for row in rows],
        "carries": [orjson.dumps(dict(row.carry)).decode() for row in rows],
        "nothings": [row.nothing for row in rows],
        "sentences": [row.nothing_sentence for row in rows],
    }
    written = session.connection().execute(statement, parameters).rowcount if rows else 0
    if written != len(rows):
        raise StaleVersion(f"{len(rows) - written} of {len(rows)} states were newer than what was to be written")


class StaleVersion(Exception):  # noqa: N818 - it is told as what happened
    """A state would have gone back in time."""


def publish_gaps(session: Session, school_id: int, students: Collection[int], rows: Sequence[GapRow]) -> set[int]:
    """Publish all that is believed of these students' skills; return the students of whom anything differs.

    What is published and believed no longer (a skill has left the scope, a fact was taken back) goes.
    """
    statement = text("""
        WITH new AS (
          SELECT * FROM unnest(CAST(:student_id AS bigint[]), CAST(:skill_id AS bigint[]),
               CAST(:mastery AS double precision[]), CAST(:low AS double precision[]),
               CAST(:high AS double precision[]),
               CAST(:target AS double precision[]), CAST(:gap AS double precision[]),
               CAST(:retention AS double precision[]), CAST(:level AS text[]), CAST(:standing AS text[]),
               CAST(:responses AS integer[]), CAST(:evidence_until AS timestamptz[]), CAST(:version AS bigint[]))
            AS told(student_id, skill_id, mastery, low, high, target, gap, retention, level, standing, responses,
                   evidence_until, version)),
        gone AS (
          DELETE FROM souschef.skill_gap AS old WHERE student_id = ANY(CAST(:students AS bigint[]))
             AND NOT EXISTS (SELECT FROM new WHERE new.student_id = old.student_id AND new.skill_id = old.skill_id)
          RETURNING student_id),
        put AS (
          INSERT INTO souschef.skill_gap AS old (school_id, student_id, skill_id, mastery, low, high, target, gap,
                 retention, level, standing, responses, evidence_until, version)
          SELECT :school, new.* FROM new
          ON CONFLICT (student_id, skill_id) DO UPDATE SET mastery = excluded.mastery, low = excluded.low,
                 high = excluded.high, target = excluded.target, gap = excluded.gap, retention = excluded.retention,
                 level = excluded.level, standing = excluded.standing, responses = excluded.responses,
                 evidence_until = excluded.evidence_until, version = excluded.version
           WHERE (old.mastery, old.low, old.high, old.target, old.gap, old.retention, old.level, old.standing,
                  old.responses, old.evidence_until)
                 IS DISTINCT FROM (excluded.mastery, excluded.low, excluded.high, excluded.target, excluded.gap,
                  excluded.retention, excluded.level, excluded.standing, excluded.responses, excluded.evidence_until)
          RETURNING student_id)
        SELECT student_id FROM gone UNION SELECT student_id FROM put
    """)
    return _publish(session, statement, school_id, students, rows, GapRow._fields)


def publish_interests(
    session: Session, school_id: int, students: Collection[int], rows: Sequence[InterestRow]
) -> set[int]:
    """Publish all that is known of these students' interests; return the students of whom anything differs.

    What is published and known no longer (the switch is off, an answer was taken back) goes.
    """
    statement = text("""
        WITH new AS (
          SELECT * FROM unnest(CAST(:student_id AS bigint[]), CAST(:topic_id AS bigint[]),
               CAST(:value AS double precision[]), CAST(:confidence AS double precision[]), CAST(:vetoed AS boolean[]),
               CAST(:asked_at AS timestamptz[]), CAST(:updated_at AS timestamptz[]), CAST(:version AS bigint[]))
            AS told(student_id, topic_id, value, confidence, vetoed, asked_at, updated_at, version)),
        gone AS (
          DELETE FROM souschef.interest AS old WHERE student_id = ANY(CAST(:students AS bigint[]))
             AND NOT EXISTS (SELECT FROM new WHERE new.student_id = old.student_id AND new.topic_id = old.topic_id)
          RETURNING student_id),
        put AS (
          INSERT INTO souschef.interest AS old (school_id, student_id, topic_id, value, confidence, vetoed, asked_at,
                 updated_at, version)
          SELECT :school, new.* FROM new
          ON CONFLICT (student_id, topic_id) DO UPDATE SET value = excluded.value, confidence = excluded.confidence,
                 vetoed = excluded.vetoed, asked_at = excluded.asked_at, updated_at = excluded.updated_at,
                 version = excluded.version
           WHERE (old.value, old.confidence, old.vetoed, old.asked_at, old.updated_at)
                 IS DISTINCT FROM (excluded.value, excluded.confidence, excluded.vetoed, excluded.asked_at,
                  excluded.updated_at)
          RETURNING student_id)
        SELECT student_id FROM gone UNION SELECT student_id FROM put
    """)
    return _publish(session, statement, school_id, students, rows, InterestRow._fields)


def mark_due(session: Session, *, school_id: int, refreshed_before: dt.datetime | None = None) -> int:
    """Mark all students of a school for a refresh, or those last decided for before a moment; return how many.

    They are locked in the order in which workers lock them, so that neither waits for the other in a circle.
    """
    statement = text("""
        WITH whom AS (
          SELECT student_id FROM souschef.learner_state WHERE school_id = :school AND NOT refresh_due
             AND (CAST(:before AS timestamptz) IS NULL OR refreshed_at < :before)
           ORDER BY student_id FOR UPDATE)
        UPDATE souschef.learner_state AS state SET refresh_due = true FROM whom
         WHERE state.student_id = whom.student_id
    """)
    return session.connection().execute(statement, {"school": school_id, "before": refreshed_before}).rowcount


def due(session: Session, *, limit: int, school_id: int | None = None) -> list[int]:
    """Return students who wait for a refresh, of one school (any, where none is named), at most `limit`."""
    statement = text("""
        SELECT student_id FROM souschef.learner_state WHERE refresh_due AND school_id = coalesce(:school,
          (SELECT school_id FROM souschef.learner_state WHERE refresh_due LIMIT 1))
         ORDER BY student_id LIMIT :limit
    """)
    return list(session.connection().execute(statement, {"limit": limit, "school": school_id}).scalars())


def _publish(
    session: Session,
    statement: TextClause,
    school_id: int,
    students: Collection[int],
    rows: Sequence[GapRow] | Sequence[InterestRow],
    columns: Collection[str],
) -> set[int]:
    # By student and what it is about, so that two batches never wait for each other in a circle.
    values = zip(*sorted(rows), strict=True) if rows else ([] for _ in columns)
    parameters: dict[str, Any] = {name: list(column) for name, column in zip(columns, values, strict=True)}
    parameters |= {"school": school_id, "students": sorted(students)}
    return set(session.connection().execute(statement, parameters).scalars().all())
