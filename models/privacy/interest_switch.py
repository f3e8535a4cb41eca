"""The interest switch of one student: while it is off, no interest is used, published or recorded."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from lms.facts import FactKind
from models.assignments import store
from models.assignments.store import ChangeRow
from models.events import payloads
from models.privacy.erasure import Subject
from models.rows import among, change, execute, fetch
from models.tables import Fact, Person

CODE = "interests_off"
"""The code of an event about interests while the switch is off; its payload is cleared at once."""
NOT_USED = "Interests are switched off."
"""Replaces the sentence on interests of assignments that stay open."""
STATED_KINDS = (FactKind.SURVEY_ANSWER, FactKind.INTEREST_FEEDBACK, FactKind.INTEREST_VETO)
"""Kinds of facts that are only about interests."""


@dataclass(frozen=True, slots=True)
class InterestSwitchState:
    """The switch, and what is stored of a student's interests."""

    on: bool
    """Their own switch."""
    school_on: bool
    """The school's; interests are used where both are on."""
    published: int
    """Topics in the published interest vector."""
    facts: Mapping[str, int]
    """Facts about interests, by kind."""
    bodies: int
    """Payloads of surveys that are not cleared yet."""


def switch_state(session: Session, subject: Subject) -> InterestSwitchState:
    """Return the state of a student's switch."""
    statement = """
        SELECT person.interests_enabled, school.interests_enabled,
               (SELECT count(*) FROM souschef.interest WHERE student_id = person.id)
          FROM souschef.person JOIN souschef.school ON school.id = person.school_id WHERE person.id = :student
    """
    own, school, published = execute(session, statement, {"student": subject.id}).one()
    kinds = select(Fact.kind, func.count()).where(Fact.student_id == subject.id, among(Fact.kind, STATED_KINDS))
    stored = dict(session.exec(kinds.group_by(Fact.kind).order_by(Fact.kind)).all())
    return InterestSwitchState(own, school, published, stored, len(_surveys(session, subject)))


def set_switch(session: Session, subject: Subject, *, on: bool) -> None:
    """Set a student's own switch; the caller has locked their state, and decides again."""
    change(session, update(Person).where(col(Person.id) == subject.id).values(interests_enabled=on))


def withdraw_interest_choices(session: Session, subject: Subject, *, version: int) -> list[ChangeRow]:
    """Withdraw assignments that were chosen by interest and are not started; return the changes for the feed.

    What is started, or on hold by a teacher, stays and loses the sentence on interests.
    """
    by_interest = """
        SELECT a.id FROM souschef.assignment AS a
         WHERE a.student_id = :student AND a.state IN ('proposed', 'assigned') AND a.attempted_at IS NULL
           AND EXISTS (SELECT FROM souschef.assignment AS menu JOIN souschef.material ON material.id = menu.material_id
                        WHERE menu.student_id = a.student_id AND menu.slot = a.slot AND material.context IS NOT NULL
                          AND menu.state IN ('proposed', 'assigned', 'started'))
           AND NOT EXISTS (
             SELECT FROM souschef.teacher_order AS o
              WHERE o.kind = 'hold' AND o.revoked_at IS NULL
                AND (o.expires_at IS NULL OR o.expires_at > (SELECT souschef.clock()))
                AND (o.student_id = a.student_id OR o.student_id IS NULL AND o.class_id IN (
                  SELECT class_id FROM souschef.current_enrolment AS current
                   WHERE current.student_id = a.student_id)))
         ORDER BY a.id
    """
    ids = execute(session, by_interest, {"student": subject.id}).scalars().all()
    changes = store.close_assignments(session, [(number, "withdrawn", CODE, version) for number in ids])
    update = """
        UPDATE souschef.assignment SET because_interest = :sentence, version = :version
         WHERE student_id = :student AND state IN ('proposed', 'assigned', 'started') AND because_interest <> :sentence
           AND material_id IN (SELECT id FROM souschef.material WHERE context IS NOT NULL)
        RETURNING student_id, id AS assignment_id, 'assignment' AS kind, state, version
    """
    parameters = {"student": subject.id, "version": version, "sentence": NOT_USED}
    return [*changes, *fetch(session, ChangeRow, update, parameters)]


def delete_interests(session: Session, subject: Subject) -> Counter[str]:
    """Delete a student's facts about interests and clear the payloads of surveys; materials that they picked stay."""
    emptied = payloads.clear_payloads(session, _surveys(session, subject))
    stated = col(Fact.student_id) == subject.id, among(Fact.kind, STATED_KINDS)
    return Counter(facts=change(session, delete(Fact).where(*stated)), bodies=emptied)


def _surveys(session: Session, subject: Subject) -> list[int]:
    found = payloads.in_inbox(session, subject.school_id, student_id=subject.id, names=subject.names)
    statement = """
        SELECT id FROM souschef.inbox WHERE id = ANY(CAST(:ids AS bigint[])) AND payload <> ''
           AND (kind = 'survey' OR EXISTS (SELECT FROM souschef.fact WHERE inbox_id = inbox.id
                 AND fact.kind = ANY(CAST(:kinds AS text[]))))
    """
    parameters = {"ids": [each.id for each in found], "kinds": [kind.value for kind in STATED_KINDS]}
    return list(execute(session, statement, parameters).scalars())
