"""Canvas Live Events, raw, as facts.

They have no event id, and nothing in them is per item: grades are totals, and `learning_outcome_result_*` is a result
on one skill. `metadata.user_id` is the actor; the student is in the body.
Source: canvas-lms, doc/api/data_services (event types) and lib/canvas/live_events.rb.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lms.facts import Envelope, EventKind, Fact, FactKind, Ignored, Parsed, Retraction, SourceRules
from lms.json_fields import (
    digest,
    get_path,
    key_of,
    mapping,
    names,
    number,
    number_or_none,
    parse_datetime,
    score_fraction,
    text_at,
    valid_ref,
)

GRADE = "grade_change"
OUTCOMES = frozenset({"learning_outcome_result_created", "learning_outcome_result_updated"})
_TEST_STUDENT = "StudentViewEnrollment"
_IDS = ("submission_id", "artifact_id", "learning_outcome_id", "quiz_id", "user_id", "user_uuid")


def envelope(event: object, *, rules: SourceRules) -> Envelope:  # noqa: ARG001 - a format's shape
    """Read from the event's name where it belongs: grades and outcome results; quiz submissions carry ids only."""
    name = text_at(event, "metadata", "event_name")
    value = name is None or name == GRADE or name in OUTCOMES
    return Envelope(EventKind.ASSESSMENT if value else None, _key(event), student_of(event), "" if value else "ignored")


def parse(event: object, *, rules: SourceRules) -> Parsed:
    """Return the facts of one event, or the result that it withdraws.

    Raises:
        PayloadError: it cannot be understood.
    """
    top = mapping(event, "")
    metadata = mapping(top.get("metadata"), "/metadata")
    body = mapping(top.get("body"), "/body")
    name = valid_ref(metadata.get("event_name"), "/metadata/event_name")
    if name != GRADE and name not in OUTCOMES:
        return Ignored("ignored")
    if metadata.get("context_role") == _TEST_STUDENT:
        return Ignored("not_a_student")
    return (_grade if name == GRADE else _outcome)(metadata, body, rules=rules)


def student_of(event: object) -> str:
    """Return the student's id as Canvas names them in this event; outcome results know only the uuid."""
    body = get_path(event, "body")
    ids = (_id(get_path(body, name)).strip() for name in ("student_id", "user_id", "user_uuid"))
    return next(filter(None, ids), "")


def _grade(metadata: Mapping[str, Any], body: Mapping[str, Any], *, rules: SourceRules) -> tuple[Fact, ...] | Ignored:
    if body.get("grading_complete") is False:
        return Ignored("not_graded_yet")
    if body.get("muted") is True:
        # A gap that moves would show what the teacher still hides; a new event comes when it is shown.
        return Ignored("muted")
    submission = valid_ref(_id(body.get("submission_id")), "/body/submission_id")
    graded_at = parse_datetime(metadata.get("event_time"), "/metadata/event_time", rules=rules)
    points = number_or_none(body.get("score"), "/body/score")
    most = number_or_none(body.get("points_possible"), "/body/points_possible")
    outcome = None if points is None or most is None else score_fraction(points, most, pointer="/body")
    fact = Fact(
        kind=FactKind.ATTEMPT_GRADED,
        key=key_of("attempt", submission),
        student=_student(body),
        occurred_at=graded_at,
        sequence=f"{submission}.~",
        class_ref=_class_of(metadata),
        subject=names(
            valid_ref(_id(body.get("assignment_id")), "/body/assignment_id"), text_at(body, "assignment_name")
        ),
        attempt=submission,
        outcome=outcome,
        revised_at=graded_at,
        value={"scope": "attempt", "raw": points, "max": most},
    )
    return (fact,)


def _outcome(metadata: Mapping[str, Any], body: Mapping[str, Any], *, rules: SourceRules) -> Parsed:
    student = _student(body)
    skill = valid_ref(_id(body.get("learning_outcome_id")), "/body/learning_outcome_id")
    revised_at = parse_datetime(metadata.get("event_time"), "/metadata/event_time", rules=rules)
    value = next((body[field] for field in ("submitted_at", "assessed_at") if body.get(field) is not None), None)
    occurred_at = revised_at if value is None else parse_datetime(value, "/body/assessed_at", rules=rules)
    parts = [_id(body.get(field)) for field in ("artifact_type", "artifact_id", "associated_asset_id", "attempt")]
    key = key_of("skill", student, skill, *parts)
    if body.get("workflow_state") == "deleted" or body.get("score") is None:
        # Also where a score was cleared: an update without one would else leave the old score standing.
        return Retraction(key=key, student=student, revised_at=revised_at)
    points = {
        "raw": number(body["score"], "/body/score"),
        "max": number_or_none(body.get("possible"), "/body/possible"),
    }
    fact = Fact(
        kind=FactKind.SKILL_RESULT,
        key=key,
        student=student,
        occurred_at=occurred_at,
        sequence=".".join(parts),
        class_ref=_class_of(metadata),
        subject=names(skill, text_at(body, "vendor_guid")),
        attempt=key_of(*parts),
        outcome=_skill_share(body),
        revised_at=revised_at,
        value=points,
    )
    return (fact,)


def _skill_share(body: Mapping[str, Any]) -> float | None:
    """Return score over possible, else `percent`, which Canvas bends to the mastery level."""
    if body.get("possible") is not None:
        return score_fraction(body["score"], body["possible"], pointer="/body")
    if body.get("percent") is None:
        return None
    return min(1.0, max(0.0, number(body["percent"], "/body/percent")))


def _student(body: Mapping[str, Any]) -> str:
    return valid_ref(student_of({"body": body}), "/body/user_id")


def _class_of(metadata: Mapping[str, Any]) -> str | None:
    """Return the course's SIS id where it has one, else Canvas's own."""
    if metadata.get("context_type") != "Course":
        return None
    return text_at(metadata, "context_sis_source_id") or _id(metadata.get("context_id")) or None


def _id(value: object) -> str:
    """Return an id as text: Canvas sends texts, its tests and some proxies numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _key(event: object) -> bytes:
    metadata, body = get_path(event, "metadata"), get_path(event, "body")
    root = text_at(metadata, "root_account_uuid") or _id(get_path(metadata, "root_account_id"))
    ids = [_id(get_path(body, name)) for name in _IDS]
    # The request or job tells two changes of one second apart; a redelivery keeps it.
    cause = _id(get_path(metadata, "request_id")) or _id(get_path(metadata, "job_id"))
    name, when = get_path(metadata, "event_name"), get_path(metadata, "event_time")
    return digest("canvas", root, name, when, *ids, _id(get_path(body, "attempt")), cause)
