"""Form tools' answers in Typeform's shape."""

import copy
from typing import Any, TypeAlias

import pytest

from lms import typeform
from lms.facts import EventKind, Ignored, PayloadError, SourceRules

Json: TypeAlias = Any
"""Any JSON value, or a piece of a test that handles one."""

RULES = SourceRules(surveys=frozenset({"lT4Z3j"}))


def response() -> dict[str, Any]:
    """The example of Typeform's documentation, shortened, with our hidden field."""
    return {
        "event_id": "LtWXD3crgy",
        "event_type": "form_response",
        "form_response": {
            "form_id": "lT4Z3j",
            "token": "a3a12ec67a1365927098a606107fac15",
            "submitted_at": "2026-11-22T05:32:28Z",
            "landed_at": "2026-11-22T05:30:00Z",
            "hidden": {"user_id": "https://lms.school.test|554433"},
            "definition": {"fields": [{"id": "DlXFaesGBpoF", "title": "What do you like?", "ref": "likes"}]},
            "answers": [
                {
                    "type": "text",
                    "text": "  drums 🥁 ",
                    "field": {"id": "DlXFaesGBpoF", "ref": "likes", "type": "long_text"},
                },
                {"type": "choice", "choice": {"label": "London"}, "field": {"id": "k", "ref": "city"}},
                {"type": "choices", "choices": {"labels": ["Space", "Sport"]}, "field": {"id": "m", "ref": "topics"}},
                {"type": "number", "number": 5, "field": {"id": "n", "ref": "music", "type": "opinion_scale"}},
                {"type": "number", "number": 12, "field": {"id": "o", "ref": "age", "type": "number"}},
                {"type": "boolean", "boolean": True, "field": {"id": "p", "ref": "more"}},
                {"type": "file_url", "file_url": "https://x.test/f", "field": {"id": "q", "ref": "upload"}},
            ],
        },
    }


def parse(event: Json, rules: SourceRules = RULES) -> Json:
    return typeform.parse(event, rules=rules)


def test_each_answered_question_is_one_fact() -> None:
    facts = parse(response())
    # Seven answers, one of them a file, which is nobody's interest.
    assert len(facts) == len({fact.key for fact in facts}) == 6
    assert [(fact.subject[0], fact.value["kind"], fact.value["answer"]) for fact in facts] == [
        ("likes", "text", "drums 🥁"),
        ("city", "choice", "London"),
        ("topics", "choices", ["Space", "Sport"]),
        ("music", "rating", 5),
        ("age", "number", 12),
        ("more", "boolean", True),
    ]
    assert facts[0].subject == ("likes", "DlXFaesGBpoF", "What do you like?")
    assert {fact.student for fact in facts} == {"https://lms.school.test|554433"}
    assert len({fact.attempt for fact in facts}) == 1


def test_the_response_goes_by_its_token_whatever_else_a_resend_changes() -> None:
    again = response() | {"event_id": "another"}
    assert typeform.envelope(again, rules=RULES).key == typeform.envelope(response(), rules=RULES).key
    other = response()
    other["form_response"]["token"] = "b"
    assert typeform.envelope(other, rules=RULES).key != typeform.envelope(response(), rules=RULES).key
    assert typeform.envelope(other, rules=RULES).kind is EventKind.SURVEY


def test_a_form_that_is_not_allowed_is_not_stored() -> None:
    envelope = typeform.envelope(response(), rules=SourceRules())
    assert (envelope.kind, envelope.reason) == (None, "not_collected")
    assert parse(response(), SourceRules()) == Ignored("not_collected")


def test_a_number_may_name_the_student() -> None:
    event = response()
    event["form_response"]["hidden"]["user_id"] = 554433
    assert parse(event)[0].student == "554433"


FIRST = "/form_response/answers/0"


@pytest.mark.parametrize(
    ("mangle", "code", "pointer"),
    [
        (lambda r: r.pop("hidden"), "schema", "/form_response/hidden/user_id"),
        (lambda r: r.update(hidden={"user_id": True}), "schema", "/form_response/hidden/user_id"),
        (lambda r: r.pop("answers"), "schema", "/form_response/answers"),
        (lambda r: r.update(answers=[7]), "schema", "/form_response/answers/0/field"),
        (lambda r: r.pop("token"), "schema", "/form_response/token"),
        (lambda r: r.update(submitted_at="yesterday"), "bad_time", "/form_response/submitted_at"),
        (
            lambda r: r.update(answers=[r["answers"][3] | {"number": "5"}]),
            "answer_range",
            f"{FIRST}/number",
        ),
        (
            lambda r: r.update(answers=[r["answers"][3] | {"number": True}]),
            "answer_range",
            f"{FIRST}/number",
        ),
        (
            lambda r: r.update(answers=[r["answers"][5] | {"boolean": 1}]),
            "answer_range",
            f"{FIRST}/boolean",
        ),
        (lambda r: r.update(answers=[r["answers"][0] | {"text": "a\x00"}]), "bad_unicode", FIRST),
    ],
)
def test_what_makes_no_sense_is_reported_with_code_and_pointer(mangle: Json, code: str, pointer: str) -> None:
    event = copy.deepcopy(response())
    mangle(event["form_response"])
    assert len(typeform.envelope(event, rules=RULES).key) == 16
    with pytest.raises(PayloadError) as caught:
        parse(event)
    assert (caught.value.code, caught.value.pointer) == (code, pointer)


@pytest.mark.parametrize("event", [None, 7, "x", [], {}, {"form_response": None}, {"form_response": {"form_id": []}}])
def test_anything_else_gets_an_envelope(event: Json) -> None:
    assert typeform.envelope(event, rules=RULES).kind is None


def test_an_empty_response_is_no_answer() -> None:
    event = response()
    event["form_response"]["answers"] = [{"type": "text", "text": " ", "field": {"ref": "likes"}}]
    assert parse(event) == Ignored("no_answer")
