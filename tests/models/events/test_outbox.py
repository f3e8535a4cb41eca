"""The outbox: what an LMS inserts comes into the inbox once, as through the door; what cannot says why."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from config.settings import Settings, settings
from lms import canonical, formats, strict_json
from lms.facts import EventKind, SourceRules
from models import engine
from models.access import sources
from models.events import inbox, outbox, sequence_gaps
from models.events.incoming import NewEvent, shard_of
from models.tables import School
from tasks.pipeline import outbox as pipeline
from tasks.sweep import drain_outbox, sweep_once
from tests.threads import together

transaction = engine.transaction
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
    body = event if isinstance(event, str) else json.dumps(event)
    query = "INSERT INTO lms.event_outbox (source, event) VALUES (:source, :event) RETURNING id"
    return int(ask(query, source=source, event=body)[0][0])


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
    envelope = formats.envelope("canonical", picked(), rules=SourceRules(surveys=frozenset({"q"})))
    expected = (envelope.key, "assessment", shard_of("s1"), strict_json.write(picked()), "lms")
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
    for number, event in ((1, picked()), (2, noise), (3, senseless), (4, picked(4)), (6, picked(6))):
        insert({**event, "id": f"n{number}", "number": number})
    insert({**picked(8), "number": 8}, source="moodle")
    insert("no JSON")
    assert drain_outbox() == 3
    assert len(waiting()) == 3
    for _ in range(2):
        ask(f"""INSERT INTO souschef.clock_offset VALUES (true, interval '{sequence_gaps.PATIENCE_SECONDS + 1} s')
                ON CONFLICT (single) DO UPDATE SET ahead = clock_offset.ahead + excluded.ahead RETURNING single""")
        with engine.transaction() as session:
            sequence_gaps.sweep(session)
    with engine.transaction() as session:
        assert [gap.numbers for gap in sequence_gaps.sequence_gaps(session)] == ["5"]
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
        credential = sources.credential(session, "lms", secret_key=key)
        sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
    assert sender is not None
    for start in range(1, 1301, 100):
        events = []
        for number in range(start, start + 100):
            envelope = formats.envelope("canonical", picked(number), rules=sender.rules)
            events.append(
                NewEvent(EventKind.ASSESSMENT, envelope.key, envelope.student, strict_json.write(picked(number)))
            )
        with transaction() as session:
            recorded = inbox.record(session, sender, events)
            inbox.count_received(session, sender, {"accepted": recorded.count})


def test_the_sweep_drains_the_outbox() -> None:
    insert(picked())
    sweep_once()
    assert ask("SELECT count(*) FROM souschef.inbox") == [(1,)]


def flood(count: int, *, school: int, source: str) -> None:
    """Let an LMS write many events of its school at once."""
    ask(
        """INSERT INTO souschef.event_outbox (school_id, source, event)
           SELECT :school, :source, jsonb_build_object(
                    'type', 'assignment_picked', 'id', 'f' || n, 'student', 's' || n % 9,
                    'at', '2026-11-22T05:32:28Z', 'assignment', '812')
             FROM generate_series(1, :count) AS n RETURNING id""",
        school=school,
        source=source,
        count=count,
    )


@pytest.fixture
def two_schools() -> tuple[int, int]:
    """Return the ids of the school and of another, which has a canonical source too."""
    with transaction() as session:
        session.add(School(ref="hillside", name="Hillside"))
        session.flush()
        key = settings().secret_key_bytes()
        sources.add(session, "lms", format="canonical", secret_key=key, school="hillside")
    rows = ask("SELECT id FROM souschef.school ORDER BY ref DESC")
    return rows[0][0], rows[1][0]


def test_one_event_behind_another_schools_flood_is_in_the_first_batch(two_schools: tuple[int, int]) -> None:
    """Before: it waited 13 s behind 60,000 rows, and not at all until those of no known source were behind it."""
    noisy, quiet = two_schools
    flood(2_000, school=noisy, source="lms")
    flood(1, school=quiet, source="lms")
    pipeline.drain_batch()
    assert ask("SELECT count(*) FROM souschef.inbox WHERE school_id = :school", school=quiet) == [(1,)]
    assert ask("SELECT count(*) FROM souschef.inbox WHERE school_id = :school", school=noisy) == [(250,)]
    drain_outbox()
    assert waiting() == []


def test_events_of_an_unknown_source_are_read_once_until_it_is_there(two_schools: tuple[int, int]) -> None:
    """Before: each look read all of them again: 1,390 buffers for 60,000 rows, every 2 s in each worker."""
    noisy, _ = two_schools
    flood(5_000, school=noisy, source="typo")
    while pipeline.drain_batch()[1]:
        pass
    assert buffers_of(lambda session: outbox.take(session, limit=500)) < 200
    assert buffers_of(lambda session: outbox.release_known(session, limit=500)) < 200
    with transaction() as session:
        figures, unknown = outbox.figures(session), outbox.unknown_sources(session)
    assert figures.counts == {"unknown_source": 5_000}
    assert unknown == [("riverside", "typo", 5_000)]
    with transaction() as session:
        sources.add(session, "typo", format="canonical", secret_key=settings().secret_key_bytes(), school="riverside")
    drain_outbox()
    assert ask("SELECT count(*) > 0 FROM souschef.inbox") == [(True,)]


def buffers_of(work: Callable[[Session], object]) -> int:
    """Return how many blocks of the outbox and its indexes a piece of work reads."""
    statement = text("""
        SELECT sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))
          FROM pg_statio_user_tables WHERE relname = 'event_outbox'""")
    force = text("SELECT pg_stat_force_next_flush()")
    counts = []
    for piece in (lambda _: None, work):
        with transaction() as session:
            piece(session)
        with transaction() as session:
            session.connection().execute(force)
        with transaction() as session:
            counts.append(int(session.connection().execute(statement).scalar_one()))
    return counts[1] - counts[0]


def test_what_waits_is_counted_and_the_oldest_timed(two_schools: tuple[int, int]) -> None:
    flood(3, school=two_schools[1], source="lms")
    ask("INSERT INTO souschef.clock_offset (single, ahead) VALUES (true, interval '90 seconds') RETURNING single")
    with transaction() as session:
        figures = outbox.figures(session)
    assert figures.counts == {"waiting": 3}
    assert 89 < figures.oldest_seconds < 120
