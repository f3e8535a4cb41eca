"""What is told of an exception: its kind and where it arose, and none of its words, which may quote a student's answer.

A database quotes the row that it refuses, a parser the text that it cannot read. A failure that an operator can mend
is told whole: its sentence is ours.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from config.errors import Mendable

ROOT = str(Path(__file__).parent.parent)
FRAMES = 12
"""So many of the innermost places are told of each exception."""


def kind_and_place(error: BaseException) -> str:
    """Return the kinds of an exception and of its causes, each with the places on its way, the outermost first."""
    return "\n".join(_lines(error))


def without_words(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the exception of a log line by its kind and place."""
    held = line.pop("exc_info", None)
    error = held if isinstance(held, BaseException) else held[1] if isinstance(held, tuple) else None
    if held and error is None:
        error = sys.exc_info()[1]
    if error is not None:
        line["exception"] = kind_and_place(error)
    return line


def _lines(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        words = f": {found}" if isinstance(found, Mendable) else ""
        yield f"{type(found).__module__}.{type(found).__qualname__}{words}"
        for frame in traceback.extract_tb(found.__traceback__)[-FRAMES:]:
            yield f"  {frame.filename.removeprefix(ROOT).lstrip('/')}:{frame.lineno} {frame.name}"
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
