"""Interests: worked examples whose comments do the arithmetic."""

import pytest

from learning.interest_evidence import Origin, Rated, Told, Vetoed
from learning.interests import Interest, InterestError, Reask, Why, contradictions, due, evidence_from, vector

DAY = 86_400.0
NOW = 1_800_000_000.0
TOPICS = ("animals", "art", "music", "sports")


def rated(key: str, point: float | None, *, response: str = "r", at: float = NOW, **loadings: float) -> Rated:
    return Rated(at, key, response, point, tuple(sorted(loadings.items())))


def told(key: str, topic: str, x: float, *, weight: float = 1.0, at: float = NOW, origin: Origin = Origin.PICK) -> Told:
    return Told(at, key, origin, ((topic, x, weight),))


def test_nothing_known_is_one_half_and_not_sure_at_all() -> None:
    assert vector([], topics=TOPICS, as_of=NOW)["music"] == Interest("music", 0.5, 0.0, None, None, False)


def test_ratings_are_read_beside_the_students_mean() -> None:
    """Ratings 5, 3, 3, 1 of 1 to 5: mean 3. Music: x = .5 + 2 / 8 = .75; value (.5 + .75) / 2; confidence 1 / 2."""
    answers = [
        rated("1", 1.0, music=1.0),
        rated("2", 0.5, art=1.0),
        rated("3", 0.5, animals=1.0),
        rated("4", 0.0, sports=1.0),
    ]
    found = vector(answers, topics=TOPICS, as_of=NOW)
    assert found["music"] == Interest("music", 0.625, 0.5, NOW, NOW, False)
    assert found["art"].value == 0.5
    assert found["sports"].value == 0.375  # x = .5 - 2 / 8 = .25; (.5 + .25) / 2


def test_one_who_gives_every_question_the_same_rating_tells_nothing_but_was_asked() -> None:
    flat = [rated(topic, 1.0, **{topic: 1.0}) for topic in TOPICS]
    for topic in vector(flat, topics=TOPICS, as_of=NOW).values():
        assert (topic.value, topic.confidence, topic.asked_at, topic.updated_at) == (0.5, 0.0, NOW, None)


def test_ticking_the_same_point_is_flat_also_where_questions_are_turned_round() -> None:
    flat = [rated("1", 1.0, music=1.0), rated("2", 1.0, music=-1.0), rated("3", 1.0, art=1.0)]
    assert vector(flat, topics=TOPICS, as_of=NOW)["art"].confidence == 0.0


def test_agreeing_that_one_would_rather_not_is_a_dislike() -> None:
    """Keyed: music 1 - 1 = 0, art 1; mean .5; music x = .5 - .25 = .25, art .75."""
    answers = [rated("1", 1.0, music=-1.0), rated("2", 1.0, art=1.0), rated("3", 0.5, animals=1.0)]
    found = vector(answers, topics=TOPICS, as_of=NOW)
    assert found["music"].value == pytest.approx(0.375)
    assert found["art"].value == pytest.approx(0.625)


def test_an_unknown_rating_is_left_out_and_is_not_the_lowest() -> None:
    """Without the unknown one: 1, 0; mean .5. Counted as 0 the mean would be a third."""
    answers = [rated("1", 1.0, music=1.0), rated("2", 0.0, art=1.0), rated("3", None, sports=1.0)]
    found = vector(answers, topics=TOPICS, as_of=NOW)
    assert found["music"].value == 0.625
    assert (found["sports"].confidence, found["sports"].asked_at) == (0.0, NOW)


def test_responses_are_read_each_by_itself() -> None:
    """Both responses have the mean .5 of their own; together the mean would be .5 too, but only by chance."""
    answers = [
        rated("1", 1.0, response="a", music=1.0),
        rated("2", 0.5, response="a", art=1.0),
        rated("3", 0.5, response="b", music=1.0),
        rated("4", 0.0, response="b", art=1.0),
    ]
    # Means .75 and .25; music x = .5 + .125 twice; value (.5 + 1.25) / 3.
    assert vector(answers, topics=TOPICS, as_of=NOW)["music"].value == pytest.approx(1.75 / 3)


def test_what_was_said_a_half_life_ago_counts_half() -> None:
    """W = 2 ** -1 = .5; value (.5 + .5 * 1) / 1.5 = 2 / 3; confidence .5 / 1.5 = 1 / 3."""
    old = [told("1", "music", 1.0, at=NOW - 90 * DAY)]
    found = vector(old, topics=TOPICS, as_of=NOW)["music"]
    assert found.value == pytest.approx(2 / 3)
    assert found.confidence == pytest.approx(1 / 3)
    assert found.updated_at == NOW - 90 * DAY


def test_evidence_from_a_fast_clock_counts_as_if_from_now() -> None:
    ahead = [told("1", "music", 1.0, at=NOW + 300.0)]
    assert vector(ahead, topics=TOPICS, as_of=NOW)["music"].confidence == 0.5


def test_the_latest_veto_stands_and_leaves_the_value_alone() -> None:
    liked = told("1", "music", 1.0, at=NOW - 2)
    veto, back = Vetoed(NOW - 1, "2", "music", True), Vetoed(NOW, "3", "music", False)
    before = vector([liked], topics=TOPICS, as_of=NOW)["music"]
    with_veto = vector([veto, liked], topics=TOPICS, as_of=NOW)["music"]
    assert (with_veto.vetoed, with_veto.value, with_veto.confidence) == (True, before.value, before.confidence)
    assert not vector([back, veto, liked], topics=TOPICS, as_of=NOW)["music"].vetoed


@pytest.mark.parametrize(("half_life", "as_of"), [(0.0, NOW), (-1.0, NOW), (float("nan"), NOW), (90.0, float("inf"))])
def test_a_half_life_or_moment_without_sense_is_refused(half_life: float, as_of: float) -> None:
    with pytest.raises(InterestError):
        vector([], topics=TOPICS, as_of=as_of, half_life_days=half_life)


def test_never_asked_is_due_and_so_is_what_was_asked_a_term_ago_but_not_what_is_vetoed() -> None:
    known = [
        rated("1", 1.0, at=NOW - 90 * DAY, response="old", music=1.0),
        rated("2", 0.0, at=NOW - 90 * DAY, response="old", art=1.0),
        rated("3", 1.0, at=NOW - 89 * DAY, response="new", animals=1.0),
        Vetoed(NOW, "4", "art", True),
    ]
    expected = (Reask("music", Why.TERM), Reask("sports", Why.NEVER))
    assert due(known, topics=TOPICS, as_of=NOW) == expected


def test_choices_contradict_the_answers_once_there_are_enough_of_them() -> None:
    """Music was rated .75 at most: .625 told. "Less of this" with weight 1 since: (.5 + 0) / 2 = .25, a clear no."""
    asked = [rated("1", 1.0, at=NOW - DAY, music=1.0), rated("2", 0.0, at=NOW - DAY, art=1.0)]
    less = told("3", "music", 0.0, origin=Origin.FEEDBACK)
    assert contradictions(asked, topics=TOPICS, as_of=NOW) == {}
    assert contradictions([*asked, less], topics=TOPICS, as_of=NOW) == {"music": Why.CHOICES}
    one_pick = told("4", "art", 1.0, weight=0.24)
    assert contradictions([*asked, one_pick], topics=TOPICS, as_of=NOW) == {}
    picks = [told(f"5{n}", "art", 1.0, weight=0.24) for n in range(3)]
    assert contradictions([*asked, *picks], topics=TOPICS, as_of=NOW) == {"art": Why.CHOICES}


def test_choices_from_before_the_asking_contradict_nothing() -> None:
    asked = [rated("1", 1.0, music=1.0), rated("2", 0.0, art=1.0)]
    before = told("3", "music", 0.0, at=NOW - DAY, origin=Origin.FEEDBACK)
    assert contradictions([*asked, before], topics=TOPICS, as_of=NOW) == {}


def test_yes_to_liking_and_yes_to_rather_not_contradict_each_other() -> None:
    """Keyed, the two music ratings are 1 and 0."""
    asked = [rated("1", 1.0, music=1.0), rated("2", 1.0, music=-1.0), rated("3", 0.5, art=1.0)]
    assert contradictions(asked, topics=TOPICS, as_of=NOW) == {"music": Why.ANSWERS}
    assert due(asked, topics=("music",), as_of=NOW) == (Reask("music", Why.ANSWERS),)


def test_a_survey_answer_comes_back_from_the_small_json_that_was_kept() -> None:
    kept = {"survey": "s", "question": "q", "kind": "rating", "rating": 4, "low": 1, "high": 5, "topics": {"art": -1.0}}
    assert evidence_from("survey_answer", at=NOW, key="k", attempt="a", value=kept) == Rated(
        NOW, "k", "a", 0.75, (("art", -1.0),)
    )


def test_shares_are_read_beside_the_share_of_all_options() -> None:
    """Three of eight picked, music's only option among them: .5 + (1 - .375) / 2; one left out: .5 - .375 / 2."""
    kept = {
        "kind": "choices",
        "shares": {"music": 1.0, "art": 0.0},
        "mean": 0.375,
        "topics": {"music": 1.0, "art": 1.0},
    }
    found = evidence_from("survey_answer", at=NOW, key="k", attempt="a", value=kept)
    assert found == Told(NOW, "k", Origin.SURVEY, (("art", 0.3125, 1.0), ("music", 0.8125, 1.0)), ("art", "music"))


def test_what_was_read_in_a_text_comes_back_as_told() -> None:
    kept = {"kind": "text", "topics": {"music": 0.95, "sports": 0.05}, "reader": "1.x"}
    found = evidence_from("survey_answer", at=NOW, key="k", attempt=None, value=kept)
    assert found == Told(NOW, "k", Origin.SURVEY, (("music", 0.95, 1.0), ("sports", 0.05, 1.0)), ("music", "sports"))


def test_a_pick_weighs_what_its_place_does_not_explain() -> None:
    """Of three, places draw 6 : 3 : 2 of 11. Music picked in third place: 1 - 2 / 11; art unpicked in first: 6 / 11."""
    value = {"context": "music", "position": 2, "shown": ["art", None, "music"]}
    found = evidence_from("assignment_picked", at=NOW, key="k", attempt=None, value=value)
    assert isinstance(found, Told)
    assert [(topic, x) for topic, x, _ in found.says] == [("art", 0.0), ("music", 1.0)]
    assert [weight for *_, weight in found.says] == pytest.approx([0.3 * 6 / 11, 0.3 * 9 / 11])


def test_a_menu_of_one_and_a_pick_that_was_not_on_it_say_nothing() -> None:
    for value in (
        {"context": "music", "position": 0, "shown": ["music"]},
        {"context": "music", "shown": ["art", None]},
    ):
        assert evidence_from("assignment_picked", at=NOW, key="k", attempt=None, value=value) is None


def test_a_pick_from_a_menu_that_is_not_known_weighs_as_one_of_two() -> None:
    found = evidence_from("assignment_picked", at=NOW, key="k", attempt=None, value={"context": "music"})
    assert found == Told(NOW, "k", Origin.PICK, (("music", 1.0, 0.15),))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (
            "interest_feedback",
            {"topic": "art", "direction": "more"},
            Told(NOW, "k", Origin.FEEDBACK, (("art", 1.0, 1.0),)),
        ),
        (
            "interest_feedback",
            {"topic": "art", "direction": "less"},
            Told(NOW, "k", Origin.FEEDBACK, (("art", 0.0, 1.0),)),
        ),
        ("interest_veto", {"topic": "art"}, Vetoed(NOW, "k", "art", True)),
        ("interest_veto", {"topic": "art", "vetoed": False}, Vetoed(NOW, "k", "art", False)),
        ("assignment_done", {"context": "art"}, Told(NOW, "k", Origin.DONE, (("art", 1.0, 0.1),))),
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
