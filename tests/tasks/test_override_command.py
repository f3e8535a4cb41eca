"""`souschef override` over a really loaded school: what it shows is what it does."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from typer.testing import CliRunner

from tasks.events import order_given
from tasks.refresh import refresh_assignments
from tasks.sweep import sweep_once
from tests.tasks.conftest import Ask, School
from workers.cli.main import app, main

GUS = "riverside-s413"
OPEN = "state IN ('proposed', 'assigned', 'started')"
WHY = ("--by", "tmorgan", "--reason", "as agreed")
pytestmark = pytest.mark.timeout(120)


def ran(*arguments: str) -> Any:
    """Run the command, then do what a worker does when it is notified."""
    changes = arguments[0] != "list" and "--dry-run" not in arguments
    result = CliRunner().invoke(app, ["order", *arguments, *(["--wait", "0"] if changes else []), "--json"])
    assert result.exit_code == 0, result.output + repr(result.exception)
    shown = json.loads(result.stdout)
    if changes:
        assert not shown["applied"]
        order_given([])
    return shown


def lying(ask: Ask, student: str = GUS) -> list[str]:
    rows = ask(f"SELECT material_id FROM lms.assignments WHERE student_ref = :r AND {OPEN}", r=student)
    return [row[0] for row in rows]


def everything(ask: Ask) -> list[tuple[Any, ...]]:
    tables = ("teacher_order", "assignment", "decision", "change", "learner_state")
    return [row for table in tables for row in ask(f"SELECT * FROM souschef.{table} AS t ORDER BY t")]


def a_material(ask: Ask, *, but: list[str]) -> str:
    found = ask(
        "SELECT ref FROM souschef.material WHERE ref <> ALL(CAST(:but AS text[])) ORDER BY ref LIMIT 1", but=but
    )
    return str(found[0][0])


@pytest.fixture
def lain(school: School, ask: Ask) -> list[str]:
    """What lies open for Gus after a few answers."""
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
    return lying(ask)


def test_a_dry_run_shows_what_the_order_then_does_and_writes_nothing(lain: list[str], ask: Ask) -> None:
    material, before = a_material(ask, but=lain), everything(ask)
    order = ("pin", "--student", GUS, "--material", material, *WHY, "--until", "7d")
    (would,) = ran(*order, "--dry-run")["students"]
    assert everything(ask) == before
    assert would["changes"]
    assert any(f"[{material}]" in each for each in would["would_be"])
    assert not any(f"[{material}]" in each for each in would["now"])
    assert any("a teacher asked for this work" in each.lower() for each in would["why"])
    done = ran(*order)
    assert done["students"] == [would]
    assert material in lying(ask)
    defaults = ask(
        f"""SELECT material_id FROM lms.assignments
             WHERE student_ref = :r AND {OPEN} AND menu_position = 0 ORDER BY slot""",
        r=GUS,
    )
    assert [row[0] for row in defaults] == [each.rsplit("[", 1)[1].rstrip("]") for each in would["would_be"]]
    ((student,),) = ask("SELECT id FROM souschef.person WHERE ref = :r", r=GUS)
    refresh_assignments([student])
    assert material in lying(ask)
    assert ask("SELECT author, reason, expires_at > souschef.clock() FROM souschef.teacher_order") == [
        ("tmorgan", "as agreed", True)
    ]


def test_what_is_forbidden_goes_and_no_pin_brings_it_back(
    lain: list[str], ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    key = ran("forbid", "--class", "MATH-5A", "--material", lain[0], *WHY)["key"]
    assert lain[0] not in lying(ask)
    before = everything(ask)
    with pytest.raises(SystemExit) as ended:
        main(["order", "pin", "--student", GUS, "--material", lain[0], *WHY])
    assert ended.value.code == 2
    assert "This cannot be ordered: a teacher has ruled it out" in capsys.readouterr().err
    assert everything(ask) == before
    ran("revoke", key, "--by", "tmorgan")
    ran("pin", "--student", GUS, "--material", lain[0], *WHY)
    assert lain[0] in lying(ask)


def test_an_order_that_is_ruled_out_later_is_listed_with_its_reason(lain: list[str], ask: Ask) -> None:
    material = a_material(ask, but=lain)
    ran("must-do", "--student", GUS, "--material", material, *WHY)
    assert [each["unmet"] for each in ran("list")["orders"]] == [[]]
    ran("forbid", "--student", GUS, "--material", material, *WHY)
    by_kind = {each["order"]: each for each in ran("list", "--student", GUS)["orders"]}
    assert [(each["student"], each["code"]) for each in by_kind["must_do"]["unmet"]] == [(GUS, "H5.forbidden")]
    assert "ruled it out" in by_kind["must_do"]["unmet"][0]["because"]
    listing = CliRunner().invoke(app, ["order", "list", "--class", "MATH-5A"]).stdout
    assert "cannot be met" in listing
    table = CliRunner().invoke(app, ["class", "MATH-5A"]).stdout
    assert re.search(r"Override \d+ cannot be met for Gus .*: a teacher has ruled it out", table)
    class_report = json.loads(CliRunner().invoke(app, ["class", "MATH-5A", "--json"]).stdout)
    assert [(each["student"], each["code"]) for each in class_report["unmet"]] == [(GUS, "H5.forbidden")]
    assert "ruled it out" in listing


def test_a_hold_ends_by_itself_and_the_sweep_marks_its_student(lain: list[str], ask: Ask) -> None:
    ran("hold", "--student", GUS, *WHY, "--until", "7d")
    assert [each["standing"] for each in ran("list")["orders"]] == ["in force"]
    ask("UPDATE souschef.clock_offset SET ahead = ahead + interval '8 days' RETURNING 1")
    assert ran("list")["orders"] == []
    assert [each["standing"] for each in ran("list", "--all")["orders"]] == ["ended"]
    assert ask("SELECT count(*) FROM souschef.learner_state WHERE refresh_due") == [(0,)]
    sweep_once()
    assert ask("SELECT count(*) FROM souschef.learner_state WHERE refresh_due") == [(1,)]
    ((student,),) = ask("SELECT id FROM souschef.person WHERE ref = :r", r=GUS)
    refresh_assignments([student])
    sweep_once()
    assert ask("SELECT count(*) FROM souschef.learner_state WHERE refresh_due") == [(0,)]


def test_an_order_is_stored_until_a_worker_runs_and_the_access_log_says_who_sent_it(lain: list[str], ask: Ask) -> None:
    before, words = lying(ask), ("order", "forbid", "--class", "MATH-5A", "--material", lain[0], *WHY)
    result = CliRunner().invoke(app, [*words, "--wait", "0"])
    assert "Stored, in force when a worker runs." in result.stdout
    assert lying(ask) == before
    assert order_given([])["applied"] == 1
    assert lain[0] not in lying(ask)
    assert order_given([]) == {}
    log = "SELECT author, action, detail -> 'event' FROM souschef.access WHERE action LIKE 'forbid%' ORDER BY number"
    (sent, applied) = ask(log)
    assert (sent[0].startswith("tmorgan, login "), sent[1]) == (True, "forbid, submitted")
    assert (applied[0].startswith("tmorgan, source "), applied[1]) == (True, "forbid")
    assert sent[2] == applied[2]


def test_a_command_waits_until_a_worker_has_applied_its_order(lain: list[str], ask: Ask) -> None:
    with ThreadPoolExecutor(1) as pool:
        command = ["order", "forbid", "--class", "MATH-5A", "--material", lain[0], *WHY, "--wait", "60", "--json"]
        waiting = pool.submit(CliRunner().invoke, app, command)
        while not (waiting.done() or order_given([])):
            time.sleep(0.05)
        lines = waiting.result().stdout.splitlines()  # among them those that the worker logs meanwhile
        assert [json.loads(line)["applied"] for line in lines if line.startswith("{")] == [True]
    assert lain[0] not in lying(ask)


REFUSED = [
    (("pin", "--student", GUS, *WHY), "Give --material or --skill."),
    (("pin", "--material", "x", *WHY), "Give --student or --class."),
    (("pin", "--student", "nobody", "--material", "x", *WHY), "has no student nobody."),
    (("pin", "--student", GUS, "--material", "x", *WHY), "has no material x."),
    (("hold", "--student", GUS, *WHY, "--until", "soon"), "soon is not a time."),
    (("hold", "--student", GUS, *WHY, "--until", "2026-11-09"), "which is past"),
    (("hold", "--student", GUS, "--by", "t", "--reason", " "), "An order needs a reason."),
    (("revoke", "o-none", "--by", "t"), "There is no order o-none."),
]


def test_what_makes_no_sense_is_refused_with_a_hint(
    school: School, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    assert school
    for words, message in REFUSED:
        with pytest.raises(SystemExit) as ended:
            main(["order", *words])
        assert ended.value.code == 2, words
        assert message in capsys.readouterr().err
    assert ask("SELECT count(*) FROM souschef.teacher_order") == [(0,)]


def test_what_is_proposed_is_assigned_when_it_is_approved_and_stays_so(school: School, ask: Ask) -> None:
    ask("""INSERT INTO souschef.policy (school_id, document) SELECT id, '{"approve": true}' FROM souschef.school
           RETURNING id""")
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
    lies = f"FROM lms.assignments WHERE {OPEN} AND student_ref = '{GUS}'"
    slots = f"SELECT slot, state {lies} AND menu_position = 0 ORDER BY slot"
    proposed = ask(slots)
    assert len(proposed) > 1
    assert {state for _, state in proposed} == {"proposed"}
    first, second = [row[0] for row in ask(f"SELECT material_id {lies} AND menu_position = 0 ORDER BY slot")][:2]
    (would,) = ran("approve", "--student", GUS, "--material", first, *WHY, "--dry-run")["students"]
    assert ask(slots) == proposed
    ran("approve", "--student", GUS, "--material", first, *WHY)
    assert [state for _, state in ask(slots)] == ["assigned"] + ["proposed"] * (len(proposed) - 1)
    assert [" (proposed)" in each for each in would["would_be"]] == [state == "proposed" for _, state in ask(slots)]
    ran("pin", "--student", GUS, "--material", second, *WHY)
    assert [state for _, state in ask(slots)][:2] == ["assigned", "assigned"]
    ran("approve", "--class", "MATH-5A", *WHY)
    ((student,),) = ask("SELECT id FROM souschef.person WHERE ref = :r", r=GUS)
    refresh_assignments([student])
    assert {state for _, state in ask(slots)} == {"assigned"}
    feed = ask("SELECT assignment_id, state FROM lms.assignment_changes WHERE kind = 'assignment' ORDER BY number")
    assert {row[0] for row in ask(f"SELECT assignment_id {lies}")} <= {
        row for row, state in feed if state == "assigned"
    }
    assert [each["standing"] for each in ran("list", "--all")["orders"]] == ["done", "in force", "done"]
