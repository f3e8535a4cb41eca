"""`souschef quarantine` and `souschef reprocess-events`, with a real database and a real broker."""

import json
import stat
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from config.errors import OperatorError
from config.settings import Settings, settings
from lms import strict_json
from lms.facts import EventKind
from models import engine
from models.access import sources
from models.events import inbox, quarantine
from models.events.incoming import NewEvent
from models.events.quarantine import EventFilter
from models.tables import Alias, Person, School
from tasks.events import assessment_completed
from workers.cli.main import app

RUN = CliRunner()
SECRET_WORD = "Hoppípolla"
BAD = {"type": "item_result", "id": "1", "student": SECRET_WORD, "at": "yesterday", "subject": "q", "outcome": 1.0}
"""An event whose time is not valid: `bad_time` at /at in every format."""
UNKNOWN = {
    "type": "item_result",
    "id": "2",
    "student": "s1",
    "at": "2026-01-05T09:00:00Z",
    "subject": "q",
    "outcome": 1,
}


@pytest.fixture
def ids(database_settings: Settings) -> list[int]:
    """One invalid event and one of a student who is not loaded, both processed by the real task."""
    key = database_settings.secret_key_bytes()
    with engine.transaction() as session:
        session.add(School(ref="riverside", name="Riverside"))
        session.flush()
        credential = sources.add(session, "own", format="canonical", secret_key=key)
        sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
        assert sender is not None
        events = [
            NewEvent(EventKind.ASSESSMENT, bytes([n] * 16), "s", strict_json.write(event))
            for n, event in enumerate((BAD, UNKNOWN))
        ]
        found = sorted(inbox.record(session, sender, events).accepted[EventKind.ASSESSMENT])
    assert assessment_completed(found) == {"parked": 1, "quarantined": 1, "batches": 1}
    return found


def run(*arguments: str, code: int = 0) -> str:
    ran = RUN.invoke(app, arguments)
    assert ran.exit_code == code, (ran.output, ran.exception)
    return ran.stdout


def states() -> list[tuple[str, str | None]]:
    with engine.transaction() as session:
        rows = session.connection().execute(text("SELECT state, code FROM souschef.inbox ORDER BY id"))
        return [(row[0], row[1]) for row in rows]


def test_the_list_shows_code_and_position_and_nothing_about_the_student(ids: list[int]) -> None:
    shown = run("quarantine", "list")
    assert f"{ids[0]}  own  assessment  bad_time at /at" in shown
    assert "1 in quarantine." in shown
    [document] = json.loads(run("quarantine", "list", "--json"))["quarantine"]
    assert (document["id"], document["code"], document["pointer"], document["attempts"]) == (
        ids[0],
        "bad_time",
        "/at",
        1,
    )
    assert "payload" not in document
    assert SECRET_WORD not in shown


def test_the_payload_is_shown_only_on_request(ids: list[int]) -> None:
    assert SECRET_WORD not in run("quarantine", "show", str(ids[0]))
    document = json.loads(run("quarantine", "show", str(ids[0]), "--payload", "--json"))
    assert json.loads(document["payload"]) == BAD


def test_reading_a_payload_is_in_the_access_log(ids: list[int], tmp_path: Path) -> None:
    """With the student as a subject if the name is known; listing codes is not logged."""

    def entries(*of: str) -> list[tuple[str, int, int]]:
        rows = json.loads(run("audit", "list", *of, "--json"))["entries"]
        read = [each for each in rows if each["action"].startswith("quarantine")]
        return [(each["action"], each["students"], each["detail"]["events"]) for each in reversed(read)]

    run("quarantine", "show", str(ids[0]))
    run("quarantine", "export", str(tmp_path / "without.jsonl"))
    assert entries() == []
    run("quarantine", "show", str(ids[0]), "--payload")
    with engine.transaction() as session:
        ((school,),) = session.connection().execute(text("SELECT id FROM souschef.school")).all()
        person = Person(school_id=school, ref="s7", role="student")
        session.add(person)
        session.flush()
        assert person.id is not None
        session.add(Alias(school_id=school, kind="person", name=SECRET_WORD, target_id=person.id))
    run("quarantine", "export", str(tmp_path / "with.jsonl"), "--payload")
    with engine.transaction() as session:
        session.connection().execute(text("UPDATE souschef.inbox SET payload = ''"))
    run("quarantine", "show", str(ids[0]), "--payload")
    assert entries() == [("quarantine show", 0, 1), ("quarantine export", 1, 1), ("quarantine show", 0, 1)]
    assert entries("--student", "s7") == [("quarantine export", 1, 1)]
    run("audit", "verify")


def test_what_is_not_in_quarantine_cannot_be_shown(ids: list[int]) -> None:
    ran = RUN.invoke(app, ["quarantine", "show", str(ids[1])])
    assert isinstance(ran.exception, OperatorError)


def test_a_decision_needs_a_reason_and_somebody_whom_it_concerns(ids: list[int]) -> None:
    run("quarantine", "retry", str(ids[0]), code=2)
    ran = RUN.invoke(app, ["quarantine", "discard", "--reason", "because"])
    assert isinstance(ran.exception, OperatorError)
    assert states() == [("quarantined", "bad_time"), ("parked", "unknown_student")]


@pytest.mark.parametrize("decision", ["retry", "discard"])
def test_a_dry_run_changes_nothing(ids: list[int], decision: str) -> None:
    document = json.loads(run("quarantine", decision, "--code", "bad_time", "--reason", "look", "--dry-run", "--json"))
    assert document == {"ids": [ids[0]], "count": 1, "dry_run": True}
    assert states()[0] == ("quarantined", "bad_time")
    assert not (settings().data_dir / "logs" / "quarantine.log").exists()


def test_a_retry_is_worked_again_and_its_reason_is_kept(ids: list[int]) -> None:
    """Fixed in place, as a fixed parser would read it: it is parked now, because its student is unknown."""
    with engine.transaction() as session:
        fixed = strict_json.write({**BAD, "at": "2026-01-05T09:00:00Z"})
        change = text("UPDATE souschef.inbox SET payload = :payload WHERE id = :id")
        session.connection().execute(change, {"payload": fixed, "id": ids[0]})
    run("quarantine", "retry", str(ids[0]), "--reason", "The clock of the sender was fixed")
    assert states()[0] == ("pending", None)
    assert assessment_completed([ids[0]])["parked"] == 1
    [line] = (settings().data_dir / "logs" / "quarantine.log").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["decision"], entry["inbox_ids"], entry["reason"]) == (
        "retried",
        [ids[0]],
        "The clock of the sender was fixed",
    )


def test_a_retry_of_an_invalid_event_fails_with_the_same_code(ids: list[int]) -> None:
    run("quarantine", "retry", "--source", "own", "--reason", "look")
    assert assessment_completed([])["quarantined"] == 1
    [event] = json.loads(run("quarantine", "list", "--json"))["quarantine"]
    assert (event["id"], event["code"], event["attempts"]) == (ids[0], "bad_time", 1)


def test_a_discarded_event_leaves_the_quarantine_with_a_reason(ids: list[int]) -> None:
    assert "1 event discarded" in run("quarantine", "discard", str(ids[0]), "--reason", "A test")
    assert states()[0] == ("dropped", "discarded")
    assert "0 in quarantine." in run("quarantine", "list")
    assert "no event matches" in run("quarantine", "discard", "--source", "own", "--reason", "A test")


@pytest.mark.parametrize("decision", ["retry", "discard"])
def test_an_id_that_is_not_in_quarantine_is_a_mistake_and_nothing_is_done(ids: list[int], decision: str) -> None:
    ran = RUN.invoke(app, ["quarantine", decision, str(ids[0]), "999", "--reason", "A test"])
    assert isinstance(ran.exception, OperatorError)
    assert (ran.exception.exit_code, "no event 999 " in ran.exception.message) == (2, True)
    assert states()[0] == ("quarantined", "bad_time")


def test_a_decision_whose_reason_cannot_be_stored_is_not_made(ids: list[int]) -> None:
    """There is a file instead of the folder of the logs."""
    settings().data_dir.mkdir(parents=True, exist_ok=True)
    (settings().data_dir / "logs").write_text("")
    ran = RUN.invoke(app, ["quarantine", "discard", str(ids[0]), "--reason", "A test"])
    assert isinstance(ran.exception, OperatorError)
    assert states()[0] == ("quarantined", "bad_time")


def test_an_export_has_a_line_for_each_event_and_only_its_owner_can_read_it(ids: list[int], tmp_path: Path) -> None:
    [line] = run("quarantine", "export").splitlines()
    assert "payload" not in json.loads(line)
    file = tmp_path / "held.jsonl"
    run("quarantine", "export", str(file), "--payload")
    [line] = file.read_text().splitlines()
    assert json.loads(json.loads(line)["payload"]) == BAD
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert isinstance(RUN.invoke(app, ["quarantine", "export", str(file)]).exception, OperatorError)
    assert json.loads(line)["id"] == ids[0]


def test_reprocessing_parses_parked_events_again_and_leaves_the_quarantine(ids: list[int]) -> None:
    assert json.loads(run("replay", "--dry-run", "--json")) == {"again": 1, "pruned": 0, "dry_run": True}
    assert states()[1] == ("parked", "unknown_student")
    run("replay", "--source", "own", "--since", "2020-01-01")
    assert states() == [("quarantined", "bad_time"), ("pending", "again")]
    assert assessment_completed([ids[1]])["parked"] == 1
    assert json.loads(run("replay", "--since", "9000-01-01T00:00Z", "--json"))["again"] == 0


def test_reprocessing_reports_events_without_a_payload(ids: list[int]) -> None:
    with engine.transaction() as session:
        quarantine.discard(session, [ids[0]])
        session.connection().execute(text("UPDATE souschef.inbox SET payload = ''"))
        assert quarantine.list_events(session, EventFilter()) == []
    assert "1 cannot be: their payloads were pruned" in run("replay", "--code", "discarded")
    assert states()[0] == ("dropped", "discarded")


def test_an_invalid_time_is_refused(database_settings: Settings) -> None:
    assert database_settings
    run("replay", "--since", "monday", code=2)
