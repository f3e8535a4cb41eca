"""What a student says goes into the next choice: not for me, this skill next; and work at an address of its own."""

import re
from collections.abc import Callable

import pytest

from models.tables.pages import PageRole
from tests.tasks.conftest import School, ask
from tests.web.pages.conftest import Reader, Worker
from tests.web.pages.test_student import facts, now


def decline(student: Reader, why: str = "too_hard") -> str:
    """Press *Not for me* on the task of now and say why; return the page after it."""
    number, _ = now(student)
    asked = student.browser.get(f"{student.path}task/{number}/decline")
    assert asked.status_code == 200, asked.text
    return student.press(asked.text, f"/task/{number}/decline", why=why).text


def material(assignment: int) -> int:
    return int(ask("SELECT material_id FROM souschef.assignment WHERE id = :id", id=assignment)[0][0])


BELIEFS = "SELECT skill_id, mastery, responses FROM souschef.skill_gap ORDER BY student_id, skill_id"


def test_a_declined_task_is_swapped_once_and_is_no_evidence(student: Reader, worker: Worker) -> None:
    before, _ = now(student)
    beliefs = ask(BELIEFS)
    meanwhile = decline(student)
    assert ("on its way" in meanwhile, f"/task/{before}/start" in meanwhile) == (False, False)
    worker.work()
    after, _ = now(student)
    assert material(after) != material(before)
    assert ask("SELECT state, reason, attempted_at FROM souschef.assignment WHERE id = :id", id=before) == [
        ("withdrawn", "declined", None)
    ]
    [(_, _, value)] = facts(student, "assignment_declined")
    assert value["why"] == "too_hard"
    assert ask(BELIEFS) == beliefs
    # One swap a task: what came instead cannot be declined, neither on the page nor by an event of an LMS.
    assert "Not for me" not in student.home()
    assert student.browser.get(f"{student.path}task/{after}/decline").status_code == 409


def test_the_swap_is_free_again_after_the_next_answer(student: Reader, worker: Worker) -> None:
    decline(student)
    worker.work()
    number, expected = now(student)
    task = student.press(student.home(), f"/task/{number}/start")
    student.press(task.text, f"/task/{number}", answer=expected)
    worker.work()
    assert now(student)[0] != number
    assert "Not for me" in student.home()


def test_an_event_declines_no_swap_and_no_teachers_choice(student: Reader, school: School, worker: Worker) -> None:
    decline(student)
    worker.work()
    swapped, _ = now(student)
    event = {"type": "assignment_declined", "student": student.ref, "at": "2026-11-10T12:00:00Z"}
    school.deliver({**event, "id": "d1", "assignment": str(swapped)})
    assert now(student)[0] == swapped
    slot = ask("UPDATE souschef.assignment SET reason = 'teacher.pin', slot = 9 WHERE id = :id RETURNING 1", id=swapped)
    assert slot == [(1,)]
    school.deliver({**event, "id": "d2", "assignment": str(swapped)})
    assert ask("SELECT state FROM souschef.assignment WHERE id = :id", id=swapped) == [("assigned",)]


def test_a_teacher_sees_a_declined_task_with_its_reason(
    student: Reader, worker: Worker, open_page: Callable[..., Reader]
) -> None:
    title = re.search(r'<h2 id="now">([^<]*)', student.home())
    assert title is not None
    decline(student, "theme")
    worker.work()
    ref = ask("SELECT person.ref FROM souschef.person JOIN souschef.enrolment ON person_id = person.id "
              "WHERE enrolment.role = 'teacher'")[0][0]  # fmt: skip
    page = open_page(str(ref), PageRole.TEACHER).home()
    assert f"asked for another task than “{title[1]}”: I do not like the theme." in page


def test_a_double_click_declines_once(student: Reader, worker: Worker) -> None:
    number, _ = now(student)
    asked = student.browser.get(f"{student.path}task/{number}/decline").text
    for _ in range(2):
        assert student.press(asked, f"/task/{number}/decline", why="other").status_code == 200
    worker.work()
    assert student.press(asked, f"/task/{number}/decline", why="other").status_code == 200
    worker.work()
    assert len(facts(student, "assignment_declined")) == 1
    assert student.press(asked, f"/task/{number}/decline", why="because").status_code == 403


def test_a_wish_is_stored_shown_and_taken_back(student: Reader, worker: Worker) -> None:
    page = student.home()
    skill = str(re.findall(r'name="wish" value="(\S+) yes"', page)[0])
    student.press(page, "/wish")
    worker.work()
    assert f'value="{skill} no"' in student.home()
    assert [value for _, _, value in facts(student, "wish")] == [{"wished": True}]
    student.press(student.home(), "/wish")
    worker.work()
    assert f'value="{skill} yes"' in student.home()
    assert ask("SELECT count(*) FROM souschef.quarantine") == [(0,)]


def test_an_address_opens_through_us_and_is_started(student: Reader, worker: Worker) -> None:
    number, _ = now(student)
    ask("UPDATE souschef.material SET text = NULL, url = 'https://tasks.example/1' RETURNING 1")
    page = student.press(student.home(), f"/task/{number}/start").text
    assert f'href="{student.path}task/{number}/open"' in page
    answer = student.browser.get(f"{student.path}task/{number}/open")
    assert (answer.status_code, answer.headers["location"]) == (303, "https://tasks.example/1")
    assert answer.headers["referrer-policy"] == "no-referrer"
    worker.work()
    assert len(facts(student, "assignment_started")) == 1
    ask("UPDATE souschef.material SET url = 'javascript:alert(1)' RETURNING 1")
    assert student.browser.get(f"{student.path}task/{number}/open").status_code == 404


def test_skills_have_titles_in_the_students_own_words(student: Reader) -> None:
    page = student.home()
    assert "Parts of a whole" in page
    assert "Naming fractions of a whole" not in page


@pytest.mark.parametrize("part", ["why", "wished"])
def test_what_is_not_on_the_list_is_quarantined(school: School, student_ref: str, part: str) -> None:
    kind = {"why": "assignment_declined", "wished": "wish"}[part]
    event = {"type": kind, "id": "x", "student": student_ref, "at": "2026-11-10T12:00:00Z", "assignment": "1"}
    outcome = school.deliver({**event, "subject": "3.NF.A.1", part: "so-so"})
    assert outcome["quarantined"] == 1
