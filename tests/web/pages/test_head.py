"""A head sees classes in numbers, by a signed link only; a teacher sees the page as a student does."""

import re
from collections.abc import Callable

import pytest

from models.access.page_links import LinkRefusedError
from models.tables.pages import PageRole
from tests.tasks.conftest import ask
from tests.web.pages.conftest import Reader, Worker

Open = Callable[..., Reader]


@pytest.fixture
def teacher_ref(student: Reader) -> str:
    return str(ask("SELECT person.ref FROM souschef.person JOIN souschef.enrolment ON person_id = person.id "
                   "WHERE enrolment.role = 'teacher'")[0][0])  # fmt: skip


def test_a_heads_page_has_numbers_and_no_names(open_page: Open, teacher_ref: str, student: Reader) -> None:
    head = open_page(teacher_ref, PageRole.HEAD)
    page = head.home()
    students = ask("SELECT count(*) FROM souschef.current_enrolment")[0][0]
    assert f'<td data-label="Students">{students}</td>' in page
    names = ask("SELECT given_name, family_name FROM souschef.person WHERE role = 'student'")
    assert [name for pair in names for name in pair if re.search(rf"\b{re.escape(name)}\b", page)] == []
    assert ask("SELECT action, author, subjects FROM souschef.access") == [("page school", f"head {teacher_ref}", [])]
    table = head.browser.get(f"{head.path}school.csv").text
    assert "Mathematics" in table or "MATH-5A" in table


def test_a_head_opens_no_class_and_no_student(open_page: Open, teacher_ref: str, student: Reader) -> None:
    head = open_page(teacher_ref, PageRole.HEAD)
    [(number,)] = ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=student.ref)
    for path in ("class", f"student/{number}", "overrides", "rules", "class.csv", f"student/{number}/as", "changes"):
        assert head.browser.get(head.path + path).status_code == 404, path
    teacher = open_page(teacher_ref, PageRole.TEACHER)
    assert teacher.browser.get(f"{teacher.path}school.csv").status_code == 404


def test_a_student_is_no_head(open_page: Open, student: Reader) -> None:
    with pytest.raises(LinkRefusedError):
        open_page(student.ref, PageRole.HEAD)


def test_a_teacher_sees_the_page_as_the_student_and_can_press_nothing(
    open_page: Open, teacher_ref: str, student: Reader, worker: Worker
) -> None:
    teacher = open_page(teacher_ref, PageRole.TEACHER)
    [(number,)] = ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=student.ref)
    page = teacher.browser.get(f"{teacher.path}student/{number}/as").text
    own = student.home()
    shown = re.search(r'<h2 id="now">([^<]*)', own)
    assert shown is not None
    assert shown[0] in page
    assert "<form" not in page
    assert "<button" not in page
    assert ask("SELECT action FROM souschef.access ORDER BY number") == [("page as student",)]
    worker.work()
    assert ask("SELECT count(*) FROM souschef.inbox WHERE source_id IN (SELECT id FROM souschef.source "
               "WHERE name = 'souschef-pages')") == [(0,)]  # fmt: skip
