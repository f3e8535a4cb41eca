"""A teacher overrides on the page: a diff by name first, then an event that a worker applies, then the proof."""

import re
from collections.abc import Callable
from html import unescape

import pytest

from models.tables.pages import PageRole
from tests.parameters import first_of
from tests.tasks.conftest import ask
from tests.web.pages.conftest import Reader, Worker

Open = Callable[..., Reader]
ORDERS = "SELECT kind, standing, author, reason, material, skill FROM ({}) AS each"


@pytest.fixture
def teacher(open_page: Open, student: Reader) -> Reader:
    """The class's teacher, with the page open; one student of the class has answers."""
    ref = ask("SELECT person.ref FROM souschef.person JOIN souschef.enrolment ON person_id = person.id "
              "WHERE enrolment.role = 'teacher'")[0][0]  # fmt: skip
    return open_page(str(ref), PageRole.TEACHER)


def get(reader: Reader, path: str) -> str:
    answer = reader.browser.get(reader.path + path)
    assert answer.status_code == 200, answer.text
    return answer.text


def orders() -> list[tuple[object, ...]]:
    return ask("SELECT kind, student_id IS NULL, reason, revoked_at IS NULL FROM souschef.teacher_order ORDER BY id")


def stored() -> int:
    return int(ask("SELECT count(*) FROM souschef.inbox WHERE kind = 'order'")[0][0])


def a_material(student: Reader) -> tuple[str, str, str]:
    """Return (skill, material, title) of something that the student does not have open."""
    return ask(
        """SELECT skill.ref, material.ref, material.title FROM souschef.material
             JOIN souschef.material_skill AS link ON link.material_id = material.id AND position = 0
             JOIN souschef.skill ON skill.id = link.skill_id
            WHERE material.id NOT IN (SELECT material_id FROM souschef.assignment JOIN souschef.person
                    ON person.id = student_id WHERE person.ref = :ref)
            ORDER BY material.id LIMIT 1""",
        ref=student.ref,
    )[0]


def pin(teacher: Reader, student: Reader) -> tuple[str, str]:
    """Go through the questions for a pin; return (the page that shows what would change, the material's title)."""
    skill, material, title = a_material(student)
    first = get(teacher, "overrides/new")
    assert f'value="{student.ref}"' in first
    second = get(teacher, f"overrides/new?verb=pin&who={student.ref}")
    assert "On which skill?" in second
    assert f'value="{skill}"' in second
    last = get(teacher, f"overrides/new?verb=pin&who={student.ref}&skill={skill}")
    assert title in unescape(last)
    tried = teacher.press(last, "/overrides/try", material=material, until="14d", reason="as agreed with Gus")
    assert tried.status_code == 200
    return tried.text, title


def test_a_pin_is_shown_by_name_first_and_nothing_is_written(teacher: Reader, student: Reader) -> None:
    page, title = pin(teacher, student)
    [(name,)] = ask("SELECT concat_ws(' ', given_name, family_name) FROM souschef.person WHERE ref = :r", r=student.ref)
    assert "Nothing has been done yet." in page
    assert "This would change the tasks of 1 student." in page
    assert name in page
    assert title in unescape(page)
    assert orders() == []
    assert stored() == 0


def test_do_it_stores_an_event_and_the_page_says_what_is_true(teacher: Reader, student: Reader, worker: Worker) -> None:
    page, title = pin(teacher, student)
    waiting = teacher.press(page, "/overrides/do")
    assert "Stored. It is not in force yet; look again in a moment." in waiting.text
    assert orders() == []
    assert "Stored. It is not in force yet; look again in a moment." in get(teacher, "overrides")
    worker.work()
    [(key,)] = ask("SELECT key FROM souschef.teacher_order")
    proof = get(teacher, f"overrides/of/{key}")
    assert "In force." in proof
    assert title in unescape(proof)
    assert orders() == [("pin", False, "as agreed with Gus", True)]
    [(author,)] = ask("SELECT author FROM souschef.teacher_order")
    assert author == teacher.ref
    now = re.search(r"<h2[^>]*>(.*?)</h2>", unescape(student.home()))
    assert now is not None
    assert now[1] == title, "this one, now"
    assert "as agreed with Gus" in get(teacher, "overrides")


def test_a_second_click_is_the_same_override(teacher: Reader, student: Reader, worker: Worker) -> None:
    page, _ = pin(teacher, student)
    teacher.press(page, "/overrides/do")
    teacher.press(page, "/overrides/do")
    worker.work()
    teacher.press(page, "/overrides/do")
    worker.work()
    assert len(orders()) == 1
    assert stored() == 1


def test_what_is_taken_back_is_shown_first_too(teacher: Reader, student: Reader, worker: Worker) -> None:
    page, _ = pin(teacher, student)
    teacher.press(page, "/overrides/do")
    worker.work()
    tried = teacher.press(get(teacher, "overrides"), "/overrides/try")
    assert "Take back: This one, now" in tried.text
    assert orders()[0][3] is True
    teacher.press(tried.text, "/overrides/do")
    worker.work()
    assert orders()[0][3] is False
    assert "No override is in force." in get(teacher, "overrides")


@pytest.mark.parametrize(
    ("verb", "words"),
    first_of(
        [("hold", "Leave it as it is"), ("approve", "Approve what is proposed"), ("must_do", "This first")], quick=1
    ),
)
def test_the_whole_class_is_overridden(teacher: Reader, student: Reader, worker: Worker, verb: str, words: str) -> None:
    skill, _, _ = a_material(student)
    page = get(teacher, f"overrides/new?verb={verb}&who=" + (f"&skill={skill}" if verb == "must_do" else ""))
    tried = teacher.press(page, "/overrides/try", reason="before the exam")
    assert f"{words} · the whole class" in tried.text
    teacher.press(tried.text, "/overrides/do")
    worker.work()
    assert [(kind, whole) for kind, whole, _, _ in orders()] == [(verb, True)]


def test_an_override_needs_a_reason_and_says_so(teacher: Reader, student: Reader) -> None:
    page = get(teacher, "overrides/new?verb=hold&who=")
    refused = teacher.press(page, "/overrides/try", reason=" ")
    assert "An order needs a reason." in refused.text
    assert 'role="alert"' in refused.text


def test_a_form_cannot_name_another_class_or_a_stranger(teacher: Reader, student: Reader, worker: Worker) -> None:
    """Whatever a browser sends, an override concerns the page's own class."""
    ask("INSERT INTO souschef.person (school_id, ref, role) SELECT id, 'elsewhere', 'student' "
        "FROM souschef.school RETURNING id")  # fmt: skip
    page = get(teacher, "overrides/new?verb=hold&who=")
    for fields in ({"who": "elsewhere"}, {"who": "nobody"}, {"verb": "delete"}, {"verb": "revoke", "key": "o-1"}):
        for action in ("/overrides/try",):
            assert teacher.press(page, action, reason="x", **fields).status_code == 403
    token = str(re.search(r'name="token" value="(\w+)"', page)[1])  # type: ignore[index] # it is there
    sent = {"token": token, "verb": "hold", "who": "elsewhere", "reason": "x", "key": "abc"}
    assert teacher.browser.post(f"{teacher.path}overrides/do", sent, site="same-origin").status_code == 403
    assert (
        teacher.browser.post(f"{teacher.path}overrides/do", {**sent, "who": ""}, site="cross-site").status_code == 403
    )
    assert (
        teacher.browser.post(f"{teacher.path}overrides/do", {**sent, "token": ""}, site="same-origin").status_code
        == 403
    )
    worker.work()
    assert stored() == 0
    assert student.browser.get(f"{student.path}overrides").status_code == 404


def test_the_dial_is_shown_as_a_diff_and_then_set(teacher: Reader, student: Reader, worker: Worker) -> None:
    page = get(teacher, "rules")
    assert "Nobody has changed it." in page
    tried = teacher.press(page, "/rules/try", setting="tolerance", value="0", until="7d", reason="before the exam")
    assert "Only what helps most" in tried.text
    assert "Nothing has been done yet." in tried.text
    assert ask("SELECT count(*) FROM souschef.policy WHERE class_id IS NOT NULL") == [(0,)]
    teacher.press(tried.text, "/rules/do")
    [(document, until)] = ask("SELECT document, until FROM souschef.policy WHERE class_id IS NOT NULL")
    assert document == {"tolerance": 0}
    assert list(until) == ["tolerance"]
    assert "Stored. It is in force when Souschef has chosen again" in get(teacher, "rules?done=1")
    worker.work()
    assert "In force." in get(teacher, "rules?done=1")
    assert f"Set for this class by {teacher.ref}." in get(teacher, "rules")


def test_a_skill_is_begun_and_ended(teacher: Reader, worker: Worker) -> None:
    [(skill, title)] = ask("SELECT ref, title FROM souschef.skill JOIN souschef.scope ON skill_id = skill.id LIMIT 1")
    page = get(teacher, "rules")
    for action, status in (("close", "closed"), ("open", "open")):
        tried = teacher.press(page, "/rules/try", setting=action, value=skill, until="", reason="the unit is over")
        assert title.capitalize()[1:] in tried.text
        teacher.press(tried.text, "/rules/do")
        worker.work()
        found = ask(
            """SELECT coalesce(closes_at <= (SELECT souschef.clock()), false) FROM souschef.scope JOIN souschef.skill
                   ON skill.id = skill_id WHERE ref = :ref""",
            ref=skill,
        )
        assert found == [(status == "closed",)]


def test_a_rule_of_another_kind_is_refused(teacher: Reader) -> None:
    page = get(teacher, "rules")
    for setting, value in (("target", "0.5"), ("tolerance", "0.9"), ("slots", "99"), ("open", "")):
        answer = teacher.press(page, "/rules/try", setting=setting, value=value, until="", reason="x")
        assert answer.status_code == 403


def test_every_page_is_one_line_in_the_access_log(teacher: Reader, student: Reader) -> None:
    for path in ("overrides", "overrides/new", "rules", "gaps", "changed?seen=0"):
        get(teacher, path)
    rows = ask("SELECT action, author, detail FROM souschef.access ORDER BY number")
    author = f"teacher {teacher.ref}"
    actions = ("page overrides", "page new override", "page rules", "page gaps", "page changes")
    assert rows == [(action, author, {"class": "MATH-5A"}) for action in actions]


def test_today_says_for_whom_an_override_cannot_be_met(teacher: Reader, student: Reader) -> None:
    """This first, then the same material ruled out for the class: the first cannot be met, and Today says for whom."""
    assert "An override cannot be met" not in teacher.home()
    _, material, _ = a_material(student)
    for kind, whose in (("must_do", "student_id"), ("forbid", "class_id")):
        ask(
            f"""INSERT INTO souschef.teacher_order (school_id, key, kind, author, reason, given_at, {whose},
                       material_id)
                SELECT material.school_id, 'o-{kind}', '{kind}', 't', 'r', souschef.clock(),
                       CASE '{whose}' WHEN 'class_id' THEN class.id ELSE person.id END, material.id
                  FROM souschef.material, souschef.person, souschef.class
                 WHERE material.ref = :material AND person.ref = :ref RETURNING 1""",
            material=material,
            ref=student.ref,
        )
    [(name,)] = ask("SELECT concat_ws(' ', given_name, family_name) FROM souschef.person WHERE ref = :r", r=student.ref)
    page = unescape(teacher.home())
    assert f"An override cannot be met for {name}." in page
    assert "Nobody waits for you" not in page
