"""Note in the access log what a command shows or changes, with the operator's login."""

from __future__ import annotations

import getpass
import os
from collections.abc import Collection, Sequence
from itertools import groupby

import orjson
from sqlmodel import Session

from lms import formats
from lms.facts import SourceRules
from models.access import schools
from models.events.quarantine import QuarantinedEvent
from models.privacy import audit
from models.students import people
from models.tables.people import AliasKind


def operator() -> str:
    """Return the login that runs this command; with `sudo`, the login that called it."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"uid {os.getuid()}"


def log_access(session: Session, action: str, students: Collection[int], **detail: int | bool) -> None:
    """Note that the operator reads or changes data of students, in the same transaction."""
    if students:
        audit.record(session, author=operator(), action=action, students=students, detail=detail)


def log_event_access(session: Session, action: str, events: Sequence[QuarantinedEvent]) -> None:
    """Note that the operator reads the payloads of events; the subjects are the students in them that are known."""
    for ref, group in groupby(sorted(events, key=lambda event: event.school), key=lambda event: event.school):
        school_events = list(group)
        school_id = schools.resolve(session, ref).id
        names = {_student_name(event) for event in school_events} - {""}
        students = set(people.resolve_names(session, school_id, AliasKind.PERSON, names).values())
        subjects = [token for _, token in audit.pseudonyms(session, students).values()]
        detail = {"events": len(school_events)}
        audit.append(session, school_id, author=operator(), action=action, subjects=subjects, detail=detail)


def _student_name(event: QuarantinedEvent) -> str:
    """Return the student's name in an event, as the sender writes it; "" if the payload was deleted."""
    try:
        return formats.envelope(event.format, orjson.loads(event.payload), rules=SourceRules()).student
    except orjson.JSONDecodeError:
        return ""
