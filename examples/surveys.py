"""Answers to a questionnaire as the requests that a form tool sends, in Typeform's shape."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from examples.interests import Answers

_FIELD = {"rating": "opinion_scale", "choice": "multiple_choice", "choices": "multiple_choice", "text": "long_text"}


@dataclass(frozen=True, slots=True)
class Submission:
    """One filled-in questionnaire."""

    survey: str
    student: str
    """As the LMS names the student: `homePage|account`."""
    submitted_at: dt.datetime
    answers: Answers


def survey_request(submission: Submission) -> dict[str, Any]:
    """Return a recorded request. It carries no signature: its sender signs it with the school's own secret."""
    body = json.dumps(survey_body(submission), ensure_ascii=False, separators=(",", ":"))
    headers = [["Content-Type", "application/json"], ["User-Agent", "Typeform Webhooks"]]
    return {"method": "POST", "path": "/surveys", "headers": headers, "body": body}


def survey_body(submission: Submission) -> dict[str, Any]:
    """Return the webhook's document; as from Typeform, a text left blank is not in it."""
    when = submission.submitted_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    token = _token(submission.survey, submission.student, when)
    return {
        "event_id": _token("event", token),
        "event_type": "form_response",
        "form_response": {
            "form_id": submission.survey,
            "token": token,
            "landed_at": (submission.submitted_at - dt.timedelta(minutes=6)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "submitted_at": when,
            "hidden": {"user_id": submission.student},
            "answers": [_answer(question, answer) for question, answer in submission.answers if answer != ""],
        },
    }


def _answer(question: Mapping[str, Any], answer: Any) -> dict[str, Any]:  # noqa: ANN401 - number, text or list
    kind = question["kind"]
    field = {"id": _token("field", question["ref"])[:12], "ref": question["ref"], "type": _FIELD.get(kind, kind)}
    match answer:
        case int():
            return {"type": "number", "number": answer, "field": field}
        case list():
            return {"type": "choices", "choices": {"labels": answer}, "field": field}
        case _ if kind == "choice":
            return {"type": "choice", "choice": {"label": answer}, "field": field}
        case _:
            return {"type": "text", "text": answer, "field": field}


def _token(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
