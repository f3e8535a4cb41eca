"""First load: a class that gets students, materials and a scope has its first assignments without an event."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from lms.files.registry import parse
from models import engine
from models.imports import load as imports
from models.imports.load import LoadReport
from models.reports import diagnosis
from models.students import states
from tasks.pipeline import policies
from tasks.pipeline.policies import Authorship
from tasks.refresh import refresh_assignments
from workers.cli.main import app
from workers.cli.views import load as views

pytestmark = pytest.mark.timeout(120)

Load = Callable[..., LoadReport]
ROSTER = {
    "orgs": "sourcedId,name,type\nriver,River School,school\n",
    "courses": "sourcedId,title,grades\nmath-5,Mathematics,05\n",
    "classes": "sourcedId,title,grades,courseSourcedId\n5A,Grade 5 A,,math-5\n4B,Grade 4 B,04,\n0C,Chess,,\n",
    "users": "sourcedId,role,enabledUser\n"
    + "".join(f"s{n},student,true\n" for n in range(4))
    + "t1,teacher,true\ngone,student,false\n",
    "enrollments": "classSourcedId,userSourcedId,role,beginDate\n"
    "5A,s0,student,2026-01-05\n5A,s1,student,2026-01-05\n4B,s2,student,2026-01-05\n0C,s3,student,2026-01-05\n"
    "5A,t1,teacher,2026-01-05\n5A,gone,student,2026-01-05\n",
}
SKILLS = "skill,title,grade\nA5,adding fractions,5\nB5,sharing,5\nC5,no material,5\nA4,counting on,4\n"
MATERIALS = "material,title,url,skills,difficulty\n" + "".join(
    f"{skill}-{n},Sheet {n},https://x.test/{skill}{n},{skill},{difficulty}\n"
    for skill in ("A5", "B5", "A4")
    for n, difficulty in enumerate((-2.5, -1.5, -0.5))
)


@pytest.fixture
def load(database_url: str) -> Load:
    assert database_url

    def run(**files: str) -> LoadReport:
        with engine.transaction() as session:
            return imports.load(session, None, parse([(f"{name}.csv", body.encode()) for name, body in files.items()]))

    return run


def ask(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with engine.transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement), parameters)]


def sweep() -> None:
    """Decide for who waits, as the sweep in every worker does."""
    with engine.transaction() as session:
        waiting = states.due(session)
    refresh_assignments(waiting)


def work() -> dict[str, set[tuple[str, str]]]:
    """Return the skills and states of each student's open assignments."""
    found: dict[str, set[tuple[str, str]]] = {}
    for student, skill, state in ask("SELECT student_ref, skill, state FROM lms.assignments WHERE ended_at IS NULL"):
        found.setdefault(student, set()).add((skill, state))
    return found


def test_a_first_load_ends_with_assignments_for_everybody_in_a_class(load: Load) -> None:
    """No scope is loaded: a class works on the skills of its own grade, else of its course's, that have materials.

    The chess club has no grade, so that a teacher decides: its student gets proposals.
    """
    report = load(**ROSTER, skills=SKILLS, materials=MATERIALS)
    assert (report.first, report.refreshed, report.unscoped) == (4, 4, [])
    assert [(each.class_ref, each.grade, each.skills) for each in report.default_scopes] == [("4B", 4, 1), ("5A", 5, 2)]
    printed = "\n".join(views.lines(report, dry_run=False, seconds=1.0))
    assert "4 of them have no decision yet and get their first assignments." in printed
    assert "5A: grade 5, 2 skills" in printed
    sweep()
    found = work()
    assert found["s0"] == found["s1"] == {("A5", "assigned"), ("B5", "assigned")}
    assert found["s2"] == {("A4", "assigned")}
    assert {state for _, state in found["s3"]} == {"proposed"}
    assert set(found) == {"s0", "s1", "s2", "s3"}


def test_once_any_class_has_a_scope_a_class_without_gets_nothing_and_the_doctor_names_it(load: Load) -> None:
    load(**ROSTER, skills=SKILLS, materials=MATERIALS)
    sweep()
    report = load(scope="class,skill\n5A,A5\n")
    assert (report.first, report.default_scopes, report.unscoped) == (0, [], ["0C", "4B"])
    assert "Without a scope, so nothing is assigned there: 0C, 4B." in "\n".join(
        views.lines(report, dry_run=False, seconds=1.0)
    )
    sweep()
    found = work()
    assert set(found) == {"s0", "s1"}
    assert {skill for skill, _ in found["s0"]} == {"A5"}
    with engine.transaction() as session:
        issues = {issue.what: issue.examples for issue in diagnosis.catalogue_issues(session)}
    assert issues["class_without_scope"] == ("0C", "4B")


def test_the_doctor_names_no_class_that_has_a_default(load: Load) -> None:
    load(**ROSTER, skills=SKILLS, materials=MATERIALS)
    with engine.transaction() as session:
        issues = {issue.what: issue.examples for issue in diagnosis.catalogue_issues(session)}
    assert issues["class_without_scope"] == ("0C",)


def test_students_materials_and_scope_may_come_in_any_order(load: Load) -> None:
    """Who has no decision is decided for with the load that brings the last of them; a load twice decides once."""
    assert load(**ROSTER).first == 0
    sweep()
    assert work() == {}
    assert load(skills=SKILLS).first == 0
    assert load(materials=MATERIALS).first == 4
    sweep()
    assert set(work()) == {"s0", "s1", "s2", "s3"}
    changes = ask("SELECT count(*) FROM souschef.change")
    again = load(**ROSTER, skills=SKILLS, materials=MATERIALS)
    assert (again.first, again.refreshed) == (0, 0)
    sweep()
    assert ask("SELECT count(*) FROM souschef.change") == changes


def test_one_who_joins_later_is_decided_for_without_an_event(load: Load) -> None:
    load(**ROSTER, skills=SKILLS, materials=MATERIALS)
    sweep()
    users = "sourcedId,role,enabledUser\nlate,student,true\n"
    enrolled = ROSTER["enrollments"] + "5A,late,student,2026-02-01\n"
    assert load(users=users, enrollments=enrolled).first == 1
    sweep()
    assert work()["late"] == work()["s0"]


def test_a_skill_that_is_opened_by_hand_decides_for_the_class(load: Load) -> None:
    """The roster alone gave nobody a decision; opening a skill is what the class waited for."""
    load(**ROSTER, skills=SKILLS)
    assert ask("SELECT count(*) FROM souschef.learner_state") == [(0,)]
    with engine.transaction() as session:
        ((school,),) = ask("SELECT id FROM souschef.school")
        by = Authorship(author="tmorgan", reason="we start", through="test")
        policies.open_skill(session, school, "5A", "A5", by=by)
    assert ask("SELECT ref FROM souschef.learner_state JOIN souschef.person ON id = student_id ORDER BY ref") == [
        ("s0",),
        ("s1",),
    ]


def test_the_report_in_json_has_both(load: Load) -> None:
    load(**ROSTER, skills=SKILLS)
    report = load(materials=MATERIALS)
    found = views.summary(report, dry_run=False, seconds=1.0)
    assert found["first"] == 4
    assert found["default_scopes"][1] == {"class_ref": "5A", "grade": 5.0, "skills": 2}
    assert found["without_scope"] == []
    assert CliRunner().invoke(app, ["scope", "list"]).exit_code == 0
