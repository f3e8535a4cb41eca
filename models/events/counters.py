"""Counters in the database, and the operator's metrics: the same on `/metrics`, in `souschef status` and in the alerts.

Counters only rise, in the transaction of the work itself, so they survive restarts; they contain no student.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlmodel import Session, func, select

from models import clock
from models.events import outbox, sequence_gaps
from models.events.outbox import OutboxFigures
from models.rows import execute
from models.tables import Tally

DECISION, VISIBLE, SWEEP = "decision", "visible", "sweep"
BOUNDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Upper bounds in seconds from an event's arrival (or from the load that it waited for) until its effect is visible."""
SUM, BEYOND = "sum", "+Inf"
SHARDS = 64


def add(session: Session, name: str, counts: Mapping[str, float]) -> None:
    """Add to the totals of one name, by label."""
    if not counts:
        return
    statement = f"""
        INSERT INTO souschef.tally AS old (name, label, shard, value)
        SELECT :name, label, pg_backend_pid() % {SHARDS}, value
          FROM unnest(CAST(:labels AS text[]), CAST(:values AS double precision[])) AS new(label, value) ORDER BY label
        ON CONFLICT (name, label, shard) DO UPDATE SET value = old.value + excluded.value
    """  # noqa: S608 - a constant
    parameters = {"name": name, "labels": list(counts), "values": list(counts.values())}
    execute(session, statement, parameters)


def observe(session: Session, events: Collection[int]) -> None:
    """Count how long these events took until this transaction makes their effect visible."""
    statement = """
        SELECT width_bucket(took, CAST(:bounds AS double precision[])), count(*), sum(took)
          FROM (SELECT greatest(0, extract(epoch FROM (SELECT souschef.clock()) -
                         CASE WHEN attempts <= 1 THEN next_attempt_at ELSE received_at END))::double precision AS took
                  FROM souschef.inbox WHERE id = ANY(CAST(:events AS bigint[]))) AS each
         GROUP BY 1
    """
    if not events:
        return
    rows = execute(session, statement, {"bounds": list(BOUNDS), "events": list(events)}).all()
    counts: dict[str, float] = {label(place): float(count) for place, count, _ in rows}
    add(session, VISIBLE, {**counts, SUM: sum(took for _, _, took in rows)})


def label(place: int) -> str:
    """Return the label of a bucket: its upper bound in seconds."""
    return str(BOUNDS[place]) if place < len(BOUNDS) else BEYOND


def latency_percentile(visible: Mapping[str, float], *, share: float) -> float | None:
    """Return the bound in seconds within which `share` of all events were visible; None without events or bound."""
    count = sum(value for label, value in visible.items() if label != SUM)
    reached = 0.0
    for bound in BOUNDS if count else ():
        reached += visible.get(str(bound), 0.0)
        if reached >= share * count:
            return bound
    return None


def record_sweep(session: Session) -> None:
    """Store that a sweep ran now."""
    statement = f"""
        INSERT INTO souschef.tally (name, label, shard, value)
        SELECT :name, '', pg_backend_pid() % {SHARDS}, extract(epoch FROM (SELECT souschef.clock()))
        ON CONFLICT (name, label, shard) DO UPDATE SET value = excluded.value
    """  # noqa: S608 - a constant
    execute(session, statement, {"name": SWEEP})


def totals(session: Session, name: str) -> dict[str, float]:
    """Return the totals of one name, by label."""
    by_label = select(Tally.label, func.sum(Tally.value)).where(Tally.name == name).group_by(Tally.label)
    return dict(session.exec(by_label).all())


def last_sweep(session: Session) -> float | None:
    """Return when the last sweep ran, in seconds since 1970."""
    return session.exec(select(func.max(Tally.value)).where(Tally.name == SWEEP)).one()


@dataclass(frozen=True, slots=True)
class PipelineMetrics:
    """The state of the pipeline, and totals since it was installed."""

    backlog: dict[str, int]
    """Pending events, by kind."""
    oldest_seconds: float
    parked: dict[str, int]
    """Events that wait for something to be loaded, by code."""
    quarantined: dict[str, int]
    """Events in quarantine, by code."""
    stale_students: int
    sequence_gaps: int
    """Gaps in the numbers of sources that number their events."""
    sweep_seconds: float | None
    """Since the last sweep; None: never."""
    received: dict[str, int]
    """All events that ever came to the API, by outcome."""
    decisions: dict[str, float]
    """All decisions ever, by what chose the context, or why nothing was assigned."""
    in_outbox: OutboxFigures
    """What LMSs have written by SQL."""
    visible: dict[str, float]
    """Number of events by the bucket of their latency (upper bound in seconds, not cumulative), and `sum`."""


def pipeline_metrics(session: Session) -> PipelineMetrics:
    """Read all metrics; each from an index of only the rows that it counts."""
    waiting = _counts(session, "SELECT kind, count(*) FROM souschef.inbox WHERE state = 'pending' GROUP BY kind")
    swept = last_sweep(session)
    return PipelineMetrics(
        backlog=waiting,
        oldest_seconds=_oldest(session) if waiting else 0.0,
        parked=_counts(session, "SELECT code, count(*) FROM souschef.inbox WHERE state = 'parked' GROUP BY code"),
        quarantined=_counts(
            session,
            """
            SELECT inbox.code, count(*) FROM souschef.quarantine JOIN souschef.inbox ON inbox.id = inbox_id
             WHERE inbox.state = 'quarantined' GROUP BY inbox.code
            """,
        ),
        stale_students=_counts(session, "SELECT '', count(*) FROM souschef.learner_state WHERE refresh_due")[""],
        sequence_gaps=len(sequence_gaps.sequence_gaps(session)),
        sweep_seconds=None if swept is None else max(0.0, clock.now(session).timestamp() - swept),
        received=_counts(session, "SELECT outcome, sum(count)::bigint FROM souschef.door_count GROUP BY outcome"),
        decisions=totals(session, DECISION),
        in_outbox=outbox.figures(session),
        visible=totals(session, VISIBLE),
    )


def _counts(session: Session, statement: str) -> dict[str, int]:
    return {label or "": int(count) for label, count in execute(session, statement)}


def _oldest(session: Session) -> float:
    statement = """
        SELECT coalesce(extract(epoch FROM (SELECT souschef.clock()) - min(received_at)), 0)::double precision
          FROM souschef.inbox WHERE state = 'pending'
    """
    return float(execute(session, statement).scalar_one())
