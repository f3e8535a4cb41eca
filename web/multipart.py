"""The JSON of a `multipart/mixed` body: xAPI statements come first in it, their attachments after them.

Source: xAPI 1.0.3, part 3, 1.5.2 "Multipart/Mixed"; RFC 2046, 5.1.
"""

from __future__ import annotations

import re

from web.problems import ProblemError
from web.request_body import JSON_TYPES

MEDIA = "multipart/mixed"
_BOUNDARY = re.compile(r"""boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))""", re.IGNORECASE)
_MAX_HEAD = 8_192
"""Bytes of a part's headers."""


def is_multipart(content_type: str) -> bool:
    """Whether a Content-Type is multipart/mixed."""
    return content_type.partition(";")[0].strip().lower() == MEDIA


def first_json_part(body: bytes, content_type: str) -> bytes:
    """Return the content of the first part, which has to be JSON; attachments are not read.

    Raises:
        ProblemError: `bad_multipart`: no boundary, no such part, or its end is missing; `unsupported_media`: no JSON.
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise ProblemError("bad_multipart")
    line = b"--" + (found[1] or found[2]).encode()
    start = 0 if body.startswith(line) else body.find(b"\n" + line) + 1
    if not body.startswith(line, start):
        raise ProblemError("bad_multipart")
    part = body.find(b"\n", start) + 1
    head, blank, content = _head_and_rest(body[part : part + _MAX_HEAD])
    if not part or not blank:
        raise ProblemError("bad_multipart")
    if _content_type(head) not in JSON_TYPES:
        raise ProblemError("unsupported_media")
    begin = part + content
    end = body.find(b"\n" + line, begin)
    if end < 0:
        raise ProblemError("bad_multipart")
    return body[begin:end].removesuffix(b"\r")


def _head_and_rest(window: bytes) -> tuple[bytes, bool, int]:
    """Return (headers, whether they end, where the content begins)."""
    for blank in (b"\r\n\r\n", b"\n\n"):
        head, found, _ = window.partition(blank)
        if found:
            return head, True, len(head) + len(blank)
    return b"", False, 0


def _content_type(head: bytes) -> str:
    for line in head.decode("latin-1").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "content-type":
            return value.partition(";")[0].strip().lower()
    return ""
