"""`souschef recompute-states`: states follow from the facts, and a wrong state is found, counted and fixed."""

import json
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from config.errors import OperatorError
from config.settings import Settings
from lms import formats, strict_json
from lms.facts import EventKind
from models import engine
from models.access import sources
from models.events import inbox
from models.events.incoming import NewEvent
from tasks.events import assessment_completed
from tasks.nightly import nightly
from workers.cli.demo import replay
from workers.cli.main import app

RUN = CliRunner()
pytestmark = pytest.mark.timeout(120)
ANSWERED = 3


@pytest.fixture
def students(database_settings: Settings) -> list[str]:
    """The example school within its term; the first three of its students have answered four times each."""
    replay.load(replay.quiet_console())
    refs = [row[0] for row in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref")]
    key = database_settings.secret_key_bytes()
    with engine.transaction() as session:
        session.connection().execute(
            text("""INSERT INTO souschef.clock_offset (single, ahead)
                    VALUES (true, timestamptz '2026-11-10 12:00Z' - statement_timestamp())""")
        )
        credential = sources.add(session, "own", format="canonical", secret_key=key)
        sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
        assert sender is not None
        incoming = []
        for ref in refs[:ANSWERED]:
            for event in answers(ref, "0110"):
                envelope = formats.envelope("canonical", event, rules=sender.rules)
                incoming.append(
                    NewEvent(EventKind.ASSESSMENT, envelope.key, envelope.student, strict_json.write(event))
                )
        ids = inbox.record(session, sender, incoming).accepted[EventKind.ASSESSMENT]
    assert assessment_completed(ids)["applied"] == 4 * ANSWERED
    return refs


def answers(student: str, outcomes: str) -> list[dict[str, Any]]:
    return [
        {
            "type": "item_result",
            "id": f"{student} {n}",
            "student": student,
            "at": f"2026-10-01T09:{n:02d}:00Z",
            "subject": "4.NF.A.1 q01",
            "outcome": float(outcome),
            "attempt": "a",
        }
        for n, outcome in enumerate(outcomes)
    ]


def ask(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with engine.transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement), parameters)]


def rebuild(*arguments: str, code: int = 0) -> dict[str, Any]:
    ran = RUN.invoke(app, ["rebuild", *arguments, "--json"])
    assert ran.exit_code == code, (ran.output, ran.exception)
    summary: dict[str, Any] = json.loads(ran.stdout)
    assert summary["students"] == sum(summary[name] for name in ("differed", "due", "new", "same"))
    return summary


STATES = "SELECT student_id, state, facts, last_at, last_key FROM souschef.learner_state WHERE facts > 0 ORDER BY 1"
BROKEN = """UPDATE souschef.learner_state SET state = (SELECT state FROM souschef.learner_state WHERE facts = 0 LIMIT 1)
             WHERE student_id = (SELECT id FROM souschef.person WHERE ref = :ref) RETURNING student_id"""


@pytest.mark.shows("P9")
def test_the_facts_give_the_live_states(students: list[str]) -> None:
    """Three students have states; the others get their first."""
    before = ask(STATES)
    summary = rebuild("--all")
    assert (summary["differed"], summary["due"], summary["same"]) == (0, 0, ANSWERED)
    assert summary["new"] == summary["students"] - ANSWERED == len(students) - ANSWERED
    assert ask(STATES) == before
    assert rebuild("--all")["same"] == len(students)


def test_a_wrong_state_is_found_and_fixed(students: list[str]) -> None:
    """The mutant: one student's state is made that of somebody who never answered."""
    rebuild("--all")
    before = ask(STATES)
    assert len(ask(BROKEN, ref=students[1])) == 1
    assert ask(STATES) != before
    assert rebuild("--student", students[0])["differed"] == 0
    assert rebuild("--student", students[1], code=1)["differed"] == 1
    assert ask(STATES) == before
    assert rebuild("--all")["differed"] == 0


def test_states_that_wait_for_the_nights_snapshot_are_counted_apart(students: list[str]) -> None:
    assert nightly()["snapshots"] == 1
    summary = rebuild("--student", students[0])
    assert (summary["due"], summary["differed"]) == (1, 0)


def test_a_class_and_a_school_are_those_who_are_in_it(students: list[str]) -> None:
    [(class_ref, count)] = ask("""
        SELECT class.ref, count(DISTINCT person_id) FROM souschef.enrolment
          JOIN souschef.class ON class.id = class_id WHERE role = 'student'
           AND (ended_at IS NULL OR ended_at > souschef.clock()) GROUP BY 1 LIMIT 1
    """)
    assert rebuild("--class", class_ref)["students"] == count
    [(school,)] = ask("SELECT ref FROM souschef.school")
    assert rebuild("--school", school)["students"] == len(students)


def test_nobody_is_meant_by_saying_nothing_and_nobody_by_a_wrong_name(students: list[str]) -> None:
    assert RUN.invoke(app, ["rebuild"]).exit_code == 2
    for arguments in (["--student", "nobody"], ["--class", "none"], ["--student", students[0], "--school", "other"]):
        assert isinstance(RUN.invoke(app, ["rebuild", *arguments]).exception, OperatorError)


def test_it_says_how_fast_it_was(students: list[str]) -> None:
    ran = RUN.invoke(app, ["rebuild", "--student", students[0]])
    assert ran.exit_code == 0
    assert "1 students in" in ran.stdout
    assert "0 states differed" in ran.stdout
