"""Who is in a class now: every question of the code has the same answer, at each edge of an enrolment."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from models import engine
from models.assignments import overrides
from models.privacy import erasure, interest_switch
from models.reports import classes, diagnosis, explanations
from models.students import memberships
from tests.tasks.conftest import School

transaction = engine.transaction
Ask = Callable[..., list[tuple[Any, ...]]]
GUS = "riverside-s413"
CLASS = "MATH-5A"
MODELS = Path(__file__).parents[2] / "models"
ENROLMENT = f"UPDATE souschef.enrolment SET {{}} WHERE person_id = (SELECT id FROM souschef.person WHERE ref = '{GUS}')"
NOT_IN_CLASS = {
    "left yesterday": ENROLMENT.format("ended_at = souschef.clock() - interval '1 day'"),
    "leaves at this moment": ENROLMENT.format("ended_at = souschef.clock()"),
    "begins next semester": ENROLMENT.format("began_at = souschef.clock() + interval '60 days', ended_at = NULL"),
    "teaches it": ENROLMENT.format("role = 'teacher'"),
    "is not at the school": f"UPDATE souschef.person SET active = false WHERE ref = '{GUS}'",
}
IN_CLASS = {
    "as loaded": "SELECT",
    "begins at this moment": ENROLMENT.format("began_at = souschef.clock()"),
    "without an end": ENROLMENT.format("ended_at = NULL"),
}
pytestmark = pytest.mark.timeout(120)


class Ground:
    """One transaction, in which Gus has work open and the class has orders."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.school, self.student = self.one("SELECT school_id, id FROM souschef.person WHERE ref = :ref", ref=GUS)
        (self.class_id,) = self.one("SELECT id FROM souschef.class WHERE ref = :ref", ref=CLASS)

    def one(self, statement: str, **parameters: Any) -> tuple[Any, ...]:
        """Return the one row of a statement."""
        return tuple(self.session.connection().execute(text(statement), parameters).one())

    def do(self, statement: str, **parameters: Any) -> None:
        """Execute a statement."""
        self.session.connection().execute(text(statement), parameters)

    def order(self, kind: str, *, of_class: bool = True, expires: str = "interval '1 day'") -> int:
        """Give an order and return its id."""
        (number,) = self.one(
            f"""INSERT INTO souschef.teacher_order (school_id, key, kind, author, reason, given_at, expires_at,
                       class_id, student_id)
                VALUES (:school, :kind, :kind, 't', 'r', souschef.clock(), souschef.clock() + {expires}, :class_id,
                       :student_id) RETURNING id""",
            school=self.school,
            kind=kind,
            class_id=self.class_id if of_class else None,
            student_id=None if of_class else self.student,
        )
        return int(number)


@pytest.fixture
def ground(school: School) -> School:
    """Gus with a few answers, so that work is open."""
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
    return school


def decided_with_the_class(ground: Ground) -> bool:
    """What decisions and facts take as the class of a student."""
    return ground.class_id in memberships.load_memberships(ground.session, [ground.student])[ground.student].now


def concerned_by_an_order(ground: Ground) -> bool:
    return ground.student in overrides.affected_students(ground.session, classes=[ground.class_id], students=())


def approved_with_the_class(ground: Ground) -> bool:
    ground.do("UPDATE souschef.assignment SET state = 'proposed' WHERE student_id = :id", id=ground.student)
    ground.order("approve")
    return bool(overrides.approve(ground.session, ground.school, ["approve"]))


def listed_for_the_student(ground: Ground) -> bool:
    number = ground.order("forbid")
    found = overrides.list_overrides(ground.session, ground.school, student_id=ground.student)
    return number in {each.number for each in found}


def listed_for_the_class(ground: Ground) -> bool:
    number = ground.order("forbid", of_class=False)
    found = overrides.list_overrides(ground.session, ground.school, class_id=ground.class_id)
    return number in {each.number for each in found}


def asked_whether_an_order_is_met(ground: Ground) -> bool:
    ground.order("pin")
    return ground.student in overrides.students_with_overrides(ground.session, [ground.student])


def marked_when_an_order_ends(ground: Ground) -> bool:
    ground.do("UPDATE souschef.learner_state SET refresh_due = false, refreshed_at = souschef.clock() - interval '1 h'")
    ground.order("pin", expires="interval '-1 min'")
    overrides.mark_expired_for_refresh(ground.session)
    (due,) = ground.one("SELECT refresh_due FROM souschef.learner_state WHERE student_id = :id", id=ground.student)
    return bool(due)


def holds_what_interest_has_chosen(ground: Ground) -> bool:
    """A hold of the class keeps it open where interests are switched off."""
    ground.order("hold")
    subject = erasure.find_student(ground.session, GUS)
    lines = interest_switch.withdraw_interest_choices(ground.session, subject, version=1)
    return not any(line.state == "withdrawn" for line in lines)


def refreshed_with_the_class(ground: Ground) -> bool:
    return bool(diagnosis.students(ground.session, ref=GUS, class_ref=CLASS))


def shown_with_the_class(ground: Ground) -> bool:
    return ground.student in classes.class_lines(ground.session, ground.school, class_id=ground.class_id)


def grouped_with_the_class(ground: Ground) -> bool:
    return ground.student in classes.menus(ground.session, ground.school, ground.class_id).student_ids


def explained_with_the_class(ground: Ground) -> bool:
    return ground.student in explanations.explanations(ground.session, ground.school, class_id=ground.class_id)


def counted_in_what_the_catalogue_lacks(ground: Ground) -> bool:
    ground.do("DELETE FROM souschef.catalogue_need")
    ground.do(
        """INSERT INTO souschef.catalogue_need (school_id, student_id, skill_id, context, price)
           SELECT :school, :student, min(id), 'trains', 0.5 FROM souschef.skill WHERE school_id = :school""",
        school=ground.school,
        student=ground.student,
    )
    return bool(classes.catalogue_gaps(ground.session, ground.school, class_id=ground.class_id))


def makes_a_class_need_a_scope(ground: Ground) -> bool:
    # The scope goes to another class: without any in the school, a class would have a default one.
    ground.do(
        "INSERT INTO souschef.class (school_id, ref, title) VALUES (:school, 'other', 'Other')", school=ground.school
    )
    ground.do(
        """INSERT INTO souschef.scope (school_id, class_id, skill_id)
           SELECT school_id, (SELECT id FROM souschef.class WHERE ref = 'other' AND school_id = :school), skill_id
             FROM souschef.scope WHERE school_id = :school LIMIT 1""",
        school=ground.school,
    )
    ground.do("DELETE FROM souschef.scope WHERE class_id = :class", **{"class": ground.class_id})
    ground.do("DELETE FROM souschef.enrolment WHERE person_id <> :student", student=ground.student)
    return "class_without_scope" in {gap.what for gap in diagnosis.catalogue_issues(ground.session)}


QUESTIONS: tuple[Callable[[Ground], bool], ...] = (
    decided_with_the_class,
    concerned_by_an_order,
    approved_with_the_class,
    listed_for_the_student,
    listed_for_the_class,
    asked_whether_an_order_is_met,
    marked_when_an_order_ends,
    holds_what_interest_has_chosen,
    refreshed_with_the_class,
    shown_with_the_class,
    grouped_with_the_class,
    explained_with_the_class,
    counted_in_what_the_catalogue_lacks,
    makes_a_class_need_a_scope,
)


@pytest.mark.parametrize("question", QUESTIONS, ids=[question.__name__ for question in QUESTIONS])
@pytest.mark.usefixtures("ground")
def test_every_question_has_the_same_answer(question: Callable[[Ground], bool]) -> None:
    """Five ways to be outside of a class, three to be in it; each in a transaction that is rolled back."""
    answers = {}
    for name, statement in (NOT_IN_CLASS | IN_CLASS).items():
        with transaction() as session:
            session.connection().execute(text(statement))
            answers[name] = question(Ground(session))
            session.rollback()
    assert answers == dict.fromkeys(NOT_IN_CLASS, False) | dict.fromkeys(IN_CLASS, True)


def test_no_statement_says_it_again() -> None:
    """Who is in a class now is a question of the clock: only the view asks it of the table."""
    files = [path for path in MODELS.rglob("*.py") if "migrations" not in path.parts] + [*(MODELS / "sql").iterdir()]
    texts = {str(path.relative_to(MODELS)): path.read_text("utf-8") for path in files}
    assert sum("souschef.current_enrolment" in each for each in texts.values()) > 5
    asking = {name for name, each in texts.items() if "souschef.enrolment" in each and "souschef.clock()" in each}
    # The view is of students; these ask for a teacher's classes, for enrolments that have ended, and to move them.
    assert asking == {
        "access/page_sessions.py",
        "access/page_links.py",
        "sql/catalogue_issues.sql",
        "sql/enrolment_moments.sql",
        "students/memberships.py",
        "students/merging.py",
    }


@pytest.mark.usefixtures("school")
def test_postgresql_merges_the_view_into_the_statement() -> None:
    """It is asked for every batch of events: by the student's index, with nothing in between."""
    asked = "SELECT class_id FROM souschef.current_enrolment WHERE student_id = ANY(ARRAY[1, 2]::bigint[])"
    with transaction() as session:
        session.connection().execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(session.connection().execute(text(f"EXPLAIN (COSTS OFF) {asked}")).scalars())
    assert "ix_enrolment_person_id" in plan, plan
    assert "Subquery Scan" not in plan, plan
