"""Store learner states (row lock, increasing version) and publish only changed gaps and interests."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Row
from sqlmodel import Session

from lms.values import immutable
from models.events.facts import BEGINNING, FactPosition
from models.rows import execute, load_sql


@immutable
class StateRow:
    """One student's stored state."""

    student_id: int
    state: bytes
    snapshot_version: int
    parameters_version: int
    facts: int
    last: FactPosition
    version: int
    carry: Mapping[str, Any]
    """What the last decision left to the next."""
    nothing: str | None
    """Why nothing is assigned, as a code; None where something is."""
    nothing_sentence: str
    refresh_due: bool
    """Something that the state rests on has changed since, such as an alignment: it must be computed again."""

    @property
    def next_version(self) -> int:
        """The version of what is published next."""
        return next_version(self.version)


def next_version(version: int) -> int:
    """Return the version of what is published next; a student's version never falls."""
    return version + 1


NEXT_VERSION = "learner_state.version + 1"
"""`next_version` in SQL, for statements that publish for many students."""


class GapRow(NamedTuple):
    """What is published of one student's skill; all but counts and names in [0, 1]."""

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


def load_for_update(session: Session, school_id: int, students: Collection[int]) -> dict[int, StateRow]:
    """Make sure that each student has a state, and lock and return them.

    Rows are locked in the order of their ids, so that two batches with the same students never deadlock. The
    lock excludes other workers from the student until the commit.
    """
    ids = sorted(students)
    made = """
        INSERT INTO souschef.learner_state (student_id, school_id, state, snapshot_version, parameters_version)
        SELECT student, :school, ''::bytea, -1, -1 FROM unnest(CAST(:ids AS bigint[])) AS student
        ON CONFLICT (student_id) DO NOTHING
    """
    execute(session, made, {"school": school_id, "ids": ids})
    rows = execute(session, f"{_READ} FOR UPDATE", {"ids": ids}).all()
    return {row.student_id: _state_row(row) for row in rows}


def load(session: Session, students: Collection[int]) -> dict[int, StateRow]:
    """Return each student's state without a lock, to read only; an empty one where there is none yet."""
    ids = sorted(students)
    found = {student: StateRow(student, b"", -1, -1, 0, BEGINNING, 0, {}, None, "", False) for student in ids}
    rows = execute(session, _READ, {"ids": ids})
    return found | {row.student_id: _state_row(row) for row in rows}


def _state_row(row: Row[*tuple[Any, ...]]) -> StateRow:
    return StateRow(
        student_id=row.student_id,
        state=row.state,
        snapshot_version=row.snapshot_version,
        parameters_version=row.parameters_version,
        facts=row.facts,
        last=(row.last_at or BEGINNING[0], row.last_sequence, row.last_key),
        version=row.version,
        carry=row.carry,
        nothing=row.nothing,
        nothing_sentence=row.nothing_sentence,
        refresh_due=row.refresh_due,
    )


def save(session: Session, rows: Sequence[StateRow], *, refreshed_at: dt.datetime) -> None:
    """Write states whose rows are locked. A version that would fall is a bug and fails the transaction.

    `refreshed_at` is when the decision's inputs began to be read: what begins or ends later has not been seen.

    Raises:
        StaleVersionError: a stored version is newer.
    """
    statement = """
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
    """
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
    written = execute(session, statement, parameters).rowcount if rows else 0
    if written != len(rows):
        raise StaleVersionError(f"{len(rows) - written} of {len(rows)} states were newer than what was to be written")


class StaleVersionError(Exception):
    """A state would have been overwritten by an older version."""


def publish_gaps(session: Session, school_id: int, students: Collection[int], rows: Sequence[GapRow]) -> set[int]:
    """Publish the gaps of these students; return the students with any difference.

    A published gap that is not among the rows (a skill has left the scope, a fact was retracted) is deleted.
    """
    statement = load_sql("publish_gaps")
    return _publish(session, statement, school_id, students, rows, GapRow._fields)


def publish_interests(
    session: Session, school_id: int, students: Collection[int], rows: Sequence[InterestRow]
) -> set[int]:
    """Publish the interests of these students; return the students with any difference.

    A published interest that is not among the rows (the switch is off, an answer was retracted) is deleted.
    """
    statement = load_sql("publish_interests")
    return _publish(session, statement, school_id, students, rows, InterestRow._fields)


def begin(session: Session, students: Collection[int]) -> int:
    """Give those of these students who were never decided for a state that waits for a refresh; return how many."""
    return _begin(session, "person.id = ANY(CAST(:students AS bigint[]))", students=sorted(students))


def begin_enrolled(session: Session, school_id: int) -> int:
    """Do so for all students who are in a class of a school now, once it has materials; return how many."""
    condition = """
        person.school_id = :school AND person.id IN (SELECT student_id FROM souschef.current_enrolment)
        AND EXISTS (SELECT FROM souschef.material WHERE material.school_id = :school)
    """
    return _begin(session, condition, school=school_id)


def _begin(session: Session, condition: str, **parameters: Any) -> int:  # noqa: ANN401 - of a statement
    statement = f"""
        INSERT INTO souschef.learner_state
               (student_id, school_id, state, snapshot_version, parameters_version, refresh_due)
        SELECT person.id, person.school_id, ''::bytea, -1, -1, true FROM souschef.person
         WHERE person.role = 'student' AND person.active AND {condition}
           AND NOT EXISTS (SELECT FROM souschef.learner_state AS state WHERE state.student_id = person.id)
         ORDER BY person.id
        ON CONFLICT (student_id) DO NOTHING
    """  # noqa: S608 - both conditions are constants
    return execute(session, statement, parameters).rowcount


def mark_due(session: Session, *, school_id: int, refreshed_before: dt.datetime | None = None) -> int:
    """Mark all students of a school for a refresh, or those last decided for before a moment; return how many.

    They are locked in the order in which workers lock them, so that they never deadlock.
    """
    statement = """
        WITH due AS (
          SELECT student_id FROM souschef.learner_state WHERE school_id = :school AND NOT refresh_due
             AND (CAST(:before AS timestamptz) IS NULL OR refreshed_at < :before)
           ORDER BY student_id FOR UPDATE)
        UPDATE souschef.learner_state AS state SET refresh_due = true FROM due
         WHERE state.student_id = due.student_id
    """
    return execute(session, statement, {"school": school_id, "before": refreshed_before}).rowcount


def due(session: Session, *, limit: int | None = None, school_id: int | None = None) -> list[int]:
    """Return students who wait for a refresh, of one school (any, where none is named), at most `limit`, or all."""
    statement = """
        SELECT student_id FROM souschef.learner_state WHERE refresh_due AND school_id = coalesce(:school,
          (SELECT school_id FROM souschef.learner_state WHERE refresh_due LIMIT 1))
         ORDER BY student_id LIMIT :limit
    """
    return list(execute(session, statement, {"limit": limit, "school": school_id}).scalars())


def _publish(
    session: Session,
    statement: str,
    school_id: int,
    students: Collection[int],
    rows: Sequence[GapRow] | Sequence[InterestRow],
    columns: Collection[str],
) -> set[int]:
    # Ordered by student and skill or topic, so that two batches never deadlock.
    values = zip(*sorted(rows), strict=True) if rows else ([] for _ in columns)
    parameters: dict[str, Any] = {name: list(column) for name, column in zip(columns, values, strict=True)}
    parameters |= {"school": school_id, "students": sorted(students)}
    return set(execute(session, statement, parameters).scalars().all())
