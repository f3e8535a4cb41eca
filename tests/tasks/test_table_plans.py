"""`souschef groups --tables` over a really decided class: the plan, carried out by the one way, and taken back."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from tasks.events import order_given
from tests.tasks.conftest import Ask, School
from workers.cli.main import app, main

pytestmark = pytest.mark.timeout(180)
ORDERS = "SELECT count(*) FROM souschef.teacher_order WHERE revoked_at IS NULL AND key LIKE 'day-%'"
TABLES = ("--tables", "1", "--give-up", "0.25")


@pytest.fixture
def class_ref(school: School, ask: Ask) -> str:
    """The example class, each of whom has answered on three skills, some well and some badly."""
    refs = [row[0] for row in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref")]
    items = [row[0] for row in ask("SELECT min(name) FROM souschef.alias JOIN souschef.alignment ON item_id = target_id"
                                   " WHERE alias.kind = 'item' GROUP BY skill_id ORDER BY skill_id")]  # fmt: skip
    school.deliver(*(
        answer
        for number, ref in enumerate(refs)
        for place in range(3)
        for answer in school.answers(ref, items[(number * 5 + place * 3) % len(items)],
                                     ("0010", "0101", "1111")[(number + place) % 3], day=place + 1)
    ))  # fmt: skip
    return str(ask("SELECT ref FROM souschef.class")[0][0])


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["groups", *arguments, "--json"])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return json.loads(result.stdout)


def carry_out(ref: str) -> Any:
    """Carry a plan out, then do what a worker does."""
    found = run(ref, *TABLES, "--carry-out", "--by", "tmorgan", "--wait", "0")
    assert not found["applied"]
    order_given([])
    return found


def everything(ask: Ask) -> list[tuple[Any, ...]]:
    tables = ("teacher_order", "assignment", "decision", "change", "learner_state", "inbox")
    return [row for table in tables for row in ask(f"SELECT * FROM souschef.{table} AS t ORDER BY t")]


def open_skills(ask: Ask) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for student, skill in ask(
        "SELECT student_ref, skill FROM lms.assignments WHERE state IN ('proposed', 'assigned', 'started')"
    ):
        found.setdefault(student, set()).add(skill)
    return found


def test_a_plan_places_everyone_within_the_bound_and_writes_nothing(class_ref: str, ask: Ask) -> None:
    before = everything(ask)
    plan = run(class_ref, *TABLES)
    placed = [student for table in plan["tables"] for student in table["students"]]
    everyone = {row[0] for row in ask("SELECT ref FROM souschef.person WHERE role = 'student'")}
    assert {each["student"] for each in [*placed, *plan["alone"]]} == everyone
    assert len(placed) + len(plan["alone"]) == len(everyone) == plan["students"]
    assert len(placed) == plan["served"] > len(everyone) / 2
    assert all(0 <= each["gives_up"] <= 0.25 for each in placed)
    assert any(each["gives_up"] for each in placed)
    assert len(plan["tables"]) == 1
    assert everything(ask) == before
    assert ask("SELECT action FROM souschef.access ORDER BY number DESC LIMIT 1") == [("tables",)]


def test_carried_out_each_student_has_the_tables_skill_for_a_day(class_ref: str, ask: Ask) -> None:
    before = everything(ask)
    dry = run(class_ref, *TABLES, "--carry-out", "--by", "tmorgan", "--dry-run")
    assert everything(ask) == before
    plan = carry_out(class_ref)
    assert plan["tables"] == dry["tables"]
    assert ask(ORDERS) == [(plan["served"],)]
    [(shortest, longest)] = ask(
        "SELECT min(expires_at - given_at), max(expires_at - given_at) FROM souschef.teacher_order"
    )
    assert shortest.days == longest.days == 1
    skills = open_skills(ask)
    for table in plan["tables"]:
        for student in table["students"]:
            assert table["skill"] in skills[student["student"]]
    kinds = ask("SELECT DISTINCT kind, author, reason FROM souschef.teacher_order")
    assert kinds == [("must_do", "tmorgan", "a plan for the day")]


@pytest.mark.full
def test_one_command_takes_all_of_it_back(class_ref: str, ask: Ask) -> None:
    plan = carry_out(class_ref)
    gone = run(class_ref, "--revoke", "--by", "tmorgan", "--wait", "0")
    order_given([])
    assert sorted(gone["revoked"]) == sorted(plan["orders"])
    assert ask(ORDERS) == [(0,)]
    # And then another plan may be carried out.
    assert carry_out(class_ref)["served"] == plan["served"]


def refused(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["groups", *arguments])
    return int(ended.value.code or 0)


def test_a_second_plan_is_refused_while_one_is_in_force_or_waits(
    class_ref: str,
    ask: Ask,
    capsys: pytest.CaptureFixture[str],
) -> None:
    again = (class_ref, *TABLES, "--carry-out", "--by", "tmorgan", "--wait", "0")
    run(*again)
    assert refused(*again) == 2
    assert refused(class_ref, "--revoke", "--by", "tmorgan") == 2
    assert "waits for a worker" in capsys.readouterr().err
    order_given([])
    stored = ask("SELECT count(*) FROM souschef.inbox")
    assert refused(*again) == 2
    assert "Take it back first: souschef groups" in capsys.readouterr().err
    assert ask("SELECT count(*) FROM souschef.inbox") == stored


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("CLASS", "--tables", "0"), "There is no such plan"),
        (("CLASS", "--tables", "2", "--give-up", "1.5"), "giving up 0 to 1"),
        (("CLASS", "--tables", "2", "--carry-out"), "Give --by"),
        (("CLASS", "--carry-out", "--by", "x"), "Give --tables"),
        (("CLASS", "--revoke", "--tables", "2", "--by", "x"), "Revoke first"),
        (("CLASS", "--revoke", "--by", "x"), "No plan for the day is in force"),
        (("nowhere", "--tables", "2"), "has no class nowhere"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    school: School,
    arguments: tuple[str, ...],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert refused(*("MATH-5A" if each == "CLASS" else each for each in arguments)) == 2
    assert school
    assert sentence in capsys.readouterr().err


def test_people_read_names_and_what_they_give_up(class_ref: str, school: School) -> None:
    shown = " ".join(CliRunner().invoke(app, ["groups", class_ref, *TABLES]).stdout.split())
    assert "Table 1." in shown
    assert "gives up" in shown
    assert "1 skill serves" in shown
