"""Payloads of forms that real senders use: an unusable part never discards the usable part.

The inputs in `tests/samples/real_shapes` are invented after public bug reports; each stands for a kind of fault.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from lms import caliper, canvas, moodle, numeric_answers, openedx, typeform, xapi
from lms.facts import Fact, Ignored, Parsed, SourceRules

SHAPES = Path(__file__).parents[1] / "samples" / "real_shapes"
RULES = SourceRules(surveys=frozenset({"FORM1"}))


def events(name: str) -> list[Any]:
    """Return the events of a file, in the order sent."""
    document = json.loads((SHAPES / f"{name}.json").read_text())
    return list(document["data"] if isinstance(document, dict) else document)


def only(parsed: Parsed) -> Fact:
    assert isinstance(parsed, tuple)
    [fact] = parsed
    return fact


def test_a_grade_with_the_verb_of_newer_moodle_plugins_is_read() -> None:
    """Raw 1 of 2 is .5 and 0 of 2 is 0, whatever `scaled` (-1 to 1) and `success` (no pass mark) say."""
    first, second, third = events("moodle_assignment_scored_tla")
    grades = [only(moodle.parse(each, rules=RULES)) for each in (first, second)]
    assert [grade.outcome for grade in grades] == [0.5, 0.0]
    assert {"https://m.example/mod/assign/view.php?id=5", "Frac essay"} <= set(grades[0].subject)
    assert isinstance(moodle.parse(third, rules=RULES), Ignored)  # no score: unknown, never wrong


def test_a_manual_grade_of_a_question_is_not_taken_for_the_questions_own() -> None:
    """The plug-in sends the score of the attempt's first question, whichever was graded."""
    event = events("moodle_assignment_scored_tla")[0]
    event["context"]["extensions"][moodle.INFO]["event_name"] = "\\mod_quiz\\event\\question_manually_graded"
    assert moodle.parse(event, rules=RULES) == Ignored("manual_grade")


def test_a_score_out_of_range_keeps_what_is_in_range() -> None:
    """1.0000000002 is a rounded 1; 85 is no share, and `success` stands beside it; so does it beside "8" of "10"."""
    outcomes = [only(xapi.parse(each, rules=RULES)).outcome for each in events("xapi_score_out_of_range_with_success")]
    assert outcomes == [1.0, 1.0, 1.0]


def test_a_score_out_of_range_alone_stays_refused() -> None:
    event = events("xapi_score_out_of_range_with_success")[1]
    del event["result"]["success"]
    with pytest.raises(ValueError, match="score_range"):
        xapi.parse(event, rules=RULES)


def test_points_below_the_minimum_are_the_minimum() -> None:
    [event] = events("canvas_points_below_zero")
    assert only(canvas.parse(event, rules=RULES)).outcome == 0.0


def test_a_maximum_of_zero_beside_a_real_one_is_no_maximum() -> None:
    """39.45205 of 160, and 8 of 10."""
    facts = [only(caliper.parse(each, rules=RULES)) for each in events("caliper_score_max_zero")]
    assert [fact.outcome for fact in facts] == [pytest.approx(39.45205 / 160), 0.8]
    assert facts[1].subject[0] == "https://l.example/item/2"


def test_open_edx_keeps_the_parts_of_a_caliper_grade_in_extensions() -> None:
    [event] = events("openedx_caliper_grade")
    fact = only(caliper.parse(event, rules=RULES))
    assert caliper.envelope(event, rules=RULES).student == fact.student == "https://l.example/users/s1"
    assert (fact.subject[0], fact.outcome) == ("https://l.example/item/1", 0.0)
    assert (fact.attempt, fact.class_ref) == ("https://l.example/item/1/attempt/1", "https://l.example/course/1")


def answers(event: object) -> dict[str, Any]:
    parsed = typeform.parse(event, rules=RULES)
    assert isinstance(parsed, tuple)
    return {fact.subject[0]: fact.value["answer"] for fact in parsed}


def test_another_choice_counts_as_text() -> None:
    assert [answers(each) for each in events("typeform_choices_other")] == [
        {"q1": ["Football", "Chess"]},
        {"q1": ["Chess"]},
    ]


def test_a_partial_response_is_no_response() -> None:
    partial, whole, undated = events("typeform_partial_then_whole")
    for draft in (partial, undated):
        assert typeform.envelope(draft, rules=RULES).kind is None
        assert typeform.parse(draft, rules=RULES) == Ignored("partial")
    assert answers(whole) == {"q1": True, "q2": "Music"}


def test_one_bad_answer_keeps_the_others() -> None:
    [event] = events("typeform_one_bad_answer")
    assert answers(event) == {"q2": "Music"}


def test_a_response_of_bad_answers_only_is_refused_by_the_first() -> None:
    [event] = events("typeform_one_bad_answer")
    del event["form_response"]["answers"][1]
    with pytest.raises(ValueError, match="answer_range"):
        typeform.parse(event, rules=RULES)


@pytest.mark.parametrize(
    ("response", "pattern", "outcome"),
    [
        ("3.6", ["3.5"], 0.0),  # a plain number: as the sender says
        ("3.5 m", ["3.5"], None),  # a unit: whether it is the right one, only the sender knows
        ("3,5", ["3.5"], 1.0),
        ("3,6", ["3.5"], None),  # may lie within a tolerance
        ("3,5", ["3.4[:]3.6"], 1.0),
        ("3,7", ["3.4[:]3.6"], 0.0),
        ("-0,5", ["[:]0"], 1.0),
        ("3,500", ["3500"], None),  # thousands, or a decimal comma
        ("0,500", ["0.5"], 1.0),
        ("3,5", [], None),
        ("idk", ["3"], 0.0),
        ("", ["3.5"], 0.0),  # a blank in a finished attempt is a wrong answer
    ],
)
def test_a_numeric_answer_is_not_wrong_because_of_how_it_is_written(
    response: str, pattern: list[str], outcome: float | None
) -> None:
    definition = {"interactionType": "numeric", "correctResponsesPattern": pattern}
    assert numeric_answers.outcome_of_number(definition, response, 0.0) == outcome
    assert numeric_answers.outcome_of_number(definition, response, 1.0) == 1.0
    assert numeric_answers.outcome_of_number({"interactionType": "fill-in"}, response, 0.0) == 0.0


def a_moodle_answer(**changes: Any) -> dict[str, Any]:
    """An answer to a question of a quiz, as the plug-in sends it."""
    attempt = "https://m.example/mod/quiz/attempt.php?attempt=7&cmid=3"
    quiz = {"id": "https://m.example/mod/quiz/view.php?id=3", "definition": {
        "type": "http://adlnet.gov/expapi/activities/assessment", "name": {"en": "Fractions check"}}}  # fmt: skip
    built = {
        "actor": {"account": {"homePage": "https://m.example", "name": "3"}, "name": "Ada Test"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/answered"},
        "object": {"id": "https://m.example/question/question.php?cmid=3&id=9", "definition": {
            "type": "http://adlnet.gov/expapi/activities/cmi.interaction", "name": {"en": "Q1"},
            "interactionType": "numeric", "correctResponsesPattern": ["3.5"]}},
        "result": {"success": False, "response": "3,5", "completion": True},
        "context": {"contextActivities": {"parent": [
            {"id": attempt, "definition": {"type": "http://adlnet.gov/expapi/activities/attempt"}}, quiz]}},
        "timestamp": "2026-11-22T05:34:24.000Z",
    }  # fmt: skip
    return built | changes


def test_moodle_calls_a_decimal_comma_wrong_and_it_is_judged_again() -> None:
    assert only(moodle.parse(a_moodle_answer(), rules=RULES)).outcome == 1.0


def test_a_question_is_named_by_its_quiz_first_and_alone_last() -> None:
    """Two quizzes that each have a Q1 are two items where the school's alignments name the quiz."""
    assert only(moodle.parse(a_moodle_answer(), rules=RULES)).subject == (
        "https://m.example/question/question.php?cmid=3&id=9",
        "https://m.example/mod/quiz/view.php?id=3|Q1",
        "Fractions check|Q1",
        "Q1",
    )


@pytest.mark.parametrize(
    "actor",
    [
        {"account": {"homePage": "https://m.example", "name": "guest"}},
        {"account": {"homePage": "https://m.example", "name": "1"}, "name": "Guest user "},
        {"account": {"homePage": "https://l.example", "name": "AnonymousUser"}},
        {"mbox": "mailto:anonymous@m.example"},
    ],
)
def test_a_guest_waits_for_nobody(actor: dict[str, Any]) -> None:
    """No roster will ever hold them: counted at the API, never parked."""
    answered = a_moodle_answer(actor=actor)
    for each in (moodle, xapi, openedx):
        found = each.envelope(answered, rules=RULES)
        assert (found.kind, found.reason) == (None, "anonymous")
        assert each.parse(answered, rules=RULES) == Ignored("anonymous")
    first = {"account": {"homePage": "https://m.example", "name": "1"}, "name": "Gus Lund"}
    assert moodle.envelope(a_moodle_answer(actor=first), rules=RULES).kind is not None
