"""P22: who is erased is found nowhere, comes back by nothing, and nobody else notices."""

import json
import sys
import threading
import time
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from config.settings import settings
from models import engine
from models.access import sources
from models.privacy import erasure, export, tombstones
from tasks.sweep import drain_outbox
from tests.tasks.conftest import Ask, School
from tests.tasks.stored_data import ANSWER, at, rows, traces, words_of
from workers.cli.demo import replay
from workers.cli.main import app

RUN = CliRunner()
transaction = engine.transaction


def erase(student: str, *more: str) -> dict[str, Any]:
    result = RUN.invoke(app, ["privacy", "erase", student, "--by", "J. Doe", "--reason", "request 17", "--json", *more])
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


@pytest.mark.shows("P22", "L9")
def test_nothing_is_left_of_who_was_erased_and_of_the_others_nothing_is_changed(student: str, ask: Ask) -> None:
    """Every table, every column, as text and as bytes: 0 traces; what is not theirs is the same byte for byte."""
    words = words_of(student)
    before = rows()
    found = traces(words)
    assert {"person", "alias", "inbox", "event_outbox"} <= found.keys()
    ((number,),) = ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=student)
    theirs = {
        table: sum(number in {row.get("student_id"), row.get("person_id")} for row in map(json.loads, stored))
        for table, stored in before.items()
    }

    dry = erase(student, "--dry-run")
    assert rows() == before, "a dry run has changed something"
    done = erase(student)

    assert done["rows"] == dry["rows"]
    assert traces(words) == {}
    after = rows()
    gone = {table: set(stored) - set(after[table]) for table, stored in before.items()}
    come = {table: set(after[table]) - set(stored) for table, stored in before.items()}
    for table in ("fact", "skill_gap", "learner_state", "assignment", "decision", "interest", "enrolment"):
        assert len(gone[table]) == done["rows"][table] == theirs[table] > 0, table
        assert come[table] == set(), table
    assert len(gone["inbox"]) == len(come["inbox"]) == done["rows"]["inbox"] == 7
    assert len(gone["change"]) == done["rows"]["change"] == len(come["change"]) - done["rows"]["withdrawn"]
    remaining = {"inbox", "change", "feed", "erasure", "tombstone", "access", "access_head"}
    assert {table for table, changed in come.items() if changed} == remaining
    total = f"{sum(map(len, after.values()))} rows of {len(after)} tables"
    sys.stdout.write(f"0 traces in {total}; before in {sorted(found)}\n")


def test_the_lms_sees_in_its_feed_what_was_withdrawn_and_the_feed_has_no_holes(student: str, ask: Ask) -> None:
    theirs = {row[0] for row in ask("SELECT assignment_id FROM lms.assignments WHERE student_ref = :s", s=student)}
    ((last,),) = ask("SELECT max(number) FROM lms.assignment_changes")
    erase(student)
    assert ask("SELECT count(*) FROM lms.assignments WHERE student_ref = :s", s=student) == [(0,)]
    result = ask("SELECT student_ref, state, assignment_id FROM lms.assignment_changes WHERE number > :last", last=last)
    assert {row[:2] for row in result} == {("", "withdrawn")}
    assert {row[2] for row in result} == theirs
    numbers = [row[0] for row in ask("SELECT number FROM lms.assignment_changes ORDER BY number")]
    assert numbers == list(range(1, last + len(theirs) + 1))


def test_late_events_are_dropped_as_erased_and_leave_no_body(student: str, school: School, ask: Ask) -> None:
    """A good one, one that makes no sense, one on an unknown item, an order; the other student's still counts."""
    other = ask("SELECT ref FROM souschef.person WHERE role = 'student' AND ref <> :ref ORDER BY id", ref=student)[0][0]
    item = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")[0][0]
    skill = ask("SELECT min(ref) FROM souschef.skill")[0][0]
    words = words_of(student)
    erase(student)
    before = {row[0] for row in ask("SELECT id FROM souschef.inbox")}
    late = school.answers(student, item, "10", day=3)
    school.deliver(*late, *school.answers(student, "nowhere", "1", day=4), *school.answers(other, item, "1", day=3))
    school.deliver({**late[0], "id": "wrong", "outcome": "many"})
    order = {"type": "order", "id": "o1", "student": student, "at": at(3), "order": "hold", "skill": skill}
    school.deliver({**order, "author": "T.", "reason": "later"})
    found = ask(
        "SELECT state, code, payload = '' FROM souschef.inbox WHERE id <> ALL(:ids) ORDER BY id", ids=list(before)
    )
    assert sorted(found) == [("done", None, False)] + [("dropped", "erased", True)] * 5
    assert traces(words) == {}
    again = RUN.invoke(app, ["replay", "--source", "own", "--json"])
    assert again.exit_code == 0, again.output
    assert ask("SELECT count(*) FROM souschef.inbox WHERE code = 'erased'") == [(12,)]


def test_a_reload_of_the_roster_does_not_bring_them_back(student: str, ask: Ask) -> None:
    """The whole school again, with the student in it: one person left out, and nobody else touched."""
    words = words_of(student)
    erase(student)
    before = rows()
    result = RUN.invoke(app, ["load", str(replay.EXAMPLE), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["erased"] == 1
    assert json.loads(result.stdout)["changed"] is False
    assert rows() == before
    assert traces(words) == {}


def test_without_tombstones_they_would_come_back(student: str) -> None:
    """The mutant: the same reload where the tombstones are gone."""
    erase(student)
    with transaction() as session:
        session.connection().execute(text("DELETE FROM souschef.tombstone"))
    result = RUN.invoke(app, ["load", str(replay.EXAMPLE), "--json"])
    assert json.loads(result.stdout)["loaded"]["person"]["new"] == 1


def test_a_reason_that_names_them_is_refused(student: str, ask: Ask) -> None:
    result = RUN.invoke(app, ["privacy", "erase", student, "--by", "J. Doe", "--reason", f"{student} asked"])
    assert isinstance(result.exception, erasure.ReasonContainsNameError)
    assert ask("SELECT count(*) FROM souschef.erasure") == [(0,)]


def test_nobody_and_staff_are_not_erased(student: str, ask: Ask) -> None:
    staff = ask("SELECT min(ref) FROM souschef.person WHERE role <> 'student'")[0][0]
    for name in ("nobody", staff):
        result = RUN.invoke(app, ["privacy", "erase", name, "--by", "J. Doe", "--reason", "request 17"])
        assert isinstance(result.exception, erasure.StudentNotFoundError)


def test_a_batch_at_work_while_its_student_is_erased_writes_nothing_of_them(student: str, school: School) -> None:
    """The worker has read the roster and waits for the student's lock; it fails once, and then finds the tombstone."""
    words = words_of(student)
    with transaction() as session:
        subject = erasure.find_student(session, student)
        erasure.erase(session, subject, author="J. Doe", reason="request 17")
        with transaction() as other:
            item = other.connection().execute(text("SELECT min(name) FROM souschef.alias WHERE kind = 'item'"))
            late = school.answers(student, item.scalar_one(), "1", day=5)
        result: list[Any] = []
        worker = threading.Thread(target=lambda: result.append(school.deliver(*late)))
        worker.start()
        until_it_waits(worker)
        session.commit()
        worker.join(60)
    assert result == [{"failed": 1, "ignored": 1, "batches": 2}]
    assert traces(words) == {}


def until_it_waits(worker: threading.Thread) -> None:
    """Return when a transaction waits for a lock that another holds."""
    deadline = time.monotonic() + 60
    with transaction() as other:
        while other.connection().execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one() == 0:
            assert worker.is_alive(), "it did not wait"
            assert time.monotonic() < deadline, "it does not come to the lock"
            time.sleep(0.02)


def test_a_mark_tells_no_name_and_differs_between_schools() -> None:
    assert tombstones.mark_of(b"a" * 32, "s1") != tombstones.mark_of(b"b" * 32, "s1")
    assert len(tombstones.mark_of(b"a" * 32, "s1")) == 32


def canvas(number: int, **body: Any) -> dict[str, Any]:
    """Return a grade of a Canvas user whom the roster does not know."""
    metadata = {"event_name": "grade_change", "event_time": at(3), "root_account_uuid": "r", "user_login": "teacher"}
    whole = {
        "student_id": f"99{number}",
        "submission_id": str(number),
        "assignment_id": "9",
        "score": 1,
        "points_possible": 1,
    }
    return {"metadata": metadata, "body": {**whole, "login": ANSWER, **body}}


def deliver_canvas(school: School, *events: dict[str, Any]) -> None:
    """Record events of a Canvas of the school, and apply them."""
    with transaction() as session:
        if not sources.exists(session, "canvas"):
            sources.add(session, "canvas", format="canvas", secret_key=settings().secret_key_bytes())
        credential = sources.credential(session, "canvas", secret_key=settings().secret_key_bytes())
        sender = sources.authenticate(
            session, key=credential.key, secret=credential.secret, secret_key=settings().secret_key_bytes()
        )
    assert sender is not None
    School(sender).deliver(*events)


def test_an_event_that_is_parked_under_another_name_goes_too(student: str, school: School, ask: Ask) -> None:
    """Before: neither exported nor erased, with login and address of the child, for up to 90 days."""
    deliver_canvas(school, canvas(1, student_sis_id=student), canvas(2, student_sis_id="somebody else"))
    with transaction() as session:
        subject = erasure.find_student(session, student)
        exported = json.dumps(export.export(session, subject))
    assert "991" in exported
    assert "992" not in exported
    erase(student)
    left = "SELECT count(*) FROM souschef.inbox WHERE state = 'parked' AND payload LIKE '%student_sis_id%'"
    assert ask(left) == [(1,)]
    assert traces({student}) == {}


def test_an_event_that_comes_after_and_names_them_elsewhere_leaves_no_body(
    student: str, school: School, ask: Ask
) -> None:
    """Before: into quarantine with its body for 90 days, where no student could be read from it."""
    erase(student)
    deliver_canvas(school, canvas(1, student_sis_id=student), canvas(2, student_id={"sis": student}))
    school.deliver(
        {"type": "item_result", "id": "x1", "student": {"ref": student}, "at": at(3), "subject": "q", "outcome": 1.0},
        {"type": "item_result", "id": "x2", "at": at(3), "subject": "q", "outcome": 1.0, "note": student},
    )
    assert traces({student}) == {}
    assert ask("SELECT count(*) FROM souschef.inbox WHERE code = 'erased' AND source_id IN "
               "(SELECT id FROM souschef.source WHERE name = 'canvas')") == [(2,)]  # fmt: skip


def test_a_row_of_the_outbox_that_is_no_json_goes_by_any_spelling(student: str, school: School, ask: Ask) -> None:
    """As PHP writes it, cut off: slashes after backslashes, letters as numbers; before the erasure, and after it."""
    spelt = "".join(f"\\u{ord(letter):04x}" for letter in student)
    broken = '{"actor": {"account": {"homePage": "https:\\/\\/lms", "name": "' + spelt + '"}'
    insert = """INSERT INTO souschef.event_outbox (school_id, source, event)
                SELECT id, 'own', :event FROM souschef.school RETURNING id"""
    ask(insert, event=broken)
    drain_outbox()
    assert ask("SELECT count(*) FROM souschef.event_outbox WHERE code = 'bad_json'") == [(1,)]
    erase(student)
    ask(insert, event=broken)
    drain_outbox()
    assert ask("SELECT count(*) FROM souschef.event_outbox") == [(0,)]
