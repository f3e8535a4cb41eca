"""What each source sends that is not read, by name, so that nothing falls through unseen."""

import datetime as dt
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from models import clock
from models.rows import change, execute
from models.tables.schools import Unread as UnreadTable

MAX_NAMES = 50
"""Names of one source and reason; what comes beyond is counted without its name."""
KEEP_DAYS = 90
"""A name that has not come for so long is forgotten."""
ReasonAndName: TypeAlias = tuple[str, str]
REMEMBER_SECONDS = 60.0
"""For so long a process takes the stored names of a source from its memory: one statement less a request."""
_existing: WeakKeyDictionary[Engine, dict[int, tuple[float, frozenset[ReasonAndName]]]] = WeakKeyDictionary()
"""When the stored (reason, name) of a source were read, and what they were, by database and source id."""


@dataclass(frozen=True, slots=True)
class Unread:
    """One kind of event that a source sends and nobody reads."""

    reason: str
    name: str
    """The verb, type, survey or question; "" for all others together."""
    count: int


def count(session: Session, school_id: int, source_id: int, counts: Mapping[tuple[str, str], int]) -> None:
    """Add to the counts of a source, by (reason, name); its rows are locked in one order until the commit."""
    if not counts:
        return
    stored = _stored_names(session, source_id, wanted=counts)
    bounded: dict[tuple[str, str], int] = {}
    for (reason, name), number in sorted(counts.items()):
        used = sum(each[0] == reason for each in stored | bounded.keys())
        key = (reason, name if (reason, name) in stored or used < MAX_NAMES else "")
        bounded[key] = bounded.get(key, 0) + number
    statement = """
        INSERT INTO souschef.unread AS old (source_id, school_id, reason, name, count)
        SELECT :source, :school, new.* FROM unnest(CAST(:reasons AS text[]), CAST(:names AS text[]),
                                                   CAST(:counts AS bigint[])) AS new
        ON CONFLICT (source_id, reason, name)
        DO UPDATE SET count = old.count + excluded.count, last_at = (SELECT souschef.clock())
    """
    ordered = sorted(bounded)
    parameters = {
        "source": source_id,
        "school": school_id,
        "reasons": [reason for reason, _ in ordered],
        "names": [name for _, name in ordered],
        "counts": [bounded[key] for key in ordered],
    }
    execute(session, statement, parameters)


def _stored_names(session: Session, source_id: int, *, wanted: Collection[ReasonAndName]) -> frozenset[ReasonAndName]:
    """Return the stored (reason, name) of a source; from memory where all that are wanted were among them just now."""
    of_database = _existing.setdefault(session.connection().engine, {})
    read_at, existing = of_database.get(source_id, (-REMEMBER_SECONDS, frozenset()))
    if time.monotonic() - read_at < REMEMBER_SECONDS and existing.issuperset(wanted):
        return existing
    statement = "SELECT reason, name FROM souschef.unread WHERE source_id = :source"
    existing = frozenset((reason, name) for reason, name in execute(session, statement, {"source": source_id}))
    of_database[source_id] = time.monotonic(), existing
    return existing


def list_unread(session: Session, source_id: int) -> list[Unread]:
    """Return what a source sends that is not read, the most frequent first."""
    stored = select(UnreadTable.reason, UnreadTable.name, UnreadTable.count).where(UnreadTable.source_id == source_id)
    in_order = stored.order_by(UnreadTable.reason, col(UnreadTable.count).desc(), UnreadTable.name)
    return [Unread(*row) for row in session.exec(in_order)]


def forget_old(session: Session, school_id: int) -> int:
    """Delete names that have not come for `KEEP_DAYS`; return how many."""
    old = col(UnreadTable.last_at) < clock.NOW - dt.timedelta(days=KEEP_DAYS)
    return change(session, delete(UnreadTable).where(col(UnreadTable.school_id) == school_id, old))
