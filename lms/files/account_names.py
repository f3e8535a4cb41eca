"""The names of a person in OneRoster's `userIds`: `{type:id},{type:id}`, as events of an LMS carry them.

A type and an id become `type|id`, which is how a homePage and an account of xAPI are written here. What is an address
by itself (`mailto:`, `urn:`, a web address with a path) or begins with a colon is one name as it stands.
"""

from __future__ import annotations

import re

_IN_BRACES = re.compile(r"\{([^{}]*)\}")
_ADDRESS = re.compile(r"(?:mailto|urn|tel|acct|did|tag|info):.+|https?://[^/]+/.*", re.IGNORECASE)
"""A name that is whole with its colons."""
_PAGE_AND_ACCOUNT = re.compile(r"(https?://.+):([^:/]+)", re.IGNORECASE)
"""A homePage and an account: no slash stands after the last colon, where a port would be followed by a path."""


def account_names(text: str) -> tuple[list[str], str]:
    """Return the names, and what stands without braces, whose parts are among the names."""
    names = [name for part in _IN_BRACES.findall(text) if (name := _name(part))]
    plain = _IN_BRACES.sub("", text).strip("{}, ")
    names += [name for part in plain.split(",") if (name := _name(part.strip("{} ")))]
    return list(dict.fromkeys(names)), plain


def _name(part: str) -> str | None:
    part = part.strip()
    if part.startswith(":"):
        return part[1:].strip() or None
    pair = _PAGE_AND_ACCOUNT.fullmatch(part)
    if pair is not None:
        return f"{pair[1]}|{pair[2].strip()}"
    if _ADDRESS.fullmatch(part) or part.lower().startswith(("http://", "https://")):
        return part
    kind, colon, account = part.rpartition(":")
    if not colon:
        return part or None
    return f"{kind.strip()}|{account.strip()}" if account.strip() else None
