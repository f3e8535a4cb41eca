"""Plain xAPI: what TinCan clients, cmi5 and H5P really send."""

import copy
import uuid
from datetime import UTC, datetime
from typing import Any, TypeAlias

import pytest

from lms import xapi, xapi_statement
from lms.facts import EventKind, Fact, FactKind, Ignored, PayloadError, SourceRules

Json: TypeAlias = Any
"""Any JSON value, or a piece of a test that handles one."""

RULES = SourceRules()
WHEN = "2026-11-22T05:32:28.106Z"
CMI = "http://adlnet.gov/expapi/activities/cmi.interaction"


def statement(verb: str = "answered", **changes: Json) -> dict[str, Any]:
    built: dict[str, Any] = {
        "id": "77dce578-1b83-41b8-9fee-5bf9e99ab690",
        "actor": {"account": {"homePage": "https://lms.school.test", "name": "554433"}},
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"},
        "object": {"id": "https://lms.school.test/quiz/1/q/3", "definition": {"type": CMI, "name": {"de": "Frage 3"}}},
        "result": {"success": True, "response": "b"},
        "timestamp": WHEN,
    }
    return built | changes


def one(event: Json, rules: SourceRules = RULES) -> Fact:
    parsed = xapi.parse(event, rules=rules)
    assert isinstance(parsed, tuple), parsed
    (fact,) = parsed
    return fact


def test_a_tincan_client_without_id_and_timestamp_is_stamped_once(sample: Json) -> None:
    bare, first, second = sample("tincan_python.jsonl.gz")
    assert "id" not in bare
    assert "timestamp" not in bare
    with pytest.raises(PayloadError, match="bad_time"):
        xapi.parse(bare, rules=RULES)
    stamped = xapi_statement.with_receipt(bare, received_at=lambda: datetime(2026, 11, 22, 5, 32, tzinfo=UTC), key=None)
    fact = one(stamped)
    assert (fact.kind, fact.outcome, fact.student) == (FactKind.ATTEMPT_GRADED, 0.8, "https://lms.school.test|554433")
    # The key is taken before the stamp: the same statement sent an hour later is the same event.
    later = xapi.envelope(copy.deepcopy(bare), rules=RULES)
    assert later.key == xapi.envelope(bare, rules=RULES).key
    assert len({xapi.envelope(s, rules=RULES).key for s in (bare, first, second)}) == 3


def test_a_timestamp_that_is_there_is_never_replaced() -> None:
    original = statement()
    assert xapi_statement.with_receipt(original, received_at=datetime.now, key=bytes(16)) is original


def test_an_own_id_is_answered_and_a_missing_one_follows_from_the_key() -> None:
    key = bytes(range(16))
    assert xapi_statement.id_of(statement(), key) == "77dce578-1b83-41b8-9fee-5bf9e99ab690"
    assert (
        xapi_statement.id_of({}, key)
        == xapi_statement.id_of({"id": "no uuid"}, key)
        == str(uuid.UUID(bytes=key, version=5))
    )


def test_one_id_for_different_statements_does_not_swallow_them() -> None:
    mine, yours = statement(), statement(actor={"mbox": "mailto:ada@school.test"})
    assert xapi.envelope(mine, rules=RULES).key != xapi.envelope(yours, rules=RULES).key


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ({"success": True}, 1.0),
        ({"success": False}, 0.0),
        ({}, None),
        ({"response": "essay"}, None),
        ({"score": {"raw": 3, "max": 4}}, 0.75),
        ({"score": {"raw": 3, "min": 1, "max": 5}}, 0.5),
        ({"score": {"scaled": 0.6}, "success": False}, 0.6),  # cmi5: 0.6 of the points, below the mastery score
        ({"score": {"scaled": -0.5}}, 0.0),
        ({"score": {"raw": 12, "max": 10}}, 1.0),
        ({"score": {"raw": 0, "max": 0}}, None),
        ({"score": {"raw": 3}, "success": True}, 1.0),
    ],
)
def test_points_become_a_share(result: dict[str, Any], outcome: float | None) -> None:
    assert one(statement(result=result)).outcome == outcome


@pytest.mark.parametrize(
    "score",
    [{"scaled": 1.5}, {"scaled": True}, {"scaled": "1"}, {"raw": float("nan"), "max": 4}],
)
def test_a_score_that_is_none_is_out_of_range(score: dict[str, Any]) -> None:
    with pytest.raises(PayloadError) as caught:
        xapi.parse(statement(result={"score": score}), rules=RULES)
    assert caught.value.code == "score_range"


def test_cmi5_passed_carries_an_attempts_grade_and_no_item() -> None:
    fact = one(statement("passed", result={"success": True, "score": {"scaled": 0.9}}))
    assert (fact.kind, fact.outcome, fact.value["scope"]) == (FactKind.ATTEMPT_GRADED, 0.9, "attempt")


def test_the_grade_of_an_attempt_and_its_answers_are_of_one_attempt() -> None:
    """Else the total would count beside the answers that it is made of."""
    unit, registration = "https://lms.school.test/au/1", "4d847c38-01b4-48bd-9057-96e79a37a5b7"
    around = {"registration": registration, "contextActivities": {"parent": [{"id": unit}]}}
    course = {"registration": registration, "contextActivities": {"parent": [{"id": "https://lms.school.test/c/1"}]}}
    answer = one(statement(context=around))
    graded = one(statement("passed", object={"id": unit}, result={"score": {"scaled": 0.9}}, context=course))
    assert answer.attempt == graded.attempt
    again = one(statement(context={**around, "registration": "c3b3f58d-d651-46ef-a1d5-c55daac9fbbc"}))
    assert again.attempt != answer.attempt


def test_an_abandoned_unit_is_no_evidence() -> None:
    assert xapi.parse(statement("completed", result={"completion": False}), rules=RULES) == Ignored("abandoned")


def test_a_completion_without_a_score_says_nothing_of_a_skill() -> None:
    assert xapi.parse(statement("completed", result={"completion": True}), rules=RULES) == Ignored("no_score")


def test_an_actor_may_be_an_mbox() -> None:
    assert one(statement(actor={"mbox": "mailto:ada@school.test"})).student == "mailto:ada@school.test"


def test_other_verbs_are_counted_and_not_stored() -> None:
    for verb in ("initialized", "experienced", "terminated", "suspended"):
        assert xapi.envelope(statement(verb), rules=RULES).kind is None


def test_a_survey_goes_by_its_own_kind_and_only_when_allowed() -> None:
    survey: Json = {
        "id": "https://lms.school.test/s/1",
        "definition": {"type": "http://adlnet.gov/expapi/activities/survey"},
    }
    rules = SourceRules(surveys=frozenset({survey["id"]}))
    answer = statement(result={"response": "space"}, context={"contextActivities": {"parent": [survey]}})
    assert xapi.envelope(answer, rules=RULES).reason == "not_collected"
    assert xapi.envelope(answer, rules=rules).kind is EventKind.SURVEY
    assert one(answer, rules).value == {"survey": survey["id"], "kind": "text", "answer": "space"}


def test_a_single_parent_may_stand_without_its_list() -> None:
    course = {
        "id": "https://lms.school.test/c/1",
        "definition": {"type": "https://w3id.org/xapi/cmi5/activitytype/course"},
    }
    fact = one(statement(context={"contextActivities": {"parent": course}}))
    assert fact.class_ref == "https://lms.school.test/c/1"


def test_what_an_lrs_may_alter_makes_no_other_statement_and_another_result_does() -> None:
    """Beside it the negative: `kept` that kept everything would call a forwarded copy another statement."""
    statement: Json = {
        "id": "c3f0a1b2-0000-4000-8000-000000000001",
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": {"id": "https://lms.school.test/q/1", "definition": {"name": {"en": "One"}}},
        "result": {"success": True},
        "context": {"registration": "r", "extensions": {"transformer-version": "7.0"}},
    }
    forwarded = {
        **statement,
        "stored": "2026-11-02T08:00:01Z",
        "authority": {"mbox": "mailto:lrs@school.test"},
        "verb": {**statement["verb"], "display": {"en": "answered"}},
        "object": {**statement["object"], "definition": {"name": {"en": "Question one"}}},
        "context": {"registration": "r", "extensions": {"transformer-version": "8.0"}},
    }
    assert xapi_statement.resend_identity(forwarded) == xapi_statement.resend_identity(statement) != statement
    for other in ({"result": {"success": False}}, {"context": {"registration": "s"}}, {"object": {"id": "x"}}):
        assert xapi_statement.resend_identity({**statement, **other}) != xapi_statement.resend_identity(statement)
