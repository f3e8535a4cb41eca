"""Question banks of Moodle (XML, GIFT), and which skills are proposed for questions, with how sure and why."""

import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.exports import gift, moodle_xml, questions, safe_xml
from lms.exports.imported import ExportError, Imported
from lms.exports.proposals import Matcher
from lms.exports.questions import Question
from lms.files.problem import SourceLocation

BANK = """<?xml version="1.0" encoding="UTF-8"?>
<quiz>
<!-- question: 0  -->
  <question type="category">
    <category><text>$course$/top/Default for Science/Cells//Life</text></category>
    <info format="moodle_auto_format"><text>The default category</text></info>
    <idnumber></idnumber>
  </question>
  <question type="multichoice">
    <name><text>Parts 1</text></name>
    <questiontext format="html">
      <text><![CDATA[<p>What is <b>in</b> a cell? <img src="@@PLUGINFILE@@/c.png"></p>]]></text>
      <file name="c.png" path="/" encoding="base64">iVBORw0KGgo=</file>
    </questiontext>
    <defaultgrade>1.0000000</defaultgrade>
    <idnumber>CELL-1-q1</idnumber>
    <answer fraction="100" format="html"><text>A nucleus</text></answer>
    <tags><tag><text>biology</text></tag><tag><text>CELL-2</text></tag></tags>
  </question>
  <question type="cloze"><name><text>Gap</text></name><questiontext><text>{1:SA:=x}</text></questiontext></question>
  <question type="description"><name><text>Read this</text></name></question>
  <question type="essay"><name><text>  </text></name></question>
</quiz>
"""
GIFT = """// question: 7  name: x
$CATEGORY: $course$/top/Cells

// [id:CELL-1-q1] [tag:biology] [tag:plant\\]s]
::Parts 1:: [html]<p>What is in a cell\\: name one?</p> {
=A nucleus#yes
~A wheel
}

2 + 2 {=4}

::T::Plants breathe.{TRUE}

::N::How many?{#4:1}

Just a text.

::Broken::No end {=4

::Essay:: Write. {}
"""
SKILLS = {"CELL-1": "Parts of a cell", "CELL-1a": "Cell walls", "FW": "Reading a food web", "4.NF.1": "Equal fractions"}
GUID = "2C3A6F0E-7053-11DF-8EBF-BE719DFF4B22"
NAMES = {"CELL-1": "CELL-1", f"https://case.example/uri/{GUID.lower()}": "4.NF.1"}


MATCHER = Matcher(SKILLS, NAMES)


def of_xml(text: str) -> tuple[list[Question], Imported]:
    found = Imported()
    return moodle_xml.questions("bank.xml", text.encode(), found), found


def test_a_question_bank_gives_names_numbers_categories_tags_and_plain_text() -> None:
    [parts, gap], found = of_xml(BANK)
    assert (parts.name, parts.number, parts.category) == ("Parts 1", "CELL-1-q1", ("Cells/Life",))
    assert (parts.tags, parts.text, parts.kind) == (("biology", "CELL-2"), "What is in a cell?", "multichoice")
    assert gap.name == "Gap"
    assert found.left_out == {"are of type description, which nobody answers": 1, "have no name": 1}
    assert found.notes == ["Moodle's plug-in never sends answers to questions of these types: cloze (1)."]


def test_gift_gives_the_same() -> None:
    found = Imported()
    read = gift.questions("q.txt", GIFT.encode(), found)
    assert [(each.name, each.kind) for each in read] == [
        ("Parts 1", "multichoice"),
        ("2 + 2…", "shortanswer"),
        ("T", "truefalse"),
        ("N", "numerical"),
        ("Essay", "essay"),
    ]
    assert (read[0].number, read[0].tags, read[0].category) == ("CELL-1-q1", ("biology", "plant]s"), ("Cells",))
    assert read[0].text == "What is in a cell: name one?"
    assert found.left_out == {"are descriptions, which nobody answers": 1, "have a brace without its other": 1}
    assert found.problems[0].line == 18


def proposed(**question: Any) -> list[tuple[str, float, str]]:
    options: dict[str, Any] = {"name": "q", "at": SourceLocation("f"), **question}
    return [(each.skill, each.sure, each.because) for each in questions.proposals(Question(**options), MATCHER)]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"guids": (GUID,), "name": "CELL-1"}, [("4.NF.1", 0.99, "the GUID of the standard")]),
        ({"guids": (f"http://x.example/{GUID}",)}, [("4.NF.1", 0.99, "the GUID of the standard")]),
        ({"number": "cell-1-q7", "name": "4.NF.1"}, [("CELL-1", 0.97, "the code in its id number")]),
        (
            {"name": "Cells (CELL-1) and 4.nf.1"},
            [("CELL-1", 0.95, "the code in its name"), ("4.NF.1", 0.95, "the code in its name")],
        ),
        ({"name": "CELL-1a walls"}, [("CELL-1a", 0.95, "the code in its name")]),
        ({"name": "4.NF.12 x"}, []),
        ({"name": "CCSS.Math.4.NF.1_v2"}, [("4.NF.1", 0.95, "the code in its name")]),
        ({"name": "4.NF.1.2 x"}, []),
        ({"name": "My FW 3"}, [("FW", 0.76, "the code in its name")]),
        ({"tags": ("x", "Equal fractions")}, [("4.NF.1", 0.9, "the tag 'Equal fractions'")]),
        ({"category": ("CELL-1", "Equal Fractions")}, [("4.NF.1", 0.85, "the category 'Equal Fractions'")]),
        ({"text": "Read the food web"}, [("FW", 0.6, "words of its title (Reading a food web)")]),
        ({"text": "Something else"}, []),
    ],
)
def test_what_is_proposed_and_how_sure_it_is(
    question: dict[str, object], expected: list[tuple[str, float, str]]
) -> None:
    """A code that goes on is another code: CELL-1-q7 is a number of a question, 4.NF.1.2 is none of 4.NF.1."""
    assert proposed(**question) == expected


def test_a_question_without_a_skill_stands_in_the_list_to_be_filled_in() -> None:
    found = Imported()
    bank = [
        Question("q", SourceLocation("f")),
        Question("q", SourceLocation("f")),
        Question("x" * 501, SourceLocation("f")),
    ]
    questions.propose(bank, Matcher(SKILLS, NAMES), found)
    assert [(row["item"], row["skill"], row["accept"]) for row in found.rows[questions.PROPOSED]] == [("q", "", "")] * 2
    assert "QUIZ|NAME" in found.notes[0]
    assert found.left_out == {"have too long a name": 1}


ENTITY = '<!DOCTYPE quiz [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE quiz SYSTEM "http://evil.example/x.dtd">'


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (BANK.replace("<quiz>", f"{ENTITY}<quiz>").encode(), "it has a document type or entities, which are not read"),
        (BANK.replace("<quiz>", f"{OUTSIDE}<quiz>").encode(), "it has a document type or entities, which are not read"),
        (b"<quiz>" + b"<question>" * 300, "it is nested deeper than 200 elements"),
        (b"<quiz><question>", "it is not XML (no element found: line 1, column 16)"),
        (b'<?xml version="1.0" encoding="utf-99"?><quiz/>', "its encoding cannot be read"),
        (b"question,skill\n", "it is no question bank: there is no <quiz>"),
        (b"", "it is no question bank: there is no <quiz>"),
    ],
    ids=["entities", "outside", "deep", "cut", "encoding", "csv", "empty"],
)
def test_what_is_no_question_bank_or_a_hostile_one_is_refused_by_name(body: bytes, wrong: str) -> None:
    with pytest.raises(ExportError) as error:
        moodle_xml.questions("bank.xml", body, Imported())
    assert (error.value.file, error.value.wrong) == ("bank.xml", wrong)
    assert error.value.hint


def test_more_bytes_than_allowed_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_xml, "MAX_BYTES", 2**20)
    with pytest.raises(ExportError, match="it has 2 MiB; 1 are read"):
        moodle_xml.questions("bank.xml", b"<quiz>" + b" " * 2**21 + b"</quiz>", Imported())


def test_a_text_of_tags_that_never_end_costs_little() -> None:
    """Each < looks for its > up to the end, and only the first 5,000 characters are looked at."""
    began = time.process_time()
    assert len(safe_xml.plain("<" * 2_000_000)) <= 500
    assert len(safe_xml.plain("<script>" * 300_000)) <= 500
    assert time.process_time() - began < 2


@given(st.integers(0, len(BANK)), st.binary(max_size=40), st.booleans(), st.sampled_from(["xml", "gift"]))
def test_no_broken_question_bank_raises_anything_but_its_error(
    at: int,
    junk: bytes,
    cut: bool,  # noqa: FBT001 - Hypothesis draws it
    form: str,
) -> None:
    body = (BANK if form == "xml" else GIFT).encode()
    broken = body[:at] + junk + (b"" if cut else body[at:])
    reader = moodle_xml.questions if form == "xml" else gift.questions
    with suppress(ExportError):
        questions.propose(reader("f", broken, Imported()), Matcher(SKILLS, NAMES), Imported())


@pytest.mark.full
@given(st.text(max_size=300))
def test_any_text_is_read_as_gift_or_refused(text: str) -> None:
    with suppress(ExportError):
        gift.questions("f", text.encode(), Imported())
