"""Moodle's statements as facts, counted against the raw recording by code that knows nothing of the parser."""

import copy
import json
import random
from collections import Counter
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms import moodle
from lms.facts import Envelope, EventKind, Fact, FactKind, Ignored, PayloadError, SourceRules

Json: TypeAlias = Any
"""Any JSON value, or a piece of a test that handles one."""

NOTHING_ALLOWED = SourceRules()
LIKES = SourceRules(surveys=frozenset({"FB-LIKE"}))
INFO = "http://lrs.learninglocker.net/define/extensions/info"


def facts_of(statements: list[Any], rules: SourceRules = NOTHING_ALLOWED) -> dict[str, Fact]:
    """As the worker does: one fact a key, the first stays."""
    facts: dict[str, Fact] = {}
    for statement in statements:
        parsed = moodle.parse(statement, rules=rules)
        for fact in parsed if isinstance(parsed, tuple) else ():
            facts.setdefault(fact.key, fact)
    return facts


def items(facts: dict[str, Fact]) -> list[Fact]:
    return [fact for fact in facts.values() if fact.kind is FactKind.ITEM_RESULT]


def event_name(statement: dict[str, Any]) -> str:
    return str(statement["context"]["extensions"][INFO]["event_name"])


def raw_answers(statements: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    """(attempt, question) -> success or "absent", of finished quiz attempts, straight from the JSON text."""
    found: dict[tuple[str, str], Any] = {}
    for statement in statements:
        if statement["verb"]["id"].endswith("/answered") and event_name(statement).endswith(
            "quiz\\event\\attempt_submitted"
        ):
            attempt = statement["context"]["contextActivities"]["parent"][0]["id"].split("attempt=")[1].split("&")[0]
            question = statement["object"]["id"].split("&id=")[1]
            found[attempt, question] = statement["result"].get("success", "absent")
    return found


def an_answer(statements: list[dict[str, Any]], **result: Json) -> dict[str, Any]:
    """A copy of the first recorded answer, with its result replaced in part."""
    first = next(s for s in statements if s["verb"]["id"].endswith("answered") and "quiz" in event_name(s))
    changed = copy.deepcopy(first)
    changed["result"] |= result
    return changed


def one(statement: Json, rules: SourceRules = NOTHING_ALLOWED) -> Fact:
    parsed = moodle.parse(statement, rules=rules)
    assert isinstance(parsed, tuple)
    (fact,) = parsed
    return fact


def test_the_class_holds_exactly_what_its_raw_json_holds(moodle_class: list[dict[str, Any]]) -> None:
    raw = raw_answers(moodle_class)
    found = items(facts_of(moodle_class))
    assert len(raw) == len(found) == 2_144
    # 1,386 right + 424 wrong (38 of them blanks that Moodle marked) = 1,810; 334 short answers are unknown.
    assert Counter(raw.values()) == {True: 1_386, False: 424, "absent": 334}
    assert Counter(fact.outcome for fact in found) == {1.0: 1_386, 0.0: 424, None: 334}
    for fact in found:
        attempt, question = fact.sequence.split(".")
        credit = raw[str(int(attempt)), str(int(question))]
        assert fact.outcome == (None if credit == "absent" else float(credit))


def test_the_class_agrees_with_what_really_happened(
    moodle_class: list[dict[str, Any]], moodle_truth: dict[str, Any]
) -> None:
    real = {
        (str(attempt["attempt_id"]), str(answer["question_id"])): answer["outcome"]
        for attempt in moodle_truth["attempts"]
        if attempt["state"] == "finished"
        for answer in attempt["answers"]
    }
    found = items(facts_of(moodle_class))
    assert len(real) == len(found)
    for fact in found:
        attempt, question = (str(int(part)) for part in fact.sequence.split("."))
        happened = real.pop((attempt, question))
        assert fact.outcome is None or (fact.outcome == 1.0) == (happened == "right")
    assert not real


@pytest.mark.parametrize("seed", range(5))
def test_order_and_replays_change_nothing(moodle_class: list[dict[str, Any]], seed: int) -> None:
    shuffled = moodle_class * 2
    random.Random(seed).shuffle(shuffled)
    assert sorted(map(str, items(facts_of(shuffled)))) == sorted(map(str, items(facts_of(moodle_class))))


def test_an_abandoned_attempt_is_no_evidence(moodle_class: list[dict[str, Any]], moodle_truth: dict[str, Any]) -> None:
    abandoned = [statement for statement in moodle_class if event_name(statement).endswith("attempt_abandoned")]
    assert len(abandoned) == 27  # 3 x completed and 24 x answered, resends included
    assert {moodle.parse(statement, rules=LIKES) for statement in abandoned} == {Ignored("abandoned")}
    numbers = {str(number) for _, _, number, _ in moodle_truth["abandoned"]}
    attempts = {str(fact.attempt).rsplit("|", 1)[1] for fact in facts_of(moodle_class).values() if fact.attempt}
    assert len(numbers) == 2
    assert not numbers & attempts


def test_a_completed_statement_that_is_not_complete_is_abandoned(moodle_class: list[dict[str, Any]]) -> None:
    # The event name alone would do; an older plugin that sends another one still has completion false.
    first = next(s for s in moodle_class if event_name(s).endswith("attempt_abandoned") and "score" in s["result"])
    renamed = copy.deepcopy(first)
    renamed["context"]["extensions"][INFO]["event_name"] = "\\mod_quiz\\event\\attempt_becameoverdue"
    assert moodle.parse(renamed, rules=LIKES) == Ignored("abandoned")


def test_a_blank_in_a_finished_attempt_is_wrong(moodle_class: list[dict[str, Any]]) -> None:
    blanks = [
        s
        for s in moodle_class
        if event_name(s).endswith("attempt_submitted")
        and "quiz" in event_name(s)
        and s["verb"]["id"].endswith("answered")
        and not s["result"]["response"]
        and "success" in s["result"]
    ]
    assert len(facts_of(blanks)) == 38
    assert {fact.outcome for fact in facts_of(blanks).values()} == {0.0}


def test_an_absent_success_is_unknown_and_not_wrong(moodle_class: list[dict[str, Any]]) -> None:
    short = an_answer(moodle_class)
    del short["result"]["success"]
    assert one(short).outcome is None


def test_the_gradebooks_grade_is_never_evidence_of_an_attempt(sample: Json) -> None:
    # A second attempt with 0 of 4 was sent as raw 10, max 10, success true: the gradebook keeps the highest.
    facts = facts_of(sample("moodle_multi_attempt.jsonl.gz"))
    graded = [fact for fact in facts.values() if fact.kind is FactKind.ATTEMPT_GRADED]
    assert graded
    assert {(fact.weight, fact.value["scope"]) for fact in graded} == {(0.0, "gradebook")}
    second = max(graded, key=lambda fact: fact.sequence)
    assert (second.value["raw"], second.outcome) == (10.0, 1.0)
    own = [fact.outcome for fact in items(facts) if fact.attempt == second.attempt]
    assert own
    assert 1.0 not in own


def test_half_of_the_points_is_half_though_moodle_scales_it_to_zero(moodle_class: list[dict[str, Any]]) -> None:
    graded = [s for s in moodle_class if "score" in s.get("result", {}) and s["result"].get("completion")]
    for statement in graded:
        score = statement["result"]["score"]
        # scaled = 2 raw / max - 1, so raw / max = (scaled + 1) / 2
        assert one(statement).outcome == pytest.approx((score["scaled"] + 1) / 2, abs=1e-4)
    assert len(graded) == 299


def test_the_key_is_the_same_for_a_resend_and_another_for_every_other_statement(
    moodle_class: list[dict[str, Any]],
) -> None:
    keys = {moodle.envelope(statement, rules=LIKES).key for statement in moodle_class}
    # Independently: the statements as texts, without the one field that a resend changes.
    texts = set()
    for statement in moodle_class:
        stored = copy.deepcopy(statement)
        del stored["context"]["registration"]
        texts.add(json.dumps(stored, sort_keys=True))
    assert len(texts) == len(keys) == 3_830
    assert {len(key) for key in keys} == {16}


def test_a_replayed_completed_with_another_score_is_the_same_event(moodle_class: list[dict[str, Any]]) -> None:
    first = next(s for s in moodle_class if s["verb"]["id"].endswith("completed"))
    replayed = copy.deepcopy(first)
    replayed["result"]["score"]["raw"] = 10
    assert moodle.envelope(first, rules=LIKES).key == moodle.envelope(replayed, rules=LIKES).key


def test_every_field_of_the_key_matters(moodle_class: list[dict[str, Any]]) -> None:
    """The mutants of the law above: a key that forgets one of its fields swallows an event."""
    base = an_answer(moodle_class)
    key = moodle.envelope(base, rules=LIKES).key

    def changed(*path: Json, to: Json) -> bytes:
        other = copy.deepcopy(base)
        inner: Json = other
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = to
        return moodle.envelope(other, rules=LIKES).key

    others = [
        changed("actor", "account", "homePage", to="https://other.example"),
        changed("actor", "account", "name", to="999"),
        changed("object", "id", to="https://moodle.riverside.example/question/question.php?cmid=903&id=9"),
        changed("context", "contextActivities", "parent", 0, "id", to="https://moodle.riverside.example/x?attempt=1"),
        changed("timestamp", to="2026-09-09T00:00:00.000Z"),
        changed("context", "extensions", INFO, "event_name", to="\\mod_quiz\\event\\attempt_abandoned"),
        changed("verb", "id", to="http://adlnet.gov/expapi/verbs/completed"),
    ]
    assert len({key, *others}) == 8
    assert changed("context", "registration", to="another") == key
    assert changed("actor", "name", to="Renamed By Marriage") == key


def test_noise_is_reported_from_the_verb_and_never_stored(moodle_class: list[dict[str, Any]]) -> None:
    kinds = Counter(moodle.envelope(statement, rules=LIKES).kind for statement in moodle_class)
    raw = Counter(statement["verb"]["id"].rsplit("/", 1)[1] for statement in moodle_class)
    anonymous = sum("FB-ANON" in json.dumps(s) for s in moodle_class if s["verb"]["id"].endswith("answered"))
    liked = sum("FB-LIKE" in json.dumps(s) for s in moodle_class if s["verb"]["id"].endswith("answered"))
    assert kinds[EventKind.SURVEY] == liked
    # Everything answered but the feedbacks, and every completed attempt.
    assert kinds[EventKind.ASSESSMENT] == raw["answered"] - liked - anonymous + raw["completed"]
    assert kinds[None] == len(moodle_class) - kinds[EventKind.SURVEY] - kinds[EventKind.ASSESSMENT]


def test_a_survey_that_is_not_allowed_is_not_stored(moodle_class: list[dict[str, Any]]) -> None:
    # Anonymous feedback comes with the student's account, so nothing short of an allow-list can keep it out.
    anonymous = [s for s in moodle_class if "FB-ANON" in json.dumps(s) and "answered" in s["verb"]["id"]]
    assert len(anonymous) == 10  # two questions, five students
    for statement in anonymous:
        envelope = moodle.envelope(statement, rules=LIKES)
        assert (envelope.kind, envelope.reason) == (None, "not_collected")
        assert moodle.parse(statement, rules=LIKES) == Ignored("not_collected")
    every = {moodle.envelope(s, rules=NOTHING_ALLOWED).kind for s in moodle_class}
    assert every == {None, EventKind.ASSESSMENT}


def test_a_mangled_feedback_is_still_not_stored(moodle_class: list[dict[str, Any]]) -> None:
    base = next(s for s in moodle_class if "FB-ANON" in json.dumps(s) and "answered" in s["verb"]["id"])
    for field in ("timestamp", "actor", "result", "verb"):
        mangled = {name: value for name, value in base.items() if name != field}
        assert moodle.envelope(mangled, rules=LIKES).kind is None
    without_parents = copy.deepcopy(base)
    without_parents["context"]["contextActivities"] = {}
    assert moodle.envelope(without_parents, rules=LIKES).kind is None


def test_survey_answers_are_what_the_students_chose(
    moodle_class: list[dict[str, Any]], moodle_truth: dict[str, Any]
) -> None:
    facts = [f for f in facts_of(moodle_class, LIKES).values() if f.kind is FactKind.SURVEY_ANSWER]
    feedback = next(feedback for feedback in moodle_truth["feedbacks"] if not feedback["anonymous"])
    real = {
        (f"{moodle_truth['home_page']}|{response['user_id']}", item): value
        for response in feedback["responses"]
        for item, value in response["values"].items()
        if value != ""
    }
    assert len(facts) == len(real)
    for fact in facts:
        value = real[fact.student, fact.subject[0].rsplit("=", 1)[1]]
        if fact.value["kind"] == "text":
            assert fact.value["answer"] == value
        else:
            # The rating runs from 0, the stored answer from 1; both name the option.
            assert fact.value["kind"] == "rating"
            assert (fact.value["answer"], fact.value["position"], fact.value["options"]) == (value - 1, value - 1, 5)
    assert {fact.value["survey"] for fact in facts} == {"FB-LIKE"}
    assert len({fact.attempt for fact in facts}) == len(feedback["responses"])


def test_a_broken_multiple_choice_is_no_answer(sample: Json) -> None:
    rules = SourceRules(surveys=frozenset({"FB-Interests"}))
    choices = [
        s
        for s in sample("moodle_small.jsonl.gz")
        if "FB-Interests" in json.dumps(s)
        and s.get("object", {}).get("definition", {}).get("interactionType") == "choice"
    ]
    broken = [s for s in choices if s["result"]["response"] is None or len(s["object"]["definition"]["choices"]) == 1]
    assert broken
    assert {moodle.parse(statement, rules=rules) for statement in broken} == {Ignored("no_answer")}
    joined = copy.deepcopy(broken[0])
    joined["result"]["response"] = joined["object"]["definition"]["choices"][0]["id"]
    assert moodle.parse(joined, rules=rules) == Ignored("no_answer")


def test_a_survey_may_be_allowed_by_id_number_address_or_module(moodle_class: list[dict[str, Any]]) -> None:
    answer = next(s for s in moodle_class if "FB-LIKE" in json.dumps(s) and s.get("result", {}).get("response"))
    for name in ("FB-LIKE", "911", "https://moodle.riverside.example/mod/feedback/view.php?id=911"):
        assert one(answer, SourceRules(surveys=frozenset({name}))).value["survey"] == name


def test_the_order_inside_an_attempt_is_fixed(moodle_class: list[dict[str, Any]]) -> None:
    # All statements of an attempt share one whole second.
    by_attempt: dict[str | None, list[Fact]] = {}
    for fact in items(facts_of(moodle_class)):
        by_attempt.setdefault(fact.attempt, []).append(fact)
    assert len(by_attempt) == 268
    for facts in by_attempt.values():
        assert len({fact.occurred_at for fact in facts}) == 1
        assert len({fact.sequence for fact in facts}) == len(facts) == 8
        numbers = [int(fact.sequence.split(".")[1]) for fact in sorted(facts, key=lambda fact: fact.sequence)]
        assert numbers == sorted(numbers)


def test_names_are_those_of_the_source(moodle_class: list[dict[str, Any]]) -> None:
    fact = one(an_answer(moodle_class))
    assert fact.student == "https://moodle.riverside.example|433"
    assert fact.class_ref == "MATH-5A"
    assert fact.subject[0] == "https://moodle.riverside.example/question/question.php?cmid=903&id=5120"
    assert fact.subject[-1] == "3.OA.C.7 q01"
    assert fact.attempt == "https://moodle.riverside.example|8852"
    assert fact.occurred_at.isoformat() == "2026-09-08T09:17:39+00:00"


def test_an_edited_question_keeps_its_name_beside_its_new_id(moodle_class: list[dict[str, Any]]) -> None:
    edited = an_answer(moodle_class)
    edited["object"]["id"] = "https://moodle.riverside.example/question/question.php?cmid=903&id=9999"
    old, new = one(an_answer(moodle_class)), one(edited)
    assert old.subject[0] != new.subject[0]
    assert old.subject[1:] == new.subject[1:]
    assert old.subject[-1] == "3.OA.C.7 q01"


def test_a_course_without_an_id_number_goes_by_its_address(moodle_class: list[dict[str, Any]]) -> None:
    bare = an_answer(moodle_class)
    del bare["context"]["contextActivities"]["parent"][-1]["definition"]["extensions"]
    assert one(bare).class_ref == "https://moodle.riverside.example/course/view.php?id=37"


@pytest.mark.parametrize(
    ("mangle", "code", "pointer"),
    [
        (lambda s: s.pop("actor"), "schema", "/actor"),
        (lambda s: s["actor"].pop("account"), "schema", "/actor"),
        (lambda s: s.pop("object"), "schema", "/object/id"),
        (lambda s: s["object"].update(id=7), "schema", "/object/id"),
        (lambda s: s["object"].update(id="x" * 5_000), "schema", "/object/id"),
        (lambda s: s.update(timestamp="2026-02-30T00:00:00Z"), "bad_time", "/timestamp"),
        (lambda s: s.update(timestamp="2026-09-08"), "bad_time", "/timestamp"),
        (lambda s: s.update(timestamp="9999-12-31T23:59:59-14:00"), "bad_time", "/timestamp"),
        (lambda s: s.pop("timestamp"), "bad_time", "/timestamp"),
        (lambda s: s["result"].update(success="yes"), "schema", "/result/success"),
        (lambda s: s["object"]["definition"].update(name={"en": "a\x00b"}), "bad_unicode", "/"),
        (lambda s: s["actor"]["account"].update(name="\ud800"), "bad_unicode", "/actor"),
        (lambda s: s.update(result=[]), None, None),
        (lambda s: s.update(result=[1]), "schema", "/result"),
    ],
)
def test_what_makes_no_sense_is_reported_with_code_and_pointer(
    moodle_class: list[dict[str, Any]], mangle: Json, code: str | None, pointer: str | None
) -> None:
    mangled = an_answer(moodle_class)
    mangle(mangled)
    assert isinstance(moodle.envelope(mangled, rules=LIKES), Envelope)
    if code is None:
        assert one(mangled).outcome is None
        return
    with pytest.raises(PayloadError) as caught:
        moodle.parse(mangled, rules=LIKES)
    assert (caught.value.code, caught.value.pointer or "/") == (code, pointer)


@pytest.mark.parametrize("bad", [True, "7", float("nan"), float("inf"), [], {}])
def test_a_score_that_is_none_is_out_of_range(moodle_class: list[dict[str, Any]], bad: Json) -> None:
    graded = copy.deepcopy(next(s for s in moodle_class if "score" in s.get("result", {})))
    graded["result"]["score"]["raw"] = bad
    with pytest.raises(PayloadError) as caught:
        moodle.parse(graded, rules=LIKES)
    assert caught.value.code == "score_range"


def test_extra_credit_counts_as_all_of_it(moodle_class: list[dict[str, Any]]) -> None:
    graded = copy.deepcopy(next(s for s in moodle_class if "score" in s.get("result", {})))
    graded["result"]["score"]["raw"] = 12
    assert (one(graded).outcome, one(graded).value["raw"]) == (1.0, 12.0)


def test_an_attempt_on_nothing_has_no_share(moodle_class: list[dict[str, Any]]) -> None:
    graded = copy.deepcopy(next(s for s in moodle_class if "score" in s.get("result", {})))
    graded["result"]["score"] = {"raw": 0, "min": 0, "max": 0, "scaled": 0}
    assert one(graded).outcome is None


@pytest.fixture(scope="session")
def nth_statement(moodle_class: list[dict[str, Any]]) -> Json:
    """The class behind a function, because Hypothesis writes out every argument of a failing example."""
    return lambda number: moodle_class[number % len(moodle_class)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@given(which=st.integers(0, 10_000), changes=st.lists(st.tuples(st.integers(0, 10_000), JSON), min_size=1, max_size=3))
def test_whatever_stands_in_any_field_the_door_never_breaks_and_the_worker_gets_a_code(
    nth_statement: Json, which: int, changes: list[tuple[int, Any]]
) -> None:
    statement = copy.deepcopy(nth_statement(which))
    for number, put in changes:
        paths = list(_paths(statement))
        path = paths[number % len(paths)]
        inner: Json = statement
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = copy.deepcopy(put)
    assert len(moodle.envelope(statement, rules=LIKES).key) == 16
    try:
        moodle.parse(statement, rules=LIKES)
    except PayloadError as error:
        code = error.code
    else:
        code = "none"
    assert code in {"none", "schema", "bad_time", "bad_unicode", "score_range", "answer_range"}


@given(JSON)
def test_any_json_at_all_gets_an_envelope_and_a_code(event: Json) -> None:
    assert len(moodle.envelope(event, rules=LIKES).key) == 16
    with pytest.raises(PayloadError):
        moodle.parse(event, rules=LIKES)


def _paths(value: Json, before: tuple[Any, ...] = ()) -> Json:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*before, name)
            yield from _paths(inner, (*before, name))


def test_an_older_plugin_lists_attempt_and_course_as_grouping(moodle_class: list[dict[str, Any]]) -> None:
    older = an_answer(moodle_class)
    older["context"]["contextActivities"]["grouping"] = older["context"]["contextActivities"].pop("parent")
    fact = one(older)
    assert fact == one(an_answer(moodle_class))
    assert moodle.envelope(older, rules=LIKES).kind is EventKind.ASSESSMENT
    survey = copy.deepcopy(
        next(s for s in moodle_class if "FB-ANON" in json.dumps(s) and "answered" in s["verb"]["id"])
    )
    survey["context"]["contextActivities"]["grouping"] = survey["context"]["contextActivities"].pop("parent")
    assert moodle.envelope(survey, rules=LIKES).reason == "not_collected"


def assignment(student: str = "433", **changes: Json) -> dict[str, Any]:
    """As the plugin's `mod_assign` assignment_graded sends it."""
    return {
        "actor": {"account": {"homePage": "https://moodle.riverside.example", "name": student}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/scored"},
        "object": {
            "id": "https://moodle.riverside.example/mod/assign/view.php?id=950",
            "definition": {"type": "http://adlnet.gov/expapi/activities/assessment", "name": {"en": "Essay"}},
        },
        "result": {
            "score": {"raw": 8.0, "min": 0.0, "max": 10.0, "scaled": 0.8},
            "completion": "unknown",
            "response": "x",
        },
        "timestamp": "2026-09-08T09:17:39.000Z",
        "context": {"extensions": {INFO: {"event_name": "\\mod_assign\\event\\submission_graded"}}},
    } | changes


def test_an_assignments_grade_is_a_total_of_its_student_and_a_regrade_replaces_it() -> None:
    fact, regraded = one(assignment()), one(assignment(timestamp="2026-09-09T00:00:00.000Z"))
    assert (fact.kind, fact.outcome, fact.weight, fact.value["scope"]) == (FactKind.ATTEMPT_GRADED, 0.8, 1.0, "attempt")
    assert one(assignment("434")).key != fact.key == regraded.key
    assert (fact.revised_at or fact.occurred_at) < (regraded.revised_at or fact.occurred_at)
    assert moodle.envelope(assignment(), rules=LIKES).kind is EventKind.ASSESSMENT
