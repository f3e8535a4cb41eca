"""Write into the access log what a command shows or changes, under the name of who has called it."""

from __future__ import annotations

import getpass
import os
from collections.abc import Collection, Sequence
from itertools import groupby

import orjson
from sqlmodel import Session

from lms import formats
from lms.facts import SourceRules
from models import audit, roster, sources
from models.quarantine import Held
from models.tables.people import AliasKind


def operator() -> str:
    """Return who runs this command: the login, before `sudo` where that was used."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"


def note(session: Session, action: str, students: Collection[int], **detail: int | bool) -> None:
    """Note that the operator reads or changes something of students, in the transaction that does it."""
    if students:
        audit.record(session, author=operator(), action=action, students=students, detail=detail)


def note_events(session: Session, action: str, events: Sequence[Held]) -> None:
    """Note that the operator reads events themselves: the students whom they name are the subjects, where known."""
    for ref, group in groupby(sorted(events, key=lambda each: each.school), key=lambda each: each.school):
        read = list(group)
        school_id = int(sources.school_of(session, ref).id or 0)
        names = {_named(each) for each in read} - {""}
        known = audit.tokens(session, set(roster.resolve(session, school_id, AliasKind.PERSON, names).values()))
        subjects = [token for _, token in known.values()]
        audit.append(
            session, school_id, author=operator(), action=action, subjects=subjects, detail={"events": len(read)}
        )


def _named(event: Held) -> str:
    """Return the student whom an event names, as its sender does; "" where there is nothing to read any more."""
    try:
        return formats.envelope(event.format, orjson.loads(event.payload), rules=SourceRules()).student
    except orjson.JSONDecodeError:
        return ""
