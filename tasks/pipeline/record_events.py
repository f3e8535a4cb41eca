"""Record a request's events: read their envelopes, insert what is new, and count what came.

The API, the pages and the command line record events with this function; each notifies the workers after its commit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlmodel import Session

from lms import formats, strict_json
from lms import unread as lms_unread
from models import clock
from models.access.sources import Sender
from models.events import inbox, sequence_gaps, unread
from models.events.incoming import NewEvent

Stamp = Callable[[object, Callable[[], datetime], bytes], object]
"""Adds the time of arrival, and what follows from its key, to an event, for formats that need it.

Most senders say both, so that the time is asked for only where an event lacks it.
"""


@dataclass(frozen=True, slots=True)
class IngestResult:
    """What became of a request's events."""

    keys: tuple[bytes, ...]
    """Of every event, in the order of the request."""
    accepted: int
    duplicates: int
    ignored: int
    quarantined: int = 0

    def counts(self) -> dict[str, int]:
        """Return the counts for the sender; workers may quarantine more events later."""
        counts = {"accepted": self.accepted, "duplicates": self.duplicates, "ignored": self.ignored}
        return {**counts, "quarantined": self.quarantined}


def record(
    session: Session, sender: Sender, events: Sequence[object], *, stamp: Stamp | None = None
) -> tuple[IngestResult, inbox.RecordResult]:
    """Record the events in the caller's transaction; the caller notifies the workers after the commit."""
    ignored: Counter[str] = Counter()
    unread_names: Counter[tuple[str, str]] = Counter()
    door = formats.format_named(sender.format).door
    keys: list[bytes] = []
    numbers: list[int] = []
    incoming: list[NewEvent] = []
    now = cache(lambda: clock.now(session))
    for event in events:
        envelope = formats.envelope(sender.format, event, rules=sender.rules)
        keys.append(envelope.key)
        numbers += [] if envelope.number is None else [envelope.number]
        if envelope.kind is None:
            ignored[envelope.reason] += 1
            name = lms_unread.name_of(door, event, envelope.reason)
            unread_names[envelope.reason, name] += bool(name)
        else:
            content = event if stamp is None else stamp(event, now, envelope.key)
            incoming.append(NewEvent(envelope.kind, envelope.key, envelope.student, strict_json.write(content)))
    recorded = inbox.record(session, sender, incoming)
    result = IngestResult(
        tuple(keys), recorded.count, recorded.duplicates, len(events) - len(incoming), recorded.quarantined
    )
    # Last, because the numbers of a source are locked from here to the commit.
    sequence_gaps.record_seen(session, sender, numbers)
    unread.count(session, sender.school_id, sender.source_id, +unread_names)
    inbox.count_received(session, sender, {"accepted": result.accepted, "duplicate": result.duplicates, **ignored})
    return result, recorded
