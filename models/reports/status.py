"""The state of the pipeline, as operators read it."""

import datetime as dt
from typing import Any

from sqlmodel import Session, func, select

from models.events import counters
from models.rows import execute
from models.tables import Snapshot


def outcome_counts(session: Session, *, source: str | None = None) -> dict[str, dict[str, int]]:
    """Return the outcomes of all events that came to the API, of one source or of all, as {outcome: {reason: count}}.

    Each event has one outcome: accepted (it was applied), duplicate, ignored, quarantined, parked or pending. The sum
    over all is what was sent.
    """
    statement = """
        SELECT result, reason, sum(count)::bigint FROM (
          SELECT source_id, CASE outcome WHEN 'duplicate' THEN 'duplicate' ELSE 'ignored' END AS result,
                 outcome AS reason, count FROM souschef.door_count WHERE outcome <> 'accepted'
          UNION ALL
          SELECT source_id, CASE state WHEN 'done' THEN 'accepted' WHEN 'dropped' THEN 'ignored' ELSE state END,
                 coalesce(code, state), 1 FROM souschef.inbox) AS each
          JOIN souschef.source ON source.id = source_id
         WHERE CAST(:source AS text) IS NULL OR source.name = :source
         GROUP BY result, reason ORDER BY result, reason
    """
    found: dict[str, dict[str, int]] = {}
    for outcome, reason, count in execute(session, statement, {"source": source}):
        found.setdefault(outcome, {})[reason] = count
    return found


def waiting(session: Session) -> int:
    """Return how many events are pending and students due for a refresh."""
    statement = """
        SELECT (SELECT count(*) FROM souschef.inbox WHERE state = 'pending')
             + (SELECT count(*) FROM souschef.learner_state WHERE refresh_due)
    """
    return int(execute(session, statement).scalar_one())


def snapshots(session: Session) -> int:
    """Return how many snapshots of item and skill difficulties have been published."""
    return session.exec(select(func.count()).select_from(Snapshot)).one()


def fallback_share(session: Session) -> dict[str, int]:
    """Return how many slots are open, and how many of them needed a fallback (`laddered`)."""
    statement = """
        SELECT count(*), count(*) FILTER (WHERE reason LIKE '%rung:%') FROM souschef.assignment
         WHERE menu_position = 0 AND state IN ('proposed', 'assigned', 'started')
    """
    slots, laddered = execute(session, statement).one()
    return {"slots": slots, "laddered": laddered}


def status(session: Session) -> dict[str, Any]:
    """Return what an operator asks first: backlog, oldest age, states, last event, last refresh."""
    statement = """
        SELECT (SELECT count(*) FROM souschef.inbox WHERE state = 'pending') AS backlog,
               (SELECT coalesce(extract(epoch FROM (SELECT souschef.clock()) - min(received_at)), 0)::double precision
                  FROM souschef.inbox WHERE state = 'pending') AS oldest_seconds,
               (SELECT count(*) FROM souschef.inbox WHERE state = 'parked') AS parked,
               (SELECT count(*) FROM souschef.inbox WHERE state = 'quarantined') AS quarantined,
               (SELECT max(received_at) FROM souschef.inbox) AS last_event_at,
               (SELECT max(refreshed_at) FROM souschef.learner_state) AS last_refresh_at,
               (SELECT count(*) FROM souschef.learner_state WHERE refresh_due) AS stale_students,
               (SELECT count(*) FROM souschef.person WHERE role = 'student' AND active) AS students,
               (SELECT count(*) FROM souschef.assignment
                 WHERE menu_position = 0 AND state IN ('proposed', 'assigned', 'started')) AS open_slots
    """
    found: dict[str, Any] = dict(execute(session, statement).mappings().one())
    now = counters.pipeline_metrics(session)
    found |= {"parked_by_code": now.parked, "quarantined_by_code": now.quarantined, "sweep_seconds": now.sweep_seconds}
    found["number_holes"] = now.sequence_gaps
    found |= {"outbox_by_code": now.in_outbox.counts, "outbox_oldest_seconds": now.in_outbox.oldest_seconds}
    found["visible_95_in_100_within_seconds"] = counters.latency_percentile(now.visible, share=0.95)
    return {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in found.items()}
