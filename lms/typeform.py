"""Answers from form tools as facts, in Typeform's shape, which an Apps Script or a SurveyJS page can post as well."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lms.facts import Envelope, EventKind, Fact, FactKind, Ignored, PayloadError, SourceRules
from lms.json_fields import (
    MAX_TEXT,
    content_digest,
    digest,
    get_path,
    key_of,
    localized_text,
    mapping,
    names,
    parse_datetime,
    postgres_text,
    text_at,
    valid_ref,
)


def envelope(event: object, *, rules: SourceRules) -> Envelope:
    """Read whether a response belongs to a survey that the school allowed; its token names it."""
    response = get_path(event, "form_response")
    token, form = text_at(response, "token"), text_at(response, "form_id")
    student = student_of(event)
    key = digest("typeform", form, token) if token else content_digest(event)
    if not isinstance(response, Mapping):
        return Envelope(None, key, "", "ignored")
    if _is_partial(event):
        return Envelope(None, key, student, "partial")
    if form not in rules.surveys:
        return Envelope(None, key, student, "not_collected")
    return Envelope(EventKind.SURVEY, key, student)


def resend_identity(event: object) -> object:
    """Return what a resend keeps: who answered what; a delivery has an id of its own, and a form may be reworded."""
    return [get_path(event, "form_response", name) for name in ("hidden", "submitted_at", "answers")]


def parse(event: object, *, rules: SourceRules) -> tuple[Fact, ...] | Ignored:
    """Return one fact an answered question; an answer that cannot be read does not discard the others.

    Raises:
        PayloadError: it cannot be understood; `schema` at `/form_response/hidden/user_id` where nobody is named.
    """
    if not isinstance(get_path(event, "form_response"), Mapping):
        mapping(event, "")
        return Ignored("ignored")
    if _is_partial(event):
        return Ignored("partial")
    response: Mapping[str, Any] = get_path(event, "form_response")
    form = valid_ref(response.get("form_id"), "/form_response/form_id")
    if form not in rules.surveys:
        return Ignored("not_collected")
    answers = response.get("answers")
    if not isinstance(answers, list):
        raise PayloadError("schema", "/form_response/answers", "a list is due")
    titles = _titles(response)
    facts: list[Fact] = []
    unreadable: PayloadError | None = None
    for position, answer in enumerate(answers):
        try:
            fact = _fact(response, answer, position=position, titles=titles, rules=rules)
        except PayloadError as error:
            if not error.pointer.startswith("/form_response/answers/"):
                raise
            unreadable = unreadable or error
        else:
            facts += [fact] if fact is not None else []
    if unreadable is not None and not facts:
        raise unreadable
    return tuple(facts) or Ignored("no_answer")


def student_of(event: object) -> str:
    """Return the student whom the form's hidden field names, as text; "" where there is none."""
    value = get_path(event, "form_response", "hidden", "user_id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def _fact(
    response: Mapping[str, Any], answer: object, *, position: int, titles: Mapping[str, str], rules: SourceRules
) -> Fact | None:
    pointer = f"/form_response/answers/{position}"
    form = valid_ref(response.get("form_id"), "/form_response/form_id")
    token = valid_ref(response.get("token"), "/form_response/token")
    student = valid_ref(student_of({"form_response": response}), "/form_response/hidden/user_id")
    field = mapping(get_path(answer, "field"), f"{pointer}/field")
    question = valid_ref(field.get("ref") or field.get("id"), f"{pointer}/field/ref")
    value = _value(mapping(answer, pointer), pointer)
    if value is None:
        return None
    return Fact(
        kind=FactKind.SURVEY_ANSWER,
        key=key_of("answer", form, token, question),
        student=student,
        occurred_at=parse_datetime(response.get("submitted_at"), "/form_response/submitted_at", rules=rules),
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
            label = localized_text(get_path(answer, "choice", "label")) or localized_text(
                get_path(answer, "choice", "other")
            )
            return None if label is None else {"kind": "choice", "answer": postgres_text(label, pointer)[:MAX_TEXT]}
        case "choices":
            labels = get_path(answer, "choices", "labels")
            several = [*(labels if isinstance(labels, list) else ()), get_path(answer, "choices", "other")]
            labels = [postgres_text(label, pointer) for label in several if isinstance(label, str) and label.strip()]
            return {"kind": "choices", "answer": labels} if labels else None
        case "text":
            text = localized_text(answer.get("text"))
            return None if text is None else {"kind": "text", "answer": postgres_text(text, pointer)[:MAX_TEXT]}
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


def _is_partial(event: object) -> bool:
    """Whether the form is not submitted yet: the whole response follows under the same token."""
    return text_at(event, "event_type") == "form_response_partial"


def _is_scale(answer: Mapping[str, Any]) -> bool:
    return get_path(answer, "field", "type") in ("opinion_scale", "rating", "nps")


def _class_of(response: Mapping[str, Any]) -> str | None:
    value = get_path(response, "hidden", "class_ref")
    return valid_ref(value, "/form_response/hidden/class_ref") if value else None


def _titles(response: Mapping[str, Any]) -> dict[str, str]:
    """Return the wording of the questions, where the form sends its definition along."""
    fields = get_path(response, "definition", "fields")
    found = fields if isinstance(fields, list) else []
    return {str(get_path(field, "id")): title for field in found if (title := localized_text(get_path(field, "title")))}
