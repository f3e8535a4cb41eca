"""What a student says of a topic that is not loaded waits for it, by name, as everything that names something does."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from models import engine
from tasks import events
from tasks.pipeline import check_events
from tests.tasks.conftest import Ask, School
from workers.cli.main import app

pytestmark = pytest.mark.timeout(120)
GUS = "riverside-s413"
VETO = {"type": "interest_veto", "id": "v", "student": GUS, "at": "2026-11-09T09:00:00Z", "topic": "volcanoes"}
MORE = {**VETO, "type": "interest_feedback", "id": "f", "direction": "more"}
FACTS = "SELECT kind FROM souschef.fact WHERE value ->> 'topic' = 'volcanoes' ORDER BY kind"


def souschef(*words: str) -> str:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_a_veto_of_an_unknown_topic_waits_by_name_until_the_topic_is_loaded(
    school: School, ask: Ask, tmp_path: Path
) -> None:
    assert school.deliver(VETO, MORE) == {"parked": 2, "batches": 1}
    assert ask(FACTS) == []
    (waits,) = json.loads(souschef("parked", "list", "--json"))["parked"]
    assert (waits["kind"], waits["name"], waits["events"]) == ("topic", "volcanoes", 2)
    assert "Topic: load it with topics.csv." in souschef("parked", "list")

    (tmp_path / "topics.csv").write_text("topic,title\nvolcanoes,Volcanoes\n")
    souschef("load", str(tmp_path))
    events.choice_made([row[0] for row in ask("SELECT id FROM souschef.inbox WHERE state = 'pending'")])
    assert ask(FACTS) == [("interest_feedback",), ("interest_veto",)]
    assert ask("SELECT vetoed FROM lms.interests WHERE student_ref = :r AND topic = 'volcanoes'", r=GUS) == [(True,)]


def test_a_dry_run_names_the_topic_that_is_missing(school: School) -> None:
    with engine.transaction() as session:
        loaded, missing = check_events.check(session, school.sender, [{**VETO, "topic": "space"}, {**VETO, "id": "w"}])
    assert loaded.outcome == "applied"
    assert (missing.outcome, missing.code) == ("parked", "unknown_topic")
    assert [(each.kind, each.name) for each in missing.unknown] == [("topic", "volcanoes")]
