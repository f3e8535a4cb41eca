"""XML without entities, without external references, and within bounds."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError  # nosec B405 # types alone; defusedxml parses

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from lms.exports.imported import ExportError

MAX_BYTES = 100 * 1024 * 1024
MAX_DEPTH = 200
"""Of elements inside each other: no export has more than some twenty."""
_TAG = re.compile(r"<(?:br|/p|/div|/li|/h\d)[^>]*>|<[^>]*>", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)


def elements(file: str, body: bytes, *tags: str) -> Iterator[Element]:
    """Yield each element with one of these names, without its namespace, when it is complete; then forget it.

    Raises:
        ExportError: it is no XML, it is too large or too deep, or it has a document type or entities.
    """
    inside = 0
    for event, element, _ in _events(file, body):
        if event == "start":
            inside += element.tag in tags
            continue
        if element.tag in tags:
            inside -= 1
            yield element
        if not inside:
            element.clear()


def root(file: str, body: bytes, *tags: str) -> Element:
    """Return the whole document, whose outermost element must have one of these names.

    Raises:
        ExportError: it is no XML, or another document.
    """
    outermost = None
    for _, element, depth in _events(file, body):
        if depth == 0:
            outermost = element
            if element.tag not in tags:
                wrong = f"it begins with <{element.tag[:40]}>, not with <{tags[0]}>"
                raise ExportError(file, wrong, "Name the file that was exported.")
    if outermost is None:
        raise ExportError(file, "it is empty", "Export it again.")
    return outermost


def _events(file: str, body: bytes) -> Iterator[tuple[str, Element, int]]:
    """Yield (start or end, element, how many elements are around it)."""
    if len(body) > MAX_BYTES:
        raise too_large(file, len(body))
    depth = 0
    try:
        for event, element in iterparse(io.BytesIO(body), events=("start", "end"), forbid_dtd=True):
            if event == "start":
                element.tag = local(element.tag)
                depth += 1
                if depth > MAX_DEPTH:
                    raise ExportError(file, f"it is nested deeper than {MAX_DEPTH} elements", "Export it again.")
                yield event, element, depth - 1
            else:
                depth -= 1
                yield event, element, depth
    except DefusedXmlException:
        hint = "Remove the line that begins with <!DOCTYPE, or export it again: no LMS writes one."
        raise ExportError(file, "it has a document type or entities, which are not read", hint) from None
    except ParseError as error:
        raise ExportError(file, f"it is not XML ({error})", "Export it again, and name it as it is.") from None
    except (ValueError, LookupError) as error:
        if isinstance(error, ExportError):
            raise
        raise ExportError(file, "its encoding cannot be read", "Save it as UTF-8.") from None


def local(tag: object) -> str:
    """Return an element's name without its namespace; a remark or instruction has none."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def text_at(element: Element, path: str) -> str:
    """Return the text at a path below an element without the space around it, or an empty text."""
    return (element.findtext(path) or "").strip()


def plain(text: str, *, most: int = 500) -> str:
    """Return HTML as plain text in one line."""
    # What is cut off first, bounds what a text of nothing but tags that never end costs.
    bare = html.unescape(_TAG.sub(" ", _HIDDEN.sub(" ", text[: 10 * most])))
    return " ".join(html.unescape(_TAG.sub(" ", bare)).split())[:most]


def too_large(file: str, size: int) -> ExportError:
    """Return the refusal of a file that is too large."""
    wrong = f"it has {size / 2**20:,.0f} MiB; {MAX_BYTES // 2**20} are read"
    return ExportError(file, wrong, "Export fewer questions at a time, without the files in them.")
