"""What is kept of survey answers: points, shares and readings, and never the text."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.interests.evidence import evidence_from
from learning.surveys.questions import Question, QuestionKind, TextPolarity
from learning.surveys.scoring import score

LABELS = ("not at all", "a little", "it is OK", "a lot", "love it")
RATING = Question("s", "q", QuestionKind.RATING, low=0, high=4, labels=LABELS, topics={"music": 1.0})
ONE_TO_FIVE = Question("s", "q", QuestionKind.RATING, low=1, high=5, topics={"music": 1.0})
PICK = {"Band": {"music": 1.0}, "Choir": {"music": 1.0}, "Zoo": {"animals": 1.0}, "Paint": {"art": 1.0}}
CHOICES = Question("s", "q", QuestionKind.CHOICES, options=PICK)
TEXT = Question("s", "q", QuestionKind.TEXT)


class Words:
    """A reader of two words."""

    version = "words"

    def read(self, text: str) -> dict[str, float]:
        return {word: 0.05 if "hate" in text else 0.95 for word in ("music", "art") if word in text}


def scored(question: Question, kind: str, answer: object, **more: object) -> dict[str, Any]:
    return score(question, {"kind": kind, "answer": answer, **more}, reader=Words())


def test_a_rating_is_kept_as_a_point_of_its_scale() -> None:
    assert scored(ONE_TO_FIVE, "rating", 4) == {
        "survey": "s",
        "question": "q",
        "kind": "rating",
        "rating": 4.0,
        "low": 1,
        "high": 5,
        "topics": {"music": 1.0},
    }


@pytest.mark.parametrize(
    ("question", "answer", "more", "point"),
    [
        (RATING, "a lot", {}, 3.0),
        (RATING, " A LOT. ", {}, 3.0),
        (RATING, 3, {}, 3.0),
        # Moodle's rating may be the author's own number; the label is what the student saw.
        (RATING, 4, {"label": "a lot"}, 3.0),
        (RATING, 0, {}, 0.0),
        (ONE_TO_FIVE, "5", {}, 5.0),
        (ONE_TO_FIVE, 0, {}, None),
        (ONE_TO_FIVE, 6, {}, None),
        (ONE_TO_FIVE, 3.5, {}, None),
        (ONE_TO_FIVE, True, {}, None),
        (ONE_TO_FIVE, "rather", {}, None),
        (ONE_TO_FIVE, None, {}, None),
        (ONE_TO_FIVE, [4], {}, None),
        (ONE_TO_FIVE, float("nan"), {}, None),
        (Question("s", "q", QuestionKind.NUMBER, low=0, high=10, topics={"a": 1.0}), 3.5, {}, 3.5),
        (Question("s", "q", QuestionKind.BOOLEAN, topics={"a": 1.0}), False, {}, 0.0),
        (Question("s", "q", QuestionKind.BOOLEAN, topics={"a": 1.0}), "Yes", {}, 1.0),
        (Question("s", "q", QuestionKind.BOOLEAN, topics={"a": 1.0}), "perhaps", {}, None),
    ],
)
def test_a_selection_that_is_no_point_of_the_scale_is_unknown_never_the_lowest(
    question: Question, answer: object, more: dict[str, str], point: float | None
) -> None:
    assert scored(question, "rating", answer, **more)["rating"] == point


def test_several_picked_are_kept_as_shares_by_topic() -> None:
    """Two of four picked: .5. Of music's two options one: .5; of art's one: 1; of animals' one: 0."""
    found = scored(CHOICES, "choices", ["band", "Paint!"])
    assert found["shares"] == {"animals": 0.0, "art": 1.0, "music": 0.5}
    assert found["mean"] == 0.5
    assert found["topics"] == {"animals": 1.0, "art": 1.0, "music": 1.0}


@pytest.mark.parametrize("answer", [[], ["Band", "Choir", "Zoo", "Paint"], ["something else"], None, 3, {"a": 1}])
def test_all_none_or_what_was_not_offered_tells_nothing_but_was_asked(answer: object) -> None:
    found = scored(CHOICES, "choices", answer)
    assert found["shares"] == {}
    assert found["topics"]


def test_an_option_that_speaks_against_a_topic_counts_where_it_is_left_out() -> None:
    """One of three picked, mean 1/3. Left out, "no music": 2/3 - 0; picked, it would be 2/3 - 1, at least 0."""
    options = {"No music please": {"music": -1.0}, "Zoo": {"animals": 1.0}, "Paint": {"art": 1.0}}
    question = Question("s", "q", QuestionKind.CHOICE, options=options)
    assert scored(question, "choice", "Zoo")["shares"]["music"] == pytest.approx(2 / 3, abs=1e-6)
    assert scored(question, "choice", "No music please")["shares"]["music"] == 0.0


def test_of_a_single_choice_the_first_counts() -> None:
    question = Question("s", "q", QuestionKind.CHOICE, options=PICK)
    assert scored(question, "choices", ["Zoo", "Paint"])["shares"] == {"animals": 1.0, "art": 0.0, "music": 0.0}


def test_a_ranking_is_kept_as_borda_points() -> None:
    """Four options, two ranked: 1 and 2/3; the two left share 1/3 and 0: 1/6 each. Music: (2/3 + 1/6) / 2."""
    question = Question("s", "q", QuestionKind.RANKING, options=PICK)
    found = scored(question, "choices", ["Paint", "Band"])
    assert found["shares"] == pytest.approx({"animals": 1 / 6, "art": 1.0, "music": 5 / 12}, abs=1e-6)
    assert found["mean"] == 0.5


def test_of_a_text_only_what_was_read_is_kept() -> None:
    found = scored(TEXT, "text", "I love music, my name is Ada")
    assert found == {"survey": "s", "question": "q", "kind": "text", "topics": {"music": 0.95}, "reader": "words"}


def test_what_one_names_under_what_do_you_not_like_is_a_dislike_either_way() -> None:
    question = Question("s", "q", QuestionKind.TEXT, asks=TextPolarity.DISLIKES)
    assert scored(question, "text", "music")["topics"] == pytest.approx({"music": 0.05})
    assert scored(question, "text", "I hate music")["topics"] == pytest.approx({"music": 0.05})


def test_without_a_reader_a_text_says_nothing() -> None:
    found = score(TEXT, {"kind": "text", "answer": "I love music"}, reader=None)
    assert (found["topics"], found["reader"]) == ({}, None)


anything = st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.lists(st.text() | st.integers())


@given(st.sampled_from([RATING, ONE_TO_FIVE, CHOICES, TEXT]), anything, anything)
def test_whatever_was_answered_is_scored_becomes_json_and_evidence_and_keeps_no_text(
    question: Question, answer: object, label: object
) -> None:
    found = scored(question, "choice", answer, label=label)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert "answer" not in found
    assert evidence_from("survey_answer", at=0.0, key="k", attempt="a", value=found) is not None


@given(st.lists(st.sampled_from([*PICK]), unique=True, min_size=1, max_size=3), st.sampled_from([*PICK]))
def test_to_pick_one_more_option_of_a_topic_never_lowers_its_share(picked: list[str], more: str) -> None:
    before, after = scored(CHOICES, "choices", picked), scored(CHOICES, "choices", [*picked, more])
    topic = next(iter(PICK[more]))
    if after["shares"]:
        assert after["shares"][topic] >= before["shares"][topic]
