"""Moodle XML as Moodle's importer reads it: what each type of question needs is there, and text stays what it is."""

from typing import Any

from defusedxml import ElementTree as Safe
from hypothesis import given
from hypothesis import strategies as st

from lms.moodle_xml import MAX_ID_NUMBER, Question, write

NUMBER = Question("q1", "5.NF Sums", "What is 1 + 1?", "2", tags=["5.NF"])
CHOICE = Question("q2", "5.NF Sums", "Half?\n\nOf what\nthere is", "1/2", wrong=["1/3", "2/3"])
printable = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=40)


def read(*questions: Question, top: str = "Souschef") -> Any:
    return Safe.fromstring(write(questions, top=top).encode())


def test_a_numerical_question_has_one_answer_and_a_tolerance() -> None:
    head, found = read(NUMBER).findall("question")
    assert head.get("type") == "category"
    assert head.findtext("category/text") == "$course$/top/Souschef/5.NF Sums"
    assert found.get("type") == "numerical"
    assert found.findtext("name/text") == found.findtext("idnumber") == "q1"
    assert found.findtext("questiontext/text") == "<p>What is 1 + 1?</p>"
    [answer] = found.findall("answer")
    assert (answer.get("fraction"), answer.findtext("text"), answer.findtext("tolerance")) == ("100", "2", "0")
    assert found.findtext("tags/tag/text") == "5.NF"


def test_a_choice_has_one_right_answer_and_all_that_moodle_asks_for() -> None:
    _, found = read(CHOICE).findall("question")
    assert found.get("type") == "multichoice"
    answers = {each.findtext("text"): each.get("fraction") for each in found.findall("answer")}
    assert answers == {"1/2": "100", "1/3": "0", "2/3": "0"}
    for name in ("single", "shuffleanswers", "answernumbering", "defaultgrade", "penalty", "hidden"):
        assert found.findtext(name)
    for name in ("correctfeedback", "partiallycorrectfeedback", "incorrectfeedback", "generalfeedback"):
        assert found.find(f"{name}/text") is not None
    assert found.findtext("questiontext/text") == "<p>Half?</p><p>Of what<br>there is</p>"


def test_questions_of_one_category_stand_under_it_once() -> None:
    other = Question("q3", "6.RP/a", "3?", "3")
    kinds = [each.get("type") for each in read(NUMBER, other, CHOICE)]
    assert kinds == ["category", "numerical", "multichoice", "category", "numerical"]
    paths = [each.findtext("category/text") for each in read(other, top="A/B").findall("question[@type='category']")]
    assert paths == ["$course$/top/A//B/6.RP//a"]


def test_a_name_that_is_too_long_for_an_id_number_is_a_name_only() -> None:
    _, found = read(Question("n" * (MAX_ID_NUMBER + 1), "c", "1?", "1")).findall("question")
    assert found.find("idnumber") is None


@given(name=printable, text=printable, answer=printable, wrong=printable)
def test_whatever_stands_in_a_text_comes_out_again(name: str, text: str, answer: str, wrong: str) -> None:
    """Markup in a task is shown, not run: an ampersand, a tag and a CDATA end are text."""
    _, found = read(Question(name, "c", text + "</p>]]><b>&amp;", answer, wrong=[wrong + "<"])).findall("question")
    assert found.findtext("name/text") == name
    inner = found.findtext("questiontext/text")
    assert "<b>" not in inner
    assert inner.endswith("&lt;/p&gt;]]&gt;&lt;b&gt;&amp;amp;</p>")
