"""The operator's figures of each source and school, for `/metrics`: numbers of both, and no name of either.

A sender's key holds the source's number (`souschef-3`), and `souschef source list` shows the key.
"""

from collections import Counter
from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from models.rows import execute
from models.tables import LearnerState

MAX_SOURCES = 200
"""So many sources, and so many schools, are counted one by one, the oldest first; all others together."""
OTHER = "other"

SourceLabels = tuple[str, str, str]
"""Source, school, and an outcome or state."""


@dataclass(frozen=True, slots=True)
class SourceMetrics:
    """Counts by source and school; the key's last part is an outcome (`received`) or a state (`waiting`)."""

    received: dict[SourceLabels, int]
    """All events that ever came from a source, by outcome."""
    waiting: dict[SourceLabels, int]
    """Events of a source that are pending, parked or quarantined."""
    stale_students: dict[str, int]
    """Students who wait for a refresh, by school."""


def source_metrics(session: Session) -> SourceMetrics:
    """Read all of them, each from few rows: the counters, and what is not done."""
    received = """
        SELECT source_id, school_id, outcome, sum(count)::bigint FROM souschef.door_count GROUP BY 1, 2, 3
         ORDER BY 1, 2, 3
    """
    waiting = """
        SELECT source_id, school_id, state, count(*) FROM (
            SELECT source_id, school_id, state FROM souschef.inbox WHERE state = 'pending'
             UNION ALL SELECT source_id, school_id, state FROM souschef.inbox WHERE state = 'parked'
             UNION ALL SELECT inbox.source_id, inbox.school_id, inbox.state
              FROM souschef.quarantine JOIN souschef.inbox ON inbox.id = inbox_id WHERE inbox.state = 'quarantined'
        ) AS each GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    """
    school_id = col(LearnerState.school_id)
    stale = (
        select(LearnerState.school_id, func.count())
        .where(col(LearnerState.refresh_due))
        .group_by(school_id)
        .order_by(school_id)
    )
    by_school: Counter[str] = Counter()
    for school, count in session.exec(stale):
        by_school[str(school) if len(by_school) < MAX_SOURCES else OTHER] += count
    return SourceMetrics(
        received=_bounded([tuple(row) for row in execute(session, received)]),
        waiting=_bounded([tuple(row) for row in execute(session, waiting)]),
        stale_students=dict(by_school),
    )


def _bounded(rows: list[tuple[int, int, str, int]]) -> dict[SourceLabels, int]:
    """Return the counts of the first `MAX_SOURCES` sources; those of all others under `OTHER`."""
    own = set(sorted({(source, school) for source, school, _, _ in rows})[:MAX_SOURCES])
    counts: Counter[SourceLabels] = Counter()
    for source, school, word, count in rows:
        labels = (str(source), str(school)) if (source, school) in own else (OTHER, OTHER)
        counts[*labels, word] += count
    return dict(counts)
