"""A teacher sees who needs help, the class, and the answers behind each number; and what is looked at is noted."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import text

from learning.selection import placement
from learning.selection.decision import NoAssignmentReason, Trigger
from models import engine
from models.tables.pages import PageRole
from tasks.pipeline import lists
from tests.tasks.conftest import School, ask
from tests.web.pages.conftest import Reader, Worker
from web.pages import teacher as teacher_page
from web.pages import teacher_words, words
from web.pages.language import NAMES, language

Open = Callable[..., Reader]


@pytest.fixture
def teacher(open_page: Open, student: Reader) -> Reader:
    """The class's teacher, with the page open; one student of the class has answers."""
    ref = ask("SELECT person.ref FROM souschef.person JOIN souschef.enrolment ON person_id = person.id "
              "WHERE enrolment.role = 'teacher'")[0][0]  # fmt: skip
    return open_page(str(ref), PageRole.TEACHER)


def test_today_names_who_asked_for_help_and_who_is_stuck(
    teacher: Reader, student: Reader, worker: Worker, school: object
) -> None:
    title = re.search(r'<h2 id="now">([^<]*)', student.home())
    assert title is not None
    assert "Nobody" in teacher.home() or "asked for help" not in teacher.home()
    student.press(student.home(), "/help")
    worker.work()
    page = teacher.home()
    assert f"asked for help with “{title[1]}”" in page
    assert "stuck" not in page
    # Three wrong answers in a row: stuck. The first right answer takes both away again.
    for _ in range(3):
        number = re.search(r"/task/(\d+)/start", student.home())
        assert number is not None
        task = student.press(student.home(), f"/task/{number[1]}/start")
        student.press(task.text, f"/task/{number[1]}", answer="987654321")
        worker.work()
    assert "is stuck" in teacher.home()


def test_today_says_how_many_stand_in_groups_that_it_does_not_show(
    teacher: Reader, student: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert student.home()
    assert "in another skill" not in teacher.home()
    monkeypatch.setattr(teacher_page, "SHOWN_GROUPS", 0)
    assert "1 more student has the widest gap in another skill." in teacher.home()


def test_the_class_page_has_a_row_for_every_student_with_task_and_reasons(teacher: Reader, student: Reader) -> None:
    page = teacher.browser.get(f"{teacher.path}class").text
    students = ask("SELECT count(*) FROM souschef.current_enrolment")[0][0]
    assert page.count('<th scope="row">') == students > 20
    because = ask(
        """SELECT because_gap, because_interest FROM souschef.assignment JOIN souschef.person
                       ON person.id = student_id WHERE ref = :ref AND menu_position = 0 ORDER BY slot""",
        ref=student.ref,
    )
    assert any(f"{gap} {interest}" in page for gap, interest in because)


def test_the_class_page_and_the_students_own_page_show_the_same_task_of_now(teacher: Reader, student: Reader) -> None:
    """Also where another task of the list is the one for the widest gap."""
    number = student_number(student)
    seen = []
    for _ in range(2):
        title = re.search(r'<h2 id="now">([^<]*)', student.home())
        page = teacher.browser.get(f"{teacher.path}class").text
        row = re.search(rf"/student/{number}\">.*?<td>([^<]*)", page, flags=re.DOTALL)
        assert title is not None
        assert row is not None
        assert row[1] == title[1]
        seen.append(title[1])
        with engine.transaction() as session:
            turned = (
                "UPDATE souschef.assignment SET slot = 100 - slot WHERE state = 'assigned' AND student_id = :student"
            )
            session.connection().execute(text(turned), {"student": number})
    assert seen[0] != seen[1]


def test_today_names_who_waits_for_approval_wherever_the_proposal_stands(teacher: Reader, student: Reader) -> None:
    number = student_number(student)
    waiting = f'/student/{number}"><bdi[^<]*</bdi></a>: “[^”]*” waits for your approval'
    assert not re.search(waiting, teacher.home())
    for slot in ask(
        "SELECT DISTINCT slot FROM souschef.assignment WHERE state = 'assigned' AND student_id = :s", s=number
    ):
        with engine.transaction() as session:
            proposed = """
                UPDATE souschef.assignment SET state = CASE WHEN slot = :slot THEN 'proposed' ELSE 'assigned' END
                 WHERE student_id = :student AND state IN ('proposed', 'assigned')
            """
            session.connection().execute(text(proposed), {"student": number, "slot": slot[0]})
        assert re.search(waiting, teacher.home())


def test_the_students_page_shows_the_answers_behind_each_number(
    teacher: Reader, student: Reader, worker: Worker
) -> None:
    number = re.search(r"/task/(\d+)/start", student.home())
    assert number is not None
    task = student.press(student.home(), f"/task/{number[1]}/start")
    wrong = student.press(task.text, f"/task/{number[1]}", answer="987654321")
    student.press(wrong.text, f"/task/{number[1]}", answer="987654321")
    worker.work()
    [(person,)] = ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=student.ref)
    page = teacher.browser.get(f"{teacher.path}student/{person}").text
    assert "Mastery" in page
    assert "(second try, not counted)" in page
    assert "987654321" not in page  # the words of an answer are never stored
    assert page.count("<details>") >= 1


def student_number(student: Reader) -> int:
    [(person,)] = ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=student.ref)
    return int(person)


def test_growth_is_a_chart_with_its_band_and_the_same_as_a_table(
    teacher: Reader, student: Reader, school: School
) -> None:
    """Answers in three weeks: a picture that names and describes itself, and a row for each week."""
    item = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")[0][0]
    path = f"{teacher.path}student/{student_number(student)}"
    assert "<svg" not in teacher.browser.get(path).text  # the answers of one day are no growth
    for day in (9, 17):
        school.deliver(*school.answers(student.ref, item, "1111", day=day))
    page = teacher.browser.get(path).text
    svg = re.search(r'<svg [^>]*role="img" aria-labelledby="(\S+) (\S+)">(.*?)</svg>', page, flags=re.DOTALL)
    assert svg is not None
    assert f'<title id="{svg[1]}">Mastery of ' in svg[3]
    assert f'<desc id="{svg[2]}">From ' in svg[3]
    assert len(re.findall(r"[\d.]+,[\d.]+", svg[3].split('<polyline class="line"')[1])) == 3
    table = page.split("The same as a table")[1].split("</table>")[0]
    assert re.findall(r'datetime="([^"]*)"', table) == ["2026-10-08", "2026-10-15", "2026-10-17"]


def test_a_number_is_shown_only_where_it_is_known_and_says_what_it_rests_on(teacher: Reader, student: Reader) -> None:
    path = f"{teacher.path}student/{student_number(student)}"
    ask("UPDATE souschef.skill_gap SET low = 0.2, high = 0.71 RETURNING 1")
    page = teacher.browser.get(path).text
    assert "Mastery is not known yet; the goal is" in page
    assert "It rests on 4 answers on this skill and on work on others." in page
    ask("UPDATE souschef.skill_gap SET high = 0.7 RETURNING 1")
    assert "most likely between 20% and 70%" in teacher.browser.get(path).text


def test_what_a_teacher_looks_at_stands_in_the_access_log(teacher: Reader, student: Reader) -> None:
    [(person,)] = ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=student.ref)
    student.home()
    teacher.home()
    teacher.browser.get(f"{teacher.path}class")
    teacher.browser.get(f"{teacher.path}student/{person}")
    rows = ask("SELECT action, author, jsonb_array_length(subjects), detail FROM souschef.access ORDER BY number")
    author = f"teacher {teacher.ref}"
    assert rows == [
        ("page today", author, 0, {"class": "MATH-5A"}),
        ("page class", author, 0, {"class": "MATH-5A"}),
        ("page student", author, 1, {}),
    ]


def test_a_teacher_sees_nobody_of_another_class(teacher: Reader) -> None:
    [(other,)] = ask("INSERT INTO souschef.person (school_id, ref, role) SELECT id, 'elsewhere', 'student' "
                     "FROM souschef.school RETURNING id")  # fmt: skip
    assert teacher.browser.get(f"{teacher.path}student/{other}").status_code == 404
    assert teacher.browser.get(f"{teacher.path}student/999999").status_code == 404


def test_a_teacher_writes_nothing_in_a_students_name(teacher: Reader, student: Reader) -> None:
    number = re.search(r"/task/(\d+)/start", student.home())
    assert number is not None
    for path in (f"task/{number[1]}", f"task/{number[1]}/start", "help", "like"):
        answer = teacher.browser.post(teacher.path + path, {"token": "x"}, site="same-origin")
        assert answer.status_code in (403, 404)
    assert ask("SELECT count(*) FROM souschef.inbox WHERE source_id IN (SELECT id FROM souschef.source "
               "WHERE name = 'souschef-pages')") == [(0,)]  # fmt: skip


def test_groups_name_their_students_under_headings_that_differ(
    teacher: Reader, student: Reader, school: School
) -> None:
    refs = [row[0] for row in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref LIMIT 9")]
    for number, ref in enumerate(refs):
        school.deliver(*school.answers(ref, "4.NF.A.1 q01", ("0010", "01", "1101")[number % 3]))
    page = teacher.browser.get(f"{teacher.path}groups").text
    headings = re.findall(r"<h3>(.*?) <span", page)
    assert headings
    assert len(set(headings)) == len(headings)
    names = ask("SELECT given_name || ' ' || family_name FROM souschef.person WHERE ref = ANY(:refs)", refs=refs)
    assert sum(name in page for (name,) in names) == len(refs)
    assert "It is needed for:" in page
    assert "data-print" in page
    actions = [row[0] for row in ask("SELECT action FROM souschef.access ORDER BY number")]
    assert actions[-1] == "page groups"


def test_a_plan_for_a_day_is_shown_carried_out_once_and_taken_back(
    teacher: Reader, student: Reader, worker: Worker, school: School
) -> None:
    orders = "SELECT count(*) FROM souschef.teacher_order WHERE kind = 'must_do' AND revoked_at IS NULL"
    path = f"{teacher.path}groups/plan?tables=1&give_up=25"
    page = teacher.browser.get(path).text
    count = re.search(r"(\d+) students have a table", page)
    assert count is not None
    assert ask(orders) == [(0,)]
    assert teacher.press(page, "/groups/do").status_code == 200
    teacher.press(page, "/groups/do")  # a second click
    worker.work()
    assert ask(orders) == [(int(count[1]),)]
    [(skill,)] = ask("SELECT DISTINCT skill_id FROM souschef.teacher_order")
    # The table's skill is what the student sees first, wherever it is on the list.
    now = re.search(r"/task/(\d+)/start", student.home())
    assert now is not None
    assert ask("SELECT skill_id FROM souschef.assignment WHERE id = :id", id=int(now[1])) == [(skill,)]
    page = teacher.browser.get(path).text
    assert "A plan is in force" in page
    teacher.press(page, "/groups/revoke")
    worker.work()
    assert ask(orders) == [(0,)]
    assert teacher.browser.get(f"{teacher.path}groups/plan?tables=99&give_up=25").status_code == 403


def test_a_plan_that_has_changed_since_it_was_seen_is_shown_again(teacher: Reader, worker: Worker) -> None:
    page = teacher.browser.get(f"{teacher.path}groups/plan?tables=1&give_up=25").text
    answer = teacher.press(page.replace('name="digest" value="', 'name="digest" value="x'), "/groups/do")
    assert "The plan has changed since you saw it" in answer.text
    worker.work()
    assert ask("SELECT count(*) FROM souschef.teacher_order") == [(0,)]


def test_every_reason_has_its_sentence() -> None:
    """Why a task was taken back, and why there is none: no code is without a sentence in any language."""
    codes = [*Trigger, lists.CLASS_LEFT, lists.CLASS_ENDED, lists.SCHOOL_LEFT, placement.NO_SCOPE, placement.NO_LIST,
             "declined", "H5.forbidden", "forbid", "own_slot", "done"]  # fmt: skip
    for tag in NAMES:
        spoken = language(tag)
        assert [code for code in codes if words.taken_back(code, spoken) == spoken.text("Taken back.")] == []
        assert [code for code in NoAssignmentReason if not teacher_words.nothing(code, spoken)] == []
    assert words.taken_back("a code of tomorrow", language("en")) == "Taken back."
