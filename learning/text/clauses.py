"""A text cut into clauses, each with how it hangs on the one before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto


class Join(Enum):
    """How a clause follows the one before."""

    NEW = auto()
    """A new sentence: nothing carries over."""
    LIST = auto()
    """And, or: a bare name goes on with what was said."""
    COMMA = auto()
    """A comma is a list too, but after a bare "not football" the next name is what is liked instead."""
    TURN = auto()
    """But: a bare name is liked, whatever was said before ("not soccer but tennis", "science but mostly space")."""
    EXCEPT = auto()
    """Except: what is named is left out of what was said."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of an even text."""

    join: Join
    text: str


_MARKS = re.compile(
    r"(?P<new>[.!?;\n\r:()\"\u2026\u2014\u2013|*~]+|\s-+\s)"
    r"|(?P<except>\b(?:except|besides|apart from|other than)(?: for| maybe)?\b"
    r"|(?<=everything )but\b|(?<=anything )but\b|(?<=nothing )but\b)"
    r"|(?P<turn>\b(?:but|though|tho|although|however|yet|aber|pero|mais)\b)"
    r"|(?P<list>[,/+&]|\b(?:and|or|nor|plus|n|y|et|und|o|also|then|as well as|or maybe)\b)"
)
_LEANING = (
    "that",
    "when",
    "what",
    "because",
    "if",
    "how",
    "where",
    "thing",
    "things",
    "until",
    "as",
    "so",
    "while",
    "not",
    "maybe",
    "can",
    "do",
    "honestly",
    "say",
    "think",
    "know",
    "stuff",
)
"""Words after which "I like" goes on with the clause instead of starting one."""
_RESTART = re.compile(
    "".join(rf"(?<!\b{word})" for word in _LEANING)
    + r"\s+(?=(?:i (?:really |just |also |only |do |even )*(?:like|love|hate|dont|prefer|cant|enjoy|guess|never)\b"
    + r"|(?:yes|no) to\b|now i\b|im (?:not|into)\b|no thanks?\b|no way\b))"
)
_TAIL = re.compile(r"\s(?:than|instead of|over|rather than)\s|\s*>\s*")
_PREFER_TO = re.compile(r"(\bprefer (?:\w+ ){1,3}?)to (\w+)")


def clauses(text: str) -> Iterator[Clause]:
    """Yield the clauses of an even text, in order."""
    join, start = Join.NEW, 0
    for mark in _MARKS.finditer(text):
        found = mark.lastgroup or "new"
        yield from _restarts(text[start : mark.start()], join)
        if found == "except" or text[start : mark.start()].strip() or not start:
            join = Join.COMMA if mark[0] == "," else Join[found.upper()]
        elif found != "list":
            join = Join[found.upper()]
        start = mark.end()
    yield from _restarts(text[start:], join)


def _restarts(text: str, join: Join) -> Iterator[Clause]:
    """Yield the parts of what has no mark within: "singing is bad i hate it" are two clauses."""
    for part in _RESTART.split(text):
        if part.strip():
            yield Clause(join, part.strip())
            join = Join.LIST


def compared(text: str) -> tuple[str, str]:
    """Return what a clause speaks of, and what it only compares that with: "chess more than | soccer"."""
    head, *tail = _TAIL.split(_PREFER_TO.sub(r"\1 than \2", text), maxsplit=1)
    return head, tail[0] if tail else ""
