"""Who and which class a launch means, product by product; and a teacher who says once which class a course is."""

import re
from typing import Any

import pytest
from sqlalchemy import text

from models import engine
from tests.parameters import first_of
from tests.web.lti.platform import INSTRUCTOR, Browser, Platform
from tests.web.lti.test_commands import souschef
from tests.web.lti.test_launch import ask, sessions

UUID = "7d9c5a52-3f0e-4b57-9b4f-0d0c4f1f2a11"
BRIGHTSPACE = "http://www.brightspace.com"


def name_of_second_student(name: str) -> None:
    """Let the roster's `userIds` of b1-s2 hold a name."""
    statement = """INSERT INTO souschef.alias (school_id, kind, name, target_id)
                   SELECT school_id, 'person', :name, id FROM souschef.person WHERE ref = 'b1-s2'"""
    with engine.transaction() as session:
        session.connection().execute(text(statement), {"name": name})


def set_product(product: str) -> None:
    with engine.transaction() as session:
        session.connection().execute(text("UPDATE souschef.lti_registration SET product = :p"), {"p": product})


JOINS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "moodle: the ID number": ("moodle", "SIS-2", {"sub": "99", "lis": {"person_sourcedid": "SIS-2"}}),
    "canvas: the uuid of live events": ("canvas", "u-1", {"sub": "99", "custom": {"canvas_user_uuid": "u-1"}}),
    "canvas: the global id": ("canvas", "10700", {"sub": "99", "custom": {"canvas_user_global_id": "10700"}}),
    "canvas: the SIS id": ("canvas", "SIS-2", {"sub": "99", "custom": {"canvas_user_sis_id": "SIS-2"}}),
    "open edx: the username": ("openedx", "ada", {"sub": UUID, "preferred_username": "ada"}),
    "open edx: an export of external_user_ids": ("openedx", UUID, {"sub": UUID}),
    "blackboard: the last segment of the actor": (
        "blackboard", "https://bb.example/learn/api/v1/users/e5c23cbb4ab74bfbb7ef4ba8c4fe61b4",
        {"sub": "e5c23cbb4ab74bfbb7ef4ba8c4fe61b4"}),
    "brightspace: the number of the school's records": (
        "desire2learn", "S-17", {"sub": "99", BRIGHTSPACE: {"org_defined_id": "S-17"}}),
}  # fmt: skip


@pytest.mark.parametrize("join", first_of(JOINS, quick=2))
def test_a_launch_is_joined_by_what_its_product_and_the_roster_both_know(
    registered: Platform, browser: Browser, join: str
) -> None:
    """The name that joined them is needed once: after that the platform's own is enough."""
    product, name, launch = JOINS[join]
    set_product(product)
    assert browser.launch(registered, **launch).status_code == 403
    name_of_second_student(name)
    assert browser.launch(registered, **launch).status_code == 303
    assert browser.launch(registered, sub=launch["sub"]).status_code == 303
    assert sessions() == [("b1-s2", "student")] * 2


@pytest.mark.parametrize("join", first_of([each for each in JOINS if not each.startswith("moodle")], quick=2))
def test_no_other_products_launch_is_joined_by_it(registered: Platform, browser: Browser, join: str) -> None:
    """What one product's administrators fill in, another product lets a course's author write."""
    _, name, launch = JOINS[join]
    name_of_second_student(name)
    assert browser.launch(registered, **launch).status_code == 403


@pytest.mark.parametrize("join", first_of(JOINS, quick=2))
def test_a_value_that_was_not_resolved_names_nobody(registered: Platform, browser: Browser, join: str) -> None:
    product, _, launch = JOINS[join]
    set_product(product)
    name_of_second_student("$unresolved")
    changed = {
        claim: dict.fromkeys(value, "$unresolved") if isinstance(value, dict) else "$unresolved"
        for claim, value in launch.items()
    }
    assert browser.launch(registered, **changed | {"sub": "99"}).status_code == 403


def test_canvass_number_alone_names_nobody(registered: Platform, browser: Browser) -> None:
    """`sub` is another number in every Canvas."""
    set_product("canvas")
    name_of_second_student("99")
    assert browser.launch(registered, sub="99").status_code == 403


def test_a_short_number_is_no_last_segment(registered: Platform, browser: Browser) -> None:
    set_product("blackboard")
    name_of_second_student("https://bb.example/users/99")
    assert browser.launch(registered, sub="99").status_code == 403


def test_an_address_ends_with_one_persons_segment_only(registered: Platform, browser: Browser) -> None:
    """Two people's addresses end so: nobody is meant."""
    set_product("blackboard")
    sub = "e5c23cbb4ab74bfbb7ef4ba8c4fe61b4"
    name_of_second_student(f"https://bb.example/users/{sub}")
    statement = """INSERT INTO souschef.alias (school_id, kind, name, target_id)
                   SELECT school_id, 'person', :name, id FROM souschef.person WHERE ref = 'b1-s1'"""
    with engine.transaction() as session:
        session.connection().execute(text(statement), {"name": f"https://other.example/users/{sub}"})
    assert browser.launch(registered, sub=sub).status_code == 403


def test_an_e_mail_address_names_somebody_where_the_school_wants_it(registered: Platform, browser: Browser) -> None:
    name_of_second_student("ada@school.example")
    launch = {"sub": "99", "email": "ada@school.example"}
    assert browser.launch(registered, **launch).status_code == 403
    souschef("lti", "set", str(ask("SELECT id FROM souschef.lti_registration")[0][0]), "--emails")
    assert browser.launch(registered, **launch).status_code == 303


def test_a_person_is_never_known_by_a_name(registered: Platform, browser: Browser) -> None:
    name_of_second_student("Ada Lovelace")
    names = {f"{each}": "Ada Lovelace" for each in ("preferred_username", "email")}
    assert browser.launch(registered, sub="99", **names).status_code == 403


CLASSES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "moodle: the course's address": ("moodle", "{url}/course/view.php?id=9", {"context": {"id": "9"}}),
    "the roster's own": ("", "OTHER", {"context": {"id": "9"}, "lis": {"course_section_sourcedid": "OTHER"}}),
    "open edx: the course key": ("openedx", "course-v1:a+b+c", {"context": {"id": "course-v1:a+b+c"}}),
    "the label, for the class's own teacher": ("", "5A", {"context": {"id": "9", "label": "5A"}}),
}


@pytest.mark.parametrize("join", CLASSES)
def test_a_course_is_joined_to_its_class(registered: Platform, browser: Browser, join: str) -> None:
    product, name, launch = CLASSES[join]
    set_product(product)
    with engine.transaction() as session:
        session.connection().execute(
            text("INSERT INTO souschef.alias SELECT school_id, 'class', :name, id FROM souschef.class"),
            {"name": name.format(url=registered.url)},
        )
    answer = browser.launch(registered, sub="57", roles=[INSTRUCTOR], **launch)
    assert answer.status_code == 303
    assert ask("SELECT class_id IS NOT NULL, course_id FROM souschef.page_session") == [(True, None)]


ELSEWHERE = {"sub": "57", "roles": [INSTRUCTOR], "context": {"id": "9", "label": "x", "title": "My new course"}}


def choice(page: str, ref: str) -> dict[str, str]:
    return {"token": re.findall(r'name="token" value="([^"]*)"', page)[0], "class": ref}


def test_a_teacher_says_once_which_class_a_course_is(registered: Platform, browser: Browser) -> None:
    opened = browser.launch(registered, **ELSEWHERE).headers["location"]
    page = browser.get(opened).text
    assert "My new course" in page
    assert "Grade 5 Mathematics" in page
    # What is not the teacher's to choose is refused, and changes nothing.
    assert browser.post(f"{opened}choose-class", choice(page, "b1"), site="same-origin").status_code == 403
    answer = browser.post(f"{opened}choose-class", choice(page, "MATH-5A-b1"), site="same-origin")
    assert answer.status_code == 303
    assert "Grade 5 Mathematics" in browser.get(opened).text
    assert "Which class" not in browser.get(opened).text
    assert ask("SELECT count(*) FROM souschef.lti_unknown") == [(0,)]
    again = browser.launch(registered, **ELSEWHERE).headers["location"]
    assert "Which class" not in browser.get(again).text


def test_the_choice_comes_from_the_teachers_own_page(registered: Platform, browser: Browser) -> None:
    opened = browser.launch(registered, **ELSEWHERE).headers["location"]
    fields = choice(browser.get(opened).text, "MATH-5A-b1")
    assert browser.post(f"{opened}choose-class", fields).status_code == 403
    fields["token"] = "made-up"
    assert browser.post(f"{opened}choose-class", fields, site="same-origin").status_code == 403


def test_a_course_that_has_its_class_is_not_chosen_again(registered: Platform, browser: Browser) -> None:
    """Else a teacher could turn another teacher's course into a class of his own."""
    opened = browser.launch(registered, **ELSEWHERE).headers["location"]
    fields = choice(browser.get(opened).text, "MATH-5A-b1")
    with engine.transaction() as session:
        session.connection().execute(
            text("""WITH b AS (INSERT INTO souschef.class (school_id, ref, title)
                               SELECT school_id, 'B', 'B' FROM souschef.class RETURNING school_id, id)
                    INSERT INTO souschef.alias SELECT school_id, 'class', :name, id FROM b"""),
            {"name": f"{registered.url}|9"},
        )
    assert browser.post(f"{opened}choose-class", fields, site="same-origin").status_code == 403
