"""Who works on what: a worker takes a batch of due events, and keeps to students whom no other worker is at.

Students hash to shards. The advisory lock of a shard is a sign to others and no fence: see
`docs/decisions/0064-shards-without-waiting.md`.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlmodel import Session

from config import trace
from lms.facts import EventKind
from models.inbox import AGAIN, MAX_ATTEMPTS, SHARDS, Claimed

BATCH_SIZES = (1_000, 60, 8, 1)
"""How many events are claimed at once that have failed 0, 1, 2, 3 or more times."""
SHARDS_AT_ONCE = 16
"""How many shards a worker takes where more is due than one batch holds."""
NEAR = 4_000
"""How many of the oldest due events a claim looks at: so many that a batch is full although it takes a few shards."""
SHARD_LOCK = 7_206_156 << 32
"""Where the advisory locks of shards begin, a school after the other."""


def next_school(session: Session, kind: EventKind, *, ids: Sequence[int] = ()) -> int | None:
    """Return a school with due events: one that was rung for in `ids` if it has any, else any by lot.

    By lot, so that one school's burst does not keep another's single event waiting until the burst is over.
    """
    due = """
        state = 'pending' AND kind = :kind AND attempts < :most AND next_attempt_at <= (SELECT souschef.clock())
        AND (leased_until IS NULL OR leased_until <= (SELECT souschef.clock()))
    """
    # Found by their ids first: those that are no longer due would be looked for among all that are.
    rung = text(f"""
        WITH rung AS MATERIALIZED (
          SELECT school_id, state, kind, attempts, next_attempt_at, leased_until FROM souschef.inbox
           WHERE id = ANY(CAST(:ids AS bigint[])))
        SELECT school_id FROM rung WHERE {due} LIMIT 1
    """)  # noqa: S608 - our own
    any_school = text(f"""
        SELECT id FROM souschef.school WHERE EXISTS (SELECT FROM souschef.inbox WHERE school_id = school.id AND {due})
         ORDER BY random() LIMIT 1
    """)  # noqa: S608 - our own
    connection, wanted = session.connection(), {"kind": kind.value, "most": MAX_ATTEMPTS}
    found = connection.execute(rung, {**wanted, "ids": list(ids)}).scalar() if ids else None
    if found is None:
        found = connection.execute(any_school, wanted).scalar()
    return None if found is None else int(found)


def claim(session: Session, kind: EventKind, *, school_id: int, lease_seconds: float) -> list[Claimed]:
    """Take due events of one school, the oldest and what waits for the students of their shards, and count the attempt.

    Shards that another worker is at are left to it, unless nothing else is due; of many that wait only some are taken,
    so that something is left to the next worker. The caller commits before it works, and works under `hold_shards`.
    What has had its last attempt is left to `exhausted`: without this a busy worker would be quicker than the sweep.
    """
    statement = text("""
        WITH near AS MATERIALIZED (
          SELECT id, shard, attempts FROM souschef.inbox
           WHERE state = 'pending' AND kind = :kind AND school_id = :school AND attempts < :most
             AND next_attempt_at <= (SELECT souschef.clock())
             AND (leased_until IS NULL OR leased_until <= (SELECT souschef.clock()))
           ORDER BY id LIMIT :near
        ), first AS (
          SELECT attempts, (CAST(:sizes AS integer[]))[1 + least(attempts, :last_size)] AS size
            FROM near ORDER BY id LIMIT 1
        ), alike AS MATERIALIZED (
          SELECT near.id, near.shard FROM near, first WHERE near.attempts = first.attempts
        ), oldest AS MATERIALIZED (
          SELECT shard FROM alike GROUP BY shard ORDER BY min(id)
        ), free AS MATERIALIZED (
          SELECT shard FROM oldest WHERE pg_try_advisory_xact_lock(:lock + shard)
           LIMIT (SELECT CASE WHEN (SELECT count(*) FROM alike) > size THEN CAST(:some AS integer) END FROM first)
        ), due AS (
          SELECT id FROM alike WHERE shard IN (SELECT shard FROM free) OR NOT EXISTS (SELECT FROM free)
           ORDER BY id LIMIT (SELECT size FROM first)
        ), held AS MATERIALIZED (
          SELECT id, attempts, state FROM souschef.inbox WHERE id = ANY(ARRAY(SELECT id FROM due)) ORDER BY id
             FOR UPDATE SKIP LOCKED
        )
        UPDATE souschef.inbox SET attempts = inbox.attempts + 1, task_id = CAST(:task AS text),
               leased_until = (SELECT souschef.clock()) + make_interval(secs => :lease)
          FROM held, souschef.source
         WHERE inbox.id = held.id AND held.state = 'pending' AND held.attempts = (SELECT attempts FROM first)
           AND source.id = inbox.source_id
        RETURNING inbox.id, inbox.source_id, source.format, source.surveys, inbox.shard, inbox.payload, inbox.attempts,
                  inbox.code IS NOT DISTINCT FROM :again, inbox.request_id
    """)
    parameters = {
        "kind": kind.value,
        "school": school_id,
        "most": MAX_ATTEMPTS,
        "near": NEAR,
        "sizes": list(BATCH_SIZES),
        "last_size": len(BATCH_SIZES) - 1,
        "lock": _first_lock(school_id),
        "some": SHARDS_AT_ONCE,
        "task": trace.task_id(),
        "lease": lease_seconds,
        "again": AGAIN,
    }
    rows = session.connection().execute(statement, parameters).all()
    return sorted(
        (Claimed(r[0], r[1], r[2], frozenset(r[3]), r[4], r[5], r[6], r[7], r[8]) for r in rows),
        key=lambda event: event.id,
    )


def hold_shards(session: Session, school_id: int, events: Sequence[Claimed]) -> int:
    """Let other workers see, until the transaction ends, whose events are worked here; return how many shards are ours.

    A shard that somebody else is at stays theirs: what keeps two workers apart is the lock of each student's row, and
    this only spares them waiting for it.
    """
    statement = text("""
        SELECT count(*) FROM unnest(CAST(:shards AS integer[])) AS shard
         WHERE pg_try_advisory_xact_lock(:lock + shard)
    """)
    parameters = {"shards": sorted({event.shard for event in events}), "lock": _first_lock(school_id)}
    return int(session.connection().execute(statement, parameters).scalar_one())


def _first_lock(school_id: int) -> int:
    """Return the advisory lock of a school's first shard; those of its others follow."""
    return SHARD_LOCK + school_id * SHARDS
