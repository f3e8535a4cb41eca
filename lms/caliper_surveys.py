"""Caliper's Survey Profile as facts: answers to questionnaire items, and consent to a survey.

Source: Caliper Analytics 1.2, "Survey Profile".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lms import caliper_answers
from lms.caliper_entities import action_of, class_of, iri_of, is_anonymous, is_staff
from lms.facts import Fact, FactKind, Ignored, SourceRules
from lms.json_fields import get_path, key_of, localized_text, names, parse_datetime, valid_name, valid_ref

CONSENT = {"OptedIn": True, "OptedOut": False}


def answer(event: Mapping[str, Any], *, survey: str, rules: SourceRules) -> tuple[Fact, ...] | Ignored:
    """Return the answer to one question of an allowed survey.

    Raises:
        PayloadError: it cannot be understood.
    """
    student = valid_name(iri_of(event.get("actor")), "/actor/id")
    if is_anonymous(student):
        return Ignored("not_collected")
    if is_staff(event):
        return Ignored("not_a_student")
    item = valid_ref(iri_of(event.get("object")), "/object/id")
    when = parse_datetime(event.get("eventTime"), "/eventTime", rules=rules)
    question = get_path(event, "object", "question")
    reading = caliper_answers.read(question, event.get("generated"))
    if reading is None:
        return Ignored("no_answer")
    fact = Fact(
        kind=FactKind.SURVEY_ANSWER,
        key=key_of("answer", survey, student, item, iri_of(event.get("generated")) or when.isoformat()),
        student=student,
        occurred_at=when,
        sequence=item,
        class_ref=class_of(event),
        subject=names(item, iri_of(question), localized_text(get_path(question, "questionPosed"))),
        # The questions of one response come one by one and share nothing but student, survey and day.
        attempt=key_of(survey, student, when.astimezone(rules.zone).date().isoformat()),
        value={"survey": survey, **reading},
    )
    return (fact,)


def consent(event: Mapping[str, Any], *, survey: str, rules: SourceRules) -> tuple[Fact, ...] | Ignored:
    """Return that a student has opted in to an allowed survey, or out of it.

    Raises:
        PayloadError: it cannot be understood.
    """
    student = valid_name(iri_of(event.get("actor")), "/actor/id")
    if is_anonymous(student):
        return Ignored("not_collected")
    when = parse_datetime(event.get("eventTime"), "/eventTime", rules=rules)
    fact = Fact(
        kind=FactKind.CONSENT,
        key=key_of("consent", survey, student),
        student=student,
        occurred_at=when,
        class_ref=class_of(event),
        subject=(survey,),
        revised_at=when,
        value={"survey": survey, "given": CONSENT[action_of(event)]},
    )
    return (fact,)
