"""Take the events of `lms.event_outbox` into the inbox: the same envelopes and keys as at the door, then ring."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import structlog
from sqlmodel import Session

from config.celery import wake
from lms import canonical, canonical_orders, formats, strict_json
from lms.facts import EventKind, PayloadError
from models import database, inbox, numbers, outbox
from models.inbox import Incoming
from models.outbox import Outgoing, Refusal
from tasks.events import TASK_OF

log = structlog.get_logger(__name__)

FORMAT = "canonical"
BATCH = 500
MOST_BATCHES = 40
"""A drain ends after so many, so that the sweep that calls it goes on; the next one takes the rest."""


def drain_outbox() -> int:
    """Take what waits into the inbox, batch by batch; return how many events were new. Safe to run anywhere."""
    new = 0
    for _ in range(MOST_BATCHES):
        with database.transaction() as session:
            outbox.forget_refused(session)
            batch = outbox.take(session, limit=BATCH)
            accepted, refusals = _record(session, batch)
        for kind, ids in accepted.items():
            wake(TASK_OF[kind], ids)
        new += sum(map(len, accepted.values()))
        if batch:
            log.info("outbox_drained", events=len(batch), refused=len(refusals))
        if len(batch) < BATCH:
            break
    return new


def _record(session: Session, batch: Sequence[Outgoing]) -> tuple[dict[EventKind, list[int]], list[Refusal]]:
    """Put a batch into the inbox in the caller's transaction; return the new ids by kind, and what was refused."""
    accepted: dict[EventKind, list[int]] = {}
    refusals: list[Refusal] = []
    # By source, in one order everywhere, so that two drains never wait for each other in a circle.
    for _, group in groupby(sorted(batch, key=_order), key=lambda each: each.source_id):
        events = list(group)
        read = [_read(each) for each in events]
        refusals += [each for each in read if isinstance(each, Refusal)]
        if events[0].source_id is not None:
            for kind, ids in _deliver(session, events, read).items():
                accepted.setdefault(kind, []).extend(ids)
    outbox.refuse(session, refusals)
    refused = {each.id for each in refusals}
    outbox.remove(session, [each.id for each in batch if each.id not in refused])
    return accepted, refusals


def _deliver(
    session: Session, events: Sequence[Outgoing], read: Sequence[Incoming | Refusal | str]
) -> dict[EventKind, list[int]]:
    """Record one source's events and count them as the door does; return the new ids by kind."""
    sender = events[0].sender()
    recorded = inbox.record(session, sender, [each for each in read if isinstance(each, Incoming)])
    nothing = Counter(each for each in read if isinstance(each, str))
    counts = {"accepted": recorded.count, "duplicate": recorded.duplicates, **nothing}
    # Of all of them: what is refused was not lost on its way, and stands in the outbox with its code.
    numbers.saw(session, sender, [number for number in map(_number, events) if number is not None])
    inbox.count_at_door(session, sender, counts)
    return dict(recorded.accepted)


def _number(each: Outgoing) -> int | None:
    """Return the sender's own number of an event, where it can be read."""
    if _fault_of_source(each) is not None:
        return None
    try:
        event = strict_json.read(each.event.encode())
    except strict_json.BodyError:
        return None
    return formats.envelope(FORMAT, event, rules=each.sender().rules).number


def _order(each: Outgoing) -> tuple[int, int]:
    return each.source_id or 0, each.id


def _read(each: Outgoing) -> Incoming | Refusal | str:
    """Return the event as the inbox takes it, why it is refused, or why there is nothing to keep."""
    code, pointer = _fault_of_source(each), ""
    if code is not None:
        return Refusal(each.id, code)
    try:
        return _understood(each)
    except strict_json.BodyError as error:
        code = error.code
    except PayloadError as error:
        code, pointer = error.code, error.pointer
    except Exception as error:
        # One event that breaks its reader must not hold up all behind it.
        log.exception("outbox_event_failed", outbox_id=each.id, error=type(error).__name__)
        code = "crashed"
    return Refusal(each.id, code, pointer)


def _fault_of_source(each: Outgoing) -> str | None:
    if each.source_id is None:
        return "unknown_source"
    if each.revoked:
        return "source_revoked"
    return None if each.format == FORMAT else "not_canonical"


def _understood(each: Outgoing) -> Incoming | str:
    rules = each.sender().rules
    event = strict_json.read(each.event.encode())
    told = formats.envelope(FORMAT, event, rules=rules)
    if told.kind is None:
        return told.reason
    # Parsed already here, because this writer looks for an answer in the outbox and nowhere else.
    if told.kind is EventKind.ORDER:
        canonical_orders.parse(event)
    else:
        canonical.parse(event, rules=rules)
    return Incoming(told.kind, told.key, told.student, strict_json.write(event))
