"""A student of several classes: pages name the class of each list, and show each class's own goal; times are local."""

import re
from collections.abc import Callable

import pytest

from models.tables.pages import PageRole
from tests.tasks.conftest import School, ask
from tests.tasks.test_lists import BAND, EXTRA, MATHS, STUDENT, add_class, enrol, refresh
from tests.web.pages.conftest import Reader
from tests.web.pages.test_tables import get, link_in, rows_of

Open = Callable[..., Reader]
TITLE = "Grade 5 Mathematics"


@pytest.fixture
def in_three(school: School) -> School:
    """A student in maths (goal 80 %), in a help class (goal 90 %, one task), and in a band without a list."""
    school.deliver(*school.answers(STUDENT, "3.OA.A.1 q01", "110111"))
    school.deliver(*school.answers(STUDENT, "4.NF.A.1 q01", "0101"))
    add_class(EXTRA, skills="skill.ref LIKE '3.%'", document='{"slots": 1, "target": 0.9}')
    add_class(BAND)
    enrol(EXTRA)
    enrol(BAND)
    refresh()
    assert {row[0] for row in ask("SELECT DISTINCT class_ref FROM lms.assignments WHERE state = 'assigned'")} == {
        MATHS,
        EXTRA,
    }
    return school


def enrol_teacher(class_ref: str) -> str:
    """Let the teacher of the first class teach another one, too; return the teacher's ref."""
    [(ref,)] = ask(
        """INSERT INTO souschef.enrolment (school_id, class_id, person_id, role, began_at)
           SELECT c.school_id, c.id, t.person_id, 'teacher', t.began_at
             FROM souschef.class AS c, souschef.enrolment AS t
            WHERE c.ref = :ref AND t.role = 'teacher'
           RETURNING (SELECT ref FROM souschef.person WHERE id = person_id)""",
        ref=class_ref,
    )
    return str(ref)


def teacher_ref() -> str:
    return str(ask("SELECT person.ref FROM souschef.person JOIN souschef.enrolment ON person_id = person.id "
                   "WHERE enrolment.role = 'teacher' LIMIT 1")[0][0])  # fmt: skip


def number_of(ref: str) -> int:
    return int(ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=ref)[0][0])


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", html))


def test_each_task_names_its_class_where_a_student_has_several(in_three: School, open_page: Open) -> None:
    reader = open_page(STUDENT)
    page = reader.home()
    tasks = ask(
        """SELECT title, class_ref FROM lms.assignments
            WHERE student_ref = :ref AND menu_position = 0 AND state = 'assigned' ORDER BY slot""",
        ref=STUDENT,
    )
    titles = {MATHS: TITLE, EXTRA: EXTRA}
    now = page.split('class="card now"')[1].split("</section>")[0]
    assert tasks[0][0] in now
    assert titles[tasks[0][1]] in now
    after = [plain(line) for line in page.split("After that")[1].split("</ul>")[0].split("<li")[1:]]
    assert len(after) == len(tasks) - 1
    for line, (title, class_ref) in zip(after, tasks[1:], strict=True):
        assert title in line
        assert titles[class_ref] in line
    # The top of the page is of no class then: the band, which was joined last, gives nothing.
    assert BAND not in plain(page)


def test_the_only_class_stands_at_the_top_and_at_no_task(student: Reader) -> None:
    page = student.home()
    assert page.count(TITLE) == 1
    assert TITLE in page.split("</header>")[0]


def test_a_students_page_of_a_teacher_has_the_goal_of_each_class(in_three: School, open_page: Open) -> None:
    """Six answers on 3.OA.A.1, which both classes work on: each has its own goal, and the page's class comes first."""
    own = enrol_teacher(EXTRA)
    student = number_of(STUDENT)
    in_maths = open_page(own, PageRole.TEACHER, MATHS)
    in_help = open_page(own, PageRole.TEACHER, EXTRA)
    goals = {}
    for name, reader in (("maths", in_maths), ("help", in_help)):
        page = get(reader, f"student/{student}")
        [skill] = [each for each in page.split('<section class="card">')[1:] if "6 answers on this skill" in each]
        goals[name] = re.findall(r"<li><bdi[^>]*>([^<]*)</bdi>: the goal is (\d+%)", skill)
        assert ("the goal is 80%." if name == "maths" else "the goal is 90%.") in plain(skill)
        # A skill that only maths works on has one line.
        [other] = [each for each in page.split('<section class="card">')[1:] if "4 answers on this skill" in each]
        assert re.findall(r"<bdi[^>]*>([^<]*)</bdi>: the goal is (\d+%)", other) == [(TITLE, "80%")]
    assert goals == {"maths": [(TITLE, "80%"), (EXTRA, "90%")], "help": [(EXTRA, "90%"), (TITLE, "80%")]}
    tables = {name: rows_of(get(reader, link_in(get(reader, f"student/{student}"))))
              for name, reader in (("maths", in_maths), ("help", in_help))}  # fmt: skip
    assert {row["Goal"] for row in tables["maths"]} == {"0.8"}
    assert {row["Goal"] for row in tables["help"]} == {"0.8", "0.9"}


def test_the_dots_of_a_class_are_of_its_own_skills_by_its_own_goal(in_three: School, open_page: Open) -> None:
    own = enrol_teacher(EXTRA)
    marks = {}
    for class_ref in (MATHS, EXTRA):
        page = get(open_page(own, PageRole.TEACHER, class_ref), "class")
        row = page.split(f'/student/{number_of(STUDENT)}"')[1].split("</tr>")[0]
        marks[class_ref] = (row.count("<circle"), re.findall(r'class="goal" d="M([\d.]+)', row))
    # 5 + 140 x 0.8 and 5 + 140 x 0.9; skill 3.OA.A.1 is in both scopes, 4.NF.A.1 in that of maths alone.
    assert marks == {MATHS: (2, ["117.0"]), EXTRA: (1, ["131.0"])}


def test_a_tasks_class_and_what_its_theme_cost_stand_behind_it(in_three: School, open_page: Open) -> None:
    page = get(open_page(teacher_ref(), PageRole.TEACHER, MATHS), f"student/{number_of(STUDENT)}")
    tasks = page.split("Tasks, and why")[1]
    assert tasks.count(f'· <bdi dir="auto">{TITLE}</bdi>') > 1
    assert tasks.count(f'· <bdi dir="auto">{EXTRA}</bdi>') == 1


def test_a_head_counts_a_task_in_the_class_that_gave_it(in_three: School, open_page: Open) -> None:
    rows = rows_of(get(open_page(teacher_ref(), PageRole.HEAD), "school.csv"))
    assert {row["Ref"]: row["Have a task"] for row in rows} == {MATHS: "1", EXTRA: "1", BAND: "0"}


@pytest.mark.parametrize(("zone", "shown", "stored"), [
    ("America/Chicago", "Oct 1 04:03", "2026-10-01T04:03"),
    ("Pacific/Auckland", "Oct 1 22:03", "2026-10-01T22:03"),
])  # fmt: skip
def test_pages_and_tables_tell_the_schools_time(
    student: Reader, open_page: Open, zone: str, shown: str, stored: str
) -> None:
    """The answers came at 09:00 to 09:03 UTC on 1 October."""
    ask("UPDATE souschef.school SET timezone = :zone RETURNING 1", zone=zone)
    assert f"answers up to {shown}" in plain(student.home()).replace(",", "")
    teacher = open_page(teacher_ref(), PageRole.TEACHER)
    page = get(teacher, f"student/{number_of(student.ref)}")
    assert shown in plain(page).replace(",", "")
    assert f'datetime="{stored}' in page
    assert "UTC" not in plain(page)
    head = open_page(teacher_ref(), PageRole.HEAD)
    [row] = rows_of(get(head, "school.csv"))
    assert row["Answers up to"].startswith(stored)
    rows = rows_of(get(teacher, link_in(get(teacher, "class"))))
    assert {row["Since"][-6:] for row in rows if row["Since"]} <= {"-06:00", "+13:00"}
    assert any(row["Since"] for row in rows)
