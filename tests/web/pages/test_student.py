"""A student opens the page, does a task in it, and gets the next one."""

import re
from typing import Any

from tests.tasks.conftest import ask
from tests.web.pages.conftest import Reader, Worker


def now(reader: Reader) -> tuple[int, str]:
    """Return (assignment, its right answer) of what the page says to do now."""
    shown = re.search(r"/task/(\d+)/start", reader.home())
    assert shown is not None
    number = int(shown[1])
    return number, answer_to(number)


def answer_to(assignment: int) -> str:
    found = ask(
        """SELECT answer FROM souschef.assignment AS a JOIN souschef.material ON material.id = material_id
            WHERE a.id = :id""",
        id=assignment,
    )
    return str(found[0][0])


def facts(reader: Reader, kind: str) -> list[tuple[Any, ...]]:
    return ask(
        """SELECT outcome, weight, value FROM souschef.fact JOIN souschef.person ON person.id = student_id
            WHERE ref = :ref AND kind = :kind AND fact.source_id IN (SELECT id FROM souschef.source
                  WHERE name = 'souschef-pages') ORDER BY fact.id""",
        ref=reader.ref,
        kind=kind,
    )


def start(student: Reader) -> tuple[int, str, str]:
    """Press Start; return (assignment, its answer, the page of the task)."""
    number, expected = now(student)
    return number, expected, student.press(student.home(), f"/task/{number}/start").text


def test_the_page_says_what_to_do_now_and_why(student: Reader) -> None:
    page = student.home()
    for words in ("Your next task", "Start", "After that", "What I can do", "What I like", "I need help"):
        assert words in page
    assert re.search(r"You got \d of the last \d right here|This is new", page)
    assert "%" not in re.sub(r"<[^>]*>", "", page)
    assert "answers up to" in page


def test_a_right_answer_is_evidence_and_brings_the_next_task(student: Reader, worker: Worker) -> None:
    number, expected, page = start(student)
    answer = student.press(page, f"/task/{number}", answer=expected)
    assert "Right!" in answer.text
    worker.work()
    after, _ = now(student)
    assert after != number
    [(outcome, weight, value)] = facts(student, "item_result")
    assert (outcome, weight, value["assignment"]) == (1.0, 1.0, str(number))
    assert [len(facts(student, kind)) for kind in PICKED] == [1, 1, 1]
    assert ask("SELECT state, outcome FROM souschef.assignment WHERE id = :id", id=number) == [("done", 1.0)]
    assert ask("SELECT count(*) FROM souschef.inbox WHERE state <> 'done'") == [(0,)]


PICKED = ("assignment_picked", "assignment_started", "assignment_done")


def test_a_second_try_is_practice_and_no_evidence(student: Reader, worker: Worker) -> None:
    number, expected, page = start(student)
    wrong = student.press(page, f"/task/{number}", answer="987654321")
    assert "try once more" in wrong.text
    worker.work()  # the decision has moved on, and the second try is still taken
    right = student.press(wrong.text, f"/task/{number}", answer=expected)
    assert "Right!" in right.text
    worker.work()
    results = [(outcome, weight, value["try"]) for outcome, weight, value in facts(student, "item_result")]
    assert results == [(0.0, 1.0, 1), (1.0, 0.0, 2)]
    assert ask("SELECT state, outcome FROM souschef.assignment WHERE id = :id", id=number) == [("done", 0.0)]


UNREADABLE = ("", "   ", "🦊", "twelve", "3 apples", "1/0", "x" * 10_000, "\u202e3", "1,2,3")


def test_what_is_no_answer_at_all_counts_for_nothing(student: Reader, worker: Worker) -> None:
    number, expected, page = start(student)
    for written in UNREADABLE:
        again = student.press(page, f"/task/{number}", answer=written)
        assert again.status_code == 200
        assert "We cannot read this" in again.text
    right = student.press(again.text, f"/task/{number}", answer=expected)
    assert "Right!" in right.text
    worker.work()
    assert [(outcome, weight) for outcome, weight, _ in facts(student, "item_result")] == [(1.0, 1.0)]


def test_after_two_tries_nothing_more_is_asked_and_nothing_more_is_noted(student: Reader, worker: Worker) -> None:
    number, expected, page = start(student)
    for _ in range(3):
        answer = student.press(page, f"/task/{number}", answer="987654321")
        page = answer.text if "Check" in answer.text else page
    assert "Not right this time" in answer.text
    worker.work()
    assert len(facts(student, "item_result")) == 2
    assert answer_to(number) == expected


def test_a_double_click_is_one_answer(student: Reader, worker: Worker) -> None:
    before = student.home()
    number, _, page = start(student)
    again = student.press(before, f"/task/{number}/start")
    assert again.status_code == 200
    first = student.press(page, f"/task/{number}", answer="987654321")
    second = student.press(page, f"/task/{number}", answer="987654321")
    assert "try once more" in first.text
    assert "try once more" in second.text
    worker.work()
    assert [len(facts(student, kind)) for kind in ("item_result", "assignment_started")] == [1, 1]
    assert ask("SELECT count(*) FROM souschef.quarantine") == [(0,)]


def test_the_answer_never_reaches_the_browser(student: Reader, worker: Worker) -> None:
    """An answer that stands nowhere else: on no page, before and after it was tried."""
    number, _ = now(student)
    secret = "qzx-4711"
    with_secret = """UPDATE souschef.material SET answer = :secret
                      WHERE id = (SELECT material_id FROM souschef.assignment WHERE id = :id) RETURNING 1"""
    assert ask(with_secret, secret=secret, id=number) == [(1,)]
    pages = [student.home(), student.press(student.home(), f"/task/{number}/start").text]
    for _ in range(2):
        pages.append(student.press(pages[-1], f"/task/{number}", answer="987654321").text)
    worker.work()
    pages.append(student.home())
    assert "Not right this time" in pages[3]
    assert [page for page in pages if secret in page] == []


def test_another_theme_is_chosen_and_its_twins_are_spent(student: Reader, worker: Worker) -> None:
    page = student.home()
    others = re.findall(r"/task/(\d+)/start", page)[1:]
    assert others
    number = int(others[0])
    task = student.press(page, f"/task/{number}/start")
    assert "Right!" in student.press(task.text, f"/task/{number}", answer=answer_to(number)).text
    worker.work()
    [(_, _, value)] = facts(student, "assignment_picked")
    assert (value["assignment"], value["position"]) == (number, 1)
    slot = ask("SELECT slot, menu_position, state FROM souschef.assignment WHERE decision_id = "
               "(SELECT decision_id FROM souschef.assignment WHERE id = :id) AND slot = "
               "(SELECT slot FROM souschef.assignment WHERE id = :id) ORDER BY 2", id=number)  # fmt: skip
    assert len(slot) > 1
    assert {state for _, position, state in slot if position != 1} == {"withdrawn"}


def test_what_a_student_likes_goes_into_the_next_choice(student: Reader, worker: Worker) -> None:
    page = student.home()
    topic = str(re.findall(r'name="like" value="(\S+) more"', page)[0])
    assert student.press(page, "/like", like=f"{topic} never").status_code == 200
    worker.work()
    assert f'value="{topic} again"' in student.home()
    student.press(student.home(), "/like", like=f"{topic} again")
    worker.work()
    assert f'value="{topic} again"' not in student.home()


def test_asking_for_help_tells_the_teacher_and_costs_nothing(student: Reader, worker: Worker) -> None:
    number, _ = now(student)
    beliefs = "SELECT skill_id, mastery, gap, responses FROM souschef.skill_gap ORDER BY student_id, skill_id"
    before = ask(beliefs)
    assert "Your teacher can see" in student.press(student.home(), "/help").text
    worker.work()
    [(outcome, _, value)] = facts(student, "help_requested")
    assert (outcome, value["assignment"]) == (None, number)
    assert now(student)[0] == number
    assert ask(beliefs) == before


def test_a_task_of_another_student_is_not_there(student: Reader, open_page: Any, school: Any) -> None:
    other = str(ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY id OFFSET 1 LIMIT 1")[0][0])
    item = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")[0][0]
    school.deliver(*school.answers(other, item, "0101"))
    theirs, _ = now(open_page(other))
    assert student.browser.get(f"{student.path}task/{theirs}").status_code == 404
    assert student.browser.get(f"{student.path}task/{2**63}").status_code in (404, 422, 400)


def test_a_form_from_elsewhere_changes_nothing(student: Reader, worker: Worker) -> None:
    page = student.home()
    number, _ = now(student)
    token = re.search(r'name="token" value="(\w+)"', page)
    assert token is not None
    address = f"{student.path}task/{number}/start"
    for site in ("cross-site", "same-site", "none"):
        assert student.browser.post(address, {"token": token[1]}, site=site).status_code == 403
    for fields in ({"token": "x"}, {"token": ""}, {}):
        assert student.browser.post(address, fields, site="same-origin").status_code == 403
    worker.work()
    assert facts(student, "assignment_started") == []
    assert student.browser.post(address, {"token": token[1]}, site="same-origin").status_code == 303


def test_a_student_sees_no_teachers_page(student: Reader) -> None:
    for path in ("class", "student/1"):
        assert student.browser.get(student.path + path).status_code == 404


def test_what_a_name_or_title_holds_is_shown_as_text(student: Reader) -> None:
    trap = "<script>alert(1)</script>"
    for table, column in (("person", "given_name"), ("material", "title"), ("skill", "title")):
        assert ask(f"UPDATE souschef.{table} SET {column} = :trap RETURNING 1", trap=trap)
    page = student.home()
    assert trap not in page
    assert "&lt;script&gt;alert(1)" in page
