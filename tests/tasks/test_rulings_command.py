"""`souschef policy` and `souschef scope` over a really loaded school."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from tasks.maintenance import sweep_once
from workers.command_line import app, main

Ask = Callable[..., list[tuple[Any, ...]]]
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


def test_the_dial_is_set_for_a_class_ends_by_itself_and_is_tried_first(school: Any, ask: Ask) -> None:
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
    assert ran("policy", "show")["settings"]["tolerance"] == {"value": 0.15, "from": "shipped"}
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


def test_a_skill_is_closed_and_opened_and_its_work_goes_and_comes(school: Any, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, "4.NF.A.1 q01", "0101"))
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
    listed = {each["skill"]: each for each in ran("scope", "list", "--class", "MATH-5A")["scope"]}
    assert (listed[skill]["standing"], listed[skill]["author"]) == ("closed", "tmorgan")
    ran("scope", "open", "MATH-5A", skill, "--due", "2026-12-18", *WHY)
    listed = {each["skill"]: each for each in ran("scope", "list")["scope"] if each["class_ref"] == "MATH-5A"}
    assert (listed[skill]["standing"], listed[skill]["due_at"][:10]) == ("open", "2026-12-18")


REFUSED = [
    (("policy", "set", "tolerance=0.5", *WHY), "policy 'tolerance' cannot be 0.5."),
    (("policy", "set", "colour=blue", *WHY), "policy 'colour' cannot be 'blue'."),
    (("policy", "set", "tie_key=1", *WHY), "tie_key is not for a teacher to set."),
    (("policy", "set", "tolerance", *WHY), "tolerance is no setting."),
    (("policy", "set", "tolerance=0", "--class", "none", *WHY), "There is no class none."),
    (("policy", "set", "tolerance=0", "--by", "t", "--reason", ""), "says who and why"),
    (("policy", "set", "tolerance=0", *WHY, "--until", "2026-01-01"), "is past"),
    (("scope", "open", "MATH-5A", "none", *WHY), "There is no skill none."),
    (("scope", "close", "none", "4.NF.A.1", *WHY), "There is no class none."),
]


def test_what_makes_no_sense_is_refused_with_its_mend(school: Any, ask: Ask, capsys: Any) -> None:
    assert school
    before = everything(ask)
    for words, said in REFUSED:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        assert ended.value.code == 2, words
        assert said in capsys.readouterr().err
    assert everything(ask) == before
