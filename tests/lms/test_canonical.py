"""Our own events: choices, feedback, orders, and results from LMSs that speak nothing else."""

import datetime as dt
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms import canonical, canonical_overrides
from lms.facts import EventKind, Fact, FactKind, Ignored, Order, OrderVerb, PayloadError, SourceRules

Json: TypeAlias = Any
"""Any JSON value, or a piece of a test that handles one."""
RULES = SourceRules(surveys=frozenset({"likes"}))


def event(kind: str, /, **fields: Json) -> dict[str, Any]:
    return {"type": kind, "id": "7f3a", "student": "s01", "at": "2026-11-22T05:32:28+01:00"} | fields


def one(of: Json) -> Fact:
    parsed = canonical.parse(of, rules=RULES)
    assert isinstance(parsed, tuple), parsed
    (fact,) = parsed
    return fact


@pytest.mark.parametrize(
    ("sent", "kind", "value"),
    [
        (
            event("assignment_picked", assignment=812, position=2),
            EventKind.ASSESSMENT,
            {"assignment": "812", "position": 2},
        ),
        (event("assignment_started", assignment="812"), EventKind.ASSESSMENT, {"assignment": "812"}),
        (event("assignment_done", assignment="812"), EventKind.ASSESSMENT, {"assignment": "812"}),
        (
            event("interest_feedback", topic="space", direction="more"),
            EventKind.CHOICE,
            {"topic": "space", "direction": "more"},
        ),
        (event("interest_veto", topic="space"), EventKind.CHOICE, {"topic": "space", "vetoed": True}),
        (event("interest_veto", topic="space", vetoed=False), EventKind.CHOICE, {"topic": "space", "vetoed": False}),
        (event("consent", survey="likes", given=False), EventKind.SURVEY, {"survey": "likes", "given": False}),
        (
            event("survey_answer", survey="likes", subject="q1", kind="rating", answer=4, position=3, options=5),
            EventKind.SURVEY,
            {"survey": "likes", "kind": "rating", "answer": 4, "position": 3, "options": 5},
        ),
        (event("item_result", subject=["q1", "3.NF.A.1 q01"], outcome=0.5), EventKind.ASSESSMENT, {}),
        (event("skill_result", subject="3.NF.A.1", outcome=1), EventKind.ASSESSMENT, {}),
        (
            event("attempt_graded", subject="quiz", points=3, of=4),
            EventKind.ASSESSMENT,
            {"scope": "attempt", "raw": 3, "max": 4},
        ),
    ],
)
def test_each_type_becomes_its_fact(sent: dict[str, Any], kind: EventKind, value: dict[str, Any]) -> None:
    assert canonical.envelope(sent, rules=RULES).kind is kind
    fact = one(sent)
    assert (fact.kind.value, fact.value, fact.student) == (sent["type"], value, "s01")
    assert fact.occurred_at.isoformat() == "2026-11-22T04:32:28+00:00"


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({"outcome": 0.25}, 0.25),
        ({"outcome": 1 + 1e-9}, 1.0),
        ({"outcome": None}, None),
        ({}, None),
        ({"points": 1, "of": 4}, 0.25),
        ({"points": 12, "of": 10}, 1.0),
        ({"points": 0, "of": 0}, None),
    ],
)
def test_an_outcome_is_a_share_or_unknown(fields: dict[str, Any], outcome: float | None) -> None:
    assert one(event("item_result", subject="q1", **fields)).outcome == outcome


def test_a_gradebook_total_is_never_evidence() -> None:
    assert one(event("attempt_graded", subject="quiz", points=3, of=4, scope="gradebook")).weight == 0.0


def test_a_regrade_names_the_result_that_it_replaces() -> None:
    first = one(event("item_result", subject="q1", outcome=0))
    again = event("item_result", subject="q1", outcome=1, replaces="7f3a", revised_at="2026-11-23T00:00:00Z")
    again["id"] = "7f3b"
    assert one(again).key == first.key
    assert canonical.envelope(again, rules=RULES).key != canonical.envelope(event("item_result"), rules=RULES).key


def test_an_event_goes_by_its_type_and_id() -> None:
    key = canonical.envelope(event("assignment_done", assignment="1"), rules=RULES).key
    assert canonical.envelope(event("assignment_done", assignment="2"), rules=RULES).key == key
    assert canonical.envelope(event("assignment_started", assignment="1"), rules=RULES).key != key


def test_numbers_that_order_sort_as_text() -> None:
    two, ten = (one(event("item_result", subject="q", sequence=n)).sequence for n in (2, 10))
    assert two < ten


def test_a_survey_that_is_not_allowed_is_not_stored() -> None:
    surveys: list[Json] = ["other", None, [], {}]
    for survey in surveys:
        parsed = canonical.envelope(event("survey_answer", survey=survey), rules=RULES)
        assert (parsed.kind, parsed.reason) == (None, "not_collected")
        assert canonical.parse(event("survey_answer", survey=survey), rules=RULES) == Ignored("not_collected")


def test_an_unknown_type_is_counted_and_not_stored() -> None:
    assert canonical.envelope(event("lunch_eaten"), rules=RULES).kind is None
    assert canonical.parse(event("lunch_eaten"), rules=RULES) == Ignored("ignored")


def parse_override(event: object) -> Order:
    return canonical_overrides.parse(event, rules=RULES)


def order(verb: str, /, **fields: Json) -> dict[str, Any]:
    return event("order", **({"order": verb, "author": "t.morgan"} | fields))


def test_an_order_is_read_apart_from_facts() -> None:
    sent = order("pin", material="m7", reason="exam on Friday", expires_at="2026-12-01T00:00:00Z")
    assert canonical.envelope(sent, rules=RULES).kind is EventKind.ORDER
    assert canonical.parse(sent, rules=RULES) == Ignored("order")
    parsed = parse_override(sent)
    assert (parsed.verb, parsed.student, parsed.material, parsed.author) == (OrderVerb.PIN, "s01", "m7", "t.morgan")
    assert parsed.expires_at is not None
    assert parse_override(order("revoke", revokes="7f3a")).key == "7f3a"
    whole_class = order("hold", student=None, **{"class": "MATH-5A"})
    assert (parse_override(whole_class).class_ref, parse_override(whole_class).student) == (
        "MATH-5A",
        None,
    )


def test_an_order_without_an_end_has_one_after_28_days_as_that_of_a_command() -> None:
    """Given on the 9th of November it ends on the 7th of December; what is done at once has no end."""
    moment = "2026-11-09T10:00:00Z"
    for verb in ("pin", "must_do", "forbid", "hold"):
        parsed = parse_override(order(verb, material="m7", at=moment))
        assert parsed.expires_at == dt.datetime(2026, 12, 7, 10, tzinfo=dt.UTC)
    for sent in (order("revoke", revokes="7f3a", at=moment), order("approve", at=moment)):
        assert parse_override(sent).expires_at is None


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        (order("promote"), "/order"),
        (order("hold", student=None), "/student"),
        (order("pin"), "/material"),
        (order("must_do"), "/material"),
        (order("forbid"), "/material"),
        (order("hold", author=None), "/author"),
        (order("hold", reason=7), "/reason"),
        (order("revoke"), "/id"),
    ],
)
def test_an_order_that_makes_no_sense_is_reported_where(sent: dict[str, Any], pointer: str) -> None:
    with pytest.raises(PayloadError) as caught:
        parse_override(sent)
    assert (caught.value.code, caught.value.pointer) == ("schema", pointer)


@pytest.mark.parametrize(
    ("sent", "code", "pointer"),
    [
        (event("item_result", subject="q", student=None), "schema", "/student"),
        (event("item_result", subject="q", at="2026-11-22"), "bad_time", "/at"),
        (event("item_result"), "schema", "/subject"),
        (event("item_result", subject=[]), "schema", "/subject"),
        (event("item_result", subject=["q", 7]), "schema", "/subject/1"),
        (event("item_result", subject="q", outcome=-0.1), "score_range", "/outcome"),
        (event("item_result", subject="q", outcome=50), "score_range", "/outcome"),
        (event("item_result", subject="q", outcome=True), "score_range", "/outcome"),
        (event("item_result", subject="q", sequence=-1), "answer_range", "/sequence"),
        (event("attempt_graded", subject="q", scope="all"), "schema", "/scope"),
        (event("assignment_done"), "schema", "/assignment"),
        (event("assignment_picked", assignment=True), "schema", "/assignment"),
        (event("assignment_picked", assignment="1", position=-1), "answer_range", "/position"),
        (event("interest_feedback", topic="space", direction="much"), "schema", "/direction"),
        (event("interest_veto", topic="space", vetoed="yes"), "schema", "/vetoed"),
        (event("survey_answer", survey="likes", subject="q", kind="essay", answer="x"), "schema", "/kind"),
        (event("survey_answer", survey="likes", subject="q", kind="rating", answer="4"), "answer_range", "/answer"),
        (event("survey_answer", survey="likes", subject="q", kind="choices", answer=[1]), "answer_range", "/answer"),
    ],
)
def test_an_event_that_makes_no_sense_is_reported_with_code_and_pointer(sent: Json, code: str, pointer: str) -> None:
    with pytest.raises(PayloadError) as caught:
        canonical.parse(sent, rules=RULES)
    assert (caught.value.code, caught.value.pointer) == (code, pointer)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)
FIELDS = st.sampled_from(
    [
        "id",
        "student",
        "at",
        "class",
        "subject",
        "attempt",
        "outcome",
        "points",
        "of",
        "scope",
        "survey",
        "kind",
        "answer",
        "position",
        "options",
        "topic",
        "direction",
        "vetoed",
        "given",
        "assignment",
        "sequence",
        "replaces",
        "revised_at",
        "order",
        "author",
        "material",
        "skill",
        "reason",
        "expires_at",
        "revokes",
    ]
)


@given(
    kind=st.sampled_from([kind.value for kind in FactKind] + ["order", "other"]),
    fields=st.dictionaries(FIELDS, VALUES, max_size=8),
)
def test_whatever_the_fields_hold_there_is_a_key_and_a_fact_or_a_code(kind: str, fields: dict[str, Any]) -> None:
    sent = event(kind, survey="likes") | fields
    assert len(canonical.envelope(sent, rules=RULES).key) == 16
    for read in (lambda each: canonical.parse(each, rules=RULES), parse_override):
        try:
            read(sent)
        except PayloadError as error:
            code = error.code
        else:
            code = "none"
        assert code in {"none", "schema", "bad_time", "score_range", "answer_range", "bad_unicode"}
