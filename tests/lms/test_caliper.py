"""Caliper as sensors send it: a recorded client, and the shapes of the specification, Blackboard and Canvas."""

import copy
import json
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms import caliper
from lms.facts import EventKind, Fact, FactKind, Ignored, PayloadError, SourceRules

Json: TypeAlias = Any
"""Any JSON value, or a piece of a test that handles one."""

RULES = SourceRules()
SURVEY = SourceRules(surveys=frozenset({"https://lms.school.test/q/1"}))
SCHOOL = "https://school.test/terms/1/courses/7"
STUDENT = "https://school.test/users/554433"
ITEM = f"{SCHOOL}/assess/1/items/3"
TAKEN = f"{ITEM}/users/554433/attempts/1"


def parsed(event: Json, rules: SourceRules = RULES) -> tuple[Fact, ...] | Ignored:
    return caliper.parse(event, rules=rules)


def one(event: Json, rules: SourceRules = RULES) -> Fact:
    found = parsed(event, rules)
    assert not isinstance(found, Ignored), found
    (fact,) = found
    return fact


def answered(**changes: Json) -> dict[str, Any]:
    event = {
        "@context": "http://purl.imsglobal.org/ctx/caliper/v1p2",
        "id": "urn:uuid:e5891791-3d27-4df1-a272-091806a43dfb",
        "type": "AssessmentItemEvent",
        "actor": {"id": STUDENT, "type": "Person"},
        "action": "Completed",
        "object": {
            "id": ITEM,
            "type": "AssessmentItem",
            "name": "Item 3",
            "isPartOf": {"id": f"{SCHOOL}/assess/1", "type": "Assessment"},
        },
        "generated": {
            "type": "FillinBlankResponse",
            "id": f"{ITEM}/users/554433/responses/1",
            "attempt": {"id": TAKEN, "type": "Attempt", "isPartOf": f"{SCHOOL}/assess/1/users/554433/attempts/1"},
            "values": ["subject"],
        },
        "eventTime": "2016-11-15T10:15:12.000Z",
        "group": {"id": f"{SCHOOL}/sections/1", "type": "CourseSection", "courseNumber": "CPS 435-01"},
        "membership": {"roles": ["Learner"], "status": "Active"},
    }
    return event | changes


def graded(score_given: Json = 1, most: Json = 1, **changes: Json) -> dict[str, Any]:
    event = {
        "id": "urn:uuid:12c05c4e-253f-4073-9f29-5786f3ff3f36",
        "type": "GradeEvent",
        "actor": {"id": "https://school.test/autograder", "type": "SoftwareApplication"},
        "action": "Graded",
        "object": {
            "id": TAKEN,
            "type": "Attempt",
            "assignee": {"id": STUDENT, "type": "Person"},
            "assignable": {"id": ITEM, "type": "AssessmentItem", "name": "Item 3"},
            "isPartOf": f"{SCHOOL}/assess/1/users/554433/attempts/1",
            "endedAtTime": "2016-11-15T10:15:12.000Z",
        },
        "eventTime": "2016-11-15T10:57:06.000Z",
        # The specification's own example names another attempt here than the object is.
        "generated": {
            "type": "Score",
            "id": f"{TAKEN}/scores/1",
            "attempt": f"{SCHOOL}/assess/1/users/554433/attempts/1",
            "maxScore": most,
            "scoreGiven": score_given,
        },
    }
    return event | changes


def joined(*events: dict[str, Any]) -> Fact:
    """As the facts are kept: of two with one key the one revised later stands, in whatever order they come."""
    by_key: dict[str, Fact] = {}
    for event in events:
        fact = one(event)
        earlier = by_key.get(fact.key)
        if earlier is None or (fact.revised_at and (earlier.revised_at or fact.occurred_at) < fact.revised_at):
            by_key[fact.key] = fact
    (fact,) = by_key.values()
    return fact


def test_the_recorded_client_is_understood(sample: Json) -> None:
    (message,) = sample("caliper_ts.jsonl.gz")
    assert caliper.version_is_read(message)
    events = caliper.events_in(message)
    assert events is not None
    kinds = [caliper.envelope(event, rules=SURVEY).kind for event in events]
    assert kinds == [EventKind.ASSESSMENT, EventKind.ASSESSMENT, EventKind.SURVEY]
    item, grade, answer = (one(event, SURVEY) for event in events)
    assert (item.kind, item.outcome, grade.outcome) == (FactKind.ITEM_RESULT, None, 0.0)
    assert item.key == grade.key
    assert item.student == grade.student == "https://lms.school.test/users/554433"
    assert answer.value == {
        "survey": "https://lms.school.test/q/1",
        "kind": "choices",
        "answer": ["Space"],
        "values": ["https://lms.school.test/obj/2"],
        "options": 2,
    }


def test_item_and_grade_that_arrive_apart_are_joined_in_either_order() -> None:
    early, late = joined(answered(), graded(0)), joined(graded(0), answered())
    assert early == late
    assert (early.outcome, early.student, early.occurred_at.isoformat()) == (0.0, STUDENT, "2016-11-15T10:15:12+00:00")


def test_an_item_whose_grade_never_comes_is_unknown_and_not_wrong() -> None:
    assert joined(answered()).outcome is None


def test_a_regrade_replaces_whatever_the_order_of_arrival() -> None:
    first, second = graded(0), graded(1, eventTime="2016-11-20T08:00:00Z")
    assert caliper.envelope(first, rules=RULES).key != caliper.envelope(second, rules=RULES).key
    assert {joined(*order).outcome for order in ((first, second), (second, first))} == {1.0}


def test_several_attempts_are_several_facts() -> None:
    again = graded(1)
    again["object"]["id"] = f"{ITEM}/users/554433/attempts/2"
    assert one(graded(0)).key != one(again).key


def test_the_student_is_the_assignee_and_never_the_grader() -> None:
    teacher = graded(actor={"id": "https://school.test/users/1", "type": "Person"})
    assert one(teacher).student == caliper.envelope(teacher, rules=RULES).student == STUDENT


def test_the_key_is_the_objects_attempt_and_not_the_one_generated() -> None:
    other = graded()
    other["generated"]["attempt"] = "https://school.test/another"
    assert one(other).key == one(graded()).key


def test_a_grade_on_a_test_is_a_total_and_no_item() -> None:
    total = graded(30, 40)
    total["object"]["assignable"] = {"id": f"{SCHOOL}/assess/1", "type": "Assessment"}
    fact = one(total)
    assert (fact.kind, fact.outcome) == (FactKind.ATTEMPT_GRADED, 0.75)
    assert fact.value == {"scope": "attempt", "raw": 30.0, "max": 40.0}


def test_blackboard_gives_every_event_the_same_id() -> None:
    # Its nightly sample reuses the site's id: by the id alone all grades of a night would be one.
    mine, yours = graded(), graded()
    yours["object"]["id"] = TAKEN.replace("554433", "554434")
    yours["object"]["assignee"]["id"] = STUDENT.replace("554433", "554434")
    assert mine["id"] == yours["id"]
    assert caliper.envelope(mine, rules=RULES).key != caliper.envelope(yours, rules=RULES).key


def test_blackboards_points_stand_in_normal_score_and_its_maximum_beside_the_task() -> None:
    nightly = graded()
    nightly["generated"] = {"type": "Result", "normalScore": 120.0, "maxScore": None}
    nightly["object"]["assignable"] = {
        "id": "…/gradableItems/_1_1",
        "type": "AssignableDigitalResource",
        "maxScore": 160,
    }
    assert one(nightly).outcome == 0.75


def test_blackboard_says_submitted_for_an_item() -> None:
    assert one(answered(action="Submitted")).kind is FactKind.ITEM_RESULT


def test_extra_credit_counts_as_all_of_it() -> None:
    assert one(graded(12, 10)).outcome == 1.0


def test_a_zero_point_item_is_unknown() -> None:
    assert one(graded(0, 0)).outcome is None
    assert one(graded(None, 0.0)).outcome is None  # the specification's own example


def test_a_cleared_grade_makes_the_item_unknown_again() -> None:
    cleared = graded(None, eventTime="2016-11-20T08:00:00Z")
    assert joined(graded(0), cleared).outcome is None


def test_a_staff_preview_is_no_student() -> None:
    preview = answered(membership={"roles": ["Instructor"], "status": "Active"})
    assert parsed(preview) == Ignored("not_a_student")
    for role in ("Learner#GuestLearner", "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"):
        assert one(answered(membership={"roles": ["Instructor", role]})).student == STUDENT


def test_an_anonymous_actor_is_nobody() -> None:
    nobody = {"id": "http://purl.imsglobal.org/caliper/Person", "type": "Person"}
    assert parsed(answered(actor=nobody)) == Ignored("anonymous")
    hidden = graded()
    hidden["object"]["assignee"] = nobody
    assert parsed(hidden) == Ignored("anonymous")


def test_entities_may_be_bare_addresses_and_properties_null() -> None:
    # caliper-python can send every absent property as null.
    bare = answered(actor=STUDENT, object=ITEM, group=f"{SCHOOL}/sections/1", membership=None, session=None)
    bare["generated"] = {"attempt": TAKEN, "value": None, "endedAtTime": None}
    fact = one(bare)
    assert (fact.student, fact.subject, fact.class_ref) == (STUDENT, (ITEM,), f"{SCHOOL}/sections/1")
    assert fact.key == one(answered()).key


def test_a_context_may_be_a_list_and_a_type_an_address() -> None:
    event = answered(type="http://purl.imsglobal.org/caliper/v1/AssessmentItemEvent")
    event["@context"] = ["http://purl.imsglobal.org/ctx/caliper/v1p1"]
    assert one(event).kind is FactKind.ITEM_RESULT


@pytest.mark.parametrize("kind", ["AssessmentEvent", "ViewEvent", "SessionEvent", "Person", "ToolUseEvent", "NewEvent"])
def test_other_events_and_descriptions_are_counted_and_not_stored(kind: str) -> None:
    event = answered(type=kind, action="Submitted")
    assert caliper.envelope(event, rules=RULES) == caliper.envelope(event, rules=SURVEY)
    assert (caliper.envelope(event, rules=RULES).kind, parsed(event)) == (None, Ignored("ignored"))


def question(response: dict[str, Any], **asked: Json) -> dict[str, Any]:
    return {
        "id": "urn:uuid:590f1ff2-3c6d-11e9-b210-d663bd873d93",
        "type": "QuestionnaireItemEvent",
        "actor": {"id": STUDENT, "type": "Person"},
        "action": "Completed",
        "object": {
            "id": "https://lms.school.test/q/1/items/1",
            "type": "QuestionnaireItem",
            "question": {"id": "https://lms.school.test/q/1/items/1/question", "questionPosed": "Sports?", **asked},
        },
        "generated": {"id": "https://lms.school.test/q/1/r/1", **response},
        "eventTime": "2018-11-12T10:15:00.000Z",
    }


LIKERT = {
    "type": "LikertScale",
    "scalePoints": 4,
    "itemLabels": ["Strongly Disagree", "Disagree", "Agree", "Strongly Agree"],
    "itemValues": ["-2", "-1", "1", "2"],
}
NUMERIC = {"type": "NumericScale", "minValue": 0.0, "maxValue": 10.0, "step": 0.5}


@pytest.mark.parametrize(
    ("scale", "selection", "answer"),
    [
        (LIKERT, "1", {"answer": 1.0, "label": "Agree", "position": 2, "options": 4}),
        (LIKERT, "Agree", {"answer": 1.0, "label": "Agree", "position": 2, "options": 4}),
        ({"itemLabels": ["no", "yes"]}, "yes", {"answer": 1, "label": "yes", "position": 1, "options": 2}),
        (NUMERIC, "7.5", {"answer": 7.5, "label": "7.5", "position": 15, "options": 21}),
    ],
)
def test_a_rating_is_a_point_of_its_scale(scale: Json, selection: str, answer: dict[str, Any]) -> None:
    event = question({"type": "RatingScaleResponse", "selections": [selection]}, scale=scale)
    assert one(event, SURVEY).value == {"survey": "https://lms.school.test/q/1", "kind": "rating", **answer}


@pytest.mark.parametrize(
    ("scale", "selections"),
    [
        (LIKERT, ["Satisfied"]),  # the specification's own example: no point of its scale
        (LIKERT, []),
        (LIKERT, ["1", "2"]),
        (NUMERIC, ["11"]),
        (NUMERIC, ["NaN"]),
        (None, ["1"]),
        ({"minValue": 1, "maxValue": 1}, ["1"]),
    ],
)
def test_a_selection_that_is_no_point_of_the_scale_is_unknown_and_not_zero(scale: Json, selections: Json) -> None:
    event = question({"type": "RatingScaleResponse", "selections": selections}, scale=scale)
    assert parsed(event, SURVEY) == Ignored("no_answer")


def test_a_text_is_read_and_a_date_is_not() -> None:
    assert one(question({"type": "OpenEndedResponse", "value": "drums"}), SURVEY).value["answer"] == "drums"
    assert parsed(
        question({"type": "DateTimeResponse", "dateTimeSelected": "2018-08-01T06:00:00Z"}), SURVEY
    ) == Ignored("no_answer")


def test_a_survey_that_is_not_allowed_or_is_anonymous_is_not_stored() -> None:
    event = question({"type": "OpenEndedResponse", "value": "drums"})
    nobody = event | {"actor": "http://purl.imsglobal.org/caliper/Person"}
    for each, rules in ((event, RULES), (nobody, SURVEY), (event, SourceRules(surveys=frozenset({"https://lms.s"})))):
        envelope = caliper.envelope(each, rules=rules)
        assert (envelope.kind, envelope.reason) == (None, "not_collected")
        assert parsed(each, rules) == Ignored("not_collected")


def test_opting_in_and_out_is_consent_and_the_later_stands() -> None:
    event = {
        "id": "urn:uuid:4bfb7726-3564-11e9-b210-d663bd873d93",
        "type": "SurveyEvent",
        "actor": STUDENT,
        "action": "OptedIn",
        "object": {"id": "https://lms.school.test/q/1", "type": "Survey"},
        "eventTime": "2018-11-15T10:05:00.000Z",
    }
    out = event | {"action": "OptedOut", "eventTime": "2018-11-16T10:05:00.000Z"}
    assert [one(each, SURVEY).value["given"] for each in (event, out)] == [True, False]
    assert one(event, SURVEY).key == one(out, SURVEY).key
    assert caliper.envelope(event, rules=SURVEY).key != caliper.envelope(out, rules=SURVEY).key


@pytest.mark.parametrize(
    ("mangle", "code", "pointer"),
    [
        (lambda e: e["object"].pop("assignee"), "schema", "/object/assignee"),
        (lambda e: e["object"].pop("assignable"), "schema", "/object/assignable"),
        (lambda e: e.update(object=TAKEN), "schema", "/object"),
        (lambda e: e.update(generated="https://x.test/score"), "schema", "/generated"),
        (lambda e: e["generated"].update(scoreGiven="1"), "score_range", "/generated/scoreGiven"),
        (lambda e: e["generated"].update(scoreGiven=True), "score_range", "/generated/scoreGiven"),
        (lambda e: e["generated"].update(maxScore="1"), "score_range", "/generated/maxScore"),
        (lambda e: e.update(eventTime="2016-11-15T10:57:06 pm"), "bad_time", "/eventTime"),
        (lambda e: e["object"].update(endedAtTime="2016-02-30T00:00:00Z"), "bad_time", "/object/endedAtTime"),
    ],
)
def test_a_mangled_grade_is_reported_with_code_and_pointer(mangle: Json, code: str, pointer: str) -> None:
    event = graded()
    mangle(event)
    assert len(caliper.envelope(event, rules=RULES).key) == 16
    with pytest.raises(PayloadError) as caught:
        parsed(event)
    assert (caught.value.code, caught.value.pointer) == (code, pointer)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(
    base=st.sampled_from([answered, graded, lambda: question({"type": "RatingScaleResponse"}, scale=LIKERT)]),
    data=st.data(),
)
def test_whatever_stands_in_any_field_there_is_a_key_and_a_fact_or_a_code(base: Json, data: st.DataObject) -> None:
    event = json.loads(json.dumps(base()))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(sorted(_paths(event), key=str)))
        inner = event
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = copy.deepcopy(data.draw(JSON))
    assert len(caliper.envelope(event, rules=SURVEY).key) == 16
    try:
        parsed(event, SURVEY)
    except PayloadError as error:
        code = error.code
    else:
        code = "none"
    assert code in {"none", "schema", "bad_time", "score_range", "bad_unicode"}


def _paths(value: Json, before: tuple[Any, ...] = ()) -> Json:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*before, name)
            yield from _paths(inner, (*before, name))
