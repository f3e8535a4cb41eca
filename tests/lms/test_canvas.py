"""Canvas Live Events, in the shapes that canvas-lms documents."""

import copy
from typing import Any, TypeAlias

import pytest

from lms import canvas
from lms.facts import EventKind, Fact, FactKind, Ignored, PayloadError, SourceRules

Json: TypeAlias = Any
"""Any JSON value, or a piece of a test that handles one."""
RULES = SourceRules()


def grade(name: str = "grade_change", **body: Json) -> dict[str, Any]:
    return {
        "metadata": {
            "context_id": "21070000000000565",
            "context_role": "TeacherEnrollment",
            "context_sis_source_id": "2017.100.101.101-1",
            "context_type": "Course",
            "event_name": name,
            "event_time": "2019-11-01T19:11:05.222Z",
            "request_id": "1dd9dc6f-2fb0-4c19-a6c5-7ee1bf3ed295",
            "root_account_uuid": "VicYj3cu5BIFpoZhDVU4DZumnlBrWi1grgJEzADs",
            "user_id": "21070000000000987",
        },
        "body": {
            "assignment_id": "21070000000000355",
            "grade": "5",
            "grading_complete": True,
            "muted": False,
            "points_possible": 10,
            "score": 5,
            "student_id": "21070000000000048",
            "submission_id": "21070000000011086",
            "user_id": "21070000000000048",
        }
        | body,
    }


def outcome(name: str = "learning_outcome_result_created", **body: Json) -> dict[str, Any]:
    return {
        "metadata": {
            "event_name": name,
            "event_time": "2019-08-09T21:35:05Z",
            "job_id": "1020020528469291",
            "root_account_uuid": "VicYj3cu5BIFpoZhDVU4DZumnlBrWi1grgJEzADs",
        },
        "body": {
            "assessed_at": "2019-08-09T21:35:04Z",
            "attempt": 1,
            "learning_outcome_id": "1",
            "mastery": True,
            "percent": 0.9,
            "possible": 5,
            "score": 4,
            "user_uuid": "elXwFPr6uKGaiVxchQSsqV6YZy5HBtlq8O2vqMXM",
            "artifact_id": "22",
            "artifact_type": "RubricAssessment",
            "associated_asset_id": "56",
        }
        | body,
    }


def one(event: Json) -> Fact:
    parsed = canvas.parse(event, rules=RULES)
    assert isinstance(parsed, tuple), parsed
    (fact,) = parsed
    return fact


def test_a_grade_is_a_total_of_the_student_and_not_of_the_teacher_who_acted() -> None:
    fact = one(grade())
    assert (fact.kind, fact.outcome, fact.student) == (FactKind.ATTEMPT_GRADED, 0.5, "21070000000000048")
    assert fact.value == {"scope": "attempt", "raw": 5, "max": 10}
    assert fact.class_ref == "2017.100.101.101-1"
    assert canvas.envelope(grade(), rules=RULES).kind is EventKind.ASSESSMENT


def test_an_outcome_result_is_evidence_on_one_skill() -> None:
    fact = one(outcome())
    assert (fact.kind, fact.outcome, fact.subject) == (FactKind.SKILL_RESULT, 0.8, ("1",))
    assert (fact.student, fact.occurred_at.second) == ("elXwFPr6uKGaiVxchQSsqV6YZy5HBtlq8O2vqMXM", 4)


def test_an_updated_outcome_replaces_the_created_one() -> None:
    later = outcome("learning_outcome_result_updated", score=5)
    later["metadata"]["event_time"] = "2019-08-10T08:00:00Z"
    first, second = one(outcome()), one(later)
    assert first.key == second.key
    assert first.revised_at is not None
    assert second.revised_at is not None
    assert first.revised_at < second.revised_at


def test_several_attempts_at_an_outcome_are_several_facts() -> None:
    assert one(outcome(attempt=2)).key != one(outcome()).key


def test_a_grade_that_is_not_complete_or_still_hidden_is_no_evidence() -> None:
    assert canvas.parse(grade(grading_complete=False), rules=RULES) == Ignored("not_graded_yet")
    assert canvas.parse(grade(muted=True), rules=RULES) == Ignored("muted")


def test_a_zero_point_assignment_has_no_share() -> None:
    assert one(grade(points_possible=0)).outcome is None
    assert one(grade(points_possible=None)).outcome is None


def test_extra_credit_counts_as_all_of_it() -> None:
    # The documentation's own example: 5 of 1.
    assert one(grade(points_possible=1)).outcome == 1.0
    assert one(outcome(possible=None, percent=1.2)).outcome == 1.0


def test_a_regrade_replaces_and_a_cleared_one_makes_unknown() -> None:
    cleared = grade(score=None)
    assert one(cleared).key == one(grade()).key
    assert one(cleared).outcome is None


def test_the_test_student_of_a_teachers_preview_is_no_student() -> None:
    preview = grade()
    preview["metadata"]["context_role"] = "StudentViewEnrollment"
    assert canvas.parse(preview, rules=RULES) == Ignored("not_a_student")


def test_numbers_for_ids_are_the_same_ids() -> None:
    assert one(grade(student_id=48, user_id=48, submission_id=11086)).student == "48"


@pytest.mark.parametrize("name", ["quiz_submitted", "submission_created", "submission_updated", "logged_in", "new_one"])
def test_events_with_ids_only_are_counted_and_not_stored(name: str) -> None:
    envelope = canvas.envelope(grade(name), rules=RULES)
    assert (envelope.kind, envelope.reason) == (None, "ignored")
    assert canvas.parse(grade(name), rules=RULES) == Ignored("ignored")


def test_a_redelivery_has_the_same_key_and_every_other_event_another() -> None:
    key = canvas.envelope(grade(), rules=RULES).key
    assert canvas.envelope(copy.deepcopy(grade()), rules=RULES).key == key
    others = [
        grade("submission_updated"),
        grade(submission_id="2"),
        grade(attempt="2"),
        grade(user_id="9", student_id="9"),
    ]
    for field in ("event_time", "request_id", "root_account_uuid"):
        others.append(grade())
        others[-1]["metadata"][field] = "2020-01-01T00:00:00Z"
    assert len({key, *(canvas.envelope(other, rules=RULES).key for other in others)}) == 8


@pytest.mark.parametrize(
    ("mangle", "code", "pointer"),
    [
        (lambda e: e.pop("metadata"), "schema", "/metadata"),
        (lambda e: e.update(body=[]), "schema", "/body"),
        (lambda e: e["metadata"].pop("event_name"), "schema", "/metadata/event_name"),
        (lambda e: e["metadata"].update(event_time="now"), "bad_time", "/metadata/event_time"),
        (lambda e: e["body"].pop("submission_id"), "schema", "/body/submission_id"),
        (lambda e: e["body"].update(score="5"), "score_range", "/body/score"),
        (lambda e: e["body"].update(points_possible=True), "score_range", "/body/points_possible"),
        (lambda e: e["body"].update(user_id=None, student_id=None), "schema", "/body/user_id"),
    ],
)
def test_a_mangled_event_is_reported_with_code_and_pointer(mangle: Json, code: str, pointer: str) -> None:
    event = grade()
    mangle(event)
    assert len(canvas.envelope(event, rules=RULES).key) == 16
    with pytest.raises(PayloadError) as caught:
        canvas.parse(event, rules=RULES)
    assert (caught.value.code, caught.value.pointer) == (code, pointer)


@pytest.mark.parametrize("event", [None, 7, [], {}, {"metadata": 1, "body": 2}, {"metadata": {"event_name": []}}])
def test_anything_else_gets_an_envelope_and_a_code(event: Json) -> None:
    assert len(canvas.envelope(event, rules=RULES).key) == 16
    with pytest.raises(PayloadError):
        canvas.parse(event, rules=RULES)
