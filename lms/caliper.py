"""Caliper 1.1 and 1.2 events (also as Blackboard and Canvas send them) as facts.

An AssessmentItemEvent says that an item was answered, never whether rightly. A GradeEvent on the same attempt says how
many points it got; its actor is the grader and the student is the attempt's assignee. Both become the same fact, the
item's without an outcome and the grade's with one, so they join in either order and one may never come.

Any entity may be a bare IRI, any absent property may be null, and one sender gives all its events one id.
Source: Caliper Analytics 1.2, "Data Model" and "Survey Profile".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from lms import caliper_surveys
from lms.caliper_entities import (
    action_of,
    class_of,
    iri_of,
    is_anonymous,
    is_staff,
    part_of_attempt,
    survey_of,
    type_of,
)
from lms.facts import Envelope, EventKind, Fact, FactKind, Ignored, SourceRules
from lms.json_fields import (
    content_digest,
    digest,
    get_path,
    key_of,
    localized_text,
    mapping,
    names,
    number,
    parse_datetime,
    text_at,
    valid_name,
    valid_ref,
)

VERSIONS = ("http://purl.imsglobal.org/ctx/caliper/v1p1", "http://purl.imsglobal.org/ctx/caliper/v1p2")
_ANSWERED = ("Completed", "Submitted")


def envelope(event: object, *, rules: SourceRules) -> Envelope:
    """Read from type and action where an event belongs; a description of an entity is noise."""
    kind = type_of(event)
    key = _key(event)
    student = (
        iri_of(part_of_attempt(get_path(event, "object"), "assignee"))
        if kind == "GradeEvent"
        else iri_of(get_path(event, "actor"))
    ).strip()
    match kind:
        case "AssessmentItemEvent" if action_of(event) in _ANSWERED:
            event_kind: EventKind | None = EventKind.ASSESSMENT
        case "GradeEvent" if action_of(event) == "Graded":
            event_kind = EventKind.ASSESSMENT
        case "QuestionnaireItemEvent" | "SurveyEvent" if action_of(event) in (*_ANSWERED, *caliper_surveys.CONSENT):
            if survey_of(event, rules) is None or is_anonymous(student):
                return Envelope(None, key, student, "not_collected")
            event_kind = EventKind.SURVEY
        case _:
            event_kind = None
    return Envelope(event_kind, key, student, "" if event_kind else "ignored")


def resend_identity(event: object) -> object:
    """Return what a resend keeps: everything, as a sensor sends what it has written down."""
    return event


def parse(event: object, *, rules: SourceRules) -> tuple[Fact, ...] | Ignored:
    """Return the facts of one event.

    Raises:
        PayloadError: it cannot be understood.
    """
    top = mapping(event, "")
    match type_of(top), action_of(top):
        case "AssessmentItemEvent", "Completed" | "Submitted":
            return _answered(top, rules)
        case "GradeEvent", "Graded":
            return _graded(top, rules)
        case "QuestionnaireItemEvent", "Completed" | "Submitted":
            survey = survey_of(top, rules)
            return caliper_surveys.answer(top, survey=survey, rules=rules) if survey else Ignored("not_collected")
        case "SurveyEvent", "OptedIn" | "OptedOut":
            survey = survey_of(top, rules)
            return caliper_surveys.consent(top, survey=survey, rules=rules) if survey else Ignored("not_collected")
        case _:
            return Ignored("ignored")


def events_in(document: object) -> list[Any] | None:
    """Return the events and descriptions of a sensor's message, or None where it is no such message."""
    data = get_path(document, "data")
    if isinstance(data, Mapping):
        return [data]
    return data if isinstance(data, list) else None


def version_is_read(document: object) -> bool:
    """Whether a sensor's message is of a version that is read; 1.0 names everything otherwise."""
    version = text_at(document, "dataVersion")
    return version is None or version.replace("https://", "http://").rstrip("/") in VERSIONS


def _answered(event: Mapping[str, Any], rules: SourceRules) -> tuple[Fact, ...] | Ignored:
    student = valid_name(iri_of(event.get("actor")), "/actor/id")
    if is_anonymous(student):
        return Ignored("anonymous")
    if is_staff(event):
        return Ignored("not_a_student")
    item = valid_ref(iri_of(event.get("object")), "/object/id")
    when = parse_datetime(event.get("eventTime"), "/eventTime", rules=rules)
    attempt = get_path(event, "generated", "attempt")
    taken = iri_of(attempt) or key_of(student, item, when.isoformat())
    whole = iri_of(get_path(attempt, "isPartOf")) or taken
    return (_item_result(event, taken=taken, whole=whole, item=item, student=student, occurred_at=when),)


def _graded(event: Mapping[str, Any], rules: SourceRules) -> tuple[Fact, ...] | Ignored:
    # The object is the attempt; `generated.attempt` may name the attempt on the whole test instead.
    attempt = mapping(event.get("object"), "/object")
    student = valid_name(iri_of(part_of_attempt(attempt, "assignee")), "/object/assignee")
    if is_anonymous(student):
        return Ignored("anonymous")
    taken = valid_ref(iri_of(attempt), "/object/id")
    assignable = part_of_attempt(attempt, "assignable")
    task = valid_ref(iri_of(assignable), "/object/assignable")
    graded_at = parse_datetime(event.get("eventTime"), "/eventTime", rules=rules)
    occurred_at = _time_of(attempt, rules) or graded_at
    points, most = _points(event)
    outcome = _share(points, most)
    if type_of(assignable) == "AssessmentItem":
        whole = iri_of(attempt.get("isPartOf")) or taken
        fact = _item_result(event, taken=taken, whole=whole, item=task, student=student, occurred_at=occurred_at)
        return (replace(fact, outcome=outcome, revised_at=graded_at),)
    fact = Fact(
        kind=FactKind.ATTEMPT_GRADED,
        key=key_of("attempt", taken),
        student=student,
        occurred_at=occurred_at,
        sequence=f"{taken}.~",
        class_ref=class_of(event) or _course_of(attempt),
        subject=names(task, localized_text(get_path(assignable, "name"))),
        attempt=taken,
        outcome=outcome,
        revised_at=graded_at,
        value={"scope": "attempt", "raw": points, "max": most},
    )
    return (fact,)


def _item_result(
    event: Mapping[str, Any], *, taken: str, whole: str, item: str, student: str, occurred_at: datetime
) -> Fact:
    described = (
        event.get("object") if type_of(event) == "AssessmentItemEvent" else get_path(event, "object", "assignable")
    )
    test = iri_of(get_path(described, "isPartOf"))
    return Fact(
        kind=FactKind.ITEM_RESULT,
        key=key_of("item", taken, item),
        student=student,
        occurred_at=occurred_at,
        sequence=f"{whole}.{item}",
        class_ref=class_of(event),
        subject=names(item, localized_text(get_path(described, "name"))),
        attempt=valid_ref(whole, "/generated/attempt/isPartOf"),
        value={"assessment": test} if test else {},
    )


def _points(event: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return (points given, points possible); None where a grade was cleared or the sender does not say.

    Blackboard's `normalScore` is in points too.
    """
    generated = mapping(event.get("generated") or {}, "/generated")
    score = mapping(generated.get("score") or generated, "/generated/score")
    score_value = next((score[name] for name in ("scoreGiven", "normalScore") if score.get(name) is not None), None)
    own, real = score.get("maxScore"), get_path(part_of_attempt(event.get("object"), "assignable"), "maxScore")
    most = own if own or real is None else real  # Blackboard says 0 where it does not know
    points = None if score_value is None else number(score_value, "/generated/scoreGiven")
    return points, None if most is None else number(most, "/generated/maxScore")


def _share(points: float | None, most: float | None) -> float | None:
    """Return the share of the points in [0, 1]; extra credit counts as all; nothing to be had is unknown."""
    return None if points is None or most is None or most <= 0 else min(1.0, max(0.0, points / most))


def _course_of(attempt: Mapping[str, Any]) -> str | None:
    course = part_of_attempt(attempt, "isPartOf")
    return valid_ref(iri_of(course), "/object/isPartOf") if type_of(course) == "CourseOffering" else None


def _time_of(attempt: Mapping[str, Any], rules: SourceRules) -> datetime | None:
    for field in ("endedAtTime", "startedAtTime"):
        if attempt.get(field) is not None:
            return parse_datetime(attempt[field], f"/object/{field}", rules=rules)
    return None


def _key(event: object) -> bytes:
    """An event's id, and what tells events apart where a sender gives them all the same."""
    own = text_at(event, "id")
    if own is None:
        return content_digest(event)
    place = iri_of(get_path(event, "object")), iri_of(get_path(event, "generated"))
    return digest(
        "caliper",
        own,
        type_of(event),
        action_of(event),
        iri_of(get_path(event, "actor")),
        *place,
        get_path(event, "eventTime"),
    )
