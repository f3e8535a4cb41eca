"""The quarantine: its ways out keep an event's id, and an old event can be read again while its body is there."""

import datetime as dt

import pytest
from sqlalchemy import text

from lms.facts import EventKind
from models import claiming, database, inbox, quarantine, sources
from models.inbox import Ending, Incoming
from models.quarantine import Chosen
from models.sources import Sender
from models.tables import School

SECRET = b"a key of the tests"
transaction = database.transaction
Row = tuple[str, str | None, int, bool]


@pytest.fixture
def sender(database: str) -> Sender:
    """A school with two sources; the sender is the first."""
    assert database
    with transaction() as session:
        session.add(School(ref="riverside", name="Riverside"))
        session.flush()
        given = sources.add(session, "moodle", format="moodle", secret_key=SECRET)
        sources.add(session, "forms", format="typeform", secret_key=SECRET)
        found = sources.authenticate(session, key=given.key, secret=given.secret, secret_key=SECRET)
    assert found is not None
    return found


@pytest.fixture
def held(sender: Sender) -> list[int]:
    """Four events that were worked once: two in quarantine for `schema`, one as `crashed`, one done."""
    with transaction() as session:
        ids = put(sender, 4)
        claimed = claiming.claim(session, EventKind.ASSESSMENT, school_id=sender.school_id, lease_seconds=30)
        reasons = {ids[0]: ("schema", "/verb/id"), ids[1]: ("schema", ""), ids[2]: ("crashed", "")}
        inbox.finish(session, claimed, Ending(done=[ids[3]], quarantined=reasons))
    return ids


def put(sender: Sender, count: int, *, start: int = 0) -> list[int]:
    """Record events in a transaction of their own; return their ids."""
    events = [
        Incoming(EventKind.ASSESSMENT, number.to_bytes(16, "big"), "s", f'{{"n": {number}}}')
        for number in range(start, start + count)
    ]
    with transaction() as session:
        return sorted(inbox.record(session, sender, events).accepted[EventKind.ASSESSMENT])


def row(event: int) -> Row:
    """Return (state, code, attempts, whether a quarantine row explains it) of an event."""
    statement = text("""
        SELECT state, inbox.code, attempts, quarantine.inbox_id IS NOT NULL FROM souschef.inbox
          LEFT JOIN souschef.quarantine ON quarantine.inbox_id = inbox.id WHERE inbox.id = :id
    """)
    with transaction() as session:
        found: Row = tuple(session.connection().execute(statement, {"id": event}).one())
        return found


def listed(chosen: Chosen) -> list[int]:
    with transaction() as session:
        return [each.id for each in quarantine.listed(session, chosen)]


def test_what_is_listed_fits_every_name_that_is_given(held: list[int]) -> None:
    assert listed(Chosen()) == held[:3]
    assert listed(Chosen(code="schema")) == held[:2]
    assert listed(Chosen(code="schema", limit=1)) == held[:1]
    assert listed(Chosen(ids=(held[1], held[3]))) == [held[1]]
    assert listed(Chosen(source="moodle", code="crashed")) == [held[2]]
    assert listed(Chosen(source="forms")) == []
    assert listed(Chosen(school="elsewhere")) == []
    assert listed(Chosen(since=dt.datetime(9000, 1, 1, tzinfo=dt.UTC))) == []


def test_it_is_listed_with_where_the_fault_lies(held: list[int]) -> None:
    with transaction() as session:
        first = quarantine.listed(session, Chosen(ids=(held[0],)))[0]
    told = (first.school, first.source, first.format, first.kind, first.code, first.pointer, first.attempts)
    assert told == ("riverside", "moodle", "moodle", "assessment", "schema", "/verb/id", 1)
    assert first.payload == '{"n": 0}'


def test_a_retry_keeps_the_id_and_gives_all_attempts_back(sender: Sender, held: list[int]) -> None:
    """The event that is done is none of a retry's business; the two others stay."""
    with transaction() as session:
        freed = quarantine.retry(session, [held[0], held[3]])
    assert freed == {EventKind.ASSESSMENT: [held[0]]}
    assert row(held[0]) == ("pending", None, 0, False)
    assert [row(event)[0] for event in held[1:]] == ["quarantined", "quarantined", "done"]
    with transaction() as session:
        again = claiming.claim(session, EventKind.ASSESSMENT, school_id=sender.school_id, lease_seconds=30)
    assert [(event.id, event.attempts, event.payload) for event in again] == [(held[0], 1, '{"n": 0}')]


def test_a_discarded_event_is_dropped_and_a_resend_of_it_is_a_duplicate(sender: Sender, held: list[int]) -> None:
    with transaction() as session:
        assert quarantine.discard(session, [held[1], held[3]]) == [held[1]]
    assert row(held[1]) == ("dropped", "discarded", 1, False)
    assert row(held[3])[:2] == ("done", None)
    with transaction() as session:
        resent = Incoming(EventKind.ASSESSMENT, (1).to_bytes(16, "big"), "s", '{"n": 1}')
        assert inbox.record(session, sender, [resent]).duplicates == 1


def test_reading_again_leaves_out_what_is_held_given_up_or_pruned(sender: Sender, held: list[int]) -> None:
    """Of six: one discarded, two held, one done, one parked, one done and pruned: two are read again."""
    more = put(sender, 2, start=4)
    with transaction() as session:
        quarantine.discard(session, [held[0]])
        claimed = claiming.claim(session, EventKind.ASSESSMENT, school_id=sender.school_id, lease_seconds=30)
        inbox.finish(session, claimed, Ending(done=[more[1]], parked={more[0]: "unknown_item"}))
        emptied = text("UPDATE souschef.inbox SET payload = '' WHERE id = :id")
        session.connection().execute(emptied, {"id": more[1]})
    with transaction() as session:
        counted = quarantine.again(session, Chosen(), keep=False)
    assert (counted.ids, counted.pruned) == ({EventKind.ASSESSMENT: [held[3], more[0]]}, 1)
    assert row(held[3])[0] == "done"
    with transaction() as session:
        assert quarantine.again(session, Chosen()) == counted
    assert row(held[3]) == ("pending", "again", 0, False)
    assert row(more[0]) == ("pending", "again", 0, False)
    assert [row(event)[0] for event in (held[0], held[1], more[1])] == ["dropped", "quarantined", "done"]


def test_what_was_given_up_is_read_again_where_its_code_is_named(held: list[int]) -> None:
    with transaction() as session:
        quarantine.discard(session, held[:1])
        found = quarantine.again(session, Chosen(code="discarded"))
    assert found.ids == {EventKind.ASSESSMENT: held[:1]}


def test_slices_hold_each_event_once(sender: Sender, held: list[int]) -> None:
    """Seven done events in slices of three: 3, 3, 1, and the last says that it is the last."""
    more = put(sender, 6, start=10)
    with transaction() as session:
        claimed = claiming.claim(session, EventKind.ASSESSMENT, school_id=sender.school_id, lease_seconds=30)
        inbox.finish(session, claimed, Ending(done=more))
    found: list[list[int]] = []
    after: int | None = 0
    while after is not None:
        with transaction() as session:
            part = quarantine.again(session, Chosen(limit=3), after=after)
        found += part.ids.values()
        after = part.last
    assert found == [[held[3], *more[:2]], more[2:5], more[5:]]
