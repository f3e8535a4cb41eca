"""JSON and TOML files, read strictly, with the line of what is wrong; questionnaires are such files."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any

import orjson

from lms.files.bundle import Bundle
from lms.files.problem import SourceLocation
from lms.files.rows import SurveyRow
from lms.strict_json import BodyError, read

_BOM = b"\xef\xbb\xbf"
_WRONG = {
    "bad_encoding": ("it is not UTF-8", "Save the file as UTF-8."),
    "too_deep": ("it is nested too deep", "It must not be deeper than 254 levels."),
    "number_range": ("it holds a number that no computer number can be", "Correct it."),
    "duplicate_key": ("a name stands twice in one object", "Remove one of the two."),
    "bad_unicode": ("it holds a zero character or half of a character", "Remove it."),
}


def json_object(file: str, body: bytes, into: Bundle) -> Mapping[str, Any] | None:
    """Return the object that a JSON file holds; None where it holds none, with the problem noted."""
    body = body.removeprefix(_BOM)
    try:
        found = read(body)
    except BodyError as error:
        line, wrong, hint = _described(body, error.code)
        into.note(SourceLocation(file, line), "", wrong, hint)
        return None
    if not isinstance(found, dict):
        into.note(SourceLocation(file), "", "it holds no JSON object", "Begin it with { and end it with }.")
        return None
    return found


def toml_object(file: str, body: bytes, into: Bundle) -> Mapping[str, Any] | None:
    """Return the table that a TOML file holds, as JSON has it; None where it is none, with the problem noted."""
    try:
        written = orjson.dumps(tomllib.loads(body.removeprefix(_BOM).decode()))
    except UnicodeDecodeError:
        into.note(SourceLocation(file), "", "it is not UTF-8", "Save the file as UTF-8.")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        into.note(SourceLocation(file), "", f"it is not TOML ({error})", "Correct it there.")
    except TypeError:
        into.note(SourceLocation(file), "", "it holds a value that JSON has not", "Write a text or a smaller number.")
    else:
        return json_object(file, written, into)
    return None


def _described(body: bytes, code: str) -> tuple[int, str, str]:
    if code in _WRONG:
        return 0, *_WRONG[code]
    try:
        json.loads(body.decode())
    except json.JSONDecodeError as error:
        return error.lineno, f"it is not JSON ({error.msg}, character {error.colno})", "Correct it there."
    except (UnicodeDecodeError, RecursionError):
        return 0, "it is not JSON in UTF-8", "Save it again."
    return 0, "it holds NaN or Infinity", "Write a number, or null."


def survey(file: str, body: bytes, into: Bundle) -> None:
    """Read one survey; its questions are checked against the topics of the school when it is loaded."""
    document = (toml_object if file.lower().endswith(".toml") else json_object)(file, body, into)
    if document is None:
        return
    ref = document.get("survey")
    if not isinstance(ref, str) or not ref.strip():
        into.note(SourceLocation(file), "/survey", "it is missing", "Name the survey as its sender does.")
    elif ref in into.surveys:
        other = into.surveys[ref].at.file
        into.note(SourceLocation(file), "/survey", f"{ref!r} already stands in {other}", "Remove one of the two files.")
    else:
        into.surveys[ref] = SurveyRow(ref, document, SourceLocation(file))
