"""Store a decision: its record, changed assignments, the change feed and a NOTIFY for the LMS."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields

from sqlmodel import Session

from config import tracing
from lms.values import immutable
from models.rows import columns_of, execute, fetch, fetch_dict

NOTIFY_CHANNEL = "souschef_assignments"


@immutable
class NewAssignment:
    """One material at one position of a student's menu, to be published."""

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


@immutable
class Reworded:
    """An open assignment whose explanation is true no more, with the new one."""

    assignment_id: int
    because_gap: str
    because_interest: str
    version: int


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision to be stored."""

    student_id: int
    version: int
    record: str
    digest: str
    as_of: dt.datetime


@immutable
class ChangeRow:
    """One row of the change feed; `student_id` is None where the student was erased."""

    student_id: int | None
    assignment_id: int | None
    kind: str
    """gaps, interests or assignment."""
    state: str
    version: int


@dataclass(frozen=True, slots=True)
class CatalogueNeedRow:
    """A context that a student wants for a skill and the catalogue lacks; price in [0, 1]."""

    student_id: int
    skill_id: int
    context: str
    price: float


def insert_decisions(session: Session, school_id: int, rows: Sequence[DecisionRow]) -> dict[int, int]:
    """Insert decisions; return the new id by student."""
    statement = """
        INSERT INTO souschef.decision (school_id, decided_at, student_id, version, record, digest, as_of)
        SELECT :school, (SELECT souschef.clock()), new.*
          FROM unnest(CAST(:students AS bigint[]), CAST(:versions AS bigint[]), CAST(:records AS text[]),
                      CAST(:digests AS text[]), CAST(:times AS timestamptz[])) AS new
        RETURNING student_id, id
    """
    parameters = {
        "school": school_id,
        "students": [row.student_id for row in rows],
        "versions": [row.version for row in rows],
        "records": [row.record for row in rows],
        "digests": [row.digest for row in rows],
        "times": [row.as_of for row in rows],
    }
    return fetch_dict(session, statement, parameters) if rows else {}


def close_assignments(session: Session, endings: Sequence[tuple[int, str, str, int]]) -> list[ChangeRow]:
    """End assignments: (assignment id, done or withdrawn, reason, version); return the changes for the feed."""
    statement = """
        UPDATE souschef.assignment SET state = new.state, reason = new.reason, version = new.version,
               ended_at = (SELECT souschef.clock())
          FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]), CAST(:reasons AS text[]),
                      CAST(:versions AS bigint[])) AS new(id, state, reason, version)
         WHERE assignment.id = new.id AND assignment.state IN ('proposed', 'assigned', 'started')
        RETURNING assignment.student_id, assignment.id AS assignment_id, 'assignment' AS kind, assignment.state,
                  assignment.version
    """
    ids, states, reasons, versions = (list(column) for column in zip(*endings, strict=True)) if endings else ([],) * 4
    parameters = {"ids": ids, "states": states, "reasons": reasons, "versions": versions}
    return fetch(session, ChangeRow, statement, parameters) if endings else []


def update_states(session: Session, states: Sequence[tuple[int, str, int]]) -> list[ChangeRow]:
    """Change the state of open assignments: (assignment id, open state, version); return the changes for the feed."""
    statement = """
        UPDATE souschef.assignment SET state = new.state, version = new.version
          FROM unnest(CAST(:ids AS bigint[]), CAST(:states AS text[]), CAST(:versions AS bigint[]))
               AS new(id, state, version)
         WHERE assignment.id = new.id AND assignment.state IN ('proposed', 'assigned') AND assignment.state <> new.state
        RETURNING assignment.student_id, assignment.id AS assignment_id, 'assignment' AS kind, assignment.state,
                  assignment.version
    """
    ids, names, versions = (list(column) for column in zip(*states, strict=True)) if states else ([],) * 3
    parameters = {"ids": ids, "states": names, "versions": versions}
    return fetch(session, ChangeRow, statement, parameters) if states else []


def move_assignments(session: Session, moves: Sequence[tuple[int, int | None, int]]) -> list[ChangeRow]:
    """Move open assignments to another class: (assignment id, class id, version); return the changes for the feed."""
    statement = """
        UPDATE souschef.assignment SET class_id = new.class_id, version = new.version
          FROM unnest(CAST(:ids AS bigint[]), CAST(:classes AS bigint[]), CAST(:versions AS bigint[]))
               AS new(id, class_id, version)
         WHERE assignment.id = new.id AND assignment.state IN ('proposed', 'assigned', 'started')
        RETURNING assignment.student_id, assignment.id AS assignment_id, 'assignment' AS kind, assignment.state,
                  assignment.version
    """
    ids, classes, versions = (list(column) for column in zip(*moves, strict=True)) if moves else ([],) * 3
    parameters = {"ids": ids, "classes": classes, "versions": versions}
    return fetch(session, ChangeRow, statement, parameters) if moves else []


def reword(session: Session, rows: Sequence[Reworded]) -> list[ChangeRow]:
    """Replace the explanations of open assignments; `assigned_at` stays. Return the changes for the feed."""
    statement = """
        UPDATE souschef.assignment SET because_gap = new.gap, because_interest = new.interest, version = new.version
          FROM unnest(CAST(:ids AS bigint[]), CAST(:gaps AS text[]), CAST(:interests AS text[]),
                      CAST(:versions AS bigint[])) AS new(id, gap, interest, version)
         WHERE assignment.id = new.id AND assignment.state IN ('proposed', 'assigned', 'started')
        RETURNING assignment.student_id, assignment.id AS assignment_id, 'assignment' AS kind, assignment.state,
                  assignment.version
    """
    parameters = {
        "ids": [row.assignment_id for row in rows],
        "gaps": [row.because_gap for row in rows],
        "interests": [row.because_interest for row in rows],
        "versions": [row.version for row in rows],
    }
    return fetch(session, ChangeRow, statement, parameters) if rows else []


def insert_assignments(session: Session, school_id: int, rows: Sequence[NewAssignment]) -> list[ChangeRow]:
    """Insert assignments at free positions; return the changes for the feed."""
    statement = """
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
        RETURNING student_id, id AS assignment_id, 'assignment' AS kind, state, version
    """
    if not rows:
        return []
    parameters = columns_of(rows, [field.name for field in fields(NewAssignment)])
    return fetch(session, ChangeRow, statement, {"school": school_id, **parameters})


def replace_needs(
    session: Session, school_id: int, students: Collection[int], rows: Iterable[CatalogueNeedRow]
) -> None:
    """Replace what the catalogue lacks for these students; unchanged rows are not written."""
    needs = list(rows)
    parameters = {
        "school": school_id,
        "affected": list(students),
        "students": [row.student_id for row in needs],
        "skills": [row.skill_id for row in needs],
        "contexts": [row.context for row in needs],
        "prices": [row.price for row in needs],
    }
    delete = """
        DELETE FROM souschef.catalogue_need AS old WHERE student_id = ANY(CAST(:affected AS bigint[])) AND NOT EXISTS (
          SELECT FROM unnest(CAST(:students AS bigint[]), CAST(:skills AS bigint[]), CAST(:contexts AS text[]))
            AS new(student_id, skill_id, context)
           WHERE (new.student_id, new.skill_id, new.context) = (old.student_id, old.skill_id, old.context))
    """
    upsert = """
        INSERT INTO souschef.catalogue_need AS old (school_id, student_id, skill_id, context, price)
        SELECT :school, new.* FROM unnest(CAST(:students AS bigint[]), CAST(:skills AS bigint[]),
               CAST(:contexts AS text[]), CAST(:prices AS double precision[])) AS new
        ON CONFLICT (student_id, skill_id, context) DO UPDATE SET price = excluded.price
         WHERE old.price IS DISTINCT FROM excluded.price
    """
    execute(session, delete, parameters)
    if needs:
        execute(session, upsert, parameters)


def append_changes(session: Session, school_id: int, changes: Sequence[ChangeRow]) -> int | None:
    """Append to the school's change feed; return the highest number. Call it last in a transaction.

    The feed's row stays locked until the commit, so numbers become visible in order and without gaps.
    """
    if not changes:
        return None
    reserve = """
        INSERT INTO souschef.feed AS feed (school_id, last_number) VALUES (:school, :count)
        ON CONFLICT (school_id) DO UPDATE SET last_number = feed.last_number + :count RETURNING last_number
    """
    insert = """
        INSERT INTO souschef.change (school_id, changed_at, number, student_id, assignment_id, kind, state, version,
               task_id)
        SELECT :school, (SELECT souschef.clock()), :before + new.place, new.student_id, new.assignment_id, new.kind,
               new.state, new.version, CAST(:task AS text)
          FROM unnest(CAST(:students AS bigint[]), CAST(:assignments AS bigint[]), CAST(:kinds AS text[]),
                      CAST(:states AS text[]), CAST(:versions AS bigint[]))
               WITH ORDINALITY AS new(student_id, assignment_id, kind, state, version, place)
    """
    last = int(execute(session, reserve, {"school": school_id, "count": len(changes)}).scalar_one())
    ordered = sorted(changes, key=lambda change: (change.student_id or 0, change.kind, change.assignment_id or 0))
    parameters = {
        "school": school_id,
        "before": last - len(changes),
        "task": tracing.task_id(),
        "students": [change.student_id for change in ordered],
        "assignments": [change.assignment_id for change in ordered],
        "kinds": [change.kind for change in ordered],
        "states": [change.state for change in ordered],
        "versions": [change.version for change in ordered],
    }
    execute(session, insert, parameters)
    # A listener that never ends its transaction fills the server's queue, and a commit with a NOTIFY then fails.
    notify = "SELECT pg_notify(:channel, :body) WHERE pg_notification_queue_usage() < 0.9"
    execute(session, notify, {"channel": NOTIFY_CHANNEL, "body": f"{school_id}:{last}"})
    return last
