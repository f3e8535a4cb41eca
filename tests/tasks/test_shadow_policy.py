"""`souschef policy set --shadow`: decided twice, counted, nothing of it published; an error in it stops nothing."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from learning import selection
from tasks.pipeline import shadow
from tasks.refresh import refresh_assignments
from tests.tasks.conftest import Ask, School
from tests.tasks.test_table_plans import class_ref  # noqa: F401 - a fixture
from workers.cli.main import app, main

pytestmark = pytest.mark.timeout(180)
WHY = ("--by", "tmorgan", "--reason", "what would it change?")
PUBLISHED = ("assignment", "decision", "change", "skill_gap", "interest", "catalogue_need")


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["policy", *arguments, "--json"])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return json.loads(result.stdout)


def published(ask: Ask) -> list[tuple[Any, ...]]:
    return [row for table in PUBLISHED for row in ask(f"SELECT * FROM souschef.{table} AS t ORDER BY t")]


def decide_afresh(ask: Ask) -> list[int]:
    """Take everything back, so that all is chosen again; return the students."""
    ask("DELETE FROM souschef.assignment RETURNING 1")
    ask("UPDATE souschef.learner_state SET carry = '{}' RETURNING 1")
    students = [row[0] for row in ask("SELECT student_id FROM souschef.learner_state ORDER BY 1")]
    refresh_assignments(students)
    return students


def slots(ask: Ask) -> list[tuple[Any, ...]]:
    return ask("SELECT student_id, slot, menu_position, material_id, reason FROM souschef.assignment ORDER BY 1, 2, 3")


def test_a_shadow_is_counted_by_day_and_publishes_nothing(class_ref: str, ask: Ask) -> None:  # noqa: F811 - the fixture
    students = decide_afresh(ask)
    alone, before = slots(ask), published(ask)
    settings = ("ideal=0.9", "band=[0.85,0.95]", "thin_band=[0.85,0.95]", "wide_band=[0.5,0.97]")
    dry = run("set", *settings, "--shadow", "--class", class_ref, *WHY, "--dry-run")
    assert run("shadow", "--class", class_ref)["shadow"] == {}
    tried = run("set", *settings, "--shadow", "--class", class_ref, *WHY)["shadow"]
    assert tried == dry["shadow"] == run("show", "--class", class_ref)["shadow"]
    assert published(ask) == before
    assert "tolerance" in run("show", "--class", class_ref)["settings"]
    assert run("show", "--class", class_ref)["settings"]["ideal"]["from"] == "shipped"
    assert decide_afresh(ask) == students
    assert slots(ask) == alone  # the same inputs, the same decision: the shadow is not in it
    [day] = run("shadow", "--class", class_ref)["days"]
    assert day["decisions"] == len(students)
    assert 0 < day["differs"] <= len(students)
    assert sum(count for *_, count in day["codes"]) == day["differs"]
    assert day["milliseconds"] > 0
    shown = CliRunner().invoke(app, ["policy", "shadow", "--class", class_ref]).stdout
    assert "ms" in shown
    # Once removed, nothing is counted any more.
    run("set", *(f"{each.partition('=')[0]}=" for each in settings), "--shadow", "--class", class_ref, *WHY)
    decide_afresh(ask)
    assert run("shadow", "--class", class_ref)["days"] == [day]
    [actions] = ask("SELECT array_agg(action ORDER BY number) FROM souschef.access WHERE action LIKE 'policy shadow%'")
    assert actions[0] == ["policy shadow, dry run", "policy shadow", "policy shadow"]


def test_the_same_policy_in_the_shadow_differs_in_nothing(class_ref: str, ask: Ask) -> None:  # noqa: F811 - the fixture
    run("set", "tolerance=0.15", "--shadow", "--class", class_ref, *WHY)
    decide_afresh(ask)
    [day] = run("shadow", "--class", class_ref)["days"]
    assert day["decisions"] > 20
    assert (day["differs"], day["codes"]) == (0, [])
    for pair in ("price", "ladder", "churn"):
        assert day[pair][0] == day[pair][1]


def test_an_error_in_the_shadow_stops_no_decision(
    class_ref: str,  # noqa: F811 - the fixture
    ask: Ask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run("set", "tolerance=0", "--shadow", "--class", class_ref, *WHY)

    def broken(*_: object, **__: object) -> selection.StudentLists:
        raise ZeroDivisionError

    monkeypatch.setattr(shadow, "_decide", broken)
    decide_afresh(ask)
    assert slots(ask)
    assert run("shadow", "--class", class_ref)["days"] == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("tolerance=0.5",), "tolerance"),
        (("no_such=1",), "no_such"),
        (("max_open=3",), "whole school"),
        (("tolerance=0", "--until", "14d"), "A shadow has no end."),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    school: School, arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str], ask: Ask
) -> None:
    assert school
    with pytest.raises(SystemExit) as ended:
        main(["policy", "set", *arguments, "--shadow", "--class", "MATH-5A", *WHY])
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err
    assert ask("SELECT count(*) FROM souschef.policy WHERE shadow <> '{}'") == [(0,)]
