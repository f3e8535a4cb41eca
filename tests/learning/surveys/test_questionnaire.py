"""Questionnaires: read strictly, each fault with its place and a hint; what is protected is found."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.surveys.questionnaire import QuestionKind, Questionnaire, QuestionnaireError, TextPolarity, lint

EXAMPLES = Path(__file__).parents[3] / "examples" / "questionnaires"


def document(**changes: object) -> dict[str, Any]:
    rating = {"ref": "q1", "kind": "rating", "scale": [1, 5], "topics": {"sports": 1.0}}
    return {"survey": "s", "title": "What do you like?", "questions": [rating | changes]}


def faults(written: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(QuestionnaireError) as caught:
        Questionnaire.from_document(written)
    assert all(finding.hint for finding in caught.value.findings)
    return [(finding.pointer, finding.code) for finding in caught.value.findings]


def test_a_questionnaire_is_read_with_the_ends_of_its_scales() -> None:
    read = Questionnaire.from_document(document(aliases=["How much?"], labels=["a", "b", "c", "d", "e"]))
    (question,) = read.questions
    assert (question.kind, question.low, question.high) == (QuestionKind.RATING, 1.0, 5.0)
    assert (question.survey, question.topics, question.asks) == ("s", {"sports": 1.0}, TextPolarity.LIKES)
    assert read.topics == {"sports"}


def test_labels_alone_count_from_nought() -> None:
    """Five labels: points 0 to 4, as Moodle numbers them."""
    (question,) = Questionnaire.from_document(document(scale=None, labels=["a", "b", "c", "d", "e"])).questions
    assert (question.low, question.high) == (0.0, 4.0)


def test_a_question_is_found_by_any_of_its_names_whatever_their_spacing() -> None:
    read = Questionnaire.from_document(document(aliases=["How much do you like sports?"]))
    assert read.question(["https://lms.example/q/77", " how much do you  like SPORTS"]) is read.questions[0]
    assert read.question(["How much do you like art?"]) is None
    assert read.question([]) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"survey": "s", "title": "t"}, [("/questions", "missing")]),
        ({"survey": "s", "title": "t", "questions": []}, [("/questions", "too_short")]),
        (document(kind="stars"), [("/questions/0/kind", "kind")]),
        (document(scael=[1, 5]), [("/questions/0/scael", "unknown")]),
        (document(scale=[5, 1]), [("/questions/0/scale", "scale")]),
        (document(scale=[1, float("inf")]), [("/questions/0/scale", "scale")]),
        (document(scale=[0.5, 2.5]), [("/questions/0/scale", "scale")]),
        (document(scale=None), [("/questions/0", "no_scale")]),
        (document(scale=["1", 5]), [("/questions/0/scale/0", "float_type")]),
        (document(labels=["no", "yes"]), [("/questions/0/labels", "labels")]),
        (document(labels=["no", "No!", "so-so", "yes", "yes, much"]), [("/questions/0/labels", "doubled")]),
        (document(topics={}), [("/questions/0/topics", "no_topics")]),
        (document(topics={"art": 0.0}), [("/questions/0/topics/art", "loading")]),
        (document(topics={"art": float("nan")}), [("/questions/0/topics/art", "loading")]),
        (document(topics={"art": -1.5}), [("/questions/0/topics/art", "loading")]),
        (document(options={"a": {"art": 1}}), [("/questions/0/options", "unused")]),
        (document(kind="text"), [("/questions/0/scale", "unused"), ("/questions/0/topics", "unused")]),
        (
            document(kind="choice", scale=None, topics={}, options={"a": {"art": 1.0}}),
            [("/questions/0/options", "options")],
        ),
    ],
)
def test_a_fault_is_named_with_its_place(written: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert faults(written) == expected


def test_all_faults_are_named_at_once() -> None:
    written = document()
    written["questions"] += [{"ref": "Q1 ", "kind": "rating", "topics": {"art": 2.0}}, {"kind": "text"}]
    assert faults(written) == [("/questions/2/ref", "missing")]
    written["questions"][2] = {"ref": "q3", "kind": "text", "topics": {"art": 1.0}}
    assert faults(written) == [
        ("/questions/1/ref", "doubled"),
        ("/questions/1", "no_scale"),
        ("/questions/1/topics/art", "loading"),
        ("/questions/2/topics", "unused"),
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ref", "kind", "x"]), inner),
        max_leaves=8,
    ),
    st.sampled_from(["survey", "title", "questions", "aliases", "options"]),
)
def test_whatever_stands_in_a_document_it_is_read_or_refused(anything: object, place: str) -> None:
    written = document()
    (written["questions"][0] if place in ("options", "aliases") else written)[place] = anything
    with contextlib.suppress(QuestionnaireError):
        assert Questionnaire.from_document(written).questions


@pytest.mark.parametrize(
    ("category", "prompt"),
    [
        ("politics", "Which president would you vote for?"),
        ("mental", "How often do you feel sad?"),
        ("mental", "Have you ever seen a therapist?"),
        ("sex", "Do you have a boyfriend?"),
        ("illegal", "Have you ever been drunk?"),
        ("illegal", "Did you ever steal something?"),
        ("family", "Do your parents fight a lot?"),
        ("family", "What do you hate about your brother?"),
        ("privileged", "What did you tell your doctor or a lawyer?"),
        ("religion", "Do you go to church?"),
        ("income", "How much money does your mom make?"),
        ("income", "Is your family rich or poor?"),
    ],
)
def test_what_touches_a_protected_category_is_found_where_it_stands(category: str, prompt: str) -> None:
    findings = lint(Questionnaire.from_document(document(prompt=prompt)))
    assert (category, "/questions/0/prompt") in {(finding.code, finding.pointer) for finding in findings}


def test_options_and_labels_are_looked_at_too() -> None:
    written = document(
        kind="choice", scale=None, topics={}, options={"Sunday school": {"a": 1}, "Chess / go": {"b": 1}}
    )
    (finding,) = lint(Questionnaire.from_document(written))
    assert (finding.pointer, finding.code) == ("/questions/0/options/Sunday school", "religion")


@pytest.mark.parametrize(
    "prompt",
    [
        "Do you like to cook with your family?",
        "Would you rather do mental math or write it down?",
        "I like to play the drums.",
        "Which class do you like best?",
        "How much do you like animals?",
        "Do you like songs about rain?",
        "My dad takes me fishing.",
        "Do you like the solar system?",
    ],
)
def test_plain_questions_about_interests_are_not_found(prompt: str) -> None:
    assert lint(Questionnaire.from_document(document(prompt=prompt))) == []


def test_the_example_questionnaire_is_clean_and_balanced() -> None:
    """Each of eight topics: one rating each way, and one option in each of six lists, never twice in one place."""
    read = Questionnaire.from_document(json.loads((EXAMPLES / "interests-24.json").read_text()))
    assert len(read.questions) == 24
    assert lint(read) == []
    ratings = [question for question in read.questions if question.kind is QuestionKind.RATING]
    lists = [question for question in read.questions if question.options]
    for topic in read.topics:
        assert sorted(rating.topics[topic] for rating in ratings if topic in rating.topics) == [-1.0, 1.0]
        places = [[*question.options.values()].index({topic: 1.0}) for question in lists]
        assert len(places) == 6
        assert len(set(places)) == 6
    assert {question.kind for question in read.questions} == set(QuestionKind) - {
        QuestionKind.NUMBER,
        QuestionKind.BOOLEAN,
    }


def test_the_recorded_feedback_is_read_by_the_names_of_its_questions() -> None:
    read = Questionnaire.from_document(json.loads((EXAMPLES / "moodle-feedback.json").read_text()))
    assert "https://moodle.riverside.example/mod/feedback/view.php?id=911" in read.aliases
    found = read.question(
        ["https://moodle.riverside.example/mod/feedback/edit_item.php?id=999", "How much do you like music?"]
    )
    assert found is not None
    assert found.topics == {"music": 1.0}
