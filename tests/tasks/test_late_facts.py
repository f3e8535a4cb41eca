"""After a late, regraded or retracted fact a state is computed from a checkpoint, and has the bytes of all facts."""

import datetime as dt
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from learning.mastery import checkpoints as places
from models import engine
from models.events import facts
from models.events.facts import END
from models.imports import load as imports
from models.students import checkpoints, model_versions
from models.students import states as learner_states
from tasks.pipeline.decide import decide
from tasks.pipeline.update_states import update_states
from tasks.refresh import refresh_assignments
from tests.tasks.conftest import Ask, School
from workers.cli import import_files

GUS = "riverside-s413"
ITEMS = ("4.NF.A.1 q01", "4.NF.A.1 q02", "4.NF.A.2 q01", "4.NF.B.3 q01", "nobody knows this item")
QUIZ = "Quiz of today"
BEGIN = dt.datetime(2026, 10, 5, 8, tzinfo=dt.UTC)
STORED = "SELECT facts, last_key FROM souschef.state_checkpoint ORDER BY facts"
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def checkpoints_from_the_fourth_fact_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "FEWEST_FACTS", 4)


@pytest.fixture
def quiz(school: School, tmp_path: Path) -> School:
    """The school with an assessment that is aligned as a whole."""
    (tmp_path / "alignments.csv").write_text(f"item,skill\n{QUIZ},4.NF.A.1\n")
    with engine.transaction() as session:
        report = imports.load(session, "riverside", import_files.read(tmp_path))
    assert report.any
    return school


def history(dice: random.Random, length: int) -> list[dict[str, Any]]:
    """Return events of all that changes evidence: answers, totals of some attempts, regrades that also move in time."""
    events: list[dict[str, Any]] = []
    for number in range(length):
        at = BEGIN + dt.timedelta(minutes=dice.randrange(3 * length))
        event: dict[str, Any] = {
            "type": "item_result",
            "id": f"e{number}",
            "student": GUS,
            "at": at.isoformat(),
            "attempt": f"a{dice.randrange(4)}",
        }
        if dice.random() < 0.2:
            event |= {"type": "attempt_graded", "subject": QUIZ, "points": dice.randrange(5), "of": 4}
        else:
            event |= {"subject": dice.choice(ITEMS), "outcome": dice.choice([0.0, 1.0, 0.5])}
        regraded = [each for each in events if each["type"] == event["type"] == "item_result"]
        if regraded and dice.random() < 0.2:
            first = dice.choice(regraded)
            revised = BEGIN + dt.timedelta(days=30, minutes=number)
            event |= {"replaces": first.get("replaces", first["id"]), "revised_at": revised.isoformat()}
        events.append(event)
    return events


def deliver(school: School, events: list[dict[str, Any]], cuts: list[int]) -> None:
    """Deliver events in batches."""
    edges = sorted({0, *(cut % (len(events) + 1) for cut in cuts), len(events)})
    for begin, end in pairwise(edges):
        school.deliver(*events[begin:end])


def state(ask: Ask) -> tuple[Any, ...]:
    """Return all that a state says: its bytes, of how many facts, and which is the last."""
    (found,) = ask(
        """SELECT state, facts, last_at, last_key FROM souschef.learner_state
            WHERE student_id = (SELECT id FROM souschef.person WHERE ref = :r)""",
        r=GUS,
    )
    return tuple(found)


def gus(ask: Ask) -> int:
    ((found,),) = ask("SELECT id FROM souschef.person WHERE ref = :r", r=GUS)
    return int(found)


def from_beginning(ask: Ask) -> tuple[Any, ...]:
    """Compute the state of Gus again from the first fact on."""
    refresh_assignments([gus(ask)])
    return state(ask)


def forget() -> None:
    gone = "souschef.inbox, souschef.fact, souschef.learner_state, souschef.state_checkpoint, souschef.decision"
    with engine.transaction() as session:
        session.connection().execute(text(f"TRUNCATE {gone} CASCADE"))


def test_whatever_order_facts_come_in_the_state_is_that_of_all_facts_in_order(quiz: School, ask: Ask) -> None:
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.integers(0, 2**32), st.lists(st.integers(0, 99), min_size=2, max_size=6), st.randoms(use_true_random=False)
    )
    def holds(seed: int, cuts: list[int], order: random.Random) -> None:
        forget()
        events = history(random.Random(seed), 24)
        order.shuffle(events)
        deliver(quiz, events, cuts)
        live = state(ask)
        assert len(ask(STORED)) <= 3
        assert from_beginning(ask) == live

    holds()


def late_after_many(school: School, ask: Ask) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the state after 16 answers, a refresh and a late answer, as it is stored and as it should be."""
    answers = school.answers(GUS, ITEMS[0], "0110100110010110")
    school.deliver(*answers[:5], *answers[6:])
    from_beginning(ask)
    school.deliver(answers[5])
    live = state(ask)
    return live, from_beginning(ask)


def test_a_late_fact_is_folded_from_the_checkpoint_before_it(
    school: School, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of 15 facts there are checkpoints after 7, 11 and 14: a fact between the 11th and 12th needs five facts read."""
    answers = school.answers(GUS, ITEMS[0], "0110100110010110")
    school.deliver(*answers[:11], *answers[12:])
    from_beginning(ask)
    assert [row[0] for row in ask(STORED)] == [7, 11, 14]
    read: list[int] = []
    load = facts.load_evidence

    def counted(*arguments: Any) -> Any:
        found = load(*arguments)
        read.append(len(found[gus(ask)]))
        return found

    monkeypatch.setattr(facts, "load_evidence", counted)
    school.deliver(answers[11])
    assert read == [5]
    assert [row[0] for row in ask(STORED)] == [7, 12, 15]
    live = state(ask)
    assert from_beginning(ask) == live


def test_a_late_fact_gives_the_state_of_all_facts_in_order(school: School, ask: Ask) -> None:
    live, expected = late_after_many(school, ask)
    assert live == expected


def newest_whatever_changed(*arguments: Any, **options: Any) -> Any:
    session, changed = arguments
    return LOAD(session, dict.fromkeys(changed, END), **options)


LOAD = checkpoints.load_before


def test_a_checkpoint_behind_the_late_fact_would_be_found_out(
    school: School, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant: the newest checkpoint, whatever changed."""
    monkeypatch.setattr(checkpoints, "load_before", newest_whatever_changed)
    live, expected = late_after_many(school, ask)
    assert live != expected


def test_a_checkpoint_that_outlives_a_late_fact_would_be_found_out(
    school: School, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutant: checkpoints behind a late fact stay, and the next late fact is folded from one without the first."""
    answers = school.answers(GUS, ITEMS[0], "0110100110010110")
    school.deliver(*answers[:2], *answers[3:14], answers[15])
    from_beginning(ask)
    monkeypatch.setattr(checkpoints, "save", lambda *_, **__: None)
    school.deliver(answers[2])
    school.deliver(answers[14])
    live = state(ask)
    assert from_beginning(ask) != live


def test_a_regrade_is_folded_from_before_both_its_places(school: School, ask: Ask) -> None:
    """A second version that says that the answer was given earlier, and a third that says later."""
    answers = school.answers(GUS, ITEMS[0], "0110100110010110")
    school.deliver(*answers)
    from_beginning(ask)
    for number, moment in enumerate(("09:03:30", "09:14:30", "09:09:00")):
        revised = {"replaces": answers[12]["id"], "revised_at": f"2026-10-0{number + 2}T09:00:00Z"}
        school.deliver({**answers[12], "id": f"r{number}", **revised, "at": f"2026-10-01T{moment}Z", "outcome": 0.5})
        live = state(ask)
        assert from_beginning(ask) == live


@pytest.fixture
def answered(quiz: School, ask: Ask) -> School:
    """Gus with 15 answers, and the total of an attempt with one answer in it."""
    answers = quiz.answers(GUS, ITEMS[0], "0110100110010110")
    total = {"type": "attempt_graded", "id": "t", "student": GUS, "at": "2026-10-01T09:02:30Z", "attempt": "other"}
    answers[9] |= {"attempt": "other"}
    quiz.deliver(*answers, {**total, "subject": QUIZ, "points": 0, "of": 4})
    from_beginning(ask)
    return quiz


@pytest.mark.parametrize("minute", [0, 9, 12, 15])
def test_a_retracted_fact_is_folded_from_before_it(answered: School, ask: Ask, minute: int) -> None:
    """The tenth answer is the only one of its attempt: without it the attempt's total counts, six minutes earlier."""
    of_minute = "extract(minute FROM occurred_at) = :m AND kind = 'item_result'"
    ((fact,),) = ask(f"SELECT id FROM souschef.fact WHERE {of_minute}", m=minute)
    ((school_id,),) = ask("SELECT id FROM souschef.school")
    before = state(ask)
    with engine.transaction() as session:
        states = learner_states.load_for_update(session, school_id, [gus(ask)])
        touched = facts.retract(session, [fact])
        assert touched[gus(ask)][0].minute == (2 if minute == 9 else minute)
        decide(session, school_id, states=states, touched=touched)
    live = state(ask)
    assert live != before
    assert from_beginning(ask) == live


def test_checkpoints_of_other_versions_are_of_no_use(answered: School, ask: Ask) -> None:
    """States that another snapshot gave: a late fact is folded from the beginning, and they are replaced."""
    ask("UPDATE souschef.state_checkpoint SET snapshot_version = 7, state = ''::bytea RETURNING facts")
    answered.deliver({**answered.answers(GUS, ITEMS[1], "1")[0], "at": "2026-10-01T09:14:30Z"})
    live = state(ask)
    assert ask("SELECT DISTINCT snapshot_version FROM souschef.state_checkpoint") == [(0,)]
    assert from_beginning(ask) == live


def test_what_did_not_change_is_not_written_again(answered: School, ask: Ask) -> None:
    before = ask("SELECT facts, xmin::text FROM souschef.state_checkpoint ORDER BY facts")
    assert len(before) == 3
    from_beginning(ask)
    assert ask("SELECT facts, xmin::text FROM souschef.state_checkpoint ORDER BY facts") == before


def test_deleted_facts_leave_no_checkpoint(answered: School, ask: Ask) -> None:
    ((school_id,),) = ask("SELECT id FROM souschef.school")
    with engine.transaction() as session:
        versions = model_versions.in_force(session, school_id)
        states = learner_states.load_for_update(session, school_id, [gus(ask)])
        facts.retract(session, [row[0] for row in ask("SELECT id FROM souschef.fact")])
        updated = update_states(session, school_id, states, touched={gus(ask): facts.BEGINNING}, versions=versions)
    assert updated[gus(ask)].state == b""
    assert ask(STORED) == []
