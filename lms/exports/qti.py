"""Questions in QTI: 2.0 to 3.0, an item a file, and 1.2, a whole test in one file.

Source: 1EdTech QTI 2.1, 2.2, 3.0 and 1.2 as Canvas and Common Cartridges write it. Of a question its name and what it
asks are read, never its answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element  # nosec B405 # the type alone; defusedxml parses

from lms.exports.imported import Imported
from lms.exports.manifest import guids
from lms.exports.questions import Question
from lms.exports.safe_xml import local, plain, root
from lms.files.problem import SourceLocation

ITEM_ROOTS = ("assessmentItem", "qti-assessment-item")
_NO_ANSWER = frozenset({"text_only_question", "cc.text_only"})


@dataclass(frozen=True, slots=True)
class Around:
    """What a package says of the file that a question stands in."""

    title: str = ""
    category: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    guids: tuple[str, ...] = ()
    by_title: bool = False
    """Whether events call a question by its title, not by its identifier."""


def questions(file: str, body: bytes, around: Around, found: Imported) -> list[Question]:
    """Return the questions of a file.

    Raises:
        ExportError: it is no QTI.
    """
    document = root(file, body, *ITEM_ROOTS, "questestinterop", "assessment")
    one = document.tag in ITEM_ROOTS
    read = [_item(file, document, around)] if one else list(_test(file, document, around, found))
    return [each for each in read if _has_name(each, found)]


def _has_name(question: Question, found: Imported) -> bool:
    if not question.name:
        found.leave_out(
            "have no name", question.at, "a question has no identifier or title", "Name it, or use the other."
        )
    return bool(question.name)


def _item(file: str, item: Element, around: Around) -> Question:
    body = next((each for each in item.iter() if local(each.tag) in {"itemBody", "qti-item-body"}), None)
    kinds = [local(each.tag) for each in item.iter() if local(each.tag).lower().endswith("interaction")]
    identifier, title = item.get("identifier", ""), item.get("title", "") or around.title
    return Question(
        name=" ".join((title if around.by_title else identifier).split()),
        at=SourceLocation(file),
        kind=", ".join(dict.fromkeys(kinds)),
        category=around.category,
        tags=around.tags,
        text=plain(" ".join(body.itertext())) if body is not None else "",
        guids=(*around.guids, *guids(item)),
        title=" ".join((identifier if around.by_title else title).split()),
    )


def _test(file: str, document: Element, around: Around, found: Imported) -> Iterator[Question]:
    for test in (
        each for each in document.iter() if local(each.tag) in {"assessment", "objectbank", "questestinterop"}
    ):
        title = test.get("title") or around.title
        category = (*around.category, *([title] if title and title not in around.category else []))
        for item in _items(test):
            labels = {_text(each, "fieldlabel"): _text(each, "fieldentry") for each in _all(item, "qtimetadatafield")}
            kind = labels.get("question_type") or labels.get("cc_profile") or ""
            if kind in _NO_ANSWER:
                found.left_out["are texts, which nobody answers"] += 1
                continue
            yield _item_of_test(file, item, around, kind, category)


def _items(test: Element) -> Iterator[Element]:
    """Yield the items of a test or bank, not those of a test inside of it."""
    ahead = list(reversed(test))
    while ahead:
        element = ahead.pop()
        if local(element.tag) == "item":
            yield element
        elif local(element.tag) in {"section", "sectionproc"}:
            ahead += reversed(element)


def _item_of_test(file: str, item: Element, around: Around, kind: str, category: tuple[str, ...]) -> Question:
    presentation = next(_all(item, "presentation"), None)
    material = next(_all(presentation, "mattext"), None) if presentation is not None else None
    identifier, title = item.get("ident", ""), item.get("title", "")
    return Question(
        name=" ".join((title if around.by_title else identifier).split()),
        at=SourceLocation(file),
        kind=kind,
        category=category,
        tags=around.tags,
        text=plain("".join(material.itertext())) if material is not None else "",
        guids=(*around.guids, *guids(item)),
        title=" ".join((identifier if around.by_title else title).split()),
    )


def _all(element: Element, tag: str) -> Iterator[Element]:
    return (each for each in element.iter() if local(each.tag) == tag)


def _text(element: Element, tag: str) -> str:
    return next((each.text or "" for each in element if local(each.tag) == tag), "").strip()
