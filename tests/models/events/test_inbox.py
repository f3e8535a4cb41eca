"""The inbox: once in, in the hands of one worker at a time, and finite for what kills."""

import pytest
from sqlalchemy import text

from lms.facts import EventKind
from models import engine
from models.access import sources
from models.access.sources import Sender
from models.events import claiming, inbox
from models.events.inbox import BatchOutcome, ClaimedEvent, LeaseLostError
from models.events.incoming import NewEvent
from models.tables import School

SECRET = b"a key of the tests"


@pytest.fixture
def sender(database_url: str) -> Sender:
    """A school with one source."""
    with transaction() as session:
        session.add(School(ref="riverside", name="Riverside"))
        session.flush()
        credential = sources.add(session, "moodle", format="moodle", secret_key=SECRET)
        found = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=SECRET)
    assert found is not None
    return found


transaction = engine.transaction


def some(count: int, *, start: int = 0) -> list[NewEvent]:
    return [
        NewEvent(EventKind.ASSESSMENT, number.to_bytes(16, "big"), f"student {number % 7}", f'{{"n": {number}}}')
        for number in range(start, start + count)
    ]


def record(sender: Sender, events: list[NewEvent]) -> inbox.RecordResult:
    with transaction() as session:
        return inbox.record(session, sender, events)


def claim(sender: Sender, *, lease_seconds: float = 30.0) -> list[ClaimedEvent]:
    with transaction() as session:
        return claiming.claim(session, EventKind.ASSESSMENT, school_id=sender.school_id, lease_seconds=lease_seconds)


def advance(seconds: float) -> None:
    with transaction() as session:
        session.connection().execute(
            text("""INSERT INTO souschef.clock_offset (single, ahead) VALUES (true, make_interval(secs => :s))
                    ON CONFLICT (single) DO UPDATE SET ahead = clock_offset.ahead + excluded.ahead"""),
            {"s": seconds},
        )


def state_of(event: int) -> tuple[str, int, str | None]:
    with transaction() as session:
        row = session.connection().execute(
            text("SELECT state, attempts, code FROM souschef.inbox WHERE id = :id"), {"id": event}
        )
        state, attempts, code = row.one()
    return state, attempts, code


def test_an_event_sent_twice_is_one_row(sender: Sender) -> None:
    """Also within one request: 3 events, one of them twice, are 3 rows and 1 duplicate."""
    events = some(3)
    first = record(sender, [*events, events[0]])
    assert (first.count, first.duplicates) == (3, 1)
    again = record(sender, events)
    assert (again.count, again.duplicates) == (0, 3)


def test_what_one_worker_holds_no_other_gets(sender: Sender) -> None:
    record(sender, some(10))
    assert len(claim(sender)) == 10
    assert claim(sender) == []


def of_students(count: int, *, each: int) -> list[NewEvent]:
    """So many events of so many students, whose names spread over the shards, in turns as a class hands in."""
    return [
        NewEvent(EventKind.ASSESSMENT, (n * count + s).to_bytes(16, "big"), f"student {s}", "{}")
        for n in range(each)
        for s in range(count)
    ]


def test_two_workers_in_one_schools_burst_have_no_shard_in_common(sender: Sender) -> None:
    """2,000 events of 200 students: each takes some shards, and of the students in them all that is near."""
    record(sender, of_students(200, each=10))
    with transaction() as session:
        first = claiming.claim(session, EventKind.ASSESSMENT, school_id=sender.school_id, lease_seconds=30)
    with transaction() as working:
        assert claiming.try_lock_shards(working, sender.school_id, first) == len({event.shard for event in first})
        second = claim(sender)
        third = claim(sender)
    mine, yours, theirs = ({event.shard for event in each} for each in (first, second, third))
    assert len(mine) == len(yours) == claiming.SHARDS_AT_ONCE
    assert not mine & yours
    assert not mine & theirs
    assert min(len(first), len(second)) > 300
    assert {event.id for event in first}.isdisjoint(event.id for event in second)


def test_where_all_that_is_due_is_in_anothers_shards_it_is_taken_all_the_same(sender: Sender) -> None:
    """A worker that has died, or stands still, with a shard in its hands must not stop the shard's other students."""
    record(sender, of_students(1, each=3))
    first = claim(sender)
    with transaction() as working:
        assert claiming.try_lock_shards(working, sender.school_id, first) == 1
        record(sender, [NewEvent(EventKind.ASSESSMENT, b"k" * 16, "student 0", "{}")])
        assert len(claim(sender)) == 1


def test_the_shards_of_one_school_are_not_anothers(sender: Sender) -> None:
    record(sender, of_students(64, each=1))
    leased = claim(sender)
    with transaction() as one, transaction() as other:
        assert claiming.try_lock_shards(one, sender.school_id, leased) == claiming.try_lock_shards(
            other, sender.school_id + 1, leased
        )


def test_an_expired_lease_is_claimed_again_and_the_first_worker_cannot_finish(sender: Sender) -> None:
    """The thawed worker's whole transaction is void, because its attempt is no longer the last."""
    record(sender, some(1))
    first = claim(sender)
    advance(31)
    second = claim(sender)
    assert [event.attempts for event in (*first, *second)] == [1, 2]
    with pytest.raises(LeaseLostError), transaction() as session:
        inbox.finish(session, first, BatchOutcome(done=[first[0].id]))
    with transaction() as session:
        inbox.finish(session, second, BatchOutcome(done=[second[0].id]))
    assert state_of(first[0].id) == ("done", 2, None)


def test_a_batch_that_broke_comes_back_in_smaller_ones_until_the_poison_is_alone(sender: Sender) -> None:
    """100 events fail together: batches of 60, then of 8, then of 1."""
    record(sender, some(100))
    sizes = []
    for _ in range(4):
        batch = claim(sender)
        sizes.append(len(batch))
        with transaction() as session:
            inbox.fail(session, batch)
            # Only the first of them stays, so that each round shows the size for one more attempt.
            others = [event.id for event in batch[1:]]
        advance(120)
        if len(batch) > 8:
            continue
        with transaction() as session:
            session.connection().execute(
                text("UPDATE souschef.inbox SET attempts = 3 WHERE id = ANY(:ids)"), {"ids": others}
            )
    assert sizes[:2] == [100, 60]
    assert sizes[2] <= 60
    assert sizes[-1] in {1, 8}


def test_an_event_that_breaks_its_worker_five_times_goes_into_quarantine(sender: Sender) -> None:
    record(sender, some(1))
    runs = 0
    while batch := claim(sender):
        runs += 1
        with transaction() as session:
            inbox.fail(session, batch)
        advance(200)
    assert runs == inbox.MAX_ATTEMPTS
    with transaction() as session:
        assert inbox.counts(session) == {"quarantined": 1}


def test_an_event_that_kills_its_worker_five_times_goes_into_quarantine(sender: Sender) -> None:
    """Nobody reports a death: the lease just runs out, and the sweep counts."""
    record(sender, some(1))
    for _ in range(inbox.MAX_ATTEMPTS):
        assert len(claim(sender)) == 1
        with transaction() as session:
            assert inbox.quarantine_exhausted(session) == 0
        advance(31)
    assert claim(sender) == []  # a worker that is quicker than the sweep leaves it alone
    with transaction() as session:
        assert claiming.next_school(session, EventKind.ASSESSMENT) is None
        assert claiming.next_school(session, EventKind.ASSESSMENT, ids=[1]) is None
        assert inbox.quarantine_exhausted(session) == 1
        assert session.connection().execute(text("SELECT code FROM souschef.quarantine")).scalar_one() == "crashed"


def test_a_batch_released_because_the_database_went_away_counts_no_attempt(sender: Sender) -> None:
    record(sender, some(2))
    batch = claim(sender)
    with transaction() as session:
        inbox.release(session, batch)
    assert state_of(batch[0].id) == ("pending", 0, None)


def test_nobody_rang_is_noticed(sender: Sender) -> None:
    record(sender, some(3))
    with transaction() as session:
        assert inbox.overdue(session, older_than_seconds=5) == {}
    advance(6)
    with transaction() as session:
        ids, requests = inbox.overdue(session, older_than_seconds=5)[EventKind.ASSESSMENT]
        assert (len(ids), requests) == (3, [])


def test_what_waits_for_a_time_that_the_clock_has_left_is_due_again(sender: Sender) -> None:
    """The database's clock falls back by two hours: what was accepted before would be due in two hours."""
    record(sender, some(3))
    in_hand = claim(sender)[:1]
    record(sender, some(3, start=3))
    advance(-7200)
    assert claim(sender) == []
    with transaction() as session:
        assert inbox.repair_after_clock_change(session, lease_seconds=30) == 6
        assert inbox.repair_after_clock_change(session, lease_seconds=30) == 0
    assert len(claim(sender)) == 3  # those without a lease
    with transaction() as session:
        inbox.finish(session, in_hand, BatchOutcome(done=[event.id for event in in_hand]))
    advance(31)  # the lease
    assert len(claim(sender)) == 5


def test_no_lease_and_no_backoff_is_taken_for_a_clock_that_fell(sender: Sender) -> None:
    record(sender, some(1))
    for waited in (0, 0, 8, 31, 91):  # half as long again as the backoffs of 0, 5, 20 and 60 s
        advance(waited)
        batch = claim(sender)
        with transaction() as session:
            assert inbox.repair_after_clock_change(session, lease_seconds=30) == 0
            inbox.fail(session, batch)
        with transaction() as session:
            assert inbox.repair_after_clock_change(session, lease_seconds=30) == 0
    assert state_of(batch[0].id) == ("quarantined", 5, "crashed")


def test_parked_events_come_back_after_a_load(sender: Sender) -> None:
    record(sender, some(2))
    batch = claim(sender)
    ending = BatchOutcome(done=[batch[0].id], parked={batch[1].id: "unknown_student"})
    with transaction() as session:
        inbox.finish(session, batch, ending)
    with transaction() as session:
        assert inbox.unpark(session, school_id=sender.school_id) == 1
    assert [event.id for event in claim(sender)] == [batch[1].id]


def test_a_rotated_secret_stays_good_for_a_week_and_a_revoked_one_not_at_all(sender: Sender) -> None:
    with transaction() as session:
        old = sources.credential(session, "moodle", secret_key=SECRET)
        new = sources.rotate(session, "moodle", secret_key=SECRET)
    assert old.secret != new.secret
    assert [opens(old), opens(new)] == [True, True]
    advance(8 * 86_400)
    assert [opens(old), opens(new)] == [False, True]
    with transaction() as session:
        sources.revoke(session, "moodle")
    assert [opens(old), opens(new)] == [False, False]


def opens(credential: sources.Credential) -> bool:
    with transaction() as session:
        return (
            sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=SECRET) is not None
        )
