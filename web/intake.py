"""Take a request's events: told apart by their envelopes, written at once, counted, committed, and then rung for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from config import trace
from config.errors import Mendable
from config.settings import settings
from lms import formats, strict_json
from models import clock, database, inbox, numbers, sources
from models.inbox import Incoming
from models.sources import Sender
from web.doorbell import Doorbell
from web.problems import Problem

log = structlog.get_logger(__name__)

ROLE = "door"
MAX_KEY = len(sources.KEY_PREFIX) + 18
"""A longer key names no source: its number would not fit into 64 bits."""
Stamp = Callable[[object, datetime], object]
"""Completes an event with the time of its arrival, where its format has it so."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a request's events."""

    keys: tuple[bytes, ...]
    """Of every event, in the order of the request."""
    accepted: int
    duplicates: int
    ignored: int
    quarantined: int = 0

    def counts(self) -> dict[str, int]:
        """Return the counts as a sender reads them; what else makes no sense is quarantined later, by a worker."""
        counts = {"accepted": self.accepted, "duplicates": self.duplicates, "ignored": self.ignored}
        return {**counts, "quarantined": self.quarantined}


def authenticated(key: str, secret: str) -> Sender:
    """Return the sender with this credential.

    Raises:
        Problem: `auth_failed`, or `unavailable` where the database does not answer.
    """
    if len(key) > MAX_KEY:
        raise Problem("auth_failed")
    try:
        with database.transaction(role=ROLE) as session:
            found = sources.authenticate(session, key=key, secret=secret, secret_key=settings().secret_key_bytes())
    except (SQLAlchemyError, Mendable) as error:
        raise unavailable(error) from None
    if found is None:
        raise Problem("auth_failed")
    return found


def take(sender: Sender, events: Sequence[object], doorbell: Doorbell, *, stamp: Stamp | None = None) -> Taken:
    """Write the events, commit, then ring.

    Raises:
        Problem: `unavailable`: nothing was stored, or it is not known whether it was; a resend does no harm.
    """
    try:
        with database.transaction(role=ROLE) as session:
            taken, recorded = _record(session, sender, events, stamp=stamp)
    except (SQLAlchemyError, Mendable) as error:
        raise unavailable(error) from None
    doorbell.ring(recorded.accepted, trace.request_id())
    log.info("received", school=sender.school_id, source=sender.source_id, **taken.counts())
    return taken


def unavailable(error: Exception) -> Problem:
    """Tell the log what kind of failure it was, and the sender to come again."""
    log.warning("inbox_unavailable", error=type(error).__name__)
    return Problem("unavailable")


def _record(
    session: Session, sender: Sender, events: Sequence[object], *, stamp: Stamp | None
) -> tuple[Taken, inbox.Recorded]:
    outcomes: Counter[str] = Counter()
    keys: list[bytes] = []
    seen: list[int] = []
    incoming: list[Incoming] = []
    now = clock.now(session) if stamp is not None and events else None
    for event in events:
        told = formats.envelope(sender.format, event, rules=sender.rules)
        keys.append(told.key)
        seen += [] if told.number is None else [told.number]
        if told.kind is None:
            outcomes[told.reason] += 1
        else:
            whole = event if stamp is None or now is None else stamp(event, now)
            incoming.append(Incoming(told.kind, told.key, told.student, strict_json.write(whole)))
    recorded = inbox.record(session, sender, incoming)
    taken = Taken(tuple(keys), recorded.count, recorded.duplicates, len(events) - len(incoming), recorded.quarantined)
    # Last, because the counts and numbers of a source are locked from here to the commit.
    numbers.saw(session, sender, seen)
    inbox.count_at_door(session, sender, {"accepted": taken.accepted, "duplicate": taken.duplicates, **outcomes})
    return taken, recorded
