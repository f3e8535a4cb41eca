"""Format exceptions for logs without their message, which may contain student data: only types and stack locations.

A database quotes the row that it refuses, a parser the text that it cannot read. The message of an `OperatorError` is
our own sentence, and is logged.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from config.errors import OperatorError

ROOT = str(Path(__file__).parent.parent)
MAX_FRAMES = 12
"""Innermost stack locations that are logged of each exception."""


def format_without_message(error: BaseException) -> str:
    """Return the types of an exception and its causes, each with its stack locations, outermost first."""
    return "\n".join(_lines(error))


def redact_exception(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the exception of a log line by its types and stack locations; a structlog processor."""
    info = line.pop("exc_info", None)
    error = info if isinstance(info, BaseException) else info[1] if isinstance(info, tuple) else None
    if info and error is None:
        error = sys.exc_info()[1]
    if error is not None:
        line["exception"] = format_without_message(error)
    return line


def _lines(error: BaseException) -> Iterator[str]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        message = f": {current}" if isinstance(current, OperatorError) else ""
        yield f"{type(current).__module__}.{type(current).__qualname__}{message}"
        for frame in traceback.extract_tb(current.__traceback__)[-MAX_FRAMES:]:
            yield f"  {frame.filename.removeprefix(ROOT).lstrip('/')}:{frame.lineno} {frame.name}"
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
