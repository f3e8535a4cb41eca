"""The quarantine: its ways out keep an event's id, and an old event can be read again while its body is there."""

import datetime as dt

import pytest
from sqlalchemy import text

from lms.facts import EventKind
from models import engine
from models.access import sources
from models.access.schools import UnresolvedSchoolError
from models.access.sources import Sender
from models.events import claiming, inbox, quarantine
from models.events.inbox import BatchOutcome
from models.events.incoming import NewEvent
from models.events.quarantine import EventFilter
from models.tables import School

SECRET = b"a key of the tests"
transaction = engine.transaction
Row = tuple[str, str | None, int, bool]


@pytest.fixture
def sender(database_url: str) -> Sender:
    """A school with two sources; the sender is the first."""
    assert database_url
    with transaction() as session:
        session.add(School(ref="riverside", name="Riverside"))
        session.flush()
        credential = sources.add(session, "moodle", format="moodle", secret_key=SECRET)
        sources.add(session, "forms", format="typeform", secret_key=SECRET)
        found = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=SECRET)
    assert found is not None
    return found


@pytest.fixture
def quarantined(sender: Sender) -> list[int]:
    """Four events that were worked once: two in quarantine for `schema`, one as `crashed`, one done."""
    with transaction() as session:
        ids = put(sender, 4)
        claimed = claiming.claim(session, EventKind.ASSESSMENT, school_id=sender.school_id, lease_seconds=30)
        reasons = {ids[0]: ("schema", "/verb/id"), ids[1]: ("schema", ""), ids[2]: ("crashed", "")}
        inbox.finish(session, claimed, BatchOutcome(done=[ids[3]], quarantined=reasons))
    return ids


def put(sender: Sender, count: int, *, start: int = 0) -> list[int]:
    """Record events in a transaction of their own; return their ids."""
    events = [
        NewEvent(EventKind.ASSESSMENT, number.to_bytes(16, "big"), "s", f'{{"n": {number}}}')
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


def listed_ids(events: EventFilter) -> list[int]:
    with transaction() as session:
        return [each.id for each in quarantine.list_events(session, events)]


def test_the_list_matches_every_field_of_the_filter(quarantined: list[int]) -> None:
    assert listed_ids(EventFilter()) == quarantined[:3]
    assert listed_ids(EventFilter(code="schema")) == quarantined[:2]
    assert listed_ids(EventFilter(code="schema", limit=1)) == quarantined[:1]
    assert listed_ids(EventFilter(ids=(quarantined[1], quarantined[3]))) == [quarantined[1]]
    assert listed_ids(EventFilter(source="moodle", code="crashed")) == [quarantined[2]]
    assert listed_ids(EventFilter(source="forms")) == []
    with pytest.raises(UnresolvedSchoolError):
        listed_ids(EventFilter(school="elsewhere"))
    assert listed_ids(EventFilter(since=dt.datetime(9000, 1, 1, tzinfo=dt.UTC))) == []


def test_a_quarantined_event_is_listed_with_the_place_of_its_error(quarantined: list[int]) -> None:
    with transaction() as session:
        first = quarantine.list_events(session, EventFilter(ids=(quarantined[0],)))[0]
    shown = (first.school, first.source, first.format, first.kind, first.code, first.pointer, first.attempts)
    assert shown == ("riverside", "moodle", "moodle", "assessment", "schema", "/verb/id", 1)
    assert first.payload == '{"n": 0}'


def test_a_retry_keeps_the_id_and_gives_all_attempts_back(sender: Sender, quarantined: list[int]) -> None:
    """The event that is done is none of a retry's business; the two others stay."""
    with transaction() as session:
        freed = quarantine.retry(session, [quarantined[0], quarantined[3]])
    assert freed == {EventKind.ASSESSMENT: [quarantined[0]]}
    assert row(quarantined[0]) == ("pending", None, 0, False)
    assert [row(event)[0] for event in quarantined[1:]] == ["quarantined", "quarantined", "done"]
    with transaction() as session:
        again = claiming.claim(session, EventKind.ASSESSMENT, school_id=sender.school_id, lease_seconds=30)
    assert [(event.id, event.attempts, event.payload) for event in again] == [(quarantined[0], 1, '{"n": 0}')]


def test_a_discarded_event_is_dropped_and_a_resend_of_it_is_a_duplicate(sender: Sender, quarantined: list[int]) -> None:
    with transaction() as session:
        assert quarantine.discard(session, [quarantined[1], quarantined[3]]) == [quarantined[1]]
    assert row(quarantined[1]) == ("dropped", "discarded", 1, False)
    assert row(quarantined[3])[:2] == ("done", None)
    with transaction() as session:
        resent = NewEvent(EventKind.ASSESSMENT, (1).to_bytes(16, "big"), "s", '{"n": 1}')
        assert inbox.record(session, sender, [resent]).duplicates == 1


def test_reprocessing_leaves_out_quarantined_discarded_and_pruned(sender: Sender, quarantined: list[int]) -> None:
    """Of six: one discarded, two quarantined, one done, one parked, one done and pruned: two are read again."""
    more = put(sender, 2, start=4)
    with transaction() as session:
        quarantine.discard(session, [quarantined[0]])
        claimed = claiming.claim(session, EventKind.ASSESSMENT, school_id=sender.school_id, lease_seconds=30)
        inbox.finish(session, claimed, BatchOutcome(done=[more[1]], parked={more[0]: "unknown_item"}))
        emptied = text("UPDATE souschef.inbox SET payload = '' WHERE id = :id")
        session.connection().execute(emptied, {"id": more[1]})
    with transaction() as session:
        counted = quarantine.reprocess(session, EventFilter(), dry_run=True)
    assert (counted.ids, counted.pruned) == ({EventKind.ASSESSMENT: [quarantined[3], more[0]]}, 1)
    assert row(quarantined[3])[0] == "done"
    with transaction() as session:
        assert quarantine.reprocess(session, EventFilter()) == counted
    assert row(quarantined[3]) == ("pending", "again", 0, False)
    assert row(more[0]) == ("pending", "again", 0, False)
    assert [row(event)[0] for event in (quarantined[0], quarantined[1], more[1])] == ["dropped", "quarantined", "done"]


def test_what_was_given_up_is_read_again_where_its_code_is_named(quarantined: list[int]) -> None:
    with transaction() as session:
        quarantine.discard(session, quarantined[:1])
        found = quarantine.reprocess(session, EventFilter(code="discarded"))
    assert found.ids == {EventKind.ASSESSMENT: quarantined[:1]}


def test_slices_hold_each_event_once(sender: Sender, quarantined: list[int]) -> None:
    """Seven done events in slices of three: 3, 3, 1, and the last says that it is the last."""
    more = put(sender, 6, start=10)
    with transaction() as session:
        claimed = claiming.claim(session, EventKind.ASSESSMENT, school_id=sender.school_id, lease_seconds=30)
        inbox.finish(session, claimed, BatchOutcome(done=more))
    found: list[list[int]] = []
    after: int | None = 0
    while after is not None:
        with transaction() as session:
            part = quarantine.reprocess(session, EventFilter(limit=3), after=after)
        found += part.ids.values()
        after = part.last
    assert found == [[quarantined[3], *more[:2]], more[2:5], more[5:]]
