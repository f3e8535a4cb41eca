"""Questions as Moodle XML, for an import into a question bank: numerical and multiple choice.

Source: Moodle's *Moodle XML format* and `question/format/xml/format.php` of 4.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from xml.etree import ElementTree as ET  # nosec B405 # it writes, and parses nothing

MAX_ID_NUMBER = 100
"""Characters of an ID number in Moodle."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question; without wrong answers it asks for a number."""

    name: str
    """By which its events name it: unique."""
    category: str
    text: str
    """Plain text; an empty line begins a paragraph."""
    answer: str
    """A plain number with a decimal point where there are no wrong answers."""
    wrong: Sequence[str] = ()
    tags: Sequence[str] = ()


def write(questions: Iterable[Question], *, top: str) -> str:
    """Return a file with the questions; those of one category below `top` stand together."""
    quiz = ET.Element("quiz")
    by_category: dict[str, list[Question]] = {}
    for question in questions:
        by_category.setdefault(question.category, []).append(question)
    for category, members in by_category.items():
        head = ET.SubElement(quiz, "question", type="category")
        _text(head, "category", "/".join(["$course$", "top", _escaped(top), _escaped(category)]))
        for question in members:
            _add(quiz, question)
    ET.indent(quiz)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(quiz, encoding="unicode") + "\n"


def _escaped(name: str) -> str:
    """Return the name of a category, in whose path a slash is written twice."""
    return name.replace("/", "//")


def _add(quiz: ET.Element, question: Question) -> None:
    made = ET.SubElement(quiz, "question", type="multichoice" if question.wrong else "numerical")
    _text(made, "name", question.name)
    _text(made, "questiontext", _html(question.text), format="html")
    _text(made, "generalfeedback", "", format="html")
    _value(made, "defaultgrade", "1")
    _value(made, "penalty", "0.3333333")
    _value(made, "hidden", "0")
    if len(question.name) <= MAX_ID_NUMBER:
        _value(made, "idnumber", question.name)
    if question.wrong:
        _add_choices(made, question)
    else:
        answer = _answer(made, question.answer, fraction="100", form="moodle_auto_format")
        _value(answer, "tolerance", "0")
    tags = ET.SubElement(made, "tags")
    for tag in question.tags:
        _text(tags, "tag", tag)


def _add_choices(made: ET.Element, question: Question) -> None:
    for name, value in (("single", "true"), ("shuffleanswers", "true"), ("answernumbering", "none")):
        _value(made, name, value)
    for feedback in ("correctfeedback", "partiallycorrectfeedback", "incorrectfeedback"):
        _text(made, feedback, "", format="html")
    # The order says nothing: Moodle shuffles, and where a quiz does not, the alphabet does not point at the right one.
    for choice in sorted([question.answer, *question.wrong]):
        _answer(made, escape(choice), fraction="100" if choice == question.answer else "0", form="html")


def _answer(made: ET.Element, text: str, *, fraction: str, form: str) -> ET.Element:
    answer = ET.SubElement(made, "answer", fraction=fraction, format=form)
    _value(answer, "text", text)
    _text(answer, "feedback", "", format="html")
    return answer


def _html(text: str) -> str:
    paragraphs = [escape(part.strip()).replace("\n", "<br>") for part in text.split("\n\n")]
    return "".join(f"<p>{part}</p>" for part in paragraphs if part)


def _text(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    _value(ET.SubElement(parent, name, attributes), "text", text)


def _value(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text
