"""P22: who is erased is found nowhere, comes back by nothing, and nobody else notices."""

import json
import sys
import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import text
from typer.testing import CliRunner

from models import database, erasure, tombstones
from tests.tasks.conftest import School
from tests.tasks.held import at, rows, traces, words_of
from workers import demonstration
from workers.command_line import app

RUN = CliRunner()
transaction = database.transaction
Ask = Callable[..., list[tuple[Any, ...]]]


def erase(student: str, *more: str) -> dict[str, Any]:
    told = RUN.invoke(app, ["privacy", "erase", student, "--by", "J. Doe", "--reason", "request 17", "--json", *more])
    assert told.exit_code == 0, told.output
    return dict(json.loads(told.stdout))


def test_nothing_is_left_of_who_was_erased_and_of_the_others_nothing_is_changed(student: str, ask: Ask) -> None:
    """Every table, every column, as text and as bytes: 0 traces; what is not theirs is the same byte for byte."""
    words = words_of(student)
    before = rows()
    found = traces(words)
    assert {"person", "alias", "inbox", "event_outbox"} <= found.keys()
    ((number,),) = ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=student)
    theirs = {
        table: sum(number in {row.get("student_id"), row.get("person_id")} for row in map(json.loads, held))
        for table, held in before.items()
    }

    dry = erase(student, "--dry-run")
    assert rows() == before, "a dry run has changed something"
    done = erase(student)

    assert done["rows"] == dry["rows"]
    assert traces(words) == {}
    after = rows()
    gone = {table: set(held) - set(after[table]) for table, held in before.items()}
    come = {table: set(after[table]) - set(held) for table, held in before.items()}
    for table in ("fact", "skill_gap", "learner_state", "assignment", "decision", "interest", "enrolment"):
        assert len(gone[table]) == done["rows"][table] == theirs[table] > 0, table
        assert come[table] == set(), table
    assert len(gone["inbox"]) == len(come["inbox"]) == done["rows"]["inbox"] == 7
    assert len(gone["change"]) == done["rows"]["change"] == len(come["change"]) - done["rows"]["withdrawn"]
    kept = {"inbox", "change", "feed", "erasure", "tombstone", "access", "access_head"}
    assert {table for table, changed in come.items() if changed} == kept
    held = f"{sum(map(len, after.values()))} rows of {len(after)} tables"
    sys.stdout.write(f"0 traces in {held}; before in {sorted(found)}\n")


def test_the_lms_sees_in_its_feed_what_was_withdrawn_and_the_feed_has_no_holes(student: str, ask: Ask) -> None:
    theirs = {row[0] for row in ask("SELECT assignment_id FROM lms.assignments WHERE student_ref = :s", s=student)}
    ((last,),) = ask("SELECT max(number) FROM lms.assignment_changes")
    erase(student)
    assert ask("SELECT count(*) FROM lms.assignments WHERE student_ref = :s", s=student) == [(0,)]
    told = ask("SELECT student_ref, state, assignment_id FROM lms.assignment_changes WHERE number > :last", last=last)
    assert {row[:2] for row in told} == {("", "withdrawn")}
    assert {row[2] for row in told} == theirs
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
    told = RUN.invoke(app, ["load", str(demonstration.EXAMPLE), "--json"])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["erased"] == 1
    assert json.loads(told.stdout)["changed"] is False
    assert rows() == before
    assert traces(words) == {}


def test_without_tombstones_they_would_come_back(student: str) -> None:
    """The mutant: the same reload where the tombstones are gone."""
    erase(student)
    with transaction() as session:
        session.connection().execute(text("DELETE FROM souschef.tombstone"))
    told = RUN.invoke(app, ["load", str(demonstration.EXAMPLE), "--json"])
    assert json.loads(told.stdout)["loaded"]["person"]["new"] == 1


def test_a_reason_that_names_them_is_refused(student: str, ask: Ask) -> None:
    told = RUN.invoke(app, ["privacy", "erase", student, "--by", "J. Doe", "--reason", f"{student} asked"])
    assert isinstance(told.exception, erasure.NamesTheStudent)
    assert ask("SELECT count(*) FROM souschef.erasure") == [(0,)]


def test_nobody_and_staff_are_not_erased(student: str, ask: Ask) -> None:
    staff = ask("SELECT min(ref) FROM souschef.person WHERE role <> 'student'")[0][0]
    for name in ("nobody", staff):
        told = RUN.invoke(app, ["privacy", "erase", name, "--by", "J. Doe", "--reason", "request 17"])
        assert isinstance(told.exception, erasure.NoSuchStudent)


def test_a_batch_at_work_while_its_student_is_erased_writes_nothing_of_them(student: str, school: School) -> None:
    """The worker has read the roster and waits for the student's lock; it fails once, and then finds the tombstone."""
    words = words_of(student)
    with transaction() as session:
        subject = erasure.find(session, student)
        erasure.erase(session, subject, author="J. Doe", reason="request 17")
        with transaction() as other:
            item = other.connection().execute(text("SELECT min(name) FROM souschef.alias WHERE kind = 'item'"))
            late = school.answers(student, item.scalar_one(), "1", day=5)
        told: list[Any] = []
        worker = threading.Thread(target=lambda: told.append(school.deliver(*late)))
        worker.start()
        worker.join(1.0)
        assert worker.is_alive(), "it did not wait"
        session.commit()
        worker.join(20)
    assert told == [{"failed": 1, "ignored": 1, "batches": 2}]
    assert traces(words) == {}


def test_a_mark_tells_no_name_and_differs_between_schools() -> None:
    assert tombstones.mark_of(b"a" * 32, "s1") != tombstones.mark_of(b"b" * 32, "s1")
    assert len(tombstones.mark_of(b"a" * 32, "s1")) == 32
