"""Submit a teacher's override from the command line, and wait until a worker has applied it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from config.errors import OperatorError
from lms.facts import EventKind
from models import engine
from models.access import schools, sources
from models.events import inbox
from models.privacy import audit
from models.tables.events import InboxState
from tasks import broker
from tasks.pipeline import overrides
from tasks.pipeline.overrides import OverrideDraft, Submission
from tasks.routing import TASK_FOR_KIND
from workers.cli import audit_trail, refs

POLL_SECONDS = 0.1


class NotAppliedError(OperatorError):
    """A worker could not apply an override: what it names was removed after it was checked."""


def submit(draft: OverrideDraft, *, school: str | None) -> Submission:
    """Record an override as an event of the command line's own source, commit, and notify the workers.

    The access log gets the author, the operator's login and the event's id; the worker logs what it applied.

    Raises:
        RefusedError: nothing was written.
    """
    with engine.transaction() as session:
        key = schools.resolve(session, school)
        owner = key.id
        override = overrides.build_override(session, owner, refs.of_draft(session, key, draft))
        submitted = overrides.submit(session, sources.sender_of_command_line(session, owner), override)
        author = f"{override.author}, login {audit_trail.operator()}"
        detail = {"event": next(iter(submitted.events), None)}
        action = f"{override.verb.value}, submitted"
        audit.record(session, author=author, action=action, students=submitted.students, detail=detail)
    if submitted.events:
        broker.enqueue(TASK_FOR_KIND[EventKind.ORDER], submitted.events)
    return submitted


def wait_until_applied(events: Sequence[int], *, seconds: float) -> bool:
    """Wait until a worker has applied all events; return False if that takes longer.

    Raises:
        NotAppliedError: one is parked or in quarantine.
    """
    deadline = time.monotonic() + seconds
    while True:
        with engine.transaction() as session:
            states = set(inbox.states(session, events).values())
        if states - {InboxState.PENDING, InboxState.DONE}:
            raise NotAppliedError("A worker could not apply the override.", "See souschef quarantine list.")
        if InboxState.PENDING not in states:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
