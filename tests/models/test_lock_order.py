"""Marking a school's students and working on some of them never deadlock."""

import threading

from sqlalchemy import text

from models import engine
from models.students import states
from models.tables import School

transaction = engine.transaction


def two_students() -> tuple[int, list[int]]:
    """Return a school and its two students, whose rows lie in the other order than their ids."""
    with transaction() as session:
        school = School(ref="riverside", name="Riverside")
        session.add(school)
        session.flush()
        assert school.id is not None
        insert = text("""INSERT INTO souschef.person (school_id, ref, role)
                         SELECT :school, 's' || n, 'student' FROM generate_series(1, 2) AS n RETURNING id""")
        ids = sorted(session.connection().execute(insert, {"school": school.id}).scalars())
        states.load_for_update(session, school.id, ids[1:])
        states.load_for_update(session, school.id, ids[:1])
        return school.id, ids


def test_marking_a_school_never_deadlocks_with_a_worker(database_url: str) -> None:
    """A worker holds the first student, the marking begins, the worker takes the second: both come to their end.

    The mutant, a plain UPDATE, takes the rows as they lie: it holds the second student and waits for the first.
    """
    school, (first, second) = two_students()
    failures: list[str] = []

    def mark() -> None:
        try:
            with transaction() as session:
                assert states.mark_due(session, school_id=school) == 2
        except Exception as error:  # noqa: BLE001 - the test asserts that there is none
            failures.append(type(error).__name__)

    marking = threading.Thread(target=mark)
    with transaction() as worker:
        states.load_for_update(worker, school, [first])
        marking.start()
        waits_for_a_lock()
        states.load_for_update(worker, school, [second])
    marking.join()
    assert failures == []


def waits_for_a_lock() -> None:
    """Return when somebody in this database waits for a lock."""
    query = text("""SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'""")
    for _ in range(200):
        with transaction() as session:
            if session.connection().execute(query).scalar_one():
                return
            session.connection().execute(text("SELECT pg_sleep(0.02)"))
    raise AssertionError("nobody waits")
