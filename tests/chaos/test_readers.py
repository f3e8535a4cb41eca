"""The LMS that reads while assignments are decided again: versions only rise, and nobody waits.

That the feed misses nothing and is not overtaken is shown in tests/flow/test_feed.py.
"""

import threading
import time
from contextlib import suppress

import psycopg
import pytest
from sqlalchemy import text

from config.settings import settings
from models import engine
from models.access import lms_roles
from models.students import states
from tasks.broker import enqueue
from tests.chaos.accounting import ask, compare, wait_until
from tests.chaos.conftest import Record
from tests.chaos.sizes import sized
from tests.chaos.system import running_system

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(600)]
READERS, REFRESHES = 4, sized(5000, 500)
MOST_MS = 100
VIEWS = {
    "assignments": "SELECT student_ref, max(version) FROM lms.assignments GROUP BY 1",
    "skill_gaps": "SELECT student_ref, max(version) FROM lms.skill_gaps GROUP BY 1",
    "feed": "SELECT student_ref, max(version) FROM lms.assignment_changes GROUP BY 1",
}
MARKED = "SELECT count(*) FROM souschef.learner_state WHERE refresh_due"
LOCKED = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lms reader' AND wait_event_type = 'Lock'"


@pytest.mark.shows("P25")
def test_p25_a_listener_that_never_ends_its_transaction_stops_nobody(record: Record) -> None:
    """It has the queue of notices fill up, so that a commit with one more notice in it fails.

    The smallest queue that PostgreSQL knows, 64 pages, instead of a million of them.
    Mutant: a notice whatever the queue holds: every batch breaks, and all events end in quarantine.
    """
    seed = 251
    with running_system(sweep=2) as system:
        began = time.monotonic()
        events = system.events(300, seed=seed)
        plain = system.running.database_url.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET max_notify_queue_pages = 64")
        system.stop_database()
        system.start_database()
        with psycopg.connect(plain) as listener, psycopg.connect(plain, autocommit=True) as other:
            listener.execute("LISTEN souschef_assignments")
            listener.commit()
            listener.execute("SELECT 1")
            with suppress(psycopg.errors.ProgramLimitExceeded):
                while True:
                    other.execute("SELECT pg_notify('souschef_assignments', repeat('x', 7000))")
            system.send(events)
            system.quiet(seconds=60)
        counts = compare(events)
        assert counts.quarantined == 0
        done = "queue of notices full behind a listener that sits in a transaction: all applied, without a notice"
        record("P25", done, counts, seconds=time.monotonic() - began, seed=seed, case="listener")


class Reader(threading.Thread):
    """One of the LMS's own queries after the other, through the school's own login."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.over = threading.Event()
        self.seconds: list[float] = []
        self.falls = 0

    def run(self) -> None:
        highest: dict[tuple[str, str], int] = {}
        with psycopg.connect(self.url, autocommit=True, application_name="lms reader") as connection:
            while not self.over.wait(0.02):
                for view, query in VIEWS.items():
                    began = time.monotonic()
                    rows = connection.execute(query.encode()).fetchall()
                    self.seconds.append(time.monotonic() - began)
                    for student, version in rows:
                        self.falls += version < highest.get((view, student), 0)
                        highest[view, student] = version


@pytest.mark.shows("P25")
def test_p25_readers_see_versions_rise_and_wait_for_nobody(record: Record) -> None:
    """Four readers through 5,000 refreshes (500 in the short form) and the answers beneath them.

    Mutant: `publish` that locks the tables it writes shows readers that wait for a lock.
    """
    seed = 25
    with running_system() as system:
        began = time.monotonic()
        events = system.events(sized(1000, 200), seed=seed)
        with engine.transaction() as session:
            [(school_id, ref)] = session.connection().execute(text("SELECT id, ref FROM souschef.school"))
            url = lms_roles.create_or_rotate(session, ref, url=settings().database_url_text()).url
        readers = [Reader(url) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        refreshed = locked = 0
        with system.burst(events, clients=1, pause=0.1):
            while refreshed < REFRESHES:
                with engine.transaction() as session:
                    refreshed += states.mark_due(session, school_id=school_id)
                    ids = states.due(session, limit=REFRESHES, school_id=school_id)
                enqueue("refresh_assignments", ids)
                wait_until(
                    lambda: ask(MARKED) == [(0,)],
                    seconds=60,
                    what="refreshed",
                )
                locked += ask(LOCKED)[0][0]
        system.quiet(seconds=60)
        for reader in readers:
            reader.over.set()
            reader.join()
        waits = sorted(1000 * seconds for reader in readers for seconds in reader.seconds)
        p99 = waits[int(0.99 * len(waits))]
        assert sum(reader.falls for reader in readers) == 0
        assert locked == 0
        assert p99 < MOST_MS, f"{p99:.0f} ms"
        done = f"{READERS} readers, {len(waits):,} reads over {refreshed:,} refreshes: p99 {p99:.0f} ms, no lock"
        record("P25", done, compare(events), seconds=time.monotonic() - began, seed=seed)
