"""A reader that polls the feed through a thousand concurrent publishes misses nothing and sees no version fall."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import text
from sqlmodel import Session

from config.settings import Settings, settings
from lms import formats, strict_json
from lms.facts import EventKind
from models import clock, engine
from models.access import lms_roles, sources
from models.access.sources import Sender
from models.assignments import store
from models.assignments.store import ChangeRow
from models.events import inbox
from models.events.incoming import NewEvent
from models.students import states
from tasks.events import assessment_completed
from tasks.refresh import refresh_assignments
from tests.threads import together
from workers.cli.demo import replay

pytestmark = [pytest.mark.flow, pytest.mark.timeout(240)]
transaction = engine.transaction

PUBLISHERS = 3
PUBLISHES = 340
"""By each publisher: 3 x 340 = 1,020, beside the real refreshes."""
ROUNDS = 12
"""Answers of each student that come in through the inbox and its task, each student's followed by a refresh."""
Row = tuple[int, str, str, int]
Announce = Callable[[Session, int, Sequence[ChangeRow]], int | None]


@pytest.fixture
def school(database_settings: Settings) -> Iterator[tuple[Sender, str]]:
    """The example school within its term: a source of our own format, and the URL of its login."""
    replay.load(replay.quiet_console())
    key = settings().secret_key_bytes()
    ref = f"riverside{secrets.token_hex(4)}"
    with transaction() as session:
        session.connection().execute(text("UPDATE souschef.school SET ref = :ref"), {"ref": ref})
        session.connection().execute(
            text("""INSERT INTO souschef.clock_offset (single, ahead)
                    VALUES (true, timestamptz '2026-11-10 12:00Z' - statement_timestamp())""")
        )
        credential = sources.add(session, "own", format="canonical", secret_key=key)
        sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
        url = lms_roles.create_or_rotate(session, ref, url=settings().database_url_text()).url
    assert sender is not None
    yield sender, url
    role = lms_roles.role_of(ref)
    with transaction() as session:
        session.connection().exec_driver_sql(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')


def students(session: Session) -> dict[int, str]:
    query = text("SELECT id, ref FROM souschef.person WHERE role = 'student' ORDER BY id")
    return {row[0]: row[1] for row in session.connection().execute(query)}


def publish_once(school_id: int, student: int) -> None:
    """Raise one student's version as every task does: lock, publish, save, announce, in one transaction."""
    with transaction() as session:
        state = states.load_for_update(session, school_id, [student])[student]
        saved = [replace(state, version=state.version + 1)]
        states.save(session, saved, refreshed_at=clock.now(session))
        store.append_changes(session, school_id, [ChangeRow(student, None, "gaps", "changed", state.version + 1)])


def publishing(school_id: int, whom: Sequence[int], *, start: int) -> None:
    for turn in range(PUBLISHES):
        publish_once(school_id, whom[(start + turn * 7) % len(whom)])


def answering(sender: Sender, whom: dict[int, str]) -> None:
    """Let answers come in and be worked, a student at a time, and refresh each of them beside."""
    for turn in range(ROUNDS):
        for student, ref in list(whom.items())[:8]:
            event = {
                "type": "item_result",
                "id": f"{ref} {turn}",
                "student": ref,
                "at": f"2026-11-0{1 + turn % 9}T09:{turn:02d}:00Z",
                "subject": "4.NF.A.1 q01",
                "outcome": float(turn % 3 != 0),
                "attempt": f"a{turn}",
            }
            envelope = formats.envelope("canonical", event, rules=sender.rules)
            with transaction() as session:
                incoming = NewEvent(EventKind.ASSESSMENT, envelope.key, envelope.student, strict_json.write(event))
                ids = inbox.record(session, sender, [incoming]).accepted[EventKind.ASSESSMENT]
            assessment_completed(ids)
            refresh_assignments([student])


class Reader(threading.Thread):
    """The LMS: asks for what comes after the last number, as fast as it can, through the school's own login."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.over = threading.Event()
        self.rows: list[Row] = []
        self.polls = 0
        self.empty = 0

    def run(self) -> None:
        query = """SELECT number, student_ref, kind, version FROM lms.assignment_changes
                    WHERE number > %s ORDER BY number LIMIT 500"""
        with psycopg.connect(self.url, autocommit=True) as connection:
            while True:
                last_turn = self.over.is_set()
                found = connection.execute(query, [self.rows[-1][0] if self.rows else 0]).fetchall()
                self.rows += [(row[0], row[1], row[2], row[3]) for row in found]
                self.polls += 1
                self.empty += not found
                if last_turn and not found:
                    return
                time.sleep(0.002)


def falls(rows: Sequence[Row]) -> list[Row]:
    """Return the rows whose version is below one of the same student that came before."""
    highest: dict[str, int] = {}
    found = []
    for row in rows:
        if row[3] < highest.get(row[1], 0):
            found.append(row)
        highest[row[1]] = max(highest.get(row[1], 0), row[3])
    return found


@pytest.mark.shows("P25")
@pytest.mark.full
def test_a_poller_misses_nothing_through_a_thousand_publishes(school: tuple[Sender, str]) -> None:
    """1,020 small publishes by 3 threads and 96 answers with 96 refreshes by a fourth; then all is compared."""
    sender, url = school
    with transaction() as session:
        whom = students(session)
    reader = Reader(url)
    reader.start()
    ids = list(whom)
    publishers = [lambda start=start: publishing(sender.school_id, ids, start=start) for start in range(PUBLISHERS)]
    assert together(*publishers, lambda: answering(sender, whom)) == []
    reader.over.set()
    reader.join()
    with transaction() as session:
        rows = session.connection().execute(
            text("""SELECT c.number, p.ref, c.kind, c.version FROM souschef.change c
                      JOIN souschef.person p ON p.id = c.student_id ORDER BY c.number""")
        )
        published: list[Row] = [(row[0], row[1], row[2], row[3]) for row in rows]
        versions = session.connection().execute(text("SELECT sum(version) FROM souschef.learner_state")).scalar_one()
    print(f"{len(published)} changes, {versions} publishes, {reader.polls} polls, {reader.empty} of them empty")  # noqa: T201 - the figures are the point
    assert reader.rows == published
    assert [row[0] for row in published] == list(range(1, len(published) + 1))
    assert falls(published) == []
    # Each publish raises one version by one: 1,020 small ones, and those of the answers that changed anything.
    assert versions > PUBLISHERS * PUBLISHES
    assert {row[2] for row in published} >= {"gaps", "assignment"}
    # It polled while they wrote, not only before and after.
    assert reader.polls - reader.empty > 100


def test_a_version_that_falls_is_found() -> None:
    assert falls([(1, "a", "gaps", 1), (2, "b", "gaps", 9), (3, "a", "gaps", 2)]) == []
    assert falls([(1, "a", "gaps", 2), (2, "a", "gaps", 1)]) == [(2, "a", "gaps", 1)]


def careless(session: Session, school_id: int, changes: Sequence[ChangeRow]) -> int | None:
    """The mutant: numbers from a sequence, as an identity column would give them."""
    insert = text("""
        INSERT INTO souschef.change (school_id, number, student_id, kind, state, version)
        VALUES (:school, nextval('public.careless'), :student, :kind, :state, :version) RETURNING number
    """)
    number = None
    for each in changes:
        parameters = {"school": school_id, "student": each.student_id, "kind": each.kind, "state": each.state}
        number = session.connection().execute(insert, {**parameters, "version": each.version}).scalar_one()
    return number


def read_beside_a_slow_commit(school: tuple[Sender, str], announce: Announce) -> list[int]:
    """One transaction takes its number first and commits last; return what a reader with a cursor has seen."""
    sender, url = school
    reader = Reader(url)
    with transaction() as session:
        first, second = list(students(session))[:2]
    quick = threading.Thread(target=announce_alone, args=(announce, sender.school_id, second))
    with transaction() as slow:
        announce(slow, sender.school_id, [ChangeRow(first, None, "gaps", "changed", 1)])
        quick.start()
        reader.start()
        quick.join(timeout=1.0)
        seen = reader.polls
        while reader.polls < seen + 2:
            time.sleep(0.01)
    quick.join()
    reader.over.set()
    reader.join()
    return [row[0] for row in reader.rows]


def announce_alone(announce: Announce, school_id: int, student: int) -> None:
    with transaction() as session:
        announce(session, school_id, [ChangeRow(student, None, "gaps", "changed", 1)])


def test_a_slow_commit_is_not_overtaken(school: tuple[Sender, str]) -> None:
    assert read_beside_a_slow_commit(school, store.append_changes) == [1, 2]


def test_numbers_from_a_sequence_are_missed_and_so_found(school: tuple[Sender, str]) -> None:
    """The reader sees 2, goes on from there, and misses 1 for ever."""
    with transaction() as session:
        session.connection().exec_driver_sql("CREATE SEQUENCE public.careless")
    assert read_beside_a_slow_commit(school, careless) == [2]


def test_a_listener_is_rung_for_with_a_number_it_can_read(school: tuple[Sender, str]) -> None:
    """The notification comes with the commit: what it names is there, and it names no student."""
    sender, url = school
    with transaction() as session:
        whom = list(students(session))[:3]
    with psycopg.connect(url, autocommit=True) as listener:
        listener.execute(f"LISTEN {store.NOTIFY_CHANNEL}")
        for student in whom:
            publish_once(sender.school_id, student)
        notifications = [notification.payload for notification in listener.notifies(timeout=10, stop_after=3)]
        assert notifications == [f"{sender.school_id}:{number}" for number in (1, 2, 3)]
        rows = listener.execute("SELECT number FROM lms.assignment_changes ORDER BY number").fetchall()
    assert [row[0] for row in rows] == [1, 2, 3]
