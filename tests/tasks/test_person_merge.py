"""Two students who are one person: joined, with their answers, names and work; and taken apart again."""

import datetime as dt
from typing import Any

import pytest

from models import clock, engine
from models.access import schools
from models.privacy import erasure
from models.reports import twins
from models.students import merging
from models.students.merging import MergeError
from tasks import refresh
from tests.tasks.conftest import Ask, School


@pytest.fixture
def pair(school: School, ask: Ask) -> tuple[str, str]:
    """Two students who have answered one item: the first twice wrong, the second twice right."""
    old, new = [row[0] for row in ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY id LIMIT 2")]
    item = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")[0][0]
    school.deliver(*school.answers(old, item, "00"), *school.answers(new, item, "11", day=2))
    return old, new


def merge(pair: tuple[str, str]) -> dict[str, int]:
    with engine.transaction() as session:
        owner = schools.resolve(session, None)
        return dict(merging.merge(session, owner, *pair, author="J. Doe", reason="a new number"))


def undo(ref: str) -> None:
    with engine.transaction() as session:
        merging.undo(session, schools.resolve(session, None), ref, author="J. Doe", reason="two after all")


def outcomes(ask: Ask, ref: str) -> list[float]:
    statement = """
        SELECT outcome FROM souschef.fact JOIN souschef.person ON person.id = student_id
         WHERE ref = :ref ORDER BY occurred_at
    """
    return [row[0] for row in ask(statement, ref=ref)]


def beliefs(ask: Ask, ref: str) -> list[tuple[Any, ...]]:
    """What is believed of a student, after a refresh."""
    ids = [row[0] for row in ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=ref)]
    refresh.refresh_assignments(ids)
    statement = """
        SELECT skill_id, mastery, low, high, responses FROM souschef.skill_gap
          JOIN souschef.person ON person.id = student_id WHERE ref = :ref ORDER BY skill_id
    """
    return ask(statement, ref=ref)


def test_all_that_is_the_old_ones_becomes_the_new_ones(pair: tuple[str, str], school: School, ask: Ask) -> None:
    old, new = pair
    open_before = ask(
        "SELECT id FROM souschef.assignment WHERE ended_at IS NULL AND student_id = "
        "(SELECT id FROM souschef.person WHERE ref = :ref)",
        ref=old,
    )
    assert open_before
    apart = beliefs(ask, new)
    counts = merge(pair)
    assert (counts["fact"], counts["withdrawn"]) == (2, len(open_before))
    assert outcomes(ask, new) == [0, 0, 1, 1]
    assert ask("SELECT count(*) FROM souschef.person WHERE ref = :ref", ref=old) == [(0,)]
    assert beliefs(ask, new) != apart
    item = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")[0][0]
    school.deliver(*school.answers(old, item, "1", day=3))
    assert outcomes(ask, new) == [0, 0, 1, 1, 1], "the old name is one of theirs"
    ended = ask(
        "SELECT state, reason FROM souschef.assignment WHERE id = ANY(:ids)", ids=[row[0] for row in open_before]
    )
    assert set(ended) <= {("withdrawn", "person_merged"), ("done", "person_merged")}
    feed = ask("SELECT assignment_id FROM souschef.change WHERE state IN ('withdrawn', 'done')")
    assert set(open_before) <= set(feed)
    assert ask("SELECT action FROM souschef.access ORDER BY number DESC LIMIT 1") == [("merge",)]


def test_a_state_after_a_merge_is_that_of_one_student_with_all_the_answers(
    pair: tuple[str, str], school: School, ask: Ask
) -> None:
    """A third student gives the same four answers at the same times."""
    third = ask("SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY id LIMIT 3")[2][0]
    item = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")[0][0]
    school.deliver(*school.answers(third, item, "00"), *school.answers(third, item, "11", day=2))
    merge(pair)
    assert beliefs(ask, pair[1]) == beliefs(ask, third)


def test_a_merge_that_is_undone_leaves_two_as_they_were(pair: tuple[str, str], school: School, ask: Ask) -> None:
    """Also the answer that came meanwhile under the old name."""
    old, new = pair
    names = "SELECT name, target_id FROM souschef.alias WHERE kind = 'person' ORDER BY name"
    people = "SELECT * FROM souschef.person ORDER BY id"
    classes = "SELECT * FROM souschef.enrolment ORDER BY class_id, person_id, began_at"
    before = [ask(statement) for statement in (names, people, classes)]
    apart = beliefs(ask, old), beliefs(ask, new)
    merge(pair)
    item = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")[0][0]
    school.deliver(*school.answers(old, item, "1", day=3))
    undo(old)
    assert [ask(statement) for statement in (names, people, classes)] == before
    assert (outcomes(ask, old), outcomes(ask, new)) == ([0, 0, 1], [1, 1])
    assert beliefs(ask, new) == apart[1]
    assert beliefs(ask, old) != apart[0]
    assert ask("SELECT count(*) FROM souschef.person_merge") == [(0,)]


def test_after_a_day_a_merge_stays(pair: tuple[str, str], ask: Ask) -> None:
    merge(pair)
    with engine.transaction() as session:
        clock.set_to(session, clock.now(session) + dt.timedelta(hours=25))
    with pytest.raises(MergeError, match="no merge of"):
        undo(pair[0])
    with engine.transaction() as session:
        assert merging.forget_old(session, ask("SELECT id FROM souschef.school")[0][0]) == 1


def test_an_erasure_leaves_nothing_of_the_person_who_was_joined(pair: tuple[str, str], ask: Ask) -> None:
    merge(pair)
    with engine.transaction() as session:
        subject = erasure.find_student(session, pair[1])
        assert pair[0] in subject.names
        erasure.erase(session, subject, author="head", reason="request 1")
    assert ask("SELECT count(*) FROM souschef.person_merge") == [(0,)]
    assert ask("SELECT count(*) FROM souschef.person WHERE ref = ANY(:refs)", refs=list(pair)) == [(0,)]


@pytest.mark.parametrize("refs", [("nobody", None), (None, "nobody"), (None, None)])
def test_two_students_of_the_school_must_be_named(pair: tuple[str, str], refs: tuple[str | None, str | None]) -> None:
    with pytest.raises(MergeError):
        merge((refs[0] or pair[0], refs[1] or pair[0]))


def test_the_doctor_names_likely_twins(pair: tuple[str, str], ask: Ask) -> None:
    """One name and grade; the first has left all classes. Two who are both in a class are two."""
    old, new = pair
    ask(
        """UPDATE souschef.person SET given_name = 'Ada', family_name = 'Lee', grade = 5
            WHERE ref = ANY(:refs) RETURNING id""",
        refs=[old, new],
    )
    with engine.transaction() as session:
        assert twins.likely_twins(session) == []
    ask(
        """UPDATE souschef.enrolment SET ended_at = souschef.clock() - interval '1 day'
            WHERE person_id = (SELECT id FROM souschef.person WHERE ref = :ref) RETURNING class_id""",
        ref=old,
    )
    with engine.transaction() as session:
        [found] = twins.likely_twins(session)
    assert (found.old, found.new) == (old, new)
