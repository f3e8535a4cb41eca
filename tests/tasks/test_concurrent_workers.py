"""L12: two workers at one student leave one current set and the later version, and without the lock that shows."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from models import engine
from models.students import states
from tasks import refresh
from tasks.pipeline.decide import decide
from tests.tasks.conftest import Ask

pytestmark = pytest.mark.timeout(120)


def raced(student: int, monkeypatch: pytest.MonkeyPatch) -> list[BaseException | None]:
    """Refresh a student twice at once; who has read first waits a while for the other to have read too."""
    both = threading.Barrier(2)

    def slowly(*arguments: Any, **more: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            both.wait(timeout=2)
        return decide(*arguments, **more)

    monkeypatch.setattr(refresh, "decide", slowly)
    with ThreadPoolExecutor(2) as workers:
        ends = [workers.submit(partial(refresh.refresh_assignments, [student])) for _ in range(2)]
        return [end.exception() for end in ends]


def newcomer(ask: Ask) -> int:
    """Return a student to whom nothing is assigned yet."""
    query = """SELECT min(id) FROM souschef.person AS p WHERE role = 'student' AND EXISTS (
                 SELECT FROM souschef.enrolment AS e WHERE e.person_id = p.id)"""
    return int(ask(query)[0][0])


def current(ask: Ask, student: int) -> list[tuple[Any, ...]]:
    """Return what lies open, a row a material: its slot and place on the menu."""
    return ask(
        """SELECT slot, menu_position, material_id, version FROM lms.assignments AS a JOIN souschef.person AS p ON
                  p.ref = a.student_ref WHERE p.id = :student AND state IN ('proposed', 'assigned', 'started')
            ORDER BY slot, menu_position""",
        student=student,
    )


@pytest.mark.usefixtures("school")
@pytest.mark.shows("L12")
def test_two_workers_racing_leave_one_current_set_and_the_later_version(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = newcomer(ask)
    assert current(ask, student) == []
    assert raced(student, monkeypatch) == [None, None]
    found = current(ask, student)
    assert found
    assert len({row[:2] for row in found}) == len(found)
    # The second found nothing new, so that the first one's version stands.
    assert ask("SELECT version FROM souschef.learner_state WHERE student_id = :id", id=student) == [(found[0][3],)]
    refresh.refresh_assignments([student])
    assert current(ask, student) == found


@pytest.mark.usefixtures("school")
def test_two_workers_without_the_lock_are_caught(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant: both read the same version, and who writes second would write it again."""
    student = newcomer(ask)
    ((school_id,),) = ask("SELECT school_id FROM souschef.person WHERE id = :id", id=student)
    with engine.transaction() as session:
        states.load_for_update(session, school_id, [student])
    monkeypatch.setattr(states, "load_for_update", lambda session, _, ids: states.load(session, ids))
    ends = raced(student, monkeypatch)
    assert sum(end is not None for end in ends) == 1, ends
