"""The answers to the questionnaire: good ones, bad ones, none."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

from examples.district import schools, survey_submissions
from examples.generate import SEED
from examples.interests import InterestProfile, ResponseStyle, draw_profile, fill_in, read_questions
from examples.riverside_class import SILENT, STYLES
from examples.task_templates import CONTEXTS
from lms import typeform
from lms.facts import Envelope, EventKind, Fact, FactKind, Ignored, SourceRules

ROOT = Path(__file__).parents[2]
RULES = SourceRules(surveys=frozenset({"interests-24"}))
HOME = "https://moodle.riverside.example|"


def requests() -> list[dict[str, Any]]:
    lines = (ROOT / "examples" / "riverside" / "surveys.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def facts_of(request: dict[str, Any]) -> tuple[Fact, ...]:
    parsed = typeform.parse(json.loads(request["body"]), rules=RULES)
    return () if isinstance(parsed, Ignored) else parsed


def test_every_request_is_a_survey_response_of_a_student_of_the_class() -> None:
    for request in requests():
        assert (request["method"], request["path"]) == ("POST", "/surveys")
        envelope = typeform.envelope(json.loads(request["body"]), rules=RULES)
        assert isinstance(envelope, Envelope)
        assert envelope.kind is EventKind.SURVEY
        assert envelope.student.startswith(HOME)


def test_who_answers_and_how() -> None:
    # 28 students, 2 silent, 3 answer again: 29 requests, one of them empty.
    by_student = Counter(json.loads(r["body"])["form_response"]["hidden"]["user_id"] for r in requests())
    assert len(requests()) == 29
    assert len(by_student) == 26
    assert not {f"{HOME}{account}" for account in SILENT} & by_student.keys()
    assert sum(not facts_of(request) for request in requests()) == 1


def test_a_flat_student_has_no_spread_and_a_contradictory_one_likes_all_and_nothing() -> None:
    ratings: dict[str, set[Any]] = {}
    for request in requests():
        for fact in facts_of(request):
            assert fact.kind is FactKind.SURVEY_ANSWER
            if fact.value["kind"] == "rating":
                ratings.setdefault(fact.attempt or "", set()).add((fact.student, fact.value["answer"]))
    spread = {next(iter(found))[0]: {answer for _, answer in found} for found in ratings.values()}
    for account, style in STYLES.items():
        if style is ResponseStyle.FLAT:
            assert spread[f"{HOME}{account}"] == {3}
    contradictory = [answers for answers in ({a for _, a in found} for found in ratings.values()) if answers == {5}]
    assert len(contradictory) == 1


def test_an_honest_student_rates_what_is_liked_above_what_is_not() -> None:
    _, questions = read_questions()
    profile = InterestProfile(dict.fromkeys(CONTEXTS, 0.5) | {"music": 1.0, "art": 0.0})
    answers = {q["ref"]: a for q, a in fill_in(questions, profile, ResponseStyle.HONEST, random.Random(4))}
    # q11 likes music, q02 could do without; q18 likes art, q07 would rather not.
    assert answers["q11"] >= 4
    assert answers["q02"] <= 2
    assert answers["q18"] <= 2
    assert answers["q07"] >= 4
    assert answers["q22"][0] == "Music"
    assert answers["q22"][-1] == "Art"


def test_favourites_come_first() -> None:
    profile = draw_profile(random.Random(1), favourites=("space", "food"))
    assert profile.ranked[:2] == ["space", "food"]


def test_the_district_has_answers_of_every_manner() -> None:
    found = [s for school in schools(seed=SEED) for s in survey_submissions(school, seed=SEED)]
    lengths = Counter(len(submission.answers) for submission in found)
    # 24 in full, 8 in haste, 2 in words only, none at all.
    assert set(lengths) == {24, 8, 2, 0}
    assert 150 < len({submission.student for submission in found}) < 180
    assert len(found) > len({submission.student for submission in found})
