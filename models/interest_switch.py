"""The interest switch of one student: off, nothing of their interests is used, published or taken in."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from lms.facts import FactKind
from models import bodies, publish
from models.erasure import Subject
from models.publish import ChangeRow

CODE = "interests_off"
"""The code of an event that speaks of interests while the switch is off; its body is emptied at once."""
NOT_USED = "Interests are switched off."
"""What stands in place of the sentence on interests, on what stays open."""
TOLD = (FactKind.SURVEY_ANSWER, FactKind.INTEREST_FEEDBACK, FactKind.INTEREST_VETO)
"""Kinds of facts that speak of nothing but interests."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the switch stands, and what is held of a student's interests."""

    on: bool
    """Their own switch."""
    school_on: bool
    """The school's; interests are used where both are on."""
    published: int
    """Topics in the interest vector that the LMS reads."""
    facts: Mapping[str, int]
    """Facts that speak of interests, by kind."""
    bodies: int
    """Raw surveys that are not emptied yet."""


def standing(session: Session, subject: Subject) -> Standing:
    """Return how a student's switch stands."""
    statement = text("""
        SELECT person.interests_enabled, school.interests_enabled,
               (SELECT count(*) FROM souschef.interest WHERE student_id = person.id)
          FROM souschef.person JOIN souschef.school ON school.id = person.school_id WHERE person.id = :student
    """)
    kinds = text("""
        SELECT kind, count(*) FROM souschef.fact
         WHERE student_id = :student AND kind = ANY(CAST(:kinds AS text[])) GROUP BY kind ORDER BY kind
    """)
    connection = session.connection()
    own, school, published = connection.execute(statement, {"student": subject.id}).one()
    parameters = {"student": subject.id, "kinds": [kind.value for kind in TOLD]}
    held: dict[str, int] = dict(connection.execute(kinds, parameters).all())
    return Standing(own, school, published, held, len(_surveys(session, subject)))


def switch(session: Session, subject: Subject, *, on: bool) -> None:
    """Set a student's own switch; the caller has locked their state, and decides anew."""
    statement = text("UPDATE souschef.person SET interests_enabled = :on WHERE id = :student")
    session.connection().execute(statement, {"student": subject.id, "on": on})


def let_go(session: Session, subject: Subject, *, version: int) -> list[ChangeRow]:
    """Take back what was chosen by interest and is not begun; return the lines for the feed.

    What is begun, or held by a teacher's order, stays and loses the sentence on interests.
    """
    chosen = text("""
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
                  SELECT class_id FROM souschef.enrolment WHERE person_id = a.student_id)))
         ORDER BY a.id
    """)
    ids = session.connection().execute(chosen, {"student": subject.id}).scalars().all()
    lines = publish.end(session, [(number, "withdrawn", CODE, version + 1) for number in ids])
    told = text("""
        UPDATE souschef.assignment SET because_interest = :sentence, version = :version
         WHERE student_id = :student AND state IN ('proposed', 'assigned', 'started') AND because_interest <> :sentence
           AND material_id IN (SELECT id FROM souschef.material WHERE context IS NOT NULL)
        RETURNING student_id, id, 'assignment', state, version
    """)
    parameters = {"student": subject.id, "version": version + 1, "sentence": NOT_USED}
    return [*lines, *(ChangeRow(*row) for row in session.connection().execute(told, parameters))]


def forget(session: Session, subject: Subject) -> Counter[str]:
    """Delete what is held of a student's interests: facts, raw surveys. What they picked stays, as what they did."""
    statement = text("""
        DELETE FROM souschef.fact WHERE student_id = :student AND kind = ANY(CAST(:kinds AS text[]))
    """)
    parameters = {"student": subject.id, "kinds": [kind.value for kind in TOLD]}
    emptied = bodies.empty(session, _surveys(session, subject))
    return Counter(facts=session.connection().execute(statement, parameters).rowcount, bodies=emptied)


def _surveys(session: Session, subject: Subject) -> list[int]:
    found = bodies.in_inbox(session, subject.school_id, student_id=subject.id, names=subject.names)
    statement = text("""
        SELECT id FROM souschef.inbox WHERE id = ANY(CAST(:ids AS bigint[])) AND payload <> ''
           AND (kind = 'survey' OR EXISTS (SELECT FROM souschef.fact WHERE inbox_id = inbox.id
                 AND fact.kind = ANY(CAST(:kinds AS text[]))))
    """)
    parameters = {"ids": [each.id for each in found], "kinds": [kind.value for kind in TOLD]}
    return list(session.connection().execute(statement, parameters).scalars())
