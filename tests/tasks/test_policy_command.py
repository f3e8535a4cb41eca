"""`souschef policy` and `souschef scope` over a really loaded school."""

import json
import re
from typing import Any

import pytest
from typer.testing import CliRunner

from tasks.sweep import sweep_once
from tests.tasks.conftest import Ask, School
from workers.cli.main import app, main

GUS = "riverside-s413"
OPEN = "state IN ('proposed', 'assigned', 'started')"
WHY = ("--by", "tmorgan", "--reason", "as agreed")
WRITTEN = ("policy", "scope", "assignment", "decision", "change", "learner_state")
pytestmark = pytest.mark.timeout(120)


def ran(*arguments: str) -> Any:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == 0, result.output + repr(result.exception)
    return json.loads(result.stdout)


def everything(ask: Ask) -> list[tuple[Any, ...]]:
    return [row for table in WRITTEN for row in ask(f"SELECT * FROM souschef.{table} AS t ORDER BY t")]


def test_the_dial_is_set_for_a_class_ends_by_itself_and_is_tried_first(school: School, ask: Ask) -> None:
    likes = {"type": "interest_feedback", "student": GUS, "at": "2026-11-09T09:00:00Z", "direction": "more"}
    school.deliver(*({**likes, "id": f"f{n}", "topic": "music"} for n in range(3)))
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
    before = everything(ask)
    dial = ("policy", "set", "tolerance=0", "slots=1", "--class", "MATH-5A", *WHY, "--until", "7d")
    would = {each["student"]: each for each in ran(*dial, "--dry-run")["students"]}
    assert everything(ask) == before
    assert len(would) == 28
    assert would[GUS]["would_be"]
    assert ran(*dial)["students"] == 28
    shown = ran("policy", "show", "--class", "MATH-5A")["settings"]["tolerance"]
    assert (shown["value"], shown["from"], shown["by"], shown["reason"]) == (0, "class", "tmorgan", "as agreed")
    shipped = ran("policy", "show")["settings"]["tolerance"]
    assert (shipped["value"], shipped["from"], shipped["range"]) == (0.15, "shipped", "0 to 0.15")
    printed = CliRunner().invoke(app, ["policy", "show", "--class", "MATH-5A"], env={"COLUMNS": "200"}).stdout
    assert "Share of the fit that a liked theme may cost" in printed
    assert re.search(r"Set for the class until 2026-11-\d\d \d\d:\d\dZ by tmorgan: as agreed", printed)
    others = [each for ref, each in would.items() if ref != GUS]
    assert all(len(each["would_be"]) == 1 for each in others)
    lies = ask(f"SELECT student_ref, count(DISTINCT slot) FROM lms.assignments WHERE {OPEN} GROUP BY 1")
    assert {ref: count for ref, count in lies if ref != GUS} == dict.fromkeys((each["student"] for each in others), 1)
    ask("UPDATE souschef.clock_offset SET ahead = ahead + interval '8 days' RETURNING 1")
    assert ran("policy", "show", "--class", "MATH-5A")["settings"]["tolerance"]["from"] == "shipped"
    sweep_once()
    assert ask("SELECT count(*) FROM souschef.learner_state WHERE refresh_due") == [(28,)]
    ran("policy", "set", "minutes_open=60", "tolerance=", "--class", "MATH-5A", *WHY)
    assert ask("SELECT document, until FROM souschef.policy") == [({"minutes_open": 60}, {})]


def test_a_skill_is_closed_and_opened_and_its_work_goes_and_comes(school: School, ask: Ask) -> None:
    """Gus is right on what this year's skills build on and wrong on those, so that nothing builds on his work."""
    for (item,) in ask("SELECT DISTINCT name FROM souschef.alias WHERE kind = 'item' AND name LIKE '%.%.% q0_'"):
        school.deliver(*school.answers(GUS, item, "0000" if item.startswith("5.NF") else "1111"))
    ran("refresh", "--class", "MATH-5A")
    work = f"SELECT skill, student_ref FROM lms.assignments WHERE {OPEN} GROUP BY 1, 2 ORDER BY 1, 2"
    in_scope = {each["skill"] for each in ran("scope", "list", "--class", "MATH-5A")["scope"]}
    before = everything(ask)

    def gone(skill: str) -> list[str]:
        """Return who would lose work; that on a skill which another in scope builds on stays: it prepares for that."""
        would = ran("scope", "close", "MATH-5A", skill, *WHY, "--dry-run")["students"]
        return [each["student"] for each in would if any("class is not at its skill" in why for why in each["why"])]

    skills = sorted({skill for skill, _ in ask(work)} & in_scope)
    skill, losers = next((each, found) for each in skills if (found := gone(each)))
    assert everything(ask) == before
    ran("scope", "close", "MATH-5A", skill, *WHY)
    assert not {(skill, student) for student in losers} & set(ask(work))
    by_skill = {each["skill"]: each for each in ran("scope", "list", "--class", "MATH-5A")["scope"]}
    assert (by_skill[skill]["standing"], by_skill[skill]["author"]) == ("closed", "tmorgan")
    ran("scope", "open", "MATH-5A", skill, "--due", "2026-12-18", *WHY)
    by_skill = {each["skill"]: each for each in ran("scope", "list")["scope"] if each["class_ref"] == "MATH-5A"}
    assert (by_skill[skill]["standing"], by_skill[skill]["due_at"][:10]) == ("open", "2026-12-18")


def test_a_setting_keeps_its_author_and_reason_when_another_is_set(school: Any, ask: Ask) -> None:
    """Also one that was set before each had its own: the row's author and reason were its."""
    assert school
    ran("policy", "set", "tolerance=0", "--by", "tmorgan", "--reason", "before the exam")
    ask("UPDATE souschef.policy SET set_by = '{}' RETURNING 1")
    ran("policy", "set", "slots=2", "--by", "apatel", "--reason", "first weeks")
    ran("policy", "set", "minutes_open=60", "--by", "jlee", "--reason", "short days")
    shown = ran("policy", "show")["settings"]
    assert {name: (shown[name]["by"], shown[name]["reason"]) for name in ("tolerance", "slots", "minutes_open")} == {
        "tolerance": ("tmorgan", "before the exam"),
        "slots": ("apatel", "first weeks"),
        "minutes_open": ("jlee", "short days"),
    }
    ran("policy", "set", "tolerance=0.1", "--by", "apatel", "--reason", "after it")
    assert ran("policy", "show")["settings"]["tolerance"]["by"] == "apatel"
    ran("policy", "set", "slots=", "--by", "apatel", "--reason", "done")
    assert ask("SELECT array_agg(key ORDER BY key) FROM souschef.policy, jsonb_object_keys(set_by) AS key") == [
        (["minutes_open", "tolerance"],)
    ]


REFUSED = [
    (("policy", "set", "tolerance=0.5", *WHY), "tolerance cannot be 0.5. It takes 0 to 0.15."),
    (("policy", "set", "colour=blue", *WHY), "There is no setting colour."),
    (("policy", "set", "tie_key=1", *WHY), "tie_key is not for a teacher to set."),
    (("policy", "set", "tolerance", *WHY), "tolerance is not a setting."),
    (("policy", "set", "tolerance=0", "--class", "none", *WHY), "has no class none."),
    (("policy", "set", "tolerance=0", "--by", "t", "--reason", ""), "Author and reason are required"),
    (("policy", "set", "tolerance=0", *WHY, "--until", "2026-01-01"), "is in the past"),
    (("scope", "open", "MATH-5A", "none", *WHY), "has no skill none."),
    (("scope", "close", "none", "4.NF.A.1", *WHY), "has no class none."),
]


def test_what_makes_no_sense_is_refused_with_a_hint(
    school: School, ask: Ask, capsys: pytest.CaptureFixture[str]
) -> None:
    assert school
    before = everything(ask)
    for words, message in REFUSED:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        assert ended.value.code == 2, words
        assert message in capsys.readouterr().err
    assert everything(ask) == before
