"""What begins or ends by itself is found by the next sweep, for those whom it concerns, and asks nobody else."""

import pytest
from sqlalchemy import text

from models import engine
from models.assignments import overrides
from tasks.refresh import refresh_assignments
from tasks.sweep import sweep_once
from tests.parameters import first_of
from tests.tasks.conftest import Ask, School

GUS = "riverside-s413"
pytestmark = pytest.mark.timeout(120)

ORDER = """
    INSERT INTO souschef.teacher_order (school_id, key, kind, author, reason, expires_at, {column})
    SELECT school_id, 'o', 'hold', 't', 'as agreed', souschef.clock() + CAST(:at AS interval), id
      FROM souschef.{table} WHERE ref = :ref RETURNING id
"""
SCOPE = """
    UPDATE souschef.scope SET {column} = souschef.clock() + CAST(:at AS interval)
     WHERE class_id = (SELECT id FROM souschef.class WHERE ref = :ref)
       AND skill_id = (SELECT min(skill_id) FROM souschef.scope) RETURNING skill_id
"""
POLICY = """
    INSERT INTO souschef.policy (school_id, class_id, document, until)
    SELECT {columns}, '{{"slots": 1}}', jsonb_build_object('slots', souschef.clock() + CAST(:at AS interval))
      FROM souschef.{table} WHERE ref = :ref RETURNING id
"""
MOMENTS = {
    "a student's order": (ORDER.format(column="student_id", table="person"), GUS, 1),
    "a class's order": (ORDER.format(column="class_id", table="class"), "MATH-5A", 28),
    "a skill opens": (SCOPE.format(column="opens_at"), "MATH-5A", 28),
    "a skill closes": (SCOPE.format(column="closes_at"), "MATH-5A", 28),
    "a class's setting": (POLICY.format(columns="school_id, id", table="class"), "MATH-5A", 28),
    "a school's setting": (POLICY.format(columns="id, NULL", table="school"), "riverside", 28),
}


@pytest.fixture
def everybody(school: School, ask: Ask) -> list[int]:
    """All students, decided for; a sweep has been."""
    students = [row[0] for row in ask("SELECT id FROM souschef.person WHERE role = 'student' ORDER BY id")]
    refresh_assignments(students)
    sweep_once()
    assert len(students) == 28
    assert waiting(ask) == []
    return students


def waiting(ask: Ask) -> list[int]:
    return [row[0] for row in ask("SELECT student_id FROM souschef.learner_state WHERE refresh_due ORDER BY 1")]


def later(ask: Ask, by: str) -> None:
    ask("UPDATE souschef.clock_offset SET ahead = ahead + CAST(:by AS interval) RETURNING 1", by=by)


@pytest.mark.parametrize("kind", MOMENTS)
@pytest.mark.parametrize("still", first_of(["20 minutes", "3 days"], quick=4))
def test_the_next_sweep_marks_those_whom_it_concerns_once(
    everybody: list[int], ask: Ask, kind: str, still: str
) -> None:
    """Also where no worker has run for days."""
    write, ref, count = MOMENTS[kind]
    assert len(ask(write, at="10 minutes", ref=ref)) == 1
    sweep_once()
    assert waiting(ask) == []
    later(ask, still)
    sweep_once()
    assert len(waiting(ask)) == count
    refresh_assignments(waiting(ask))
    sweep_once()
    assert waiting(ask) == []


def test_what_is_written_while_a_sweep_runs_is_found_by_the_next(everybody: list[int], ask: Ask) -> None:
    """It ends before the sweep, and is committed after it."""
    later(ask, "2 minutes")
    sweep_once()
    write, ref, count = MOMENTS["a class's order"]
    ask(write, at="-1 minute", ref=ref)
    later(ask, "10 seconds")
    sweep_once()
    assert len(waiting(ask)) == count


def test_whose_row_is_held_is_marked_when_it_is_free(everybody: list[int], ask: Ask) -> None:
    write, ref, _ = MOMENTS["a class's order"]
    ask(write, at="1 minute", ref=ref)
    later(ask, "2 minutes")
    with engine.transaction() as holder:
        lock = text("SELECT student_id FROM souschef.learner_state WHERE student_id = :student FOR UPDATE")
        holder.connection().execute(lock, {"student": everybody[0]})
        sweep_once()
        assert waiting(ask) == everybody[1:]
    later(ask, "10 minutes")
    sweep_once()
    assert waiting(ask) == everybody


def test_what_ends_while_a_decision_is_made_is_decided_again(everybody: list[int], ask: Ask) -> None:
    """The decision had read that it is in force, and was written after its end."""
    write, ref, _ = MOMENTS["a student's order"]
    with engine.transaction() as session:
        ((read_at,),) = session.connection().execute(text("SELECT souschef.clock()"))
    ask(write, at="1 second", ref=ref)
    later(ask, "2 seconds")
    ask("UPDATE souschef.learner_state SET refreshed_at = :at RETURNING 1", at=read_at)
    sweep_once()
    assert len(waiting(ask)) == 1


def test_a_clock_that_was_set_back_hides_nothing(everybody: list[int], ask: Ask) -> None:
    later(ask, "1 day")
    sweep_once()
    another = "UPDATE souschef.tally SET shard = 99 WHERE name = 'sweep' RETURNING 1"  # of a worker that sweeps no more
    assert ask(another) == [(1,)]
    later(ask, "-1 day")
    write, ref, count = MOMENTS["a class's order"]
    ask(write, at="1 minute", ref=ref)
    sweep_once()
    assert waiting(ask) == []
    later(ask, "2 minutes")
    sweep_once()
    assert len(waiting(ask)) == count


def test_where_nothing_has_begun_or_ended_no_student_is_asked(everybody: list[int], ask: Ask) -> None:
    """A sweep that asks each would take longer than a statement may, in a district of a million students."""
    for write, ref, _ in MOMENTS.values():
        ask(write.replace("'o'", "'o' || random()"), at="10 minutes", ref=ref)
    assert rows_read(marked=0) == 0
    later(ask, "20 minutes")
    assert rows_read(marked=28) > 0


def rows_read(*, marked: int) -> int:
    """Return how many rows of students one look for what has passed reads."""
    read = text("""SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))
                     FROM pg_stat_xact_user_tables WHERE relname IN ('learner_state', 'enrolment')""")
    with engine.transaction() as session:
        before = session.connection().execute(read).scalar_one()
        assert overrides.mark_expired_for_refresh(session) == marked
        return int(session.connection().execute(read).scalar_one() - before)
