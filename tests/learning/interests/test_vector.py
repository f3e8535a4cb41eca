"""Interests: worked examples whose comments do the arithmetic."""

from dataclasses import replace

import pytest

from learning.interests.evidence import Evidence, Origin, RatingEvidence, StatementEvidence, VetoEvidence
from learning.interests.vector import (
    Interest,
    InterestError,
    ReaskReason,
    ReaskTopic,
    contradictions,
    evidence_from,
    interest_vector,
    topics_to_reask,
)

DAY = 86_400.0
NOW = 1_800_000_000.0
TOPICS = ("animals", "art", "music", "sports")


def rated(key: str, point: float | None, *, response: str = "r", at: float = NOW, **loadings: float) -> RatingEvidence:
    return RatingEvidence(at, key, response, point, tuple(sorted(loadings.items())))


def statement(
    key: str, topic: str, x: float, *, weight: float = 1.0, at: float = NOW, origin: Origin = Origin.PICK
) -> StatementEvidence:
    return StatementEvidence(at, key, origin, ((topic, x, weight),))


def test_nothing_known_is_one_half_and_not_sure_at_all() -> None:
    assert interest_vector([], topics=TOPICS, as_of=NOW)["music"] == Interest("music", 0.5, 0.0, None, None, False)


def test_ratings_are_read_beside_the_students_mean() -> None:
    """Shares 1, 1/2, 1/2, 0: mean 1/2, spread sqrt(1/8) = .3536, above one point. Music is 1.4142 spreads above, of 2.

    x = .85 + .15 x .7071 = .9561; value (.5 + .9561) / 2; confidence 1 / 2. Sports x = .15 x (1 - .7071) = .0439.
    """
    answers = [
        rated("1", 1.0, music=1.0),
        rated("2", 0.5, art=1.0),
        rated("3", 0.5, animals=1.0),
        rated("4", 0.0, sports=1.0),
    ]
    found = interest_vector(answers, topics=TOPICS, as_of=NOW)
    assert found["music"] == Interest("music", found["music"].value, 0.5, NOW, NOW, False)
    assert found["music"].value == pytest.approx(0.72803, abs=1e-5)
    assert found["art"].value == 0.5
    assert found["sports"].value == pytest.approx(0.27197, abs=1e-5)


def survey(*ratings: int, response: str = "r", at: float = NOW) -> list[RatingEvidence]:
    """Return one response of one rating (1 to 5) a topic: t0, t1, ..."""
    return [
        RatingEvidence(at, f"{response}{n}", response, (rating - 1) / 4, ((f"t{n}", 1.0),), survey="likes")
        for n, rating in enumerate(ratings)
    ]


@pytest.mark.parametrize(
    ("ratings", "liked", "disliked"),
    [
        # mean 3.5: the two 5s are the two highest; below it and in the lower half are the 2s, and 3 is the middle.
        ((5, 5, 4, 4, 3, 3, 2, 2), "01", "67"),
        # mean 4.25: the highest are 5 and, in second place, all four 4s? They are below the mean.
        ((5, 5, 4, 4, 4, 4, 4, 5), "017", ""),
        # mean 3.875: of those above it the second highest is 4, and ties count all.
        ((5, 4, 4, 4, 4, 4, 3, 3), "012345", ""),
        # All the same but one 4: it is below the mean, and not in the lower half.
        ((5, 5, 5, 5, 5, 5, 5, 4), "0123456", ""),
        # One who likes little still likes one thing best.
        ((1, 1, 1, 1, 1, 1, 1, 2), "7", "0123456"),
        ((4, 4, 4, 4, 4, 4, 4, 4), "", ""),
    ],
)
def test_the_two_highest_above_the_childs_own_mean_are_liked(
    ratings: tuple[int, ...], liked: str, disliked: str
) -> None:
    topics = [f"t{n}" for n in range(len(ratings))]
    found = interest_vector(survey(*ratings), topics=topics, as_of=NOW)
    assert [t for t in topics if found[t].value >= 0.6 and found[t].confidence >= 0.3] == [f"t{n}" for n in liked]
    assert [t for t in topics if found[t].value <= 0.4 and found[t].confidence >= 0.3] == [f"t{n}" for n in disliked]


def test_what_is_liked_stays_so_as_long_as_it_is_sure() -> None:
    """After 100 days d = 2 ** (-100 / 90) = .463: confidence .316, and a reading of .85 has the value .611."""
    found = interest_vector(survey(5, 4, 3, 3, at=NOW - 100 * DAY), topics=["t1"], as_of=NOW)["t1"]
    assert found.value >= 0.6
    assert found.confidence >= 0.3


def test_a_new_response_replaces_the_old_one_of_its_questionnaire_and_no_other() -> None:
    old = survey(5, 1, 1, 1, response="old", at=NOW - 180 * DAY)
    new = survey(1, 5, 1, 1, response="new")
    other = [replace(each, survey="another", key=f"x{each.key}") for each in old]
    topics = ["t0", "t1"]
    assert interest_vector([*old, *new], topics=topics, as_of=NOW) == interest_vector(new, topics=topics, as_of=NOW)
    assert interest_vector([*old, *other, *new], topics=topics, as_of=NOW)["t0"].value > 0.3


def test_a_new_response_that_tells_nothing_replaces_nothing_but_was_asked() -> None:
    old, flat = survey(5, 1, 1, 1, response="old", at=NOW - 90 * DAY), survey(5, 5, 5, 5, response="new")
    found = interest_vector([*old, *flat], topics=["t0"], as_of=NOW)["t0"]
    assert found == replace(interest_vector(old, topics=["t0"], as_of=NOW)["t0"], asked_at=NOW)


def test_without_the_name_of_a_response_a_newer_answer_replaces_the_one_to_the_same_question() -> None:
    """Each stands by itself, so that answers sent one by one do not replace each other."""

    def answer(question: str, x: float, at: float) -> Evidence:
        stored = {"survey": "s", "question": question, "kind": "text", "topics": {question: x}}
        found = evidence_from("survey_answer", at=at, key=f"{question}{at}", attempt=None, value=stored)
        assert found is not None
        return found

    first = [answer("music", 0.85, NOW - 2), answer("art", 0.85, NOW - 1)]
    again = answer("music", 0.15, NOW)
    found = interest_vector([*first, again], topics=TOPICS, as_of=NOW)
    assert found["art"].value == pytest.approx(0.675)
    assert found["music"].value == pytest.approx(0.325)


def test_five_clicks_on_more_within_a_day_are_one_wish_and_the_latest_counts() -> None:
    def feedback(direction: str, at: float) -> Evidence:
        value = {"topic": "music", "direction": direction}
        found = evidence_from("interest_feedback", at=at, key=str(at), attempt=None, value=value)
        assert found is not None
        return found

    one = interest_vector([feedback("more", NOW)], topics=TOPICS, as_of=NOW)
    clicks = [feedback("more", NOW - n) for n in range(5)]
    assert interest_vector(clicks, topics=TOPICS, as_of=NOW) == one
    changed = [feedback("less", NOW - 10), *clicks]
    assert interest_vector(changed, topics=TOPICS, as_of=NOW) == one
    other_day = interest_vector([feedback("more", NOW - DAY), *clicks], topics=TOPICS, as_of=NOW)
    assert other_day["music"].confidence > one["music"].confidence


def test_to_take_or_complete_the_default_is_no_evidence() -> None:
    """Sixty clicks on what comes first make nothing known, in whatever themes it comes."""
    evidence = [
        evidence_from(kind, at=NOW + n, key=f"{kind}{n}", attempt=None, value=value)
        for n in range(60)
        for kind in ("assignment_picked", "assignment_done")
        for value in ({"context": TOPICS[n % 4], "position": 0, "shown": [TOPICS[n % 4], None, TOPICS[(n + 1) % 4]]},)
    ]
    assert evidence == [None] * 120


def test_one_who_gives_every_question_the_same_rating_tells_nothing_but_was_asked() -> None:
    flat = [rated(topic, 1.0, response="r", at=NOW, **{topic: 1.0}) for topic in TOPICS]
    for topic in interest_vector(flat, topics=TOPICS, as_of=NOW).values():
        assert (topic.value, topic.confidence, topic.asked_at, topic.updated_at) == (0.5, 0.0, NOW, None)


def test_ticking_the_same_point_is_flat_also_where_questions_are_turned_round() -> None:
    flat = [rated("1", 1.0, music=1.0), rated("2", 1.0, music=-1.0), rated("3", 1.0, art=1.0)]
    assert interest_vector(flat, topics=TOPICS, as_of=NOW)["art"].confidence == 0.0


def test_agreeing_that_one_would_rather_not_is_a_dislike() -> None:
    """Keyed: music 1 - 1 = 0, art 1, animals .5; spread .4082, so 1.2247 spreads of 2: art x = .85 + .15 x .6124."""
    answers = [rated("1", 1.0, music=-1.0), rated("2", 1.0, art=1.0), rated("3", 0.5, animals=1.0)]
    found = interest_vector(answers, topics=TOPICS, as_of=NOW)
    assert found["music"].value == pytest.approx((0.5 + 0.15 * (1 - 0.61237)) / 2, abs=1e-5)
    assert found["art"].value == pytest.approx((0.5 + 0.85 + 0.15 * 0.61237) / 2, abs=1e-5)


def test_an_unknown_rating_is_left_out_and_is_not_the_lowest() -> None:
    """Without the unknown one: 1, 0; mean .5, spread .5, so one spread of 2: x = .85 + .075."""
    answers = [rated("1", 1.0, music=1.0), rated("2", 0.0, art=1.0), rated("3", None, sports=1.0)]
    found = interest_vector(answers, topics=TOPICS, as_of=NOW)
    assert found["music"].value == pytest.approx(0.7125)
    assert (found["sports"].confidence, found["sports"].asked_at) == (0.0, NOW)


def test_responses_are_read_each_by_itself() -> None:
    """Means .75 and .25. The spread .25 is one point, music half of 2 spreads above each time: x = .85 + .15 x .5."""
    answers = [
        rated("1", 1.0, response="a", music=1.0),
        rated("2", 0.5, response="a", art=1.0),
        rated("3", 0.5, response="b", music=1.0),
        rated("4", 0.0, response="b", art=1.0),
    ]
    assert interest_vector(answers, topics=TOPICS, as_of=NOW)["music"].value == pytest.approx((0.5 + 2 * 0.925) / 3)


def test_what_was_said_a_half_life_ago_counts_half() -> None:
    """W = 2 ** -1 = .5; value (.5 + .5 * 1) / 1.5 = 2 / 3; confidence .5 / 1.5 = 1 / 3."""
    old = [statement("1", "music", 1.0, at=NOW - 90 * DAY)]
    found = interest_vector(old, topics=TOPICS, as_of=NOW)["music"]
    assert found.value == pytest.approx(2 / 3)
    assert found.confidence == pytest.approx(1 / 3)
    assert found.updated_at == NOW - 90 * DAY


def test_evidence_from_a_fast_clock_counts_as_if_from_now() -> None:
    ahead = [statement("1", "music", 1.0, at=NOW + 300.0)]
    assert interest_vector(ahead, topics=TOPICS, as_of=NOW)["music"].confidence == 0.5


def test_the_latest_veto_stands_and_leaves_the_value_alone() -> None:
    liked = statement("1", "music", 1.0, at=NOW - 2)
    veto, back = VetoEvidence(NOW - 1, "2", "music", True), VetoEvidence(NOW, "3", "music", False)
    before = interest_vector([liked], topics=TOPICS, as_of=NOW)["music"]
    with_veto = interest_vector([veto, liked], topics=TOPICS, as_of=NOW)["music"]
    assert (with_veto.vetoed, with_veto.value, with_veto.confidence) == (True, before.value, before.confidence)
    assert not interest_vector([back, veto, liked], topics=TOPICS, as_of=NOW)["music"].vetoed


@pytest.mark.parametrize(("half_life", "as_of"), [(0.0, NOW), (-1.0, NOW), (float("nan"), NOW), (90.0, float("inf"))])
def test_a_half_life_or_moment_without_sense_is_refused(half_life: float, as_of: float) -> None:
    with pytest.raises(InterestError):
        interest_vector([], topics=TOPICS, as_of=as_of, half_life_days=half_life)


def test_never_asked_is_due_and_so_is_what_was_asked_a_term_ago_but_not_what_is_vetoed() -> None:
    evidence_items: list[RatingEvidence | StatementEvidence | VetoEvidence] = [
        rated("1", 1.0, at=NOW - 90 * DAY, response="old", music=1.0),
        rated("2", 0.0, at=NOW - 90 * DAY, response="old", art=1.0),
        rated("3", 1.0, at=NOW - 89 * DAY, response="new", animals=1.0),
        VetoEvidence(NOW, "4", "art", True),
    ]
    expected = (ReaskTopic("music", ReaskReason.TERM), ReaskTopic("sports", ReaskReason.NEVER))
    assert topics_to_reask(evidence_items, topics=TOPICS, as_of=NOW) == expected


def test_choices_contradict_the_answers_once_there_are_enough_of_them() -> None:
    """Music was stated as liked: .71. "Less of this" with weight 1 since: (.5 + 0) / 2 = .25, a clear no."""
    asked = [rated("1", 1.0, at=NOW - DAY, music=1.0), rated("2", 0.0, at=NOW - DAY, art=1.0)]
    less = statement("3", "music", 0.0, origin=Origin.FEEDBACK)
    assert contradictions(asked, topics=TOPICS, as_of=NOW) == {}
    assert contradictions([*asked, less], topics=TOPICS, as_of=NOW) == {"music": ReaskReason.CHOICES}
    one_pick = statement("4", "art", 1.0, weight=0.24)
    assert contradictions([*asked, one_pick], topics=TOPICS, as_of=NOW) == {}
    picks = [statement(f"5{n}", "art", 1.0, weight=0.24) for n in range(3)]
    assert contradictions([*asked, *picks], topics=TOPICS, as_of=NOW) == {"art": ReaskReason.CHOICES}


def test_choices_from_before_the_asking_contradict_nothing() -> None:
    asked = [rated("1", 1.0, music=1.0), rated("2", 0.0, art=1.0)]
    before = statement("3", "music", 0.0, at=NOW - DAY, origin=Origin.FEEDBACK)
    assert contradictions([*asked, before], topics=TOPICS, as_of=NOW) == {}


def test_yes_to_liking_and_yes_to_rather_not_contradict_each_other() -> None:
    """Keyed, the two music ratings are 1 and 0."""
    asked = [rated("1", 1.0, music=1.0), rated("2", 1.0, music=-1.0), rated("3", 0.5, art=1.0)]
    assert contradictions(asked, topics=TOPICS, as_of=NOW) == {"music": ReaskReason.ANSWERS}
    assert topics_to_reask(asked, topics=("music",), as_of=NOW) == (ReaskTopic("music", ReaskReason.ANSWERS),)


def test_a_survey_answer_comes_back_from_the_small_json_that_was_kept() -> None:
    scale = {"rating": 4, "low": 1, "high": 5}
    stored = {"survey": "s", "question": "q", "kind": "rating", **scale, "topics": {"art": -1.0}}
    assert evidence_from("survey_answer", at=NOW, key="k", attempt="a", value=stored) == RatingEvidence(
        NOW, "k", "a", 0.75, (("art", -1.0),), survey="s"
    )
    ten = {"rating": 4, "low": 0, "high": 10}
    found = evidence_from("survey_answer", at=NOW, key="k", attempt=None, value=stored | ten)
    assert found == RatingEvidence(NOW, "k", f"s@{NOW!r}", 0.4, (("art", -1.0),), step=0.1, survey="s", question="q")


def test_shares_are_read_beside_the_share_of_all_options() -> None:
    """Three of eight picked, music's only option among them: liked; one left out: .5 - .375 / 2, no dislike."""
    found = evidence_from("survey_answer", at=NOW, key="k", attempt="a", value=selected(0.375, music=1.0, art=0.0))
    assert found == StatementEvidence(
        NOW, "k", Origin.SURVEY, (("art", 0.3125, 1.0), ("music", 0.85, 1.0)), ("art", "music"), "a"
    )


def selected(mean: float, **shares: float) -> dict[str, object]:
    return {"kind": "choices", "shares": shares, "mean": mean, "topics": dict.fromkeys(shares, 1.0)}


def test_to_pick_most_options_still_likes_them_and_to_leave_one_of_nine_out_is_a_dislike() -> None:
    """Seven of ten picked: .5 + .3 / 2 = .65 would be no liking. Eight of nine: .5 - .8889 / 2 = .0556."""
    most = evidence_from("survey_answer", at=NOW, key="k", attempt="a", value=selected(0.7, music=1.0, art=0.0))
    all_but_one = evidence_from(
        "survey_answer", at=NOW, key="k", attempt="a", value=selected(8 / 9, music=1.0, art=0.0)
    )
    assert isinstance(most, StatementEvidence)
    assert isinstance(all_but_one, StatementEvidence)
    assert most.says[1] == ("music", 0.85, 1.0)
    assert all_but_one.says[0][1] == pytest.approx(0.0556, abs=1e-4)


def test_what_was_read_in_a_text_comes_back_as_read() -> None:
    stored = {"kind": "text", "topics": {"music": 0.95, "sports": 0.05}, "reader": "1.x"}
    found = evidence_from("survey_answer", at=NOW, key="k", attempt=None, value=stored)
    assert found == StatementEvidence(
        NOW, "k", Origin.SURVEY, (("music", 0.95, 1.0), ("sports", 0.05, 1.0)), ("music", "sports"), f"@{NOW!r}"
    )


def test_a_pick_weighs_what_its_place_does_not_explain() -> None:
    """Beside the default, places draw 6 : 4 : 3 of 13. Music picked in fourth place: 1 - 3 / 13; art passed: 6 / 13."""
    value = {"context": "music", "position": 3, "shown": ["animals", "art", None, "music"]}
    found = evidence_from("assignment_picked", at=NOW, key="k", attempt=None, value=value)
    assert isinstance(found, StatementEvidence)
    assert [(topic, x) for topic, x, _ in found.says] == [("art", 0.0), ("music", 1.0)]
    assert [weight for *_, weight in found.says] == pytest.approx([0.3 * 6 / 13, 0.3 * 10 / 13])


def test_the_only_alternate_weighs_as_one_of_two() -> None:
    value = {"context": "music", "position": 1, "shown": ["art", "music"]}
    found = evidence_from("assignment_picked", at=NOW, key="k", attempt=None, value=value)
    assert found == StatementEvidence(NOW, "k", Origin.PICK, (("music", 1.0, 0.15),))


def test_a_menu_of_one_and_a_pick_that_was_not_on_it_say_nothing() -> None:
    for value in (
        {"context": "music", "position": 0, "shown": ["music"]},
        {"context": "music", "shown": ["art", None]},
    ):
        assert evidence_from("assignment_picked", at=NOW, key="k", attempt=None, value=value) is None


def test_a_pick_from_a_menu_that_is_not_known_weighs_as_one_of_two() -> None:
    found = evidence_from("assignment_picked", at=NOW, key="k", attempt=None, value={"context": "music"})
    assert found == StatementEvidence(NOW, "k", Origin.PICK, (("music", 1.0, 0.15),))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (
            "interest_feedback",
            {"topic": "art", "direction": "more"},
            StatementEvidence(NOW, "k", Origin.FEEDBACK, (("art", 1.0, 1.0),)),
        ),
        (
            "interest_feedback",
            {"topic": "art", "direction": "less"},
            StatementEvidence(NOW, "k", Origin.FEEDBACK, (("art", 0.0, 1.0),)),
        ),
        ("interest_veto", {"topic": "art"}, VetoEvidence(NOW, "k", "art", True)),
        ("interest_veto", {"topic": "art", "vetoed": False}, VetoEvidence(NOW, "k", "art", False)),
        ("assignment_done", {"context": "art"}, StatementEvidence(NOW, "k", Origin.DONE, (("art", 1.0, 0.1),))),
        ("assignment_done", {"context": None}, None),
        ("assignment_done", {"context": "art", "completed": False}, None),
        ("interest_feedback", {"topic": "art", "direction": "sideways"}, None),
        ("survey_answer", {"kind": "essay"}, None),
    ],
)
def test_facts_become_evidence(kind: str, value: dict[str, object], expected: object) -> None:
    assert evidence_from(kind, at=NOW, key="k", attempt=None, value=value) == expected


@pytest.mark.parametrize("kind", ["item_result", "attempt_graded", "skill_result", "consent", "assignment_started"])
def test_scores_are_never_evidence(kind: str) -> None:
    value = {"topic": "art", "context": "art", "direction": "more", "rating": 5, "low": 1, "high": 5}
    assert evidence_from(kind, at=NOW, key="k", attempt=None, value=value) is None
