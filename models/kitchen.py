"""What a decision needs to know of students: what lies open, what was done, how fast, and what the teacher ordered."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlmodel import Session

from learning.selection import (
    AssignmentState,
    CurrentAssignment,
    Order,
    OrderKind,
    Orders,
    Pace,
    Policy,
    ScopeWindow,
    Tally,
    Use,
)

HISTORY = 100
TALLY = 8
CITED = 8


@dataclass(frozen=True, slots=True)
class OpenRow:
    """One open assignment as it is published."""

    id: int
    slot: int
    menu_position: int
    material_id: int
    skill_id: int
    state: str
    assigned_at: dt.datetime
    evidence_until: dt.datetime | None
    attempted_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What is in force for one class."""

    policy: Policy
    scope: ScopeWindow | None
    """None where no class, or no scope of it, is loaded: then the machine proposes and assigns nothing."""


@dataclass(slots=True)
class Recent:
    """A student's last graded answers: what the sentences quote and the record cites."""

    tallies: dict[int, Tally] = field(default_factory=dict)
    cited: tuple[int, ...] = ()


def open_assignments(session: Session, students: Collection[int]) -> dict[int, list[OpenRow]]:
    """Return each student's open assignments, by slot and place on the menu."""
    statement = text("""
        SELECT student_id, id, slot, menu_position, material_id, skill_id, state, assigned_at, evidence_until,
               attempted_at
          FROM souschef.assignment
         WHERE student_id = ANY(CAST(:students AS bigint[])) AND state IN ('proposed', 'assigned', 'started')
         ORDER BY student_id, slot, menu_position
    """)
    found: dict[int, list[OpenRow]] = {student: [] for student in students}
    for student, *row in session.connection().execute(statement, {"students": list(students)}).all():
        found[student].append(OpenRow(*row))
    return found


def as_current(rows: Sequence[OpenRow]) -> tuple[CurrentAssignment, ...]:
    """Return open rows as the slots that a decision reads; what was started comes first on its menu."""
    slots: dict[int, list[OpenRow]] = {}
    for row in rows:
        slots.setdefault(row.slot, []).append(row)
    found = []
    for slot, menu in sorted(slots.items()):
        ordered = sorted(menu, key=lambda row: (row.state != AssignmentState.STARTED, row.menu_position))
        first = ordered[0]
        found.append(
            CurrentAssignment(
                slot=slot,
                skill=first.skill_id,
                materials=tuple(row.material_id for row in ordered),
                state=AssignmentState(first.state),
                since=min(row.assigned_at for row in menu).timestamp(),
                evidence_until=_seconds(first.evidence_until),
                attempted=any(row.attempted_at for row in menu),
            )
        )
    return tuple(found)


def history(session: Session, students: Collection[int]) -> dict[int, tuple[Use, ...]]:
    """Return each student's last attempts on materials, oldest first."""
    statement = text("""
        SELECT student_id, material_id, skill_id, extract(epoch FROM attempted_at)::double precision, outcome, context,
               difficulty
          FROM (SELECT assignment.student_id, material_id, skill_id, attempted_at, outcome, material.context,
                       material.difficulty,
                       row_number() OVER (PARTITION BY assignment.student_id ORDER BY attempted_at DESC, assignment.id)
                         AS place
                  FROM souschef.assignment JOIN souschef.material ON material.id = material_id
                 WHERE student_id = ANY(CAST(:students AS bigint[])) AND attempted_at IS NOT NULL) AS attempts
         WHERE place <= :most ORDER BY student_id, place DESC
    """)
    found: dict[int, list[Use]] = {student: [] for student in students}
    rows = session.connection().execute(statement, {"students": list(students), "most": HISTORY}).all()
    for student, material, skill, at, outcome, context, difficulty in rows:
        use = Use(material=material, skill=skill, at=at, outcome=outcome, context=context, difficulty=difficulty)
        found[student].append(use)
    return {student: tuple(uses) for student, uses in found.items()}


def paces(session: Session, students: Collection[int], *, days: float) -> dict[int, Pace]:
    """Return what each student completed within `days`; a student who was never offered anything has no pace yet."""
    statement = text("""
        SELECT student_id,
               count(*) FILTER (WHERE recent AND state = 'done'),
               coalesce(sum(minutes) FILTER (WHERE recent AND state = 'done'), 0),
               least(extract(epoch FROM (SELECT souschef.clock()) - min(assigned_at)) / 86400, :days)::double precision
          FROM (SELECT assignment.*, minutes,
                       ended_at > (SELECT souschef.clock()) - make_interval(secs => :days * 86400) AS recent
                  FROM souschef.assignment JOIN souschef.material ON material.id = material_id
                 WHERE student_id = ANY(CAST(:students AS bigint[]))) AS offered
         GROUP BY student_id
    """)
    rows = session.connection().execute(statement, {"students": list(students), "days": days}).all()
    return {student: Pace(completed=done, minutes=minutes, days=float(since)) for student, done, minutes, since in rows}


def recent_answers(session: Session, students: Collection[int]) -> dict[int, Recent]:
    """Return what each student's last graded answers say, skill by skill."""
    statement = text("""
        SELECT student, array_agg(last.id ORDER BY last.place), array_agg(last.outcome ORDER BY last.place),
               array_agg(alignment.skill_id ORDER BY last.place)
          FROM unnest(CAST(:students AS bigint[])) AS student
          CROSS JOIN LATERAL (
            SELECT id, outcome, item_id, row_number() OVER (ORDER BY occurred_at DESC, sequence DESC, key DESC) AS place
              FROM souschef.fact
             WHERE fact.student_id = student AND kind = 'item_result' AND outcome IS NOT NULL
             ORDER BY occurred_at DESC, sequence DESC, key DESC LIMIT :most) AS last
          JOIN souschef.alignment ON alignment.item_id = last.item_id
         GROUP BY student
    """)
    graded: dict[int, dict[int, list[float]]] = {student: {} for student in students}
    cited: dict[int, list[int]] = {student: [] for student in students}
    rows = session.connection().execute(statement, {"students": list(students), "most": HISTORY}).all()
    for student, answered, outcomes, skills in rows:
        for outcome, skill in zip(outcomes, skills, strict=True):
            answers = graded[student].setdefault(skill, [])
            if len(answers) < TALLY:
                answers.append(outcome)
        cited[student] = list(dict.fromkeys(answered))[:CITED]
    return {
        student: Recent(
            tallies={skill: Tally(round(sum(a)), len(a)) for skill, a in graded[student].items()},
            cited=tuple(cited[student]),
        )
        for student in students
    }


def rules(session: Session, school_id: int, classes: Collection[int | None]) -> dict[int | None, Rules]:
    """Return what is in force for each class: the school's policy with the class's own on top, and its open scope."""
    connection = session.connection()
    documents = connection.execute(
        text("""
            SELECT class_id, document - ARRAY(SELECT key FROM jsonb_each_text(until)
                                               WHERE CAST(value AS timestamptz) <= (SELECT souschef.clock())), version
              FROM souschef.policy WHERE school_id = :school
        """),
        {"school": school_id},
    )
    own = {class_id: (document, version) for class_id, document, version in documents}
    windows = connection.execute(
        text("""
            SELECT class_id, skill_id, extract(epoch FROM due_at)::double precision FROM souschef.scope
             WHERE class_id = ANY(CAST(:classes AS bigint[]))
               AND (opens_at IS NULL OR opens_at <= (SELECT souschef.clock()))
               AND (closes_at IS NULL OR closes_at > (SELECT souschef.clock()))
             ORDER BY class_id, skill_id
        """),
        {"classes": [class_id for class_id in classes if class_id is not None]},
    )
    due: dict[int, dict[int, float | None]] = {}
    for class_id, skill, at in windows:
        due.setdefault(class_id, {})[skill] = at
    found = {}
    for class_id in classes:
        merged: dict[str, object] = {}
        version = 0
        for document, number in (
            own.get(None, ({}, 0)),
            own.get(class_id, ({}, 0)) if class_id is not None else ({}, 0),
        ):
            merged |= document
            version += number
        policy = Policy.from_document({**merged, "version": version})
        scope = ScopeWindow(due[class_id]) if class_id is not None and class_id in due else None
        found[class_id] = Rules(policy=policy, scope=scope)
    return found


def orders(session: Session, of: Mapping[int, int | None]) -> dict[int, Orders]:
    """Return the orders in force for each student, their own and their class's; `of` maps students to classes.

    An order ends by the clock, to the second; a decision's own time is a full hour, and would end it too early.
    """
    statement = text("""
        SELECT who.student_id, o.id, o.kind, o.material_id, o.skill_id,
               extract(epoch FROM o.given_at)::double precision
          FROM unnest(CAST(:students AS bigint[]), CAST(:classes AS bigint[])) AS who(student_id, class_id)
          JOIN souschef.teacher_order o
            ON o.student_id = who.student_id OR (o.student_id IS NULL AND o.class_id = who.class_id)
         WHERE o.revoked_at IS NULL AND (o.expires_at IS NULL OR o.expires_at > (SELECT souschef.clock()))
         ORDER BY who.student_id, o.id
    """)
    found: dict[int, list[Order]] = {student: [] for student in of}
    rows = session.connection().execute(statement, {"students": list(of), "classes": list(of.values())}).all()
    for student, order, kind, material, skill, given_at in rows:
        found[student].append(Order(order, OrderKind(kind), material, skill, given_at))
    return {student: Orders(tuple(given)) for student, given in found.items()}


def _seconds(moment: dt.datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
