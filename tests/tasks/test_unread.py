"""What a source sends that is not read is counted by name, and an operator sees it."""

import json
from typing import Any

import pytest
import sqlalchemy
from typer.testing import CliRunner

from lms import formats, unread
from models import engine
from models.events import unread as counts
from tasks.pipeline.record_events import record
from tests.tasks.conftest import Ask, School
from workers.cli.main import app

STUDENT = "riverside-s413"
ROWS = "SELECT reason, name, count FROM souschef.unread ORDER BY reason, name"


def send(school: School, *events: dict[str, Any]) -> None:
    with engine.transaction() as session:
        record(session, school.sender, events)


def event(kind: str, n: int = 0, /, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "id": f"{kind} {n}", "student": STUDENT, "at": "2026-10-01T09:00:00Z"} | fields


def test_a_misspelt_type_and_a_survey_that_is_not_allowed_are_counted_by_name(school: School, ask: Ask) -> None:
    send(school, event("item_reslt"), event("item_reslt", 1), event("survey_answer", survey="likes-2"))
    send(school, event("item_reslt", 2))
    assert ask(ROWS) == [("ignored", "item_reslt", 3), ("not_collected", "likes-2", 1)]


def test_a_question_that_the_questionnaire_lacks_is_counted_by_name(school: School, ask: Ask) -> None:
    answer = {"survey": "interests-24", "subject": "q-new", "kind": "text", "answer": "football"}
    school.deliver(event("survey_answer", **answer))
    assert ask(ROWS) == [("unknown_question", "interests-24: q-new", 1)]


def test_names_beyond_fifty_are_counted_together(school: School, ask: Ask) -> None:
    """A sender that makes up a type an event fills no table; the fifty that came first keep their names."""
    send(school, *(event(f"made up {n:02d}") for n in range(60)))
    send(school, event("made up 99"), event("made up 00", 1))
    rows = ask(ROWS)
    assert len(rows) == counts.MAX_NAMES + 1
    assert {name: number for _, name, number in rows}[""] == 11
    assert ("ignored", "made up 00", 2) in rows


def test_known_names_are_asked_for_once_a_minute(school: School, ask: Ask) -> None:
    """A name that another process has deleted comes back; one that is new is looked up."""
    statements: list[str] = []

    def count() -> int:
        found = sum("SELECT reason, name" in statement for statement in statements)
        statements.clear()
        return found

    with engine.transaction() as session:
        bind = session.connection().engine
    remember = lambda *arguments: statements.append(arguments[2])  # noqa: E731 - what SQLAlchemy calls
    sqlalchemy.event.listen(bind, "before_cursor_execute", remember)
    try:
        send(school, event("one"))
        send(school, event("one", 1))
        assert count() == 2  # before the first there was none
        send(school, event("one", 2))
        assert count() == 0
        ask("DELETE FROM souschef.unread RETURNING 1")
        send(school, event("one", 3))
        assert count() == 0
        send(school, event("one", 4), event("two"))
        assert count() == 1
    finally:
        sqlalchemy.event.remove(bind, "before_cursor_execute", remember)
    assert ask(ROWS) == [("ignored", "one", 2), ("ignored", "two", 1)]


def test_the_doctor_and_source_show_list_them(school: School) -> None:
    send(school, event("item_reslt"), event("survey_answer", survey="likes-2"))
    ran = CliRunner().invoke(app, ["doctor", "--source", "own"])
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    printed = ran.output
    assert "item_reslt (1; did you mean item_result?)" in printed
    assert "likes-2 (1)" in printed
    shown = json.loads(CliRunner().invoke(app, ["source", "show", "own", "--json"]).stdout)
    assert [(each["reason"], each["name"]) for each in shown["unread"]] == [
        ("ignored", "item_reslt"),
        ("not_collected", "likes-2"),
    ]
    assert "not read (ignored): item_reslt: 1" in CliRunner().invoke(app, ["source", "show", "own"]).stdout


def test_a_name_that_does_not_come_any_more_is_forgotten(school: School, ask: Ask) -> None:
    send(school, event("item_reslt"))
    [(school_id,)] = ask("SELECT id FROM souschef.school")
    with engine.transaction() as session:
        assert counts.forget_old(session, school_id) == 0
        session.connection().exec_driver_sql("UPDATE souschef.unread SET last_at = last_at - interval '91 days'")
        assert counts.forget_old(session, school_id) == 1


SURVEY = {"id": "https://m.example/mod/feedback/view.php?id=3", "definition": {"type": "http://x/survey"}}


@pytest.mark.parametrize(
    ("form", "sent", "reason", "name"),
    [
        ("moodle", {"verb": {"id": "http://x/viewed"}}, "ignored", "http://x/viewed"),
        ("moodle", {"context": {"contextActivities": {"parent": [SURVEY]}}}, "not_collected", SURVEY["id"]),
        ("caliper", {"type": "NavigationEvent", "action": "NavigatedTo"}, "ignored", "NavigationEvent NavigatedTo"),
        ("caliper", {"object": {"id": "i", "isPartOf": "https://q/1"}}, "not_collected", "https://q/1"),
        ("canvas", {"metadata": {"event_name": "quiz_submitted"}}, "ignored", "quiz_submitted"),
        ("typeform", {"form_response": {"form_id": "F1"}}, "not_collected", "F1"),
        ("canonical", {"type": "nonsense"}, "ignored", "nonsense"),
        ("canonical", {"type": "nonsense"}, "anonymous", ""),
        ("canonical", {"type": "a\nb"}, "ignored", ""),
        ("xapi", 7, "ignored", ""),
        ("canonical", {"type": "x" * 999}, "ignored", "x" * 200),
    ],
)
def test_each_formats_unread_events_have_the_name_that_its_sender_knows(
    form: str, sent: object, reason: str, name: str
) -> None:
    assert unread.name_of(formats.format_named(form).door, sent, reason) == name
