"""Somebody holds a student's row for as long as they like: nobody else waits for that, and nothing is given up."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import text

from config.settings import settings
from models import clock, engine
from models.students import states
from tasks import events, refresh
from tasks.sweep import sweep_once
from tests.tasks.conftest import Ask, School

GUS, AMARA = "riverside-s413", "riverside-s414"
ITEM = "4.NF.A.1 q01"

pytestmark = pytest.mark.timeout(240)


@contextmanager
def locked_row(student: str) -> Iterator[None]:
    """Hold a student's state, as a person does who forgets an open transaction."""
    plain = settings().database_url_text().replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(plain) as holder:
        holder.execute(
            """SELECT FROM souschef.learner_state JOIN souschef.person ON person.id = student_id
                WHERE ref = %s FOR UPDATE OF learner_state""",
            (student,),
        )
        yield


def later(seconds: float) -> None:
    with engine.transaction() as session:
        clock.set_to(session, clock.now(session) + dt.timedelta(seconds=seconds))


@pytest.mark.full
def test_a_student_whose_row_somebody_holds_keeps_no_other_waiting_and_is_never_given_up(
    school: School, ask: Ask
) -> None:
    """The batch waits for 5 s; then it is worked shard by shard, without waiting."""
    school.deliver(*school.answers(GUS, ITEM, "1"), *school.answers(AMARA, ITEM, "1"))
    with locked_row(GUS):
        counts = school.deliver(*school.answers(GUS, ITEM, "1", day=2), *school.answers(AMARA, ITEM, "110" * 7, day=2))
        assert (counts["held"], counts["applied"]) == (1, 21)
        for _ in range(6):  # more often than an event may break its worker
            later(16)
            assert events.assessment_completed([])["held"] == 1
        assert ask("SELECT state, attempts, count(*) FROM souschef.inbox GROUP BY 1, 2 ORDER BY 1") == [
            ("done", 1, 23),
            ("pending", 0, 1),
        ]
    later(30)
    assert sweep_once() == 1
    assert events.assessment_completed([])["applied"] == 1


def test_a_refresh_leaves_the_student_whose_row_somebody_holds_for_later(school: School, ask: Ask) -> None:
    school.deliver(*school.answers(GUS, ITEM, "1"), *school.answers(AMARA, ITEM, "1"))
    with engine.transaction() as session:
        [(school_id,)] = session.connection().execute(text("SELECT id FROM souschef.school"))
        states.mark_due(session, school_id=school_id)
        everybody = states.due(session, limit=1000, school_id=school_id)
    due = "SELECT ref FROM souschef.learner_state JOIN souschef.person ON person.id = student_id WHERE refresh_due"
    with locked_row(GUS):
        assert refresh.refresh_assignments(everybody)["held"] == 1
        assert ask(due) == [(GUS,)]
    assert "held" not in refresh.refresh_assignments(everybody)
    assert ask(due) == []
