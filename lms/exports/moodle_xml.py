"""Moodle's question bank as XML: questions with names, id numbers, categories and tags.

Source: Moodle XML format. A question of type `category` says where those that follow stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from xml.etree.ElementTree import Element  # nosec B405 # the type alone; defusedxml parses

from lms.exports.imported import ExportError, Imported
from lms.exports.questions import Question
from lms.exports.safe_xml import elements, plain, text_at
from lms.files.problem import SourceLocation

NO_ANSWER = frozenset({"description", "random", "missingtype"})
NEVER_SENT = frozenset(
    {"calculated", "calculatedmulti", "calculatedsimple", "ddwtos", "gapselect", "cloze"}
) | frozenset({"multianswer", "ordering"})
"""Types of which Moodle's plug-in sends no answer (docs/lms/moodle.md)."""
_ROOTS = frozenset({"", "top", "$course$", "$system$", "$module$", "$cat1$"})
STEP = 200
"""Questions between two reports of progress."""


def questions(
    file: str, body: bytes, found: Imported, *, progress: Callable[[int], object] = lambda _: None
) -> list[Question]:
    """Return the questions of a question bank.

    Raises:
        ExportError: it is none.
    """
    if b"<quiz" not in body[:4_096] and b"<\x00q\x00u\x00i\x00z" not in body[:4_096]:
        raise ExportError(
            file, "it is no question bank: there is no <quiz>", "In Moodle: Question bank > Export > XML."
        )
    read: list[Question] = []
    for number, question in enumerate(_questions(file, body, found), start=1):
        read.append(question)
        if number % STEP == 0:
            progress(number)
    never = sum(each.kind in NEVER_SENT for each in read)
    if never:
        kinds = ", ".join(sorted({each.kind for each in read if each.kind in NEVER_SENT}))
        found.notes.append(f"Moodle's plug-in never sends answers to questions of these types: {kinds} ({never:,}).")
    return read


def _questions(file: str, body: bytes, found: Imported) -> Iterator[Question]:
    category: tuple[str, ...] = ()
    at = SourceLocation(file)
    for number, element in enumerate(elements(file, body, "question"), start=1):
        kind = element.get("type", "")
        if kind == "category":
            category = path_of(text_at(element, "category/text"))
            continue
        name = " ".join(text_at(element, "name/text").split())
        if kind in NO_ANSWER:
            found.left_out[f"are of type {kind}, which nobody answers"] += 1
        elif not name:
            found.leave_out("have no name", at, f"question {number} has no name", "Name it in the question bank.")
        else:
            yield _question(element, name, kind, category, at)


def _question(element: Element, name: str, kind: str, category: tuple[str, ...], at: SourceLocation) -> Question:
    tags = [text_at(tag, "text") for group in ("tags/tag", "coursetags/tag") for tag in element.findall(group)]
    return Question(
        name=name,
        at=at,
        kind=kind,
        category=category,
        tags=tuple(dict.fromkeys(filter(None, tags))),
        text=plain(text_at(element, "questiontext/text")),
        number=text_at(element, "idnumber"),
    )


def path_of(category: str) -> tuple[str, ...]:
    """Return the parts of a category's path without the ones that every bank has; `//` is a slash in a name."""
    parts = [part.replace("\x00", "/").strip() for part in category.replace("//", "\x00").split("/")]
    own = [part for part in parts if part not in _ROOTS]
    return tuple(part for part in own if not re.match(r"(Default for|Standard für|Por defecto|Défaut pour)\b", part))
