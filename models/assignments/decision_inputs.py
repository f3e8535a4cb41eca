"""What a decision reads of students: open assignments, past attempts, pace, policies and teacher overrides."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session

from learning.selection import (
    AnswerCounts,
    AssignmentState,
    ClassScope,
    CompletionRate,
    CurrentAssignment,
    Fallback,
    MaterialAttempt,
    OpenSlot,
    OrderForStudent,
    OverrideKind,
    Policy,
    TeacherOverride,
)
from lms.values import immutable
from models.assignments import default_scope
from models.catalogue import DIFFICULTY
from models.rows import execute, fetch_groups

NEAREST = f"rung:{Fallback.NEAREST.value}"
"""Reason code of the nearest material of a skill where none fits."""
HISTORY = 100
ANSWERS_COUNTED = 8
ANSWERS_CITED = 8
WISH_DAYS = 14
"""How long a student's wish counts."""


@immutable
class OpenRow:
    """One open assignment as it is published."""

    id: int
    class_id: int | None
    """The class on whose list it is."""
    slot: int
    menu_position: int
    material_id: int
    skill_id: int
    state: str
    assigned_at: dt.datetime
    evidence_until: dt.datetime | None
    attempted_at: dt.datetime | None
    because_gap: str = ""
    because_interest: str = ""
    reason: str = ""
    """Reason codes of the decision that assigned it."""


@dataclass(frozen=True, slots=True)
class ClassPolicy:
    """The policy and scope in force for one class."""

    policy: Policy
    scope: ClassScope | None
    """None where there is no class, or nothing says what it works on: then assignments are proposed only."""
    has_list: bool
    """Whether it gives its students a list: it has a scope, which may be empty for a time, or a default one."""
    shadow: Policy | None = None
    """The policy that is tried in the shadow of the one in force."""


@dataclass(slots=True)
class RecentAnswers:
    """A student's last graded answers: what explanations quote and the record cites."""

    counts: dict[int, AnswerCounts] = field(default_factory=dict)
    cited: tuple[int, ...] = ()


def open_assignments(session: Session, students: Collection[int]) -> dict[int, list[OpenRow]]:
    """Return each student's open assignments, by slot and position on the menu."""
    statement = """
        SELECT student_id, id, class_id, slot, menu_position, material_id, skill_id, state, assigned_at, evidence_until,
               attempted_at, because_gap, because_interest, reason
          FROM souschef.assignment
         WHERE student_id = ANY(CAST(:students AS bigint[])) AND state IN ('proposed', 'assigned', 'started')
         ORDER BY student_id, slot, menu_position
    """
    found: dict[int, list[OpenRow]] = {student: [] for student in students}
    for student, row in fetch_groups(session, OpenRow, statement, {"students": list(students)}):
        found[student].append(row)
    return found


def as_current(rows: Sequence[OpenRow]) -> tuple[OpenSlot, ...]:
    """Return open rows as the slots that a decision reads; what was started comes first on its menu."""
    slots: dict[int, list[OpenRow]] = {}
    for row in rows:
        slots.setdefault(row.slot, []).append(row)
    found = []
    for slot, menu in sorted(slots.items()):
        ordered = sorted(menu, key=lambda row: (row.state != AssignmentState.STARTED, row.menu_position))
        first = ordered[0]
        assignment = CurrentAssignment(
            slot=slot,
            skill=first.skill_id,
            materials=tuple(row.material_id for row in ordered),
            state=AssignmentState(first.state),
            assigned_at=min(row.assigned_at for row in menu).timestamp(),
            evidence_until=_seconds(first.evidence_until),
            has_attempt=any(row.attempted_at for row in menu),
            is_nearest=NEAREST in first.reason.split(),
        )
        found.append(OpenSlot(first.class_id, assignment))
    return tuple(found)


def history(session: Session, students: Collection[int]) -> dict[int, tuple[MaterialAttempt, ...]]:
    """Return each student's last attempts on materials, oldest first."""
    statement = f"""
        SELECT student_id, material_id, skill_id, extract(epoch FROM attempted_at)::double precision AS attempted_at,
               outcome, context, difficulty
          FROM (SELECT assignment.student_id, material_id, skill_id, attempted_at, outcome, material.context,
                       {DIFFICULTY} AS difficulty,
                       row_number() OVER (PARTITION BY assignment.student_id ORDER BY attempted_at DESC, assignment.id)
                         AS place
                  FROM souschef.assignment JOIN souschef.material ON material.id = material_id
                 WHERE student_id = ANY(CAST(:students AS bigint[])) AND attempted_at IS NOT NULL) AS attempts
         WHERE place <= :most ORDER BY student_id, place DESC
    """  # noqa: S608 - the expression is a constant
    found: dict[int, list[MaterialAttempt]] = {student: [] for student in students}
    for row in execute(session, statement, {"students": list(students), "most": HISTORY}):
        attempt = MaterialAttempt(
            material=row.material_id,
            skill=row.skill_id,
            attempted_at=row.attempted_at,
            outcome=row.outcome,
            context=row.context,
            difficulty=row.difficulty,
        )
        found[row.student_id].append(attempt)
    return {student: tuple(attempts) for student, attempts in found.items()}


def completion_rates(
    session: Session, students: Collection[int], *, days: float
) -> dict[tuple[int, int | None], CompletionRate]:
    """Return what each (student, class) completed within `days`; a list whose pace is unknown is left out.

    That is one that never had an assignment, or of a school that has never reported an attempt on any: 0 would then say
    nothing of the student.
    """
    statement = """
        SELECT student_id, class_id,
               count(*) FILTER (WHERE recent AND state = 'done') AS done,
               coalesce(sum(minutes) FILTER (WHERE recent AND state = 'done'), 0) AS minutes,
               least(extract(epoch FROM (SELECT souschef.clock()) - min(assigned_at)) / 86400, :days)::double precision
                 AS days
          FROM (SELECT assignment.*, minutes,
                       ended_at > (SELECT souschef.clock()) - make_interval(secs => :days * 86400) AS recent
                  FROM souschef.assignment JOIN souschef.material ON material.id = material_id
                 WHERE student_id = ANY(CAST(:students AS bigint[]))) AS offered
         WHERE EXISTS (SELECT FROM souschef.assignment AS reported
                        WHERE reported.school_id = offered.school_id AND reported.attempted_at IS NOT NULL)
         GROUP BY student_id, class_id
    """
    return {
        (row.student_id, row.class_id): CompletionRate(assignments=row.done, minutes=row.minutes, days=float(row.days))
        for row in execute(session, statement, {"students": list(students), "days": days})
    }


def recent_answers(session: Session, students: Collection[int]) -> dict[int, RecentAnswers]:
    """Return what each student's last graded answers say, skill by skill."""
    statement = """
        SELECT student, array_agg(last.id ORDER BY last.place) AS facts,
               array_agg(last.outcome ORDER BY last.place) AS outcomes,
               array_agg(coalesce(last.skill_id, alignment.skill_id) ORDER BY last.place) AS skills
          FROM unnest(CAST(:students AS bigint[])) AS student
          CROSS JOIN LATERAL (
            SELECT id, outcome, item_id, skill_id,
                   row_number() OVER (ORDER BY occurred_at DESC, sequence DESC, key DESC) AS place
              FROM souschef.fact
             WHERE fact.student_id = student AND kind = 'item_result' AND outcome IS NOT NULL AND weight > 0
             ORDER BY occurred_at DESC, sequence DESC, key DESC LIMIT :most) AS last
          -- What answers a material's own question speaks of the skill that was assigned, without an alignment.
          LEFT JOIN souschef.alignment ON last.skill_id IS NULL AND alignment.item_id = last.item_id
         WHERE coalesce(last.skill_id, alignment.skill_id) IS NOT NULL
         GROUP BY student
    """
    graded: dict[int, dict[int, list[float]]] = {student: {} for student in students}
    cited: dict[int, list[int]] = {student: [] for student in students}
    for row in execute(session, statement, {"students": list(students), "most": HISTORY}):
        for outcome, skill in zip(row.outcomes, row.skills, strict=True):
            answers = graded[row.student].setdefault(skill, [])
            if len(answers) < ANSWERS_COUNTED:
                answers.append(outcome)
        cited[row.student] = list(dict.fromkeys(row.facts))[:ANSWERS_CITED]
    return {
        student: RecentAnswers(
            counts={skill: AnswerCounts(round(sum(a)), len(a)) for skill, a in graded[student].items()},
            cited=tuple(cited[student]),
        )
        for student in students
    }


WISHES = """
        SELECT DISTINCT ON (fact.student_id) fact.student_id, fact.skill_id,
               (fact.value ->> 'wished')::boolean
                 AND fact.occurred_at > (SELECT souschef.clock()) - make_interval(days => :days)
                 AND NOT EXISTS (SELECT FROM souschef.assignment AS done
                      WHERE done.student_id = fact.student_id AND done.skill_id = fact.skill_id
                        AND done.attempted_at > fact.occurred_at) AS stands
          FROM souschef.fact
         WHERE fact.student_id = ANY(CAST(:students AS bigint[])) AND fact.kind = 'wish'
         ORDER BY fact.student_id, fact.occurred_at DESC, fact.sequence DESC, fact.key DESC
"""
"""The last wish of each of `students`, and whether it still stands after `days`."""


def wishes(session: Session, students: Collection[int]) -> dict[int, int]:
    """Return the skill that a student wants next: the last one wished for, until it was worked on, for two weeks."""
    rows = execute(session, WISHES, {"students": list(students), "days": WISH_DAYS})
    return {row.student_id: row.skill_id for row in rows if row.stands}


def class_policies(session: Session, school_id: int, classes: Collection[int | None]) -> dict[int | None, ClassPolicy]:
    """Return what is in force for each class: the school's policy with the class's own on top, and its open scope."""
    documents = _policy_documents(session, school_id)
    scopes, without = _scopes(session, school_id, [class_id for class_id in classes if class_id is not None])
    found = {}
    for class_id in classes:
        owners = (None,) if class_id is None else (None, class_id)
        merged: dict[str, object] = {}
        tried: dict[str, object] = {}
        version = 0
        for document, number, shadow in (documents[owner] for owner in owners if owner in documents):
            merged |= document
            tried |= shadow
            version += number
        policy = Policy.from_stored({**merged, "version": version})
        scope = scopes.get(class_id) if class_id is not None else None
        has_list = scope is not None and class_id not in without
        other = Policy.from_stored({**merged, **tried, "version": version}) if tried else None
        found[class_id] = ClassPolicy(policy=policy, scope=scope, has_list=has_list, shadow=other)
    return found


def own_target(session: Session, school_id: int, class_id: int | None) -> float | None:
    """Return the mastery target of a class's list; None without a class: each skill's published one is meant."""
    if class_id is None:
        return None
    return class_policies(session, school_id, [class_id])[class_id].policy.mastery_target


def _policy_documents(
    session: Session, school_id: int
) -> dict[int | None, tuple[dict[str, object], int, dict[str, object]]]:
    """Return (document without settings that have ended, version, shadow) by class; None is the school's."""
    statement = """
        SELECT class_id, document - ARRAY(SELECT key FROM jsonb_each_text(until)
                                           WHERE CAST(value AS timestamptz) <= (SELECT souschef.clock())) AS document,
               version, shadow
          FROM souschef.policy WHERE school_id = :school
    """
    rows = execute(session, statement, {"school": school_id})
    return {row.class_id: (row.document, row.version, row.shadow) for row in rows}


def _scopes(session: Session, school_id: int, classes: Collection[int]) -> tuple[dict[int, ClassScope], frozenset[int]]:
    """Return the scope of each class, and the classes that have none while others do: their scope is empty.

    While the school has loaded no scope at all, it is the skills of the class's grade.
    """
    found = _open_skills(session, classes)
    others = [class_id for class_id in classes if class_id not in found]
    if others and default_scope.has_any_scope(session, school_id):
        return found | {class_id: ClassScope() for class_id in others}, frozenset(others)
    skills = default_scope.default_skills(session, school_id, others) if others else {}
    return found | {class_id: ClassScope(of_class) for class_id, of_class in skills.items()}, frozenset()


def _open_skills(session: Session, classes: Collection[int]) -> dict[int, ClassScope]:
    """Return the skills that are open to each class with a scope now, with the times when each opened and is due."""
    statement = """
        SELECT class_id, skill_id, extract(epoch FROM due_at)::double precision AS due_at,
               extract(epoch FROM opens_at)::double precision AS opens_at,
               (opens_at IS NULL OR opens_at <= (SELECT souschef.clock()))
                 AND (closes_at IS NULL OR closes_at > (SELECT souschef.clock())) AS is_open
          FROM souschef.scope WHERE class_id = ANY(CAST(:classes AS bigint[])) ORDER BY class_id, skill_id
    """
    due: dict[int, dict[int, float | None]] = {}
    opened: dict[int, dict[int, float | None]] = {}
    for row in execute(session, statement, {"classes": list(classes)}):
        of_class = due.setdefault(row.class_id, {})
        when = opened.setdefault(row.class_id, {})
        if row.is_open:
            of_class[row.skill_id] = row.due_at
            when[row.skill_id] = row.opens_at
    return {class_id: ClassScope(of_class, opened[class_id]) for class_id, of_class in due.items()}


def overrides_in_force(
    session: Session, classes_of: Mapping[int, Collection[int]]
) -> dict[int, tuple[OrderForStudent, ...]]:
    """Return the teacher overrides in force for each student, their own and those of their classes.

    `classes_of` maps students to classes. An override ends by the clock, to the second; a decision's own time is a full
    hour, which would end it too early.
    """
    statement = """
        SELECT who.student_id, o.id, o.kind, o.material_id, o.skill_id, o.class_id,
               extract(epoch FROM o.given_at)::double precision AS given_at
          FROM (SELECT student_id, array_remove(array_agg(class_id), NULL) AS classes
                  FROM unnest(CAST(:students AS bigint[]), CAST(:classes AS bigint[])) AS pair(student_id, class_id)
                 GROUP BY student_id) AS who
          JOIN souschef.teacher_order o
            ON o.student_id = who.student_id OR (o.student_id IS NULL AND o.class_id = ANY(who.classes))
         WHERE o.revoked_at IS NULL AND (o.expires_at IS NULL OR o.expires_at > (SELECT souschef.clock()))
         ORDER BY who.student_id, o.id
    """
    pairs = [(student, class_id) for student, classes in classes_of.items() for class_id in (None, *classes)]
    parameters = {"students": [student for student, _ in pairs], "classes": [class_id for _, class_id in pairs]}
    found: dict[int, list[OrderForStudent]] = {student: [] for student in classes_of}
    for row in execute(session, statement, parameters):
        override = TeacherOverride(row.id, OverrideKind(row.kind), row.material_id, row.skill_id, row.given_at)
        found[row.student_id].append(OrderForStudent(override, row.class_id))
    return {student: tuple(overrides) for student, overrides in found.items()}


def _seconds(moment: dt.datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
