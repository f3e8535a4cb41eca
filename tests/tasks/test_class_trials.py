"""`souschef policy declare-trial` and `start-trial`: declared with its power first, then set for the chosen classes."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.tasks.conftest import Ask, School
from workers.cli.main import app, main

pytestmark = pytest.mark.timeout(120)
WHY = ("--by", "tmorgan", "--reason", "pilot")
DECLARE = ("declare-trial", "spring", "tolerance=0", "--outcome", "unit test, May", *WHY)
START = ("start-trial", "spring", "--until", "120d", *WHY)


def run(*arguments: str) -> Any:
    result = CliRunner().invoke(app, ["policy", *arguments, "--json"])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return json.loads(result.stdout)


def refused(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["policy", *arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def six_classes(school: School, ask: Ask) -> list[str]:
    """The example class cut into six, each with the same scope."""
    assert school
    [(first, owner)] = ask("SELECT id, school_id FROM souschef.class")
    for number in range(1, 6):
        [(new,)] = ask(
            "INSERT INTO souschef.class (school_id, ref, title) VALUES (:school, :ref, 'part') RETURNING id",
            school=owner,
            ref=f"PART-{number}",
        )
        ask("INSERT INTO souschef.alias (school_id, kind, name, target_id) VALUES (:school, 'class', :ref, :new) "
            "RETURNING 1", school=owner, ref=f"PART-{number}", new=new)  # fmt: skip
        ask("INSERT INTO souschef.scope (school_id, class_id, skill_id, author, reason) SELECT school_id, :new, "
            "skill_id, '', '' FROM souschef.scope WHERE class_id = :first RETURNING 1",
            new=new, first=first)  # fmt: skip
        ask("UPDATE souschef.enrolment SET class_id = :new WHERE class_id = :first AND role = 'student' "
            "AND person_id % 6 = :part RETURNING 1", new=new, first=first, part=number)  # fmt: skip
    return [row[0] for row in ask("SELECT ref FROM souschef.class ORDER BY id")]


def test_a_trial_is_declared_with_its_power_and_then_set_for_half_of_the_classes(
    six_classes: list[str], ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    policies = "SELECT count(*) FROM souschef.policy"
    assert refused(*START) == 2
    assert "was not declared" in capsys.readouterr().err
    tried = run(*DECLARE, "--dry-run")
    found = run(*DECLARE)
    assert {**found, "dry_run": True} == tried
    assert sorted([*found["with_settings"], *found["without"]]) == sorted(six_classes)
    assert len(found["with_settings"]) == 3
    assert not found["decides"]
    assert found["smallest_effect"] > 0.8
    assert ask(policies) == [(0,)]
    assert refused(*DECLARE) == 2
    assert "declared already" in capsys.readouterr().err
    assert run(*START, "--dry-run")["classes"].keys() == set(found["with_settings"])
    assert ask(policies) == [(0,)]
    run(*START)
    rows = ask("SELECT class.ref, document FROM souschef.policy JOIN souschef.class ON class.id = class_id ORDER BY 1")
    assert rows == [(ref, {"tolerance": 0}) for ref in sorted(found["with_settings"])]
    [(detail,)] = ask("SELECT detail FROM souschef.access WHERE action = 'trial declared'")
    assert detail["with"] == found["with_settings"]
    assert detail["outcome"] == "unit test, May"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("declare-trial", "x", "tolerance=0", "--outcome", "t", *WHY), "There are 1 classes"),
        (("declare-trial", "x", "tolerance=7", "--outcome", "t", *WHY), "tolerance"),
        (("declare-trial", "x", "max_open=7", "--outcome", "t", *WHY), "settings of a class"),
        (("declare-trial", "x", "tolerance=0", "--outcome", " ", *WHY), "an outcome"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    school: School, arguments: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert school
    assert refused(*arguments) == 2
    assert sentence in capsys.readouterr().err
