"""Move events from `lms.event_outbox` into the inbox, with the same envelopes and keys as at the API."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import structlog
from sqlmodel import Session

from lms import canonical, canonical_overrides, formats, strict_json
from lms.facts import EventKind, PayloadError
from models import engine
from models.events import inbox, outbox, payloads, sequence_gaps
from models.events.incoming import NewEvent
from models.events.outbox import OutboxEvent, Refusal
from models.privacy import tombstones

log = structlog.get_logger(__name__)

FORMAT = "canonical"
BATCH = 500


def prepare() -> None:
    """Delete what was refused long ago, and let events wait again whose source has been added."""
    with engine.transaction() as session:
        outbox.prune_refused(session)
        outbox.release_known(session, limit=BATCH)


def drain_batch() -> tuple[dict[EventKind, list[int]], bool]:
    """Move one batch into the inbox; return the new inbox ids by kind, and whether more may be waiting."""
    with engine.transaction() as session:
        batch = outbox.take(session, limit=BATCH)
        accepted, refusals = _record(session, batch)
    if batch:
        log.info("outbox_drained", events=len(batch), refused=len(refusals))
    return accepted, bool(batch)


def _record(session: Session, batch: Sequence[OutboxEvent]) -> tuple[dict[EventKind, list[int]], list[Refusal]]:
    """Record a batch in the caller's transaction; return the new ids by kind, and the refused events."""
    accepted: dict[EventKind, list[int]] = {}
    refusals: list[Refusal] = []
    # By source, in the same order everywhere, so that two drains cannot deadlock.
    for _, group in groupby(sorted(batch, key=_source_and_id), key=lambda event: event.source_id):
        events = list(group)
        results = [_read(event) for event in events]
        refusals += [result for result in results if isinstance(result, Refusal)]
        if events[0].source_id is not None:
            for kind, ids in _deliver(session, events, results).items():
                accepted.setdefault(kind, []).extend(ids)
    refusals = _without_erased(session, batch, refusals)
    outbox.refuse(session, refusals)
    refused = {refusal.id for refusal in refusals}
    outbox.remove(session, [event.id for event in batch if event.id not in refused])
    return accepted, refusals


def _without_erased(session: Session, batch: Sequence[OutboxEvent], refusals: Sequence[Refusal]) -> list[Refusal]:
    """Return the refusals but those of events that name an erased person, which are deleted and not kept a month."""
    refused = {refusal.id for refusal in refusals}
    gone: set[int] = set()
    for school_id in {event.school_id for event in batch if event.id in refused}:
        events = [event for event in batch if event.id in refused and event.school_id == school_id]
        found = [payloads.Payload(each.id, each.event, payloads.student_of(FORMAT, each.event)) for each in events]
        gone.update(tombstones.about_erased(session, school_id, found))
    return [refusal for refusal in refusals if refusal.id not in gone]


def _deliver(
    session: Session, events: Sequence[OutboxEvent], results: Sequence[NewEvent | Refusal | str]
) -> dict[EventKind, list[int]]:
    """Record one source's events and count them as the API does; return the new ids by kind."""
    sender = events[0].sender()
    recorded = inbox.record(session, sender, [result for result in results if isinstance(result, NewEvent)])
    ignored = Counter(result for result in results if isinstance(result, str))
    counts = {"accepted": recorded.count, "duplicate": recorded.duplicates, **ignored}
    # Refused events too: they were not lost on the way, and stay in the outbox with their code.
    sequence_gaps.record_seen(session, sender, [number for number in map(_number, events) if number is not None])
    inbox.count_received(session, sender, counts)
    return dict(recorded.accepted)


def _number(event: OutboxEvent) -> int | None:
    """Return the sender's own number of an event, if it can be read."""
    if _source_problem(event) is not None:
        return None
    try:
        document = strict_json.read(event.event.encode())
    except strict_json.BodyError:
        return None
    return formats.envelope(FORMAT, document, rules=event.sender().rules).number


def _source_and_id(event: OutboxEvent) -> tuple[int, int]:
    return event.source_id or 0, event.id


def _read(event: OutboxEvent) -> NewEvent | Refusal | str:
    """Return the event for the inbox, why it is refused, or why it is ignored."""
    code, pointer = _source_problem(event), ""
    if code is not None:
        return Refusal(event.id, code)
    try:
        return _parse(event)
    except strict_json.BodyError as error:
        code = error.code
    except PayloadError as error:
        code, pointer = error.code, error.pointer
    except Exception as error:
        # One event that the parser fails on must not stop all behind it.
        log.exception("outbox_event_failed", outbox_id=event.id, error=type(error).__name__)
        code = "crashed"
    return Refusal(event.id, code, pointer)


def _source_problem(event: OutboxEvent) -> str | None:
    if event.source_id is None:
        return "unknown_source"
    if event.revoked:
        return "source_revoked"
    return None if event.format == FORMAT else "not_canonical"


def _parse(event: OutboxEvent) -> NewEvent | str:
    rules = event.sender().rules
    document = strict_json.read(event.event.encode())
    envelope = formats.envelope(FORMAT, document, rules=rules)
    if envelope.kind is None:
        return envelope.reason
    # Parsed here already, because the writer looks for an answer in the outbox only.
    if envelope.kind is EventKind.ORDER:
        canonical_overrides.parse(document, rules=rules)
    else:
        canonical.parse(document, rules=rules)
    return NewEvent(envelope.kind, envelope.key, envelope.student, strict_json.write(document))
