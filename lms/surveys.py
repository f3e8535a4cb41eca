"""Answers from form tools as facts, in Typeform's shape, which an Apps Script or a SurveyJS page can post as well."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lms.facts import Envelope, EventKind, Fact, FactKind, Ignored, PayloadError, SourceRules
from lms.fields import (
    MAX_TEXT,
    at,
    content_digest,
    digest,
    instant,
    key_of,
    mapping,
    names,
    plain,
    ref,
    storable,
    text_at,
)


def envelope(event: object, *, rules: SourceRules) -> Envelope:
    """Read whether a response belongs to a survey that the school allowed; its token names it."""
    response = at(event, "form_response")
    token, form = text_at(response, "token"), text_at(response, "form_id")
    student = student_of(event)
    key = digest("typeform", form, token) if token else content_digest(event)
    if not isinstance(response, Mapping):
        return Envelope(None, key, "", "ignored")
    if form not in rules.surveys:
        return Envelope(None, key, student, "not_collected")
    return Envelope(EventKind.SURVEY, key, student)


def kept(event: object) -> object:
    """Return what a resend keeps: who answered what; a delivery has an id of its own, and a form may be reworded."""
    return [at(event, "form_response", name) for name in ("hidden", "submitted_at", "answers")]


def parse(event: object, *, rules: SourceRules) -> tuple[Fact, ...] | Ignored:
    """Return one fact an answered question.

    Raises:
        PayloadError: it cannot be understood; `schema` at `/form_response/hidden/user_id` where nobody is named.
    """
    if not isinstance(at(event, "form_response"), Mapping):
        mapping(event, "")
        return Ignored("ignored")
    response: Mapping[str, Any] = at(event, "form_response")
    form = ref(response.get("form_id"), "/form_response/form_id")
    if form not in rules.surveys:
        return Ignored("not_collected")
    answers = response.get("answers")
    if not isinstance(answers, list):
        raise PayloadError("schema", "/form_response/answers", "a list is due")
    titles = _titles(response)
    facts = [_fact(response, answer, position=n, titles=titles) for n, answer in enumerate(answers)]
    return tuple(fact for fact in facts if fact is not None) or Ignored("no_answer")


def student_of(event: object) -> str:
    """Return the student whom the form's hidden field names, as text; "" where there is none."""
    named = at(event, "form_response", "hidden", "user_id")
    if isinstance(named, int) and not isinstance(named, bool):
        return str(named)
    return named if isinstance(named, str) else ""


def _fact(response: Mapping[str, Any], answer: object, *, position: int, titles: Mapping[str, str]) -> Fact | None:
    pointer = f"/form_response/answers/{position}"
    form = ref(response.get("form_id"), "/form_response/form_id")
    token = ref(response.get("token"), "/form_response/token")
    student = ref(student_of({"form_response": response}), "/form_response/hidden/user_id")
    field = mapping(at(answer, "field"), f"{pointer}/field")
    question = ref(field.get("ref") or field.get("id"), f"{pointer}/field/ref")
    value = _value(mapping(answer, pointer), pointer)
    if value is None:
        return None
    return Fact(
        kind=FactKind.SURVEY_ANSWER,
        key=key_of("answer", form, token, question),
        student=student,
        occurred_at=instant(response.get("submitted_at"), "/form_response/submitted_at"),
        sequence=f"{position:04d}",
        class_ref=_class_of(response),
        subject=names(question, field.get("id"), titles.get(str(field.get("id")))),
        attempt=key_of(form, token),
        value={"survey": form, **value},
    )


def _value(answer: Mapping[str, Any], pointer: str) -> dict[str, Any] | None:
    """Return kind and answer; None for what is no answer (a file, a payment, an address)."""
    match answer.get("type"):
        case "choice":
            label = plain(at(answer, "choice", "label")) or plain(at(answer, "choice", "other"))
            return None if label is None else {"kind": "choice", "answer": storable(label, pointer)[:MAX_TEXT]}
        case "choices":
            labels = at(answer, "choices", "labels")
            several = labels if isinstance(labels, list) else []
            chosen = [storable(label, pointer) for label in several if isinstance(label, str) and label.strip()]
            return {"kind": "choices", "answer": chosen} if chosen else None
        case "text":
            text = plain(answer.get("text"))
            return None if text is None else {"kind": "text", "answer": storable(text, pointer)[:MAX_TEXT]}
        case "number":
            number = answer.get("number")
            if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
                raise PayloadError("answer_range", f"{pointer}/number")
            return {"kind": "rating" if _is_scale(answer) else "number", "answer": number}
        case "boolean":
            if not isinstance(answer.get("boolean"), bool):
                raise PayloadError("answer_range", f"{pointer}/boolean")
            return {"kind": "boolean", "answer": answer["boolean"]}
        case _:
            return None


def _is_scale(answer: Mapping[str, Any]) -> bool:
    return at(answer, "field", "type") in ("opinion_scale", "rating", "nps")


def _class_of(response: Mapping[str, Any]) -> str | None:
    named = at(response, "hidden", "class_ref")
    return ref(named, "/form_response/hidden/class_ref") if named else None


def _titles(response: Mapping[str, Any]) -> dict[str, str]:
    """Return the wording of the questions, where the form sends its definition along."""
    fields = at(response, "definition", "fields")
    found = fields if isinstance(fields, list) else []
    return {str(at(field, "id")): title for field in found if (title := plain(at(field, "title")))}
