"""The outbox: what an LMS inserts comes into the inbox once, as through the door; what cannot says why."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from config.settings import Settings, settings
from lms import canonical, formats, strict_json
from lms.facts import EventKind, SourceRules
from models import database, inbox, numbers, outbox, sources
from models.inbox import Incoming
from models.tables import School
from tasks.maintenance import sweep_once
from tasks.outbox import drain_outbox

transaction = database.transaction
pytestmark = pytest.mark.timeout(60)


@pytest.fixture(autouse=True)
def school(database_settings: Settings) -> None:
    """A school with a canonical source, one of another format, and one that is revoked."""
    with transaction() as session:
        session.add(School(ref="riverside", name="Riverside"))
        session.flush()
        for name, form in (("lms", "canonical"), ("moodle", "moodle"), ("old", "canonical")):
            sources.add(session, name, format=form, secret_key=settings().secret_key_bytes(), surveys=["q"])
        sources.revoke(session, "old")


def ask(statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
    with transaction() as session:
        return [tuple(row) for row in session.connection().execute(text(statement), parameters)]


def insert(event: object, *, source: str = "lms") -> int:
    """Write one event as the LMS does; return its number."""
    told = event if isinstance(event, str) else json.dumps(event)
    query = "INSERT INTO lms.event_outbox (source, event) VALUES (:source, :event) RETURNING id"
    return int(ask(query, source=source, event=told)[0][0])


def picked(number: int = 1) -> dict[str, Any]:
    return {
        "type": "assignment_picked",
        "id": f"p{number}",
        "student": f"s{number % 9}",
        "at": "2026-11-22T05:32:28Z",
        "assignment": "812",
    }


def waiting() -> list[tuple[Any, ...]]:
    return ask("SELECT source, code, pointer FROM lms.event_outbox ORDER BY id")


def test_an_event_comes_into_the_inbox_just_as_through_the_door() -> None:
    """The same key, kind, shard and payload as the door's own steps give it, so the same event later is a duplicate."""
    insert(picked())
    assert drain_outbox() == 1
    told = formats.envelope("canonical", picked(), rules=SourceRules(surveys=frozenset({"q"})))
    expected = (told.key, "choice", inbox.shard_of("s1"), strict_json.write(picked()), "lms")
    rows = ask("""SELECT key, kind, shard, payload, name FROM souschef.inbox
                    JOIN souschef.source ON source.id = source_id""")
    assert [(bytes(row[0]), *row[1:]) for row in rows] == [expected]
    assert waiting() == []
    insert(picked())
    assert drain_outbox() == 0
    assert waiting() == []
    assert dict(ask("SELECT outcome, count FROM souschef.door_count")) == {"accepted": 1, "duplicate": 1}


def test_jsonb_and_text_are_the_same_event() -> None:
    query = """INSERT INTO lms.event_outbox (source, event)
               SELECT 'lms', jsonb_build_object('type', 'assignment_picked', 'id', 'p1', 'student', 's1',
                                                'at', '2026-11-22T05:32:28Z', 'assignment', '812') RETURNING id"""
    ask(query)
    insert(picked())
    assert drain_outbox() == 1
    assert waiting() == []


@pytest.mark.parametrize(
    ("event", "source", "code", "pointer"),
    [
        (picked(), "nobody", "unknown_source", ""),
        (picked(), "moodle", "not_canonical", ""),
        (picked(), "old", "source_revoked", ""),
        ("{", "lms", "bad_json", ""),
        ('{"type": "a", "type": "b"}', "lms", "duplicate_key", ""),
        ('{"id": "\\u0000"}', "lms", "bad_unicode", ""),
        ("[" * 300 + "]" * 300, "lms", "too_deep", ""),
        ("7", "lms", "schema", ""),
        ({**picked(), "student": 7}, "lms", "schema", "/student"),
        ({**picked(), "at": "yesterday"}, "lms", "bad_time", "/at"),
        ({"type": "order", "id": "o", "order": "dance"}, "lms", "schema", "/order"),
    ],
)
def test_what_makes_no_sense_stays_with_its_code_and_the_rest_goes_on(
    event: object, source: str, code: str, pointer: str
) -> None:
    insert(event, source=source)
    insert(picked(2))
    assert drain_outbox() == 1
    assert waiting() == [(source, code, pointer)]
    assert drain_outbox() == 0


def test_what_came_through_the_outbox_was_not_lost_on_its_way() -> None:
    """Of 1 to 6 the second is noise, the third is refused, and the fifth never came."""
    noise, senseless = {"type": "page_viewed", "id": "v"}, {"type": "item_result", "id": "r"}
    for number, told in ((1, picked()), (2, noise), (3, senseless), (4, picked(4)), (6, picked(6))):
        insert({**told, "id": f"n{number}", "number": number})
    insert({**picked(8), "number": 8}, source="moodle")
    insert("no JSON")
    assert drain_outbox() == 3
    assert len(waiting()) == 3
    for _ in range(2):
        ask(f"""INSERT INTO souschef.clock_offset VALUES (true, interval '{numbers.PATIENCE_SECONDS + 1} s')
                ON CONFLICT (single) DO UPDATE SET ahead = clock_offset.ahead + excluded.ahead RETURNING single""")
        with database.transaction() as session:
            numbers.sweep(session)
    with database.transaction() as session:
        assert [hole.said for hole in numbers.holes(session)] == ["5"]
    assert ask("SELECT seen::text FROM souschef.source_number") == [("{[1,5),[6,7)}",)]


def test_noise_and_surveys_that_may_not_be_read_are_counted_and_gone() -> None:
    insert({"type": "page_viewed", "id": "v"})
    answer = {"type": "survey_answer", "id": "a", "survey": "secret", "subject": "x", "kind": "text", "answer": "y"}
    insert(answer)
    assert drain_outbox() == 0
    assert waiting() == []
    assert dict(ask("SELECT outcome, count FROM souschef.door_count")) == {"ignored": 1, "not_collected": 1}


def test_an_event_of_a_source_that_comes_later_is_taken_then() -> None:
    insert(picked(), source="later")
    assert drain_outbox() == 0
    with transaction() as session:
        sources.add(session, "later", format="canonical", secret_key=settings().secret_key_bytes())
    assert drain_outbox() == 1
    assert waiting() == []


def test_a_refused_event_is_forgotten_after_thirty_days_and_a_waiting_one_never() -> None:
    insert("{")
    drain_outbox()
    ask("""INSERT INTO souschef.clock_offset (single, ahead) VALUES (true, interval '29 days') RETURNING single""")
    drain_outbox()
    assert len(waiting()) == 1
    insert(picked())
    ask("UPDATE souschef.clock_offset SET ahead = interval '31 days' RETURNING single")
    assert drain_outbox() == 1
    assert waiting() == []


def test_an_uncommitted_insert_is_not_taken_and_a_rolled_back_one_never() -> None:
    with transaction() as session:
        query = text("INSERT INTO lms.event_outbox (source, event) VALUES ('lms', :event)")
        session.connection().execute(query, {"event": json.dumps(picked())})
        assert drain_outbox() == 0
        session.rollback()
    assert drain_outbox() == 0


def test_a_drain_that_breaks_midway_leaves_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inbox and outbox change in one commit: no event is lost or taken twice."""

    def broken(*_: object) -> None:
        raise ConnectionError

    insert(picked())
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "remove", broken)
        with pytest.raises(ConnectionError):
            drain_outbox()
    assert ask("SELECT FROM souschef.inbox") == []
    assert drain_outbox() == 1


def test_an_event_that_breaks_its_reader_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = canonical.parse

    def fragile(event: Any, *, rules: SourceRules) -> object:
        return whole(event, rules=rules) if event["id"] != "p1" else {}[event["id"]]

    insert(picked(1))
    insert(picked(2))
    monkeypatch.setattr(canonical, "parse", fragile)
    assert drain_outbox() == 1
    assert waiting() == [("lms", "crashed", "")]


def test_many_drains_at_once_take_each_event_once() -> None:
    """1,300 events in 3 batches, 4 drains, a door that sends the same events: 1,300 rows, none left, no deadlock."""
    ask(
        """INSERT INTO lms.event_outbox (source, event)
           SELECT 'lms', jsonb_build_object('type', 'assignment_picked', 'id', 'p' || n, 'student', 's' || n % 9,
                                            'at', '2026-11-22T05:32:28Z', 'assignment', '812')
             FROM generate_series(1, 1300) AS n RETURNING id"""
    )
    failures = together(*[drain_outbox] * 4, door)
    assert failures == []
    drain_outbox()
    assert waiting() == []
    assert ask("SELECT count(*), count(DISTINCT key) FROM souschef.inbox") == [(1300, 1300)]


def door() -> None:
    with transaction() as session:
        key = settings().secret_key_bytes()
        given = sources.credential(session, "lms", secret_key=key)
        sender = sources.authenticate(session, key=given.key, secret=given.secret, secret_key=key)
    assert sender is not None
    for start in range(1, 1301, 100):
        events = []
        for number in range(start, start + 100):
            told = formats.envelope("canonical", picked(number), rules=sender.rules)
            events.append(Incoming(EventKind.CHOICE, told.key, told.student, strict_json.write(picked(number))))
        with transaction() as session:
            recorded = inbox.record(session, sender, events)
            inbox.count_at_door(session, sender, {"accepted": recorded.count})


def together(*functions: Callable[[], object]) -> list[str]:
    failures: list[str] = []

    def run(function: Callable[[], object]) -> None:
        try:
            function()
        except Exception as error:  # noqa: BLE001 - the test asserts that there is none
            failures.append(repr(error))

    threads = [threading.Thread(target=run, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_the_sweep_drains_the_outbox() -> None:
    insert(picked())
    sweep_once()
    assert ask("SELECT count(*) FROM souschef.inbox") == [(1,)]
