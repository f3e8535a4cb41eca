"""Write the difference that a decision makes, and tell the LMS: assignments, their record, the change feed, NOTIFY."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from config import trace

NOTIFY_CHANNEL = "souschef_assignments"


@dataclass(frozen=True, slots=True)
class Placed:
    """One material in one place of a student's menu, to be published."""

    student_id: int
    class_id: int | None
    slot: int
    menu_position: int
    material_id: int
    skill_id: int
    state: str
    because_gap: str
    because_interest: str
    predicted_success: float
    reason: str
    evidence_until: dt.datetime | None
    version: int
    decision_id: int


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision to be kept."""

    student_id: int
    version: int
    record: str
    digest: str
    as_of: dt.datetime


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One line of the change feed; `student_id` is None where the student was erased."""

    student_id: int | None
    assignment_id: int | None
    kind: str
    """gaps, interests or assignment."""
    state: str
    version: int


@dataclass(frozen=True, slots=True)
class NeedRow:
    """A context that a student wants for a skill and the catalogue lacks; price in [0, 1]."""

    student_id: int
    skill_id: int
    context: str
    price: float


def keep_decisions(session: Session, school_id: int, rows: Sequence[DecisionRow]) -> dict[int, int]:
    """Insert decisions; return the new id by student."""
    statement = text("""
        INSERT INTO souschef.decision (school_id, decided_at, student_id, version, record, digest, as_of)
        SELECT :school, (SELECT souschef.clock()), new.*
          FROM unnest(CAST(:students AS bigint[]), CAST(:versions AS bigint[]), CAST(:records AS text[]),
                      CAST(:digests AS text[]), CAST(:times AS timestamptz[])) AS new
        RETURNING student_id, id
    """)
    parameters = {
        "school": school_id,
        "students": [row.student_id for row in rows],
        "versions": [row.version for row in rows],
        "records": [row.record for row in rows],
        "digests": [row.digest for row in rows],
        "times": [row.as_of for row in rows],
    }
    return dict(session.connection().execute(statement, parameters).all()) if rows else {}


def end(session: Session, endings: Sequence[tuple[int, str, str, int]]) -> list[ChangeRow]:
    """End assignments: (assignment id, done or withdrawn, why, version); return the lines for the feed."""
    statement = text("""
        UPDATE souschef.assignment SET state = new.state, reason = new.reason, version = new.version,
               ended_at = (SELECT souschef.clock())
          FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]), CAST(:reasons AS text[]),
                      CAST(:versions AS bigint[])) AS new(id, state, reason, version)
         WHERE assignment.id = new.id AND assignment.state IN ('proposed', 'assigned', 'started')
        RETURNING assignment.student_id, assignment.id, 'assignment', assignment.state, assignment.version
    """)
    ids, states, reasons, versions = (list(column) for column in zip(*endings, strict=True)) if endings else ([],) * 4
    parameters = {"ids": ids, "states": states, "reasons": reasons, "versions": versions}
    return [ChangeRow(*row) for row in session.connection().execute(statement, parameters).all()] if endings else []


def restate(session: Session, states: Sequence[tuple[int, str, int]]) -> list[ChangeRow]:
    """Give open assignments another open state: (assignment id, state, version); return the lines for the feed."""
    statement = text("""
        UPDATE souschef.assignment SET state = new.state, version = new.version
          FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]), CAST(:versions AS bigint[]))
               AS new(id, state, version)
         WHERE assignment.id = new.id AND assignment.state IN ('proposed', 'assigned') AND assignment.state <> new.state
        RETURNING assignment.student_id, assignment.id, 'assignment', assignment.state, assignment.version
    """)
    ids, names, versions = (list(column) for column in zip(*states, strict=True)) if states else ([],) * 3
    parameters = {"ids": ids, "states": names, "versions": versions}
    return [ChangeRow(*row) for row in session.connection().execute(statement, parameters).all()] if states else []


def place(session: Session, school_id: int, rows: Sequence[Placed]) -> list[ChangeRow]:
    """Insert assignments into places that are free; return the lines for the feed."""
    statement = text("""
        INSERT INTO souschef.assignment (school_id, assigned_at, student_id, class_id, slot, menu_position, material_id,
               skill_id, state, because_gap, because_interest, predicted_success, reason, evidence_until, version,
               decision_id)
        SELECT :school, (SELECT souschef.clock()), new.*
          FROM unnest(CAST(:student_id AS bigint[]), CAST(:class_id AS bigint[]),
               CAST(:slot AS integer[]), CAST(:menu_position AS integer[]), CAST(:material_id AS bigint[]),
               CAST(:skill_id AS bigint[]), CAST(:state AS text[]), CAST(:because_gap AS text[]),
               CAST(:because_interest AS text[]), CAST(:predicted_success AS double precision[]),
               CAST(:reason AS text[]), CAST(:evidence_until AS timestamptz[]), CAST(:version AS bigint[]),
               CAST(:decision_id AS bigint[])) AS new
        RETURNING student_id, id, 'assignment', state, version
    """)
    if not rows:
        return []
    parameters = {name: [getattr(row, name) for row in rows] for name in Placed.__slots__}
    return [
        ChangeRow(*row) for row in session.connection().execute(statement, {"school": school_id, **parameters}).all()
    ]


def replace_needs(session: Session, school_id: int, students: Collection[int], rows: Iterable[NeedRow]) -> None:
    """Set what the catalogue lacks for these students; unchanged rows are not written."""
    wanted = list(rows)
    parameters = {
        "school": school_id,
        "of": list(students),
        "students": [row.student_id for row in wanted],
        "skills": [row.skill_id for row in wanted],
        "contexts": [row.context for row in wanted],
        "prices": [row.price for row in wanted],
    }
    gone = text("""
        DELETE FROM souschef.catalogue_need AS old WHERE student_id = ANY(CAST(:of AS bigint[])) AND NOT EXISTS (
          SELECT FROM unnest(CAST(:students AS bigint[]), CAST(:skills AS bigint[]), CAST(:contexts AS text[]))
            AS new(student_id, skill_id, context)
           WHERE (new.student_id, new.skill_id, new.context) = (old.student_id, old.skill_id, old.context))
    """)
    come = text("""
        INSERT INTO souschef.catalogue_need AS old (school_id, student_id, skill_id, context, price)
        SELECT :school, new.* FROM unnest(CAST(:students AS bigint[]), CAST(:skills AS bigint[]),
               CAST(:contexts AS text[]), CAST(:prices AS double precision[])) AS new
        ON CONFLICT (student_id, skill_id, context) DO UPDATE SET price = excluded.price
         WHERE old.price IS DISTINCT FROM excluded.price
    """)
    session.connection().execute(gone, parameters)
    if wanted:
        session.connection().execute(come, parameters)


def announce(session: Session, school_id: int, changes: Sequence[ChangeRow]) -> int | None:
    """Append to the school's change feed, last of all in a transaction; return the highest number given.

    The feed's row stays locked until the commit, so numbers become visible in their order and without holes.
    """
    if not changes:
        return None
    take = text("""
        INSERT INTO souschef.feed AS feed (school_id, last_number) VALUES (:school, :count)
        ON CONFLICT (school_id) DO UPDATE SET last_number = feed.last_number + :count RETURNING last_number
    """)
    write = text("""
        INSERT INTO souschef.change (school_id, changed_at, number, student_id, assignment_id, kind, state, version,
               task_id)
        SELECT :school, (SELECT souschef.clock()), :before + new.place, new.student_id, new.assignment_id, new.kind,
               new.state, new.version, CAST(:task AS text)
          FROM unnest(CAST(:students AS bigint[]), CAST(:assignments AS bigint[]), CAST(:kinds AS text[]),
                      CAST(:states AS text[]), CAST(:versions AS bigint[]))
               WITH ORDINALITY AS new(student_id, assignment_id, kind, state, version, place)
    """)
    connection = session.connection()
    last = int(connection.execute(take, {"school": school_id, "count": len(changes)}).scalar_one())
    ordered = sorted(changes, key=lambda change: (change.student_id or 0, change.kind, change.assignment_id or 0))
    parameters = {
        "school": school_id,
        "before": last - len(changes),
        "task": trace.task_id(),
        "students": [change.student_id for change in ordered],
        "assignments": [change.assignment_id for change in ordered],
        "kinds": [change.kind for change in ordered],
        "states": [change.state for change in ordered],
        "versions": [change.version for change in ordered],
    }
    connection.execute(write, parameters)
    # A listener that never ends its transaction lets the server's queue of notices fill; a commit with one then fails.
    notice = text("SELECT pg_notify(:channel, :body) WHERE pg_notification_queue_usage() < 0.9")
    connection.execute(notice, {"channel": NOTIFY_CHANNEL, "body": f"{school_id}:{last}"})
    return last
