"""Space around a name: rosters are loaded without it, so a name that keeps it would wait for ever."""

from typing import Any

import pytest

from lms import canonical_overrides, formats
from lms.facts import Fact, SourceRules

RULES = SourceRules(surveys=frozenset({"F"}))
AT = "2026-11-22T05:32:28Z"
ACCOUNT = {"homePage": "https://lms.school.test", "name": "\ts 00 "}
ADDRESS = "https://school.test/users/7"
CALIPER = {
    "id": "urn:uuid:e5891791-3d27-4df1-a272-091806a43dfb",
    "type": "AssessmentItemEvent",
    "action": "Completed",
    "actor": f" {ADDRESS} ",
    "object": "https://school.test/items/3",
    "generated": {"attempt": {"id": "https://school.test/attempts/1"}},
    "eventTime": AT,
}
OUTCOME = {
    "metadata": {"event_name": "learning_outcome_result_created", "event_time": AT},
    "body": {"learning_outcome_id": "1", "score": 4, "possible": 5, "user_uuid": " s00 ", "artifact_id": "22"},
}
STATEMENT = {
    "id": "77dce578-1b83-41b8-9fee-5bf9e99ab690",
    "actor": {"account": ACCOUNT},
    "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
    "object": {
        "id": "https://lms.school.test/quiz/1/q/3",
        "definition": {"type": "http://adlnet.gov/expapi/activities/cmi.interaction"},
    },
    "result": {"success": True},
    "timestamp": AT,
}
FORM = {
    "form_response": {
        "form_id": "F",
        "token": "t",
        "submitted_at": AT,
        "hidden": {"user_id": " s00 "},
        "answers": [{"type": "number", "number": 5, "field": {"id": "n", "ref": "music", "type": "opinion_scale"}}],
    }
}
OURS = {"type": "item_result", "id": " 7f3a ", "at": AT, "student": " s00 ", "subject": [" q1", "q 2\n"], "class": "M "}


def fact_of(name: str, event: dict[str, Any]) -> Fact:
    parsed = formats.format_named(name).parse(event, rules=RULES)
    assert isinstance(parsed, tuple), parsed
    (fact,) = parsed
    return fact


@pytest.mark.parametrize(
    ("name", "event", "student"),
    [
        ("canonical", OURS, "s00"),
        ("xapi", STATEMENT, "https://lms.school.test|s 00"),
        ("xapi", STATEMENT | {"actor": {"mbox": " mailto:s00@school.test"}}, "mailto:s00@school.test"),
        ("canvas", OUTCOME, "s00"),
        ("typeform", FORM, "s00"),
        ("caliper", CALIPER, ADDRESS),
    ],
)
def test_a_student_is_named_without_the_space_around_the_name(name: str, event: dict[str, Any], student: str) -> None:
    """At the door, which finds a student's events by it, as in the fact."""
    assert formats.envelope(name, event, rules=RULES).student == fact_of(name, event).student == student


def test_what_a_school_loads_is_named_without_space_and_a_senders_own_ids_stay_as_they_are() -> None:
    """Two ids that differ in a space alone are two events."""
    fact = fact_of("canonical", OURS)
    assert (fact.subject, fact.class_ref, fact.key) == (("q1", "q 2"), "M", "item_result| 7f3a ")
    again = OURS | {"id": "7f3a"}
    assert fact_of("canonical", again).key != fact.key
    keys = {formats.envelope("canonical", each, rules=RULES).key for each in (OURS, again)}
    assert len(keys) == 2
    feedback = OURS | {"type": "interest_veto", "topic": " space "}
    assert fact_of("canonical", feedback).value == {"topic": "space", "vetoed": True}


def test_an_override_names_without_space_too() -> None:
    event = {"type": "order", "order": "pin", "id": "o", "author": "t", "at": AT, "student": " s00", "material": "m7 "}
    order = canonical_overrides.parse(event, rules=RULES)
    assert (order.student, order.material) == ("s00", "m7")


@pytest.mark.parametrize("name", ["", "  "])
def test_a_name_of_space_alone_is_none(name: str) -> None:
    statement = STATEMENT | {"actor": {"account": ACCOUNT | {"name": name}}}
    with pytest.raises(ValueError, match="schema"):
        formats.format_named("xapi").parse(statement, rules=RULES)
