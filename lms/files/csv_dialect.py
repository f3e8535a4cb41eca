"""How a CSV is written: its characters, and what separates its columns.

Spreadsheets write what their country and their menu say: commas, semicolons or tabs, and UTF-8, UTF-16 or an encoding
of one byte a character. What the file itself shows is read from it. Encodings of one byte cannot: the same byte is
è in one and č in another, so the person who loads the file names the encoding.
"""

from __future__ import annotations

import codecs
import csv
import re
import unicodedata
from collections.abc import Collection, Sequence

from lms.files.bundle import Bundle
from lms.files.problem import SourceLocation

ENCODINGS = (
    *("windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254", "windows-1255", "windows-1256"),
    *("windows-1257", "windows-1258", "iso-8859-1", "iso-8859-2", "iso-8859-9", "iso-8859-15", "mac-roman"),
)
"""What a file may be said to be in, where it is not UTF-8."""
USUAL = "windows-1252"
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SHOWN = 20
_HINT = re.compile(r'"?sep=.?"?', re.IGNORECASE)


def encoding_of(name: str) -> str | None:
    """Return one of the encodings by any of its usual names, such as cp1252; None where it is none of them."""
    try:
        wanted = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return next((each for each in ENCODINGS if codecs.lookup(each).name == wanted), None)


def decode(file: str, body: bytes, into: Bundle) -> str | None:
    """Return the text of a file, composed (NFC); None where its characters cannot be read, with the problem noted.

    macOS writes é as e and an accent (NFD), and LMSs send it as one character: a name must be found either way.
    """
    text = _decode(file, body, into)
    return None if text is None else unicodedata.normalize("NFC", text)


def _decode(file: str, body: bytes, into: Bundle) -> str | None:
    if body.startswith(_UTF16):
        return _characters(_as("UTF-16", file, body, into, hint="Save the file as UTF-8."), file, into)
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if into.encoding is not None:
            return _as(into.encoding, file, body, into, hint="Say another --encoding, or save the file as UTF-8.")
        _note(file, body, error, into, wrong="UTF-8", hint=_how_to_say(body, error.start))
        return None
    return _characters(text, file, into)


def _characters(text: str | None, file: str, into: Bundle) -> str | None:
    """Return a text whose first line is one of characters; UTF-16 without a mark, or UTF-32, is half of zeros."""
    if text is None or "\x00" not in text.partition("\n")[0]:
        return text
    into.note(
        SourceLocation(file, 1), "", "it holds zero characters, as UTF-16 without a mark does", "Save it as UTF-8."
    )
    return None


def _as(encoding: str, file: str, body: bytes, into: Bundle, *, hint: str) -> str | None:
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        _note(file, body, error, into, wrong=encoding, hint=hint)
        return None
    into.tell_reading(file, f"in {encoding}")
    return text


def _note(file: str, body: bytes, error: UnicodeDecodeError, into: Bundle, *, wrong: str, hint: str) -> None:
    before = body[: error.start]
    place = error.start - before.rfind(b"\n")
    into.note(SourceLocation(file, before.count(b"\n") + 1), "", f"byte {place} of the line is not {wrong}", hint)


def _how_to_say(body: bytes, at: int) -> str:
    """Return the hint for what is not UTF-8, with what the line would be in the encoding that is meant most often."""
    begin = max(body.rfind(b"\n", 0, at) + 1, at - _SHOWN)
    seen = body[begin : at + _SHOWN].partition(b"\n")[0].decode(USUAL, errors="replace").strip()
    return f"Save the file as UTF-8, or say how it is saved: --encoding {USUAL} would read {seen!r}."


def without_hint(text: str) -> tuple[str, int]:
    """Return a text without the first line by which Excel tells itself what separates the columns (`sep=;`).

    With it comes how many lines were left out: 0 or 1.
    """
    first, _, rest = text.partition("\n")
    return (rest, 1) if _HINT.fullmatch(first.rstrip("\r")) else (text, 0)


def separator(text: str, needs: Sequence[str], others: Collection[str] = ()) -> str:
    """Return what separates the columns: that with which the header has most of the columns that must be there.

    Args:
        text: the file.
        needs: the columns that must be there.
        others: names, in small letters, that columns may have in their place.
    """
    first = text.partition("\n")[0].strip("\r")
    wanted = {*(name.casefold() for name in needs), *others}
    return max(SEPARATORS, key=lambda each: len(wanted & {cell.casefold() for cell in _cells(first, each)}))


def _cells(header: str, separated_by: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([header], delimiter=separated_by, strict=True), [])]
    except csv.Error:
        return []
