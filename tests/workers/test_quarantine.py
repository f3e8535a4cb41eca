"""`souschef quarantine` and `souschef replay`, over a real database and a real bell."""

import json
import stat
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from config.errors import Mendable
from config.settings import Settings, settings
from lms import strict_json
from lms.facts import EventKind
from models import database, inbox, quarantine, sources
from models.inbox import Incoming
from models.quarantine import Chosen
from models.tables import Alias, Person, School
from tasks.events import assessment_completed
from workers.command_line import app

RUN = CliRunner()
SECRET_WORD = "Hoppípolla"
BAD = {"type": "item_result", "id": "1", "student": SECRET_WORD, "at": "yesterday", "subject": "q", "outcome": 1.0}
"""An event whose time is none: `bad_time` at /at, whoever reads it."""
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
    """One event that makes no sense and one that names a student whom nobody loaded, both worked by the real task."""
    key = database_settings.secret_key_bytes()
    with database.transaction() as session:
        session.add(School(ref="riverside", name="Riverside"))
        session.flush()
        given = sources.add(session, "own", format="canonical", secret_key=key)
        sender = sources.authenticate(session, key=given.key, secret=given.secret, secret_key=key)
        assert sender is not None
        events = [
            Incoming(EventKind.ASSESSMENT, bytes([n] * 16), "s", strict_json.write(event))
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
    with database.transaction() as session:
        rows = session.connection().execute(text("SELECT state, code FROM souschef.inbox ORDER BY id"))
        return [(row[0], row[1]) for row in rows]


def test_the_list_says_what_is_wrong_and_where_and_nothing_of_the_student(ids: list[int]) -> None:
    shown = run("quarantine", "list")
    assert f"{ids[0]}  own  assessment  bad_time at /at" in shown
    assert "1 in quarantine." in shown
    [told] = json.loads(run("quarantine", "list", "--json"))["quarantine"]
    assert (told["id"], told["code"], told["pointer"], told["attempts"]) == (ids[0], "bad_time", "/at", 1)
    assert "payload" not in told
    assert SECRET_WORD not in shown


def test_the_event_itself_is_shown_only_to_who_asks_for_it(ids: list[int]) -> None:
    assert SECRET_WORD not in run("quarantine", "show", str(ids[0]))
    told = json.loads(run("quarantine", "show", str(ids[0]), "--payload", "--json"))
    assert json.loads(told["payload"]) == BAD


def test_who_reads_the_event_itself_stands_in_the_access_log(ids: list[int], tmp_path: Path) -> None:
    """With the student as a subject where the name is known; to look at its code alone is no reading."""

    def entries(*of: str) -> list[tuple[str, int, int]]:
        told = json.loads(run("audit", "list", *of, "--json"))["entries"]
        read = [each for each in told if each["action"].startswith("quarantine")]
        return [(each["action"], each["students"], each["detail"]["events"]) for each in reversed(read)]

    run("quarantine", "show", str(ids[0]))
    run("quarantine", "export", str(tmp_path / "without.jsonl"))
    assert entries() == []
    run("quarantine", "show", str(ids[0]), "--payload")
    with database.transaction() as session:
        ((school,),) = session.connection().execute(text("SELECT id FROM souschef.school")).all()
        person = Person(school_id=school, ref="s7", role="student")
        session.add(person)
        session.flush()
        session.add(Alias(school_id=school, kind="person", name=SECRET_WORD, target_id=person.id))
    run("quarantine", "export", str(tmp_path / "with.jsonl"), "--payload")
    with database.transaction() as session:
        session.connection().execute(text("UPDATE souschef.inbox SET payload = ''"))
    run("quarantine", "show", str(ids[0]), "--payload")
    assert entries() == [("quarantine show", 0, 1), ("quarantine export", 1, 1), ("quarantine show", 0, 1)]
    assert entries("--student", "s7") == [("quarantine export", 1, 1)]
    run("audit", "verify")


def test_what_is_not_in_quarantine_cannot_be_shown(ids: list[int]) -> None:
    ran = RUN.invoke(app, ["quarantine", "show", str(ids[1])])
    assert isinstance(ran.exception, Mendable)


def test_a_decision_needs_a_reason_and_somebody_whom_it_concerns(ids: list[int]) -> None:
    run("quarantine", "retry", str(ids[0]), code=2)
    ran = RUN.invoke(app, ["quarantine", "discard", "--reason", "because"])
    assert isinstance(ran.exception, Mendable)
    assert states() == [("quarantined", "bad_time"), ("parked", "unknown_student")]


@pytest.mark.parametrize("decision", ["retry", "discard"])
def test_a_dry_run_changes_nothing(ids: list[int], decision: str) -> None:
    told = json.loads(run("quarantine", decision, "--code", "bad_time", "--reason", "look", "--dry-run", "--json"))
    assert told == {"ids": [ids[0]], "count": 1, "dry_run": True}
    assert states()[0] == ("quarantined", "bad_time")
    assert not (settings().data_dir / "logs" / "quarantine.log").exists()


def test_a_retry_is_worked_again_and_its_reason_is_kept(ids: list[int]) -> None:
    """Mended in place, as a mended parser would read it: it is parked now, for its student is unknown."""
    with database.transaction() as session:
        mended = strict_json.write({**BAD, "at": "2026-01-05T09:00:00Z"})
        change = text("UPDATE souschef.inbox SET payload = :payload WHERE id = :id")
        session.connection().execute(change, {"payload": mended, "id": ids[0]})
    run("quarantine", "retry", str(ids[0]), "--reason", "The clock of the sender was mended")
    assert states()[0] == ("pending", None)
    assert assessment_completed([ids[0]])["parked"] == 1
    [line] = (settings().data_dir / "logs" / "quarantine.log").read_text().splitlines()
    kept = json.loads(line)
    told = (kept["decision"], kept["inbox_ids"], kept["reason"])
    assert told == ("retried", [ids[0]], "The clock of the sender was mended")


def test_a_retry_of_what_is_still_wrong_is_back_with_the_same_code(ids: list[int]) -> None:
    run("quarantine", "retry", "--source", "own", "--reason", "look")
    assert assessment_completed([])["quarantined"] == 1
    [held] = json.loads(run("quarantine", "list", "--json"))["quarantine"]
    assert (held["id"], held["code"], held["attempts"]) == (ids[0], "bad_time", 1)


def test_a_discarded_event_leaves_the_quarantine_with_a_reason(ids: list[int]) -> None:
    assert "1 event discarded" in run("quarantine", "discard", str(ids[0]), "--reason", "A test")
    assert states()[0] == ("dropped", "discarded")
    assert "0 in quarantine." in run("quarantine", "list")
    assert "none fits" in run("quarantine", "discard", str(ids[0]), "--reason", "A test")


def test_a_decision_whose_reason_cannot_be_kept_is_not_made(ids: list[int]) -> None:
    """A file stands where the folder of the logs should."""
    settings().data_dir.mkdir(parents=True, exist_ok=True)
    (settings().data_dir / "logs").write_text("")
    ran = RUN.invoke(app, ["quarantine", "discard", str(ids[0]), "--reason", "A test"])
    assert isinstance(ran.exception, Mendable)
    assert states()[0] == ("quarantined", "bad_time")


def test_an_export_is_a_line_an_event_for_its_owner_alone(ids: list[int], tmp_path: Path) -> None:
    [line] = run("quarantine", "export").splitlines()
    assert "payload" not in json.loads(line)
    file = tmp_path / "held.jsonl"
    run("quarantine", "export", str(file), "--payload")
    [line] = file.read_text().splitlines()
    assert json.loads(json.loads(line)["payload"]) == BAD
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert isinstance(RUN.invoke(app, ["quarantine", "export", str(file)]).exception, Mendable)
    assert json.loads(line)["id"] == ids[0]


def test_a_replay_reads_what_was_parked_again_and_leaves_the_quarantine(ids: list[int]) -> None:
    assert json.loads(run("replay", "--dry-run", "--json")) == {"again": 1, "pruned": 0, "dry_run": True}
    assert states()[1] == ("parked", "unknown_student")
    run("replay", "--source", "own", "--since", "2020-01-01")
    assert states() == [("quarantined", "bad_time"), ("pending", "again")]
    assert assessment_completed([ids[1]])["parked"] == 1
    assert json.loads(run("replay", "--since", "9000-01-01T00:00Z", "--json"))["again"] == 0


def test_a_replay_says_what_cannot_be_read_again(ids: list[int]) -> None:
    with database.transaction() as session:
        quarantine.discard(session, [ids[0]])
        session.connection().execute(text("UPDATE souschef.inbox SET payload = ''"))
        assert quarantine.listed(session, Chosen()) == []
    assert "1 cannot be: their raw bodies were pruned" in run("replay", "--code", "discarded")
    assert states()[0] == ("dropped", "discarded")


def test_a_time_that_is_none_is_refused(database_settings: Settings) -> None:
    assert database_settings
    run("replay", "--since", "monday", code=2)
