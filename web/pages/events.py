"""What a student does on a page, as canonical events: they go through the inbox like everything else, each once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from lms import canonical
from models.access.page_sessions import Visitor
from models.events import own_pages
from models.events.inbox import RecordResult
from models.events.own_pages import BeforeRecording
from tasks.pipeline import record_events

Event = dict[str, Any]


def picked(assignment: int, position: int) -> Event:
    """Return that a student chose this one of a menu."""
    return {"type": "assignment_picked", "id": str(assignment), "assignment": str(assignment), "position": position}


def started(assignment: int) -> Event:
    """Return that a student began."""
    return {"type": "assignment_started", "id": str(assignment), "assignment": str(assignment)}


def done(assignment: int) -> Event:
    """Return that a student has finished."""
    return {"type": "assignment_done", "id": str(assignment), "assignment": str(assignment)}


def answered(assignment: int, *, number: int, form: str, is_right: bool) -> Event:
    """Return an answer: a first try is evidence, a later one practice; `form` tells a double click from a new try."""
    return {
        "type": "item_result",
        "id": f"{assignment} {number}",
        "assignment": str(assignment),
        "try": number,
        "attempt": form,
        "outcome": 1.0 if is_right else 0.0,
    }


def asked_for_help(assignment: int | None, *, form: str) -> Event:
    """Return that a student asks for help, with a task or in general."""
    about = {} if assignment is None else {"assignment": str(assignment)}
    return {"type": "help_requested", "id": form, **about}


def declined(assignment: int, why: str) -> Event:
    """Return that a student asks for another task instead, and why."""
    return {"type": "assignment_declined", "id": str(assignment), "assignment": str(assignment), "why": why}


def wishes(skill: str, *, wished: bool, form: str) -> Event:
    """Return that a student wants a skill next, or not any more."""
    return {"type": "wish", "id": form, "subject": skill, "wished": wished}


def likes(topic: str, direction: str, *, form: str) -> Event:
    """Return that a student wants more or less of a topic, or none of it (`never`), or some again (`again`)."""
    if direction in ("never", "again"):
        return {"type": "interest_veto", "id": form, "topic": topic, "vetoed": direction == "never"}
    return {"type": "interest_feedback", "id": form, "topic": topic, "direction": direction}


def key_of(event: Event) -> bytes:
    """Return the key of an event in the inbox."""
    return canonical.key_by_id(event["type"], event["id"])


def keys_of_end(assignment: int) -> tuple[bytes, bytes]:
    """Return the keys of what ends an open task and its menu: its first answer, and that it is declined."""
    return key_of(answered(assignment, number=1, form="", is_right=False)), key_of(declined(assignment, ""))


def record(
    session: Session, visitor: Visitor, events: Sequence[Event], before: BeforeRecording | None = None
) -> RecordResult:
    """Write those events of a student that are new, under the time of now; the caller notifies after the commit.

    The caller holds the session's lock (`student_pages.lock_session`), and may have read under it what is needed
    before.
    """
    keys = [key_of(event) for event in events]
    before = before or own_pages.before_recording(session, visitor.school_id, keys)
    new = {"student": visitor.person_ref, "at": before.now.isoformat()}
    fresh = [event | new for key, event in zip(keys, events, strict=True) if key not in before.existing]
    _, recorded = record_events.record(session, before.sender, fresh)
    return recorded
