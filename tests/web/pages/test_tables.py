"""CSV is exactly what is on the screen; a change since then is said; a spreadsheet runs nothing of it."""

import csv
import io
import re
from collections.abc import Callable

import pytest

from models.tables.pages import PageRole
from tests.tasks.conftest import ask
from tests.web.pages.conftest import Reader, Worker
from web.pages.tables import as_csv


@pytest.fixture
def teacher(open_page: Callable[..., Reader], student: Reader) -> Reader:
    ref = ask("SELECT person.ref FROM souschef.person JOIN souschef.enrolment ON person_id = person.id "
              "WHERE enrolment.role = 'teacher'")[0][0]  # fmt: skip
    return open_page(str(ref), PageRole.TEACHER)


def get(reader: Reader, path: str) -> str:
    answer = reader.browser.get(reader.path + path)
    assert answer.status_code == 200, answer.text
    return answer.text


def link_in(page: str) -> str:
    found = re.search(r'href="/lti/s/[^/]+/([^"]*\.csv\?seen=\d+)"', page)
    assert found is not None
    return found[1]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_class_as_a_table_has_what_the_page_has(teacher: Reader, student: Reader) -> None:
    page = get(teacher, "class")
    answer = teacher.browser.get(teacher.path + link_in(page))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.startswith("\ufeff")
    rows = rows_of(answer.text)
    assert len(rows) == page.count('<th scope="row">')
    [own] = [row for row in rows if row["Ref"] == student.ref]
    assert own["Why"] in page.replace("&#39;", "'")
    assert own["Works on now"] in page
    # 1, 1, 0, 1 in this order: the latest is 1; .65 x 1 + .35 x 2/3. The task of now is on the skill of these answers.
    if own["Canvas: latest"]:
        assert own["Canvas: latest"] == "1"
        assert own["Canvas: decaying average"] == "0.8833"


def test_a_students_table_compares_with_canvas_and_counts_no_practice(
    teacher: Reader, student: Reader, school: object
) -> None:
    [(number,)] = ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=student.ref)
    page = get(teacher, f"student/{number}")
    rows = rows_of(get(teacher, link_in(page)))
    answered = [row for row in rows if row["Canvas: latest"]]
    assert {(row["Canvas: latest"], row["Canvas: decaying average"]) for row in answered} == {("1", "0.8833")}
    assert all(0 < float(row["Mastery"]) < 1 for row in rows)


def test_a_table_of_other_figures_is_refused_with_a_sentence(teacher: Reader, student: Reader, worker: Worker) -> None:
    before = link_in(get(teacher, "class"))
    number = re.search(r"/task/(\d+)/start", student.home())
    assert number is not None
    task = student.press(student.home(), f"/task/{number[1]}/start")
    student.press(task.text, f"/task/{number[1]}", answer="987654321")
    worker.work()
    answer = teacher.browser.get(teacher.path + before)
    assert answer.status_code == 409
    assert "have changed since you opened this page" in answer.text or "has changed" in answer.text
    assert teacher.browser.get(teacher.path + link_in(get(teacher, "class"))).status_code == 200


def test_the_bar_counts_students_and_the_page_names_what_changed(
    teacher: Reader, student: Reader, worker: Worker
) -> None:
    seen = re.search(r"changes\?seen=(\d+)", get(teacher, "class"))
    assert seen is not None
    asked = f"{teacher.path}changes?seen={seen[1]}"
    assert teacher.browser.get(asked).json()["count"] == 0
    number = re.search(r"/task/(\d+)/start", student.home())
    assert number is not None
    student.press(student.home(), f"/task/{number[1]}/start")
    worker.work()
    found = teacher.browser.get(asked).json()
    assert found == {"count": 1, "text": "1 student's tasks have changed since you opened this page."}
    [(name,)] = ask("SELECT concat_ws(' ', given_name, family_name) FROM souschef.person WHERE ref = :r", r=student.ref)
    assert name in get(teacher, f"changed?seen={seen[1]}")
    assert "Nothing has changed since then." in get(teacher, f"changed?seen={2**62}")


def test_the_shopping_list_is_what_the_view_says(teacher: Reader) -> None:
    page = get(teacher, "gaps")
    rows = rows_of(get(teacher, link_in(page)))
    assert [row["Rank"] for row in rows] == [str(place) for place in range(1, len(rows) + 1)]
    assert page.count("<li><strong>") == len(rows)


@pytest.mark.parametrize(
    "trap",
    ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "a,=1", 'x";=1', "Gus'=1"],
)
def test_a_spreadsheet_runs_nothing(trap: str) -> None:
    [[cell]] = csv.reader(io.StringIO(as_csv([[trap]]).replace("\r\n", "\n")))
    assert cell == "'" + trap.replace("\r", "\r")


def test_a_number_and_a_name_stay_what_they_are() -> None:
    assert as_csv([["Zoë O'Neil-Quist", -0.25, 3, None, "3 - 2"]]) == "Zoë O'Neil-Quist,-0.25,3,,3 - 2\r\n"
