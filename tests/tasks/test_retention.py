"""Retention: each kind goes when its term is over, by the one clock, and nothing before; the rest stays sound."""

import datetime as dt
import json
from typing import Any

import pytest
from typer.testing import CliRunner

from models import clock, engine
from models.privacy import audit, retention
from models.privacy.retention import DataKind
from tasks import events
from tasks.nightly import nightly
from tasks.refresh import refresh_assignments
from tests.tasks.conftest import Ask, School
from workers.cli.main import app

RUN = CliRunner()
transaction = engine.transaction
START = dt.datetime(2026, 11, 10, 12, tzinfo=dt.UTC)


def after(days: float) -> None:
    """Let the clock say that so many days have gone by since everything came."""
    with transaction() as session:
        clock.set_to(session, START + dt.timedelta(days=days))


def terms(*words: str) -> dict[str, dict[str, Any]]:
    result = RUN.invoke(app, ["privacy", "retention", "--json", *words])
    assert result.exit_code == 0, result.output
    return {row["kind"]: row for row in json.loads(result.stdout)["schools"][0]["terms"]}


def due() -> dict[str, int]:
    return {kind: row["due"] for kind, row in terms().items() if row["due"]}


def test_what_is_due_is_reported_and_deleted_by_the_nightly_job_and_nothing_else(student: str, ask: Ask) -> None:
    """14 days: raw; 90: quarantined and parked; 400: ended decisions; 730: the log. A day before each: nothing."""
    RUN.invoke(app, ["student", student])
    terms("--set", "feed=forever")  # it has a test of its own
    done, waiting = (
        ask(f"SELECT count(*) FROM souschef.inbox WHERE state IN ({states})")[0][0]
        for states in ("'done', 'dropped'", "'quarantined', 'parked'")
    )
    entries = ask("SELECT count(*) FROM souschef.access")[0][0]
    ask("UPDATE souschef.assignment SET state = 'withdrawn', ended_at = souschef.clock() RETURNING 1")
    decisions = ask("SELECT count(*) FROM souschef.decision")[0][0]
    facts = ask("SELECT count(*) FROM souschef.fact")[0][0]
    steps: tuple[tuple[int, dict[str, int], dict[str, int]], ...] = (
        (13, {}, {}),
        (15, {"raw": done}, {"pruned": done}),
        (89, {}, {}),
        (91, {"waiting": waiting}, {"pruned_waiting": waiting}),
        (399, {}, {}),
        (401, {"decisions": decisions}, {"pruned_decisions": decisions}),
        (729, {}, {}),
        (731, {"access": entries}, {"pruned_access": entries}),
    )
    for days, expected, gone in steps:
        after(days)
        assert due() == expected, days
        night = nightly()
        # The night lets the parked try again; they are parked again.
        events.assessment_completed([])
        assert {name: count for name, count in night.items() if str(name).startswith("pruned")} == gone, days
        assert due() == {}, days
    assert ask("SELECT count(*) FROM souschef.inbox WHERE payload <> ''") == [(0,)]
    assert ask("SELECT DISTINCT shard FROM souschef.inbox") == [(0,)], "six bits of a name outlive its event"
    assert ask("SELECT count(*) FROM souschef.inbox WHERE code = 'expired'") == [(waiting,)]
    assert ask("SELECT count(*) FROM souschef.fact") == [(facts,)]
    with transaction() as session:
        assert all(not each.faults for each in audit.verify(session))


def test_a_reader_with_an_old_cursor_misses_nothing_of_a_feed_that_was_shortened(
    student: str, school: School, ask: Ask
) -> None:
    """Of the old lines the last about each thing stays; younger ones stay whole, in their order."""
    ((item,),) = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'item'")
    for day in (12, 13, 14):
        school.deliver(*school.answers(student, item, "1100", day=day))
    old = feed(ask)
    last = sorted({about(line): line for line in old}.values())
    after(91)
    for day in (15, 16):
        school.deliver(*school.answers(student, item, "0100", day=day))
    young = feed(ask)[len(old) :]
    assert len({about(line) for line in young}) < len(young)
    assert len(last) < len(old)
    assert due()["feed"] == len(old) - len(last)
    assert nightly()["pruned_feed"] == len(old) - len(last)
    assert feed(ask)[: len(last) + len(young)] == last + young
    assert due() == {}
    terms("--set", "feed=forever")
    after(900)
    before = feed(ask)
    nightly()
    assert feed(ask)[: len(before)] == before


def feed(ask: Ask) -> list[Any]:
    columns = "number, kind, assignment_id, student_ref, state, version"
    return ask(f"SELECT {columns} FROM lms.assignment_changes ORDER BY number")


def about(row: Any) -> tuple[Any, ...]:
    """What a line says to read again."""
    _, kind, assignment, student, *_ = row
    return (kind, assignment) if kind == "assignment" else (kind, student)


def test_a_step_goes_on_after_the_last_row_of_the_one_before(
    student: str, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, each step read again all that the earlier ones had cleared: 250,000 rows took 83 s, 10,000 took 0.4 s."""
    assert student
    monkeypatch.setattr(retention, "BATCH_SIZE", 2)
    after(20)
    ((school_id,),) = ask("SELECT id FROM souschef.school")
    due_ids = [
        row[0] for row in ask("SELECT id FROM souschef.inbox WHERE state = 'done' AND payload <> '' ORDER BY id")
    ]
    with transaction() as session:
        period = retention.retention_periods(session, school_id)[DataKind.RAW]
        first = retention.prune_step(session, school_id, period)
        second = retention.prune_step(session, school_id, period, after=first.last)
        skipped = retention.prune_step(session, school_id, period, after=due_ids[-1])
    assert (first.rows, first.last) == (2, due_ids[1])
    assert (second.rows, second.last) == (2, due_ids[3])
    assert skipped.rows == 0


def test_an_open_assignment_keeps_its_decision(student: str, ask: Ask) -> None:
    before = ask("SELECT count(DISTINCT decision_id) FROM souschef.assignment WHERE ended_at IS NULL")
    assert before > [(0,)]
    after(500)
    with transaction() as session:
        found = retention.retention_periods(session, ask("SELECT id FROM souschef.school")[0][0])
        retention.prune_step(session, ask("SELECT id FROM souschef.school")[0][0], found[DataKind.DECISIONS])
    assert ask("SELECT count(DISTINCT decision_id) FROM souschef.assignment WHERE ended_at IS NULL") == before


def test_facts_go_by_the_schools_own_term_and_beliefs_with_them(student: str, ask: Ask) -> None:
    """After 60 days of a term of 50: no facts, and a state as of somebody of whom nothing was heard."""
    assert terms()["facts"] == {"kind": "facts", "days": None, "shipped": True, "due": 0}
    after(60)
    count = ask("SELECT count(*) FROM souschef.fact")[0][0]
    assert terms("--set", "facts=50")["facts"] == {"kind": "facts", "days": 50, "shipped": False, "due": count}
    ((last,),) = ask("SELECT max(number) FROM lms.assignment_changes")
    assert nightly()["pruned_facts"] == count
    whom = [row[0] for row in ask("SELECT student_id FROM souschef.learner_state WHERE refresh_due")]
    assert len(whom) == 2
    result = ask(
        "SELECT kind, count(DISTINCT student_ref) FROM lms.assignment_changes WHERE number > :n GROUP BY 1", n=last
    )
    assert sorted(result) == [("gaps", 2), ("interests", 2)]
    refresh_assignments(whom)
    assert ask("SELECT DISTINCT facts, last_at FROM souschef.learner_state") == [(0, None)]
    assert ask("SELECT count(*) FROM souschef.skill_gap WHERE responses > 0") == [(0,)]
    assert RUN.invoke(app, ["rebuild", "--all"]).exit_code == 0
    assert ask("SELECT action, detail FROM souschef.access WHERE action = 'retention'") == [
        ("retention", {"kind": "facts", "days": 50})
    ]
    assert terms("--set", "facts=default")["facts"]["shipped"] is True


def test_steps_are_small_and_the_night_takes_as_many_as_it_needs(
    student: str, school: School, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH_SIZE", 2)
    after(15)
    many = due()["raw"]
    assert many > 4
    assert nightly()["pruned"] == many


def test_a_log_that_was_pruned_is_still_found_out(student: str, ask: Ask) -> None:
    for _ in range(4):
        RUN.invoke(app, ["student", student])
    after(731)
    RUN.invoke(app, ["student", student])
    nightly()
    assert ask("SELECT min(number), max(number) FROM souschef.access") == [(5, 5)]
    ask("UPDATE souschef.access SET author = 'nobody' RETURNING 1")
    with transaction() as session:
        assert [fault for each in audit.verify(session) for fault in each.faults] == ["entry 5 is not what was written"]


@pytest.mark.parametrize("setting", ["facts", "facts=0", "facts=-1", "facts=1.5", "shoes=5", "raw=", "=5"])
def test_an_invalid_retention_period_is_refused(setting: str) -> None:
    with pytest.raises(retention.InvalidRetentionError):
        retention.set_retention(None, 1, setting)  # type: ignore[arg-type]
