"""Claim batches of due events; advisory locks on student shards keep workers out of each other's way.

Students hash to shards. The advisory lock of a shard is a hint to other workers and protects nothing: see
`docs/decisions/0064-shards-without-waiting.md`.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session

from config import tracing
from lms.facts import EventKind
from models.events.inbox import MAX_ATTEMPTS, REPROCESS, ClaimedEvent
from models.locks import first_shard_key
from models.rows import execute, fetch, load_sql

BATCH_SIZES = (1_000, 60, 8, 1)
"""Batch sizes for events that have failed 0, 1, 2, 3 or more times."""
SHARDS_AT_ONCE = 16
"""How many shards a worker takes where more is due than one batch."""
LOOK_AHEAD = 4_000
"""How many of the oldest due events a claim reads: enough to fill a batch from a few shards."""


def next_school(session: Session, kind: EventKind, *, ids: Sequence[int] = ()) -> int | None:
    """Return a school with due events: the school of some of `ids` if they are due, else a random one.

    A random one, so that a burst of one school does not delay a single event of another.
    """
    due = """
        state = 'pending' AND kind = :kind AND attempts < :most AND next_attempt_at <= (SELECT souschef.clock())
        AND (leased_until IS NULL OR leased_until <= (SELECT souschef.clock()))
    """
    # Found by their ids first: otherwise ids that are no longer due would be searched among all that are.
    by_ids = f"""
        WITH notified AS MATERIALIZED (
          SELECT school_id, state, kind, attempts, next_attempt_at, leased_until FROM souschef.inbox
           WHERE id = ANY(CAST(:ids AS bigint[])))
        SELECT school_id FROM notified WHERE {due} LIMIT 1
    """  # noqa: S608 - a constant
    any_school = f"""
        SELECT id FROM souschef.school WHERE EXISTS (SELECT FROM souschef.inbox WHERE school_id = school.id AND {due})
         ORDER BY random() LIMIT 1
    """  # noqa: S608 - a constant
    wanted = {"kind": kind.value, "most": MAX_ATTEMPTS}
    found = execute(session, by_ids, {**wanted, "ids": list(ids)}).scalar() if ids else None
    if found is None:
        found = execute(session, any_school, wanted).scalar()
    return None if found is None else int(found)


def claim(session: Session, kind: EventKind, *, school_id: int, lease_seconds: float) -> list[ClaimedEvent]:
    """Lease due events of one school, the oldest and others of their shards, and count the attempt.

    Shards that another worker has locked are skipped, unless nothing else is due; of many shards only some are taken,
    so that some are left for the next worker. The caller commits before it works, and works under `try_lock_shards`.
    Events that have had their last attempt are left to `quarantine_exhausted`.
    """
    statement = load_sql("claim_events")
    parameters = {
        "kind": kind.value,
        "school": school_id,
        "most": MAX_ATTEMPTS,
        "near": LOOK_AHEAD,
        "sizes": list(BATCH_SIZES),
        "last_size": len(BATCH_SIZES) - 1,
        "lock": first_shard_key(school_id),
        "some": SHARDS_AT_ONCE,
        "task": tracing.task_id(),
        "lease": lease_seconds,
        "again": REPROCESS,
    }
    return sorted(fetch(session, ClaimedEvent, statement, parameters), key=lambda event: event.id)


def try_lock_shards(session: Session, school_id: int, events: Sequence[ClaimedEvent]) -> int:
    """Lock the shards of these events until the transaction ends; return how many could be locked.

    A shard that another worker has locked stays locked by it. The lock of each student's row keeps two workers apart;
    this only spares them waiting for it.
    """
    statement = """
        SELECT count(*) FROM unnest(CAST(:shards AS integer[])) AS shard
         WHERE pg_try_advisory_xact_lock(:lock + shard)
    """
    parameters = {
        "shards": sorted({event.shard for event in events}),
        "lock": first_shard_key(school_id),
    }
    return int(execute(session, statement, parameters).scalar_one())
