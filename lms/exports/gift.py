"""Questions in GIFT, Moodle's text format: blocks between empty lines, `::name::text {answers}`.

Source: Moodle's GIFT format. A comment before a question may hold `[id:NUMBER]` and `[tag:TAG]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lms.exports.imported import ExportError, Imported
from lms.exports.moodle_xml import path_of
from lms.exports.questions import Question
from lms.exports.safe_xml import plain
from lms.files.bundle import Bundle
from lms.files.csv_dialect import decode
from lms.files.problem import SourceLocation

MAX_BYTES = 20 * 1024 * 1024
MAX_GENERATED = 80
"""Characters of the text that stand in for a missing name."""
_NAME = re.compile(r"::(.*?)(?<!\\)::", re.DOTALL)
_NOTE = re.compile(r"\[(id|tag):((?:[^\]\\]|\\.)*)\]")
_OPEN, _CLOSE = re.compile(r"(?<!\\)\{"), re.compile(r"(?<!\\)\}")
_FORMAT = re.compile(r"\A\[(?:html|moodle|plain|markdown)\]")


def questions(file: str, body: bytes, found: Imported, *, encoding: str | None = None) -> list[Question]:
    """Return the questions of a file.

    Raises:
        ExportError: its characters cannot be read, it is too large, or it has no question.
    """
    if len(body) > MAX_BYTES:
        wrong = f"it has {len(body) / 2**20:,.0f} MiB; {MAX_BYTES // 2**20} are read"
        raise ExportError(file, wrong, "Export fewer questions at a time.")
    bundle = Bundle(encoding=encoding)
    text = decode(file, body, bundle)
    found.take_problems(bundle)
    read = list(_questions(file, text or "", found))
    if not read and not found.problems:
        hint = "In Moodle: Question bank > Export > GIFT. A question looks like ::Name:: 2 + 2 {=4}"
        raise ExportError(file, "it has no question", hint)
    unnamed = sum(each.title == "" and each.name.endswith("…") for each in read)
    if unnamed:
        found.notes.append(f"{unnamed:,} questions have no name; Moodle makes one of their text, perhaps another one.")
    return read


def _questions(file: str, text: str, found: Imported) -> Iterator[Question]:
    category: tuple[str, ...] = ()
    for line, block in _blocks(text):
        notes = " ".join(each for each in block if each.lstrip().startswith("//"))
        lines = [each for each in block if not each.lstrip().startswith("//")]
        if lines and lines[0].lstrip().startswith("$CATEGORY:"):
            category = path_of(lines[0].partition(":")[2].strip())
            lines = lines[1:]
        body = "\n".join(lines).strip()
        if body:
            question = _question(body, notes, category, SourceLocation(file, line), found)
            if question is not None:
                yield question


def _question(body: str, notes: str, category: tuple[str, ...], at: SourceLocation, found: Imported) -> Question | None:
    heading = _NAME.match(body)
    rest = body[heading.end() :] if heading else body
    opens, closes = _OPEN.search(rest), _CLOSE.search(rest)
    if opens is None and closes is None:
        found.left_out["are descriptions, which nobody answers"] += 1
        return None
    if opens is None or closes is None or closes.start() < opens.start():
        hint = "Write \\{ for a brace that is none of the answer's, and no empty line inside of a question."
        found.leave_out("have a brace without its other", at, "a brace { or } has no other one", hint)
        return None
    asked = _plain(f"{rest[: opens.start()]} {rest[closes.end() :]}")
    name = _plain(heading[1]) if heading else ""
    about = [(kind, _unescaped(value).strip()) for kind, value in _NOTE.findall(notes)]
    return Question(
        name=name or (asked[:MAX_GENERATED] or "?") + "…",
        at=at,
        kind=_kind(rest[opens.end() : closes.start()].strip()),
        category=category,
        tags=tuple(dict.fromkeys(value for kind, value in about if kind == "tag" and value)),
        text=asked,
        number=next((value for kind, value in about if kind == "id"), ""),
    )


def _kind(answer: str) -> str:
    if not answer:
        return "essay"
    if answer.startswith("#"):
        return "numerical"
    if "~" in answer:
        return "multichoice"
    if "->" in answer:
        return "match"
    return "truefalse" if answer.partition("#")[0].strip() in {"T", "TRUE", "F", "FALSE"} else "shortanswer"


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the blocks between empty lines, each with the number of its first line."""
    block: list[str] = []
    begin = 1
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.strip():
            begin = begin if block else number
            block.append(line)
        elif block:
            yield begin, block
            block = []


def _plain(text: str) -> str:
    return plain(_unescaped(_FORMAT.sub("", text.strip())))


def _unescaped(text: str) -> str:
    return re.sub(r"\\([:#={}~\\\]])", r"\1", text).replace("\\n", " ")
