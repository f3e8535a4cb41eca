"""One LMS of a district: the roster of each student decides which school an event belongs to."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from config.settings import Settings
from lms.files.registry import parse
from models import engine
from models.access import sources
from models.imports import load as imports
from tasks import events
from tests.tasks.conftest import School, ask
from workers.cli.commands import source as command

ORGS = "sourcedId,name,type\nnorth,North,school\nsouth,South,school\n"
CLASSES = "sourcedId,title,schoolSourcedId\nN,Class,north\nS,Class,south\nA,Class,north\nA2,Class,south\n"
USERS = """sourcedId,role,orgSourcedIds,userIds
n1,student,north,{:1}
s1,student,south,{:2}
both,student,"north,south",{:3}
"""
CATALOGUE = {
    "skills": "skill,title\nk,adding\n",
    "alignments": "item,skill\nq,k\n",
}


def load(school: str, users: str = USERS) -> None:
    files = {"orgs": ORGS, "classes": CLASSES, "users": users, **CATALOGUE}
    with engine.transaction() as session:
        imports.load(session, school, parse([(f"{name}.csv", body.encode()) for name, body in files.items()]))


@pytest.fixture
def lms(database_settings: Settings) -> School:
    """The LMS of both schools: its credential is north's."""
    for school in ("north", "south"):
        load(school)
    key = database_settings.secret_key_bytes()
    with engine.transaction() as session:
        credential = sources.add(session, "lms", format="canonical", school="north", secret_key=key)
        sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
    assert sender is not None
    return School(sender)


def serve(*also: str) -> list[str]:
    options = [word for ref in also for word in ("--also", ref)]
    done = CliRunner().invoke(command.app, ["serve", "lms", "--school", "north", *options, "--json"])
    assert done.exit_code == 0, done.output
    return list(json.loads(done.stdout)["schools"])


def answer(lms: School, student: str, **more: Any) -> dict[str, Any]:
    [event] = lms.answers(student, "q", "1")
    return {**event, **more}


def stored() -> list[tuple[Any, ...]]:
    """Return (school of the fact, student) of each fact."""
    return ask("""SELECT school.ref, person.ref FROM souschef.fact JOIN souschef.school ON school.id = fact.school_id
                    JOIN souschef.person ON person.id = student_id AND person.school_id = school.id ORDER BY 2, 1""")


def waiting() -> list[tuple[Any, ...]]:
    return ask("""SELECT school.ref, state, code FROM souschef.inbox JOIN souschef.school ON school.id = school_id
                   WHERE state <> 'done' ORDER BY inbox.id""")


def test_an_event_goes_to_the_school_that_has_its_student(lms: School) -> None:
    assert serve("south") == ["north", "south"]
    lms.deliver(answer(lms, "1"), answer(lms, "2"))
    assert stored() == [("north", "n1"), ("south", "s1")]
    assert waiting() == []
    lms.deliver(answer(lms, "2"))
    assert stored() == [("north", "n1"), ("south", "s1")], "a resend is a duplicate, in whichever school it is"


def test_a_source_that_serves_one_school_knows_no_other(lms: School) -> None:
    lms.deliver(answer(lms, "2"))
    assert (stored(), waiting()) == ([], [("north", "parked", "unknown_student")])
    serve("south")
    assert serve() == ["north"]
    load("south", USERS + "s9,student,south,{:9}\n")
    events.assessment_completed([])
    assert stored() == []


@pytest.mark.parametrize(("class_ref", "school"), [("N", "north"), ("S", "south")])
def test_a_student_in_two_schools_is_recognised_by_the_class(lms: School, class_ref: str, school: str) -> None:
    serve("south")
    lms.deliver(answer(lms, "3", **{"class": class_ref}))
    assert stored() == [(school, "both")]


def test_a_student_in_two_schools_waits_where_no_class_tells(lms: School) -> None:
    """It waits until the roster tells: here they have left the north."""
    serve("south")
    lms.deliver(answer(lms, "3"))
    assert waiting() == [("north", "parked", "student_in_several_schools")]
    ask(
        "DELETE FROM souschef.alias WHERE name = '3' AND school_id = "
        "(SELECT id FROM souschef.school WHERE ref = 'north') RETURNING name"
    )
    load("south", USERS + "s9,student,south,{:9}\n")
    events.assessment_completed([])
    assert stored() == [("south", "both")]


def test_what_waits_for_a_student_is_woken_by_the_load_of_any_school_that_is_served(lms: School) -> None:
    serve("south")
    lms.deliver(answer(lms, "9"))
    assert waiting() == [("north", "parked", "unknown_student")]
    load("south", USERS + "s9,student,south,{:9}\n")
    events.assessment_completed([])
    assert (stored(), waiting()) == ([("south", "s9")], [])
