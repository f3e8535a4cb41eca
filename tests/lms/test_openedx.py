"""Open edX's checked problems, in the shapes that event-routing-backends tests itself with."""

import copy
from typing import Any, TypeAlias

import pytest

from lms import openedx
from lms.facts import EventKind, Fact, FactKind, Ignored, PayloadError, SourceRules

Json: TypeAlias = Any
"""Any JSON value, or a piece of a test that handles one."""
RULES = SourceRules()
HOME = "http://localhost:18000"
PROBLEM = f"{HOME}/xblock/block-v1:edX+DemoX+Demo_Course+type@problem+block@a0eff"
COURSE = {
    "id": f"{HOME}/course/course-v1:edX+DemoX+Demo_Course",
    "objectType": "Activity",
    "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
}
INTERACTION = "http://adlnet.gov/expapi/activities/cmi.interaction"
GROUP = {"objectType": "GroupActivity", "id": PROBLEM, "definition": {"type": INTERACTION, "interactionType": "other"}}


def checked(obj: dict[str, Any], result: dict[str, Any], **changes: Json) -> dict[str, Any]:
    statement = {
        "id": "6d1f033b-3f70-458c-b53a-e6bb63cbaef9",
        "actor": {"objectType": "Agent", "account": {"homePage": HOME, "name": "32e08e30-f8ae-4ce2-94a8-c2bfe38a70cb"}},
        "verb": {"id": "https://w3id.org/xapi/acrossx/verbs/evaluated"},
        "object": obj,
        "result": result,
        "context": {"contextActivities": {"parent": [COURSE]}},
        "timestamp": "2020-07-14T14:39:26.906232+00:00",
    }
    return statement | changes


def single(attempt: int | None = 10, **score: Json) -> dict[str, Any]:
    extensions = {} if attempt is None else {"extensions": {"http://id.tincanapi.com/extension/attempt-id": attempt}}
    definition = {"type": INTERACTION, "interactionType": "choice", **extensions}
    return checked(
        {"id": PROBLEM, "objectType": "Activity", "definition": definition},
        {"response": "a", "score": {"min": 0, "max": 1, "raw": 1} | score, "success": True},
    )


def part(number: int, *, success: bool, whole: str = "32e08e30-f8ae-4ce2-94a8-c2bfe38a70cb") -> dict[str, Any]:
    return checked(
        {"id": f"{PROBLEM}_{number}_1", "objectType": "Activity", "definition": {"type": INTERACTION}},
        {"response": "yellow", "success": success},
        id=f"6d1f033b-3f70-458c-b53a-e6bb63cbaef{number}",
        context={
            "statement": {"id": whole, "objectType": "StatementRef"},
            "contextActivities": {"parent": [GROUP], "grouping": [COURSE]},
        },
    )


def one(statement: Json) -> Fact:
    parsed = openedx.parse(statement, rules=RULES)
    assert isinstance(parsed, tuple), parsed
    (fact,) = parsed
    return fact


def test_a_single_question_is_one_item_result() -> None:
    fact = one(single())
    assert (fact.kind, fact.outcome) == (FactKind.ITEM_RESULT, 1.0)
    assert fact.student == f"{HOME}|32e08e30-f8ae-4ce2-94a8-c2bfe38a70cb"
    assert fact.subject[:2] == (PROBLEM, "block-v1:edX+DemoX+Demo_Course+type@problem+block@a0eff")
    assert fact.class_ref == "course-v1:edX+DemoX+Demo_Course"


def test_a_problem_of_several_questions_counts_its_parts_and_not_the_whole_again() -> None:
    group = checked(GROUP, {"score": {"min": 0, "max": 3, "raw": 2, "scaled": 0.67}, "success": False})
    assert openedx.parse(group, rules=RULES) == Ignored("parts_follow")
    facts = [one(part(2, success=True)), one(part(3, success=False)), one(part(4, success=True))]
    assert [fact.outcome for fact in facts] == [1.0, 0.0, 1.0]
    assert len({fact.attempt for fact in facts}) == 1
    assert {fact.class_ref for fact in facts} == {"course-v1:edX+DemoX+Demo_Course"}


def test_partial_credit_is_a_share_of_the_points() -> None:
    assert one(single(raw=1, max=4, scaled=0.25)).outcome == 0.25


def test_a_zero_point_problem_is_unknown() -> None:
    assert one(single(raw=0, max=0, scaled=0)).outcome is None


def test_several_attempts_are_several_facts_in_their_order() -> None:
    ninth, tenth = one(single(9)), one(single(10))
    assert ninth.key != tenth.key
    assert ninth.sequence < tenth.sequence
    again = single(None)
    again["id"] = "6d1f033b-3f70-458c-b53a-e6bb63cbaef8"
    assert one(again).key != one(single(None)).key


def test_a_resend_with_the_same_id_is_the_same_event() -> None:
    assert openedx.envelope(single(), rules=RULES) == openedx.envelope(copy.deepcopy(single()), rules=RULES)
    assert openedx.envelope(single(), rules=RULES).kind is EventKind.ASSESSMENT


def test_the_weighted_score_of_the_same_answer_is_another_pipe_and_left_alone() -> None:
    weighted = single() | {"verb": {"id": "http://adlnet.gov/expapi/verbs/attempted"}}
    assert openedx.envelope(weighted, rules=RULES).kind is None
    assert openedx.parse(weighted, rules=RULES) == Ignored("ignored")


@pytest.mark.parametrize(
    ("mangle", "code"),
    [
        (lambda s: s.pop("actor"), "schema"),
        (lambda s: s["object"].pop("id"), "schema"),
        (lambda s: s.update(result={"score": {"raw": "1", "max": 1}}), "score_range"),
        (lambda s: s.update(timestamp=1594737566), "bad_time"),
    ],
)
def test_a_mangled_statement_is_reported_with_its_code(mangle: Json, code: str) -> None:
    statement = single()
    mangle(statement)
    assert len(openedx.envelope(statement, rules=RULES).key) == 16
    with pytest.raises(PayloadError) as caught:
        openedx.parse(statement, rules=RULES)
    assert caught.value.code == code
