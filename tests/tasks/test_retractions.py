"""Withdrawn evidence: as if it had never come, in whatever order it and its retraction do."""

import datetime as dt
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from config.settings import settings
from lms import canvas, xapi
from lms.facts import EventKind, PayloadError, Retraction, SourceRules
from models import engine
from models.access import sources
from models.events import quarantine, retractions
from models.events.facts import NewFact
from models.events.quarantine import EventFilter
from tasks import events
from tests.tasks.conftest import Ask, School, ask
from workers.cli.main import app

pytestmark = pytest.mark.timeout(120)
SHAPES = Path(__file__).parents[1] / "samples" / "real_shapes"
ITEM = "4.NF.A.1 q01"
HOME = "https://m.example"
STUDENTS = [f"riverside-s{number}" for number in range(413, 441)]
STATE = """
    SELECT encode(sha256(state), 'hex'), facts, last_at FROM souschef.learner_state WHERE student_id = :student
"""
GAPS = """
    SELECT skill_id, mastery, low, high, gap, standing, responses FROM souschef.skill_gap
     WHERE student_id = :student ORDER BY skill_id
"""
FACTS = "SELECT count(*) FROM souschef.fact WHERE student_id = :student"


@pytest.fixture
def lrs(school: School) -> School:
    """A source of plain xAPI beside the school's own."""
    with engine.transaction() as session:
        key = settings().secret_key_bytes()
        made = sources.add(session, "lrs", format="xapi", secret_key=key)
        sender = sources.authenticate(session, key=made.key, secret=made.secret, secret_key=key)
    assert sender is not None
    return School(sender)


def number_of(ref: str) -> int:
    return int(ask("SELECT id FROM souschef.person WHERE ref = :ref", ref=ref)[0][0])


def account(ref: str) -> dict[str, Any]:
    """The account by which xAPI names a student, which the school's own events do not need."""
    [(name,)] = ask(
        "SELECT min(name) FROM souschef.alias WHERE kind = 'person' AND target_id = :id AND name LIKE '%|%'",
        id=number_of(ref),
    )
    home, _, own = str(name).partition("|")
    return {"objectType": "Agent", "account": {"homePage": home, "name": own}}


def uuid_of(student: str, n: int) -> str:
    return f"7e2d1c5a-9f5b-4c1e-8a55-{STUDENTS.index(student):06d}{n:06d}"


def answer(student: str, n: int, *, right: bool) -> dict[str, Any]:
    """The n-th answer to one item, a minute apart."""
    return {
        "id": uuid_of(student, n),
        "actor": account(student),
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": {"id": f"{HOME}/a/1", "definition": {"type": "http://x/cmi.interaction", "name": {"en": ITEM}}},
        "result": {"success": right},
        "timestamp": f"2026-10-05T09:{n:02d}:00Z",
    }


def voided(student: str, n: int) -> dict[str, Any]:
    return {
        "id": uuid_of(student, 500 + n),
        "actor": {"objectType": "Agent", "account": {"homePage": HOME, "name": "admin"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/voided", "display": {"en": "voided"}},
        "object": {"objectType": "StatementRef", "id": uuid_of(student, n).upper()},
        "timestamp": "2026-10-05T10:00:00Z",
    }


def believed(student: str) -> tuple[Any, Any]:
    """What is believed of a student: the state to the byte, and the gaps that are published."""
    number = number_of(student)
    return ask(STATE, student=number), ask(GAPS, student=number)


def test_a_voided_answer_leaves_what_never_had_it_in_every_order(lrs: School) -> None:
    """Right, wrong (voided), right: the state of right, right, to the byte; 24 orders, and all at once."""
    lrs.deliver(answer(STUDENTS[0], 0, right=True), answer(STUDENTS[0], 2, right=True))
    never = believed(STUDENTS[0])
    assert never[0][0][1] == 2
    for student, order in zip(STUDENTS[1:25], itertools.permutations(range(4)), strict=True):
        four = [*(answer(student, n, right=n != 1) for n in range(3)), voided(student, 1)]
        for place in order:
            lrs.deliver(four[place])
        assert believed(student) == never, order
    last = STUDENTS[25]
    lrs.deliver(voided(last, 1), *(answer(last, n, right=n != 1) for n in range(3)))
    assert believed(last) == never


def test_a_mutant_that_forgets_what_was_voided_is_found(lrs: School, monkeypatch: pytest.MonkeyPatch) -> None:
    def all_stand(_session: object, new: list[NewFact]) -> list[NewFact]:
        return new

    monkeypatch.setattr(retractions, "without_retracted", all_stand)
    student = STUDENTS[0]
    lrs.deliver(voided(student, 1))
    lrs.deliver(answer(student, 1, right=False))
    assert believed(student)[0][0][1] == 1


def test_voiding_tells_the_feed_and_says_so_once(lrs: School, ask: Ask) -> None:
    """The gap that the wrong answer had opened moves back, with a row in the feed; a second voiding changes nothing."""
    student = STUDENTS[0]
    lrs.deliver(*(answer(student, n, right=False) for n in range(3)))
    ((before,),) = ask("SELECT max(number) FROM souschef.change")
    assert lrs.deliver(*(voided(student, n) for n in range(3)))["retracted"] == 3
    fed = ask("SELECT DISTINCT kind FROM souschef.change WHERE number > :before", before=before)
    assert ("gaps",) in fed
    assert ask(FACTS, student=number_of(student)) == [(0,)]
    again = {**voided(student, 1), "id": uuid_of(student, 900)}
    assert "retracted" not in lrs.deliver(again)


def test_a_resend_a_reprocessing_and_a_recomputation_bring_nothing_back(lrs: School, ask: Ask) -> None:
    student = STUDENTS[0]
    lrs.deliver(answer(student, 0, right=True), answer(student, 1, right=False))
    lrs.deliver(voided(student, 1))
    before = believed(student)
    with engine.transaction() as session:
        due = quarantine.reprocess(session, EventFilter()).ids
    events.assessment_completed(due[EventKind.ASSESSMENT])
    assert believed(student) == before
    assert ("dropped", "retracted") in ask("SELECT state, code FROM souschef.inbox")
    ran = CliRunner().invoke(app, ["recompute-states", "--all"])
    assert (ran.exit_code, "0 states differed" in ran.output) == (0, True), ran.output
    assert believed(student) == before


def test_two_workers_that_cross_are_put_right_by_the_sweep(lrs: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fact was recorded where the retraction had not been seen yet, and the other way round."""
    student = STUDENTS[0]
    with monkeypatch.context() as crossing:
        crossing.setattr(retractions, "without_retracted", lambda _session, new: list(new))
        lrs.deliver(voided(student, 1))
        lrs.deliver(answer(student, 1, right=False))
    assert believed(student)[0][0][1] == 1
    with engine.transaction() as session:
        assert retractions.reprocess_missed(session) == 1
    events.assessment_completed([])
    assert ask(FACTS, student=number_of(student)) == [(0,)]
    with engine.transaction() as session:
        assert retractions.reprocess_missed(session) == 0


def test_a_deleted_outcome_result_does_not_count_and_a_later_score_does(school: School, ask: Ask) -> None:
    """Created, deleted, scored again: in every order the last is what counts; deleted last, nothing does."""
    created, deleted = json.loads((SHAPES / "canvas_outcome_deleted.json").read_text())
    with engine.transaction() as session:
        key = settings().secret_key_bytes()
        made = sources.add(session, "canvas", format="canvas", secret_key=key)
        sender = sources.authenticate(session, key=made.key, secret=made.secret, secret_key=key)
    assert sender is not None
    canvas_source = School(sender)
    [(skill,)] = ask("SELECT min(name) FROM souschef.alias WHERE kind = 'skill'")
    for student, order in zip(STUDENTS, itertools.permutations(range(3)), strict=False):
        again = {
            "metadata": {**deleted["metadata"], "event_time": "2026-10-07T09:00:01Z"},
            "body": {**deleted["body"], "workflow_state": "active", "score": 5},
        }
        sent = [{**each, "body": {**each["body"], "user_uuid": student, "learning_outcome_id": skill}}
                for each in (created, deleted, again)]  # fmt: skip
        for place in order:
            canvas_source.deliver(sent[place])
        found = ask("SELECT outcome FROM souschef.fact WHERE student_id = :s", s=number_of(student))
        assert found == [(1.0,)], order
    student = STUDENTS[10]
    for each in (created, deleted):
        each["body"] |= {"user_uuid": student, "learning_outcome_id": skill}
        canvas_source.deliver(each)
    assert ask(FACTS, student=number_of(student)) == [(0,)]


def test_our_own_events_withdraw_a_result_and_an_interest(school: School, ask: Ask) -> None:
    student = STUDENTS[0]
    school.deliver(*school.answers(student, ITEM, "10"))
    veto = {"type": "interest_veto", "id": "v", "student": student, "at": "2026-10-01T10:00:00Z", "topic": "space"}
    school.deliver(veto)
    for n, (of, what) in enumerate((("item_result", f"{student} {ITEM} 1 1"), ("interest_veto", "v"))):
        at = "2026-10-02T10:00:00Z"
        school.deliver({"type": "withdrawal", "id": f"w{n}", "student": student, "at": at, "of": of, "withdraws": what})
    assert ask("SELECT kind, outcome FROM souschef.fact WHERE student_id = :s", s=number_of(student)) == [
        ("item_result", 1.0)
    ]
    assert ask("SELECT vetoed FROM souschef.interest WHERE student_id = :s AND vetoed", s=number_of(student)) == []


def test_an_attempt_that_is_withdrawn_is_no_attempt_of_its_assignment(school: School, ask: Ask) -> None:
    """The answer to the assignment's own material had marked it; its withdrawal takes the mark away, and says so."""
    student = STUDENTS[0]
    school.deliver(*school.answers(student, ITEM, "1"))
    [(assignment,)] = ask(
        "SELECT min(id) FROM souschef.assignment WHERE student_id = :s AND state = 'assigned'", s=number_of(student)
    )
    result = {"type": "item_result", "id": "r", "student": student, "at": "2026-11-10T11:00:00Z", "outcome": 1.0}
    school.deliver({**result, "assignment": str(assignment)})
    attempted = "SELECT attempted_at IS NOT NULL, outcome FROM souschef.assignment WHERE id = :a"
    assert ask(attempted, a=assignment) == [(True, 1.0)]
    school.deliver({"type": "withdrawal", "id": "w", "student": student, "at": "2026-11-10T11:30:00Z",
                    "of": "item_result", "withdraws": "r"})  # fmt: skip
    assert ask(attempted, a=assignment) == [(False, None)]


def test_an_erasure_leaves_no_retraction_and_the_night_prunes_old_ones(lrs: School, ask: Ask) -> None:
    student, other = STUDENTS[:2]
    for each in (student, other):
        lrs.deliver(answer(each, 1, right=False))
        lrs.deliver(voided(each, 1))
    own = {"type": "withdrawal", "id": "w", "student": student, "at": "2026-10-02T10:00:00Z", "of": "item_result"}
    with engine.transaction() as session:
        session.connection().exec_driver_sql("UPDATE souschef.retraction SET student_id = NULL")
    assert ask("SELECT count(*) FROM souschef.retraction") == [(2,)]
    assert own["student"] == student
    options = ["--by", "J. Doe", "--reason", "request 17", "--json"]
    erased = CliRunner().invoke(app, ["privacy", "erase", student, *options])
    assert erased.exit_code == 0, erased.output
    with engine.transaction() as session:
        school_id = int(session.connection().exec_driver_sql("SELECT min(id) FROM souschef.school").scalar_one())
        session.connection().exec_driver_sql(
            "UPDATE souschef.retraction SET recorded_at = souschef.clock() - interval '400 days'"
        )
        assert retractions.prune(session, school_id, days=500) == 0
        assert retractions.prune(session, school_id, days=399) == 2


def test_voiding_by_somebody_who_was_erased_keeps_no_payload(lrs: School, ask: Ask) -> None:
    """A student's own client voids in the student's name, after the school has erased them."""
    student, actor = STUDENTS[0], account(STUDENTS[0])
    options = ["--by", "J. Doe", "--reason", "request 17", "--json"]
    assert CliRunner().invoke(app, ["privacy", "erase", student, *options]).exit_code == 0
    lrs.deliver({**voided(STUDENTS[1], 1), "actor": actor})
    assert ask("SELECT state, code, payload FROM souschef.inbox") == [("dropped", "erased", "")]


def test_what_a_statement_voids_is_read_from_its_reference() -> None:
    answered, void = json.loads((SHAPES / "xapi_voided.json").read_text())
    rules = SourceRules()
    assert xapi.envelope(void, rules=rules).kind is EventKind.ASSESSMENT
    assert xapi.parse(void, rules=rules) == Retraction(statement=answered["id"])
    for target in (
        {"id": "x"},
        {"objectType": "Activity", "id": "https://m.example/a/1"},
        {"objectType": "StatementRef"},
    ):
        with pytest.raises(PayloadError, match="schema"):
            xapi.parse({**void, "object": target}, rules=rules)


def test_a_result_whose_score_was_cleared_is_withdrawn() -> None:
    created, deleted = json.loads((SHAPES / "canvas_outcome_deleted.json").read_text())
    cleared = {**deleted, "body": {**deleted["body"], "workflow_state": "active", "score": None}}
    parsed = canvas.parse(created, rules=SourceRules())
    assert isinstance(parsed, tuple)
    for each in (deleted, cleared):
        found = canvas.parse(each, rules=SourceRules())
        assert isinstance(found, Retraction)
        assert (found.key, found.student) == (parsed[0].key, "s-2")
        assert found.revised_at == dt.datetime(2026, 10, 6, 9, 0, 1, tzinfo=dt.UTC)
