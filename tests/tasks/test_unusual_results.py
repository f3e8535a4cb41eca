"""What an LMS sends when a result is not simply an answer: joined, total, regraded, repeated, given up, previewed, ...

Each case ends in the database, over the real stages. How a format says it is tested beside its parser: abandoned
attempts and questions of a new version in `tests/lms/test_moodle.py`, anonymous answers in `tests/lms/test_caliper.py`.
"""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from config.settings import settings
from models import engine
from models.access import sources
from tasks.refresh import refresh_assignments
from tests.tasks.conftest import Ask, School

GUS = "riverside-s413"
ITEM, OTHER = "4.NF.A.1 q01", "4.NF.A.1 q02"
WHEN = "2026-10-05T09:00:00Z"

pytestmark = pytest.mark.timeout(120)


def result(kind: str, **fields: Any) -> dict[str, Any]:
    """Return one of our own events of Gus."""
    base = {"type": kind, "student": GUS, "at": WHEN, "subject": ITEM, "attempt": "a1"}
    return {**base, "id": f"{kind} {sorted(fields.items())}", **fields}


def beliefs(ask: Ask, ref: str = GUS) -> list[tuple[Any, ...]]:
    """Return what is published of one student's skills, and the bytes of the state behind it."""
    gaps = ask("SELECT skill, mastery, responses FROM lms.skill_gaps WHERE student_ref = :r ORDER BY skill", r=ref)
    state = ask(
        """SELECT state FROM souschef.learner_state JOIN souschef.person ON person.id = student_id
            WHERE person.ref = :r""",
        r=ref,
    )
    return [*gaps, *state]


def rebuilt(ask: Ask) -> list[tuple[Any, ...]]:
    """Return the beliefs about Gus after all his facts are folded from the beginning."""
    ask("UPDATE souschef.learner_state SET refresh_due = true RETURNING student_id")
    refresh_assignments([row[0] for row in ask("SELECT id FROM souschef.person WHERE ref = :r", r=GUS)])
    return beliefs(ask)


def mastery(ask: Ask) -> float:
    ((found,),) = ask("SELECT mastery FROM lms.skill_gaps WHERE student_ref = :r AND skill = '4.NF.A.1'", r=GUS)
    return float(found)


def responses(ask: Ask) -> float:
    found = ask("SELECT responses FROM lms.skill_gaps WHERE student_ref = :r AND skill = '4.NF.A.1'", r=GUS)
    return float(found[0][0]) if found else 0.0


def test_a_total_without_item_results_is_weak_evidence_on_its_assessments_skills(school: School, ask: Ask) -> None:
    """Beside it the same outcome as an answer: it moves the belief further."""
    school.deliver(result("attempt_graded", points=0, of=4))
    assert ask("SELECT kind, outcome FROM souschef.fact") == [("attempt_graded", 0.0)]
    weak = mastery(ask)
    amara = ask("SELECT ref FROM souschef.person WHERE given_name = 'Amara'")[0][0]
    school.deliver(result("item_result", student=amara, outcome=0.0))
    ((strong,),) = ask("SELECT mastery FROM lms.skill_gaps WHERE student_ref = :r AND skill = '4.NF.A.1'", r=amara)
    assert strong < weak
    before = beliefs(ask)
    assert rebuilt(ask) == before


def test_a_total_of_full_marks_and_one_of_none_move_the_belief_apart(school: School, ask: Ask) -> None:
    school.deliver(result("attempt_graded", points=0, of=4))
    low = mastery(ask)
    school.deliver(result("attempt_graded", points=4, of=4, attempt="a2", at="2026-10-06T09:00:00Z"))
    assert mastery(ask) > low


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_total_beside_item_results_counts_for_nothing_whatever_comes_first(
    school: School, ask: Ask, order: tuple[int, ...]
) -> None:
    """The total of the same attempt is timed before its second item, so that an increment alone would keep it."""
    events = [
        result("item_result", outcome=1.0),
        result("attempt_graded", points=2, of=4, at="2026-10-05T09:05:00Z"),
        result("item_result", subject=OTHER, outcome=0.0, at="2026-10-05T09:10:00Z"),
    ]
    for number in order:
        school.deliver(events[number])
        live = beliefs(ask)
        assert rebuilt(ask) == live
    ask("DELETE FROM souschef.fact WHERE kind = 'attempt_graded' RETURNING id")
    assert rebuilt(ask)[-1] == live[-1]


def test_a_total_of_the_gradebook_or_of_an_assessment_that_nobody_aligned_is_kept_and_moves_nothing(
    school: School, ask: Ask
) -> None:
    school.deliver(result("item_result", subject=OTHER, outcome=1.0, attempt="a0"))
    before = beliefs(ask)[-1]
    school.deliver(result("attempt_graded", points=0, of=4, scope="gradebook"))
    school.deliver(result("attempt_graded", points=0, of=4, subject="Quiz nobody aligned", attempt="a2"))
    assert ask("SELECT count(*) FROM souschef.fact WHERE kind = 'attempt_graded'") == [(2,)]
    assert rebuilt(ask)[-1] == before


def test_a_regraded_total_replaces_the_one_before(school: School, ask: Ask) -> None:
    first = result("attempt_graded", id="t", points=0, of=4)
    school.deliver(first)
    low = mastery(ask)
    school.deliver({**first, "id": "r", "replaces": "t", "revised_at": "2026-10-07T09:00:00Z", "points": 4})
    assert ask("SELECT count(*), sum(outcome) FROM souschef.fact") == [(1, 1.0)]
    assert mastery(ask) > low


def test_several_attempts_are_several_pieces_of_evidence(school: School, ask: Ask) -> None:
    for day in (5, 6, 7):
        school.deliver(result("item_result", outcome=1.0, attempt=f"a{day}", at=f"2026-10-{day:02d}T09:00:00Z"))
    assert responses(ask) == 3


def test_an_item_of_zero_points_is_unknown_and_moves_nothing(school: School, ask: Ask) -> None:
    school.deliver(result("item_result", subject=OTHER, outcome=1.0))
    before = mastery(ask)
    school.deliver(result("item_result", points=0, of=0, at="2026-10-05T09:01:00Z"))
    assert ask("SELECT outcome FROM souschef.fact ORDER BY occurred_at") == [(1.0,), (None,)]
    assert mastery(ask) == before


def test_extra_credit_is_all_of_it_and_no_more(school: School, ask: Ask) -> None:
    school.deliver(result("item_result", points=6, of=4))
    assert ask("SELECT outcome FROM souschef.fact") == [(1.0,)]


def test_a_staff_preview_is_no_evidence(school: School, ask: Ask) -> None:
    assert school.deliver(result("item_result", student="riverside-t412", outcome=1.0)) == {"ignored": 1, "batches": 1}
    assert school.deliver(result("attempt_graded", student="riverside-t412", points=1, of=1))["ignored"] == 1
    assert ask("SELECT count(*) FROM souschef.fact") == [(0,)]


def caliper(action: str, **more: Any) -> dict[str, Any]:
    """Return an event of a Caliper sensor on one item of one attempt."""
    base = {"@context": "http://purl.imsglobal.org/ctx/caliper/v1p2", "eventTime": WHEN, "action": action}
    return {**base, **more}


@pytest.mark.parametrize("grade_first", [False, True])
def test_a_caliper_item_and_its_grade_that_arrive_apart_are_one_answer(
    school: School, ask: Ask, *, grade_first: bool
) -> None:
    key = settings().secret_key_bytes()
    with engine.transaction() as session:
        credential = sources.add(session, "sensor", format="caliper", secret_key=key)
        sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
    assert sender is not None
    sensor = replace(school, sender=sender)
    attempt = {"id": "urn:attempt:1", "type": "Attempt", "isPartOf": "urn:attempt:whole"}
    item = {"id": ITEM, "type": "AssessmentItem"}
    answered = caliper(
        "Completed",
        id="urn:uuid:1",
        type="AssessmentItemEvent",
        actor={"id": GUS, "type": "Person"},
        object=item,
        generated={"type": "Response", "attempt": attempt},
    )
    graded = caliper(
        "Graded",
        id="urn:uuid:2",
        type="GradeEvent",
        actor={"id": "urn:grader", "type": "SoftwareApplication"},
        object={**attempt, "assignee": GUS, "assignable": item},
        generated={"type": "Score", "scoreGiven": 1, "maxScore": 1},
    )
    graded["eventTime"] = "2026-10-05T10:00:00Z"
    for event in (graded, answered) if grade_first else (answered, graded):
        sensor.deliver(event)
    assert ask("SELECT kind, outcome FROM souschef.fact") == [("item_result", 1.0)]
    live = beliefs(ask)
    assert responses(ask) == 1
    assert rebuilt(ask) == live
